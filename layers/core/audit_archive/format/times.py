"""Moments: epoch seconds (UTC) inside the program, RFC 3339 text in what it writes.

The Console's own timestamps, `2020-04-03 12:56:42 UTC+0000` or ISO 8601, are read into epoch seconds too.
Whole seconds identify an entry's time: a fraction is cut off.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from operator import add, itemgetter
from typing import Any, NamedTuple, TypeAlias

DAY = 86_400
HOUR = 3_600
MINUTE = 60

MOST_AHEAD = HOUR
"""Seconds by which the clock of a run or an audit may be ahead of that of whoever reads its moments."""


def rfc3339(seconds: int) -> str:
    """The moment as RFC 3339 text in UTC, whole seconds: `2026-11-23T06:10:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def any_rfc3339(seconds: int) -> str:
    """The moment as `rfc3339` gives it; `second <n>` for a number too large, as a damaged note may have."""
    try:
        return rfc3339(seconds)
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"


@lru_cache(1024)  # strptime is slow, and a run asks again and again for the few moments of its chain
def from_rfc3339(text: str) -> int:
    """Epoch seconds of a text that `rfc3339` wrote. Raises ValueError for any other text."""
    return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp())


def utc_date(seconds: int) -> str:
    """The UTC calendar date of a moment, `yyyy-mm-dd`."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")


_PATTERN = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[ Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})"
    r"([.,][0-9]++)?(?:(?: UTC)?([+-])([0-9]{2}):?([0-9]{2})|[Zz])"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = 253_402_300_800  # 10000-01-01: beyond it a date has no `yyyy-mm-dd`
_MOST_KEPT = 4096  # an attacker can't choose timestamps, but a damaged export may hold any

# A year of entries has few days, 1440 minutes and 60 seconds: three look-ups replace a parse.
# The key of a day is `2020-04-03 `, or with a T; the key of a second has the offset with it: `:42 UTC+0000`.
_days: dict[str, int] = {}
_MINUTES = {f"{m // 60:02}:{m % 60:02}": m * 60 for m in range(1440)}
_seconds: dict[str, int] = {}
_PARTS = (
    (_days, itemgetter(slice(11))),
    (_MINUTES, itemgetter(slice(11, 16))),
    (_seconds, itemgetter(slice(16, None))),
)


def read_timestamp(text: object) -> int | None:
    """Epoch seconds (UTC) of an entry's `timestamp`; None if it can't be read.

    It is a date, a blank or T, a time, perhaps a fraction, and an offset: `Z`, `+hhmm` or `+hh:mm`, the
    latter two perhaps after ` UTC`. The moment must lie in the years 1970 to 9999 UTC. A leap second (`:60`)
    can't be read: epoch seconds have no place for it.
    """
    if type(text) is not str:
        return None
    try:
        return _days[text[:11]] + _MINUTES[text[11:16]] + _seconds[text[16:]]
    except KeyError:
        return _parse(text)


def read_timestamps(texts: list[Any]) -> list[int | None]:
    """`read_timestamp` of many texts. It takes about a third of the time."""
    for _ in range(2):  # once more with the days that were new
        try:
            days, minutes, seconds = (map(known.__getitem__, map(part, texts)) for known, part in _PARTS)
            return list(map(add, map(add, days, minutes), seconds))
        except TypeError:
            break
        except KeyError:
            for text in texts:
                if type(text) is str and (text[:11] not in _days or text[16:] not in _seconds):
                    _parse(text)
    return list(map(read_timestamp, texts))


def _parse(text: str) -> int | None:
    """`read_timestamp` for a day or an offset not seen lately, or with a fraction."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        return None
    if match[7]:  # read without the fraction: a few seconds fit the cache, their fractions would not
        return read_timestamp(text[: match.start(7)] + text[match.end(7) :])
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    offset = _MINUTES.get(f"{match[9]}:{match[10]}") if match[8] else 0
    if offset is None:
        return None
    try:
        midnight = (datetime(year, month, day, tzinfo=UTC) - _EPOCH).days * DAY
        datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    after_minute = second + offset if match[8] == "-" else second - offset
    if DAY <= midnight < _END - 2 * DAY:  # so that no offset leads out of the range
        _keep(_days, text[:11], midnight)
        _keep(_seconds, text[16:], after_minute)
    moment = midnight + hour * HOUR + minute * MINUTE + after_minute
    return moment if 0 <= moment < _END else None


def _keep(cache: dict[str, int], key: str, value: int) -> None:
    if len(cache) >= _MOST_KEPT:
        cache.clear()
    cache[key] = value


class Dates(NamedTuple):
    """Dates from `first` to `last`, both included, as `yyyy-mm-dd` (UTC)."""

    first: str
    last: str

    def meet(self, other: "Dates") -> bool:
        """Whether they have a date in common."""
        return self.first <= other.last and other.first <= self.last


ALL_DATES = Dates("0000-00-00", "9999-99-99")

OffsetAt: TypeAlias = Callable[[int], int]
"""The offset of a time zone from UTC (seconds) at a moment (epoch seconds)."""
