"""The head: what the newest statement of a Console, and those before it, amount to.

A head is a pure fold over the chain: the ledger holds one so that a run need not read the chain, and
`Head.after` is the only way to make the next one, so a rebuilt ledger equals the recorded one.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import orjson

from audit_archive.format.codec import UnknownMember
from audit_archive.format.entry import Entry
from audit_archive.format.facts import (
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
"""How many intents without a receipt are remembered, so that a late receipt still finds its own."""

UNKNOWN_CAUSES = frozenset({Cause.UNEXPLAINED, Cause.BEFORE_ARCHIVE})
"""Causes that no receipt of the Console's vouches for."""


@dataclass(frozen=True, slots=True)
class OpenHole:
    """Ids that are missing and may still be filled by a late writer; `served_at` in epoch seconds.

    `served_at` is when the export was served that showed the hole first. `is_accepted`: an operator says that
    a purge may cross it.
    """

    first: int
    last: int
    cause: Cause | UnknownMember
    served_at: int
    is_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Hold:
    """What has kept an entry from being purged: the reason, the lowest such id, and since when (epoch s)."""

    reason: HeldBackBy | UnknownMember
    waiting_id: int
    since: int


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

    `live_count`: how many entries the Console should count; None: a whole run must find out. `count_offset`:
    by how much that differs from the ids that it shows, if that was looked into. `surveyed_at`: when the run
    of the newest complete export began, by our clock. `history_up_to`: the last id of the epoch's first
    export; purges up to it are older than the archive. `vanished`: archived ids that are gone without a
    receipt. `export`: the newest stored one.
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

    @property
    def archived_live(self) -> IdSet:
        """The archived ids that should be live: neither missing, nor purged by us, nor vanished."""
        first = max(self.first_live_id, self.highest_purged_id + 1)
        above = IdSet.of((first, self.highest_archived_id)) if first <= self.highest_archived_id else IdSet()
        gone = span_set(self.vanished)
        late = IdSet.of(*((i, i) for i in self.late_ids))
        return IdSet.of(*above.minus(self.open_ids).minus(gone).ranges, *late.ranges)

    @property
    def unexplained(self) -> tuple[OpenHole, ...]:
        """The missing ids above all that is purged which neither a receipt nor an operator explains."""
        above = (hole for hole in self.holes if hole.last > self.highest_purged_id)
        return tuple(hole for hole in above if hole.cause in UNKNOWN_CAUSES and not hole.is_accepted)

    def is_history(self, receipt_id: int) -> bool:
        """Whether a purge receipt is older than the archive: it stood in the epoch's first export."""
        return not self.highest_archived_id or receipt_id <= self.history_up_to

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
    found = tuple(
        OpenHole(m.first, m.last, m.cause, served_at) for m in said.missing if m.cause != Cause.PURGED
    )
    settled = {seen.intent_seq for seen in said.receipts_seen if seen.intent_seq is not None}
    intents = [intent for intent in head.intents if intent.seq not in settled]
    if said.plan.mode == Mode.ON and said.plan.boundary is not None:
        added = Intent(said.seq, said.plan.boundary, said.plan.expected_count, said.export.last_id)
        intents = [*(_raised(intent, added) for intent in intents), added]
    holes = _without(head.holes + found, said.filled)
    grown = replace(
        head,
        anchor=said.anchor,
        holes=holes,
        late_ids=_late(head, said),
        intents=tuple(intents[-MAX_UNSETTLED:]),
        receipts=tuple(r for r in head.receipts if _is_unseen(r, said.highest_archived_id, holes)),
        next_due_at=from_rfc3339(said.plan.next_due_at) if said.plan.next_due_at else None,
        window=said.plan.window,
        live_count=None,
        history_up_to=head.history_up_to or said.export.last_id,
        hold=_hold(head, said),
        vanished=_above(head.vanished + said.vanished, said.highest_purged_id),
        respelled=_respelled(head, said),
        export=said.export,
    )
    return _surveyed(grown, said) if said.is_complete else grown


def _late(head: Head, said: ArchiveStatement) -> tuple[int, ...]:
    filled = tuple(i for i in said.filled if i <= said.highest_purged_id)
    gone = span_set(said.vanished)
    return tuple(i for i in head.late_ids + filled if i not in gone)


def _raised(intent: Intent, added: Intent) -> Intent:
    """An earlier intent, whose purge may still come: it then destroys what was archived meanwhile, too."""
    if intent.boundary != added.boundary:
        return intent
    return replace(intent, expected_count=max(intent.expected_count, added.expected_count))


def _surveyed(head: Head, said: ArchiveStatement) -> Head:
    """The head once everything of an export is archived: what is live is known anew, if the pages agree."""
    offset, first_id = said.population.offset, said.export.first_id
    return replace(
        head,
        first_live_id=first_id,
        live_count=said.export.entry_count + offset if offset is not None else None,
        count_offset=offset,
        surveyed_at=from_rfc3339(said.run.started_at),
        vanished=_above(head.vanished, first_id - 1),
    )


