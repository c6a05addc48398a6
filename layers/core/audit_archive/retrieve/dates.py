"""Dates and times as a person writes them (a part of ISO 8601), and which instants they include. Pure.

`from` includes what it names from its beginning, `to` until its end: a date the whole day, a time without
seconds the whole minute. A text without an offset is read in a time zone.

A zone is a function that gives its offset from UTC (seconds, east is positive) at an instant. Where clocks
are put forward some readings never occur, and where they are put back some occur twice. That must not narrow
a question. So a reading is resolved to both instants that it may mean: with the offset before the change, and
with the one after it. A date is exact: all instants at which calendars in the zone show it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from audit_archive.format.times import DAY, MINUTE, OffsetAt

_HOUR = 3600
_REACH = 26 * _HOUR
"""Seconds. No two time zones were ever further apart, so the instants of a reading lie within this."""


class _Stretch(NamedTuple):
    """A stretch of time with one offset: `start` included, `end` excluded."""

    start: int
    end: int
    offset: int


class Instants(NamedTuple):
    """The earliest and the latest instant that a text may mean, epoch seconds; mostly the same."""

    earliest: int
    latest: int


def of_reading(local: int, offset_at: OffsetAt) -> Instants:
    """The instants of a clock's reading. `local`: the reading in epoch seconds, as if it were UTC."""
    stretches = _stretches(local, offset_at)
    shown = [local - s.offset for s in stretches if s.start <= local - s.offset < s.end]
    meant = shown or [local - s.offset for s in _around_gap(local, stretches)]
    return Instants(min(meant), max(meant))


def of_day(midnight: int, offset_at: OffsetAt) -> Instants:
    """The first instant of a day, and the first after it.

    `midnight`: epoch seconds, as if the day were UTC's.
    """
    return Instants(_first_at_or_after(midnight, offset_at), _last_before(midnight + DAY, offset_at))


def _first_at_or_after(local: int, offset_at: OffsetAt) -> int:
    """The first instant at which clocks show `local` or more."""
    return min(
        max(s.start, local - s.offset) for s in _stretches(local, offset_at) if local - s.offset < s.end
    )


def _last_before(local: int, offset_at: OffsetAt) -> int:
    """The instant after the last one at which clocks show less than `local`."""
    return max(
        min(s.end, local - s.offset) for s in _stretches(local, offset_at) if local - s.offset > s.start
    )


def _around_gap(local: int, stretches: list[_Stretch]) -> list[_Stretch]:
    """The two stretches around the gap that holds a reading."""
    at = next(n for n, s in enumerate(stretches) if local - s.offset < s.start)
    return stretches[at - 1 : at + 1]


def _stretches(local: int, offset_at: OffsetAt) -> list[_Stretch]:
    """The stretches of one offset around a reading, in order."""
    found: list[_Stretch] = []
    start, end = local - _REACH, local + _REACH
    offset = offset_at(start)
    for hour in range(start, end, _HOUR):
        following = offset_at(hour + _HOUR)
        if following != offset:
            change = _change(hour, hour + _HOUR, offset_at)
            found.append(_Stretch(start, change, offset))
            start, offset = change, following
    return [*found, _Stretch(start, end, offset)]


def _change(low: int, high: int, offset_at: OffsetAt) -> int:
    """The first instant that no longer has the offset of `low`, by bisection.

    The offset of `high` is another one.
    """
    before = offset_at(low)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if offset_at(middle) == before else (low, middle)
    return high


MOMENT_FORMS = (
    "a date such as 2026-03-01, or a time such as 2026-03-01T08:30, 2026-03-01T08:30:00Z "
    "or 2026-03-01T08:30+02:00, of the years 1970 to 9998"
)

_PATTERN = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?(Z|[+-][0-9]{2}:[0-5][0-9])?)?"
)
_YEARS = range(1970, 9999)
_MAX_OFFSET = 24 * _HOUR


@dataclass(frozen=True)
class Moment:
    """What a text names: epoch seconds as if it were UTC, its length in seconds, its own offset or None."""

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
        """The first instant after what it includes."""
        if self.offset is not None:
            return self.local - self.offset + self.length
        if self.length == DAY:
            return of_day(self.local, offset_at).latest
        return of_reading(self.local, offset_at).latest + self.length


def read_moment(text: str) -> Moment | None:
    """What a text names; None if it does not have a form of MOMENT_FORMS."""
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
