"""Dates and times as a person writes them (a part of ISO 8601), and which instants they include. Pure.

`from` includes what it names from its beginning, `to` until its end: a date the whole day, a time without
seconds the whole minute. Without an offset of its own a text is read by clocks and calendars of a time zone.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from audit_archive.domain.local_time import OffsetAt, of_day, of_reading
from audit_archive.domain.times import DAY, MINUTE

ACCEPTED = (
    "a date such as 2026-03-01, or a time such as 2026-03-01T08:30, 2026-03-01T08:30:00Z "
    "or 2026-03-01T08:30+02:00, of the years 1970 to 9998"
)

_PATTERN = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(Z|[+-][0-9]{2}:[0-5][0-9])?)?"
)
_YEARS = range(1970, 9999)
_HOUR = 3600
_MAX_OFFSET = 24 * _HOUR


@dataclass(frozen=True)
class Moment:
    """What was written: epoch seconds as if it were UTC, how many seconds it names, and its own offset."""

    local: int
    length: int
    offset: int | None = None

    def begin(self, offset_at: OffsetAt) -> int:
        """The first instant that it includes (epoch seconds)."""
        if self.offset is not None:
            return self.local - self.offset
        meant = of_day if self.length == DAY else of_reading
        return meant(self.local, offset_at).earliest

    def end(self, offset_at: OffsetAt) -> int:
        """The first instant after all that it includes."""
        if self.offset is not None:
            return self.local - self.offset + self.length
        if self.length == DAY:
            return of_day(self.local, offset_at).latest
        return of_reading(self.local, offset_at).latest + self.length


def read_moment(text: str) -> Moment | None:
    """What a text names; None if it is not of the form that ACCEPTED describes."""
    match = _PATTERN.fullmatch(text)
    if match is None or int(match[1]) not in _YEARS:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    offset = _offset(match[7]) if match[7] else None
    if offset is not None and abs(offset) >= _MAX_OFFSET:
        return None
    length = DAY if match[4] is None else MINUTE if match[6] is None else 1
    return Moment(int(moment.timestamp()), length, offset)


def _offset(text: str) -> int:
    """Seconds east of UTC."""
    if text == "Z":
        return 0
    seconds = int(text[1:3]) * _HOUR + int(text[4:6]) * MINUTE
    return -seconds if text[0] == "-" else seconds
