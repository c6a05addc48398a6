"""What a run has to say for itself."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from audit_archive.domain.facts import HeldBackBy, Missing, PurgeOutcome
from audit_archive.domain.foreign import ForeignPurge, foreign_purges
from audit_archive.domain.head import Head
from audit_archive.domain.layout import statement_key
from audit_archive.domain.plan import Plan, receipts_seen
from audit_archive.domain.records import to_json
from audit_archive.domain.settlement import Settlement
from audit_archive.domain.survey import Survey

LISTED = 100
"""Items of each list in an answer: Lambda takes no more than 6 MB, and a log line less."""


class Outcome:
    """How a run ended well; what ends badly is an error."""

    IDLE = "idle"
    ARCHIVED = "archived"
    PURGED = "purged"
    BUSY = "busy"
    SUPERSEDED = "superseded"
    STATED = "stated"
    COMPLETED = (IDLE, ARCHIVED, PURGED)


@dataclass(frozen=True)
class Result:
    """The answer of an archive run. `statements` are the keys of the statements that it added.

    `boundary`: the id up to which the plan would purge or did; `held_back_by`: why it goes no further;
    `holes`: ids that this run found missing, and why.
    """

    outcome: str
    console: str
    highest_archived_id: int
    highest_purged_id: int
    new_entries: int = 0
    purged_entries: int = 0
    boundary: int | None = None
    held_back_by: str | None = None
    holes: tuple[Missing, ...] = ()
    foreign_purges: tuple[ForeignPurge, ...] = ()
    statements: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The result as a plain dict, for JSON: of a long list the first LISTED, and a warning of more."""
        lists = {"holes": self.holes, "foreign_purges": self.foreign_purges, "statements": self.statements}
        more = tuple(
            f"{len(items) - LISTED} more {name}: the statements have them all"
            for name, items in lists.items()
            if len(items) > LISTED
        )
        first: dict[str, Any] = {name: items[:LISTED] for name, items in lists.items()}
        plain: dict[str, Any] = _cut(to_json(replace(self, **first, warnings=self.warnings + more)))
        return plain


def _cut(value: Any) -> Any:
    """A JSON value without what is beyond the first LISTED items of any list in it."""
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    return [_cut(item) for item in value[:LISTED]] if isinstance(value, list) else value


def plain(outcome: str, before: Head, after: Head) -> Result:
    """A result that says only where the Console's archive stands, and what was written between two heads."""
    return Result(
        outcome=outcome,
        console=after.console,
        highest_archived_id=after.highest_archived_id,
        highest_purged_id=after.highest_purged_id,
        held_back_by=HeldBackBy.LATCHED_MISMATCH if after.is_latched else None,
        statements=_statements_between(before, after),
    )


def archived(before: Head, after: Head, survey: Survey, plan: Plan, *, is_complete: bool) -> Result:
    """The result once slices are recorded: all of them, or as many as time allowed."""
    return replace(
        plain(Outcome.ARCHIVED, before, after),
        new_entries=after.tree.size - before.tree.size,
        boundary=plan.boundary if is_complete else None,
        held_back_by=plan.held_back_by if is_complete else HeldBackBy.NOT_YET_RECORDED,
        holes=plan.missing,
        foreign_purges=tuple(foreign_purges(receipts_seen(plan, survey.receipts), plan.missing)),
        warnings=tuple(_archive_warnings(survey, plan)),
    )


def purged(result: Result, plan: Plan, settlement: Settlement, before: Head, after: Head) -> Result:
    """The result once the purge is written up."""
    return replace(
        result,
        outcome=Outcome.PURGED if settlement.was_sent else Outcome.ARCHIVED,
        highest_purged_id=after.highest_purged_id,
        purged_entries=settlement.reported_count or 0,
        statements=result.statements + _statements_between(before, after),
        warnings=(*result.warnings, *_purge_warnings(plan, settlement)),
    )


def _archive_warnings(survey: Survey, plan: Plan) -> Iterator[str]:
    if plan.is_repeat:
        yield "the Console still shows entries that an earlier run purged"
    if survey.unreadable_receipts:
        ids = list(survey.unreadable_receipts[:LISTED])
        yield f"purge receipts that can't be read: {ids}; nothing is purged in this run"


def _purge_warnings(plan: Plan, settlement: Settlement) -> Iterator[str]:
    reported = settlement.reported_count
    if settlement.outcome != PurgeOutcome.CONFIRMED:
        yield f"the purge up to {plan.boundary} ended {settlement.outcome}"
    if reported is not None and reported < plan.expected_count:
        yield (
            f"the Console purged {reported} entries where {plan.expected_count} were expected: "
            "somebody else purged too"
        )


def _statements_between(before: Head, after: Head) -> tuple[str, ...]:
    """The keys of the statements that led from one head to another."""
    return tuple(statement_key(after.console, seq) for seq in range(before.seq + 1, after.seq + 1))
