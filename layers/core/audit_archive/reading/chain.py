"""The statements of one Console: by the ledger's index, or, without a ledger, by the chain itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from audit_archive.domain.catalogue import Indexed, Row, indexed, rows_of
from audit_archive.domain.facts import ObjectRef
from audit_archive.domain.head import Head
from audit_archive.domain.layout import statement_key
from audit_archive.domain.public_keys import PublicKey
from audit_archive.domain.statement import ArchiveStatement, Statement, key_named_by, parse_statement
from audit_archive.errors import IntegrityError
from audit_archive.ports import NO_VERSION, ArchiveSource, Ledger, Version
from audit_archive.reading.reader import Reader
from audit_archive.steps.chain import statements_beyond

_OPERATOR = "operator"
_ARCHIVE = "archive"


@dataclass(frozen=True)
class Chain:
    """What is known of a Console's statements: the head, those that archive entries, the newest archive.

    `keys`: those that were ever named to sign, in their order. `recorded`: the number up to which the ledger
    knows the statements; what is beyond it may be about to be published.
    """

    head: Head
    rows: tuple[Row, ...]
    keys: tuple[PublicKey, ...]
    newest: ArchiveStatement | None
    recorded: int

    @property
    def console(self) -> str:
        """Whose they are."""
        return self.head.console


class _Known(NamedTuple):
    """A statement in the index, its epoch, and the key that it names."""

    epoch: int
    entry: Indexed
    key: PublicKey | None = None


def open_chain(reader: Reader, console: str) -> Chain:
    """Everything that is known of a Console's statements; with the ledger, all but the newest unread.

    Statements that the ledger does not know yet are read from the chain. Raises IntegrityError if the two
    contradict each other.
    """
    recorded = recorded_head(reader, console)
    known = list(_recorded(reader, recorded)) if recorded.seq and reader.ledger is not None else []
    head = recorded
    for said, ref, after in beyond(reader.source, recorded):
        head = after
        known.append(_Known(said.epoch, indexed(said, ref), key_named_by(said)))
    newest = next((each.entry for each in reversed(known) if each.entry.kind == _ARCHIVE), None)
    archived = read_archive(reader.source, newest.statement) if newest is not None else None
    rows = rows_of((each.epoch, each.entry) for each in known)
    return Chain(head, rows, tuple(each.key for each in known if each.key), archived, recorded.seq)


def recorded_head(reader: Reader, console: str) -> Head:
    """The head as the ledger has it; the empty one without a ledger, or if it has none."""
    return (reader.ledger.head(console) if reader.ledger is not None else None) or Head(console)


def beyond(source: ArchiveSource, head: Head) -> Iterator[tuple[Statement, ObjectRef, Head]]:
    """The statements after `head`, each checked to follow the one before, with the head that it leads to.

    Raises IntegrityError.
    """
    for version in statements_beyond(source, head):
        if version.key != (head.statement.key if head.statement is not None else None):
            said, ref, head = _next(source, head, version)
            yield said, ref, head


def read_statement(source: ArchiveSource, ref: ObjectRef) -> Statement:
    """One statement by its key, version and hash. Raises IntegrityError if its bytes are others."""
    data = b"".join(source.read(ref.key, ref.version_id))
    if sha256(data).hexdigest() != ref.sha256:
        raise IntegrityError(
            f"{ref.key} (version {ref.version_id}) does not have the hash {ref.sha256}: it was altered. "
            "Verify the archive, and find out who did it"
        )
    return _parsed(ref.key, data)


def read_archive(source: ArchiveSource, ref: ObjectRef) -> ArchiveStatement:
    """The same, of one that the index says archives entries."""
    said = read_statement(source, ref)
    if not isinstance(said, ArchiveStatement):
        raise IntegrityError(f"{ref.key} is of kind {said.kind}, not what the ledger's index says")
    return said


def _recorded(reader: Reader, head: Head) -> Iterator[_Known]:
    """The index up to the head; only an operator's statement can begin an epoch, or name a key."""
    epoch, seq, last = 1, 0, None
    for entry in _index(reader.ledger, head):
        seq, last, key = seq + 1, entry.statement, None
        if entry.seq != seq or entry.statement.key != statement_key(head.console, seq):
            break
        if entry.kind == _OPERATOR:
            said = read_statement(reader.source, entry.statement)
            epoch, key = said.epoch, key_named_by(said)
        yield _Known(epoch, entry, key)
    if seq != head.seq or last != head.statement:
        raise IntegrityError(
            f"The ledger's index of Console {head.console} is not whole around statement {seq}: recreate it "
            "from the bucket, by an event like events/rebuild.json for the archive function"
        )


def _index(ledger: Ledger | None, head: Head) -> Iterator[Indexed]:
    """Without what a run is just about to record, which the chain tells."""
    entries = ledger.statements(head.console) if ledger is not None else iter(())
    return (entry for entry in entries if entry.seq <= head.seq)


def _next(source: ArchiveSource, head: Head, version: Version) -> tuple[Statement, ObjectRef, Head]:
    """The statement of a version, which must follow `head`."""
    data = b"".join(source.read(version.key, version.version_id))
    said = _parsed(version.key, data)
    follows = _is_same(said.previous, head.statement)
    if not follows or (said.console, said.seq) != (head.console, head.seq + 1):
        raise IntegrityError(f"{version.key} does not follow the statement before it: the chain is broken")
    ref = ObjectRef(version.key, version.version_id, sha256(data).hexdigest())
    try:
        return said, ref, head.after(said, ref)
    except (ValueError, KeyError, TypeError) as error:
        raise IntegrityError(f"{version.key} can't follow the statement before it: {error!r}") from error


def _is_same(stated: ObjectRef | None, found: ObjectRef | None) -> bool:
    """Whether a statement names the one before it; what is found in a copy has no version id."""
    if stated is None or found is None:
        return stated is found
    is_version = found.version_id in {stated.version_id, NO_VERSION}
    return is_version and (stated.key, stated.sha256) == (found.key, found.sha256)


def _parsed(key: str, data: bytes) -> Statement:
    try:
        return parse_statement(data)
    except ValueError as error:
        raise IntegrityError(f"{key} is no statement of this format: {error}") from error
