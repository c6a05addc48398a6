"""Time in equal steps of the calendar: a picture of a day and one of eight years have as many columns."""

from dataclasses import dataclass
from datetime import date

MOST = 120
"""Columns that a picture has at most."""

_WEEK, _MONTHS = 7, 12


@dataclass(frozen=True)
class Unit:
    """A step of the calendar: so many days, or so many months."""

    name: str
    days: int = 0
    months: int = 0

    def index(self, day: date) -> int:
        """The number of the step that a day lies in; the steps of all time are numbered."""
        if self.days:
            return (day.toordinal() - 1) // self.days  # 0001-01-01 is a Monday
        return (day.year * _MONTHS + day.month - 1) // self.months

    def first_day(self, index: int) -> date:
        """The first day of a step."""
        if self.days:
            return date.fromordinal(index * self.days + 1)
        year, month = divmod(index * self.months, _MONTHS)
        return date(max(year, 1), month + 1, 1)

    def share(self, day: date) -> float:
        """How much of its step lies before a day begins, from 0 to less than 1."""
        if self.days:
            return (day.toordinal() - 1) % self.days / self.days
        months = (day.year * _MONTHS + day.month - 1) % self.months
        return (months + (day.day - 1) / 31) / self.months

    def label(self, index: int) -> str:
        """A step by its first day, month or year."""
        day = self.first_day(index).isoformat()
        return day if self.days else day[:7] if self.months < _MONTHS else day[:4]


UNITS = (
    Unit("day", days=1),
    Unit("week", days=_WEEK),
    Unit("month", months=1),
    Unit("quarter", months=3),
    Unit("year", months=12),
    Unit("decade", months=120),
    Unit("century", months=1200),
)


@dataclass(frozen=True)
class Bins:
    """The steps from one day to another, both included."""

    unit: Unit
    start: int
    count: int

    @classmethod
    def between(cls, first: date, last: date) -> "Bins":
        """The smallest steps of which there are not too many."""
        for unit in UNITS:
            start, end = unit.index(first), unit.index(last)
            if end - start < MOST:
                break
        return cls(unit, start, end - start + 1)

    def at(self, day: date) -> int:
        """Which of the steps a day lies in, from 0 on."""
        return self.unit.index(day) - self.start

    def position(self, day: date) -> float:
        """Where a day begins, in steps; within the picture even if the day is not."""
        return min(max(self.at(day) + self.unit.share(day), 0.0), float(self.count))

    def label(self, at: int) -> str:
        """A step by its first day, month or year."""
        return self.unit.label(self.start + at)
