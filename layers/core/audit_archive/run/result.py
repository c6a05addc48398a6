"""The result of an archive run: its outcome, its numbers, and its warnings."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from audit_archive.format.codec import UnknownMember, to_json
from audit_archive.format.facts import Cause, HeldBackBy, IdSpan, Missing, Mode, PurgeOutcome
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.layout import statement_key
from audit_archive.format.purges import ForeignPurge, foreign_purges
from audit_archive.format.times import DAY, rfc3339
from audit_archive.run.audit_hold import StandingHold
from audit_archive.run.plan import Plan, receipts_seen
from audit_archive.run.receipts import Settlement
from audit_archive.run.slices import Basis
from audit_archive.run.standing_hold import STANDING_HOLDS
from audit_archive.run.survey import Survey
from audit_archive.run.view import View

MOST_LISTED = 100
"""Items of each list in an answer: Lambda takes no more than 6 MB, and a log line less."""

NOT_YET_CERTAIN = (
    "nothing was purged: the purging key sees a young entry that the export does not hold, or there was too "
    "little time to look; the next run looks again"
)


class RunOutcome(StrEnum):
    """How a run ended without an error."""

    IDLE = "idle"
    """The Console had nothing new, and nothing was due."""
    ARCHIVED = "archived"
    """New entries are archived; nothing was purged."""
    PURGED = "purged"
    """The Console was purged."""
    BUSY = "busy"
    """Another run holds the Console's lease. This run did nothing."""
    SUPERSEDED = "superseded"
    """Another run took the chain further. This run left the rest to it."""
    STATED = "stated"
    """An operator's decision is in the chain."""
    STALE = "stale"
    """The export was an old copy with nothing new in it."""


COMPLETED_OUTCOMES = frozenset({RunOutcome.IDLE, RunOutcome.ARCHIVED, RunOutcome.PURGED})
"""The outcomes of a run that did all that there was to do."""


@dataclass(frozen=True)
class Preview:
    """What a plan destroys, or would destroy, as a person sees it. `mode`: of the run that carries it out.

    `entries`: how many; `first_id` to `last_id`; `first_date` to `last_date` (ISO 8601, UTC), None where
    none of the times can be read. `stays`: how many entries stay on the Console.
    """

    mode: Mode
    entries: int
    first_id: int | None
    last_id: int | None
    first_date: str | None
    last_date: str | None
    stays: int


@dataclass(frozen=True)
class Result:
    """The answer of an archive run. `statements` are the keys of the statements that it added.

    `boundary`: the id up to which, inclusive, the plan purges; None: it purges nothing. `held_back_by`: why
    it goes no further. `plan`: what it destroys, or would; None if the run made no plan. `holes`: ids that
    this run found missing, and why. `is_stale`: `fetch` showed an entry that the export should hold and
    lacks, so the run completed nothing. `uncounted`: how many entries more the Console counts than the export
    holds.
    """

    outcome: RunOutcome
    console: str
    highest_archived_id: int
    highest_purged_id: int
    new_entries: int = 0
    purged_entries: int = 0
    boundary: int | None = None
    held_back_by: HeldBackBy | UnknownMember | None = None
    plan: Preview | None = None
    holes: tuple[Missing, ...] = ()
    foreign_purges: tuple[ForeignPurge, ...] = ()
    statements: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    is_stale: bool = False
    uncounted: int = 0

    @property
    def is_completed(self) -> bool:
        """Whether the run did all that there was to do."""
        return self.outcome in COMPLETED_OUTCOMES and not self.is_stale

    @property
    def unexplained_ids(self) -> int:
        """How many ids this run found missing that no receipt explains."""
        return sum(hole.last - hole.first + 1 for hole in self.holes if hole.cause == Cause.UNEXPLAINED)

    def as_dict(self) -> dict[str, Any]:
        """The result for JSON: the first MOST_LISTED items of each list, and a warning if there are more."""
        lists = {"holes": self.holes, "foreign_purges": self.foreign_purges, "statements": self.statements}
        more = tuple(
            f"{len(items) - MOST_LISTED} more {name}: the statements have them all"
            for name, items in lists.items()
            if len(items) > MOST_LISTED
        )
        first: dict[str, Any] = {name: items[:MOST_LISTED] for name, items in lists.items()}
        first["foreign_purges"] = tuple(  # a purge may have destroyed millions: only the first are shown
            replace(each, lost=each.lost[:MOST_LISTED]) for each in first["foreign_purges"]
        )
        answer: dict[str, Any] = _cut(to_json(replace(self, **first, warnings=self.warnings + more)))
        return answer


