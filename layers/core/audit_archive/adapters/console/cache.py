"""Detects old answers from a cache between the Console and us."""

import math
import re
from collections.abc import Mapping

from audit_archive.adapters.console.retry import http_date
from audit_archive.adapters.console.transport import SUCCESSES, Answer, CachedError

MAX_AGE = 120
"""Seconds. An answer may be so old, and a clock may be so inexact."""

_DIGITS = re.compile("[0-9]{1,18}")


class CacheWatch:
    """Checks every answer of one client.

    The header `Age` alone shows that an answer is old (RFC 9111, 5.1). `Date` alone does not, because the
    Console's clock may be hours from ours. But a Console makes an answer after the request and before it
    arrives. So each fresh answer bounds the difference of the two clocks from both sides, and an old answer
    contradicts the bounds.
    """

    def __init__(self) -> None:
        self._ahead = self._behind = -math.inf

    def check(self, answer: Answer, asked_at: int, came_at: int) -> None:
        """Raise CachedError for an old answer. `asked_at`, `came_at`: epoch seconds by our clock."""
        age = _age(answer.headers)
        if age > MAX_AGE:
            raise CachedError(f"the answer is {age} seconds old")
        # An error may come from a gateway, which has another clock.
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
    """The `Age` in seconds; 0 without that header. Several caches may add one each: the greatest counts."""
    return max(map(int, _DIGITS.findall(headers.get("Age", ""))), default=0)
