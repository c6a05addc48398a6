"""Repeats of requests: exponential backoff with full jitter, within the time that is left."""

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
"""Seconds. If the Console asks for a longer pause, the next run tries again."""


class TransientError(Exception):
    """A failure after which a repeat may succeed. Never leaves the adapter.

    `final`: the error to raise if no repeat succeeds. `retry_after`: seconds that the Console asked to wait.
    """

    def __init__(self, final: AuditArchiveError, retry_after: float | None = None) -> None:
        super().__init__(str(final))
        self.final = final
        self.retry_after = retry_after


@dataclass(frozen=True)
class Patience:
    """How often to try, and how long to wait. All but `attempts` are seconds.

    `attempts` includes the first one. `reserve`: so much of the clock's remaining time is never used for
    waiting. The timeouts are silence, not a whole transfer: a Console may take minutes to make an export, or
    to carry out a purge.
    """

    attempts: int = 5
    first_pause: float = 1.0
    longest_backoff: float = 30.0
    reserve: float = 10.0
    fetch_timeout: float = 60.0
    download_timeout: float = 300.0
    purge_timeout: float = 300.0


class Retries:
    """Repeats an attempt as long as it raises TransientError."""

    def __init__(
        self, clock: Clock, patience: Patience, jitter: Callable[[float, float], float] = _JITTER
    ) -> None:
        self._clock = clock
        self._patience = patience
        self._jitter = jitter

    def run(self, attempt: Callable[[], T]) -> T:
        """What `attempt` returns. Raises the final error if all attempts or the time are used up."""
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
        """Seconds until the next attempt: what the Console asked for, and full jitter on top.

        The jitter spreads the repeats of many clients.
        """
        ceiling = min(self._patience.longest_backoff, self._patience.first_pause * 2 ** (tried - 1))
        return (failure.retry_after or 0.0) + self._jitter(0.0, ceiling)

    def _has_time_for(self, pause: float) -> bool:
        return pause <= LONGEST_PAUSE and self._clock.remaining() - pause > self._patience.reserve


def seconds_to_wait(retry_after: str | None, now: int) -> float | None:
    """The seconds of a `Retry-After` header, or until its date (RFC 9110, 10.2.3); None if unreadable."""
    text = (retry_after or "").strip()
    if text.isdecimal():
        return float(text[:10])
    moment = http_date(text)
    return None if moment is None else max(0.0, float(moment - now))


def http_date(text: str | None) -> int | None:
    """Epoch seconds of an HTTP date; None if it can't be read."""
    try:
        return int(parsedate_to_datetime(text or "").timestamp())
    except (ValueError, OverflowError):
        return None
