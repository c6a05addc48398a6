"""The head: the state that all statements of a Console, up to the newest, lead to.

A head is a pure fold over the chain. The ledger holds one so that a run need not read the chain. `Head.after`
is the only way to make the next head, so a rebuilt ledger equals the recorded one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from audit_archive.format.codec import UnknownMember
from audit_archive.format.decisions import (
    Acceptance,
    LegalHold,
    Pause,
    accepted_after,
    holds_after,
    pause_after,
)
from audit_archive.format.facts import (
    LETS_PURGE,
    SENT,
    Action,
    Anchor,
    Cause,
    ExportFacts,
    HeldBackBy,
    IdSpan,
    Mode,
    ObjectRef,
    PurgeOutcome,
    Respelled,
)
from audit_archive.format.ids import IdRange, IdSet, id_set, span_set
from audit_archive.format.merkle import EMPTY_TREE, Tree
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, PurgeStatement, Statement
from audit_archive.format.times import from_rfc3339

MAX_UNSETTLED = 16
"""How many intents without a receipt are remembered, so that a late receipt still finds its intent."""

UNKNOWN_CAUSES = frozenset({Cause.UNEXPLAINED, Cause.BEFORE_ARCHIVE})
"""Causes that no receipt of the Console confirms."""

OUTLIVES_AN_EPOCH = (
    *("console", "epoch", "seq", "statement", "tree", "window", "public_key", "decided_at"),
    *("acceptances", "pause", "legal_holds"),
)
"""The fields that stay when ids count anew."""


@dataclass(frozen=True, slots=True)
class OpenHole:
    """Ids that are missing and may still be filled by a late writer.

    `served_at`: when the export was served that showed the hole first (epoch seconds). `is_accepted`: an
    operator stated that a purge may cross it.
    """

    first: int
    last: int
    cause: Cause | UnknownMember
    served_at: int
    is_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """What keeps an entry from being purged: the reason, the lowest such id, and since when (epoch s)."""

    reason: HeldBackBy | UnknownMember
    waiting_id: int
    since: int


@dataclass(frozen=True)
class Intent:
    """A recorded plan to purge up to `boundary`, until its receipt is found.

    `export_last_id` is the last id of the export that it rests on: its receipt has a higher id. `is_open`: no
    statement says yet how it ended. `reported_count` is the count in the Console's answer, if there was one:
    a late receipt must then have the same count.
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

    `late_ids`: ids at or below `highest_purged_id` that a late writer filled: archived, but not purged yet.
    `is_latched` forbids purging after a mismatch until an operator states `resume`. `next_due_at` is the
    moment (epoch seconds) from which an archived entry may be purged even if no new entry has come.
    `first_live_id` is the lowest id of the newest archived export: an entry that was gone by then can't come
    back. `window` (seconds) is how old an entry had to be for the newest plan. `public_key`: the key that
    signs checkpoints, as the chain names it (DER, Base64); None before it names one.

    `live_count`: how many entries the Console should count; None: only a whole run can find out.
    `count_offset`: by how much that count differs from the ids that the Console shows, if a run compared
    them. `surveyed_at`: when the run of the newest complete export began, by our clock (epoch seconds).
    `history_up_to`: the last id of the epoch's first export; purges up to it are older than the archive.
    `vanished`: archived ids that are gone without a receipt. `export`: the newest stored one. `acceptances`:
    the faults of the daily audit that an operator accepted. `pause`: until an operator ends it.
    `legal_holds`: all that are open. `decided_at`: when an operator last decided that a purge may be sent.
    """

    console: str
    epoch: int = 1
    seq: int = 0
    statement: ObjectRef | None = None
    tree: Tree = EMPTY_TREE
    highest_archived_id: int = 0
    highest_purged_id: int = 0
    anchor: Anchor | None = None
    holes: tuple[OpenHole, ...] = ()
    late_ids: tuple[int, ...] = ()
    intents: tuple[Intent, ...] = ()
    receipts: tuple[KnownReceipt, ...] = ()
    is_latched: bool = False
    next_due_at: int | None = None
    first_live_id: int = 0
    window: int = 0
    public_key: str | None = None
    live_count: int | None = None
    count_offset: int | None = None
    surveyed_at: int | None = None
    history_up_to: int = 0
    hold: Hold | None = None
    vanished: tuple[IdSpan, ...] = ()
    respelled: tuple[Respelled, ...] = ()
    export: ExportFacts | None = None
    acceptances: tuple[Acceptance, ...] = ()
    pause: Pause | None = None
    decided_at: int | None = None
    legal_holds: tuple[LegalHold, ...] = ()

    @property
    def open_intents(self) -> tuple[Intent, ...]:
        """Intents without a statement on how they ended."""
        return tuple(intent for intent in self.intents if intent.is_open)

    @property
    def own_tail(self) -> tuple[KnownReceipt, ...]:
        """The receipts of our purges above all archived ids."""
        return tuple(receipt for receipt in self.receipts if receipt.entry_id > self.highest_archived_id)

    @property
    def open_ids(self) -> IdSet:
        """The missing ids that a late writer may still fill."""
        return IdSet(tuple(IdRange(hole.first, hole.last) for hole in self.holes))

    @property
    def archived_live(self) -> IdSet:
        """The archived ids that should be live: not missing, not purged by us, and not vanished."""
        first = max(self.first_live_id, self.highest_purged_id + 1)
        above = IdSet.of((first, self.highest_archived_id)) if first <= self.highest_archived_id else IdSet()
        gone = span_set(self.vanished)
        late = IdSet.of(*((i, i) for i in self.late_ids))
        return IdSet.of(*above.minus(self.open_ids).minus(gone).ranges, *late.ranges)

    @property
    def unexplained(self) -> tuple[OpenHole, ...]:
        """The missing ids above the purged ones that neither a receipt nor an operator explains."""
        above = (hole for hole in self.holes if hole.last > self.highest_purged_id)
        return tuple(hole for hole in above if hole.cause in UNKNOWN_CAUSES and not hole.is_accepted)

    def is_history(self, receipt_id: int) -> bool:
        """Whether a purge receipt is older than the archive: the epoch's first export had it."""
        return not self.highest_archived_id or receipt_id <= self.history_up_to

    def live_though_purged(self, live: IdSet) -> IdSet:
        """The live ids that a purge of ours should have destroyed, and that no late writer explains."""
        return self.not_late(live.within(1, self.highest_purged_id))

    def live_though_gone(self, live: IdSet) -> IdSet:
        """The live ids that the newest archived export no longer held, and that no late writer explains."""
        return self.not_late(live.within(1, self.first_live_id - 1))

    def not_late(self, live: IdSet) -> IdSet:
        """The live ids without those that a late writer put where a hole was."""
        return live.minus(self.open_ids).minus(id_set(self.late_ids))

    def after(self, statement: Statement, ref: ObjectRef) -> "Head":
        """The head once `statement`, stored as `ref`, is the newest.

        Raises ValueError, KeyError or TypeError if the statement holds values that can't be right.
        """
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


