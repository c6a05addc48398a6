"""A pause of one Console's purges, begun and ended by an operator beside whatever run is under way.

Neither waits for the lease. The number of the next statement goes to whoever puts it first, so a run that
loses its number to a pause ends superseded, and a pause that loses it takes the next one.
"""

from collections.abc import Callable
from dataclasses import replace

from audit_archive.errors import ArchiveStoreError, LedgerError, RequestError, SettingsError, SigningError
from audit_archive.format.facts import Action, Mode
from audit_archive.format.head import Head
from audit_archive.format.statement import OperatorStatement
from audit_archive.restraint import Restraint, RestraintOf
from audit_archive.run.checkpoints import sign_checkpoint
from audit_archive.run.commit import commit
from audit_archive.run.context import Run, paging
from audit_archive.run.findings import announce_decision
from audit_archive.run.ledger_head import confirmed_head
from audit_archive.run.publish import publish, record
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import Result, RunOutcome, plain
from audit_archive.run.roll_forward import ATTEMPTS
from audit_archive.storage.chain import Committed, committed_after

MakeStatement = Callable[[Run, Head, OperatorRequest], OperatorStatement]


def state_pause(run: Run, decision: OperatorRequest, make: MakeStatement) -> Result:
    """State that purging of a Console is paused, or that the pause has ended.

    A pause holds from its first act on: it is put into the ledger before it is stated, and an end is stated
    before the ledger's item goes. Raises RequestError if nothing is archived, or if nothing is paused.
    """
    ledger, console = run.ledger, run.order.console
    with paging(run):
        if decision.action == Action.PAUSE:
            ledger.restrain(RestraintOf.PAUSE, console, _witness(run, decision))
        ended = ledger.restraints(console).pause
        committed, is_next = _append(run, decision, make)
        # A pause that somebody began meanwhile goes on: whoever ends this one did not know of it.
        if decision.action == Action.END_PAUSE and ledger.restraints(console).pause == ended:
            ledger.restrain(RestraintOf.PAUSE, console, None)
        result = plain(RunOutcome.STATED, committed.before, committed.head)
        return replace(result, warnings=tuple(_told_and_recorded(run, committed, is_next=is_next)))


def _witness(run: Run, decision: OperatorRequest) -> Restraint:
    return Restraint(Mode.OFF, decision.who, decision.reason, run.clock.now(), run.order.facts.id)


def _append(run: Run, decision: OperatorRequest, make: MakeStatement) -> tuple[Committed, bool]:
    """Append the statement to the chain as it is now; and whether the ledger stands right before it.

    What a run has committed and not published yet is left to that run, or to the next one.
    """
    for _ in range(ATTEMPTS):
        recorded = before = confirmed_head(run)
        for each in committed_after(run.store, recorded):
            before = each.head
        _check(run, before, decision)
        committed = commit(run, before, make(run, before, decision))
        if committed is not None:
            return committed, recorded.seq == before.seq
    raise LedgerError(
        f"{ATTEMPTS} statements of runs came first, so the chain does not state `{decision.action}` of "
        f"Console {run.order.console} yet. A pause is in force by the ledger. State it again"
    )


def _check(run: Run, before: Head, decision: OperatorRequest) -> None:
    console = before.console
    if before.statement is None:
        run.ledger.restrain(RestraintOf.PAUSE, console, None)
        raise RequestError(
            "console",
            f"nothing is archived of Console {console}, so there is nothing to pause. Check the id. Before "
            f"the first run of a Console set its mode: `canary-audit purging off {console}`",
        )
    is_paused = before.pause is not None or run.ledger.restraints(console).pause is not None
    if decision.action == Action.END_PAUSE and not is_paused:
        raise RequestError("action", f"purging of Console {console} is not paused")


def _told_and_recorded(run: Run, committed: Committed, *, is_next: bool) -> list[str]:
    """Page, then sign and record. The statement is in the chain: what fails here is a warning."""
    warnings = announce_decision(run, committed.statement)
    try:
        if is_next:
            record(run, publish(run, sign_checkpoint(run, committed)))
    except (ArchiveStoreError, LedgerError, SettingsError, SigningError) as error:
        warnings.append(f"the statement is in the chain, but not recorded; the next run does that: {error}")
    return warnings
