"""Exports of any order and any size: read piece by piece, sorted on disk, and judged as the product does."""

import random
import subprocess
import sys
import tracemalloc
from collections import deque
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_archive.evidence.handout import verify
from audit_archive.export import read_export
from tests.auditor.test_hostile_entries import ENTRIES, zipped
from tests.support.verify_program import PROGRAM, ask, copied, entries_of
from tests.support.world import World

MANY = 3 * verify.MOST_AT_ONCE
LIMITED = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
sys.argv[:2] = []
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def plain(entry_id: int) -> str:
    """An entry as a Console has them; of the days of a month one after the other."""
    at = f"2026-10-{1 + entry_id % 28:02} 09:00:00 UTC+0000"
    return f'{{"id":{entry_id},"timestamp":"{at}","user":"{entry_id}","additional_information":{{"a":[1]}}}}'


def shuffled(ids: list[int]) -> list[int]:
    return random.Random(7).sample(ids, len(ids))  # noqa: S311 - the same each time


ORDERS: dict[str, Callable[[list[int]], list[int]]] = {
    "newest first": lambda ids: ids[::-1],
    "oldest first": lambda ids: ids,
    "in any order": shuffled,
    "one too late": lambda ids: [*ids[:-2], ids[-1], ids[-2]][::-1],
    "one far too late": lambda ids: [*ids[1:], ids[0]],
    "twice": lambda ids: [*ids, *ids[::-1]],
}


def archived(text: str, count: int) -> World:
    """A world whose run archived an export with this text."""
    world = World()
    world.mode, world.retention_days = "off", 2555
    world.trail.arrive(count)
    world.reader.export = lambda _: zipped(text)
    world.run()
    return world


@pytest.mark.parametrize("order", ORDERS)
def test_the_order_of_an_export_changes_nothing(order: str) -> None:
    ids = [*range(1, MANY), MANY + 5]
    export = zipped("[" + ", ".join(map(plain, ORDERS[order](ids))) + "]")
    theirs = read_export(BytesIO(export), len(export), BytesIO)
    ours = entries_of(export)
    assert [(entry_id, line) for entry_id, _, line, _ in ours] == [(e.id, e.line) for e in theirs]
    assert {date for _, date, _, _ in ours} == {b"2026-10-%02d" % day for day in range(1, 29)}


@pytest.mark.parametrize("order", ["newest first", "in any order"])
def test_two_entries_of_one_id_are_found_in_any_order(order: str) -> None:
    ids = ORDERS[order]([*range(1, MANY), 77])
    texts = [plain(entry_id) for entry_id in ids]
    again = ids.index(77)
    texts[again] = texts[again].replace('"user"', '"uses"')
    with pytest.raises(ValueError, match="two different entries have the id 77"):
        entries_of(zipped("[" + ",".join(texts) + "]"))


def test_an_entry_without_a_date_has_that_of_the_one_before_it_wherever_both_stand() -> None:
    texts = {entry_id: plain(entry_id) for entry_id in range(1, MANY)}
    for entry_id in (1, 2, verify.MOST_AT_ONCE, verify.MOST_AT_ONCE + 1, MANY - 1):
        texts[entry_id] = f'{{"id":{entry_id}}}'
    dates = dict(entry[:2] for entry in entries_of(zipped("[" + ",".join(reversed(texts.values())) + "]")))
    assert dates[1] == dates[2] == dates[3]
    for entry_id in (verify.MOST_AT_ONCE, verify.MOST_AT_ONCE + 1):
        assert dates[entry_id] == dates[verify.MOST_AT_ONCE - 1]
    assert dates[MANY - 1] == dates[MANY - 2] != dates[MANY - 3]


@given(st.lists(st.binary(min_size=2, max_size=2)), st.integers(1, 9))
def test_records_are_sorted_however_many_runs_they_take(rows: list[bytes], most: int) -> None:
    found = [row for (row,) in verify.Sorted(">2s", BytesIO(b"left over"), ((row,) for row in rows), most)]
    assert found == sorted(rows)


