"""Hostile exports, a small and always equal number; `tests/long_torture.py` judges many more."""

import json
from bz2 import compress
from dataclasses import replace

import pytest

from audit_archive.errors import InvalidExportError
from tests.support.examples import share
from tests.support.forge import Lie, Member, deflated, forge, tell
from tests.support.world import World
from tests.support.zips import glued_behind
from tests.torture.exports.big import LONGER, SHORT, check
from tests.torture.exports.campaign import fuzz
from tests.torture.exports.judge import THENS, Case, Then, judge
from tests.torture.exports.oracle import STRICTER, read_export

TEXT = b'[{"id":1,"user":"x"}]'
GOOD = Member(TEXT)
FOLDER = Member(b"", name=b"d/", method=0, attributes=0o040755 << 16 | 0x10)
DESCRIBED = replace(GOOD, descriptor="sIII")
EXTRA = replace(GOOD, extra=b"\x99\x99\1\0x")
PLAIN = forge([GOOD]).bytes()
LOCAL, CENTRAL, END = range(3)


@pytest.mark.campaign
def test_each_ends_in_its_error_or_in_a_complete_archive() -> None:
    fuzz(1, share(60))


@pytest.mark.parametrize("names", [SHORT, pytest.param(LONGER, marks=pytest.mark.wide)])
def test_what_unfolds_to_something_large_takes_little_memory(names: tuple[str, ...]) -> None:
    check(*names)


@pytest.mark.wide
@pytest.mark.timeout(60)
def test_holes_and_receipts_without_number_take_no_time_without_end() -> None:
    """The second run comes within the settle window, so every hole is looked at again."""
    said = ("audit_trail_purge", "Successfully purged 3 logs before id:{}")
    entries = [{"id": 2 * n, "action_type": said[0], "message": said[1].format(n)} for n in range(1, 8001)]
    world = World()
    world.mode = "off"
    world.trail.arrive()
    world.reader.export = lambda _: forge([Member(json.dumps(entries).encode())]).bytes()
    assert (world.run().new_entries, world.run().new_entries) == (8000, 0)


@pytest.mark.parametrize("then", THENS)
def test_an_honest_export_is_archived_whatever_comes_then(then: Then) -> None:
    entries = b'[{"id":5,"user":"x"},{"id":4,"a":1e400},{"id":4,"a":1e400}]'
    assert judge(Case(forge([Member(entries)]).bytes(), True, then)) in ("archived", "purged")


def lying(member: Member, *lies: Lie, is_wide: bool = False) -> bytes:
    return tell(forge([member], is_wide=is_wide), lies).bytes()


def altered(member: Member, piece: int, data: bytes) -> bytes:
    """Another local header (piece 0) or descriptor (piece 2) than the directory promises."""
    zip_ = forge([member])
    zip_.pieces[piece] = data
    return zip_.bytes()


def damaged_folder() -> bytes:
    """The local header of the folder behind the file has another signature."""
    zip_ = forge([GOOD, FOLDER])
    zip_.records[1].signature = b"PK\0\0"
    return zip_.bytes()


def with_two_ends() -> bytes:
    """The comment of the one end record ends with another, whose directory stands in the comment too."""
    zip_ = forge([GOOD])
    _, central, end = zip_.records
    end.values["start"] = len(zip_)
    return forge([GOOD], comment=central.bytes() + end.bytes()).bytes()


LONG = forge([Member(b'[{"id":1,"user":"' + b"x" * 2**24 + b'"}]')]).bytes()
DISAGREEMENTS = [
    b"MZ" + PLAIN,
    PLAIN + b"\n",
    with_two_ends(),
    lying(GOOD, Lie(END, "start", 81), Lie(CENTRAL, "at", 5)),
    lying(GOOD, Lie(4, "members", 7), is_wide=True),
    lying(GOOD, Lie(END, "disk", 1)),
    lying(GOOD, Lie(CENTRAL, "comment", 9)),
    lying(GOOD, Lie(END, "members", 7), Lie(END, "here", 7)),
    glued_behind(b"PK stands before it"),
    lying(GOOD, Lie(LOCAL, "crc", 7)),
    lying(GOOD, Lie(LOCAL, "packed", 999), Lie(CENTRAL, "packed", 999)),
    altered(DESCRIBED, 2, bytes(16)),
    altered(EXTRA, 0, forge([replace(EXTRA, extra=b"\x99\x99\xff\0x")]).records[LOCAL].bytes()),
    forge([replace(GOOD, flags=1 << 4)]).bytes(),
    forge([replace(GOOD, flags=1 << 13)]).bytes(),
    forge([replace(GOOD, method=12, data=compress(TEXT))]).bytes(),
    forge([replace(GOOD, attributes=0o120777 << 16)]).bytes(),
    forge([replace(FOLDER, content=b"x"), GOOD]).bytes(),
    damaged_folder(),
    forge([replace(FOLDER, name=b"x/"), replace(GOOD, name=b"x")]).bytes(),
    forge([replace(GOOD, name=b"../x")]).bytes(),
    forge([replace(GOOD, method=0, data=TEXT + b" ")]).bytes(),
    forge([replace(GOOD, data=deflated(TEXT) + b"x")]).bytes(),
    LONG,
]


@pytest.mark.parametrize(
    ("reason", "export"),
    [
        pytest.param(
            *(reason, export),
            id=STRICTER[reason],
            marks=pytest.mark.wide if export is LONG else (),
        )
        for reason, export in zip(STRICTER, DISAGREEMENTS, strict=True)
    ],
)
def test_what_only_the_library_reads_is_refused_for_the_reason_listed(reason: str, export: bytes) -> None:
    assert read_export(export)
    with pytest.raises(InvalidExportError, match=reason):
        run(export)


def run(export: bytes) -> None:
    world = World()
    world.trail.arrive()
    world.reader.export = lambda _: export
    world.run()
