"""A bundle of evidence (a zip), read as an archive: its statements and checkpoints.

Programs disagree about a zip that contradicts itself, or that holds more than its directory lists. So a
bundle is accepted only if all of them read the same files in it: members, directory and end fill the file,
each next to the other, and agree. The source is PKWARE APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16.
"""

import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from io import SEEK_END
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.format.layout import is_home, is_litter, only_folder
from audit_archive.ports import NO_VERSION, ObjectFacts, Version

_CHUNK = 1 << 20
_ENCRYPTED, _DESCRIBED, _UTF8 = 1, 1 << 3, 1 << 11
_FLAGS = 1 << 1 | 1 << 2 | _DESCRIBED | _UTF8  # deflate's effort, data descriptor, UTF-8 name
_PLAIN = re.compile(r"(?:[A-Za-z0-9=_. ()-]*[A-Za-z0-9=_()-]/)*(?:[A-Za-z0-9=_. ()-]*[A-Za-z0-9=_()-]/?)")
"""A name that means one file everywhere: no `.` or `..`, no drive, nothing that a system cuts off."""

_UNIX_TYPE, _NO_LINKS = 0xF000, {0, 0x4000, 0x8000}  # no type, a folder, a file
_LOCAL = struct.Struct("<4s2xHH4xIIIHH")
_CENTRAL_SIZE = 46
_END = struct.Struct("<4sHHHHIIH")
_END64, _LOCATOR = struct.Struct("<4sQHHIIQQQQ"), struct.Struct("<4sIQI")
_MOST_END = _END.size + 0xFFFF  # with the longest comment
_ZIP64_16, _ZIP64_32 = 0xFFFF, 0xFFFFFFFF  # "see the zip64 record, or the zip64 field"


