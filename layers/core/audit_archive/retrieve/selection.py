"""The selection: the statements that a question needs, and their entry files, holes and foreign purges."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from audit_archive.format.facts import Cause, Missing
from audit_archive.format.head import Head
from audit_archive.format.ids import IdRange, IdSet, id_set
from audit_archive.format.index import ArchivedRow
from audit_archive.format.purges import ForeignPurge, foreign_purges_of
from audit_archive.format.times import read_timestamp
from audit_archive.retrieve.coverage import Population, RestsOn
from audit_archive.retrieve.narrowing import (
    Filed,
    ReadRow,
    Steps,
    by_epoch,
    dates_beside,
    files_for,
    fillers,
    holes_for,
    needed,
    of_dates,
)
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.statements import KnownChain, Reader, misfit_at, read_row


@dataclass(frozen=True)
class Selected:
    """What a question needs of one epoch. The files to scan are in order of first id."""

    epoch: int
    read: tuple[ReadRow, ...]
    files: tuple[Filed, ...]
    holes: tuple[Missing, ...]
    foreign_purges: tuple[ForeignPurge, ...]


def select_statements(reader: Reader, chain: KnownChain, query: Query) -> list[Selected]:
    """What the question needs, epoch by epoch. Every statement is compared with what is known of it.

    Raises IntegrityError if its bytes do not match their hash, MisindexedError if it does not match the
    index.
    """
    return [
        _select(reader, chain, epoch, rows, within)
        for epoch, rows in by_epoch(chain.rows, query)
        if (within := query.within(epoch)) is not None
    ]


def populations(rows: Iterable[ArchivedRow]) -> tuple[Population, ...]:
    """What is archived, epoch by epoch."""
    whole = Query("")
    return tuple(
        Population(
            epoch,
            sum(row.count for row in group),
            min(row.ids.first for row in group),
            max(row.ids.last for row in group),
            min(row.dates.first for row in group),
            max(row.dates.last for row in group),
        )
        for epoch, group in by_epoch(rows, whole)
    )


def _select(
    reader: Reader, chain: KnownChain, epoch: int, rows: Sequence[ArchivedRow], query: Query
) -> Selected:
    read = list(_read(reader, chain, needed(rows, query)))
    steps = Steps(read, rows)
    listed, beside = holes_for(steps, query), dates_beside(steps, query)
    more = of_dates(rows, beside, [each.row.seq for each in read])
    more += fillers(rows, listed, [row.seq for row in more] + [each.row.seq for each in read])
    every = sorted([*read, *_read(reader, chain, more)], key=lambda each: each.row.seq)
    filled = id_set(entry_id for each in every for entry_id in each.statement.filled)
    holes = tuple(part for hole in listed for part in _unfilled(hole, filled, query.ids))
    if chain.rests_on == RestsOn.INDEX and epoch == chain.head.epoch:
        _check_open(holes, chain.head)
    foreign = (purge for each in read for purge in foreign_purges_of(each.statement))
    asked = tuple(purge for purge in foreign if _is_asked_for(purge, holes, query))
    return Selected(epoch, tuple(every), tuple(files_for(every, beside, query)), holes, asked)


def _read(reader: Reader, chain: KnownChain, rows: Iterable[ArchivedRow]) -> Iterator[ReadRow]:
    for row in rows:
        reader.check_time("from")
        yield ReadRow(row, read_row(reader, chain, row))


def _unfilled(hole: Missing, filled: IdSet, asked: IdRange) -> Iterator[Missing]:
    """The parts of a hole within the ids in question that no late id filled."""
    for left in filled.gaps(max(hole.first, asked.first), min(hole.last, asked.last)).ranges:
        yield Missing(left.first, left.last, hole.cause, hole.receipt_id)


def _check_open(holes: Iterable[Missing], head: Head) -> None:
    """Raise MisindexedError if the head counts an id of a hole as filled: the index hides the statement."""
    for hole in holes:
        is_open = head.open_ids.within(hole.first, hole.last).size == hole.last - hole.first + 1
        if hole.cause != Cause.PURGED and not is_open:
            raise misfit_at(f"the ids {hole.first} to {hole.last}")


def _is_asked_for(purge: ForeignPurge, holes: Sequence[Missing], query: Query) -> bool:
    """Whether a foreign purge left a hole in what is asked for, or happened within it."""
    if any(hole.receipt_id == purge.receipt_id for hole in holes):
        return True
    if not query.ids.first <= purge.receipt_id <= query.ids.last:
        return False
    at = read_timestamp(purge.timestamp)
    if at is None:
        return True
    return (query.start is None or at >= query.start) and (query.end is None or at < query.end)
