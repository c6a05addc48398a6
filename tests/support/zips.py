"""Zip files as no honest writer makes them."""

import io
import struct
from zipfile import ZIP_DEFLATED, ZipFile

from local.console import zip_of
from tests.support.entries import entry, text_of
from tests.support.forge import NAME, SIGNATURES, Lie, Member, forge, tell

GIB = 1024**3
GOOD = b"[" + b",".join(text_of(entry(number)) for number in (1, 2, 3)) + b"]"


def export_of(*texts: bytes) -> bytes:
    """A well-formed export of these texts, one array of them."""
    return zip_of(texts)


def good() -> bytes:
    """A well-formed export of the entries 1 to 3."""
    return zipped(GOOD)


def zipped(*contents: bytes, name: str = NAME.decode()) -> bytes:
    """A well-formed zip of so many members, written where one can seek: no data descriptors."""
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number or ''}{name}", content)
    return file.getvalue()


def named(name: bytes) -> bytes:
    """A well-formed zip whose one member has this name, which zipfile might not write."""
    return forge([Member(b"[]", name)]).bytes()


def _lying(content: bytes, *lies: tuple[str, int]) -> bytes:
    """A zip in both headers of which these fields hold something else."""
    return tell(forge([Member(content)]), [Lie(at, *lie) for lie in lies for at in (0, 1)]).bytes()


def with_bad_crc() -> bytes:
    return _lying(GOOD, ("crc", 0xEFBEADDE))


def encrypted() -> bytes:
    return _lying(GOOD, ("flags", 1))


def with_declared_size(content: bytes, size: int) -> bytes:
    """Both headers agree on a size that is not the content's."""
    return _lying(content, ("size", size))


def bomb(size: int) -> bytes:
    """A zip whose headers declare `size` bytes, and whose data is that of a megabyte of zeros."""
    zip_ = forge([Member(bytes(10**6), is_wide=True)])
    for record in zip_.records[:2]:
        record.tail = record.tail.replace((10**6).to_bytes(8, "little"), size.to_bytes(8, "little"))
    return zip_.bytes()


def glued_behind(first: bytes) -> bytes:
    """Something, then a zip whose offsets are right for its place behind it."""
    second = bytearray(good())
    central = second.rfind(SIGNATURES["central"])
    struct.pack_into("<I", second, central + 42, len(first))
    struct.pack_into("<I", second, len(second) - 6, len(first) + central)
    return first + bytes(second)
