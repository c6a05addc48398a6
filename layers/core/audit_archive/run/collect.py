"""Download an export, survey it, store it, and verify what is stored: whole, and under its lock."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import BinaryIO

from audit_archive.errors import ArchiveStoreError, IntegrityError, InvalidExportError, RollbackError
from audit_archive.export import read_export
from audit_archive.export.sorting import SortedEntries
from audit_archive.format.facts import ExportFacts, LockMode, ObjectRef
from audit_archive.format.hashing import hash_all
from audit_archive.format.head import Head
from audit_archive.format.layout import export_key, rejected_key
from audit_archive.format.times import from_rfc3339, rfc3339
from audit_archive.ports import ENCRYPTION, Retention
from audit_archive.run.context import Run
from audit_archive.run.lock_terms import MAX_LOCK_SHORTFALL
from audit_archive.run.survey import Survey, survey_entries
from audit_archive.storage.chain import check_encryption, check_lock


@dataclass(frozen=True)
class Export:
    """A whole export on disk: its size in bytes, its SHA-256 (hex), and when it was served (epoch seconds).

    `served_at` is the earlier of the Console's clock and ours. So no clock alone can make an entry look older
    than it is.
    """

    file: BinaryIO
    size: int
    sha256: str
    served_at: int


@dataclass(frozen=True)
class Surveyed:
    """An export, its entries ascending by id, and the survey of them."""

    export: Export
    entries: SortedEntries
    survey: Survey


@dataclass(frozen=True)
class StoredExport:
    """An export in the bucket that holds the surveyed entries. `facts` say what must read back."""

    facts: ExportFacts


@dataclass(frozen=True)
class Verified:
    """An export that was read back from the bucket: whole, and locked."""

    facts: ExportFacts


def download(run: Run) -> Export:
    """Download the export to a temporary file."""
    spool = run.scratch()
    received = run.console.download(spool)
    now = run.clock.now()
    served_at = min(now, received.served_at) if received.served_at is not None else now
    return Export(spool, received.size, received.sha256, served_at)


def survey(run: Run, export: Export, head: Head) -> Surveyed:
    """Survey the whole export in one pass. Raises InvalidExportError."""
    entries = read_export(export.file, export.size, run.scratch)
    cutoff = export.served_at - run.order.policy.window
    return Surveyed(export, entries, survey_entries(entries.batches(), head, export.served_at, cutoff))


@contextmanager
def kept_if_refused(run: Run, export: Export) -> Iterator[None]:
    """Keep an export under `rejected/` if it is refused."""
    try:
        yield
    except (InvalidExportError, RollbackError) as refusal:
        refusal.add_note(_keep(run, export))
        raise


def _keep(run: Run, export: Export) -> str:
    """Store a refused export, and say where it is. A store that fails must not hide the refusal."""
    key = rejected_key(run.order.console, export.served_at, export.sha256)
    retention = run.rejected_retention()
    metadata = {"console": run.order.console, "sha256": export.sha256, "run-id": run.order.facts.id}
    try:
        ref = run.store.put(key, export.file, export.sha256, retention, metadata)
    except (ArchiveStoreError, IntegrityError) as error:
        return f"The refused export could not be kept: {error}"
    return f"The refused export is kept as {ref.key}, version {ref.version_id}."


def store(run: Run, surveyed: Surveyed, head: Head) -> StoredExport:
    """Put the export under retention, with its SHA-256, so that S3 itself refuses damaged bytes.

    If the newest stored export holds the same entries, and its lock lasts nearly as long, no new one is
    stored: a run that fails every night must not store the whole trail each time.
    """
    retention, known = run.retention(), head.export
    if known is not None and _is_same(known, surveyed) and _lasts(run, known, retention):
        return StoredExport(known)
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
    return StoredExport(
        _facts(surveyed, run.store.put(key, export.file, export.sha256, retention, metadata), retention)
    )


def verify_stored(run: Run, stored: StoredExport) -> Verified:
    """Read the stored version back, hash it again, and check its lock. Raises IntegrityError."""
    expected = stored.facts
    read = hash_all(run.store.read(expected.key, expected.version_id))
    if (read.sha256, read.size) != (expected.sha256, expected.size):
        raise IntegrityError(
            f"{expected.key} version {expected.version_id} reads back as {read.size} bytes with SHA-256 "
            f"{read.sha256}. {expected.size} bytes with SHA-256 {expected.sha256} were put. Nothing was "
            "purged. If the next run says the same, verify the archive"
        )
    facts = run.store.inspect(expected.key, expected.version_id)
    found = facts.retention if facts is not None else None
    retention = check_lock(expected.key, found, expected.lock_mode, from_rfc3339(expected.retain_until))
    check_encryption(facts)
    return Verified(replace(expected, lock_mode=retention.mode, retain_until=rfc3339(retention.until)))


def _is_same(known: ExportFacts, surveyed: Surveyed) -> bool:
    return (known.lines_sha256, known.rows) == (surveyed.survey.lines_sha256, surveyed.entries.rows)


def _lasts(run: Run, known: ExportFacts, retention: Retention) -> bool:
    """Whether a stored export is still there, encrypted by S3, under a lock nearly as long as a new one."""
    is_long = from_rfc3339(known.retain_until) >= retention.until - MAX_LOCK_SHORTFALL
    is_mode = known.lock_mode in {retention.mode, LockMode.COMPLIANCE}
    if not (is_long and is_mode):
        return False
    facts = run.store.inspect(known.key, known.version_id)
    return facts is not None and facts.encryption == ENCRYPTION


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
