"""Time in steps of the calendar."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.evidence.report.charts import MOST, Bins
from tests.support.rows import all_rows

DAYS = st.dates(date(1970, 1, 1))


@all_rows(
    ("first", "last", "unit", "count", "label"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), "day", 1, "2026-11-23"),
        (date(2026, 8, 1), date(2026, 11, 28), "day", 120, "2026-08-01"),
        (date(2026, 8, 1), date(2026, 11, 29), "week", 18, "2026-07-27"),
        (date(2018, 11, 23), date(2026, 11, 23), "month", 97, "2018-11"),
        (date(2010, 2, 1), date(2026, 11, 23), "quarter", 68, "2010-01"),
        (date(1970, 1, 1), date(2026, 11, 23), "year", 57, "1970"),
        (date(1970, 1, 1), date(2970, 1, 1), "decade", 101, "1970"),
        (date(1970, 1, 1), date(9999, 12, 31), "century", 81, "1900"),
    ],
)
def test_the_smallest_steps_that_are_not_too_many(
    first: date, last: date, unit: str, count: int, label: str
) -> None:
    bins = Bins.between(first, last)
    assert (bins.unit.name, bins.count, bins.label(0)) == (unit, count, label)


@given(DAYS, DAYS, DAYS)
def test_every_day_between_has_its_step(one: date, other: date, day: date) -> None:
    first, last = min(one, other), max(one, other)
    bins = Bins.between(first, last)
    assert bins.at(first) == 0
    assert bins.at(last) == bins.count - 1
    assert bins.count <= MOST
    assert bins.unit.first_day(bins.start) <= first
    if first <= day <= last:
        assert 0 <= bins.at(day) <= bins.position(day) < bins.at(day) + 1 <= bins.count
    else:
        assert 0 <= bins.position(day) <= bins.count


@given(DAYS, DAYS)
def test_later_is_further_right(one: date, other: date) -> None:
    bins = Bins.between(date(1990, 1, 1), date(2030, 1, 1))
    assert bins.position(min(one, other)) <= bins.position(max(one, other))
