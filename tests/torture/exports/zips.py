"""Exports as byte strings: honest zips, zips with lies in them, and any bytes damaged in any place."""

from collections.abc import Iterator
from random import Random

from hypothesis import strategies as st

from tests.support.forge import (
    DEFLATED,
    NAME,
    SIGNATURES,
    STORED,
    Forged,
    Lie,
    Member,
    deflated,
    fields,
    forge,
    tell,
)
from tests.torture.exports.judge import THENS, Case

DESCRIPTORS = ["", "", "III", "sIII", "IQQ", "sIQQ"]
EXTRA = b"\x99\x99\1\0x"
NAMES = [NAME, "ü.json".encode(), b"a/b.json", b"x"]
BAD_NAMES = [b"", b"/etc/x", b"a/../../x", b"..", b"C:x", b"a\\b", b"a\0b", b"a\n", b"d/", b"\xff", NAME]
ODD = [0, 1, 2, 3, 7, 8, 9, 20, 22, 46, 63, 64, 99, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF, 2**31]
ODD += [2**32 - 2, 2**32 - 1, 2**63, 2**64 - 1]
TOKENS = [b"\xef\xbb\xbf", b"\0", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"\\", b'"', b"{", b"}", b"[", b"]"]
TOKENS += [b",", b":", b"NaN", b"-", b"0", b"e9", b"\n", b" ", b'"id":7', b'"_source"', b"\x01", b"PK\7\x08"]
TOKENS += SIGNATURES.values()
FOLDERS = (0, 0x10, 0o040755 << 16 | 0x10)
WOUNDS = ("change", "change", "change", "lose", "repeat", "move", "put in", "put in", "cut")


def members(content: bytes) -> st.SearchStrategy[Member]:
    """One member as writers in the wild make it."""
    return st.builds(
        Member,
        content=st.just(content),
        name=st.sampled_from(NAMES),
        method=st.sampled_from([DEFLATED, DEFLATED, DEFLATED, STORED]),
        flags=st.sampled_from([0, 0, 1 << 11, 1 << 1, 1 << 2]),
        descriptor=st.sampled_from(DESCRIPTORS),
        is_wide=st.booleans(),
        extra=st.sampled_from([b"", b"", EXTRA]),
        comment=st.sampled_from([b"", b"", b"a comment"]),
        attributes=st.sampled_from([0, 0x20, 0o100644 << 16]),
    )


def cases(member: Member, random: Random) -> Iterator[Case]:
    """An honest zip of a member, and hostile ones much like it."""
    folders = [Member(b"", name=b"d/", method=STORED, attributes=random.choice(FOLDERS))]
    beside = random.choice([[member], [member], [*folders, member], [member, *folders]])
    honest = forge(beside, comment=random.choice([b"", b"hello"]), is_wide=random.random() < 0.5)
    yield Case(honest.bytes(), True, random.choice(THENS))
    for _ in range(2):
        text = _wounded(member.content, TOKENS, random)
        yield Case(forge([Member(text)]).bytes(), True, random.choice(THENS))
        yield Case(_wounded(honest.bytes(), [*TOKENS, honest.bytes()], random), False, random.choice(THENS))
    for _ in range(3):
        yield Case(_lying(member, random), False, random.choice(THENS))
    if random.random() < 0.1:
        yield Case(forge([Member(honest.bytes())]).bytes(), True)


def _lying(first: Member, random: Random) -> bytes:
    """A zip of one member or more, with any field of any header set to anything."""
    others = [_odd_member(first.content, random) for _ in range(random.choice([0, 0, 1, 2]))]
    everything = random.sample([first, *others], 1 + len(others))
    comment = random.choice([b"", b"", b"hello", SIGNATURES["end"] + bytes(18)])
    zip_ = forge(everything, comment=comment, is_wide=random.random() < 0.3)
    return tell(zip_, [_lie(zip_, random) for _ in range(random.choice([0, 1, 1, 2, 3]))]).bytes()


def _odd_member(content: bytes, random: Random) -> Member:
    """A member as no honest writer makes it."""
    packed = deflated(content)
    return Member(
        content=random.choice([b"", content, content, b"[]"]),
        name=random.choice(BAD_NAMES),
        method=random.choice([DEFLATED, DEFLATED, STORED, 9, 12, 99]),
        data=random.choice([None, None, b"", packed[:-1], packed * 2, packed + b"x"]),
        descriptor=random.choice(DESCRIPTORS),
        echoes=random.choice([(), (), (b"again",), (NAME, NAME)]),
        attributes=random.choice([0, 0, 0x10, 0o120777 << 16]),
    )


def _lie(zip_: Forged, random: Random) -> Lie:
    """Another number in one field: an odd one, nearly the right one, or that of another field."""
    known = list(fields(zip_))
    record, name, value = random.choice(known)
    near = [value + 1, value - 1, value ^ 1 << random.randrange(16), random.choice(known)[2]]
    return Lie(record, name, random.choice([*near, *near, random.choice(ODD), value + len(zip_)]))


def _wounded(data: bytes, tokens: list[bytes], random: Random) -> bytes:
    """The bytes with up to three wounds: a byte changed, a piece lost, repeated, moved or put in."""
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        at, to = random.randrange(len(data) + 1), random.randrange(len(data) + 1)
        piece = data[at : at + random.choice([1, 2, 4, 8, 30, 60])]
        wound = random.choice(WOUNDS)
        if wound == "change" and at < len(data):
            data = data[:at] + bytes([data[at] ^ random.choice([1, 2, 8, 16, 0x80, 0xFF])]) + data[at + 1 :]
        elif wound == "put in":
            data = data[:at] + random.choice(tokens) + data[at:]
        elif wound == "cut":
            data = data[: max(at, to)]
        elif wound in ("lose", "move", "repeat"):
            rest = data if wound == "repeat" else data[:at] + data[at + len(piece) :]
            data = rest if wound == "lose" else rest[:to] + piece + rest[to:]
    return data