class BundleSource:
    """An ArchiveSource over a bundle. It ignores version ids: a key has one file.

    It knows no checksum and no lock. What other programs left in the zip is ignored, and the bundle may lie
    in a folder of its own: people unpack a zip, and zip it again. Memory: the names in the zip.
    """

    def __init__(self, bundle: Path) -> None:
        """Raises ValueError if the file is not a zip, or if two programs may read it in two ways."""
        try:
            self._zip = ZipFile(bundle)
        except (OSError, BadZipFile, NotImplementedError, ValueError, struct.error) as error:
            raise ValueError(f"{bundle} is not a bundle of evidence: {error}") from error
        members = self._zip.infolist()
        names = {member.filename.lower().removesuffix("/") for member in members}
        if len(names) < len(members):
            raise ValueError(
                f"{bundle} has several files of one name, so it can be read in two ways. Get the bundle again"
            )
        if any(
            m.compress_type not in {ZIP_STORED, ZIP_DEFLATED} or m.flag_bits & _ENCRYPTED for m in members
        ):
            raise ValueError(
                f"{bundle} is not a bundle of evidence: it is encrypted, or compressed by an unknown method"
            )
        if not all(map(_is_plain, members)) or _has_file_and_folder_of_one_name(members):
            raise ValueError(
                f"{bundle} has a file with a name that can mean another file, so it can be read in two ways. "
                "Get the bundle again"
            )
        with bundle.open("rb") as file:
            if not _is_read_in_one_way(file, self._zip):
                raise ValueError(
                    f"{bundle} holds more than its directory lists, or contradicts itself, so it can be read "
                    "in two ways. Get the bundle again"
                )
        files = {member.filename: member for member in members if not member.is_dir()}
        self._members = {name: member for name, member in files.items() if not is_litter(name)}
        self._ignored = len(files) - len(self._members)
        home = _home(self._members)
        self._members = {name.removeprefix(home): member for name, member in self._members.items()}

    def ignored(self) -> int:
        """How many files in the bundle are no part of it."""
        return self._ignored

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        """The facts of a file; None if there is no file of that name."""
        del version_id
        member = self._members.get(key)
        return (
            ObjectFacts(key, NO_VERSION, member.file_size, None, None, None) if member is not None else None
        )

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        """The bytes of a file. Raises IntegrityError as well if the zip does not inflate to them."""
        del version_id
        member = self._members.get(key)
        if member is None:
            raise IntegrityError(f"The bundle {self._zip.filename} has no version of {key}.")
        try:
            with self._zip.open(member) as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except (BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            raise IntegrityError(f"{key} in the bundle {self._zip.filename} is damaged: {error}") from error
        except OSError as error:
            raise ArchiveStoreError(
                f"{key} could not be read from the bundle: {error.strerror}. Check the disk."
            ) from error

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        """Each file under a prefix is the one version of its key, in the order of S3."""
        for key in sorted(self._members, key=str.encode):
            if key.startswith(prefix) and key > after_key:
                yield Version(key, NO_VERSION, is_delete_marker=False)

    def folders(self, prefix: str) -> Iterator[str]:
        keys = (key.removeprefix(prefix) for key in self._members if key.startswith(prefix))
        yield from sorted({key.partition("/")[0] for key in keys if "/" in key})


def _home(names: Iterable[str]) -> str:
    """The path to the archive: the one folder in the zip, or in that one, if it is there; else empty."""
    home, left = "", list(names)
    while True:
        inside = {f"{top}{slash}" for top, slash, _ in (name.partition("/") for name in left)}
        only = only_folder(inside)
        if is_home(inside) or only is None:
            return home if is_home(inside) else ""
        home, left = f"{home}{only}", [name.removeprefix(only) for name in left]


def _is_plain(member: ZipInfo) -> bool:
    """Whether a member is a file or a folder with a name that means the same everywhere."""
    is_whole = member.orig_filename == member.filename  # Python cuts a name at a zero byte
    is_link = (member.external_attr >> 16) & _UNIX_TYPE not in _NO_LINKS
    is_empty_folder = not member.is_dir() or not member.file_size
    return is_whole and not is_link and is_empty_folder and _PLAIN.fullmatch(member.filename) is not None


def _has_file_and_folder_of_one_name(members: list[ZipInfo]) -> bool:
    names = [member.filename.lower() for member in members]
    folders = {str(folder) for name in names for folder in PurePosixPath(name).parents}
    return any(name in folders for name in names if not name.endswith("/"))


def _is_read_in_one_way(file: BinaryIO, bundle: ZipFile) -> bool:
    """Whether members, directory and end fill a zip, each next to the other, and agree."""
    members = sorted(bundle.infolist(), key=attrgetter("header_offset"))
    starts = [*(member.header_offset for member in members), bundle.start_dir]
    try:
        return (
            starts[0] == 0
            and all(
                _fills(file, member, *edges)
                for member, *edges in zip(members, starts, starts[1:], strict=False)
            )
            and _ends_once(file, members, bundle.start_dir)
        )
    except struct.error:  # the file ends within a record
        return False


def _fills(file: BinaryIO, member: ZipInfo, start: int, end: int) -> bool:
    """Whether a member fills the file from `start` to `end`, and says what the directory says of it."""
    file.seek(start)
    mark, flags, method, *stated, name_size, extra_size = _LOCAL.unpack(file.read(_LOCAL.size))
    name, extra = file.read(name_size), file.read(extra_size)
    listed = [member.CRC, member.compress_size, member.file_size]
    if _ZIP64_32 in stated[1:]:  # the local header has both sizes, in another order (4.5.3)
        wide = _zip64_field(extra)
        stated = [stated[0], *(struct.unpack("<QQ", wide)[::-1] if wide is not None else ())]
    is_later = bool(flags & _DESCRIBED) and not any(stated)
    is_agreed = (mark, flags, method, name) == (
        b"PK\x03\x04",
        member.flag_bits,
        member.compress_type,
        _name(member),
    )
    if not is_agreed or flags & ~_FLAGS or not (stated == listed or is_later):
        return False
    gap = end - (start + _LOCAL.size + name_size + extra_size + member.compress_size)
    forms = _descriptors(listed) if flags & _DESCRIBED else {b""}
    if gap not in set(map(len, forms)):
        return False
    file.seek(end - gap)
    return file.read(gap) in forms


def _zip64_field(extra: bytes) -> bytes | None:
    """The one zip64 field among well-formed extra fields; None unless there is exactly one."""
    found = list[bytes]()
    while extra:
        kind, size = struct.unpack_from("<HH", extra)
        if kind == 1:
            found.append(extra[4 : 4 + size])
        extra = extra[4 + size :]
    return found[0] if len(found) == 1 else None


def _descriptors(listed: list[int]) -> set[bytes]:
    """The forms that the data descriptor may have: with a mark or without, with sizes of 4 or 8 bytes."""
    forms = {struct.pack("<IQQ", *listed)}
    if max(listed) <= _ZIP64_32:
        forms.add(struct.pack("<III", *listed))
    return forms | {b"PK\x07\x08" + form for form in forms}


def _name(member: ZipInfo) -> bytes:
    return member.orig_filename.encode()  # plain names are ASCII


def _ends_once(file: BinaryIO, members: list[ZipInfo], start: int) -> bool:
    """Whether the directory begins at `start`, and one end follows it, which is the end of the file."""
    listed = sum(_CENTRAL_SIZE + len(_name(m)) + len(m.extra) + len(m.comment) for m in members)
    size = file.seek(0, SEEK_END)
    file.seek(max(0, size - _MOST_END))
    tail = file.read()
    ends = [at.start() for at in re.finditer(b"PK\x05\x06", tail)]
    ends = [at for at in ends if tail[at + 20 : at + 22] == (len(tail) - at - 22).to_bytes(2, "little")]
    if ends != [len(tail) - _END.size]:  # with a comment, or two programs may find two ends
        return False
    _, disk, first, here, count, length, at, _ = _END.unpack(tail[-_END.size :])
    stated, wide = (disk, first, here, count, length, at), (0, 0, len(members), len(members), listed, start)
    file.seek(start + listed)
    between = file.read(size - _END.size - start - listed) if size - _END.size >= start + listed else None
    if not between:
        return between is not None and stated == wide
    mark, left, _, _, *fields = _END64.unpack(between[: _END64.size])
    locator = (b"PK\x06\x07", 0, start + listed, 1)
    is_narrow = all(
        a in {b, c} for a, b, c in zip(stated, wide, (_ZIP64_16,) * 4 + (_ZIP64_32,) * 2, strict=True)
    )
    is_wide = (mark, left, tuple(fields)) == (b"PK\x06\x06", _END64.size - 12, wide)
    return is_narrow and is_wide and _LOCATOR.unpack(between[_END64.size :]) == locator
