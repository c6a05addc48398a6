"""The records of a zip around its data: the end record, and the two headers of each member.

The source is PKWARE APPNOTE.TXT 6.3.10: section 4.3.7 (local header), 4.3.9 (data descriptor), 4.3.12 (header
in the directory) and 4.3.14 to 4.3.16 (end record, its zip64 form and the locator of that).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from audit_archive.errors import InvalidExportError

_END_SIGNATURE, _END64_SIGNATURE, _LOCATOR_SIGNATURE = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_MAX_COMMENT = 0xFFFF
_LOCAL_SIGNATURE, _CENTRAL_SIGNATURE, _DESCRIPTOR_SIGNATURE = b"PK\x03\x04", b"PK\x01\x02", b"PK\x07\x08"
_LOCAL = struct.Struct("<4sHHHHHIIIHH")
_CENTRAL = struct.Struct("<4sHHHHHHIIIHHHHHII")
_LONGEST_CENTRAL = _CENTRAL.size + 3 * 0xFFFF  # with the longest name, extra fields and comment
_ZIP64_FIELD = 1  # the kind of the extra field with the numbers that take more than 32 bits
_ZIP64_16, _ZIP64_32 = 0xFFFF, 0xFFFFFFFF  # "see the zip64 record, or the zip64 field"
DESCRIBED = 1 << 3  # general purpose flag: CRC and sizes come after the data


@dataclass(frozen=True)
class Directory:
    """What the end of the archive says: so many members, their directory at `start`, `size` bytes."""

    members: int
    start: int
    size: int


def refuse(what: str) -> InvalidExportError:
    """The error for an export that is not an acceptable zip."""
    return InvalidExportError(f"The export is not an acceptable zip: {what}")


def read_at(file: BinaryIO, at: int, size: int, what: str) -> bytes:
    """Exactly `size` bytes of a file, from byte `at` on. Raises InvalidExportError if it has fewer."""
    file.seek(at)
    data = file.read(size)
    if len(data) != size:
        raise refuse(f"{what} at byte {at} is cut off after {len(data)} of {size} bytes")
    return data


def read_directory(file: BinaryIO, size: int) -> Directory:
    """The directory that the end record describes, or its zip64 form if it has one.

    The record must end where the file ends, comment included, and the directory where the record begins.
    """
    end = _find_end(file, size)
    fields = _END.unpack(read_at(file, end, _END.size, "the end record"))
    disk, directory_disk, here, members, length, start = fields[1:7]
    directory_end = end
    if end >= _LOCATOR.size:
        locator = _LOCATOR.unpack(read_at(file, end - _LOCATOR.size, _LOCATOR.size, "the zip64 locator"))
        if locator[0] == _LOCATOR_SIGNATURE:
            directory_end = locator[2]
            wide = _read_end64(file, locator, end - _LOCATOR.size)
            narrow = (disk, directory_disk, here, members, length, start)
            _check_narrow(narrow, wide)
            disk, directory_disk, here, members, length, start = wide
    if disk or directory_disk or here != members:
        raise refuse("it is one part of an archive split over several files")
    if start + length != directory_end:
        raise refuse(f"its directory ({length} bytes at byte {start}) does not end at byte {directory_end}")
    return Directory(members, start, length)


def _find_end(file: BinaryIO, size: int) -> int:
    """Where the end record begins: the only one with a comment that ends where the file ends."""
    tail_at = max(0, size - _END.size - _MAX_COMMENT)
    tail = read_at(file, tail_at, size - tail_at, "the end of the file")
    found, at = list[int](), tail.rfind(_END_SIGNATURE)
    while at >= 0:
        if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[7] == len(tail):
            found.append(tail_at + at)
        at = tail.rfind(_END_SIGNATURE, 0, at)
    if not found:
        raise refuse(
            "no end record ends where the file ends: it is cut off, or something follows, or it is not a zip"
        )
    if len(found) > 1:
        raise refuse(f"two end records, at bytes {found[1]} and {found[0]}, both end where the file ends")
    return found[0]


def _read_end64(file: BinaryIO, locator: tuple[bytes, int, int, int], end: int) -> tuple[int, ...]:
    """The fields of the zip64 end record, which must end at `end`, where its locator begins."""
    _, locator_disk, at, disks = locator
    if locator_disk or disks > 1 or at + _END64.size > end:
        raise refuse(f"its zip64 locator points to byte {at} of disk {locator_disk}")
    signature, length, _, _, *fields = _END64.unpack(read_at(file, at, _END64.size, "the zip64 end record"))
    if signature != _END64_SIGNATURE or at + 12 + length != end:
        raise refuse(f"there is no zip64 end record from byte {at} to byte {end}")
    return tuple(fields)


def _check_narrow(narrow: tuple[int, ...], wide: tuple[int, ...]) -> None:
    """Check that each field of the end record has the value of its zip64 form, or refers to that."""
    for small, big, elsewhere in zip(narrow, wide, (_ZIP64_16,) * 4 + (_ZIP64_32,) * 2, strict=True):
        if small not in (big, elsewhere):
            raise refuse(f"its end record says {small} where its zip64 end record says {big}")


@dataclass(frozen=True)
class Header:
    """What a header says of the member; sizes in bytes, those of zip64 where it has them."""

    name: bytes
    version: int  # needed to extract it, times ten
    flags: int
    method: int
    crc: int
    compressed: int
    inflated: int
    end: int  # where the header ends in the file
    at: int = 0  # where the local header is (only the directory says so)
    attributes: int = 0  # external file attributes (only the directory has them)


def read_headers(file: BinaryIO, directory: Directory) -> list[Header]:
    """The headers in the directory. Raises InvalidExportError if it holds anything else."""
    if directory.size > directory.members * _LONGEST_CENTRAL:
        raise refuse(f"its directory of {directory.size} bytes is longer than its headers can be")
    data = read_at(file, directory.start, directory.size, "the directory")
    headers, at = list[Header](), 0
    for number in range(1, directory.members + 1):
        if len(data) - at < _CENTRAL.size:
            raise refuse(f"its directory ends before header {number} of {directory.members}")
        headers.append(_read_central(data, at, directory.start))
        at = headers[-1].end - directory.start
    if at != len(data):
        raise refuse(f"the directory at byte {directory.start} is not exactly as long as its headers")
    return headers


def _read_central(data: bytes, at: int, start: int) -> Header:
    """The header at a position of the directory, which begins at byte `start` of the file."""
    if data[at : at + 4] != _CENTRAL_SIGNATURE:
        raise refuse(f"no directory header at byte {start + at}")
    fields = _CENTRAL.unpack_from(data, at)
    name_size, extra_size, comment_size, disk = fields[10:14]
    if disk:
        raise refuse(f"its member is on disk {disk}")
    rest = data[at + _CENTRAL.size :]
    name, extra = rest[:name_size], rest[name_size:][:extra_size]
    inflated, compressed, local_at = _with_zip64((fields[9], fields[8], fields[16]), extra)
    return Header(
        name=name,
        version=fields[2] & 0xFF,
        flags=fields[3],
        method=fields[4],
        crc=fields[7],
        compressed=compressed,
        inflated=inflated,
        end=start + at + _CENTRAL.size + name_size + extra_size + comment_size,
        at=local_at,
        attributes=fields[15],
    )


def read_local(file: BinaryIO, at: int) -> Header:
    """The local header at byte `at`. Raises InvalidExportError if no header begins there."""
    data = read_at(file, at, _LOCAL.size, "the local header")
    fields = _LOCAL.unpack(data)
    if fields[0] != _LOCAL_SIGNATURE:
        raise refuse(f"no local header at byte {at}")
    name_size, extra_size = fields[9:11]
    rest = read_at(file, at + _LOCAL.size, name_size + extra_size, "the local header")
    inflated, compressed = _with_zip64((fields[8], fields[7]), rest[name_size:])
    return Header(
        name=rest[:name_size],
        version=fields[1] & 0xFF,
        flags=fields[2],
        method=fields[3],
        crc=fields[6],
        compressed=compressed,
        inflated=inflated,
        end=at + len(data) + len(rest),
    )


def check_agreement(file: BinaryIO, central: Header, local: Header, end: int) -> None:
    """Check that both headers, the data and its descriptor agree, and fill the file up to byte `end`.

    A writer that can't seek leaves CRC and sizes 0 in the local header and puts them into a descriptor after
    the data, with or without a signature, with sizes of 4 or 8 bytes. Raises InvalidExportError.
    """
    for field in ("name", "flags", "method", "crc", "compressed", "inflated"):
        ours, theirs = getattr(local, field), getattr(central, field)
        later = local.flags & DESCRIBED and field in ("crc", "compressed", "inflated") and ours == 0
        if ours != theirs and not later:
            raise refuse(f"its local header says {field} {ours!r}, its directory {theirs!r}")
    gap = end - local.end - central.compressed
    if gap < 0:
        raise refuse(f"its data from byte {local.end} would overlap the next header at byte {end}")
    allowed = _descriptors(central) if central.flags & DESCRIBED else {b""}
    if gap > max(map(len, allowed)) or read_at(file, end - gap, gap, "what follows") not in allowed:
        raise refuse(
            f"the {gap} bytes from byte {end - gap}, between data and next header, don't fit the headers"
        )


def _descriptors(header: Header) -> set[bytes]:
    """The forms that the data descriptor may have."""
    sizes = (header.compressed, header.inflated)
    forms = {struct.pack("<IQQ", header.crc, *sizes)}
    if max(sizes) <= _ZIP64_32:
        forms.add(struct.pack("<III", header.crc, *sizes))
    return forms | {_DESCRIPTOR_SIGNATURE + form for form in forms}


def _with_zip64(numbers: tuple[int, ...], extra: bytes) -> tuple[int, ...]:
    """The numbers; those that take more than 32 bits come from the zip64 extra field (APPNOTE 4.5.3).

    `numbers` are in the order of that field, which holds only the ones that it stands for.
    """
    fields = list(_extra_fields(extra))
    whole = (content for kind, size, content in fields if kind == _ZIP64_FIELD and len(content) == size)
    field = next(whole, b"")
    wanted = numbers.count(_ZIP64_32)
    if len(field) < 8 * wanted:
        raise refuse("a header lacks its zip64 sizes")
    for kind, size, content in fields:
        if len(content) < size:
            raise refuse(f"the extra field {kind:#06x} of {size} bytes is longer than its header")
    wide = iter(struct.unpack_from(f"<{wanted}Q", field))
    return tuple(next(wide) if number == _ZIP64_32 else number for number in numbers)


def _extra_fields(extra: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Each extra field: its kind, the size that it states, and its content, which may be cut off."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        yield kind, size, extra[at + 4 : at + 4 + size]
        at += 4 + size
