"""Knows the statements of one Console, in one of two ways.

The quick way is the ledger's index, compared with the head and with every statement that is read. Where it
does not fit (MisindexedError), `answered` asks again by reading the whole chain.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from audit_archive.errors import IntegrityError, RequestError
from audit_archive.format.facts import Action, IdSpan, Mode, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.index import ArchivedRow, Indexed, indexed, rows_of
from audit_archive.format.keys import PublicKey
from audit_archive.format.layout import statement_key
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, Statement, key_named_by
from audit_archive.ports import ArchiveSource, Clock, Ledger, ScratchFile, Verifications
from audit_archive.retrieve.coverage import RestsOn
from audit_archive.storage.chain import committed_after, head_after, is_stated, read_archive, read_known

ANSWER_RESERVE = 20.0
"""Seconds that must be left to read on: the answer must still be stored and returned."""


@dataclass(frozen=True)
class Reader:
    """An archive to read. A copy in a folder has no ledger, and no results of daily audits.

    `stack_mode`: the PurgeMode of the stack that it is of; None for a copy.
    """

    source: ArchiveSource
    ledger: Ledger | None
    clock: Clock
    scratch: ScratchFile
    verifications: Verifications | None = None
    stack_mode: Mode | None = None

    def check_time(self, field: str) -> None:
        """Raise RequestError if time is running out.

        `field`: the one of the question that can ask for less.
        """
        if self.clock.remaining() < ANSWER_RESERVE:
            raise RequestError(
                field,
                "this invocation has not enough time: ask for less at once, or raise the timeout",
            )


A = TypeVar("A")
T = TypeVar("T", int, str)


class MisindexedError(Exception):
    """The ledger does not fit a Console's chain. The chain itself must be read."""


def misfit_at(key: str) -> MisindexedError:
    """The error for an index that does not fit a statement, or the ids or statements around it."""
    return MisindexedError(f"the ledger's index does not fit the chain at {key}")


class Amending(NamedTuple):
    """The item of a statement that names archived entries with another form, and the span of their ids."""

    epoch: int
    entry: Indexed
    span: IdSpan


@dataclass(frozen=True)
class KnownChain:
    """What is known of a Console's statements: the head, and those that archive entries.

    `keys`: the signing keys that statements named, in their order. `recorded`: the number up to which the
    ledger knows the statements; a run may be about to publish those beyond it. `contradiction`: what the
    ledger has and the chain lacks. `remark`: why the index was not used.
    """

    head: Head
    rows: tuple[ArchivedRow, ...]
    keys: tuple[PublicKey, ...]
    amending: tuple[Amending, ...]
    recorded: int
    rests_on: RestsOn
    contradiction: str | None = None
    remark: str | None = None

    @property
    def console(self) -> str:
        """The Console."""
        return self.head.console


class _Known(NamedTuple):
    """A statement as an item of the index, its epoch, and the key that it names."""

    epoch: int
    entry: Indexed
    key: PublicKey | None = None


def answered(reader: Reader, console: str, answer: Callable[[KnownChain], A]) -> A:
    """What `answer` says of a Console's chain: by the ledger's index if that fits, else by the whole chain.

    Raises what `answer` raises; IntegrityError if the chain is broken.
    """
    try:
        return answer(_indexed_chain(reader, console))
    except MisindexedError as misfit:
        return answer(read_chain(reader, console, str(misfit) or None))


def read_chain(reader: Reader, console: str, remark: str | None = None) -> KnownChain:
    """The chain from its statements, each of them read. Raises IntegrityError if it is broken."""
    chain = ChainReading(console)
    for each in committed_after(reader.source, Head(console)):
        reader.check_time("console")
        chain.add(each.statement, each.ref)
    return chain.read(recorded_head(reader, console), remark)


def current_head(reader: Reader, console: str) -> tuple[Head, str | None]:
    """The head that the chain leads to, and a sentence on what the ledger has and the chain lacks."""
    recorded = recorded_head(reader, console)
    head = recorded if is_stated(reader.source, recorded) else Head(console)
    is_known = recorded.statement in {None, head.statement}
    for each in committed_after(reader.source, head):
        reader.check_time("console")
        head, is_known = each.head, is_known or each.ref == recorded.statement
    return head, None if is_known else _contradiction(recorded)


def recorded_head(reader: Reader, console: str) -> Head:
    """The head in the ledger; the empty head if there is no ledger, or no head in it that can be read."""
    try:
        return (reader.ledger.head(console) if reader.ledger is not None else None) or Head(console)
    except IntegrityError:
        return Head(console)


class ChainReading:
    """Takes the statements of a Console in order, from the first."""

    def __init__(self, console: str) -> None:
        self._head = Head(console)
        self._known: list[_Known] = []

    def add(self, statement: Statement, ref: ObjectRef) -> None:
        """Take the next one. Raises IntegrityError if it does not follow the one before it."""
        self._head = head_after(self._head, statement, ref)
        self._known.append(_Known(statement.epoch, indexed(statement, ref), key_named_by(statement)))

    def read(self, recorded: Head, remark: str | None = None) -> KnownChain:
        """The chain that was read, compared with the head in the ledger."""
        known, ref = self._known, recorded.statement
        at = recorded.seq - 1
        is_there = ref is None or (0 <= at < len(known) and known[at].entry.statement == ref)
        contradiction = None if is_there else _contradiction(recorded)
        return _chain(self._head, known, recorded.seq, (RestsOn.STATEMENTS, contradiction, remark))


