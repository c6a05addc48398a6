"""How far the archive of a Console reaches: what its exports held, not when runs ended."""

from audit_archive.domain.coverage import LISTED, Miscounted, Reach, StaleExport
from audit_archive.domain.head import Head
from audit_archive.domain.statement import ArchiveStatement
from audit_archive.domain.times import from_rfc3339, rfc3339
from audit_archive.reading.chain import archives_back
from audit_archive.reading.reader import Reader

LONGEST_RUN = 900
"""Seconds that a run may take (Lambda's limit): one that was completed at a moment looked no longer ago."""


def reach(reader: Reader, head: Head) -> Reach:
    """How far it reaches: back to the newest statement that completes an export, past all that do not."""
    stale: dict[int, StaleExport] = {}
    for said in archives_back(reader.source, head):
        reader.check_time("console")
        if said.is_complete:
            newer = _nothing_newer_at(reader, said)
            return Reach(said.covered_until, newer, tuple(stale.values())[::-1], miscounted(said))
        if said.stale is not None:
            export, lacks = said.export, said.stale
            stale[lacks.id] = StaleExport(export.key, export.served_at, lacks.id, lacks.timestamp)
    return Reach(stale=tuple(stale.values())[::-1])


def miscounted(said: ArchiveStatement) -> Miscounted | None:
    """The export of a statement, if it does not fit the Console's own count; no count says nothing."""
    seen = said.population
    if not seen.unexported and seen.counted in {None, seen.accounted}:
        return None
    export = said.export
    return Miscounted(export.key, export.served_at, seen.counted, seen.accounted, seen.unexported[:LISTED])


def _nothing_newer_at(reader: Reader, newest: ArchiveStatement) -> str | None:
    """When a run that began after the newest export was served looked, and archived nothing."""
    completed = reader.ledger.last_completed(newest.console) if reader.ledger is not None else None
    looked_at = (completed or 0) - LONGEST_RUN
    is_newer = looked_at > max(map(from_rfc3339, (newest.export.served_at, newest.covered_until)))
    return rfc3339(looked_at) if is_newer else None
