"""The ledger: leases, heads, findings, and an index of the archive."""

from collections.abc import Iterator
from typing import Protocol

from audit_archive.domain.catalogue import Indexed
from audit_archive.domain.finding import Finding
from audit_archive.domain.head import Head
from audit_archive.domain.stale import Lack
from audit_archive.domain.statement import Statement


class Findings(Protocol):
    """Which findings were told to a person, so that each is told once."""

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        """Take it upon us to announce a finding, unless it was announced or another's claim still holds.

        A claim that runs out without `announced` leaves the finding pending.
        """

    def announced(self, finding: Finding) -> None:
        """Note for ever that a finding was announced."""

    def pending(self, console: str, now: int) -> list[Finding]:
        """Findings that somebody was about to announce and did not; their claims have run out at `now`."""


class Ledger(Findings, Protocol):
    """The index of the archive. Raises LedgerError when it does not answer or refuses."""

    def acquire(self, console: str, owner: str, now: int, expires_at: int) -> bool:
        """Take the Console's lease, unless another owner holds one that has not expired at `now`."""

    def release(self, console: str, owner: str) -> None:
        """Give the lease back if `owner` still holds it."""

    def complete(self, console: str, at: int) -> None:
        """Note that a run over the Console was completed at a moment (epoch seconds)."""

    def last_completed(self, console: str) -> int | None:
        """When a run over the Console was last completed (epoch seconds); None if that is not known."""

    def lack(self, console: str) -> Lack | None:
        """What earlier runs noted of an entry that exports lack; None if there is no such note."""

    def note_lack(self, console: str, lack: Lack | None) -> None:
        """Note it for the next run, or take the note away."""

    def head(self, console: str) -> Head | None:
        """The recorded head, read consistently; None if there is none. IntegrityError if it is damaged."""

    def note(self, console: str) -> bytes:
        """The signed checkpoint beside the recorded head; nothing if there is no head, or it is unsigned."""

    def record(self, head: Head, statement: Statement, note: bytes = b"") -> None:
        """Move the ledger to `head` and index the statement that led there; `note`: its signed checkpoint.

        A sequence number only rises: where the ledger already stands at this statement or beyond it, that is
        success. A head of another release counts as none. What the index says of the statement is replaced.
        Raises IntegrityError if the ledger stands at another statement of the same number.
        """

    def disown(self, console: str) -> None:
        """Set the recorded head aside, readable or not, so that it can be made anew from the first statement.

        No head is recorded then, unless another run has recorded a newer one meanwhile.
        """

    def disowned(self, console: str) -> Head | None:
        """The head that was set aside; an empty one if it can't be read; None if none is."""

    def forget_disowned(self, console: str) -> None:
        """Drop the head that was set aside."""

    def statements(self, console: str) -> Iterator[Indexed]:
        """The index of a Console's statements, in order of their numbers, read consistently.

        It may be ahead of the head: a statement is indexed right before the head moves to it. Raises
        IntegrityError if it is damaged.
        """