SPOILT = [
    '{"id":0}',
    '{"id":true}',
    '{"id":9223372036854775808}',
    '{"id":"7"}',
    '{"a":1}',
    "[1]",
    "5",
    "",
    "{",
]
PLAIN = st.lists(st.integers(1, 10**6).map(plain), max_size=40)
OTHERS = st.lists(st.sampled_from([*ENTRIES, *SPOILT]), max_size=2)
PARTS = st.lists(st.tuples(PLAIN, OTHERS), min_size=1, max_size=3)


@settings(deadline=None)
@given(PARTS, st.sampled_from(["\n", ",", ", ", " ,\r\n    "]), st.sampled_from([40, 999, 1 << 18]))
def test_what_is_read_at_once_is_what_is_read_entry_by_entry(
    parts: list[tuple[list[str], list[str]]], between: str, reach: int
) -> None:
    """Also of a text with something else than entries among them."""
    text = between.join([each for plain_ones, others in parts for each in (*plain_ones, *others)])
    data = (text if between == "\n" else f"[{text}]").encode("utf-8", "surrogateescape")
    assert read(data, reach) == read(data, 0)


@pytest.mark.parametrize("spoilt", SPOILT)
def test_no_entry_hides_among_those_that_are_read_at_once(spoilt: str) -> None:
    texts = [plain(entry_id) for entry_id in range(1, 21)]
    found, why = read(f"[{','.join([*texts, spoilt, *texts])}]".encode(), verify.CHUNK)
    assert (len(found), why != "") == (20, True)


def read(data: bytes, reach: int) -> tuple[list[verify.Entry], str]:
    """The entries of a text, and why it can't be read on."""
    found, why = list[verify.Entry](), ""
    try:
        for some in verify.entries_in([data], reach):
            found += some
    except verify.MALFORMED as error:
        why = str(error)
    return found, why


def test_entry_files_are_checked_without_their_export(tmp_path: Path) -> None:
    """Their lines come date by date, the tree is over them by id."""
    world = archived("[" + ",".join(map(plain, range(MANY, 0, -1))) + "]", MANY)
    place = copied(world.store, tmp_path)
    key = world.last().export.key
    (place / key).unlink()
    answer = ask(place)
    assert answer.blamed == {("missing", key)}
    assert answer.checked[6] == {"line": MANY}
    assert answer.not_checked[7] == {"line (the export is missing or not valid)": MANY}


def test_memory_does_not_grow_with_an_export() -> None:
    long = "x" * 1000
    texts = [f'{{"id":{entry_id},"user":"{long}"}}' for entry_id in range(4500, 0, -1)]
    small, large = (peak_of(zipped(f"[{','.join(texts[:count])}]")) for count in (1500, 4500))
    assert large - small < 3000 * 200  # bytes


def peak_of(export: bytes) -> int:
    """The most bytes that it has in memory while it reads an export."""
    with TemporaryFile() as lines, TemporaryFile() as index:
        tracemalloc.start()
        found = verify.Export(BytesIO(export), "2026-11-20", lines, index)
        deque(found.entries(), maxlen=0)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return peak


def test_a_disk_without_room_is_no_fault_of_the_archive(tmp_path: Path) -> None:
    long = "x" * (1 << 20)
    text = ",".join(f'{{"id":{entry_id},"user":"{long}"}}' for entry_id in range(1, 18))
    place = copied(archived(f"[{text}]", 17).store, tmp_path)
    command = [sys.executable, "-I", "-S", "-c", LIMITED, str(1 << 20), str(PROGRAM), str(place)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (ran.returncode, ran.stderr) == (2, "")
    why = f"{place}: a temporary file can't be written: [Errno 27] File too large"
    assert ran.stdout == f"NOT CHECKED: {why}. Make room, or name another folder as TMPDIR\n"