def _after_archive(head: Head, statement: ArchiveStatement) -> Head:
    served_at = from_rfc3339(statement.export.served_at)
    found = tuple(
        OpenHole(m.first, m.last, m.cause, served_at) for m in statement.missing if m.cause != Cause.PURGED
    )
    settled = {seen.intent_seq for seen in statement.receipts_seen if seen.intent_seq is not None}
    intents = [intent for intent in head.intents if intent.seq not in settled]
    if statement.plan.mode == Mode.ON and statement.plan.boundary is not None:
        added = Intent(
            statement.seq, statement.plan.boundary, statement.plan.expected_count, statement.export.last_id
        )
        intents = [*(_raised(intent, added) for intent in intents), added]
    holes = _without(head.holes + found, statement.filled)
    grown = replace(
        head,
        anchor=statement.anchor,
        holes=holes,
        late_ids=_late(head, statement),
        intents=tuple(intents[-MAX_UNSETTLED:]),
        receipts=tuple(r for r in head.receipts if _is_unseen(r, statement.highest_archived_id, holes)),
        next_due_at=from_rfc3339(statement.plan.next_due_at) if statement.plan.next_due_at else None,
        window=statement.plan.window,
        live_count=None,
        history_up_to=head.history_up_to or statement.export.last_id,
        hold=_hold(head, statement),
        vanished=_above(head.vanished + statement.vanished, statement.highest_purged_id),
        respelled=_respelled(head, statement),
        export=statement.export,
    )
    return _surveyed(grown, statement) if statement.is_complete else grown


