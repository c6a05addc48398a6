"""The Console: its audit trail, and the key that can purge it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TypeAlias

ConsoleEntry: TypeAlias = dict[str, Any]
"""One entry as `fetch` gives it; its `id` is checked to be a positive integer below 2**63."""


@dataclass(frozen=True)
class Peek:
    """What one page of one entry tells: the newest entry (None: the trail is empty), and how many there are.

    The newest entry is as it came, its id unchecked. `population` is the number of entries that the key can
    see; None if the Console did not say.
    """

    newest: ConsoleEntry | None
    population: int | None


@dataclass(frozen=True)
class Download:
    """A completely received export: size in bytes, SHA-256 (hex), and the Console's clock when it answered.

    `served_at` is epoch seconds from the `Date` header, or None if there was none that can be read.
    """

    size: int
    sha256: str
    served_at: int | None


@dataclass(frozen=True)
class PurgeAnswer:
    """The Console's answer to a purge: its text, and the number of entries it says it destroyed.

    Both None: no answer came, so nobody knows whether the purge was carried out.
    """

    text: str | None
    count: int | None


class Console(Protocol):
    """The audit trail of one Console, read with one key.

    GETs are repeated on 408, 425, 429, 5xx, network faults, and a 403 that has `Retry-After` or is not in the
    API's own words, while time allows. Raises ConsoleAuthError (401, any other 403, or the Console's words
    for them), ConsoleUnavailableError (repeats used up, or a cache answered), ConsoleError (any other error
    answer, HTML, a redirect to elsewhere, an answer that is not the API's).
    """

    def peek(self) -> Peek:
        """The newest entry and the population, by one page of one entry."""

    def entries_above(self, entry_id: int) -> Iterator[ConsoleEntry]:
        """Every live entry with a higher id, newest first, following the cursors."""

    def download(self, spool: BinaryIO) -> Download:
        """Write the export into `spool` (at its start), hashing on the way, never whole in memory.

        Raises InvalidExportError if the body ends early or is over 5 GB; ConsoleError for HTML or an error
        in its place, ConsoleUnavailableError if it is still being prepared.
        """


class PurgingConsole(Console, Protocol):
    """The same Console, with the key that can purge."""

    def purge(self, boundary: int) -> PurgeAnswer:
        """Delete every entry up to and including id `boundary`. Sent at most once.

        A 401 is a definite refusal and permits one retry with the re-read secret. Raises ConsoleAuthError if
        definitely refused (nothing was purged), ConsoleUnavailableError on 429 or if it never left,
        ConsoleError for another error answer. No verdict (silence, 5xx, 408, 425, a 403 as above, a web page,
        a cache's words): an answer without text.
        """


OpenPurger: TypeAlias = Callable[[], PurgingConsole | None]
"""Reads the purging key, at this moment and not before; None if there is no such secret."""
