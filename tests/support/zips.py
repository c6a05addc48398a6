"""Zip files as no honest writer makes them."""

import io
import struct
import zlib
from zipfile import ZIP_DEFLATED, ZipFile

from local.console import zip_of
from tests.support.entries import entry, text_of

GIB = 1024**3
MEMBER = "canary_audit_trail.json"
_CENTRAL = b"PK\x01\x02"
_EXTRA64 = struct.Struct("<HHQQ")


def export_of(*texts: bytes) -> bytes:
    """A well-formed export of these texts, one array of them."""
    return zip_of(texts)


def good() -> bytes:
    """A well-formed export of the entries 1 to 3."""
    return zipped(b"[" + b",".join(text_of(entry(number)) for number in (1, 2, 3)) + b"]")


def zipped(*contents: bytes, name: str = MEMBER) -> bytes:
    """A well-formed zip of so many members, written where one can seek: no data descriptors."""
    file = io.BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number or ''}{name}", content)
    return file.getvalue()


def named(name: bytes) -> bytes:
    """A well-formed zip whose one member has this name, which zipfile might not write."""
    place = b"A" * len(name)
    return zipped(b"[]", name=place.decode()).replace(place, name)


def _changed(data: bytes, in_local: int, in_central: int, value: bytes) -> bytes:
    """The zip with these bytes at the same field of both headers."""
    changed = bytearray(data)
    for at in (in_local, data.rfind(_CENTRAL) + in_central):
        changed[at : at + len(value)] = value
    return bytes(changed)


def with_bad_crc() -> bytes:
    return _changed(good(), 14, 16, b"\xde\xad\xbe\xef")


def encrypted() -> bytes:
    return _changed(good(), 6, 8, b"\x01\x00")


def with_declared_size(content: bytes, size: int) -> bytes:
    """Both headers agree on a size that is not the content's."""
    return _changed(zipped(content), 22, 24, struct.pack("<I", size))


def bomb(size: int) -> bytes:
    """A zip whose headers declare `size` bytes, and whose data is the beginning of so many zeros."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    data = deflater.compress(bytes(10**6)) + deflater.flush()
    name, extra = MEMBER.encode(), _EXTRA64.pack(1, 16, size, len(data))
    sizes = (0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra))
    local = struct.pack("<4sHHHHHIIIHH", b"PK\x03\x04", 45, 0, 8, 0, 0x21, 0, *sizes) + name + extra
    central = struct.pack("<4sHHHHHHIIIHHHHHII", _CENTRAL, 45, 45, 0, 8, 0, 0x21, 0, *sizes, 0, 0, 0, 0, 0)
    central += name + extra
    start = len(local) + len(data)
    return (
        local + data + central + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1, 1, len(central), start, 0)
    )


def glued_behind(first: bytes) -> bytes:
    """Something, then a zip whose offsets are right for its place behind it."""
    second = bytearray(good())
    central = second.rfind(_CENTRAL)
    struct.pack_into("<I", second, central + 42, len(first))
    struct.pack_into("<I", second, len(second) - 6, len(first) + central)
    return first + bytes(second)