def read_row(reader: Reader, chain: KnownChain, row: ArchivedRow) -> ArchiveStatement:
    """The statement of a row. Raises MisindexedError if it does not match the ledger's index."""
    if chain.rests_on == RestsOn.STATEMENTS:
        return read_archive(reader.source, row.statement)
    statement = _as_indexed(reader, row.entry)
    if not isinstance(statement, ArchiveStatement) or not row.agrees_with(statement):
        raise misfit_at(row.statement.key)
    return statement


def read_amending(reader: Reader, chain: KnownChain, amending: Amending) -> ArchiveStatement:
    """A statement that names other forms. Raises MisindexedError as `read_row` does."""
    if chain.rests_on == RestsOn.STATEMENTS:
        return read_archive(reader.source, amending.entry.statement)
    statement = _as_indexed(reader, amending.entry)
    if not isinstance(statement, ArchiveStatement) or statement.epoch != amending.epoch:
        raise misfit_at(amending.entry.statement.key)
    return statement


def _indexed_chain(reader: Reader, console: str) -> KnownChain:
    """What the index says of a Console's statements, most of them unread.

    The head is compared with its statement and the index with the head. Statements that the ledger does not
    know yet are read. Raises MisindexedError where they do not match.
    """
    recorded = recorded_head(reader, console)
    if reader.ledger is None or not recorded.seq:
        raise MisindexedError
    if not is_stated(reader.source, recorded):
        raise MisindexedError("the ledger's head is not the one that its statement leads to")
    known = list(_recorded(reader, reader.ledger, recorded))
    head = recorded
    for each in committed_after(reader.source, recorded):
        head, statement = each.head, each.statement
        known.append(_Known(statement.epoch, indexed(statement, each.ref), key_named_by(statement)))
    return _chain(head, known, recorded.seq, (RestsOn.INDEX, None, None))


def _chain(
    head: Head, known: list[_Known], recorded: int, basis: tuple[RestsOn, str | None, str | None]
) -> KnownChain:
    amending = (Amending(each.epoch, each.entry, each.entry.amended) for each in known if each.entry.amended)
    rows = rows_of((each.epoch, each.entry) for each in known)
    keys = tuple(each.key for each in known if each.key)
    return KnownChain(head, rows, keys, tuple(amending), recorded, *basis)


def _recorded(reader: Reader, ledger: Ledger, head: Head) -> Iterator[_Known]:
    """The index up to the head.

    Its numbers, counts and ids must add up to the head's. Raises MisindexedError.
    """
    epoch, size, highest = 1, 0, 0
    entry = None
    for seq, entry in enumerate(_index(ledger, head), 1):
        is_sane = _is_range(entry.first_id, entry.last_id) and _is_range(entry.first_date, entry.last_date)
        if (entry.seq, entry.statement.key) != (seq, statement_key(head.console, seq)) or not is_sane:
            raise misfit_at(statement_key(head.console, seq))
        key = None
        size, highest = size + entry.count, max(highest, entry.last_id or 0)
        if entry.kind == OperatorStatement.kind:
            statement = _decision(reader, entry, (epoch, size, highest))
            epoch, key, highest = statement.epoch, key_named_by(statement), statement.highest_archived_id
        yield _Known(epoch, entry, key)
    if entry is None or entry.statement != head.statement:
        raise misfit_at(statement_key(head.console, head.seq))
    if (epoch, size, highest) != (head.epoch, head.tree.size, head.highest_archived_id):
        raise misfit_at("the newest statement")


def _decision(reader: Reader, entry: Indexed, state: tuple[int, int, int]) -> OperatorStatement:
    """An operator's statement, which is read because it may begin an epoch or name a key.

    `state`: the epoch, the number of entries and the highest id before it, by the index; they must match it.
    """
    statement = _as_indexed(reader, entry)
    if not isinstance(statement, OperatorStatement):
        raise misfit_at(entry.statement.key)
    before, is_epoch = statement.highest_archived_id, statement.action == Action.EPOCH
    if is_epoch and statement.previous is not None:
        before = read_known(reader.source, statement.previous).highest_archived_id
    if (statement.epoch - is_epoch, statement.tree.size, before) != state:
        raise misfit_at(entry.statement.key)
    return statement


def _is_range(first: T | None, last: T | None) -> bool:
    """Whether a range does not end before it begins. There may be no range: None and None."""
    return first is last is None if first is None or last is None else first <= last


def _as_indexed(reader: Reader, entry: Indexed) -> Statement:
    """The statement of an item of the index. Raises MisindexedError if they do not match."""
    try:
        statement = read_known(reader.source, entry.statement)
    except IntegrityError as error:
        raise misfit_at(entry.statement.key) from error
    if indexed(statement, entry.statement) != entry:
        raise misfit_at(entry.statement.key)
    return statement


def _index(ledger: Ledger, head: Head) -> Iterator[Indexed]:
    """The items of the index up to the head. A run may be recording more: those are read from the chain."""
    try:
        yield from (entry for entry in ledger.statements(head.console) if entry.seq <= head.seq)
    except IntegrityError as error:
        raise MisindexedError("the ledger's index can't be read") from error


def _contradiction(recorded: Head) -> str:
    known = recorded.statement.sha256 if recorded.statement is not None else None
    return (
        f"the ledger knows statement {recorded.seq} with the SHA-256 {known}, and the chain does not have "
        "it: the statement was removed or replaced, or the ledger was altered. Verify the archive"
    )
