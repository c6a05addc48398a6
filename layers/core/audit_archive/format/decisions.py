"""What an operator's decision changes in a head: the pause, and the faults that were accepted."""

from collections.abc import Iterable

from audit_archive.format.facts import Acceptance, Action, Pause
from audit_archive.format.statement import OperatorStatement
from audit_archive.format.times import from_rfc3339


def pause_after(pause: Pause | None, statement: OperatorStatement) -> Pause | None:
    """The pause in force after a decision. Of several pauses the first counts, until they end."""
    if statement.action == Action.END_PAUSE:
        return None
    if statement.action != Action.PAUSE or pause is not None:
        return pause
    run = statement.run
    return Pause(statement.seq, from_rfc3339(run.started_at), statement.who, statement.reason, run.id)


def accepted_after(known: tuple[Acceptance, ...], statement: OperatorStatement) -> tuple[Acceptance, ...]:
    """The acceptances of faults after a decision."""
    if statement.action != Action.ACCEPT_FAULTS:
        return known
    faults, run = tuple(fault.sha256 for fault in statement.accepted_faults), statement.run
    stated = (statement.seq, from_rfc3339(run.started_at), statement.who, statement.reason, run.id)
    return (*known, Acceptance(*stated, faults))


def decided_at(acceptances: Iterable[Acceptance]) -> dict[str, int]:
    """When an operator last accepted each fault, by its digest."""
    decided = dict[str, int]()
    for each in acceptances:
        decided |= {digest: max(each.at, decided.get(digest, each.at)) for digest in each.faults}
    return decided
