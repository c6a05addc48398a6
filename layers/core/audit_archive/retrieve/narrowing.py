"""Which statements, entry files and holes a question concerns. Pure.

Statements are chosen by what the index says of them. A question needs those that archived entries of its
dates and ids, and the two on either side of a step in time. A hole between two entries may have held entries
of any moment between theirs, though no file of the dates in question touches it. And an entry without a
readable time is filed under its neighbour's date.

Files and holes are chosen once the statements are read. The files of a statement are grouped into clusters in
order of id: files with overlapping ids (dates out of order) form one. What is missing between two clusters
happened between their dates.
"""

from bisect import bisect_right
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter

from audit_archive.format.facts import EntryFile, Missing
from audit_archive.format.ids import MAX_ID, IdRange
from audit_archive.format.index import ArchivedRow
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import ALL_DATES, Dates
from audit_archive.retrieve.query import Query


def overlap(one: IdRange, other: IdRange) -> bool:
    """Whether two ranges have an id in common."""
    return one.first <= other.last and other.first <= one.last


def by_epoch(rows: Iterable[ArchivedRow], query: Query) -> Iterator[tuple[int, list[ArchivedRow]]]:
    """The rows of each epoch in question, in order."""
    for epoch, group in groupby(rows, attrgetter("epoch")):
        if query.epoch in (None, epoch):
            yield epoch, list(group)


def needed(rows: Sequence[ArchivedRow], query: Query) -> list[ArchivedRow]:
    """Those rows of one epoch whose statements must be read for a query."""
    dates = query.dates
    chosen = {row.seq for row in rows if row.dates.meet(dates)}
    for before, after in pairwise((None, *(row for row in rows if row.archives_new_ids), None)):
        is_left = before is None or before.dates.first <= dates.last
        is_entered = after is None or after.dates.last >= dates.first
        if is_left and is_entered:
            chosen |= {row.seq for row in (before, after) if row is not None}
    return [row for row in rows if row.seq in chosen and overlap(row.span, query.ids)]


def of_dates(rows: Sequence[ArchivedRow], dates: Iterable[str], known: Iterable[int]) -> list[ArchivedRow]:
    """The rows, beside those with a `known` number, that may have archived entries of one of the dates."""
    read, wanted = set(known), sorted(dates)
    return [row for row in rows if row.seq not in read and any(row.dates.meet(Dates(d, d)) for d in wanted)]


def fillers(rows: Sequence[ArchivedRow], holes: Sequence[Missing], known: Iterable[int]) -> list[ArchivedRow]:
    """The rows, beside those with a `known` number, whose late ids may have filled one of the holes."""
    read = set(known)
    late = ((row, IdRange(row.ids.first, row.above)) for row in rows if row.ids.first <= row.above)
    return [
        row
        for row, ids in late
        if row.seq not in read and any(overlap(IdRange(hole.first, hole.last), ids) for hole in holes)
    ]


@dataclass(frozen=True)
class ReadRow:
    """A row of the index, and its statement."""

    row: ArchivedRow
    statement: ArchiveStatement


@dataclass(frozen=True)
class Filed:
    """An entry file, with its epoch, the number of its statement, and the end of its export's retention."""

    file: EntryFile
    epoch: int
    seq: int
    retain_until: str

    @property
    def ids(self) -> IdRange:
        """From the lowest to the highest id in it."""
        return IdRange(self.file.first_id, self.file.last_id)


@dataclass(frozen=True)
class Cluster:
    """Files of one statement with overlapping ids: the range of ids and of dates that they cover."""

    ids: IdRange
    dates: Dates
    files: tuple[Filed, ...]


_BEGINNING = Cluster(IdRange(0, 0), Dates(ALL_DATES.first, ALL_DATES.first), ())
_END = Cluster(IdRange(MAX_ID + 1, MAX_ID + 1), Dates(ALL_DATES.last, ALL_DATES.last), ())


