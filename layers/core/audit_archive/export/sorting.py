"""Batches of entries in ascending order of id, whatever their order in the export: an external sort.

Each batch is sorted and waits in a scratch file. Exports are usually newest first, so a batch needs only be
turned around, and batches seldom overlap and only need reading in the right order. Those that do overlap are
merged entry by entry, a few at a time, before any entry is yielded. Memory: one batch, or a block of each of
FAN_IN runs, fewer if their blocks are long; and a few numbers for each run.

A run lies in the file in blocks, which are packed and unpacked in bulk. A block is two numbers (entries,
bytes of lines), then the ids and the times (8 bytes each), the marks (one byte each), and the lines.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import chain
from operator import attrgetter, itemgetter
from typing import BinaryIO, TypeAlias

from audit_archive.errors import InvalidExportError
from audit_archive.format.batch import Batch, put_together
from audit_archive.format.entry import Entry

BLOCK_BYTES = 1 << 17
_HEADER = 2 * 8
_NO_TIME = -(2**63)


@dataclass(frozen=True, slots=True)
class SortedRun:
    """Entries of rising id, `first` to `last`, `count` of them: blocks of `file` from `start` to `end`.

    `longest` is how many bytes the longest of those blocks has.
    """

    file: BinaryIO
    start: int
    end: int
    first: int
    last: int
    count: int
    longest: int

    def batches(self) -> Iterator[Batch]:
        """The entries, a block at a time."""
        at = self.start
        while at < self.end:
            block, at = _read_block(self.file, at)
            yield block

    def entries(self) -> Iterator[Entry]:
        """The entries; one block is in memory at a time."""
        return chain.from_iterable(self.batches())


def write_run(file: BinaryIO, blocks: Iterable[Batch]) -> SortedRun:
    """Append blocks to the file: at least one, none empty, in ascending order of id, each id once."""
    start = end = file.seek(0, 2)
    first = last = count = longest = 0
    for block in blocks:
        written = file.write(_pack(block))
        end, longest = end + written, max(longest, written)
        first, last, count = first or block.ids[0], block.ids[-1], count + len(block)
    return SortedRun(file, start, end, first, last, count, longest)


def in_blocks(entries: Iterable[Entry]) -> Iterator[Batch]:
    """The entries in batches of about BLOCK_BYTES of lines, read no further ahead than a batch needs."""
    block, size = list[Entry](), 0
    for entry in entries:
        block.append(entry)
        size += len(entry[1])
        if size >= BLOCK_BYTES:
            yield Batch.of(block)
            block, size = [], 0
    if block:
        yield Batch.of(block)


def _pack(block: Batch) -> bytes:
    times = array("q", [_NO_TIME if moment is None else moment for moment in block.seconds])
    header = array("q", (len(block), len(block.text)))
    return b"".join((header, array("q", block.ids), times, block.marks, block.text))


def _read_block(file: BinaryIO, at: int) -> tuple[Batch, int]:
    """The block at a position of the file, and the position after it."""
    file.seek(at)
    count, size = array("q", file.read(_HEADER))
    head = file.read(17 * count)
    ids, times = array("q", head[: 8 * count]), array("q", head[8 * count : 16 * count])
    seconds = [None if s == _NO_TIME else s for s in times] if _NO_TIME in times else times
    return Batch(ids, file.read(size), seconds, head[16 * count :]), at + _HEADER + len(head) + size


FAN_IN = 16
MERGE_BYTES = 1 << 26  # the line of one entry may have half of it

_BY_ID = itemgetter(0)

OpenScratch: TypeAlias = Callable[[], BinaryIO]
"""Opens a fresh, empty temporary file for reading and writing."""


class SortedEntries:
    """Entries in ascending order of id, each id once; can be read as often as needed.

    `rows` is how many entries went in; `duplicates` is how many of them were left out because an entry with
    the same id and the same line is there already. `first_id` and `last_id` are 0 if there is no entry. The
    scratch files must stay open meanwhile.
    """

    def __init__(self, runs: list[SortedRun], rows: int) -> None:
        self._runs = runs
        self.rows = rows
        self.duplicates = rows - sum(run.count for run in runs)
        self.first_id = runs[0].first if runs else 0
        self.last_id = runs[-1].last if runs else 0

    def __len__(self) -> int:
        return self.rows - self.duplicates

    def __iter__(self) -> Iterator[Entry]:
        """One by one."""
        return chain.from_iterable(self.batches())

    def batches(self) -> Iterator[Batch]:
        """In batches, none of them empty."""
        return chain.from_iterable(map(SortedRun.batches, self._runs))


def sort_entries(batches: Iterable[Batch], scratch: OpenScratch) -> SortedEntries:
    """Read all batches and sort them, in files that `scratch` opens.

    Raises InvalidExportError, which names the id, if two different entries have the same id.
    """
    file = scratch()
    runs, rows = list[SortedRun](), 0
    for batch in _gathered(batches):
        rows += len(batch)
        runs.append(write_run(file, (_ascending(batch),)))
    return SortedEntries(_disjoint(runs, scratch), rows)


def _gathered(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The batches, none empty; small ones are put together, so that there are few runs."""
    small, size = list[Batch](), 0
    for batch in filter(None, batches):
        small.append(batch)
        size += len(batch.text)
        if size >= BLOCK_BYTES // 2:
            yield put_together(small)
            small, size = [], 0
    if small:
        yield put_together(small)


def _ascending(batch: Batch) -> Batch:
    """The entries of a batch in ascending order of id, each id once."""
    ids = list(batch.ids)
    ordered = sorted(set(ids))
    if ids == ordered:
        return batch
    if ids[::-1] == ordered:
        return batch.backwards()
    batch = batch.chosen(sorted(range(len(ids)), key=ids.__getitem__))
    return batch if len(ordered) == len(ids) else Batch.of(_distinct(batch))


def _disjoint(runs: list[SortedRun], scratch: OpenScratch) -> list[SortedRun]:
    """Runs with the same entries, each above the one before: those that overlap are merged into one."""
    clusters = list[list[SortedRun]]()
    last = 0
    for run in sorted(runs, key=attrgetter("first")):
        if run.first > last:
            clusters.append([])
        clusters[-1].append(run)
        last = max(last, run.last)
    return [cluster[0] if len(cluster) == 1 else _merge(cluster, scratch) for cluster in clusters]


def _merge(runs: list[SortedRun], scratch: OpenScratch) -> SortedRun:
    """Merge many runs into one, a few at a time."""
    while len(runs) > 1:
        file = scratch()
        runs = [
            write_run(file, in_blocks(_distinct(merge(*map(SortedRun.entries, group), key=_BY_ID))))
            for group in _groups(runs)
        ]
    return runs[0]


def _groups(runs: list[SortedRun]) -> Iterator[list[SortedRun]]:
    """The runs in lists of two to FAN_IN; of more than two only if their blocks take at most MERGE_BYTES."""
    group, size = list[SortedRun](), 0
    for run in runs:
        if len(group) == FAN_IN or (len(group) > 1 and size + run.longest > MERGE_BYTES):
            yield group
            group, size = [], 0
        group.append(run)
        size += run.longest
    yield group


def _distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Sorted entries, each id once. Raises InvalidExportError if two that differ have the same id."""
    last: Entry | None = None
    for entry in entries:
        if last is None or entry.id != last.id:
            yield entry
        elif entry.line != last.line:
            raise InvalidExportError(
                f"The export holds two different entries with the id {entry.id}:"
                f" {last.line[:200]!r} and {entry.line[:200]!r}"
            )
        last = entry
