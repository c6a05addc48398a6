"""Works out the coverage of an answer: how far the archive reaches, what was searched, what could not be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from audit_archive.fleet_ports import LastRuns
from audit_archive.format.display import stated
from audit_archive.format.head import Head
from audit_archive.format.purges import ForeignPurge
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import from_rfc3339, rfc3339
from audit_archive.retrieve.amendments import Amendments
from audit_archive.retrieve.coverage import (
    INDEX_ONLY,
    LISTED,
    NOT_VERIFIED,
    UNNAMED,
    Coverage,
    Hole,
    Miscounted,
    Reach,
    RestsOn,
    SearchTally,
    StaleExport,
    Unjudged,
)
from audit_archive.retrieve.outcome import gaps, is_asked_for, notices
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.selection import Selected, populations
from audit_archive.retrieve.statements import KnownChain, Reader
from audit_archive.storage.chain import archives_back

LONGEST_RUN = 900
"""Seconds that a run may take (Lambda's limit). So a run that completed at a moment began at most so long
before."""


def reach(reader: Reader, head: Head, runs: LastRuns | None = None) -> Reach:
    """How far the archive of a Console reaches. What its exports held decides, not when runs ended.

    Reads back from the newest statement to the first one that completes an export. `runs`: the last ones, if
    the ledger was asked already.
    """
    stale: dict[int, StaleExport] = {}
    for statement in archives_back(reader.source, head):
        reader.check_time("console")
        if statement.is_complete:
            newer = _nothing_newer_at(reader, statement, runs)
            return Reach(statement.covered_until, newer, tuple(stale.values())[::-1], miscounted(statement))
        if statement.stale is not None:
            export, lacks = statement.export, statement.stale
            stale[lacks.id] = StaleExport(export.key, export.served_at, lacks.id, lacks.timestamp)
    return Reach(stale=tuple(stale.values())[::-1])


def miscounted(statement: ArchiveStatement) -> Miscounted | None:
    """The export of a statement, if it does not match the Console's own count.

    An export without a count matches.
    """
    seen = statement.population
    if not seen.unexported and seen.counted in {None, seen.accounted}:
        return None
    export = statement.export
    return Miscounted(export.key, export.served_at, seen.counted, seen.accounted, seen.unexported[:LISTED])


def _nothing_newer_at(reader: Reader, newest: ArchiveStatement, runs: LastRuns | None) -> str | None:
    """When a run began that archived nothing, if it was after the newest export was served."""
    if runs is None and reader.ledger is not None:
        runs = reader.ledger.last_runs(newest.console)
    looked_at = ((runs.completed_at if runs is not None else None) or 0) - LONGEST_RUN
    is_newer = looked_at > max(map(from_rfc3339, (newest.export.served_at, newest.covered_until)))
    return rfc3339(looked_at) if is_newer else None


@dataclass(frozen=True)
class AnswerSources:
    """What was read for an answer: the selected statements, the counts of the scan, other forms."""

    selected: Sequence[Selected]
    tally: SearchTally
    amendments: Amendments


def cover(reader: Reader, chain: KnownChain, query: Query, read: AnswerSources) -> Coverage:
    """The coverage, once every file was scanned."""
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
        amended=read.amendments.places(),
        overlaid=tuple(tally.overlaid[:LISTED]),
        cursor=str(tally.last) if tally.is_cut else None,
        not_verified=(*NOT_VERIFIED, *_unread(chain), *unnamed(query)),
    )
    return replace(
        coverage,
        notices=(*notices(coverage, chain.remark, read.amendments.count), *accepted_faults(head)),
        not_covered=tuple(gaps(query, coverage)),
    )


def accepted_faults(head: Head) -> Iterator[str]:
    """A sentence for each decision that accepted faults of the daily audit."""
    for each in head.acceptances:
        count = f"{len(each.faults)} faults" if len(each.faults) > 1 else "a fault"
        yield (
            f"At {rfc3339(each.at)} an operator accepted {count} of the daily audit, which statement "
            f"{each.seq} lists, {stated(each.who, each.reason)}"
        )


def _unread(chain: KnownChain) -> Iterator[str]:
    if chain.rests_on == RestsOn.INDEX:
        yield INDEX_ONLY


def unnamed(query: Query) -> Iterator[str]:
    """A clause for each filter: an entry without a value in its field never matches."""
    filters = {"user": query.users, "action_type": query.action_types, "address": query.networks}
    for field, values in (filters | {"flock": query.flocks}).items():
        if values:
            yield UNNAMED.format(field=field)


def _miscounted(reached: Reach, selected: Sequence[Selected]) -> Iterator[Miscounted]:
    """Each export once: those that the question touches, and the newest complete one."""
    found = (miscounted(each.statement) for group in selected for each in group.read)
    yield from dict.fromkeys(each for each in (*found, reached.miscounted) if each is not None)


def _holes(each: Selected) -> Iterator[Hole]:
    for hole in each.holes:
        yield Hole(each.epoch, hole.first, hole.last, hole.cause, hole.receipt_id)


def _foreign_purges(selected: Sequence[Selected]) -> Iterator[ForeignPurge]:
    for each in selected:
        for purge in each.foreign_purges:
            yield replace(purge, lost=purge.lost[:LISTED])


def _unjudged(tally: SearchTally) -> Iterator[Unjudged]:
    for name, ids in sorted(tally.unjudged.items()):
        yield Unjudged(name, tally.unjudged_counts[name], tuple(ids))
