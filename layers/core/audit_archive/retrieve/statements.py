"""The statements of one Console: by the ledger's index, held to them, or by the chain itself."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from audit_archive.errors import IntegrityError, RequestError
from audit_archive.format.facts import Action, IdSpan, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.index import ArchivedRow, Indexed, indexed, rows_of
from audit_archive.format.keys import PublicKey
from audit_archive.format.layout import statement_key
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, Statement, key_named_by
from audit_archive.ports import ArchiveSource, Clock, Ledger, ScratchFile, Verifications
from audit_archive.retrieve.coverage import RestsOn
from audit_archive.storage.chain import committed_after, head_after, is_stated, read_archive, read_known

# What retrieval works with.

ANSWER_RESERVE = 20.0
"""With fewer seconds than this left, nothing more is read: an answer must still be put and told."""


@dataclass(frozen=True)
class Reader:
    """An archive to read, and, if there are any, the ledger that indexes it and its daily audits' notes."""

    source: ArchiveSource
    ledger: Ledger | None
    clock: Clock
    scratch: ScratchFile
    verifications: Verifications | None = None

    def check_time(self, field: str) -> None:
        """Raise RequestError naming the field that should ask for less, if time is running out."""
        if self.clock.remaining() < ANSWER_RESERVE:
            raise RequestError(
                field, "the time of this invocation is not enough: ask for less at once, or raise the timeout"
            )


A = TypeVar("A")
T = TypeVar("T", int, str)


class MisindexedError(Exception):
    """What the ledger has of a Console does not fit its chain. The chain itself must be read."""


def misfit_at(key: str) -> MisindexedError:
    """The ledger's index says of a statement, or of those around it, what is not so."""
    return MisindexedError(f"the ledger's index does not fit the chain at {key}")


class Amending(NamedTuple):
    """A statement, as `entry` has it, that says which archived entries have another form, within a span."""

    epoch: int
    entry: Indexed
    span: IdSpan


@dataclass(frozen=True)
class KnownChain:
    """What is known of a Console's statements: the head, and those that archive entries.

    `keys`: those that were ever named to sign, in their order. `recorded`: the number up to which the ledger
    knows the statements; what is beyond it may be about to be published. `rests_on`: of `RestsOn`.
    `contradiction`: what the ledger knows and the chain does not have. `remark`: why the index was not used.
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
        """Whose they are."""
        return self.head.console


class _Known(NamedTuple):
    """A statement in the index, its epoch, and the key that it names."""

    epoch: int
    entry: Indexed
    key: PublicKey | None = None


def answered(reader: Reader, console: str, answer: Callable[[KnownChain], A]) -> A:
    """The answer that a Console's chain gives, known by the ledger's index as long as that fits.

    Raises what `answer` raises; IntegrityError if the chain is broken.
    """
    try:
        return answer(_indexed_chain(reader, console))
    except MisindexedError as misfit:
        return answer(read_chain(reader, console, str(misfit) or None))


def read_chain(reader: Reader, console: str, remark: str | None = None) -> KnownChain:
    """The chain as its statements tell it, every one of them read. Raises IntegrityError if it is broken."""
    chain = ChainReading(console)
    for each in committed_after(reader.source, Head(console)):
        reader.check_time("console")
        chain.add(each.statement, each.ref)
    return chain.read(recorded_head(reader, console), remark)


def current_head(reader: Reader, console: str) -> tuple[Head, str | None]:
    """The head that the chain leads to, and what the ledger knows that the chain does not have."""
    recorded = recorded_head(reader, console)
    head = recorded if is_stated(reader.source, recorded) else Head(console)
    is_known = recorded.statement in {None, head.statement}
    for each in committed_after(reader.source, head):
        reader.check_time("console")
        head, is_known = each.head, is_known or each.ref == recorded.statement
    return head, None if is_known else _contradiction(recorded)


def recorded_head(reader: Reader, console: str) -> Head:
    """The head as the ledger has it; the empty one without a ledger, or if it has none that can be read."""
    try:
        return (reader.ledger.head(console) if reader.ledger is not None else None) or Head(console)
    except IntegrityError:
        return Head(console)


class ChainReading:
    """Takes the statements of a Console in order, from the first."""

    def __init__(self, console: str) -> None:
        self._head = Head(console)
        self._known: list[_Known] = []

    def add(self, said: Statement, ref: ObjectRef) -> None:
        """Take the next one. Raises IntegrityError if it does not follow the one before it."""
        self._head = head_after(self._head, said, ref)
        self._known.append(_Known(said.epoch, indexed(said, ref), key_named_by(said)))

    def read(self, recorded: Head, remark: str | None = None) -> KnownChain:
        """What was read, beside what the ledger has recorded of it."""
        known, ref = self._known, recorded.statement
        at = recorded.seq - 1
        is_there = ref is None or (0 <= at < len(known) and known[at].entry.statement == ref)
        contradiction = None if is_there else _contradiction(recorded)
        return _chain(self._head, known, recorded.seq, (RestsOn.STATEMENTS, contradiction, remark))


def read_row(reader: Reader, chain: KnownChain, row: ArchivedRow) -> ArchiveStatement:
    """The statement of a row. Raises MisindexedError if the ledger's index says anything else of it."""
    if chain.rests_on == RestsOn.STATEMENTS:
        return read_archive(reader.source, row.statement)
    said = _as_indexed(reader, row.entry)
    if not isinstance(said, ArchiveStatement) or not row.agrees_with(said):
        raise misfit_at(row.statement.key)
    return said


