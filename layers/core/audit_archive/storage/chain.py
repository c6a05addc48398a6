"""Reading the hash chain in the bucket. The chain is the truth, and the ledger is only its index.

In order: the listing, single objects and statements, the chain from a head on, and the checks of a statement.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import attrgetter

from audit_archive.errors import IntegrityError
from audit_archive.format.codec import UnknownMember
from audit_archive.format.continuity import misfits
from audit_archive.format.facts import LockMode, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.head_digest import HEAD_FORMAT, head_sha256
from audit_archive.format.layout import (
    SEQ_DIGITS,
    checkpoints_prefix,
    statement_key,
    statement_number,
    statements_prefix,
)
from audit_archive.format.statement import ArchiveStatement, Statement, parse_statement
from audit_archive.format.verdicts import Verdict
from audit_archive.ports import ENCRYPTION, NO_VERSION, ArchiveSource, ObjectFacts, Retention, Version

CHAIN_WAY_OUT = (
    "No purge is sent. Find out who wrote it. In lock mode GOVERNANCE the break-glass role can delete it; "
    "in COMPLIANCE begin a new bucket where this chain ends"
)
"""What to do about an object under the key of the next statement that is not that statement."""

MAX_BYTES = 1 << 28
"""Bytes of a statement at most. It may list hundreds of thousands of missing ranges; ours are shorter."""


@dataclass(frozen=True)
class Committed:
    """A statement that is in the chain, where it is stored, the head before it and the head after it."""

    statement: Statement
    ref: ObjectRef
    before: Head
    head: Head


@dataclass(frozen=True)
class LoadedObject:
    """One version of an object: its bytes, or the verdict in place of them, and the store's facts on it."""

    key: str
    version_id: str | None
    data: bytes = b""
    verdict: Verdict | None = None
    facts: ObjectFacts | None = None


@dataclass(frozen=True)
class Listed:
    """A statement or checkpoint in the listing, by its number, with the versions of its key, oldest first."""

    key: str
    number: int
    versions: tuple[Version, ...]


def listed(source: ArchiveSource, prefix: str, suffix: str, after_key: str = "") -> Iterator[Listed]:
    """The numbered objects directly under a prefix, in order. Other objects are left out."""
    pattern = re.compile(rf"{re.escape(prefix)}(\d{{{SEQ_DIGITS}}}){re.escape(suffix)}", re.ASCII)
    for key, versions in groupby(source.versions(prefix, after_key), attrgetter("key")):
        found = pattern.fullmatch(key)
        if found is not None:
            yield Listed(key, int(found[1]), tuple(versions)[::-1])


def statements_from(source: ArchiveSource, console: str, number: int) -> Iterator[Listed]:
    """The statements of a Console in the listing, from a number on, in order."""
    after_key = statement_key(console, number - 1) if number > 1 else ""
    return listed(source, statements_prefix(console), ".json", after_key)


def has_checkpoints(source: ArchiveSource, console: str) -> bool:
    """Whether the archive has any checkpoint. Without one it is not signed: no reader looks for more."""
    return next(listed(source, checkpoints_prefix(console), ".txt"), None) is not None


def statements_beyond(store: ArchiveSource, head: Head) -> Iterator[Version]:
    """The versions of the head's own statement and of every later one, checked by the listing.

    Objects with keys of another form are skipped: they are not of the chain, and an audit reports them.
    Raises IntegrityError for a delete marker, a second version, a gap, or if the head's own statement is
    missing.
    """
    after_key = statement_key(head.console, head.seq - 1) if head.seq > 1 else ""
    seq = max(head.seq, 1)
    for version in store.versions(statements_prefix(head.console), after_key):
        if statement_number(head.console, version.key) is None:
            continue
        if version.is_delete_marker:
            raise IntegrityError(
                f"Somebody put a delete marker on {version.key}. Remove the marker, and find out who did it"
            )
        if version.key != statement_key(head.console, seq):
            raise IntegrityError(
                f"Expected {statement_key(head.console, seq)} next in the chain, found {version.key} "
                f"(version {version.version_id}). {CHAIN_WAY_OUT}"
            )
        if head.statement is not None and seq == head.seq and version.version_id != head.statement.version_id:
            raise IntegrityError(
                f"{version.key} is not the version that the ledger recorded: the chain is forked"
            )
        yield version
        seq += 1
    if head.seq and seq == head.seq:
        missing = statement_key(head.console, head.seq)
        raise IntegrityError(
            f"The ledger is ahead of the bucket: {missing} is missing. It was removed, or the ledger was "
            "altered. Start a run of the archive function: it shows which, and what to do"
        )


