"""Publish the entry files of a signed statement, announce its findings, then record it in the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.alerts import announce_all
from audit_archive.errors import SettingsError
from audit_archive.finding import Finding
from audit_archive.format.head import Head
from audit_archive.format.statement import Statement
from audit_archive.ports import NewObject
from audit_archive.run.checkpoints import Signed
from audit_archive.run.context import Run
from audit_archive.storage.entry_files import Built


@dataclass(frozen=True)
class Published:
    """A signed statement whose entry files are in the bucket."""

    statement: Statement
    head: Head
    note: bytes


def publish(run: Run, signed: Signed, built: Built | None = None) -> Published:
    """Put the entry files, if there are any. The signed statement already holds their hashes."""
    if built is not None and built.files:
        files = [NewObject(facts.key, file, facts.sha256) for facts, file in built.files]
        run.store.put_all(files, run.retention(), {"console": run.order.console})
    return Published(signed.statement, signed.head, signed.note)


def record(run: Run, published: Published) -> Head:
    """Move the ledger to a statement that is committed, signed and published."""
    run.ledger.record(published.head, published.statement, published.note)
    return published.head


def announce_and_record(run: Run, published: Published, findings: Iterable[Finding]) -> Head:
    """Announce the findings of a statement, then record it.

    In this order, so that after a crash in between the next run announces them. Raises SettingsError if the
    topic refuses, after recording the statement: a topic must not stop the archive.
    """
    try:
        announce_all(run, findings)
    except SettingsError:
        record(run, published)
        raise
    return record(run, published)
