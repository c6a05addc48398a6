"""The coverage of an answer: what was there to search, what was searched, and what could not be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from audit_archive.domain.amended import Amendments
from audit_archive.domain.coverage import (
    INDEX_ONLY,
    LISTED,
    NOT_VERIFIED,
    UNNAMED,
    Coverage,
    Hole,
    Miscounted,
    Reach,
    RestsOn,
    Unjudged,
)
from audit_archive.domain.foreign import ForeignPurge
from audit_archive.domain.limits import gaps, is_asked_for, notices
from audit_archive.domain.query import Query
from audit_archive.reading.chain import Chain
from audit_archive.reading.reach import miscounted, reach
from audit_archive.reading.reader import Reader
from audit_archive.reading.scan import Tally
from audit_archive.reading.selection import Selected, populations


@dataclass(frozen=True)
class Read:
    """What was read for an answer: the selected statements, what was seen in the files, other forms."""

    selected: Sequence[Selected]
    tally: Tally
    amendments: Amendments


def cover(reader: Reader, chain: Chain, query: Query, read: Read) -> Coverage:
    """What an answer rests on, once everything was scanned."""
    head, tally, selected = chain.head, read.tally, read.selected
    reached = reach(reader, head)
    holes = [hole for each in selected for hole in _holes(each)]
    coverage = Coverage(
        statements=head.seq,
        newest_statement=head.statement.key if head.statement is not None else None,
        newest_sha256=head.statement.sha256 if head.statement is not None else None,
        up_to=reached.up_to,
        rests_on=chain.rests_on,
        nothing_newer_at=reached.nothing_newer_at,
        archived=populations(chain.rows),
        searched=replace(tally.searched, statements=sum(len(each.read) for each in selected)),
        matched=tally.matched,
        missing_ids=sum(hole.last - hole.first + 1 for hole in holes),
        holes=tuple(holes[:LISTED]),
        foreign_purges=tuple(islice(_foreign_purges(selected), LISTED)),
        unjudged=tuple(_unjudged(tally)),
        gone_entries=sum(gone.count for gone in tally.gone),
        gone_files=tuple(tally.gone[:LISTED]),
        stale=tuple(each for each in reached.stale if is_asked_for(query, each, head.epoch, reached.up_to)),
        miscounted=tuple(islice(_miscounted(reached, selected), LISTED)),
        contradiction=chain.contradiction,
        amended=read.amendments.told(),
        overlaid=tuple(tally.overlaid[:LISTED]),
        not_verified=(*NOT_VERIFIED, *_unread(chain), *unnamed(query)),
    )
    told = tuple(notices(coverage, chain.remark, read.amendments.count))
    return replace(coverage, notices=told, not_covered=tuple(gaps(query, coverage)))


def _unread(chain: Chain) -> Iterator[str]:
    if chain.rests_on == RestsOn.INDEX:
        yield INDEX_ONLY


def unnamed(query: Query) -> Iterator[str]:
    """What nobody looks into: entries without what the question filters by are nobody's."""
    filters = {"user": query.users, "action_type": query.action_types, "address": query.networks}
    for field, values in (filters | {"flock": query.flocks}).items():
        if values:
            yield UNNAMED.format(field=field)


def _miscounted(reached: Reach, selected: Sequence[Selected]) -> Iterator[Miscounted]:
    """Each export once: those that the question touches, and the newest whole one."""
    found = (miscounted(each.said) for group in selected for each in group.read)
    yield from dict.fromkeys(each for each in (*found, reached.miscounted) if each is not None)


def _holes(each: Selected) -> Iterator[Hole]:
    for hole in each.holes:
        yield Hole(each.epoch, hole.first, hole.last, hole.cause, hole.receipt_id)


def _foreign_purges(selected: Sequence[Selected]) -> Iterator[ForeignPurge]:
    for each in selected:
        for purge in each.foreign_purges:
            yield replace(purge, lost=purge.lost[:LISTED])


def _unjudged(tally: Tally) -> Iterator[Unjudged]:
    for name, ids in sorted(tally.unjudged.items()):
        yield Unjudged(name, tally.unjudged_counts[name], tuple(ids))