def _hold(head: Head, said: ArchiveStatement) -> Hold | None:
    """What keeps the lowest entry from being purged; since when, if it is the same as before."""
    reason, waiting_id = said.plan.held_back_by, said.plan.waiting_id
    if reason == HeldBackBy.NOT_YET_RECORDED:
        return head.hold
    if reason is None or waiting_id is None:
        return None
    if head.hold is not None and (head.hold.reason, head.hold.waiting_id) == (reason, waiting_id):
        return head.hold
    return Hold(reason, waiting_id, from_rfc3339(said.run.started_at))


def _above(spans: tuple[IdSpan, ...], purged: int) -> tuple[IdSpan, ...]:
    return tuple(IdSpan(max(span.first, purged + 1), span.last) for span in spans if span.last > purged)


def _respelled(head: Head, said: ArchiveStatement) -> tuple[Respelled, ...]:
    """The present spelling of each file that is not purged yet; a newer one takes an older one's place."""
    known = {each.key: each for each in head.respelled + said.respelled}
    return tuple(each for each in known.values() if each.last_id > said.highest_purged_id)


def _is_unseen(receipt: KnownReceipt, archived: int, holes: tuple[OpenHole, ...]) -> bool:
    """Whether a receipt of ours is not archived yet: it lies above, or where an export showed a hole."""
    return receipt.entry_id > archived or any(hole.first <= receipt.entry_id <= hole.last for hole in holes)


def _without(holes: tuple[OpenHole, ...], filled: tuple[int, ...]) -> tuple[OpenHole, ...]:
    """The holes that are left. An entry in an accepted one shows that the acceptance was wrong: all end."""
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


def _after_purge(head: Head, said: PurgeStatement) -> Head:
    intents = tuple(_after_outcome(intent, said) for intent in head.intents)
    receipts = head.receipts
    if said.receipt is not None and said.receipt["id"] > head.highest_archived_id:
        receipts += (KnownReceipt(said.receipt["id"], said.intent_seq, said.boundary),)
    was_sent = said.outcome in SENT
    is_done = was_sent and said.outcome != PurgeOutcome.PARTIAL
    return replace(
        head,
        intents=tuple(intent for intent in intents if intent is not None),
        receipts=receipts,
        late_ids=tuple(i for i in head.late_ids if not is_done or i > said.boundary),
        is_latched=head.is_latched or said.outcome == PurgeOutcome.MISMATCH,
        next_due_at=head.next_due_at if is_done else from_rfc3339(said.run.started_at),
        live_count=_live_after(head, said),
        vanished=_above(head.vanished, said.highest_purged_id),
        respelled=tuple(each for each in head.respelled if each.last_id > said.highest_purged_id),
    )


def _live_after(head: Head, said: PurgeStatement) -> int | None:
    """How many entries should be live once a purge has ended; None if it did not end as planned."""
    if said.outcome == PurgeOutcome.NOT_SENT:
        return head.live_count
    is_as_planned = said.outcome == PurgeOutcome.CONFIRMED and said.reported_count == said.expected_count
    if head.live_count is None or not is_as_planned:
        return None
    return head.live_count - said.expected_count + 1  # its receipt


def _after_outcome(intent: Intent, said: PurgeStatement) -> Intent | None:
    """The intent as it is remembered after its end: a late receipt may still match it, or nothing may."""
    if intent.seq != said.intent_seq:
        return intent
    if said.receipt is None and said.outcome not in {PurgeOutcome.NOT_SENT, PurgeOutcome.SUPERSEDED}:
        return replace(intent, is_open=False, reported_count=said.reported_count)
    return None


def _after_operator(head: Head, said: OperatorStatement) -> Head:
    now = from_rfc3339(said.run.started_at)
    if said.action == Action.RESUME:
        return replace(head, is_latched=False, next_due_at=now, hold=None)
    if said.action == Action.ACCEPT and said.accepted is not None:
        return replace(head, holes=_accepted(head.holes, said.accepted), next_due_at=now)
    if said.action == Action.KEY:
        return replace(head, public_key=said.public_key)
    if said.action == Action.EPOCH:
        return Head(
            console=head.console,
            epoch=head.epoch,
            seq=head.seq,
            statement=head.statement,
            tree=head.tree,
            window=head.window,
            public_key=head.public_key,
        )
    return head


def _accepted(holes: tuple[OpenHole, ...], span: IdSpan) -> tuple[OpenHole, ...]:
    """The holes with those in a span accepted; one that reaches beyond it is cut where the span ends."""
    taken = IdSet((IdRange(span.first, span.last),))
    return tuple(
        replace(hole, first=part.first, last=part.last, is_accepted=is_accepted or hole.is_accepted)
        for hole in holes
        for part, is_accepted in _parts(hole, taken)
    )


def _parts(hole: OpenHole, taken: IdSet) -> list[tuple[IdRange, bool]]:
    inside = [(part, True) for part in taken.within(hole.first, hole.last).ranges]
    outside = [(part, False) for part in taken.gaps(hole.first, hole.last).ranges]
    return sorted(inside + outside)


def anchor_of(entry: Entry) -> Anchor:
    """What a Console is recognised by: one entry's id, timestamp and action, as it states them."""
    fields = orjson.loads(entry.line)
    stated = (fields.get("timestamp"), fields.get("action_type"))
    timestamp, action_type = (value if isinstance(value, str) else None for value in stated)
    return Anchor(entry.id, timestamp, action_type)