def _cut(value: Any) -> Any:
    """A JSON value with at most MOST_LISTED items in each list."""
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    return [_cut(item) for item in value[:MOST_LISTED]] if isinstance(value, list) else value


def plain(outcome: RunOutcome, before: Head, after: Head) -> Result:
    """A result that says only where the Console's archive stands, and which statements lead to `after`."""
    return Result(
        outcome=outcome,
        console=after.console,
        highest_archived_id=after.highest_archived_id,
        highest_purged_id=after.highest_purged_id,
        held_back_by=_held_back_by(after),
        statements=_statements_between(before, after),
    )


def _held_back_by(head: Head) -> HeldBackBy | UnknownMember | None:
    """What the chain knows to hold purging back. What stood when it was stated may be gone since."""
    if head.is_latched:
        return HeldBackBy.LATCHED_MISMATCH
    if head.pause is not None:
        return HeldBackBy.PAUSE
    reason = head.hold.reason if head.hold is not None else None
    return None if reason in STANDING_HOLDS | {HeldBackBy.PURGE_MODE} else reason


def archived(before: Head, after: Head, basis: Basis, *, is_complete: bool) -> Result:
    """The result once slices are recorded: all of them (`is_complete`), or as many as time allowed."""
    plan, seen, receipts = basis.plan, basis.view, basis.surveyed.survey.receipts
    return replace(
        plain(RunOutcome.ARCHIVED, before, after),
        new_entries=after.tree.size - before.tree.size,
        boundary=plan.boundary if is_complete else None,
        held_back_by=plan.held_back_by if is_complete else HeldBackBy.NOT_YET_RECORDED,
        plan=preview(plan, basis.surveyed.survey) if is_complete else None,
        holes=plan.missing,
        foreign_purges=tuple(foreign_purges(receipts_seen(plan, receipts), plan.missing)),
        warnings=(*_view_warnings(seen), *_archive_warnings(basis, after)),
        is_stale=seen.is_stale,
        uncounted=_uncounted(seen),
    )


def planned(before: Head, after: Head, plan: Plan, survey: Survey) -> Result:
    """The result of a run that found nothing new, and planned to show what is due."""
    result = plain(RunOutcome.IDLE, before, after)
    return replace(result, boundary=plan.boundary, held_back_by=plan.held_back_by, plan=preview(plan, survey))


def preview(plan: Plan, survey: Survey) -> Preview:
    """What a plan destroys, or would destroy."""
    going = survey.ids.within(1, plan.boundary or 0)
    days = survey.days.up_to(plan.boundary) if plan.boundary is not None else None
    first, last = (rfc3339(day * DAY)[:10] for day in days) if days is not None else (None, None)
    return Preview(
        mode=plan.shows,
        entries=plan.expected_count,
        first_id=going.ranges[0].first if going else None,
        last_id=plan.boundary,
        first_date=first,
        last_date=last,
        stays=survey.ids.size - going.size,
    )


def stale(before: Head, after: Head, seen: View) -> Result:
    """The result of an export that is an old copy and holds nothing new."""
    result = plain(RunOutcome.STALE, before, after)
    return replace(result, warnings=tuple(_view_warnings(seen)), is_stale=True)


def warned(result: Result, warning: str) -> Result:
    """The same result with one more warning."""
    return replace(result, warnings=(*result.warnings, warning))


def held(result: Result, before: Head, after: Head, standing: StandingHold | None = None) -> Result:
    """The result if the purge was held back at last: by what stands, or by checks without an end."""
    return replace(
        result,
        held_back_by=standing.reason if standing is not None else HeldBackBy.POPULATION,
        statements=result.statements + _statements_between(before, after),
        warnings=(*result.warnings, standing.sentence if standing is not None else NOT_YET_CERTAIN),
    )


