"""The look of a run that may find nothing new and nothing due, which is what most runs find.

It takes no lease. What it can't tell for sure, a run under the lease finds out.
"""

from dataclasses import replace

from audit_archive.errors import IntegrityError
from audit_archive.format.facts import HeldBackBy, Mode
from audit_archive.format.head import Head
from audit_archive.ports import Peek
from audit_archive.run.audit_hold import StandingHold, audited_hold
from audit_archive.run.context import Run
from audit_archive.run.ledger_head import is_confirmed
from audit_archive.run.plan import is_idle
from audit_archive.run.result import Result, RunOutcome, plain, warned
from audit_archive.run.standing_hold import hold_by, restrained
from audit_archive.storage.chain import has_moved_on


def idle_by_reading(run: Run) -> tuple[Result, Head] | None:
    """The result of an idle run, and the head that it rests on; None if the run must do more than read.

    The head is held to its statement, and no statement may come after it: then no other run is between its
    commit and its record. A plan that is to be shown takes a whole run.
    """
    look = run.ledger.look(run.order.console)
    if look is None or run.order.policy.shows is not None or not _is_settled(run, look.head):
        return None
    head = look.head
    run, lowered = restrained(run, look.restraints)
    standing = hold_by(run, head, look.restraints, lambda: audited_hold(run, head, look.audited))
    began_at, peek = run.clock.now(), run.console.peek()
    if not is_quiet(run, head, peek, began_at, standing):
        return None
    result = told(run, plain(RunOutcome.IDLE, head, head), standing)
    return result if lowered is None else warned(result, lowered), head


def _is_settled(run: Run, head: Head) -> bool:
    """Whether a head is the end of the chain, and neither a purge nor a key waits to be stated."""
    is_signed = head.public_key is not None
    if head.open_intents or is_signed != (run.signing is not None) or not is_confirmed(run, head):
        return False
    try:
        return not has_moved_on(run.store, head)
    except IntegrityError:
        return False  # a run under the lease looks for the reason


def is_quiet(run: Run, head: Head, peek: Peek, began_at: int, standing: StandingHold | None) -> bool:
    """Whether nothing is new and nothing is due, by a peek that was taken at a moment (epoch seconds)."""
    is_held, policy = standing is not None, run.order.policy
    return is_idle(peek.newest, peek.population, head, policy, began_at, is_held=is_held)


def told(run: Run, result: Result, standing: StandingHold | None) -> Result:
    """The result with what holds purging back whatever an export shows, unless another reason comes first."""
    if run.order.policy.mode == Mode.OFF:
        return replace(result, held_back_by=result.held_back_by or HeldBackBy.PURGE_MODE)
    is_first = result.held_back_by not in {HeldBackBy.LATCHED_MISMATCH, HeldBackBy.NOT_YET_RECORDED}
    if standing is None or not is_first:
        return result
    return warned(replace(result, held_back_by=standing.reason), standing.sentence)
