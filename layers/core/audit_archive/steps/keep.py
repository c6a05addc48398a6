"""Store and verify: the untouched export in the bucket, proven whole and locked."""

from dataclasses import dataclass
from hashlib import sha256

from audit_archive.domain.facts import ExportFacts, ObjectRef
from audit_archive.domain.layout import export_key
from audit_archive.domain.times import rfc3339
from audit_archive.errors import IntegrityError
from audit_archive.ports import Retention
from audit_archive.steps.chain import check_lock
from audit_archive.steps.collect import Surveyed
from audit_archive.steps.run import Run


@dataclass(frozen=True)
class Stored:
    """The export as the bucket says it took it."""

    ref: ObjectRef
    retention: Retention


@dataclass(frozen=True)
class Verified:
    """The export as we read it back: whole, and locked."""

    facts: ExportFacts


def store(run: Run, surveyed: Surveyed) -> Stored:
    """Put the export under retention, with its SHA-256, so that S3 itself refuses damaged bytes."""
    export, found = surveyed.export, surveyed.survey
    key = export_key(run.order.console, export.served_at, found.first_id, found.last_id, export.sha256)
    retention = run.retention()
    metadata = {
        "console": run.order.console,
        "first-id": str(found.first_id),
        "last-id": str(found.last_id),
        "entry-count": str(found.entry_count),
        "sha256": export.sha256,
        "served-at": rfc3339(export.served_at),
        "run-id": run.order.facts.id,
    }
    return Stored(run.store.put(key, export.file, export.sha256, retention, metadata), retention)


def verify(run: Run, surveyed: Surveyed, stored: Stored) -> Verified:
    """Read the stored version back, hash it again, and check its lock. Raises IntegrityError."""
    ref, export = stored.ref, surveyed.export
    digest, size = sha256(), 0
    for chunk in run.store.read(ref.key, ref.version_id):
        digest.update(chunk)
        size += len(chunk)
    if (digest.hexdigest(), size) != (export.sha256, export.size):
        raise IntegrityError(
            f"{ref.key} version {ref.version_id} reads back as {size} bytes with SHA-256 "
            f"{digest.hexdigest()}; {export.size} bytes with {export.sha256} were put. Nothing was purged"
        )
    facts = run.store.inspect(ref.key, ref.version_id)
    retention = facts.retention if facts is not None else None
    check_lock(ref.key, retention, stored.retention.mode, stored.retention.until)
    return Verified(_facts(surveyed, stored, retention or stored.retention))


def _facts(surveyed: Surveyed, stored: Stored, retention: Retention) -> ExportFacts:
    export, found = surveyed.export, surveyed.survey
    return ExportFacts(
        key=stored.ref.key,
        version_id=stored.ref.version_id,
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
