"""The external sort: order, exactness, duplicates, conflicts, and that it is external."""

import io
from collections.abc import Iterator
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.errors import InvalidExportError
from audit_archive.export import sorting
from audit_archive.export.sorting import sort_entries
from audit_archive.format.batch import Batch
from audit_archive.format.entry import Entry
from tests.support.batches import in_batches
from tests.support.examples import examples

MAX = 2**63 - 1
SMALL = {"BLOCK_BYTES": 20, "FAN_IN": 2}


@st.composite
def entry(draw: st.DrawFn, number: int) -> Entry:
    line = draw(st.binary(max_size=20).map(lambda raw: raw.replace(b"\n", b"")))
    seconds = draw(st.one_of(st.none(), st.integers(0, 2**40)))
    return Entry(number, line, seconds, draw(st.integers(0, 127)))


@st.composite
def batches(draw: st.DrawFn) -> list[Batch]:
    numbers = draw(st.lists(st.one_of(st.integers(1, 60), st.integers(1, MAX)), unique=True, max_size=60))
    order = draw(st.sampled_from(["as drawn", "ascending", "descending"]))
    if order != "as drawn":
        numbers.sort(reverse=order == "descending")
    entries = [draw(entry(number)) for number in numbers]
    size = draw(st.integers(1, 9))
    return list(in_batches(entries, size))


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs and blocks so small that a few entries fill many."""
    for name, value in SMALL.items():
        monkeypatch.setattr(sorting, name, value)


@examples(300)
@given(batches())
def test_any_order_comes_out_ascending_and_exact(given_batches: list[Batch]) -> None:
    flat = [entry for batch in given_batches for entry in batch]
    result = sort_entries(iter(given_batches), io.BytesIO)
    assert list(result) == sorted(flat)
    assert list(result) == sorted(flat), "a second iteration"
    assert all(type(entry) is Entry for entry in result)
    assert (result.rows, result.duplicates, len(result)) == (len(flat), 0, len(flat))
    ids = [entry.id for entry in flat]
    assert (result.first_id, result.last_id) == (min(ids, default=0), max(ids, default=0))


@examples(200)
@given(batches(), st.data())
def test_identical_duplicates_come_out_once_and_are_counted(
    given_batches: list[Batch], data: st.DataObject
) -> None:
    flat = [entry for batch in given_batches for entry in batch]
    again = data.draw(st.lists(st.sampled_from(flat), max_size=30)) if flat else []
    mixed = data.draw(st.permutations(flat + again))
    result = sort_entries(in_batches(mixed, 1), io.BytesIO)
    assert (result.rows, result.duplicates) == (len(mixed), len(again))
    assert list(result) == sorted(flat)


@examples(100)
@given(batches(), st.data())
def test_two_entries_with_one_id_are_refused(given_batches: list[Batch], data: st.DataObject) -> None:
    flat = [entry for batch in given_batches for entry in batch] or [Entry(7, b"x", None, 0)]
    victim = data.draw(st.sampled_from(flat))
    mixed = data.draw(st.permutations([*flat, victim._replace(line=victim.line + b"!")]))
    with pytest.raises(InvalidExportError, match=f"id {victim.id}:"):
        list(sort_entries(in_batches(mixed, 1), io.BytesIO))


def test_no_entries_sort_to_none() -> None:
    result = sort_entries(iter([Batch.of([]), Batch.of([])]), io.BytesIO)
    assert (list(result), list(result.batches()), result.rows, result.duplicates) == ([], [], 0, 0)


def test_a_line_feed_in_a_line_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="line feed"):
        Batch.of([Entry(1, b"a\nb", None, 0), Entry(2, b"", None, 0)])


class Watched(io.BytesIO):
    """Remembers the longest read and write."""

    longest = 0

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self.longest = max(self.longest, len(data))
        return data

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.longest = max(self.longest, len(data))
        return super().write(data)


@pytest.mark.parametrize("shuffled", [False, True])
def test_the_entries_wait_in_the_file_and_are_read_a_block_at_a_time(
    shuffled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "BLOCK_BYTES", 1000)
    files: list[Watched] = []

    def scratch() -> BinaryIO:
        files.append(Watched())
        return files[-1]

    numbers = [n * 7919 % 5003 if shuffled else 5003 - n for n in range(1, 5003)]
    entries = (Entry(n, b"%050d" % n, n, 0) for n in numbers)
    result = sort_entries(in_batches(entries, 15), scratch)
    assert [entry.id for entry in result] == list(range(1, 5003))
    assert len(files) == (1 if not shuffled else 1 + 9), "334 runs, merged two at a time, need nine rounds"
    assert all(0 < file.longest < 2000 for file in files)


@pytest.mark.parametrize(("length", "files"), [(10, 2), (300, 4), (5000, 4)])
def test_runs_of_long_blocks_are_merged_fewer_at_a_time(
    length: int, files: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sorting, "FAN_IN", 16)
    monkeypatch.setattr(sorting, "MERGE_BYTES", 1000)
    made: list[BinaryIO] = []

    def scratch() -> BinaryIO:
        made.append(io.BytesIO())
        return made[-1]

    parts = [[Entry(n, b"x" * length, 0, 0), Entry(100 - n, b"y" * 40, 0, 0)] for n in range(1, 9)]
    batches = map(Batch.of, parts)
    assert list(sort_entries(batches, scratch)) == sorted(entry for part in parts for entry in part)
    assert len(made) == files, "eight runs at once, or two at a time in three rounds"


def test_a_full_block_is_written_before_another_entry_is_taken() -> None:
    file = io.BytesIO()

    def entries() -> Iterator[Entry]:
        for number in range(1, 9):
            written = file.tell()
            yield Entry(number, b"x" * 30, 0, 0)
            assert file.tell() > written

    assert sorting.write_run(file, sorting.in_blocks(entries())).count == 8
