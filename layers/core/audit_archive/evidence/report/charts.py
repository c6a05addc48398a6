"""Pictures with time from left to right, as SVG, in equal steps of the calendar.

Widths are in percent, so lettering keeps its size on a telephone and on paper. A picture of a day and one of
eight years have about as many columns: `Bins` chooses the steps, `Axis` places them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from audit_archive.html_page.markup import Markup, element

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
        """Which share of its step has passed when a day begins: from 0 to less than 1."""
        if self.days:
            return (day.toordinal() - 1) % self.days / self.days
        months = (day.year * _MONTHS + day.month - 1) % self.months
        return (months + (day.day - 1) / 31) / self.months

    def label(self, index: int) -> str:
        """A step by its first day, month or year."""
        day = self.first_day(index).isoformat()
        return day if self.days else day[:7] if self.months < _MONTHS else day[:4]


_UNITS = (
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
        """The smallest steps that give at most MOST columns."""
        for unit in _UNITS:
            start, end = unit.index(first), unit.index(last)
            if end - start < MOST:
                break
        return cls(unit, start, end - start + 1)

    def at(self, day: date) -> int:
        """The step that a day lies in, counted from 0."""
        return self.unit.index(day) - self.start

    def position(self, day: date) -> float:
        """Where a day begins, in steps; the nearest edge of the picture for a day outside it."""
        return min(max(self.at(day) + self.unit.share(day), 0.0), float(self.count))

    def label(self, at: int) -> str:
        """A step by its first day, month or year."""
        return self.unit.label(self.start + at)


AXIS = 26
"""Pixels that the axis takes below a picture."""

_FULL = 100.0
_SHARE = 0.8  # of a column's width that its bar takes
_WIDEST = 0.12  # of the picture's width that a bar takes at most: one day is no wall of colour
_FEW = 3  # columns whose names all have room below their middle
_FEWEST = 12  # columns from which names stand between the first and the last
_LEAST = 2.0  # pixels of a bar: one that is there is seen
_NAMED_FROM, _NAMED_TO, _NAMED = 0.25, 0.56, 4
_NICE = (1, 2, 3, 6, 12, 24, 36, 60, 120)


class Axis:
    """Where the steps of time stand in a picture."""

    def __init__(self, bins: Bins) -> None:
        self.bins = bins
        self._slots = bins.count
        self._share = min(_SHARE, _WIDEST * bins.count)

    def x(self, position: float) -> str:
        """A position in steps, as SVG takes it."""
        return percent(position / self._slots)

    def middle(self, at: int) -> str:
        """The middle of a step."""
        return self.x(at + 0.5)

    def bars(
        self, heights: Mapping[int, float], base: int, kind: str, tooltip: Callable[[int], str]
    ) -> Iterable[Markup]:
        """A bar for each step that has a height, in pixels.

        A browser shows its tooltip beside the pointer.
        """
        for at, height in sorted(heights.items()):
            tall = max(height, _LEAST)
            yield element(
                "rect",
                element("title", tooltip(at)),
                class_=kind,
                x=self.x(at + (1 - self._share) / 2),
                width=self.x(self._share),
                y=f"{base - tall:.1f}",
                height=f"{tall:.1f}",
            )

    def band(self, first: date, end: date, top: int, bottom: int, kind: str) -> Markup | None:
        """The time from the begin of one day to the begin of another; None if it lies outside the picture."""
        left, right = self.bins.position(first), self.bins.position(end)
        if left >= right:
            return None
        return element(
            "rect", class_=kind, x=self.x(left), width=self.x(right - left), y=top, height=bottom - top
        )

    def drawn(self, top: int, base: int) -> Iterable[Markup]:
        """The axis: a line, the names of its first and last step, and grid lines with names between them."""
        for at in self._named():
            yield line(self.x(at), top, base, "grid")
            yield lettering(self.bins.label(at), self.x(at), base + 18, "tick")
        yield element("line", class_="axis", x1="0", x2=self.x(self.bins.count), y1=base, y2=base)
        if self.bins.count <= _FEW:
            for at in range(self.bins.count):
                yield lettering(self.bins.label(at), self.middle(at), base + 18, "tick middle")
            return
        yield lettering(self.bins.label(0), "0", base + 18, "tick")
        last = self.bins.label(self.bins.count - 1)
        yield lettering(last, self.x(self.bins.count), base + 18, "tick end")

    def _named(self) -> list[int]:
        """Steps with round numbers whose names have room between those of the first and the last step."""
        count = self.bins.count
        if count < _FEWEST:
            return []
        every = next((nice for nice in _NICE if nice * _NAMED >= count), count)
        steps = (at for at in range(count) if (self.bins.start + at) % every == 0)
        return [at for at in steps if _NAMED_FROM <= at / self._slots <= _NAMED_TO]


def percent(share: float) -> str:
    """A share of the width."""
    return f"{share * _FULL:.3f}%"


def line(x: str, top: int, bottom: int, kind: str) -> Markup:
    """A line from top to bottom."""
    return element("line", class_=kind, x1=x, x2=x, y1=top, y2=bottom)


def lettering(text: str, x: str, y: int, kind: str) -> Markup:
    """A text in a picture; `y` is its baseline."""
    return element("text", text, class_=kind, x=x, y=y)


def picture(name: str, title: str, description: str, height: int, parts: Iterable[Markup]) -> Markup:
    """A picture, with its title and a description in words for screen readers."""
    return element(
        "svg",
        element("title", title, id=f"{name}-title"),
        element("desc", description, id=f"{name}-desc"),
        *parts,
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        width="100%",
        height=height,
    )
