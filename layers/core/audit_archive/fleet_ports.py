"""What the product needs of the outside to know how all Consoles of a stack are. Kept as `ports` is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from audit_archive.format.display import is_visible
from audit_archive.format.times import MOST_AHEAD, rfc3339

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


MAX_LABEL = 64
"""Characters of a name, and of the value of a tag, at most."""
MAX_TAGS = 20
TAG_KEY = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True)
class Label:
    """What people call a Console: a name, and tags. It is an operator's word, and no part of the evidence.

    Raises ValueError, which says what is wrong: whoever reads one from the ledger checks it too.
    """

    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.name is not None and not _is_label(self.name):
            raise ValueError(f"a name has 1 to {MAX_LABEL} visible characters, and no blank at its ends")
        if len(self.tags) > MAX_TAGS:
            raise ValueError(f"a Console has {MAX_TAGS} tags at most")
        for key, value in self.tags.items():
            if not TAG_KEY.fullmatch(key):
                raise ValueError("the key of a tag has 1 to 32 of a-z, 0-9, dot, hyphen and underscore")
            if not _is_label(value):
                raise ValueError(f"a tag's value has 1 to {MAX_LABEL} visible characters")

    def beside(self, console: str) -> str:
        """The Console as a person reads it: its name and its id, or its id alone."""
        return f"{self.name} ({console})" if self.name is not None else console


NO_LABEL = Label()


def _is_label(text: str) -> bool:
    return 0 < len(text) <= MAX_LABEL and text == text.strip() and is_visible(text)


@dataclass(frozen=True)
class LastRuns:
    """The last runs over a Console, as the ledger knows them, and what people call it.

    `completed_at`: when a run was last completed (epoch seconds); None before the first. `seq`: how many
    statements the Console had then. `held_by`: why its plan purged no further (a HeldBackBy), or None.
    `failure`: the last failure, which a later completed run supersedes. `removed_at`: when a person last took
    the Console out of the fleet (epoch seconds), or None.
    """

    console: str
    completed_at: int | None = None
    seq: int = 0
    failure: Failure | None = None
    removed_at: int | None = None
    held_by: str | None = None
    label: Label = NO_LABEL

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

    def complete(self, console: str, at: int, seq: int, held_by: str | None = None) -> None:
        """Record that a run was completed at a moment (epoch seconds), with so many statements.

        `held_by`: why it purged no further.
        """

    def fail(self, console: str, failure: Failure) -> None:
        """Record the failure of a run over the Console, in place of an earlier one."""

    def retire(self, console: str, at: int) -> None:
        """Record that a person took the Console out of the fleet at a moment (epoch seconds)."""

    def name(self, console: str, label: Label) -> None:
        """Record what people call the Console, in place of what they called it before."""

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