def has_moved_on(store: ArchiveSource, head: Head) -> bool:
    """Whether another run has appended to the chain since `head`."""
    return any(
        version.key != statement_key(head.console, head.seq) for version in statements_beyond(store, head)
    )


def read_whole(source: ArchiveSource, key: str, version_id: str | None = None) -> LoadedObject:
    """A small object, read into memory: the version given, or the latest one."""
    facts = source.inspect(key, version_id)
    if facts is None:
        return LoadedObject(key, version_id, verdict=Verdict.MISSING)
    data = bytearray()
    try:
        for chunk in source.read(key, facts.version_id):
            data += chunk
            if len(data) > MAX_BYTES:
                return LoadedObject(key, facts.version_id, verdict=Verdict.ALTERED, facts=facts)
    except IntegrityError:
        is_gone = source.inspect(key, facts.version_id) is None
        verdict = Verdict.MISSING if is_gone else Verdict.ALTERED
        return LoadedObject(key, facts.version_id, verdict=verdict, facts=facts)
    return LoadedObject(key, facts.version_id, bytes(data), None, facts)


def read_known(source: ArchiveSource, ref: ObjectRef) -> Statement:
    """One statement by its key, version and hash. Raises IntegrityError if the bytes do not match."""
    data = b"".join(source.read(ref.key, ref.version_id))
    if sha256(data).hexdigest() != ref.sha256:
        raise IntegrityError(
            f"{ref.key} (version {ref.version_id}) does not have the hash {ref.sha256}: it was altered. "
            "Verify the archive, and find out who did it"
        )
    return _parsed(ref.key, data, "Verify the archive")


def read_archive(source: ArchiveSource, ref: ObjectRef) -> ArchiveStatement:
    """One statement that archives entries, by its key, version and hash. Raises IntegrityError."""
    statement = read_known(source, ref)
    if not isinstance(statement, ArchiveStatement):
        raise IntegrityError(
            f"{ref.key} is of kind {statement.kind}: it does not archive entries. Verify the archive"
        )
    return statement


def is_stated(source: ArchiveSource, head: Head) -> bool:
    """Whether a head is the one that its statement describes. It takes one read of that statement's version.

    False: the head was altered, or has another format, or its statement is missing. Then only the chain
    itself shows the head. Raises ArchiveStoreError.
    """
    ref = head.statement
    if ref is None or ref.key != statement_key(head.console, head.seq):
        return False
    try:
        statement = read_known(source, ref)
    except IntegrityError:
        return False
    if statement.head_format != HEAD_FORMAT:
        return False
    try:
        return statement.head_sha256 == head_sha256(head)
    except TypeError:  # a number that canonical JSON can't carry: a damaged table may hold any
        return False


def committed_after(source: ArchiveSource, head: Head) -> Iterator[Committed]:
    """The statements after `head`, each checked to follow the one before it. Raises IntegrityError."""
    own = head.statement.key if head.statement is not None else None
    for version in statements_beyond(source, head):
        if version.key != own:
            found = _next(source, head, version)
            yield found
            head = found.head


def read_statement(source: ArchiveSource, head: Head, version: Version) -> Committed:
    """The statement after `head` in a version, checked as strictly as a run's own statements.

    Raises IntegrityError if it does not follow `head`, by its link or by the rules of the audit, if its
    digest is not that of the head it leads to, or if it is not locked and encrypted as a put states.
    """
    found = _next(source, head, version)
    statement, after = found.statement, found.head
    try:
        is_described = statement.head_format != HEAD_FORMAT or statement.head_sha256 == head_sha256(after)
    except TypeError as error:
        raise IntegrityError(
            f"{version.key} is not a statement of this format: {error!r}. {CHAIN_WAY_OUT}"
        ) from error
    check_continuity(version.key, head, statement)
    if not is_described:
        raise IntegrityError(
            f"{version.key} states the digest of a head that it does not lead to. {CHAIN_WAY_OUT}"
        )
    facts = source.inspect(version.key, version.version_id)
    if facts is None or facts.retention is None:
        raise IntegrityError(
            f"{version.key} is stored without an object lock; check the bucket's Object Lock setting"
        )
    check_encryption(facts)
    return found


