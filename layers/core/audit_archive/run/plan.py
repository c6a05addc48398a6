"""The plan: which ids are missing and why, up to which id to purge, and why no further. Pure.

Also whether a run has anything to do at all (`is_idle`).
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

from audit_archive.format.codec import UnknownMember
from audit_archive.format.entry import Receipt, is_receipt
from audit_archive.format.facts import Anchor, Cause, HeldBackBy, IdSpan, Missing, Mode, ReceiptSeen
from audit_archive.format.head import UNKNOWN_CAUSES, Head, accepted_ids
from audit_archive.format.ids import IdRange
from audit_archive.format.purges import reach_of, surpluses
from audit_archive.format.times import DAY, read_timestamp
from audit_archive.run.receipts import match_receipts
from audit_archive.run.survey import Survey

MAX_VANISHED_SPANS = 1000
"""Spans of vanished ids that one statement lists."""

HELD_BY: Mapping[Cause | UnknownMember, HeldBackBy] = {
    Cause.UNEXPLAINED: HeldBackBy.UNEXPLAINED_HOLE,
    Cause.BEFORE_ARCHIVE: HeldBackBy.BEFORE_ARCHIVE,
}
"""The name of the rule by which a hole with an unknown cause bounds a purge."""

WHOLE_EVERY = 7 * DAY
"""Seconds after which a run reads the whole export although nothing seems new."""


@dataclass(frozen=True)
class Policy:
    """What the owner wants: the purge mode, and both windows in seconds.

    `up_to`: the id beyond which this run purges nothing; None: no such bound. `shows`: the mode of the run
    that this one shows the plan of; it purges nothing itself. None: this run shows no other.
    """

    mode: Mode
    settle: int
    keep: int
    up_to: int | None = None
    shows: Mode | None = None

    @property
    def window(self) -> int:
        """How old an entry must be to be purged, in seconds."""
        return max(self.settle, self.keep)


@dataclass(frozen=True)
class Plan:
    """What a run decided from a survey.

    `boundary`: the id up to which, inclusive, to purge; None: purge nothing. `expected_count`: how many live
    entries this destroys. `held_back_by`: why the plan goes no further. `next_due_at`: when a later run has
    more to purge (epoch seconds). `ours`: the entry ids of receipts of our own purges among the new entries,
    each with the number of its intent. `foreign`: receipts of purges that no statement of ours planned;
    `surpluses`: how many more entries each destroyed than were known, by entry id. `waiting_id`: the lowest
    live entry that is not a receipt, if nothing is to be purged. `vanished`: archived ids that are gone
    without a receipt. `is_repeat`: the Console still shows entries that an earlier run purged, and this plan
    purges them again. `shows`: the mode of the run that carries out this plan, if it is not this one.
    """

    mode: Mode
    boundary: int | None
    expected_count: int
    held_back_by: HeldBackBy | None
    next_due_at: int | None
    waiting_id: int | None
    missing: tuple[Missing, ...]
    ours: dict[int, int]
    foreign: tuple[Receipt, ...]
    surpluses: dict[int, int | None]
    vanished: tuple[IdSpan, ...]
    is_repeat: bool
    shows: Mode

    @property
    def is_intent(self) -> bool:
        """Whether this plan, once recorded, is an intent to purge."""
        return self.mode == Mode.ON and self.boundary is not None


@dataclass(frozen=True)
class Constraints:
    """What bounds a purge besides the export itself.

    `is_stale`: `fetch` showed an entry that the export should hold by now and lacks. `unexported_id`: the
    lowest id that the pages show and the export lacks. `ending_id`: the lowest live archived id with a proof
    that ends soon or is not there. `standing`: what lets nothing be purged, whatever the export shows.
    """

    is_stale: bool = False
    unexported_id: int | None = None
    ending_id: int | None = None
    standing: HeldBackBy | None = None


NO_CONSTRAINTS = Constraints()


@dataclass(frozen=True)
class _Limit:
    """The boundary that one rule allows, the rule's name, and when it allows more (epoch seconds)."""

    boundary: int
    reason: HeldBackBy | None
    due_at: int | None


