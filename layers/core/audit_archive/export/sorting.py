"""Entries in ascending order of id, whatever their order in the export: an external sort.

Entries come in batches, are sorted in runs of about a megabyte, and wait in a scratch file. Exports are
usually newest first, so runs seldom overlap and only need reading in the right order. Those that do overlap
are merged, a few at a time, before any entry is yielded. Memory: one run, or a block of each of FAN_IN runs,
fewer if their blocks are long; and a few numbers for each run.

A run lies in the file in blocks, which are packed and unpacked in bulk. A block is three numbers (entries,
bytes of lines, receipts), then the ids and the times (8 bytes each), the marks (one byte each), and the lines
with a line feed between two: no line holds one, because it is canonical JSON.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import chain, repeat
from operator import attrgetter, itemgetter
from typing import BinaryIO, TypeAlias

from audit_archive.errors import InvalidExportError
from audit_archive.format.entry import Entry, Mark

BLOCK_BYTES = 1 << 17
_HEADER = 3 * 8
_NO_TIME = -(2**63)
_RECEIPT = Mark.RECEIPT.value


@dataclass(frozen=True)
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

    def entries(self) -> Iterator[Entry]:
        """The entries; one block is in memory at a time."""
        return chain.from_iterable(self._blocks(with_lines=True))

    def heads(self) -> Iterator[Entry]:
        """The entries without their lines (`b""`); receipts keep theirs."""
        return chain.from_iterable(self._blocks(with_lines=False))

    def _blocks(self, *, with_lines: bool) -> Iterator[Iterator[Entry]]:
        at = self.start
        while at < self.end:
            block, at = _read_block(self.file, at, with_lines=with_lines)
            yield block


def write_run(file: BinaryIO, entries: Iterable[Entry]) -> SortedRun:
    """Append entries to the file: at least one, in ascending order of id, each id once."""
    start = end = file.seek(0, 2)
    first = last = count = longest = 0
    for block in _cut(entries):
        written = file.write(_pack(block))
        end, longest = end + written, max(longest, written)
        first, last, count = first or block[0].id, block[-1].id, count + len(block)
    return SortedRun(file, start, end, first, last, count, longest)


def _cut(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in lists of about BLOCK_BYTES of lines, read no further ahead than the list needs."""
    block, size = list[Entry](), 0
    for entry in entries:
        block.append(entry)
        size += len(entry[1])
        if size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _pack(block: list[Entry]) -> bytes:
    ids, lines, seconds, marks = zip(*block, strict=True)
    times = array("q", seconds if None not in seconds else [_NO_TIME if s is None else s for s in seconds])
    text = b"\n".join(lines)
    if text.count(b"\n") != len(lines) - 1:
        raise ValueError("the line of an entry holds a line feed: it is not canonical JSON")
    receipts = sum(mark & _RECEIPT for mark in marks)
    header = array("q", (len(block), len(text), receipts))
    return b"".join((header, array("q", ids), times, bytes(marks), text))


def _read_block(file: BinaryIO, at: int, *, with_lines: bool) -> tuple[Iterator[Entry], int]:
    """The entries of the block at a position of the file, and the position after it."""
    file.seek(at)
    count, size, receipts = array("q", file.read(_HEADER))
    head = file.read(17 * count)
    ids, times, marks = (
        array("q", head[: 8 * count]),
        array("q", head[8 * count : 16 * count]),
        head[16 * count :],
    )
    lines: Iterable[bytes] = repeat(b"")
    if with_lines or receipts:
        lines = file.read(size).split(b"\n")
        if not with_lines:
            lines = [line if mark & _RECEIPT else b"" for line, mark in zip(lines, marks, strict=True)]
    seconds = [None if s == _NO_TIME else s for s in times] if _NO_TIME in times else times
    rows = zip(ids, lines, seconds, marks)  # noqa: B905 - absent lines repeat without end
    return map(tuple.__new__, repeat(Entry), rows), at + _HEADER + len(head) + size


RUN_BYTES = 1 << 20
FAN_IN = 16
MERGE_BYTES = 1 << 26  # the line of one entry may have half of it

_BY_ID = itemgetter(0)

OpenScratch: TypeAlias = Callable[[], BinaryIO]
"""Opens a fresh, empty temporary file for reading and writing."""


class SortedEntries:
    """Entries in ascending order of id, each id once; can be iterated as often as needed.

    `rows` is how many entries went in; `duplicates` is how many of them were left out because an entry with
    the same id and the same line is there already. The scratch files must stay open meanwhile.
    """

    def __init__(self, runs: list[SortedRun], rows: int) -> None:
        self._runs = runs
        self.rows = rows
        self.duplicates = rows - sum(run.count for run in runs)

    def __len__(self) -> int:
        return self.rows - self.duplicates

    def __iter__(self) -> Iterator[Entry]:
        return chain.from_iterable(map(SortedRun.entries, self._runs))

    def heads(self) -> Iterator[Entry]:
        """The same entries without their lines (`b""`), for a pass without them; receipts keep theirs."""
        return chain.from_iterable(map(SortedRun.heads, self._runs))


def sort_entries(batches: Iterable[list[Entry]], scratch: OpenScratch) -> SortedEntries:
    """Read all batches and sort them, in files that `scratch` opens.

    Raises InvalidExportError, which names the id, if two different entries have the same id.
    """
    file = scratch()
    runs, rows = list[SortedRun](), 0
    for part in _parts(batches):
        rows += len(part)
        part.sort(key=_BY_ID)
        unique = len(set(map(_BY_ID, part))) == len(part)
        runs.append(write_run(file, part if unique else _distinct(part)))
    return SortedEntries(_disjoint(runs, scratch), rows)


def _parts(batches: Iterable[list[Entry]]) -> Iterator[list[Entry]]:
    """The batches, gathered to about RUN_BYTES of lines."""
    part, size = list[Entry](), 0
    for batch in batches:
        part += batch
        size += sum(map(len, map(itemgetter(1), batch)))
        if size >= RUN_BYTES:
            yield part
            part, size = [], 0
    if part:
        yield part


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
            write_run(file, _distinct(merge(*map(SortedRun.entries, group), key=_BY_ID)))
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
