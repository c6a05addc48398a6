"""When entries were written: office hours over years, and the Console's spelling of a moment. Pure."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from itertools import accumulate, pairwise

WEEK_S = 7 * 86_400
MONDAY = 4 * 86_400  # 1970-01-05, the first Monday of the epoch
_STEPS = 4096

_HOUR_WEIGHTS = (1, 1, 1, 1, 1, 2, 4, 10, 24, 32, 34, 30, 18, 28, 34, 32, 28, 20, 9, 5, 4, 3, 2, 1)
_DAY_WEIGHTS = (1.0, 1.1, 1.1, 1.0, 0.8, 0.12, 0.1)


def _week_profile() -> list[float]:
    """Seconds into the week at which the k-th of `_STEPS` equal shares of a week's entries is written."""
    weights = [day * hour for day in _DAY_WEIGHTS for hour in _HOUR_WEIGHTS]
    sums = list(accumulate(weights, initial=0.0))
    profile = []
    for step in range(_STEPS):
        share = sums[-1] * step / _STEPS
        hour = bisect_right(sums, share) - 1
        profile.append((hour + (share - sums[hour]) / weights[hour]) * 3600)
    return [*profile, float(WEEK_S)]


_PROFILE = _week_profile()
_WIDTHS = [high - low for low, high in pairwise(_PROFILE)]


def busy_time(weeks: float) -> int:
    """Seconds since the epoch at which a trail written in office hours has seen `weeks` weeks of work.

    It rises with `weeks`, and whole weeks fall on Monday 00:00 UTC.
    """
    position = weeks * _STEPS
    step = int(position)
    at = step & (_STEPS - 1)  # _STEPS is a power of two
    return MONDAY + step // _STEPS * WEEK_S + int(_PROFILE[at] + (position - step) * _WIDTHS[at])


def weeks_of_work(epoch_s: int) -> float:
    """The inverse of `busy_time`, to within a second."""
    week, rest = divmod(epoch_s - MONDAY, WEEK_S)
    step = min(bisect_right(_PROFILE, rest) - 1, _STEPS - 1)
    return week + (step + (rest - _PROFILE[step]) / _WIDTHS[step]) / _STEPS


_MINUTES = tuple(b"%02d:%02d" % divmod(minute, 60) for minute in range(1440))
_days: dict[int, bytes] = {}


def stamp(epoch_s: int) -> bytes:
    """`2020-04-03 12:56:42 UTC+0000`, as the Console writes a timestamp; much faster than strftime."""
    day, second = divmod(epoch_s, 86_400)
    date = _days.get(day)
    if date is None:
        date = _days[day] = datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%d").encode()
    return b"%b %b:%02d UTC+0000" % (date, _MINUTES[second // 60], second % 60)


def read_stamp(text: str) -> datetime | None:
    """The moment that a timestamp names in the Console's spelling or in ISO 8601; None for any other text."""
    try:
        if "T" in text.replace("UTC", "", 1):
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else None
        return datetime.strptime(text.replace("UTC", "", 1), "%Y-%m-%d %H:%M:%S %z")
    except ValueError:
        return None


def utc_now() -> datetime:
    """The Console's clock unless it is given another one."""
    return datetime.now(UTC)
