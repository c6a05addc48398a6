"""The coverage of an answer: what was there to search, what was searched, and what could not be."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from audit_archive.domain.coverage import LISTED, NOT_VERIFIED, UNNAMED, Coverage, Hole, Unjudged
from audit_archive.domain.facts import HeldBackBy
from audit_archive.domain.foreign import ForeignPurge
from audit_archive.domain.outcomes import gaps
from audit_archive.domain.query import Query
from audit_archive.domain.statement import ArchiveStatement
from audit_archive.domain.times import from_rfc3339, rfc3339
from audit_archive.domain.timestamps import read_timestamp
from audit_archive.reading.chain import Chain
from audit_archive.reading.reader import Reader
from audit_archive.reading.scan import Tally
from audit_archive.reading.selection import Selected, populations

LONGEST_RUN = 900
"""Seconds that a run may take (Lambda's limit): one that was completed at a moment looked no longer ago."""


def cover(reader: Reader, chain: Chain, query: Query, selected: Sequence[Selected], tally: Tally) -> Coverage:
    """What an answer rests on, once everything was scanned."""
    head = chain.head
    holes = [hole for each in selected for hole in _holes(each)]
    coverage = Coverage(
        statements=head.seq,
        newest_statement=head.statement.key if head.statement is not None else None,
        newest_sha256=head.statement.sha256 if head.statement is not None else None,
        up_to=known_up_to(reader, chain.console, chain.newest),
        archived=populations(chain.rows),
        searched=replace(tally.searched, statements=sum(len(each.read) for each in selected)),
        matched=tally.matched,
        missing_ids=sum(hole.last - hole.first + 1 for hole in holes),
        holes=tuple(holes[:LISTED]),
        foreign_purges=tuple(islice(_foreign_purges(selected), LISTED)),
        unjudged=tuple(_unjudged(tally)),
        gone_entries=sum(gone.count for gone in tally.gone),
        gone_files=tuple(tally.gone[:LISTED]),
        not_verified=(*NOT_VERIFIED, *unnamed(query)),
    )
    return replace(coverage, not_covered=tuple(gaps(query, coverage)))


def known_up_to(reader: Reader, console: str, newest: ArchiveStatement | None) -> str | None:
    """The moment up to which a Console's entries are known to be archived; None if nothing is archived.

    When the newest export was served, or when a completed run found nothing new since. If a run has archived
    only a part of its export so far, the time of the last entry that it has.
    """
    if newest is None:
        return None
    if newest.plan.held_back_by == HeldBackBy.NOT_YET_RECORDED:
        last = read_timestamp(newest.anchor.timestamp) if newest.anchor is not None else None
        return rfc3339(last) if last is not None else None
    completed = reader.ledger.last_completed(console) if reader.ledger is not None else None
    return rfc3339(max(from_rfc3339(newest.export.served_at), (completed or 0) - LONGEST_RUN))


def unnamed(query: Query) -> Iterator[str]:
    """What nobody looks into: entries without what the question filters by are nobody's."""
    filters = {"user": query.users, "action_type": query.action_types, "address": query.networks}
    for field, values in (filters | {"flock": query.flocks}).items():
        if values:
            yield UNNAMED.format(field=field)


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
