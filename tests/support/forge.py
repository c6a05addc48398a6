"""Zip files record by record (PKWARE APPNOTE.TXT 6.3.10), honest ones and such as lie in any field."""

import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

NAME = b"canary_audit_trail.json"
STORED, DEFLATED = 0, 8
DESCRIBED = 1 << 3
NONE16, NONE32 = 0xFFFF, 0xFFFFFFFF

_FORMATS = {
    "local": ("<4sHHHHHIIIHH", "signature version flags method time date crc packed size name extra"),
    "central": (
        "<4sHHHHHHIIIHHHHHII",
        "signature made version flags method time date crc packed size"
        " name extra comment disk inner outer at",
    ),
    "end64": ("<4sQHHIIQQQQ", "signature length made version disk start_disk here members size start"),
    "locator": ("<4sIQI", "signature disk at disks"),
    "end": ("<4sHHHHIIH", "signature disk start_disk here members size start comment"),
}
SIGNATURES = {
    "local": b"PK\3\4",
    "central": b"PK\1\2",
    "end64": b"PK\6\6",
    "locator": b"PK\6\7",
    "end": b"PK\5\6",
}
_WIDTHS = {"H": 16, "I": 32, "Q": 64}


@dataclass
class Record:
    """One header: its fields by name, and the bytes of variable length behind them."""

    kind: str
    values: dict[str, int]
    tail: bytes = b""
    signature: bytes = b""

    def __len__(self) -> int:
        return struct.calcsize(_FORMATS[self.kind][0]) + len(self.tail)

    def bits(self, name: str) -> int:
        """How wide a field is."""
        layout, names = _FORMATS[self.kind]
        return _WIDTHS[layout[3:][names.split().index(name) - 1]]

    def bytes(self) -> bytes:
        """What stands in the file; a field that is not given is 0."""
        layout, names = _FORMATS[self.kind]
        numbers = [self.values.get(name, 0) for name in names.split()[1:]]
        return struct.pack(layout, self.signature or SIGNATURES[self.kind], *numbers) + self.tail


@dataclass(frozen=True)
class Member:
    """One member.

    `descriptor` is the form of its data descriptor as `struct` writes it, an `s` before it for a signature;
    `is_wide` puts the sizes into zip64 fields; `echoes` are further names for the same data.
    """

    content: bytes
    name: bytes = NAME
    method: int = DEFLATED
    flags: int = 0
    descriptor: str = ""
    is_wide: bool = False
    data: bytes | None = None
    extra: bytes = b""
    comment: bytes = b""
    attributes: int = 0
    echoes: tuple[bytes, ...] = ()

    @property
    def packed(self) -> bytes:
        """The data as it stands in the file."""
        if self.data is not None:
            return self.data
        return deflated(self.content) if self.method == DEFLATED else self.content


@dataclass(frozen=True)
class Lie:
    """One field of one record (by its position among them all) holds something else."""

    record: int
    name: str
    value: int


@dataclass
class Forged:
    """A zip as it is put together: pieces of data between records."""

    pieces: list[Record | bytes] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        """The headers, in the order of the file."""
        return [piece for piece in self.pieces if isinstance(piece, Record)]

    def __len__(self) -> int:
        return sum(map(len, self.pieces))

    def bytes(self) -> bytes:
        """The file."""
        return b"".join(piece.bytes() if isinstance(piece, Record) else piece for piece in self.pieces)


def deflated(content: bytes, level: int = 6) -> bytes:
    """The content as bare deflate."""
    packer = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(content) + packer.flush()


def forge(members: Iterable[Member], *, comment: bytes = b"", is_wide: bool = False) -> Forged:
    """A zip of these members; `is_wide` adds the zip64 end record."""
    zip_, central = Forged(), list[Record]()
    for member in members:
        at, packed = len(zip_), member.packed
        zip_.pieces += [_local(member, packed), packed, _descriptor(member, packed)]
        central += [_central(member, packed, name, at) for name in (member.name, *member.echoes)]
    start = len(zip_)
    zip_.pieces += central
    size, count = len(zip_) - start, len(central)
    if is_wide:
        end = {"length": 44, "here": count, "members": count, "size": size, "start": start}
        at = len(zip_)
        zip_.pieces += [Record("end64", end), Record("locator", {"at": at, "disks": 1})]
        count, size, start = NONE16, NONE32, NONE32
    counts = {"here": count, "members": count, "size": size, "start": start, "comment": len(comment)}
    zip_.pieces.append(Record("end", counts, comment))
    return zip_


def tell(zip_: Forged, lies: Iterable[Lie]) -> Forged:
    """The same zip with some lies in it; a value is cut to its field's width."""
    records = zip_.records
    for lie in lies:
        record = records[lie.record % len(records)]
        record.values[lie.name] = lie.value & ((1 << record.bits(lie.name)) - 1)
    return zip_


def fields(zip_: Forged) -> Iterator[tuple[int, str, int]]:
    """Every field of every record: the record's position, the field's name, and what it holds."""
    for number, record in enumerate(zip_.records):
        for name in _FORMATS[record.kind][1].split()[1:]:
            yield number, name, record.values.get(name, 0)


def _numbers(member: Member, packed: bytes) -> tuple[int, int, int]:
    return zlib.crc32(member.content), len(packed), len(member.content)


def _local(member: Member, packed: bytes) -> Record:
    crc, short, long = (0, 0, 0) if member.descriptor else _numbers(member, packed)
    extra = member.extra
    if member.is_wide:
        extra += struct.pack("<HHQQ", 1, 16, long, short)
        short = long = NONE32
    values = {"version": 20, "flags": _flags(member), "method": member.method, "date": 0x21, "crc": crc}
    values |= {"packed": short, "size": long, "name": len(member.name), "extra": len(extra)}
    return Record("local", values, member.name + extra)


def _central(member: Member, packed: bytes, name: bytes, at: int) -> Record:
    crc, short, long = _numbers(member, packed)
    extra = member.extra
    if member.is_wide:
        extra += struct.pack("<HHQQQ", 1, 24, long, short, at)
        short = long = at = NONE32
    values = {"made": 20, "version": 20, "flags": _flags(member), "method": member.method, "date": 0x21}
    values |= {"crc": crc, "packed": short, "size": long, "at": at, "outer": member.attributes}
    values |= {"name": len(name), "extra": len(extra), "comment": len(member.comment)}
    return Record("central", values, name + extra + member.comment)


def _flags(member: Member) -> int:
    return member.flags | (DESCRIBED if member.descriptor else 0)


def _descriptor(member: Member, packed: bytes) -> bytes:
    form = member.descriptor
    signature = b"PK\7\x08" if form.startswith("s") else b""
    return signature + struct.pack("<" + form.removeprefix("s"), *_numbers(member, packed)) if form else b""
