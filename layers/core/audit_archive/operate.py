"""The operator's ways out: a person decides something about a Console's archive, and says who and why.

Each is a statement in the chain. None deletes or purges, and none lowers a watermark within an epoch.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from audit_archive.domain.facts import Action, IdSpan
from audit_archive.domain.head import Head
from audit_archive.domain.ranges import IdSet
from audit_archive.domain.statement import OperatorStatement
from audit_archive.errors import IntegrityError, RequestError
from audit_archive.result import Outcome, Result, plain
from audit_archive.steps.announce import paging
from audit_archive.steps.chain import commit
from audit_archive.steps.lease import lease
from audit_archive.steps.publish import load, publish, record, roll_forward
from audit_archive.steps.run import Run
from audit_archive.steps.sign import sign


@dataclass(frozen=True)
class Decision:
    """What a person decided: the action, who they are, and why; with `accept`, of which missing ids."""

    action: str
    who: str
    reason: str
    accepted: IdSpan | None = None


def operate(run: Run, decision: Decision) -> Result:
    """State a decision, under the Console's lease. Raises RequestError if there is nothing to decide."""
    with lease(run) as is_ours, paging(run):
        if not is_ours:
            head = run.ledger.head(run.order.console) or Head(run.order.console)
            return plain(Outcome.BUSY, head, head)
        before = _WAYS_OUT[decision.action](run, decision)
        committed = commit(run, before, _statement(run, before, decision))
        if committed is None:
            return plain(Outcome.SUPERSEDED, before, load(run))
        return plain(Outcome.STATED, before, record(run, publish(run, sign(run, committed))))


def _resume(run: Run, _: Decision) -> Head:
    """After a mismatch was looked into: purging may go on."""
    head = load(run)
    if not head.is_latched:
        raise RequestError("action", f"nothing to resume: no mismatch holds back Console {head.console}")
    return head


def _epoch(run: Run, _: Decision) -> Head:
    """After a Console was reset or replaced: its ids count anew."""
    head = load(run)
    if head.statement is None:
        raise RequestError("action", f"nothing is archived of Console {head.console}: no new epoch is needed")
    return head


def _accept(run: Run, decision: Decision) -> Head:
    """After it was looked into why ids are missing that no receipt explains: a purge may cross them."""
    head, span = load(run), decision.accepted
    if span is None:
        raise RequestError("first", "missing: say which missing ids to accept, by `first` and `last`")
    known = IdSet.of(*((hole.first, hole.last) for hole in head.unexplained))
    others = known.gaps(span.first, span.last)
    if others:
        raise RequestError(
            "first",
            f"the ids {others.ranges[0].first} to {others.ranges[0].last} of Console {head.console} are not "
            "listed as missing without an explanation. The warnings of a dry run show those that are",
        )
    return head


def _rebuild(run: Run, _: Decision) -> Head:
    """After the ledger was lost or damaged: everything in it, anew from the chain in the bucket."""
    recorded = _recorded_seq(run)
    head = roll_forward(run, Head(run.order.console))
    if head.statement is None:
        raise RequestError("action", f"nothing is archived of Console {head.console}: nothing to rebuild")
    if recorded > head.seq:
        raise IntegrityError(
            f"The ledger knows statement {recorded}, the bucket's chain ends at {head.seq}: statements "
            "were removed. Nothing was rebuilt; find them by their versions, or in a copy of the bucket"
        )
    return load(run)  # so that a new signing key is named before anything is stated that it must sign


def _recorded_seq(run: Run) -> int:
    try:
        head = run.ledger.head(run.order.console)
    except IntegrityError:
        return 0  # a head that can't be read is what a rebuild is for
    return head.seq if head is not None else 0


_WAYS_OUT: Mapping[str, Callable[[Run, Decision], Head]] = {
    Action.RESUME: _resume,
    Action.EPOCH: _epoch,
    Action.REBUILD: _rebuild,
    Action.ACCEPT: _accept,
}


def _statement(run: Run, head: Head, decision: Decision) -> OperatorStatement:
    is_epoch = decision.action == Action.EPOCH
    return OperatorStatement(
        console=run.order.console,
        epoch=head.epoch + is_epoch,
        seq=head.seq + 1,
        previous=head.statement,
        run=run.order.facts,
        tree=head.tree,
        highest_archived_id=0 if is_epoch else head.highest_archived_id,
        highest_purged_id=0 if is_epoch else head.highest_purged_id,
        action=decision.action,
        who=decision.who,
        reason=decision.reason,
        accepted=decision.accepted if decision.action == Action.ACCEPT else None,
    )
