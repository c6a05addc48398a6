"""Repeating what may be repeated: exponential backoff with full jitter, inside the time that is left."""

from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from itertools import count
from random import SystemRandom
from typing import TypeVar

from audit_archive.errors import AuditArchiveError
from audit_archive.ports import Clock

T = TypeVar("T")
_JITTER = SystemRandom().uniform
LONGEST_PAUSE = 300.0
"""Seconds. Who asks us to come back later than this gets the next run."""


class TransientError(Exception):
    """A failure that a repeat may heal; `final` is the error if none does. Never leaves the adapter.

    `retry_after` is what the Console asked for, in seconds.
    """

    def __init__(self, final: AuditArchiveError, retry_after: float | None = None) -> None:
        super().__init__(str(final))
        self.final = final
        self.retry_after = retry_after


@dataclass(frozen=True)
class Patience:
    """How long to try and to wait, in seconds where nothing else is said.

    `attempts` counts the first one. `reserve` of the clock's remaining time is never used for waiting.
    The timeouts count silence: an export may take minutes to be made, and a purge to be carried out.
    """

    attempts: int = 5
    first_pause: float = 1.0
    longest_backoff: float = 30.0
    reserve: float = 10.0
    fetch_timeout: float = 60.0
    download_timeout: float = 300.0
    purge_timeout: float = 300.0


class Retries:
    """Repeats an attempt while it fails transiently."""

    def __init__(
        self, clock: Clock, patience: Patience, jitter: Callable[[float, float], float] = _JITTER
    ) -> None:
        self._clock = clock
        self._patience = patience
        self._jitter = jitter

    def run(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns. Raises its final error when the repeats or the time are used up."""
        for tried in count(1):
            try:
                return attempt()
            except TransientError as failure:
                if tried == self._patience.attempts:
                    raise failure.final from failure
                pause = self._pause(failure, tried)
                if not self._has_time_for(pause):
                    raise failure.final from failure
                self._clock.sleep(pause)
        raise AssertionError("count() never ends")

    def _pause(self, failure: TransientError, tried: int) -> float:
        """Full jitter spreads the repeats of many clients; it comes on top of what the Console asked for."""
        ceiling = min(self._patience.longest_backoff, self._patience.first_pause * 2 ** (tried - 1))
        return (failure.retry_after or 0.0) + self._jitter(0.0, ceiling)

    def _has_time_for(self, pause: float) -> bool:
        return pause <= LONGEST_PAUSE and self._clock.remaining() - pause > self._patience.reserve


def seconds_to_wait(retry_after: str | None, now: int) -> float | None:
    """What a `Retry-After` header asks for: seconds, or a date (RFC 9110, 10.2.3); None if unreadable."""
    text = (retry_after or "").strip()
    if text.isdecimal():
        return float(text[:10])
    moment = http_date(text)
    return None if moment is None else max(0.0, float(moment - now))


def http_date(text: str | None) -> int | None:
    """Epoch seconds of an HTTP date; None if it is none."""
    try:
        return int(parsedate_to_datetime(text or "").timestamp())
    except (ValueError, OverflowError):
        return None
