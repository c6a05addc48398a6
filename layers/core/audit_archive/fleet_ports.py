"""What the product needs of the outside to know how all Consoles of a stack are. Kept as `ports` is."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from audit_archive.format.times import HOUR, rfc3339

MOST_AHEAD = HOUR
"""Seconds by which the clock of a run or an audit may be ahead of that of whoever reads its moments."""

MAX_SENTENCE = 300
"""Characters of an error's message that are kept. The log has all of it."""


@dataclass(frozen=True)
class Failure:
    """How a run failed: when (epoch seconds), by which class of error, and in which request of Lambda.

    `sentence`: the message of the error, shortened. It carries no API key.
    """

    at: int
    error_class: str
    sentence: str
    request_id: str

    @property
    def says(self) -> str:
        """The failure in a clause."""
        return f"the run of {rfc3339(self.at)} failed with {self.error_class}: {self.sentence}"


@dataclass(frozen=True)
class LastRuns:
    """The last runs over a Console, as the ledger knows them.

    `completed_at`: when a run was last completed (epoch seconds); None before the first. `seq`: how many
    statements the Console had then. `failure`: the last failure, which a later completed run supersedes.
    `removed_at`: when a person last took the Console out of the fleet (epoch seconds), or None.
    """

    console: str
    completed_at: int | None = None
    seq: int = 0
    failure: Failure | None = None
    removed_at: int | None = None

    @property
    def is_without_any(self) -> bool:
        """Whether no run is known, neither a completed nor a failed one."""
        return self.completed_at is None and self.failure is None

    @property
    def open_failure(self) -> Failure | None:
        """The last failure, if no run was completed since. Of the same second, the failure counts."""
        is_open = self.failure is not None and (self.completed_at or 0) <= self.failure.at
        return self.failure if is_open else None

    def until(self, now: int) -> "LastRuns":
        """The same, without a completed run that is yet to come: it would hide whatever happens until then.

        `now`: epoch seconds. Whoever can write to the ledger can state any moment.
        """
        is_to_come = self.completed_at is not None and self.completed_at > now + MOST_AHEAD
        return replace(self, completed_at=None) if is_to_come else self


class Runs(Protocol):
    """How the last runs over each Console ended: a part of the ledger. Raises LedgerError as it does."""

    def complete(self, console: str, at: int, seq: int) -> None:
        """Record that a run was completed at a moment (epoch seconds), with so many statements."""

    def fail(self, console: str, failure: Failure) -> None:
        """Record the failure of a run over the Console, in place of an earlier one."""

    def retire(self, console: str, at: int) -> None:
        """Record that a person took the Console out of the fleet at a moment (epoch seconds)."""

    def last_runs(self, console: str) -> LastRuns:
        """The last runs over the Console. What can't be read of them counts as absent."""

    def fleet(self) -> Iterator[LastRuns]:
        """The last runs over every Console that has any, in order of their names."""


@dataclass(frozen=True)
class Told:
    """What the last message about the fleet told: when (epoch seconds), and the digest of each problem."""

    at: int
    problems: frozenset[str]


class FleetNotes(Protocol):
    """What the fleet check remembers: a part of the audit's notes. Raises LedgerError as they do."""

    def told(self) -> Told | None:
        """What the last message about the fleet told; None before the first, or if unreadable."""

    def tell(self, told: Told) -> None:
        """Record what was told."""


class Folders(Protocol):
    """A bucket by its folders. Raises ArchiveStoreError when it does not answer or refuses."""

    def folders(self, prefix: str) -> Iterator[str]:
        """The name, without slash, of every folder right under a prefix that holds a version of an object."""


@dataclass(frozen=True)
class ScheduleFacts:
    """A schedule of the stack: its name, whether it is on, and when it was made (epoch seconds)."""

    name: str
    is_enabled: bool
    created_at: int


class Schedules(Protocol):
    """The schedules of the stack. Raises SettingsError when they can't be listed."""

    def listed(self) -> Iterator[ScheduleFacts]:
        """Every schedule of the stack's group, in any order."""
