"""Entries in ascending order of id, whatever their order in the export: an external sort.

Entries come in batches, are sorted in runs of a few megabytes, and wait in a scratch file. Exports are
usually newest first, so runs seldom overlap and only need reading in the right order; those that do
overlap are merged, a few at a time, before anything is yielded. Memory: one run, or a block of each of
FAN_IN runs, fewer if their blocks are long; and a few numbers for each run.
"""

from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from itertools import chain
from operator import attrgetter, itemgetter
from typing import BinaryIO

from audit_archive.domain.entry import Entry
from audit_archive.domain.sorted_runs import Run, write_run
from audit_archive.errors import InvalidExportError

RUN_BYTES = 1 << 20
FAN_IN = 16
MERGE_BYTES = 1 << 26  # the line of one entry may have half of it

_BY_ID = itemgetter(0)


class SortedEntries:
    """Entries in ascending order of id, each id once; may be iterated again and again.

    `rows` is how many entries went in; `duplicates` how many of them were left out because an entry with
    the same id and the same line is there already. The scratch files must stay open meanwhile.
    """

    def __init__(self, runs: list[Run], rows: int) -> None:
        self._runs = runs
        self.rows = rows
        self.duplicates = rows - sum(run.count for run in runs)

    def __len__(self) -> int:
        return self.rows - self.duplicates

    def __iter__(self) -> Iterator[Entry]:
        return chain.from_iterable(map(Run.entries, self._runs))

    def heads(self) -> Iterator[Entry]:
        """The same entries without their lines (`b""`), but for receipts: for a pass that needs no line."""
        return chain.from_iterable(map(Run.heads, self._runs))


def sort_entries(batches: Iterable[list[Entry]], scratch: Callable[[], BinaryIO]) -> SortedEntries:
    """Read all batches and sort them. `scratch()` gives a fresh, empty temporary file.

    Raises InvalidExportError naming the id if two different entries have one id.
    """
    file = scratch()
    runs, rows = list[Run](), 0
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


def _disjoint(runs: list[Run], scratch: Callable[[], BinaryIO]) -> list[Run]:
    """Runs with the same entries that follow each other: those that overlap are merged into one."""
    clusters = list[list[Run]]()
    last = 0
    for run in sorted(runs, key=attrgetter("first")):
        if run.first > last:
            clusters.append([])
        clusters[-1].append(run)
        last = max(last, run.last)
    return [cluster[0] if len(cluster) == 1 else _merge(cluster, scratch) for cluster in clusters]


def _merge(runs: list[Run], scratch: Callable[[], BinaryIO]) -> Run:
    """One run of many, a few at a time."""
    while len(runs) > 1:
        file = scratch()
        runs = [
            write_run(file, _distinct(merge(*map(Run.entries, group), key=_BY_ID))) for group in _groups(runs)
        ]
    return runs[0]


def _groups(runs: list[Run]) -> Iterator[list[Run]]:
    """The runs in lists of at most FAN_IN whose blocks fit into memory together, but of two at least."""
    group, size = list[Run](), 0
    for run in runs:
        if len(group) == FAN_IN or (len(group) > 1 and size + run.longest > MERGE_BYTES):
            yield group
            group, size = [], 0
        group.append(run)
        size += run.longest
    yield group


def _distinct(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Sorted entries, each id once. Raises InvalidExportError if two that differ have one id."""
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
