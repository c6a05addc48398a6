"""Dates and times as a person writes them: which instants they include, in any zone and on any day."""

from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytz
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.machine import find_zone
from audit_archive.format.times import DAY, OffsetAt, rfc3339
from audit_archive.retrieve.dates import of_day, of_reading, read_moment
from tests.support.rows import all_rows

HOUR = 3600
ZONES = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "America/Havana",  # midnight came twice, until 2025
    "America/Sao_Paulo",  # midnight was left out, until 2018
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # a whole day was left out in 2011
    "Europe/Moscow",  # no summer time, yet other offsets
    "Asia/Kathmandu",
    "Africa/Casablanca",
]


def zone(name: str) -> OffsetAt:
    found = find_zone(name)
    assert found is not None
    return found


def span(begin: str, end: str, name: str) -> tuple[str, str]:
    """What `from` and `to` include: the first instant, and the first after all."""
    first, last = read_moment(begin), read_moment(end)
    assert first is not None
    assert last is not None
    return rfc3339(first.begin(zone(name))), rfc3339(last.end(zone(name)))


@all_rows(
    ("begin", "end", "name", "expected"),
    [
        ("2026-03-01", "2026-03-31", "UTC", ("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z")),
        ("2026-03-01", "2026-03-31", "Europe/London", ("2026-03-01T00:00:00Z", "2026-03-31T23:00:00Z")),
        ("2026-03-29", "2026-03-29", "Europe/London", ("2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z")),
        ("2026-10-25", "2026-10-25", "Europe/London", ("2026-10-24T23:00:00Z", "2026-10-26T00:00:00Z")),
        ("2026-03-01T08:30", "2026-03-01T08:30", "UTC", ("2026-03-01T08:30:00Z", "2026-03-01T08:31:00Z")),
        (
            "2026-03-01 08:30:05",
            "2026-03-01 08:30:05",
            "UTC",
            ("2026-03-01T08:30:05Z", "2026-03-01T08:30:06Z"),
        ),
        # 01:30 comes twice: from the first, until the second
        (
            "2026-10-25T01:30",
            "2026-10-25T01:30",
            "Europe/London",
            ("2026-10-25T00:30:00Z", "2026-10-25T01:31:00Z"),
        ),
        # 01:30 is left out: from what it would be in summer, until what it would be in winter
        (
            "2026-03-29T01:30",
            "2026-03-29T01:30",
            "Europe/London",
            ("2026-03-29T00:30:00Z", "2026-03-29T01:31:00Z"),
        ),
        # an offset says it all, whatever the zone
        (
            "2026-10-25T01:30Z",
            "2026-10-25T01:30+02:00",
            "Europe/London",
            ("2026-10-25T01:30:00Z", "2026-10-24T23:31:00Z"),
        ),
        ("2026-10-25T01:30:00-00:30", "2026-10-25", "UTC", ("2026-10-25T02:00:00Z", "2026-10-26T00:00:00Z")),
        # a day whose midnight comes twice, one without a midnight, one that never was
        ("2020-11-01", "2020-11-01", "America/Havana", ("2020-11-01T04:00:00Z", "2020-11-02T05:00:00Z")),
        ("2020-10-31", "2020-10-31", "America/Havana", ("2020-10-31T04:00:00Z", "2020-11-01T04:00:00Z")),
        ("2018-11-04", "2018-11-03", "America/Sao_Paulo", ("2018-11-04T03:00:00Z", "2018-11-04T03:00:00Z")),
        ("2011-12-29", "2011-12-29", "Pacific/Apia", ("2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z")),
        ("2011-12-30", "2011-12-30", "Pacific/Apia", ("2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z")),
        ("1970-01-01", "1970-01-01", "Pacific/Auckland", ("1969-12-31T12:00:00Z", "1970-01-01T12:00:00Z")),
        ("9998-12-31", "9998-12-31", "America/New_York", ("9998-12-31T05:00:00Z", "9999-01-01T05:00:00Z")),
    ],
)
def test_what_from_and_to_include(begin: str, end: str, name: str, expected: tuple[str, str]) -> None:
    assert span(begin, end, name) == expected


