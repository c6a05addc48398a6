"""An operator's decisions about a Console's archive, stated in the chain with who and why.

No decision deletes or purges, and no decision lowers a watermark within an epoch.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from audit_archive.errors import RequestError
from audit_archive.format.facts import AcceptedFault, Action, IdSpan, LostStatement
from audit_archive.format.head import Head
from audit_archive.format.ids import span_set
from audit_archive.format.keys import to_base64
from audit_archive.format.statement import OperatorStatement
from audit_archive.run.checkpoints import sign_checkpoint
from audit_archive.run.commit import commit
from audit_archive.run.context import Run, lease, paging
from audit_archive.run.findings import announce_decision
from audit_archive.run.ledger_head import find_absent, known_head, newest_number, readable_head
from audit_archive.run.pause import state_pause
from audit_archive.run.publish import publish, record
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import Result, RunOutcome, plain
from audit_archive.run.roll_forward import roll_forward


def state_decision(run: Run, decision: OperatorRequest) -> Result:
    """State a decision, under the Console's lease. Raises RequestError if there is nothing to decide.

    Raises IntegrityError if the ledger names a statement that the bucket does not hold. A PageError is
    announced first. A pause, and its end, need no lease.
    """
    if decision.action in _BESIDE_A_RUN:
        return state_pause(run, decision, _statement)
    with lease(run) as is_ours, paging(run):
        if not is_ours:
            head = readable_head(run) or Head(run.order.console)
            return plain(RunOutcome.BUSY, head, head)
        lost = _lost(run, decision)
        before = _PREPARATIONS[decision.action](run, decision)
        committed = commit(run, before, replace(_statement(run, before, decision), lost=lost))
        if committed is None:
            return plain(RunOutcome.SUPERSEDED, before, roll_forward(run))
        warnings = announce_decision(run, committed.statement)
        head = record(run, publish(run, sign_checkpoint(run, committed)))
        if lost is not None:
            run.ledger.forget_disowned(run.order.console)
        return replace(plain(RunOutcome.STATED, before, head), warnings=tuple(warnings))


def _resume(run: Run, _: OperatorRequest) -> Head:
    """The head to state `resume` on: purging goes on after a mismatch was looked into."""
    head = roll_forward(run)
    if not head.is_latched:
        raise RequestError("action", f"nothing to resume: no mismatch holds back Console {head.console}")
    return head


def _epoch(run: Run, _: OperatorRequest) -> Head:
    """The head to state `epoch` on: ids count anew after a Console was reset or replaced."""
    head = roll_forward(run)
    if head.statement is None:
        raise RequestError("action", f"nothing is archived of Console {head.console}: no new epoch is needed")
    run.ledger.note_lack(head.console, None)  # of the trail that was replaced
    return head


def _accept(run: Run, decision: OperatorRequest) -> Head:
    """The head to state `accept` on: a purge may cross missing ids that were looked into."""
    head, span = roll_forward(run), decision.accepted
    if span is None:
        raise RequestError("first", "missing: give the missing ids to accept as `first` and `last`")
    known = span_set(head.unexplained)
    others = known.gaps(span.first, span.last)
    if others:
        raise RequestError(
            "first",
            f"the ids {others.ranges[0].first} to {others.ranges[0].last} of Console {head.console} are not "
            "listed as missing without an explanation. The warnings of a dry run list the ids that are",
        )
    return head


def _accept_faults(run: Run, _: OperatorRequest) -> Head:
    """The head to state `accept_faults` on: a purge may follow although these faults are there."""
    head = roll_forward(run)
    if head.statement is None:
        raise RequestError("action", f"nothing is archived of Console {head.console}: run it first")
    return head


def _faults(run: Run, decision: OperatorRequest) -> tuple[AcceptedFault, ...]:
    """The faults that a decision is about, as the daily audit noted them. Only those that are open count."""
    rotation = run.audits.notes.last(run.order.console) if decision.faults else None
    known = {fault.sha256: fault for fault in (rotation.open_faults if rotation is not None else ())}
    for digest in decision.faults:
        if digest not in known:
            raise RequestError(
                "faults",
                f"the last daily audit of Console {run.order.console} found no fault {digest}. "
                "`canary-audit faults list` shows those that it found",
            )
    chosen = ((digest, known[digest]) for digest in decision.faults)
    return tuple(
        AcceptedFault(digest, str(each.verdict), each.key, each.version_id, each.seq, each.sentence)
        for digest, each in chosen
    )


def _legal_hold(run: Run, decision: OperatorRequest) -> Head:
    """The head to state `legal_hold` on: what these statements name is kept."""
    head = roll_forward(run)
    if head.statement is None:
        raise RequestError("action", f"nothing is archived of Console {head.console}: nothing to hold")
    if decision.held and decision.held[-1].last > head.seq:
        raise RequestError("held", f"the newest statement of Console {head.console} is {head.seq}")
    return head


def _held(head: Head, decision: OperatorRequest) -> tuple[IdSpan, ...]:
    """The statements of a hold: those that were asked for, or all of them, with its own."""
    if decision.action != Action.LEGAL_HOLD:
        return ()
    return decision.held or (IdSpan(1, head.seq + 1),)


def _end_legal_hold(run: Run, decision: OperatorRequest) -> Head:
    """The head to state `end_legal_hold` on: the hold is open, and ends."""
    head = roll_forward(run)
    if decision.released not in {each.seq for each in head.legal_holds}:
        raise RequestError(
            "released",
            f"Console {head.console} has no open legal hold of statement {decision.released}. "
            f"`canary-audit hold list {head.console}` shows those that are open",
        )
    return head


def _bundle_key(run: Run, _: OperatorRequest) -> Head:
    """The head to state `bundle_key` on: the chain names the key that signs bundles."""
    if run.bundle_signer is None:
        raise RequestError("action", "this stack signs no bundles: deploy with SignBundles=true")
    head = roll_forward(run)
    if head.statement is None:
        raise RequestError("action", f"nothing is archived of Console {head.console}: run it first")
    return head


def _rebuild(run: Run, _: OperatorRequest) -> Head:
    """The head to state `rebuild` on, after head and index were written anew from the chain in the bucket.

    A rebuild that ran out of time goes on where it stopped.
    """
    ledger, console, end = run.ledger, run.order.console, newest_number(run)
    if not end:
        raise RequestError("action", f"nothing is archived of Console {console}: nothing to rebuild")
    head = readable_head(run)
    is_under_way = ledger.disowned(console) is not None and (head is None or head.seq < end)
    if not is_under_way:
        ledger.disown(console)
    return roll_forward(run)


def _lost(run: Run, decision: OperatorRequest) -> LostStatement | None:
    """The statement that the ledger knew and the bucket does not hold, if the operator states this loss.

    Raises IntegrityError if there is such a statement and the operator does not state its loss, RequestError
    if `lost_after` does not fit the bucket.
    """
    if decision.action != Action.REBUILD:
        return None
    known = (known_head(run), run.ledger.disowned(run.order.console))
    absent = next((found for head in known if (found := find_absent(run, head)) is not None), None)
    if decision.lost_after is None and absent is not None:
        raise absent.error()
    if absent is None:
        if decision.lost_after is not None:
            raise RequestError("lost_after", "the bucket holds every statement that the ledger knows of")
        return None
    if decision.lost_after != absent.end:
        raise RequestError(
            "lost_after", f"the newest statement in the bucket is {absent.end}: give that number"
        )
    return LostStatement(absent.head.seq, absent.ref.sha256)


_BESIDE_A_RUN = frozenset({Action.PAUSE, Action.END_PAUSE})
_PREPARATIONS: Mapping[Action, Callable[[Run, OperatorRequest], Head]] = {
    Action.RESUME: _resume,
    Action.EPOCH: _epoch,
    Action.REBUILD: _rebuild,
    Action.ACCEPT: _accept,
    Action.ACCEPT_FAULTS: _accept_faults,
    Action.BUNDLE_KEY: _bundle_key,
    Action.LEGAL_HOLD: _legal_hold,
    Action.END_LEGAL_HOLD: _end_legal_hold,
}


def _statement(run: Run, head: Head, decision: OperatorRequest) -> OperatorStatement:
    is_epoch, signer = decision.action == Action.EPOCH, run.bundle_signer
    is_key = decision.action == Action.BUNDLE_KEY and signer is not None
    return OperatorStatement(
        **run.order.link(head),
        epoch=head.epoch + is_epoch,
        tree=head.tree,
        highest_archived_id=0 if is_epoch else head.highest_archived_id,
        highest_purged_id=0 if is_epoch else head.highest_purged_id,
        action=decision.action,
        who=decision.who,
        reason=decision.reason,
        public_key=to_base64(signer.public_key().spki) if is_key and signer else None,
        accepted=decision.accepted if decision.action == Action.ACCEPT else None,
        accepted_faults=_faults(run, decision),
        held=_held(head, decision),
        released=decision.released,
    )
