"""Which statements a question needs read, by what the index says of them. Pure.

Besides those that archived entries of the dates and ids asked for, these are the two on either side of a step
in time: a hole between two entries may have been entries of any moment between theirs, though no file of the
dates asked for touches it; and an entry without a readable time is filed under its neighbour's date.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise
from operator import attrgetter

from audit_archive.domain.catalogue import Row
from audit_archive.domain.facts import Missing
from audit_archive.domain.query import Dates, Query
from audit_archive.domain.ranges import IdRange


def overlap(one: IdRange, other: IdRange) -> bool:
    """Whether two ranges have an id in common."""
    return one.first <= other.last and other.first <= one.last


def by_epoch(rows: Iterable[Row], query: Query) -> Iterator[tuple[int, list[Row]]]:
    """The rows of each epoch that is asked for, in order."""
    for epoch, group in groupby(rows, attrgetter("epoch")):
        if query.epoch in (None, epoch):
            yield epoch, list(group)


def needed(rows: Sequence[Row], query: Query) -> list[Row]:
    """Those of one epoch's rows that must be read for a query."""
    dates = query.dates
    chosen = {row.seq for row in rows if row.dates.meet(dates)}
    for before, after in pairwise((None, *(row for row in rows if row.goes_on), None)):
        is_left = before is None or before.dates.first <= dates.last
        is_entered = after is None or after.dates.last >= dates.first
        if is_left and is_entered:
            chosen |= {row.seq for row in (before, after) if row is not None}
    return [row for row in rows if row.seq in chosen and overlap(row.span, query.ids)]


def of_dates(rows: Sequence[Row], dates: Iterable[str], known: Iterable[int]) -> list[Row]:
    """The rows, beside those with a `known` number, that may have archived entries of one of the dates."""
    read, wanted = set(known), sorted(dates)
    return [row for row in rows if row.seq not in read and any(row.dates.meet(Dates(d, d)) for d in wanted)]


def fillers(rows: Sequence[Row], holes: Sequence[Missing], known: Iterable[int]) -> list[Row]:
    """The rows, beside those with a `known` number, whose late ids may have filled one of the holes."""
    read = set(known)
    late = ((row, IdRange(row.ids.first, row.above)) for row in rows if row.ids.first <= row.above)
    return [
        row
        for row, ids in late
        if row.seq not in read and any(overlap(IdRange(hole.first, hole.last), ids) for hole in holes)
    ]