@dataclass(frozen=True)
class _Facts:
    """What the rules decide from."""

    survey: Survey
    head: Head
    policy: Policy
    served_at: int
    constraints: Constraints
    missing: tuple[Missing, ...]
    foreign: tuple[Receipt, ...]


def make_plan(
    survey: Survey, head: Head, policy: Policy, served_at: int, constraints: Constraints = NO_CONSTRAINTS
) -> Plan:
    """Decide what to purge. `served_at`: when the Console served the export (epoch seconds)."""
    ours = match_receipts(survey.receipts, head)
    foreign = tuple(r for r in survey.receipts if r.entry_id not in ours and r.before_id is not None)
    missing = explain_holes(survey, head, foreign)
    limits = _limits(_Facts(survey, head, policy, served_at, constraints, missing, foreign))
    limit = min(limits, key=lambda each: each.boundary)
    worth_it = survey.first_other_id is not None and survey.first_other_id <= limit.boundary
    is_bounded = limit.boundary < survey.last_id
    return Plan(
        mode=policy.mode,
        boundary=limit.boundary if worth_it else None,
        expected_count=survey.ids.within(1, limit.boundary).size if worth_it else 0,
        held_back_by=limit.reason if is_bounded or worth_it else HeldBackBy.ONLY_RECEIPTS,
        next_due_at=_next_due_at(survey, policy, limit),
        waiting_id=None if worth_it else survey.first_other_id,
        missing=missing,
        ours=ours,
        foreign=foreign,
        surpluses=surpluses(survey.receipts, missing, head, ours),
        vanished=_vanished(survey, head),
        is_repeat=bool(head.live_though_purged(survey.ids)),
        shows=policy.shows or policy.mode,
    )


def _limits(facts: _Facts) -> Iterator[_Limit]:
    """Every rule that bounds the purge. The lowest boundary holds; of equal ones the first rule is named."""
    if facts.policy.mode == Mode.OFF:
        yield _Limit(0, HeldBackBy.PURGE_MODE, None)
    if facts.head.is_latched:
        yield _Limit(0, HeldBackBy.LATCHED_MISMATCH, None)
    if facts.constraints.standing is not None:
        # Due at once: while this holds, being due ends no idleness.
        yield _Limit(0, facts.constraints.standing, facts.served_at)
    if facts.constraints.is_stale:
        yield _Limit(0, HeldBackBy.STALE_EXPORT, facts.served_at)
    if any(not facts.head.is_history(receipt.entry_id) for receipt in facts.foreign):
        yield _Limit(0, HeldBackBy.FOREIGN_PURGE, facts.served_at)
    if facts.survey.unreadable_receipts:
        yield _Limit(0, HeldBackBy.UNREADABLE_RECEIPT, facts.served_at)
    yield from _hole_limits(facts)
    if facts.constraints.unexported_id is not None:
        below = _below(facts.survey, facts.constraints.unexported_id)
        yield _Limit(below, HeldBackBy.POPULATION, facts.served_at)
    if facts.constraints.ending_id is not None:
        yield _Limit(_below(facts.survey, facts.constraints.ending_id), HeldBackBy.ENDING_PROOF, None)
    yield _age_limit(facts.survey, facts.policy)
    if facts.policy.up_to is not None:
        # Due at once: the next run is not bound by what this one was asked for.
        yield _Limit(_below(facts.survey, facts.policy.up_to + 1), HeldBackBy.UP_TO, facts.served_at)


