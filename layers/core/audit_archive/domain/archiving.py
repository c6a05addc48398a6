"""Which statement archived which of the entries that are live. Pure."""

from dataclasses import dataclass

from audit_archive.domain.facts import EntryFile, ExportFacts, IdSpan
from audit_archive.domain.head import Head
from audit_archive.domain.ranges import IdSet
from audit_archive.domain.statement import ArchiveStatement
from audit_archive.domain.times import DAY, from_rfc3339


@dataclass(frozen=True)
class Archiving:
    """What one statement archived of the entries that are live now, and the export that proves them.

    `ids`: those entries. `started_at`: when its run began (epoch seconds). `amended`: which archived entries
    said something else by then.
    """

    seq: int
    ids: IdSet
    entries: tuple[EntryFile, ...]
    export: ExportFacts
    started_at: int
    amended: tuple[IdSpan, ...]


def ends_at(archiving: Archiving, retention_days: int) -> int:
    """Until when the proof of these entries lasts (epoch seconds): a lock ends, or an object expires."""
    expires_at = archiving.started_at + retention_days * DAY
    return min(from_rfc3339(archiving.export.retain_until), expires_at)


def live_archived(head: Head, live: IdSet) -> IdSet:
    """Those of the live ids that are archived."""
    return live.within(1, head.highest_archived_id).minus(head.open_ids)


def archived_part(said: ArchiveStatement, below: int, live: IdSet) -> IdSet:
    """Those of some live ids that a statement archived; no newer statement archived any of them.

    `below` is the highest id that was archived before it.
    """
    seen = live.within(below + 1, said.highest_archived_id)
    absent = IdSet.of(*((hole.first, hole.last) for hole in said.missing))
    late = live.intersection(IdSet.of(*((entry_id, entry_id) for entry_id in said.filled)))
    if seen.intersection(absent):
        seen = seen.minus(absent)
    return IdSet.of(*seen.ranges, *late.ranges) if late else seen
