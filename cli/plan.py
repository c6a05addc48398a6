"""What a run would destroy, what stays, and why no further: for a person who is asked whether it may."""

from collections.abc import Iterator, Mapping
from typing import Any

from audit_archive.errors import runbook_url
from audit_archive.format.facts import HeldBackBy, Mode
from audit_archive.run.result import RunOutcome

WHY = {
    HeldBackBy.PURGE_MODE: "the mode is off",
    HeldBackBy.PAUSE: "an operator paused purging of this Console",
    HeldBackBy.RECENT_DECISION: "an operator decided within the last hour that purging may go on",
    HeldBackBy.LATCHED_MISMATCH: "a purge destroyed more than planned, and no operator has stated resume",
    HeldBackBy.VERIFY_FAULTS: "the last daily audit found faults in the archive",
    HeldBackBy.NOT_VERIFIED: "the last daily audit is too old, or was never made",
    HeldBackBy.FOREIGN_PURGE: "somebody else purged; the next run goes on",
    HeldBackBy.UNREADABLE_RECEIPT: "a receipt of the Console can't be read",
    HeldBackBy.STALE_EXPORT: "the export lacks an entry that the Console shows",
    HeldBackBy.POPULATION: "the Console shows an entry that the export lacks, or may have one",
    HeldBackBy.UNEXPLAINED_HOLE: "ids are missing, and no receipt explains it",
    HeldBackBy.BEFORE_ARCHIVE: "ids below the first one ever shown are missing",
    HeldBackBy.ENDING_PROOF: "the archived copy of the next entry ends soon, or is not there",
    HeldBackBy.SETTLE_WINDOW: "what comes next is younger than the settle window",
    HeldBackBy.KEEP_WINDOW: "what comes next is younger than the keep window",
    HeldBackBy.UNREADABLE_TIMESTAMP: "what comes next has no time that can be read",
    HeldBackBy.UP_TO: "you were shown no more",
    HeldBackBy.ONLY_RECEIPTS: "only receipts of purges are left",
    HeldBackBy.NOT_YET_RECORDED: "time ran out before all was archived; the next run goes on",
}
"""Each reason in a few words. The runbook says what to do about each."""


def plan_facts(result: Mapping[str, Any], *, is_asked: bool = False) -> Iterator[tuple[str, str]]:
    """Names and values about the plan in a run's result. `is_asked`: a person decides whether it is done."""
    plan, reason = result["plan"], result["held_back_by"]
    was_to = plan["mode"] == Mode.ON and plan["entries"] and not is_asked
    would = "was to destroy" if was_to else "would destroy"  # the warnings say how far it came
    yield ("destroyed" if result["outcome"] == RunOutcome.PURGED else would), _destroys(plan)
    yield "stays", _entries(plan["stays"])
    if reason is None:
        yield "why no further", "there is nothing further"
    else:
        yield "why no further", f"{reason}: {WHY.get(reason, 'see there')}"
        yield "what to do", runbook_url("held_back_by")


def _entries(count: int) -> str:
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _destroys(plan: Mapping[str, Any]) -> str:
    if not plan["entries"]:
        return "nothing"
    dates = f", {plan['first_date']} to {plan['last_date']}" if plan["first_date"] is not None else ""
    return f"{_entries(plan['entries'])}, ids {plan['first_id']} to {plan['last_id']}{dates}"
