"""Download and survey: the export on disk, and everything one pass over it finds out."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from audit_archive.domain.head import Head
from audit_archive.domain.json_entries import read_entries
from audit_archive.domain.layout import rejected_key
from audit_archive.domain.sorting import SortedEntries, sort_entries
from audit_archive.domain.survey import Survey, survey_entries
from audit_archive.domain.zip_export import open_member
from audit_archive.errors import ArchiveStoreError, IntegrityError, InvalidExportError, RollbackError
from audit_archive.ports import ScratchFile
from audit_archive.steps.run import Run


@dataclass(frozen=True)
class Export:
    """An export, whole, on disk: its size in bytes, SHA-256 (hex), and when it was served (epoch seconds).

    `served_at` is the earlier of the Console's clock and ours, so that neither can make an entry look older
    than it is.
    """

    file: BinaryIO
    size: int
    sha256: str
    served_at: int


@dataclass(frozen=True)
class Surveyed:
    """An export, its entries ascending by id, and what the pass over them found out."""

    export: Export
    entries: SortedEntries
    survey: Survey


def download(run: Run) -> Export:
    """Spool the export to disk."""
    spool = run.scratch()
    received = run.console.download(spool)
    now = run.clock.now()
    served_at = min(now, received.served_at) if received.served_at is not None else now
    return Export(spool, received.size, received.sha256, served_at)


def survey(run: Run, export: Export, head: Head) -> Surveyed:
    """Read the whole export once. Raises InvalidExportError."""
    entries = read_export(export.file, export.size, run.scratch)
    cutoff = export.served_at - run.order.policy.window
    return Surveyed(export, entries, survey_entries(entries, head, export.served_at, cutoff))


def read_export(file: BinaryIO, size: int, scratch: ScratchFile) -> SortedEntries:
    """The distinct entries of a zip export, ascending by id. Raises InvalidExportError."""
    return sort_entries(read_entries(open_member(file, size)), scratch)


@contextmanager
def kept_if_refused(run: Run, export: Export) -> Iterator[None]:
    """Keep an export under `rejected/` if it is refused."""
    try:
        yield
    except (InvalidExportError, RollbackError) as refusal:
        refusal.add_note(_keep(run, export))
        raise


def _keep(run: Run, export: Export) -> str:
    """Store a refused export for a person to look at; a store that fails must not hide the refusal."""
    key = rejected_key(run.order.console, export.served_at, export.sha256)
    retention = run.rejected_retention()
    metadata = {"console": run.order.console, "sha256": export.sha256, "run-id": run.order.facts.id}
    try:
        ref = run.store.put(key, export.file, export.sha256, retention, metadata)
    except (ArchiveStoreError, IntegrityError) as error:
        return f"The refused export could not be kept: {error}"
    return f"The refused export is kept as {ref.key}, version {ref.version_id}."
