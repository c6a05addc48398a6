"""The hash chain in the bucket, read: the truth, of which the ledger is the index."""

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
from audit_archive.ports import NO_VERSION, ArchiveSource, ObjectFacts, Retention, Version

CHAIN_WAY_OUT = (
    "Nothing is purged. Find out who wrote it. In lock mode GOVERNANCE the break-glass role can delete it; "
    "in COMPLIANCE begin a new bucket where this chain ends (docs/operations.md)"
)
"""What to do about an object that stands where the next statement belongs, and is not that statement."""

MAX_BYTES = 1 << 28
"""A statement may list hundreds of thousands of missing ranges; more than this is none of ours."""


@dataclass(frozen=True)
class Committed:
    """A statement that is in the chain for ever, the head before it and the head with it."""

    statement: Statement
    ref: ObjectRef
    before: Head
    head: Head


@dataclass(frozen=True)
class LoadedObject:
    """One version of an object: its bytes, or the verdict in place of them, and what the store says of it."""

    key: str
    version_id: str | None
    data: bytes = b""
    verdict: Verdict | None = None
    facts: ObjectFacts | None = None


@dataclass(frozen=True)
class Listed:
    """One number in the listing of statements or checkpoints, and the versions of its key, oldest first."""

    key: str
    number: int
    versions: tuple[Version, ...]


def listed(source: ArchiveSource, prefix: str, suffix: str, after_key: str = "") -> Iterator[Listed]:
    """The numbered objects directly under a prefix, in order; whatever else lies there is left out."""
    pattern = re.compile(rf"{re.escape(prefix)}(\d{{{SEQ_DIGITS}}}){re.escape(suffix)}", re.ASCII)
    for key, versions in groupby(source.versions(prefix, after_key), attrgetter("key")):
        found = pattern.fullmatch(key)
        if found is not None:
            yield Listed(key, int(found[1]), tuple(versions)[::-1])


def statements_from(source: ArchiveSource, console: str, number: int) -> Iterator[Listed]:
    """The statements of a Console in the listing, from a number on."""
    after_key = statement_key(console, number - 1) if number > 1 else ""
    return listed(source, statements_prefix(console), ".json", after_key)


def has_checkpoints(source: ArchiveSource, console: str) -> bool:
    """Whether there is any checkpoint at all: in an archive that is not signed none is looked for."""
    return next(listed(source, checkpoints_prefix(console), ".txt"), None) is not None


def statements_beyond(store: ArchiveSource, head: Head) -> Iterator[Version]:
    """The versions of the head's own statement and of every one after it, checked to be one chain's.

    Keys of another form are passed over: they are not the chain's, and the audit tells them. Raises
    IntegrityError for a delete marker, a second version, a gap, or a head that is not there.
    """
    after_key = statement_key(head.console, head.seq - 1) if head.seq > 1 else ""
    seq = max(head.seq, 1)
    for version in store.versions(statements_prefix(head.console), after_key):
        if statement_number(head.console, version.key) is None:
            continue
        if version.is_delete_marker:
            raise IntegrityError(
                f"Somebody put a delete marker on {version.key}; remove the marker and find out who"
            )
        if version.key != statement_key(head.console, seq):
            raise IntegrityError(
                f"Expected {statement_key(head.console, seq)} next in the chain, found {version.key} "
                f"(version {version.version_id}). {CHAIN_WAY_OUT}"
            )
        if head.statement is not None and seq == head.seq and version.version_id != head.statement.version_id:
            raise IntegrityError(
                f"{version.key} has another version than the ledger recorded: the chain is forked"
            )
        yield version
        seq += 1
    if head.seq and seq == head.seq:
        missing = statement_key(head.console, head.seq)
        raise IntegrityError(
            f"The ledger is ahead of the bucket: {missing} is not there. It was removed, or the ledger was "
            "altered: a run of the archive function tells which, and what to do"
        )


def has_moved_on(store: ArchiveSource, head: Head) -> bool:
    """Whether another run has appended to the chain since `head`."""
    return any(
        version.key != statement_key(head.console, head.seq) for version in statements_beyond(store, head)
    )


def read_whole(source: ArchiveSource, key: str, version_id: str | None = None) -> LoadedObject:
    """A small object in memory, of the latest version if none is named."""
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
    """One statement by its key, version and hash. Raises IntegrityError if its bytes are others."""
    data = b"".join(source.read(ref.key, ref.version_id))
    if sha256(data).hexdigest() != ref.sha256:
        raise IntegrityError(
            f"{ref.key} (version {ref.version_id}) does not have the hash {ref.sha256}: it was altered. "
            "Verify the archive, and find out who did it"
        )
    return _parsed(ref.key, data, "Verify the archive")


