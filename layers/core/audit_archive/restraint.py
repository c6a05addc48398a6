"""What persons set in the ledger to keep purging back: for the stack, for a Console, or as a pause."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from audit_archive.format.display import stated
from audit_archive.format.facts import Mode
from audit_archive.format.times import rfc3339


class RestraintOf(StrEnum):
    """What a restraint is about."""

    STACK = "stack"
    """Every Console of the stack."""
    CONSOLE = "console"
    """One Console."""
    PAUSE = "pause"
    """The pause of one Console: a second witness, beside the statement in the chain."""


@dataclass(frozen=True)
class Restraint:
    """How far purging may go at most: who set it, why, when (epoch seconds), and in which request.

    `who` is as stated: nothing checks it.
    """

    mode: Mode
    who: str
    reason: str
    set_at: int
    request_id: str

    @property
    def since(self) -> str | None:
        """When it was set (RFC 3339); None if its item can't be read."""
        return rfc3339(self.set_at) if self != UNREADABLE else None


UNREADABLE = Restraint(Mode.OFF, "unreadable", "its item in the ledger can't be read", 0, "unreadable")
"""In place of a restraint that can't be read. It holds: it was set to keep something back."""


def by_whom(since: str | None, who: str, reason: str) -> str:
    """Since when something is set, and by whose word. `since`: as of a restraint."""
    if since is None:
        return "by an unreadable item of the ledger, which holds: find out who wrote it, then set it anew"
    return f"since {since}, {stated(who, reason)}"


@dataclass(frozen=True)
class Restraints:
    """All that persons set about one Console. A restraint only ever lowers what the stack allows."""

    stack: Restraint | None = None
    console: Restraint | None = None
    pause: Restraint | None = None

    @property
    def modes(self) -> tuple[Restraint, ...]:
        """Those that say how far a run may go."""
        return tuple(each for each in (self.stack, self.console) if each is not None)

    def lowers(self, mode: Mode) -> Restraint | None:
        """The one that lowers a mode the most; None if none of them lowers it."""
        lowest = min(self.modes, key=lambda each: each.mode.reach, default=None)
        return lowest if lowest is not None and lowest.mode.reach < mode.reach else None


class RestraintNotes(Protocol):
    """Where restraints are kept: a part of the ledger. Raises LedgerError as it does."""

    def restraints(self, console: str) -> Restraints:
        """What is set about a Console, read consistently. What can't be read counts as `off`."""

    def restrain(self, of: RestraintOf, console: str, restraint: Restraint | None) -> None:
        """Set a restraint; None removes it. One of the stack is the same for every Console."""
