"""The zip that a Console serves: one file, perhaps with folders, checked strictly, inflated in small pieces.

Zip readers disagree about archives that contradict themselves. What we archive and purge by must be
what everybody else reads in the file, so an export is accepted only if it can be read in one way: local
headers, data, descriptors, directory and end fill the file exactly, and agree with each other.

**Zip bombs.** The size that the directory declares is checked against `max_inflated` before the first
byte is inflated, and no byte beyond the declared size ever is. Each call of zlib gives at most _OUT_BYTES.
So time and memory are bounded whatever the file holds. There is no rule about the ratio on purpose: deflate
shrinks padding a thousandfold, so an attacker who can choose a string in an entry could pad it until such a
rule stopped the archive. To reach the absolute limit, an attacker must send the Console that many bytes.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from audit_archive.export.zip_headers import (
    Header,
    check_agreement,
    read_at,
    read_directory,
    read_headers,
    read_local,
    refuse,
)

MAX_COMPRESSED = 5 * 1024**3  # what one S3 PutObject takes
MAX_INFLATED = 32 * 1024**3  # about a hundred million entries
IN_BYTES = 1 << 16
_OUT_BYTES = 1 << 18

_STORED, _DEFLATED = 0, 8
_DEFLATED_NOTHING = b"\x03\x00"  # empty data, deflated: Python and Java write it for a folder
_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
_UTF8 = 1 << 11
_FLAGS = 1 << 1 | 1 << 2 | 1 << 3 | _UTF8  # deflate's effort, data descriptor, UTF-8 name
_VERSION = 63  # of the specification, times ten: we refuse what needs a newer one, as other readers do
_DRIVE = re.compile(rb"[A-Za-z]:")
_MSDOS_DIRECTORY, _UNIX_TYPE, _UNIX_FILE, _UNIX_DIRECTORY = 0x10, 0xF000, 0x8000, 0x4000
_MAX_MEMBERS = 16  # one file, and more folders than any path to it needs


@dataclass(frozen=True)
class Member:
    """The one file of an export. Each iteration inflates it from its beginning.

    The pieces are proven only when the iteration ends: then size and CRC were right. Raises
    InvalidExportError meanwhile if they are wrong, or if the data is damaged.
    """

    file: BinaryIO
    name: str
    deflated: bool
    start: int  # where its data begins
    compressed: int
    inflated: int
    crc: int

    def __iter__(self) -> Iterator[bytes]:
        size, crc = 0, 0
        for piece in self._inflate() if self.deflated else self._read():
            size, crc = size + len(piece), zlib.crc32(piece, crc)
            if size > self.inflated:
                raise refuse(f"{self.name!r} has more than the declared {self.inflated} bytes")
            yield piece
        if size != self.inflated:
            raise refuse(f"{self.name!r} has {size} bytes, not the declared {self.inflated}")
        if crc != self.crc:
            raise refuse(f"the CRC of {self.name!r} is {crc:08x}, not the declared {self.crc:08x}")

    def _read(self) -> Iterator[bytes]:
        """The data as it is in the file."""
        end = self.start + self.compressed
        for at in range(self.start, end, IN_BYTES):
            yield read_at(self.file, at, min(IN_BYTES, end - at), "the data")

    def _inflate(self) -> Iterator[bytes]:
        """The data inflated, at most _OUT_BYTES at a time."""
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        end = self.start
        for piece in self._read():
            end += len(piece)
            try:
                yield from _drain(inflater, piece)
            except zlib.error as error:
                raise refuse(f"the data before byte {end} can't be inflated: {error}") from error
            if inflater.unused_data:
                raise refuse(f"something follows the deflated data, before byte {end}")
        if not inflater.eof:
            raise refuse(f"the deflated data goes on where it should end, at byte {end}")


def _drain(inflater: "zlib._Decompress", piece: bytes) -> Iterator[bytes]:
    """Everything that a piece inflates to. When its output is full, zlib leaves some of the piece unread."""
    while out := inflater.decompress(piece, _OUT_BYTES):
        yield out
        piece = inflater.unconsumed_tail


def open_member(
    file: BinaryIO, size: int, *, max_compressed: int = MAX_COMPRESSED, max_inflated: int = MAX_INFLATED
) -> Member:
    """The one file in a zip of `size` bytes. The structure of the zip is checked, no data is inflated yet.

    Raises InvalidExportError, which says what is wrong and at which byte.
    """
    if size > max_compressed:
        raise refuse(f"it has {size} bytes, more than {max_compressed}")
    begin = read_at(file, 0, min(size, 20), "the beginning")
    if begin[:2] != b"PK":
        raise refuse(f"it begins with {begin!r}, not with PK")
    directory = read_directory(file, size)
    if not 0 < directory.members <= _MAX_MEMBERS:
        raise refuse(f"it has {directory.members} members, not one file and perhaps its folders")
    headers = read_headers(file, directory)
    for header in headers:
        _check_member(header)
    starts = _check_layout(file, headers, directory.start)
    central = _the_file(headers)
    name, deflated = _readable(central.name), central.method == _DEFLATED
    if central.inflated > max_inflated:
        raise refuse(f"{name!r} would inflate to {central.inflated} bytes, more than {max_inflated}")
    if not deflated and central.compressed != central.inflated:
        raise refuse(f"{name!r} is stored, yet {central.compressed} bytes stand for {central.inflated}")
    start = starts[headers.index(central)]
    return Member(file, name, deflated, start, central.compressed, central.inflated, central.crc)


def _check_layout(file: BinaryIO, headers: list[Header], end: int) -> list[int]:
    """Where the data of each member begins. In order, the members fill the file up to byte `end`."""
    if headers[0].at:
        raise refuse(f"its member begins at byte {headers[0].at}, not at its beginning")
    starts, ends = list[int](), [header.at for header in headers[1:]] + [end]
    for central, next_at in zip(headers, ends, strict=True):
        local = read_local(file, central.at)
        check_agreement(file, central, local, next_at)
        if _is_folder(central):
            _check_empty(file, central, local.end)
        starts.append(local.end)
    return starts


def _check_empty(file: BinaryIO, folder: Header, start: int) -> None:
    """Check that a folder has no data, or deflated empty data: no reader would look there."""
    empty = {b"", _DEFLATED_NOTHING} if folder.method == _DEFLATED else {b""}
    data = read_at(file, start, min(folder.compressed, len(_DEFLATED_NOTHING) + 1), "the data")
    if folder.crc or folder.inflated or data not in empty:
        raise refuse(f"{_readable(folder.name)!r} is a folder with data")


def _the_file(headers: list[Header]) -> Header:
    """The header of the only member that is not a folder."""
    files = [header for header in headers if not _is_folder(header)]
    if len(files) != 1:
        raise refuse(f"it has {len(files)} files, not one")
    name = _readable(files[0].name)
    for header in headers:
        if header.name.startswith(files[0].name + b"/"):
            raise refuse(f"{name!r} stands in the way of the folder {_readable(header.name)!r}")
    return files[0]


def _is_folder(header: Header) -> bool:
    return header.name.endswith(b"/")


def _readable(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _check_member(header: Header) -> None:
    """Check that a member is a plain file that we can read, or a folder, and that its name is harmless."""
    name = _readable(header.name)
    _check_name(header.name.removesuffix(b"/"), is_utf8=bool(header.flags & _UTF8))
    if header.version > _VERSION:
        raise refuse(f"{name!r} needs version {header.version / 10} of the specification")
    if header.flags & _ENCRYPTED:
        raise refuse(f"{name!r} is encrypted")
    if header.flags & ~_FLAGS:
        raise refuse(f"{name!r} has the unknown flags {header.flags & ~_FLAGS:#06x}")
    if header.method not in (_STORED, _DEFLATED):
        raise refuse(f"{name!r} is compressed by method {header.method}, not stored or deflated")
    kind = header.attributes >> 16 & _UNIX_TYPE
    if _is_folder(header):
        if kind not in (0, _UNIX_DIRECTORY):
            raise refuse(f"{name!r} is not a plain folder")
    elif header.attributes & _MSDOS_DIRECTORY or kind not in (0, _UNIX_FILE):
        raise refuse(f"{name!r} is not a plain file")


def _check_name(name: bytes, *, is_utf8: bool) -> None:
    """Check that the export can be unpacked under the name everywhere, and into the folder alone."""
    text = _readable(name)
    if is_utf8 and text.encode() != name:
        raise refuse(f"the name {text!r} is not the UTF-8 that its header promises")
    parts = name.split(b"/")
    if not parts[-1]:
        raise refuse(f"a member has no name: {text!r}")
    if not parts[0] or b".." in parts or _DRIVE.match(name):
        raise refuse(f"the name {text!r} leads out of the folder")
    if b"\\" in name or min(name) < ord(" "):
        raise refuse(f"the name {text!r} holds a backslash or a control character")
