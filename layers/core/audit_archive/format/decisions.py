"""What an operator's decisions change in a head: the pause, the accepted faults, and the legal holds."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.format.facts import Action, IdSpan
from audit_archive.format.statement import OperatorStatement
from audit_archive.format.times import from_rfc3339


@dataclass(frozen=True, slots=True)
class Pause:
    """Purging is paused: by which statement, since when (epoch s), who stated it, why, in which request."""

    seq: int
    since: int
    who: str
    reason: str
    request_id: str


@dataclass(frozen=True)
class Acceptance:
    """An operator's decision that some faults hold purging back no longer.

    `seq`: its statement; `at`: when it was stated (epoch seconds); `request_id`: of the invocation. `faults`:
    the digest of each.
    """

    seq: int
    at: int
    who: str
    reason: str
    request_id: str
    faults: tuple[str, ...]


@dataclass(frozen=True)
class LegalHold:
    """A legal hold that has not ended: what it is about is kept, whatever its retention.

    `seq`: its statement; `since`: when it was stated (epoch seconds); `request_id`: of the invocation.
    `held`: the numbers of the statements whose objects it keeps.
    """

    seq: int
    since: int
    who: str
    reason: str
    request_id: str
    held: tuple[IdSpan, ...]

    @property
    def is_whole(self) -> bool:
        """Whether it is about all that the archive had when it was stated."""
        return self.held == (IdSpan(1, self.seq),)


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


def holds_after(known: tuple[LegalHold, ...], statement: OperatorStatement) -> tuple[LegalHold, ...]:
    """The open legal holds after a decision. Holds may overlap: each ends by itself."""
    if statement.action == Action.END_LEGAL_HOLD:
        return tuple(each for each in known if each.seq != statement.released)
    if statement.action != Action.LEGAL_HOLD:
        return known
    run = statement.run
    stated = (statement.seq, from_rfc3339(run.started_at), statement.who, statement.reason, run.id)
    return (*known, LegalHold(*stated, statement.held))