def purged(result: Result, plan: Plan, settlement: Settlement, before: Head, after: Head) -> Result:
    """The result once the purge statement is recorded."""
    return replace(
        result,
        outcome=RunOutcome.PURGED if settlement.was_sent else RunOutcome.ARCHIVED,
        highest_purged_id=after.highest_purged_id,
        purged_entries=settlement.reported_count or 0,
        statements=result.statements + _statements_between(before, after),
        warnings=(*result.warnings, *_purge_warnings(plan, settlement)),
    )


def _uncounted(seen: View) -> int:
    population = seen.population
    return 0 if population.counted is None else population.counted - population.accounted


def _view_warnings(seen: View) -> Iterator[str]:
    if seen.stale is not None:
        moment = f" of {seen.stale.timestamp}" if seen.stale.timestamp is not None else ""
        yield (
            f"stale_export: `fetch` shows entry {seen.stale.id}{moment}, and the export lacks it. This run "
            "completes nothing. If this goes on, look for a cache before the Console"
        )
    population = seen.population
    if population.unexported:
        yield (
            f"`fetch` shows entries that the export lacks: {_spans(population.unexported)}. Look whether the "
            "export is capped"
        )
    elif population.offset is None and population.counted is None:
        yield "the Console gives no count, and its pages could not be compared now; the next run tries again"
    elif population.offset is None:
        yield (
            f"the Console counts {population.counted:,} entries, the export holds {population.accounted:,}, "
            "and the ids could not be compared now; the next run tries again"
        )


def _spans(spans: Sequence[IdSpan | OpenHole]) -> str:
    more = f" and {len(spans) - MOST_LISTED} more ranges" if len(spans) > MOST_LISTED else ""
    return ", ".join(f"{span.first} to {span.last}" for span in spans[:MOST_LISTED]) + more


def _archive_warnings(basis: Basis, after: Head) -> Iterator[str]:
    survey, plan, compared = basis.surveyed.survey, basis.plan, basis.compared
    if plan.is_repeat:
        yield "the Console still shows entries that an earlier run purged; they are purged again when due"
    if survey.unreadable_receipts:
        ids = list(survey.unreadable_receipts[:MOST_LISTED])
        yield f"purge receipts that can't be read: {ids}. Nothing is purged in this run. Look at them"
    if compared.amended:
        yield (
            f"entries were amended after they were archived: {_spans(compared.amended)}. The archive keeps "
            "the first form, this export holds the other. Find out who changed them"
        )
    if basis.view.unexported_id is not None:
        return  # the export lacks live entries: an id that is missing from it need not be missing
    if after.unexplained:
        yield (
            f"no receipt explains the missing ids {_spans(after.unexplained)}: they are gone, or hidden from "
            "both keys. A purge above them would destroy hidden entries. Nothing above them is purged until "
            "an operator accepts them: `canary-audit accept`"
        )
    if plan.vanished:
        yield (
            f"the Console dropped archived entries without a receipt: {_spans(plan.vanished)}. If it has no "
            "retention of its own, find out who removed them"
        )


def _purge_warnings(plan: Plan, settlement: Settlement) -> Iterator[str]:
    reported = settlement.reported_count
    if settlement.outcome != PurgeOutcome.CONFIRMED:
        yield f"the purge up to {plan.boundary} ended {settlement.outcome}"
    if reported is None or reported >= plan.expected_count:
        return
    if settlement.outcome == PurgeOutcome.PARTIAL:
        yield (
            f"the Console purged only {reported:,} of {plan.expected_count:,} entries: the rest is still "
            "there, and the next run purges again"
        )
    else:
        yield (
            f"the Console purged {reported:,} entries where {plan.expected_count:,} were expected: "
            "somebody else purged too. Look for another purge receipt close by"
        )


def _statements_between(before: Head, after: Head) -> tuple[str, ...]:
    """The keys of the statements that led from one head to another."""
    return tuple(statement_key(after.console, seq) for seq in range(before.seq + 1, after.seq + 1))
