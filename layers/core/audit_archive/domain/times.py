"""Moments: epoch seconds (UTC) inside the program, RFC 3339 text in what it writes."""

from datetime import UTC, datetime

DAY = 86_400
HOUR = 3_600
MINUTE = 60


def rfc3339(seconds: int) -> str:
    """The moment as RFC 3339 text in UTC, whole seconds: `2026-11-23T06:10:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_rfc3339(text: str) -> int:
    """Epoch seconds of a text that `rfc3339` wrote. Raises ValueError on any other."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


def utc_date(seconds: int) -> str:
    """The UTC calendar date of a moment, `yyyy-mm-dd`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