def _hole_limits(facts: _Facts) -> Iterator[_Limit]:
    """No purge crosses a hole that no receipt explains: its ids may be hidden from both keys.

    An operator may accept a hole. A purge may then cross it once a statement has listed it for a settle
    window. If an accepted id turns out to be live, no purge crosses an accepted hole any more. The part of
    a hole at or below the highest purged id does not bound a purge: an earlier purge crossed it.
    """
    survey, head = facts.survey, facts.head
    is_refuted = bool(accepted_ids(head.holes).intersection(survey.ids))
    for hole in facts.missing:
        if hole.cause in UNKNOWN_CAUSES:
            yield _Limit(_below(survey, hole.first), HELD_BY[hole.cause], None)
    for listed in head.holes:
        left = survey.ids.gaps(max(listed.first, head.highest_purged_id + 1), listed.last).ranges
        if listed.cause not in UNKNOWN_CAUSES or not left:
            continue
        crossed_at = listed.served_at + facts.policy.settle
        if not listed.is_accepted or is_refuted:
            yield _Limit(_below(survey, left[0].first), HELD_BY[listed.cause], None)
        elif crossed_at > facts.served_at:
            yield _Limit(_below(survey, left[0].first), HELD_BY[listed.cause], crossed_at)


def _below(survey: Survey, entry_id: int) -> int:
    """The highest live id below `entry_id`; 0 if there is no such id."""
    below = survey.ids.within(1, entry_id - 1).ranges
    return below[-1].last if below else 0


def _age_limit(survey: Survey, policy: Policy) -> _Limit:
    if survey.first_other_id is None:
        return _Limit(survey.aged_boundary, HeldBackBy.ONLY_RECEIPTS, None)
    if survey.aged_boundary == survey.last_id:
        return _Limit(survey.aged_boundary, None, None)
    if survey.young_at is None and survey.oldest_at is None:
        return _Limit(survey.aged_boundary, HeldBackBy.UNREADABLE_TIMESTAMP, None)
    reason = HeldBackBy.KEEP_WINDOW if policy.keep > policy.settle else HeldBackBy.SETTLE_WINDOW
    due_at = survey.young_at + policy.window if survey.young_at is not None else None
    return _Limit(survey.aged_boundary, reason, due_at)


def _vanished(survey: Survey, head: Head) -> tuple[IdSpan, ...]:
    """The archived ids that are gone, and no purge explains it: a Console may drop old entries itself."""
    explained = max(
        [
            0,
            *(reach_of(receipt) for receipt in survey.receipts),
            *(receipt.boundary for receipt in head.receipts),
            *(intent.boundary for intent in head.intents),
        ]
    )
    gone = head.archived_live.minus(survey.ids).within(explained + 1, head.highest_archived_id)
    return tuple(IdSpan(first, last) for first, last in gone.ranges[:MAX_VANISHED_SPANS])


def _next_due_at(survey: Survey, policy: Policy, limit: _Limit) -> int | None:
    """When a later run has something to purge although nothing new has come (epoch seconds)."""
    if policy.mode == Mode.ON:
        return limit.due_at
    return survey.oldest_at + policy.window if survey.oldest_at is not None else None


_Cause: TypeAlias = tuple[int, Cause, int | None]
"""Up to which id it explains every missing id, the cause, and the entry id of the receipt that shows it."""


def explain_holes(survey: Survey, head: Head, foreign: Sequence[Receipt]) -> tuple[Missing, ...]:
    """The missing ids that no statement has listed yet, each range with its cause, ascending.

    The first of these causes that applies to an id is its cause: purged by us; purged by somebody else (the
    earliest receipt that reaches that far); below the first id ever seen; unexplained.
    """
    if not survey.ids:
        return ()
    gaps = survey.ids.gaps(head.highest_archived_id + 1, survey.last_id)
    causes = tuple(_causes(survey, head, foreign))
    return tuple(part for gap in gaps.ranges for part in _split(gap, causes))


def _split(gap: IdRange, causes: Sequence[_Cause]) -> Iterator[Missing]:
    """Cut one gap where its cause changes."""
    at = gap.first
    number = bisect_left(causes, at, key=itemgetter(0))
    while at <= gap.last and number < len(causes):
        last, cause, receipt_id = causes[number]
        yield Missing(at, min(last, gap.last), cause, receipt_id)
        at, number = last + 1, number + 1
    if at <= gap.last:
        yield Missing(at, gap.last, Cause.UNEXPLAINED, None)


