"""The plan: which ids are missing and why, up to which id to purge, and why no further. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from audit_archive.domain.entry import Receipt
from audit_archive.domain.facts import Cause, HeldBackBy, Missing, Mode, ReceiptSeen
from audit_archive.domain.head import Head
from audit_archive.domain.holes import explain_holes
from audit_archive.domain.receipts import match_receipts
from audit_archive.domain.survey import Survey


@dataclass(frozen=True)
class Policy:
    """What the owner wants: the purge mode, and both windows in seconds."""

    mode: str
    settle: int
    keep: int

    @property
    def window(self) -> int:
        """How old an entry must be to be purged, in seconds."""
        return max(self.settle, self.keep)


@dataclass(frozen=True)
class Plan:
    """What a run decided from a survey.

    `boundary`: the id up to which, inclusive, to purge; None: nothing. `expected_count`: how many live
    entries that destroys. `ours`: receipts of our own purges among the new entries, each with its intent's
    number. `foreign`: receipts of purges that no statement of ours planned. `is_repeat`: the Console still
    shows entries that an earlier run purged, and this plan purges them again.
    """

    mode: str
    boundary: int | None
    expected_count: int
    held_back_by: str | None
    next_due_at: int | None
    missing: tuple[Missing, ...]
    ours: dict[int, int]
    foreign: tuple[Receipt, ...]
    is_repeat: bool

    @property
    def is_intent(self) -> bool:
        """Whether recording this plan is the promise of a purge."""
        return self.mode == Mode.ON and self.boundary is not None


@dataclass(frozen=True)
class _Limit:
    """The boundary that one rule allows, that rule's name, and when it will allow more (epoch seconds)."""

    boundary: int
    reason: str | None
    due_at: int | None


@dataclass(frozen=True)
class _Facts:
    """All that the rules look at."""

    survey: Survey
    head: Head
    policy: Policy
    served_at: int
    missing: tuple[Missing, ...]
    foreign: tuple[Receipt, ...]


def make_plan(survey: Survey, head: Head, policy: Policy, served_at: int) -> Plan:
    """Decide what to purge; `served_at` is when the Console served the export (epoch seconds)."""
    ours = match_receipts(survey.receipts, head)
    foreign = tuple(r for r in survey.receipts if r.entry_id not in ours and r.before_id is not None)
    missing = explain_holes(survey, head, foreign)
    limits = _limits(_Facts(survey, head, policy, served_at, missing, foreign))
    limit = min(limits, key=lambda each: each.boundary)
    worth_it = survey.first_other_id is not None and survey.first_other_id <= limit.boundary
    goes_further = limit.boundary < survey.last_id
    return Plan(
        mode=policy.mode,
        boundary=limit.boundary if worth_it else None,
        expected_count=survey.ids.within(1, limit.boundary).size if worth_it else 0,
        held_back_by=limit.reason if goes_further or worth_it else HeldBackBy.ONLY_RECEIPTS,
        next_due_at=_next_due_at(survey, policy, limit),
        missing=missing,
        ours=ours,
        foreign=foreign,
        is_repeat=bool(head.risen(survey.ids)),
    )


def _limits(facts: _Facts) -> Iterator[_Limit]:
    """Every rule that bounds the purge. The first of several lowest is the one that is named."""
    if facts.policy.mode == Mode.OFF:
        yield _Limit(0, HeldBackBy.PURGE_MODE, None)
    if facts.head.is_latched:
        yield _Limit(0, HeldBackBy.LATCHED_MISMATCH, None)
    if facts.foreign:
        yield _Limit(0, HeldBackBy.FOREIGN_PURGE, facts.served_at)
    if facts.survey.unreadable_receipts:
        yield _Limit(0, HeldBackBy.UNREADABLE_RECEIPT, facts.served_at)
    yield from _hole_limits(facts)
    yield _age_limit(facts.survey, facts.policy)


def _hole_limits(facts: _Facts) -> Iterator[_Limit]:
    """An unexplained hole may be crossed once a statement has listed it for a settle window."""
    ids, settle = facts.survey.ids, facts.policy.settle
    fresh = [(hole.first, facts.served_at) for hole in facts.missing if hole.cause == Cause.UNEXPLAINED]
    listed = [
        (left.first, hole.served_at)
        for hole in facts.head.holes
        if hole.cause == Cause.UNEXPLAINED and hole.served_at > facts.served_at - settle
        for left in ids.gaps(hole.first, hole.last).ranges
    ]
    if fresh or listed:
        first, seen_at = min(fresh + listed)
        below = ids.within(1, first).ranges
        boundary = below[-1].last if below else 0
        yield _Limit(boundary, HeldBackBy.UNEXPLAINED_HOLE, seen_at + settle)


def _age_limit(survey: Survey, policy: Policy) -> _Limit:
    if survey.aged_boundary == survey.last_id:
        return _Limit(survey.aged_boundary, None, None)
    if survey.young_at is None and survey.oldest_at is None:
        return _Limit(survey.aged_boundary, HeldBackBy.UNREADABLE_TIMESTAMP, None)
    reason = HeldBackBy.KEEP_WINDOW if policy.keep > policy.settle else HeldBackBy.SETTLE_WINDOW
    due_at = survey.young_at + policy.window if survey.young_at is not None else None
    return _Limit(survey.aged_boundary, reason, due_at)


def _next_due_at(survey: Survey, policy: Policy, limit: _Limit) -> int | None:
    """When a later run has something to purge though nothing new has come."""
    if policy.mode == Mode.ON:
        return limit.due_at
    return survey.oldest_at + policy.window if survey.oldest_at is not None else None


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
            surplus=None,
        )
        for receipt in receipts
    )