class Steps:
    """The steps in time of one epoch: for each statement that was read, its clusters and those around them.

    `rows`: all rows of the epoch. A row that was not read counts as a cluster without files.
    """

    def __init__(self, read: Sequence[ReadRow], rows: Sequence[ArchivedRow]) -> None:
        self.read = read
        self._clusters = {each.row.seq: _clusters(each) for each in read}
        order = [row for row in rows if row.archives_new_ids]
        self._before = {row.seq: before for before, row in pairwise(order)}
        self._after = {row.seq: after for row, after in pairwise(order)}

    def of(self, each: ReadRow) -> tuple[Cluster, ...]:
        """The last cluster before a statement, its own, and the one after them unless that is read too.

        A statement that is read takes the step from the one before it to itself.
        """
        before = self._before.get(each.row.seq)
        if before is None:
            last = _BEGINNING
        elif clusters := self._clusters.get(before.seq):
            last = clusters[-1]
        else:
            last = Cluster(before.ids, before.dates, ())
        return (last, *self._clusters[each.row.seq], *self._end(each.row))

    def _end(self, row: ArchivedRow) -> tuple[Cluster, ...]:
        after = self._after.get(row.seq)
        if after is None:
            return (_END,) if row.archives_new_ids else ()
        return () if after.seq in self._clusters else (Cluster(after.ids, after.dates, ()),)


def dates_beside(steps: Steps, query: Query) -> frozenset[str]:
    """Other dates under which an entry of the dates in question may be filed, because its time is unreadable.

    Such an entry is filed with the next lower one that has a time, or with the next upper if its export has
    none below. So these are the dates from which time steps into the dates in question, or over them.
    """
    if not query.is_timed:
        return frozenset()
    return frozenset(date for each in steps.read for date in _beside(steps.of(each), query.dates))


def files_for(read: Iterable[ReadRow], beside: Container[str], query: Query) -> list[Filed]:
    """The files of one epoch that may hold a matching entry, or one that can't be judged; by first id."""
    dates = query.dates
    found = (filed for each in read for filed in _filed(each) if overlap(filed.ids, query.ids))
    chosen = [f for f in found if dates.first <= f.file.date <= dates.last or f.file.date in beside]
    return sorted(chosen, key=lambda filed: (filed.file.first_id, filed.seq))


def holes_for(steps: Steps, query: Query) -> list[Missing]:
    """The holes of one epoch that a question touches, as their statements listed them, ascending."""
    return [
        hole
        for each in steps.read
        for clusters in (steps.of(each),)
        for hole in each.statement.missing
        if overlap(IdRange(hole.first, hole.last), query.ids)
        if _dates_of(hole, clusters).meet(query.dates)
    ]


def _filed(each: ReadRow) -> Iterator[Filed]:
    for file in each.statement.entries:
        yield Filed(file, each.row.epoch, each.row.seq, each.statement.export.retain_until)


def _clusters(each: ReadRow) -> tuple[Cluster, ...]:
    """A statement's clusters in order of id. Late ids fill earlier holes, and belong to no cluster."""
    above = each.row.above
    new = (filed for filed in _filed(each) if filed.file.last_id > above)
    found: list[Cluster] = []
    for filed in sorted(new, key=lambda filed: filed.file.first_id):
        ids = IdRange(max(filed.file.first_id, above + 1), filed.file.last_id)
        date = filed.file.date
        last = found[-1] if found else None
        if last is None or ids.first > last.ids.last:
            found.append(Cluster(ids, Dates(date, date), (filed,)))
            continue
        found[-1] = Cluster(
            IdRange(last.ids.first, max(last.ids.last, ids.last)),
            Dates(min(last.dates.first, date), max(last.dates.last, date)),
            (*last.files, filed),
        )
    return tuple(found)


def _beside(clusters: Sequence[Cluster], dates: Dates) -> Iterator[str]:
    before, *others = clusters
    if others and before.dates.first <= dates.last < others[0].dates.last:
        yield from (filed.file.date for filed in others[0].files if filed.file.date > dates.last)
    for cluster in others:
        if min(before.dates.first, cluster.dates.first) < dates.first <= cluster.dates.last:
            files = (*before.files, *cluster.files)
            yield from (filed.file.date for filed in files if filed.file.date < dates.first)
        before = cluster


def _dates_of(hole: Missing, clusters: Sequence[Cluster]) -> Dates:
    """From the date of the entry below a hole to that of the entry above it. In doubt the range is wider."""
    at = bisect_right(clusters, hole.first, key=lambda cluster: cluster.ids.first)
    below = clusters[at - 1]
    if below.ids.last > hole.last:
        return below.dates
    above = clusters[at].dates.last if at < len(clusters) else ALL_DATES.last
    return Dates(below.dates.first, above)
