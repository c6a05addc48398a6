"""Noticing a cache between the Console and us, which gives an answer that it kept from earlier."""

import math
import re
from collections.abc import Mapping

from audit_archive.adapters.console.retry import http_date
from audit_archive.adapters.console.transport import SUCCESSES, Answer, CachedError

MAX_AGE = 120
"""Seconds that an answer may be old, and that clocks may be inexact."""

_DIGITS = re.compile("[0-9]{1,18}")


class CacheWatch:
    """Looks at every answer of one run of one client.

    `Age` says by itself that an answer was kept (RFC 9111, 5.1). `Date` does not, because the Console's clock
    may be hours from ours. But an answer is made after it was asked for, and before it has come: so each
    answer bounds the difference of the two clocks from both sides, and an old one breaks the bounds.
    """

    def __init__(self) -> None:
        self._ahead = self._behind = -math.inf

    def check(self, answer: Answer, asked_at: int, came_at: int) -> None:
        """Raise CachedError for an answer that was kept; the moments are by our clock, in epoch seconds."""
        age = _age(answer.headers)
        if age > MAX_AGE:
            raise CachedError(f"it had kept the answer for {age} seconds")
        # An error may be a gateway's own, which has another clock.
        made_at = http_date(answer.headers.get("Date")) if answer.status in SUCCESSES else None
        if made_at is None:
            return
        self._ahead = max(self._ahead, made_at - came_at)
        self._behind = max(self._behind, asked_at - made_at)
        apart = self._ahead + self._behind
        if apart > MAX_AGE:
            raise CachedError(
                f"the dates of two answers are {apart:.0f} seconds off, unless the Console's clock was set"
            )


def _age(headers: Mapping[str, str]) -> int:
    """Seconds; the greatest of several, as several caches may give. 0 if there is none."""
    return max(map(int, _DIGITS.findall(headers.get("Age", ""))), default=0)
