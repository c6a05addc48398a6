"""Store and verify: the untouched export in the bucket, proven whole and locked."""

from dataclasses import dataclass, replace
from hashlib import sha256

from audit_archive.domain.facts import ExportFacts, ObjectRef
from audit_archive.domain.head import Head
from audit_archive.domain.layout import export_key
from audit_archive.domain.times import DAY, from_rfc3339, rfc3339
from audit_archive.errors import IntegrityError
from audit_archive.ports import Retention
from audit_archive.steps.chain import check_lock
from audit_archive.steps.collect import Surveyed
from audit_archive.steps.run import Run

REUSED_FOR = 7 * DAY
"""Seconds by which the lock of a stored export may end before that of a new one would."""


@dataclass(frozen=True)
class Stored:
    """An export in the bucket that holds the surveyed entries, as it must read back."""

    facts: ExportFacts


@dataclass(frozen=True)
class Verified:
    """The export as we read it back: whole, and locked."""

    facts: ExportFacts


def store(run: Run, surveyed: Surveyed, head: Head) -> Stored:
    """Put the export under retention, with its SHA-256, so that S3 itself refuses damaged bytes.

    If the newest stored export holds the same entries under a lock that is as good, that one stands for it:
    a run that fails night after night must not store the whole trail each time.
    """
    retention, known = run.retention(), head.export
    if known is not None and _is_same(known, surveyed) and _lasts(run, known, retention):
        return Stored(known)
    export, found = surveyed.export, surveyed.survey
    key = export_key(run.order.console, export.served_at, found.first_id, found.last_id, export.sha256)
    metadata = {
        "console": run.order.console,
        "first-id": str(found.first_id),
        "last-id": str(found.last_id),
        "entry-count": str(found.entry_count),
        "sha256": export.sha256,
        "served-at": rfc3339(export.served_at),
        "run-id": run.order.facts.id,
    }
    return Stored(
        _facts(surveyed, run.store.put(key, export.file, export.sha256, retention, metadata), retention)
    )


def verify(run: Run, stored: Stored) -> Verified:
    """Read the stored version back, hash it again, and check its lock. Raises IntegrityError."""
    due = stored.facts
    digest, size = sha256(), 0
    for chunk in run.store.read(due.key, due.version_id):
        digest.update(chunk)
        size += len(chunk)
    if (digest.hexdigest(), size) != (due.sha256, due.size):
        raise IntegrityError(
            f"{due.key} version {due.version_id} reads back as {size} bytes with SHA-256 "
            f"{digest.hexdigest()}; {due.size} bytes with {due.sha256} were put. Nothing was purged"
        )
    facts = run.store.inspect(due.key, due.version_id)
    found = facts.retention if facts is not None else None
    retention = check_lock(due.key, found, due.lock_mode, from_rfc3339(due.retain_until))
    return Verified(replace(due, lock_mode=retention.mode, retain_until=rfc3339(retention.until)))


def _is_same(known: ExportFacts, surveyed: Surveyed) -> bool:
    return (known.lines_sha256, known.rows) == (surveyed.survey.lines_sha256, surveyed.entries.rows)


def _lasts(run: Run, known: ExportFacts, retention: Retention) -> bool:
    """Whether a stored export is still there, under a lock nearly as long as a new one's."""
    is_long = from_rfc3339(known.retain_until) >= retention.until - REUSED_FOR
    is_mode = known.lock_mode in {retention.mode, "COMPLIANCE"}
    return is_long and is_mode and run.store.inspect(known.key, known.version_id) is not None


def _facts(surveyed: Surveyed, ref: ObjectRef, retention: Retention) -> ExportFacts:
    export, found = surveyed.export, surveyed.survey
    return ExportFacts(
        key=ref.key,
        version_id=ref.version_id,
        sha256=export.sha256,
        size=export.size,
        lock_mode=retention.mode,
        retain_until=rfc3339(retention.until),
        served_at=rfc3339(export.served_at),
        first_id=found.first_id,
        last_id=found.last_id,
        rows=surveyed.entries.rows,
        entry_count=found.entry_count,
        lines_sha256=found.lines_sha256,
    )