def _late(head: Head, statement: ArchiveStatement) -> tuple[int, ...]:
    filled = tuple(i for i in statement.filled if i <= statement.highest_purged_id)
    gone = span_set(statement.vanished)
    return tuple(i for i in head.late_ids + filled if i not in gone)


def _raised(intent: Intent, added: Intent) -> Intent:
    """An earlier intent of the same boundary: its purge may still come, and takes what came meanwhile."""
    if intent.boundary != added.boundary:
        return intent
    return replace(intent, expected_count=max(intent.expected_count, added.expected_count))


def _surveyed(head: Head, statement: ArchiveStatement) -> Head:
    """The head once a whole export is archived: what is live is known again, if the pages agree."""
    offset, first_id = statement.population.offset, statement.export.first_id
    return replace(
        head,
        first_live_id=first_id,
        live_count=statement.export.entry_count + offset if offset is not None else None,
        count_offset=offset,
        surveyed_at=from_rfc3339(statement.run.started_at),
        vanished=_above(head.vanished, first_id - 1),
    )


def _hold(head: Head, statement: ArchiveStatement) -> Hold | None:
    """What keeps the lowest entry from being purged; as before, if reason and entry are the same."""
    reason, waiting_id = statement.plan.held_back_by, statement.plan.waiting_id
    if reason == HeldBackBy.NOT_YET_RECORDED:
        return head.hold
    if reason is None or waiting_id is None:
        return None
    if head.hold is not None and (head.hold.reason, head.hold.waiting_id) == (reason, waiting_id):
        return head.hold
    return Hold(reason, waiting_id, from_rfc3339(statement.run.started_at))


def _above(spans: tuple[IdSpan, ...], purged: int) -> tuple[IdSpan, ...]:
    return tuple(IdSpan(max(span.first, purged + 1), span.last) for span in spans if span.last > purged)


def _respelled(head: Head, statement: ArchiveStatement) -> tuple[Respelled, ...]:
    """The present spelling of each file that is not purged yet: the newest of each file."""
    known = {each.key: each for each in head.respelled + statement.respelled}
    return tuple(each for each in known.values() if each.last_id > statement.highest_purged_id)


def _is_unseen(receipt: KnownReceipt, archived: int, holes: tuple[OpenHole, ...]) -> bool:
    """Whether a receipt of ours is not archived yet: it lies above the archived ids, or in a hole."""
    return receipt.entry_id > archived or any(hole.first <= receipt.entry_id <= hole.last for hole in holes)


def _without(holes: tuple[OpenHole, ...], filled: tuple[int, ...]) -> tuple[OpenHole, ...]:
    """The holes without the filled ids. One filled id in an accepted hole ends every acceptance."""
    if not filled:
        return holes
    present = id_set(filled)
    left = tuple(
        replace(hole, first=part.first, last=part.last)
        for hole in holes
        for part in present.gaps(hole.first, hole.last).ranges
    )
    if accepted_ids(holes).intersection(present):
        return tuple(replace(hole, is_accepted=False) for hole in left)
    return left


def accepted_ids(holes: Iterable[OpenHole]) -> IdSet:
    """The missing ids that an operator accepted."""
    return IdSet(tuple(IdRange(hole.first, hole.last) for hole in holes if hole.is_accepted))