@all_rows(
    "text",
    [
        "",
        "2026",
        "2026-3-1",
        "20260301",
        "2026-02-30",
        "2026-13-01",
        "1969-12-31",
        "9999-01-01",
        "2026-W10",
        "2026-03-01T",
        "2026-03-01T8:30",
        "2026-03-01T24:00",
        "2026-03-01T08:60",
        "2026-03-01T08:30:60",
        "2026-03-01T08:30:00.5",
        "2026-03-01T08:30+2",
        "2026-03-01T08:30+24:00",
        "2026-03-01T08:30+01:60",
        "2026-03-01Z",
        "2026-03-01T08:30 Europe/London",
        " 2026-03-01",
        "2026-03-01\n",
        "\u0662026-03-01",
    ],
)
def test_what_is_no_date_or_time(text: str) -> None:
    assert read_moment(text) is None


@cache
def other_zone(name: str) -> ZoneInfo:
    """The zone by another library, from data of the same release: the system's may be older."""
    with (files("tzdata") / "zoneinfo" / name).open("rb") as file:
        return ZoneInfo.from_file(file, name)


def clocks(instant: int, name: str) -> datetime:
    """What clocks and calendars show, by another library than ours."""
    return datetime.fromtimestamp(instant, other_zone(name)).replace(tzinfo=None)


INSTANTS = st.one_of(
    st.integers(0, 2_145_916_800),
    # around every change that there was or will be
    st.sampled_from(
        [
            int(moment.replace(tzinfo=UTC).timestamp())
            for name in ZONES
            for moment in getattr(pytz.timezone(name), "_utc_transition_times", [])
            if datetime(1970, 1, 3) < moment < datetime(2037, 1, 1)  # noqa: DTZ001 - pytz keeps them so
        ]
    ).flatmap(lambda change: st.integers(change - 2 * DAY, change + 2 * DAY)),
)


@given(INSTANTS, st.sampled_from(ZONES))
def test_a_reading_includes_every_instant_at_which_clocks_show_it(instant: int, name: str) -> None:
    shown = int(clocks(instant, name).replace(tzinfo=UTC).timestamp())
    meant = of_reading(shown, zone(name))
    assert meant.earliest <= instant <= meant.latest
    assert meant.latest - meant.earliest <= DAY
    assert {clocks(meant.earliest, name), clocks(meant.latest, name)} == {clocks(instant, name)}


@given(INSTANTS, st.sampled_from(ZONES))
def test_a_day_is_all_instants_at_which_calendars_show_it(instant: int, name: str) -> None:
    day = clocks(instant, name).date()
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    first, after = of_day(midnight, zone(name))
    assert first <= instant < after
    assert clocks(first, name).date() == clocks(after - 1, name).date() == day
    assert clocks(first - 1, name).date() < day < clocks(after, name).date()


@given(st.datetimes(datetime(1970, 1, 3), datetime(2036, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001
def test_a_reading_that_clocks_leave_out_is_resolved_to_both_sides(reading: datetime, name: str) -> None:
    local = int(reading.replace(microsecond=0, tzinfo=UTC).timestamp())
    meant = of_reading(local, zone(name))
    naive = reading.replace(microsecond=0)
    assert clocks(meant.earliest, name) <= naive <= clocks(meant.latest, name)
    assert abs(clocks(meant.latest, name) - clocks(meant.earliest, name)) <= timedelta(days=2)


def test_a_zone_is_named_as_everywhere() -> None:
    assert find_zone("Europe/London") is not None
    assert find_zone("europe/london") is not None
    assert find_zone("Mars/Olympus") is None
    assert find_zone("../../etc/passwd") is None
    assert find_zone("Zürich") is None
