"""The entries of an answer in numbers: how many on which day, by whom, of which kind. Pure."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from audit_archive.domain.evidence import Activity, Ranking
from audit_archive.domain.local_time import OffsetAt
from audit_archive.domain.times import utc_date
from audit_archive.domain.timestamps import read_timestamp

RANKED = 15
"""How many values of a field are told by name."""

MAX_VALUES = 10_000
"""How many different values are counted apart: whoever writes entries chooses them, and memory has an end."""

MAX_VALUE = 200
"""Characters by which values are told apart, the last an ellipsis if there are more."""


class ActivityCounter:
    """Counts entries as they come."""

    def __init__(self, offset_at: OffsetAt) -> None:
        """`offset_at`: the zone by whose calendar days are told apart."""
        self._offset_at = offset_at
        self._days: Counter[str] = Counter()
        self._untimed = 0
        self._users = _Ranks()
        self._actions = _Ranks()

    def add(self, members: Mapping[str, Any]) -> None:
        """Count one entry."""
        day = self._day(members.get("timestamp"))
        if day is None:
            self._untimed += 1
        else:
            self._days[day] += 1
        self._users.add(members.get("user"))
        self._actions.add(members.get("action_type"))

    def _day(self, timestamp: object) -> str | None:
        at = read_timestamp(timestamp)
        try:
            return None if at is None else utc_date(at + self._offset_at(at))
        except ValueError:  # the first hours of the year 10000, by clocks east of Greenwich
            return None

    def activity(self) -> Activity:
        """What was counted so far."""
        days = tuple(sorted(self._days.items()))
        return Activity(days, self._untimed, self._users.ranking(), self._actions.ranking())


class _Ranks:
    """How often each value of a field came."""

    def __init__(self) -> None:
        self._counts: Counter[str | None] = Counter()
        self._others = 0

    def add(self, value: object) -> None:
        name = value if isinstance(value, str) else None
        if name is not None and len(name) > MAX_VALUE:
            name = f"{name[: MAX_VALUE - 1]}…"  # or it would look whole
        if name in self._counts or len(self._counts) < MAX_VALUES:
            self._counts[name] += 1
        else:
            self._others += 1

    def ranking(self) -> Ranking:
        ranked = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0] is None, pair[0] or ""))
        rest = sum(count for _, count in ranked[RANKED:])
        return Ranking(tuple(ranked[:RANKED]), rest + self._others)