def head_after(head: Head, statement: Statement, ref: ObjectRef) -> Head:
    """The head after a statement, which must name the statement of `head`. Raises IntegrityError if not."""
    is_next = (statement.console, statement.seq) == (head.console, head.seq + 1)
    if not is_next or not _is_same(statement.previous, head.statement):
        raise IntegrityError(
            f"{ref.key} does not follow the statement before it: the chain is broken. {CHAIN_WAY_OUT}"
        )
    try:
        return head.after(statement, ref)
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{ref.key} can't follow the statement before it: {error!r}. {CHAIN_WAY_OUT}"
        ) from error


def _next(source: ArchiveSource, head: Head, version: Version) -> Committed:
    data = b"".join(source.read(version.key, version.version_id))
    ref = ObjectRef(version.key, version.version_id, sha256(data).hexdigest())
    statement = _parsed(version.key, data, CHAIN_WAY_OUT)
    return Committed(statement, ref, head, head_after(head, statement, ref))


def _is_same(stated: ObjectRef | None, found: ObjectRef | None) -> bool:
    """Whether a statement names the one before it. In a copy, version ids are not known."""
    if stated is None or found is None:
        return stated is found
    is_version = found.version_id in {stated.version_id, NO_VERSION}
    return is_version and (stated.key, stated.sha256) == (found.key, found.sha256)


def _parsed(key: str, data: bytes, advice: str) -> Statement:
    try:
        return parse_statement(data)
    except ValueError as error:
        raise IntegrityError(f"{key} is not a statement of this format: {error}. {advice}") from error


def check_continuity(key: str, before: Head, statement: Statement) -> None:
    """Raise IntegrityError unless a statement follows the head before it, by the rules of the audit."""
    try:
        wrong = next(misfits(before, statement, knows_holes=True), None)
    except ValueError as error:
        raise IntegrityError(f"{key} has a moment that can't be read: {error}. {CHAIN_WAY_OUT}") from error
    if wrong is not None:
        raise IntegrityError(f"{key} {wrong.clause}. {CHAIN_WAY_OUT}")


def check_lock(
    key: str, retention: Retention | None, lock_mode: LockMode | UnknownMember, until: int
) -> Retention:
    """The lock of an object. Raises IntegrityError if it is missing, weaker, or ends before `until`."""
    if retention is None:
        raise IntegrityError(
            f"{key} is stored without an object lock; check the bucket's Object Lock setting"
        )
    if retention.mode not in {lock_mode, LockMode.COMPLIANCE}:
        raise IntegrityError(f"{key} is locked in mode {retention.mode}, not {lock_mode}")
    if retention.until < until:
        raise IntegrityError(f"{key} is locked for {until - retention.until} s less than was asked for")
    return retention


def check_encryption(facts: ObjectFacts | None) -> None:
    """Raises IntegrityError if an object is encrypted with a key that somebody could delete."""
    if facts is not None and facts.encryption != ENCRYPTION:
        raise IntegrityError(
            f"{facts.key} (version {facts.version_id}) is stored with {facts.encryption}, not {ENCRYPTION}: "
            "whoever can delete its key can destroy it. Nothing was purged. Find out who changed the "
            "encryption or policy of the bucket, restore them, then run again"
        )


def archives_back(source: ArchiveSource, head: Head) -> Iterator[ArchiveStatement]:
    """The statements that archive entries, from the newest back, each by the link of the one after it."""
    ref = head.statement
    while ref is not None:
        statement = read_known(source, ref)
        if isinstance(statement, ArchiveStatement):
            yield statement
        ref = statement.previous
