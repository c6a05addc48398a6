"""The end of a zip file, which says where its directory is (PKWARE APPNOTE.TXT 6.3.10, 4.3.14 to 4.3.16)."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from audit_archive.errors import InvalidExportError

_END_SIGNATURE, _END64_SIGNATURE, _LOCATOR_SIGNATURE = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END = struct.Struct("<4sHHHHIIH")
_END64 = struct.Struct("<4sQHHIIQQQQ")
_LOCATOR = struct.Struct("<4sIQI")
_MAX_COMMENT = 0xFFFF
_NONE16, _NONE32 = 0xFFFF, 0xFFFFFFFF  # "see the zip64 record"


@dataclass(frozen=True)
class Directory:
    """What the end of the archive says: so many members, their directory at `start`, `size` bytes."""

    members: int
    start: int
    size: int


def refuse(what: str) -> InvalidExportError:
    """The error for an export that is not the zip it must be."""
    return InvalidExportError(f"The export is no acceptable zip: {what}")


def read_at(file: BinaryIO, at: int, size: int, what: str) -> bytes:
    """Exactly `size` bytes. Raises InvalidExportError if they are not there."""
    file.seek(at)
    data = file.read(size)
    if len(data) != size:
        raise refuse(f"{what} at byte {at} is cut off after {len(data)} of {size} bytes")
    return data


def read_directory(file: BinaryIO, size: int) -> Directory:
    """What the end record says, and its zip64 form if there is one.

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
    """Where the one end record is whose comment ends where the file ends."""
    tail_at = max(0, size - _END.size - _MAX_COMMENT)
    tail = read_at(file, tail_at, size - tail_at, "the end of the file")
    found, at = list[int](), tail.rfind(_END_SIGNATURE)
    while at >= 0:
        if at + _END.size <= len(tail) and at + _END.size + _END.unpack_from(tail, at)[7] == len(tail):
            found.append(tail_at + at)
        at = tail.rfind(_END_SIGNATURE, 0, at)
    if not found:
        raise refuse(
            "no end record ends where the file ends: it is cut off, or something follows, or it is no zip"
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
    for small, big, none in zip(narrow, wide, (_NONE16,) * 4 + (_NONE32,) * 2, strict=True):
        if small not in (big, none):
            raise refuse(f"its end record says {small} where its zip64 end record says {big}")