def _causes(survey: Survey, head: Head, foreign: Sequence[Receipt]) -> Iterator[_Cause]:
    """The known causes in order of precedence, each of which explains more ids than those before it."""
    known: list[_Cause] = [(head.highest_purged_id, Cause.PURGED, None)]
    for receipt in sorted(foreign, key=lambda r: r.entry_id):
        known.append((reach_of(receipt), Cause.FOREIGN_PURGE, receipt.entry_id))
    if head.highest_archived_id == 0:
        known.append((survey.first_id - 1, Cause.BEFORE_ARCHIVE, None))
    reach = 0
    for cause in known:
        if cause[0] > reach:
            reach = cause[0]
            yield cause


def receipts_seen(plan: Plan, receipts: Iterable[Receipt]) -> tuple[ReceiptSeen, ...]:
    """Receipts as a statement lists them: each with the intent that it settles, if it is ours."""
    return tuple(
        ReceiptSeen(
            entry_id=receipt.entry_id,
            before_id=receipt.before_id,
            count=receipt.count,
            user=receipt.user,
            user_ip=receipt.user_ip,
            timestamp=receipt.timestamp,
            intent_seq=plan.ours.get(receipt.entry_id),
            surplus=plan.surpluses.get(receipt.entry_id),
        )
        for receipt in receipts
    )


def is_idle(
    newest: Mapping[str, Any] | None,
    population: int | None,
    head: Head,
    policy: Policy,
    now: int,
    *,
    is_held: bool = False,
) -> bool:
    """Whether a run would find nothing to archive and nothing to purge.

    A run is idle if three things hold: every id above the highest archived id is a known receipt of ours
    (their number equals the difference), the Console counts as many entries as should be live, and no
    archived entry has become due. If anything else shows, the run is not idle: it reads the whole export.
    `is_held`: no purge can come of this run, whatever its export shows, so that nothing counts as due.
    """
    if (not is_held and _is_due(head, policy, now)) or not _is_as_expected(population, head, now):
        return False
    if newest is None:
        return head.highest_archived_id == head.highest_purged_id and not head.own_tail
    entry_id, expected = newest.get("id"), head.highest_archived_id + len(head.own_tail)
    # 0 and true are not ids: on a Console that was never archived they would equal the expected 0.
    if type(entry_id) is not int or entry_id < 1 or entry_id != expected:
        return False
    if head.own_tail:
        # another Console may have come to the same id
        return is_receipt(newest.get("action_type"), newest.get("message"))
    return head.anchor is None or is_anchor(newest, head.anchor)


def _is_due(head: Head, policy: Policy, now: int) -> bool:
    # If the owner has lowered a window, entries are due sooner than the newest plan says.
    sooner = max(0, head.window - policy.window)
    is_due = head.next_due_at is not None and head.next_due_at - sooner <= now
    return policy.mode == Mode.ON and is_due and not head.is_latched


def _is_as_expected(population: int | None, head: Head, now: int) -> bool:
    """Whether the Console's count is the one expected after the newest export. A late entry raises it."""
    if head.export is None:
        return True  # never archived: only the ids decide
    if head.live_count is None or (head.surveyed_at or 0) + WHOLE_EVERY <= now:
        return False
    return population in {None, head.live_count}


def is_anchor(entry: Mapping[str, Any], anchor: Anchor) -> bool:
    """Whether an entry is the anchor: same action, same moment, each as far as the anchor states it."""
    is_action = anchor.action_type is None or anchor.action_type == entry.get("action_type")
    return is_action and _is_same_moment(anchor.timestamp, entry.get("timestamp"))


def _is_same_moment(stated: str | None, found: object) -> bool:
    if stated is None or stated == found:
        return True
    moment = read_timestamp(stated)
    return moment is not None and moment == read_timestamp(found)
