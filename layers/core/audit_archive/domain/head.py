"""The head: what the newest statement of a Console, and those before it, amount to.

A head is a pure fold over the chain: the ledger holds one so that a run need not read the chain, and
`Head.after` is the only way to make the next one, so a rebuilt ledger equals the recorded one.
"""

from dataclasses import dataclass, replace

from audit_archive.domain.facts import Action, Anchor, Cause, ObjectRef, PurgeOutcome
from audit_archive.domain.ranges import IdRange, IdSet, id_set
from audit_archive.domain.statement import ArchiveStatement, OperatorStatement, PurgeStatement, Statement
from audit_archive.domain.times import from_rfc3339
from audit_archive.domain.tree import EMPTY_TREE, Tree

MAX_UNSETTLED = 16
"""How many intents without a receipt are remembered, so that a late receipt still finds its own."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Ids that are missing and may still be filled by a late writer; `served_at` in epoch seconds.

    `served_at` is when the export was served that showed the hole first.
    """

    first: int
    last: int
    cause: str
    served_at: int


@dataclass(frozen=True)
class Intent:
    """A recorded plan to purge up to `boundary`, until its receipt is found.

    `export_last_id` is the last id of the export it rests on: its receipt comes later. `is_open` says that
    nobody has yet written up how it ended. `reported_count` is the count in the Console's answer, if there
    was one: a late receipt must then say the same.
    """

    seq: int
    boundary: int
    expected_count: int
    export_last_id: int
    is_open: bool = True
    reported_count: int | None = None


@dataclass(frozen=True)
class KnownReceipt:
    """A receipt of ours that is not archived yet: its id, its boundary, and the intent that it settles."""

    entry_id: int
    intent_seq: int
    boundary: int


@dataclass(frozen=True)
class Head:
    """The newest statement of a Console, and the watermarks and open questions that go with it.

    `late_ids`: filled by a late writer at or below `highest_purged_id`, archived but not purged yet.
    `is_latched` forbids purging after a mismatch until an operator's `resume`. `next_due_at` is the moment
    (epoch seconds) from which something archived may be purged though nothing new has come. `first_live_id`
    is the lowest id of the newest archived export: what it no longer held can't come alive again. `window`
    (seconds) is how old an entry had to be for the newest plan. `public_key`: the key that signs checkpoints,
    as the chain names it (DER, base64); None before it names one.
    """

    console: str
    epoch: int = 1
    seq: int = 0
    statement: ObjectRef | None = None
    tree: Tree = EMPTY_TREE
    highest_archived_id: int = 0
    highest_purged_id: int = 0
    anchor: Anchor | None = None
    holes: tuple[Hole, ...] = ()
    late_ids: tuple[int, ...] = ()
    intents: tuple[Intent, ...] = ()
    receipts: tuple[KnownReceipt, ...] = ()
    is_latched: bool = False
    next_due_at: int | None = None
    first_live_id: int = 0
    window: int = 0
    public_key: str | None = None

    @property
    def open_intents(self) -> tuple[Intent, ...]:
        """Intents whose end nobody has written up yet."""
        return tuple(intent for intent in self.intents if intent.is_open)

    @property
    def own_tail(self) -> tuple[KnownReceipt, ...]:
        """The receipts of ours above everything archived."""
        return tuple(receipt for receipt in self.receipts if receipt.entry_id > self.highest_archived_id)

    @property
    def open_ids(self) -> IdSet:
        """The missing ids that a late writer may still fill."""
        return IdSet(tuple(IdRange(hole.first, hole.last) for hole in self.holes))

    def risen(self, live: IdSet) -> IdSet:
        """The live ids that a purge of ours should have destroyed, and that no late writer explains."""
        return self.not_late(live.within(1, self.highest_purged_id))

    def reborn(self, live: IdSet) -> IdSet:
        """The live ids that the newest archived export no longer held, and that no late writer explains."""
        return self.not_late(live.within(1, self.first_live_id - 1))

    def not_late(self, live: IdSet) -> IdSet:
        """Those of some live ids that no late writer put where a hole was."""
        return live.minus(self.open_ids).minus(id_set(self.late_ids))

    def after(self, statement: Statement, ref: ObjectRef) -> "Head":
        """The head once `statement`, stored as `ref`, is the newest."""
        head = replace(
            self,
            epoch=statement.epoch,
            seq=statement.seq,
            statement=ref,
            tree=statement.tree,
            highest_archived_id=statement.highest_archived_id,
            highest_purged_id=statement.highest_purged_id,
        )
        match statement:
            case ArchiveStatement():
                return _after_archive(head, statement)
            case PurgeStatement():
                return _after_purge(head, statement)
            case OperatorStatement():
                return _after_operator(head, statement)


