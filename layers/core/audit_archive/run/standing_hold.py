"""What keeps a purge back whatever an export shows: a person's brake, a fresh decision, the daily audit.

A run looks when it begins, and again as one of the last acts before it sends a purge.
"""

from collections.abc import Callable
from dataclasses import replace

from audit_archive.errors import runbook_url
from audit_archive.format.display import stated
from audit_archive.format.facts import HeldBackBy, Mode
from audit_archive.format.head import Head
from audit_archive.format.times import HOUR, rfc3339
from audit_archive.restraint import Restraint, Restraints, by_whom
from audit_archive.run.audit_hold import AUDIT_HOLDS, StandingHold, audit_hold
from audit_archive.run.context import Run

STANDING_HOLDS = AUDIT_HOLDS | {HeldBackBy.PAUSE, HeldBackBy.RECENT_DECISION}
"""The reasons that no export lifts: while one stands, that an entry is due ends no idleness."""

DECISION_WAIT = HOUR
"""Seconds between a decision that lets purging go on and the first purge: time to object to it."""


def restrained(run: Run, restraints: Restraints) -> tuple[Run, str | None]:
    """The run with its mode lowered to what persons set in the ledger, and a sentence if that lowered it."""
    policy = run.order.policy
    lowest = restraints.lowers(policy.mode)
    if lowest is None:
        return run, None
    lowered = replace(run.order, policy=replace(policy, mode=lowest.mode))
    return replace(run, order=lowered), _lowered(run, restraints, lowest)


def standing_hold(run: Run, head: Head) -> StandingHold | None:
    """Why nothing may be purged now; None if nothing stands in the way. Raises LedgerError."""
    return hold_by(run, head, run.ledger.restraints(run.order.console), lambda: audit_hold(run, head))


def hold_by(
    run: Run, head: Head, restraints: Restraints, by_audit: Callable[[], StandingHold | None]
) -> StandingHold | None:
    """The same by what persons have set, and by what an audit found, which is asked only if it matters.

    The chain and the ledger both witness a pause, and one of them is enough: who deletes the ledger's item,
    or puts back an older ledger, lifts nothing.
    """
    lowest = restraints.lowers(run.order.policy.mode)
    if lowest is not None:
        return StandingHold(HeldBackBy.PURGE_MODE, _lowered(run, restraints, lowest))
    return _paused(run, head, restraints) or by_audit() or _recent(run, head, restraints)


def _paused(run: Run, head: Head, restraints: Restraints) -> StandingHold | None:
    console = run.order.console
    if head.pause is not None:
        said = f"Paused at {rfc3339(head.pause.since)}, {stated(head.pause.who, head.pause.reason)}"
    elif restraints.pause is not None:
        said = f"The ledger has a pause that no statement has. {_set_by(restraints.pause)}"
    else:
        return None
    return StandingHold(
        HeldBackBy.PAUSE,
        f"pause: nothing of Console {console} is purged. {said}. `canary-audit console resume {console}` "
        f"ends the pause. What to do: {runbook_url('pause')}",
    )


def _recent(run: Run, head: Head, restraints: Restraints) -> StandingHold | None:
    moments = [each.set_at for each in restraints.modes if each.mode == Mode.ON]
    decided_at = max([*moments, head.decided_at or 0])
    if run.clock.now() >= decided_at + DECISION_WAIT:
        return None
    return StandingHold(
        HeldBackBy.RECENT_DECISION,
        f"recent_decision: an operator decided about purging Console {run.order.console} at "
        f"{rfc3339(decided_at)}. Nothing is purged before {rfc3339(decided_at + DECISION_WAIT)}, so that "
        f"whoever objects has the time to. What to do: {runbook_url('recent_decision')}",
    )


def _lowered(run: Run, restraints: Restraints, lowest: Restraint) -> str:
    is_own, console = lowest is restraints.console, run.order.console
    of, which = (f"Console {console}", f" {console}") if is_own else ("every Console", "")
    return (
        f"purge_mode: purging of {of} is set to {lowest.mode} at most. {_set_by(lowest)}. "
        f"`canary-audit purging on{which}` lifts it. What to do: {runbook_url('stop-all-purging-now')}"
    )


def _set_by(restraint: Restraint) -> str:
    return f"It is set {by_whom(restraint.since, restraint.who, restraint.reason)}"