def _after_purge(head: Head, statement: PurgeStatement) -> Head:
    intents = tuple(_after_outcome(intent, statement) for intent in head.intents)
    receipts = head.receipts
    if statement.receipt is not None and statement.receipt["id"] > head.highest_archived_id:
        receipts += (KnownReceipt(statement.receipt["id"], statement.intent_seq, statement.boundary),)
    was_sent = statement.outcome in SENT
    is_done = was_sent and statement.outcome != PurgeOutcome.PARTIAL
    return replace(
        head,
        intents=tuple(intent for intent in intents if intent is not None),
        receipts=receipts,
        late_ids=tuple(i for i in head.late_ids if not is_done or i > statement.boundary),
        is_latched=head.is_latched or statement.outcome == PurgeOutcome.MISMATCH,
        next_due_at=head.next_due_at if is_done else from_rfc3339(statement.run.started_at),
        live_count=_live_after(head, statement),
        vanished=_above(head.vanished, statement.highest_purged_id),
        respelled=tuple(each for each in head.respelled if each.last_id > statement.highest_purged_id),
    )


def _live_after(head: Head, statement: PurgeStatement) -> int | None:
    """How many entries should be live after a purge; None if it did not end as planned."""
    if statement.outcome == PurgeOutcome.NOT_SENT:
        return head.live_count
    is_as_planned = (
        statement.outcome == PurgeOutcome.CONFIRMED and statement.reported_count == statement.expected_count
    )
    if head.live_count is None or not is_as_planned:
        return None
    return head.live_count - statement.expected_count + 1  # the purge's own receipt


def _after_outcome(intent: Intent, statement: PurgeStatement) -> Intent | None:
    """The intent as it is remembered after its end; None if no late receipt can match it."""
    if intent.seq != statement.intent_seq:
        return intent
    is_matchable = statement.outcome not in {PurgeOutcome.NOT_SENT, PurgeOutcome.SUPERSEDED}
    if statement.receipt is None and is_matchable:
        return replace(intent, is_open=False, reported_count=statement.reported_count)
    return None


def _after_operator(head: Head, statement: OperatorStatement) -> Head:
    now = from_rfc3339(statement.run.started_at)
    pause, acceptances = pause_after(head.pause, statement), accepted_after(head.acceptances, statement)
    holds = holds_after(head.legal_holds, statement)
    head = replace(head, pause=pause, acceptances=acceptances, legal_holds=holds)
    if statement.action in LETS_PURGE:
        head = replace(head, decided_at=now)
    if statement.action in {Action.END_PAUSE, Action.ACCEPT_FAULTS}:
        return replace(head, next_due_at=now)
    if statement.action == Action.RESUME:
        return replace(head, is_latched=False, next_due_at=now, hold=None)
    if statement.action == Action.ACCEPT and statement.accepted is not None:
        return replace(head, holes=_accepted(head.holes, statement.accepted), next_due_at=now)
    if statement.action == Action.KEY:
        return replace(head, public_key=statement.public_key)
    if statement.action == Action.EPOCH:
        return Head(**{name: getattr(head, name) for name in OUTLIVES_AN_EPOCH})
    return head


def _accepted(holes: tuple[OpenHole, ...], span: IdSpan) -> tuple[OpenHole, ...]:
    """The holes, accepted where they lie in the span. One that reaches beyond the span is cut there."""
    accepted = IdSet((IdRange(span.first, span.last),))
    return tuple(
        replace(hole, first=part.first, last=part.last, is_accepted=is_accepted or hole.is_accepted)
        for hole in holes
        for part, is_accepted in _parts(hole, accepted)
    )


def _parts(hole: OpenHole, accepted: IdSet) -> list[tuple[IdRange, bool]]:
    inside = [(part, True) for part in accepted.within(hole.first, hole.last).ranges]
    outside = [(part, False) for part in accepted.gaps(hole.first, hole.last).ranges]
    return sorted(inside + outside)
