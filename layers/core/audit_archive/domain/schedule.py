"""How long a schedule of EventBridge Scheduler leaves between two runs. Pure.

https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
"""

import re
from collections.abc import Iterable
from itertools import pairwise

from audit_archive.domain.times import DAY, HOUR, MINUTE

UNITS = {"minute": MINUTE, "hour": HOUR, "day": DAY}
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
SHORTEST_MONTH = 28


def longest_gap(expression: str) -> int:
    """The longest time between two runs in seconds, or a little less; 0 for what can't be read.

    A little less: years are not looked at, and a month counts as the shortest one.
    """
    if rate := re.fullmatch(r"rate\(([0-9]{1,6}) (minute|hour|day)s?\)", expression.strip()):
        return int(rate[1]) * UNITS[rate[2]]
    cron = re.fullmatch(r"cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)", expression.strip())
    try:
        return _gap_of(*cron.groups()[:5]) if cron else 0
    except ValueError:
        return 0


def _gap_of(minute: str, hour: str, day: str, month: str, weekday: str) -> int:
    times = sorted(h * HOUR + m * MINUTE for h in _values(hour, 0, 23) for m in _values(minute, 0, 59))
    days = max(_days_of_month(day), _days_of_week(weekday))
    months = max(_gaps(_values(month, 1, 12, MONTHS), 12))
    within = max((b - a for a, b in pairwise(times)), default=0)
    between = days * DAY - (times[-1] - times[0])
    return max(within, between, (months - 1) * SHORTEST_MONTH * DAY)


def _days_of_month(field: str) -> int:
    """`L` and `W` name one day of a month."""
    return SHORTEST_MONTH if re.search("[LW]", field) else max(_gaps(_values(field, 1, 31), 31))


def _days_of_week(field: str) -> int:
    """`L` and `#` name one day of a week, or of a month."""
    return 7 if re.search("L|#", field) else max(_gaps(_values(field, 1, 7, WEEKDAYS), 7))


def _gaps(values: Iterable[int], size: int) -> list[int]:
    """From each value to the next, the first coming again after the last."""
    ordered = sorted(values)
    return [b - a for a, b in pairwise([*ordered, ordered[0] + size])]


def _values(field: str, low: int, high: int, names: tuple[str, ...] = ()) -> set[int]:
    """What a field takes. Raises ValueError for one that can't be read."""
    found: set[int] = set()
    for part in field.upper().split(","):
        span, _, step = part.partition("/")
        first, _, last = (f"{low}-{high}" if span in {"*", "?"} else span).partition("-")
        start = _value(first, low, high, names)
        end = _value(last or (str(high) if step else first), low, high, names)
        size = high - low + 1
        until = end + size if end < start else end  # FRI-MON goes on into the next week
        found |= {low + (value - low) % size for value in range(start, until + 1, int(step or 1))}
    return found


def _value(text: str, low: int, high: int, names: tuple[str, ...]) -> int:
    value = low + names.index(text) if text in names else int(text)
    if not low <= value <= high:
        raise ValueError(text)
    return value
