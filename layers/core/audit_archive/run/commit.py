"""The hash chain in the bucket: the truth, of which the ledger is the index."""

from dataclasses import dataclass, replace
from hashlib import sha256

from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.codec import UnknownMember
from audit_archive.format.continuity import misfits
from audit_archive.format.facts import LockMode, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.head_digest import HEAD_FORMAT, head_sha256
from audit_archive.format.layout import statement_key
from audit_archive.format.purges import mismatch_sentence
from audit_archive.format.statement import PurgeStatement, Statement, parse_statement, statement_bytes
from audit_archive.ports import ArchiveSource, Retention, Version
from audit_archive.run.context import Run
from audit_archive.storage.chain import CHAIN_WAY_OUT, statements_beyond


@dataclass(frozen=True)
class Committed:
    """A statement that is in the chain for ever, the head before it and the head with it."""

    statement: Statement
    ref: ObjectRef
    before: Head
    head: Head


def commit(run: Run, before: Head, statement: Statement) -> Committed | None:
    """Append a statement to the chain, or return None if another run took its sequence number.

    This put is the commit point. Its answer may be lost or may tell of our own earlier success, so only
    reading it back decides: identical bytes mean that we won. Raises IntegrityError if what is there is not
    locked; and, before anything is written, for a statement that does not go on from the head.
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
            f"{key} could not be written and nobody else wrote it; the next run tries again"
        )
    if b"".join(run.store.read(key, facts.version_id)) != data:
        return None
    check_lock(key, facts.retention, run.order.lock_mode, retention.until)
    ref = ObjectRef(key, facts.version_id, digest)
    return Committed(statement, ref, before, before.after(statement, ref))


def _with_digest(before: Head, statement: Statement) -> Statement:
    """The statement with the digest of the head that it leads to."""
    after = before.after(statement, ObjectRef("", "", ""))
    return replace(statement, head_format=HEAD_FORMAT, head_sha256=head_sha256(after))


def check_continuity(key: str, before: Head, statement: Statement) -> None:
    """Raise IntegrityError unless a statement goes on from the head before it, by the rules of the audit."""
    try:
        wrong = next(misfits(before, statement, knows_holes=True), None)
    except ValueError as error:
        raise IntegrityError(f"{key} has a moment that can't be read: {error}. {CHAIN_WAY_OUT}") from error
    if wrong is not None:
        raise IntegrityError(f"{key} {wrong.clause}. {CHAIN_WAY_OUT}")


def check_lock(
    key: str, retention: Retention | None, lock_mode: LockMode | UnknownMember, until: int
) -> Retention:
    """The lock of an object. Raises IntegrityError unless it is in the mode, and as long, as asked for."""
    if retention is None:
        raise IntegrityError(
            f"{key} is stored without an object lock; check the bucket's Object Lock setting"
        )
    if retention.mode not in {lock_mode, LockMode.COMPLIANCE}:
        raise IntegrityError(f"{key} is locked in mode {retention.mode}, not {lock_mode}")
    if retention.until < until:
        raise IntegrityError(f"{key} is locked for {until - retention.until} s less than was asked for")
    return retention


def has_moved_on(store: ArchiveSource, head: Head) -> bool:
    """Whether another run has appended to the chain since `head`."""
    return any(
        version.key != statement_key(head.console, head.seq) for version in statements_beyond(store, head)
    )


def read_statement(store: ArchiveSource, head: Head, version: Version) -> Committed:
    """The statement of a version that follows `head`. Raises IntegrityError if it does not follow it."""
    data = b"".join(store.read(version.key, version.version_id))
    ref = ObjectRef(version.key, version.version_id, sha256(data).hexdigest())
    try:
        statement = parse_statement(data)
        after = head.after(statement, ref)
        is_described = statement.head_format != HEAD_FORMAT or statement.head_sha256 == head_sha256(after)
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{version.key} is no statement of this format: {error!r}. {CHAIN_WAY_OUT}"
        ) from error
    if (statement.console, statement.seq, statement.previous) != (head.console, head.seq + 1, head.statement):
        raise IntegrityError(
            f"{version.key} does not follow the statement before it: the chain is broken. {CHAIN_WAY_OUT}"
        )
    check_continuity(version.key, head, statement)
    if not is_described:
        raise IntegrityError(
            f"{version.key} states the digest of a head that it does not lead to. {CHAIN_WAY_OUT}"
        )
    facts = store.inspect(version.key, version.version_id)
    if facts is None or facts.retention is None:
        raise IntegrityError(f"{version.key} is stored without an object lock")
    return Committed(statement, ref, head, after)


def mismatch_finding(said: PurgeStatement) -> Finding:
    """The finding that a purge destroyed more than was archived."""
    sentence = mismatch_sentence(said.console, said.boundary, said.expected_count, said.reported_count)
    return Finding(FindingKind.PURGE_MISMATCH, said.console, sentence, {"statement": said.seq})