def read_amending(reader: Reader, chain: KnownChain, amending: Amending) -> ArchiveStatement:
    """A statement that tells of other forms. Raises MisindexedError as `read_row` does."""
    if chain.rests_on == RestsOn.STATEMENTS:
        return read_archive(reader.source, amending.entry.statement)
    said = _as_indexed(reader, amending.entry)
    if not isinstance(said, ArchiveStatement) or said.epoch != amending.epoch:
        raise misfit_at(amending.entry.statement.key)
    return said


def _indexed_chain(reader: Reader, console: str) -> KnownChain:
    """Everything that is known of a Console's statements, most of them unread.

    The head is held to its statement and the index to the head. Statements that the ledger does not know yet
    are read. Raises MisindexedError where anything does not fit.
    """
    recorded = recorded_head(reader, console)
    if reader.ledger is None or not recorded.seq:
        raise MisindexedError
    if not is_stated(reader.source, recorded):
        raise MisindexedError("the ledger's head is not the one that its statement leads to")
    known = list(_recorded(reader, reader.ledger, recorded))
    head = recorded
    for each in committed_after(reader.source, recorded):
        head, said = each.head, each.statement
        known.append(_Known(said.epoch, indexed(said, each.ref), key_named_by(said)))
    return _chain(head, known, recorded.seq, (RestsOn.INDEX, None, None))


def _chain(
    head: Head, known: list[_Known], recorded: int, told: tuple[RestsOn, str | None, str | None]
) -> KnownChain:
    amending = (Amending(each.epoch, each.entry, each.entry.amended) for each in known if each.entry.amended)
    rows = rows_of((each.epoch, each.entry) for each in known)
    keys = tuple(each.key for each in known if each.key)
    return KnownChain(head, rows, keys, tuple(amending), recorded, *told)


def _recorded(reader: Reader, ledger: Ledger, head: Head) -> Iterator[_Known]:
    """The index up to the head, whose numbers, counts and ids it must give. Raises MisindexedError."""
    epoch, size, highest = 1, 0, 0
    entry = None
    for seq, entry in enumerate(_index(ledger, head), 1):
        is_sane = _is_range(entry.first_id, entry.last_id) and _is_range(entry.first_date, entry.last_date)
        if (entry.seq, entry.statement.key) != (seq, statement_key(head.console, seq)) or not is_sane:
            raise misfit_at(statement_key(head.console, seq))
        key = None
        size, highest = size + entry.count, max(highest, entry.last_id or 0)
        if entry.kind == OperatorStatement.kind:
            said = _decision(reader, entry, (epoch, size, highest))
            epoch, key, highest = said.epoch, key_named_by(said), said.highest_archived_id
        yield _Known(epoch, entry, key)
    if entry is None or entry.statement != head.statement:
        raise misfit_at(statement_key(head.console, head.seq))
    if (epoch, size, highest) != (head.epoch, head.tree.size, head.highest_archived_id):
        raise misfit_at("the newest statement")


def _decision(reader: Reader, entry: Indexed, state: tuple[int, int, int]) -> OperatorStatement:
    """An operator's statement: only one can begin an epoch, or name a key. What is before it must fit it.

    `state`: the epoch, the number of entries and the highest id that the index gives for what is before it.
    """
    said = _as_indexed(reader, entry)
    if not isinstance(said, OperatorStatement):
        raise misfit_at(entry.statement.key)
    before, is_epoch = said.highest_archived_id, said.action == Action.EPOCH
    if is_epoch and said.previous is not None:
        before = read_known(reader.source, said.previous).highest_archived_id
    if (said.epoch - is_epoch, said.tree.size, before) != state:
        raise misfit_at(entry.statement.key)
    return said


def _is_range(first: T | None, last: T | None) -> bool:
    """Whether a range begins before it ends, or there is none: else no step leads over its dates."""
    return first is last is None if first is None or last is None else first <= last


def _as_indexed(reader: Reader, entry: Indexed) -> Statement:
    """The statement that an item of the index leads to. Raises MisindexedError if it is another."""
    try:
        said = read_known(reader.source, entry.statement)
    except IntegrityError as error:
        raise misfit_at(entry.statement.key) from error
    if indexed(said, entry.statement) != entry:
        raise misfit_at(entry.statement.key)
    return said


def _index(ledger: Ledger, head: Head) -> Iterator[Indexed]:
    """Without what a run is just about to record, which the chain tells. Raises MisindexedError."""
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