def read_archive(source: ArchiveSource, ref: ObjectRef) -> ArchiveStatement:
    """One statement that archives entries, as `read_known` reads it."""
    said = read_known(source, ref)
    if not isinstance(said, ArchiveStatement):
        raise IntegrityError(f"{ref.key} is of kind {said.kind}, and archives nothing. Verify the archive")
    return said


def fits(source: ArchiveSource, head: Head) -> bool:
    """Whether a head is the one that the statement it names leads to. One read; the version is named.

    False says that the head was altered, or is of another format, or that its statement is not there: then
    only the chain itself tells. Raises ArchiveStoreError.
    """
    ref = head.statement
    if ref is None or ref.key != statement_key(head.console, head.seq):
        return False
    try:
        said = read_known(source, ref)
    except IntegrityError:
        return False
    if said.head_format != HEAD_FORMAT:
        return False
    try:
        return said.head_sha256 == head_sha256(head)
    except TypeError:  # a number that canonical JSON can't carry: whatever may come of a table
        return False


def beyond(source: ArchiveSource, head: Head) -> Iterator[Committed]:
    """The statements after `head`, each checked to follow the one before. Raises IntegrityError."""
    own = head.statement.key if head.statement is not None else None
    for version in statements_beyond(source, head):
        if version.key != own:
            found = _next(source, head, version)
            yield found
            head = found.head


def read_statement(source: ArchiveSource, head: Head, version: Version) -> Committed:
    """The statement of a version that follows `head`, held to all that a run's own statements are.

    Raises IntegrityError if it does not follow `head`, by the rules of the audit too, if it states another
    head than it leads to, or if it is not locked.
    """
    found = _next(source, head, version)
    statement, after = found.statement, found.head
    try:
        is_described = statement.head_format != HEAD_FORMAT or statement.head_sha256 == head_sha256(after)
    except TypeError as error:
        raise IntegrityError(
            f"{version.key} is no statement of this format: {error!r}. {CHAIN_WAY_OUT}"
        ) from error
    check_continuity(version.key, head, statement)
    if not is_described:
        raise IntegrityError(
            f"{version.key} states the digest of a head that it does not lead to. {CHAIN_WAY_OUT}"
        )
    facts = source.inspect(version.key, version.version_id)
    if facts is None or facts.retention is None:
        raise IntegrityError(f"{version.key} is stored without an object lock")
    return found


def linked(head: Head, said: Statement, ref: ObjectRef) -> Head:
    """The head after a statement, which must name `head` as what it follows. Raises IntegrityError."""
    is_next = (said.console, said.seq) == (head.console, head.seq + 1)
    if not is_next or not _is_same(said.previous, head.statement):
        raise IntegrityError(
            f"{ref.key} does not follow the statement before it: the chain is broken. {CHAIN_WAY_OUT}"
        )
    try:
        return head.after(said, ref)
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(
            f"{ref.key} can't follow the statement before it: {error!r}. {CHAIN_WAY_OUT}"
        ) from error


def _next(source: ArchiveSource, head: Head, version: Version) -> Committed:
    data = b"".join(source.read(version.key, version.version_id))
    ref = ObjectRef(version.key, version.version_id, sha256(data).hexdigest())
    said = _parsed(version.key, data, CHAIN_WAY_OUT)
    return Committed(said, ref, head, linked(head, said, ref))


def _is_same(stated: ObjectRef | None, found: ObjectRef | None) -> bool:
    """Whether a statement names the one before it; what is found in a copy has no version id."""
    if stated is None or found is None:
        return stated is found
    is_version = found.version_id in {stated.version_id, NO_VERSION}
    return is_version and (stated.key, stated.sha256) == (found.key, found.sha256)


def _parsed(key: str, data: bytes, advice: str) -> Statement:
    try:
        return parse_statement(data)
    except ValueError as error:
        raise IntegrityError(f"{key} is no statement of this format: {error}. {advice}") from error


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


def archives_back(source: ArchiveSource, head: Head) -> Iterator[ArchiveStatement]:
    """The statements that archive, from the newest back, each by the link of the one after it."""
    ref = head.statement
    while ref is not None:
        said = read_known(source, ref)
        if isinstance(said, ArchiveStatement):
            yield said
        ref = said.previous
