"""Commit a statement: the one put that appends it to the chain."""

from dataclasses import replace
from hashlib import sha256

from audit_archive.errors import ArchiveStoreError
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.facts import ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.head_digest import HEAD_FORMAT, head_sha256
from audit_archive.format.layout import statement_key
from audit_archive.format.purges import mismatch_sentence
from audit_archive.format.statement import PurgeStatement, Statement, statement_bytes
from audit_archive.run.context import Run
from audit_archive.storage.chain import Committed, check_continuity, check_encryption, check_lock


def commit(run: Run, before: Head, statement: Statement) -> Committed | None:
    """Append a statement to the chain. Returns None if another run took its sequence number.

    This put is the commit point. Its answer may be lost, or a retry may meet our own earlier success. So only
    reading back decides: with identical bytes the statement is ours. Raises IntegrityError before anything is
    written if the statement does not follow from the head, and afterwards if the stored object is not locked.
    Raises ArchiveStoreError if nothing was written.
    """
    statement = _with_digest(before, statement)
    check_continuity(statement_key(run.order.console, statement.seq), before, statement)
    data = statement_bytes(statement)
    digest = sha256(data).hexdigest()
    key = statement_key(run.order.console, statement.seq)
    retention = run.retention()
    run.store.create(key, data, digest, retention)
    facts = run.store.inspect(key)
    if facts is None:
        raise ArchiveStoreError(
            f"{key} could not be written, and no other run wrote it. The next run tries again"
        )
    if b"".join(run.store.read(key, facts.version_id)) != data:
        return None
    check_encryption(facts)
    check_lock(key, facts.retention, run.order.lock_mode, retention.until)
    ref = ObjectRef(key, facts.version_id, digest)
    return Committed(statement, ref, before, before.after(statement, ref))


def _with_digest(before: Head, statement: Statement) -> Statement:
    """The statement with the digest of the head that it leads to."""
    after = before.after(statement, ObjectRef("", "", ""))
    return replace(statement, head_format=HEAD_FORMAT, head_sha256=head_sha256(after))


def mismatch_finding(statement: PurgeStatement) -> Finding:
    """The finding that a purge destroyed more than was archived."""
    sentence = mismatch_sentence(
        statement.console, statement.boundary, statement.expected_count, statement.reported_count
    )
    return Finding(FindingKind.PURGE_MISMATCH, statement.console, sentence, {"statement": statement.seq})