def _after_archive(head: Head, said: ArchiveStatement) -> Head:
    served_at = from_rfc3339(said.export.served_at)
    found = tuple(Hole(m.first, m.last, m.cause, served_at) for m in said.missing if m.cause != Cause.PURGED)
    settled = {seen.intent_seq for seen in said.receipts_seen if seen.intent_seq is not None}
    intents = [intent for intent in head.intents if intent.seq not in settled]
    if said.plan.mode == "on" and said.plan.boundary is not None:
        last_id = said.export.last_id
        intents.append(Intent(said.seq, said.plan.boundary, said.plan.expected_count, last_id))
    holes = _without(head.holes + found, said.filled)
    return replace(
        head,
        anchor=said.anchor,
        holes=holes,
        late_ids=head.late_ids + tuple(i for i in said.filled if i <= said.highest_purged_id),
        intents=tuple(intents[-MAX_UNSETTLED:]),
        receipts=tuple(r for r in head.receipts if _is_unseen(r, said.highest_archived_id, holes)),
        next_due_at=from_rfc3339(said.plan.next_due_at) if said.plan.next_due_at else None,
        first_live_id=said.export.first_id,
        window=said.plan.window,
    )


def _is_unseen(receipt: KnownReceipt, archived: int, holes: tuple[Hole, ...]) -> bool:
    """Whether a receipt of ours is not archived yet: it lies above, or where an export showed a hole."""
    return receipt.entry_id > archived or any(hole.first <= receipt.entry_id <= hole.last for hole in holes)


def _without(holes: tuple[Hole, ...], filled: tuple[int, ...]) -> tuple[Hole, ...]:
    if not filled:
        return holes
    present = id_set(filled)
    return tuple(
        Hole(left.first, left.last, hole.cause, hole.served_at)
        for hole in holes
        for left in present.gaps(hole.first, hole.last).ranges
    )


def _after_purge(head: Head, said: PurgeStatement) -> Head:
    intents = tuple(_after_outcome(intent, said) for intent in head.intents)
    receipts = head.receipts
    if said.receipt is not None and said.receipt["id"] > head.highest_archived_id:
        receipts += (KnownReceipt(said.receipt["id"], said.intent_seq, said.boundary),)
    was_sent = said.outcome in {PurgeOutcome.CONFIRMED, PurgeOutcome.UNCONFIRMED, PurgeOutcome.MISMATCH}
    return replace(
        head,
        intents=tuple(intent for intent in intents if intent is not None),
        receipts=receipts,
        late_ids=tuple(i for i in head.late_ids if not was_sent or i > said.boundary),
        is_latched=head.is_latched or said.outcome == PurgeOutcome.MISMATCH,
        next_due_at=head.next_due_at if was_sent else from_rfc3339(said.run.started_at),
    )


def _after_outcome(intent: Intent, said: PurgeStatement) -> Intent | None:
    """The intent as it is remembered after its end: a late receipt may still match it, or nothing may."""
    if intent.seq != said.intent_seq:
        return intent
    if said.outcome in {PurgeOutcome.UNKNOWN, PurgeOutcome.UNCONFIRMED}:
        return replace(intent, is_open=False, reported_count=said.reported_count)
    return None


def _after_operator(head: Head, said: OperatorStatement) -> Head:
    if said.action == Action.RESUME:
        return replace(head, is_latched=False, next_due_at=from_rfc3339(said.run.started_at))
    if said.action == Action.KEY:
        return replace(head, public_key=said.public_key)
    if said.action == Action.EPOCH:
        return replace(
            head,
            anchor=None,
            holes=(),
            late_ids=(),
            intents=(),
            receipts=(),
            is_latched=False,
            next_due_at=None,
            first_live_id=0,
        )
    return head
