"""Dates by the time of asking, as a person says them: `60d`, `yesterday`, `last month`. Pure.

They mean whole days of the calendar in the time zone of the question; only hours are exact. A week begins on
Monday (ISO 8601).
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from audit_archive.format.times import DAY, OffsetAt
from audit_archive.retrieve.dates import of_day

RELATIVE_FORMS = "60d, 12h, 8w, today, yesterday, or this or last week, month, quarter or year"

_AGO = re.compile(r"([1-9][0-9]{0,4})([hdw])")
_DAYS = {"d": 1, "w": 7}
_HOUR = 3600
_NAMED = re.compile(r"today|yesterday|(?:this|last) (?:week|month|quarter|year)")
_FIRST_DAY = date(1970, 1, 1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Relative:
    """What a text names by the time of asking: `now` in epoch seconds."""

    text: str
    now: int = 0

    def begin(self, offset_at: OffsetAt) -> int:
        """The first instant that it includes (epoch seconds); not before 1970."""
        ago = _AGO.fullmatch(self.text)
        if ago is not None and ago[2] == "h":
            return max(self.now - int(ago[1]) * _HOUR, 0)
        first, _ = self._days(offset_at)
        return max(of_day(_midnight(first), offset_at).earliest, 0)

    def end(self, offset_at: OffsetAt) -> int:
        """The first instant after what it includes. `12h` ends twelve hours ago, `60d` with that day."""
        ago = _AGO.fullmatch(self.text)
        if ago is not None and ago[2] == "h":
            return max(self.now - int(ago[1]) * _HOUR, 0)
        _, last = self._days(offset_at)
        return max(of_day(_midnight(last), offset_at).latest, 0)

    def _days(self, offset_at: OffsetAt) -> tuple[date, date]:
        """The first and the last day that it names."""
        today = _FIRST_DAY + timedelta(days=(self.now + offset_at(self.now)) // DAY)
        if ago := _AGO.fullmatch(self.text):
            day = today - timedelta(days=min(int(ago[1]) * _DAYS[ago[2]], max((today - _FIRST_DAY).days, 0)))
            return day, day
        which, _, unit = self.text.partition(" ")
        if not unit:
            day = today - timedelta(days=which == "yesterday")
            return day, day
        first = _beginning(today, unit)
        if which == "last":
            return _beginning(first - timedelta(days=1), unit), first - timedelta(days=1)
        return first, _beginning(
            first + timedelta(days=7 if unit == "week" else 31 * _MONTHS[unit]), unit
        ) - (timedelta(days=1))


def read_relative(text: str) -> Relative | None:
    """What a text names; None if it has no form of RELATIVE_FORMS. Case and blanks around do not count."""
    plain = " ".join(text.lower().split())
    return Relative(plain) if _AGO.fullmatch(plain) or _NAMED.fullmatch(plain) else None


def _beginning(day: date, unit: str) -> date:
    """The first day of the week, month, quarter or year of a day."""
    if unit == "week":
        return day - timedelta(days=day.weekday())
    months = _MONTHS[unit]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def _midnight(day: date) -> int:
    """The beginning of a day in epoch seconds, as if it were UTC's."""
    return (day - _FIRST_DAY).days * DAY
