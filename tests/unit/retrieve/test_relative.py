"""Dates by the time of asking: whole days of the calendar in the zone of the question."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import pytest
import pytz
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.machine import find_zone
from audit_archive.errors import RequestError
from audit_archive.format.ids import MAX_ID, IdRange
from audit_archive.format.times import from_rfc3339, rfc3339
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.request import EntriesRequest, parse_request
from tests.support.rows import all_rows

TUESDAY = "2026-12-01T02:30:00Z"


def query(now: str = TUESDAY, **event: Any) -> Query:
    request = parse_request({"request": "entries", "console": "a", **event}, find_zone, from_rfc3339(now))
    assert isinstance(request, EntriesRequest)
    assert request.question == {"request": "entries", "console": "a", **event}
    return request.query


@all_rows(
    ("said", "zone", "begin", "end"),
    [
        ("today", "UTC", "2026-12-01T00:00:00Z", "2026-12-02T00:00:00Z"),
        ("today", "America/New_York", "2026-11-30T05:00:00Z", "2026-12-01T05:00:00Z"),
        ("yesterday", "Asia/Kathmandu", "2026-11-29T18:15:00Z", "2026-11-30T18:15:00Z"),
        ("1d", "UTC", "2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("60d", "Europe/London", "2026-10-01T23:00:00Z", "2026-10-02T23:00:00Z"),
        ("2w", "UTC", "2026-11-17T00:00:00Z", "2026-11-18T00:00:00Z"),
        ("this week", "UTC", "2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z"),
        ("Last Week", "UTC", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"),
        ("last  month ", "UTC", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ("last month", "America/New_York", "2026-10-01T04:00:00Z", "2026-11-01T04:00:00Z"),
        ("this month", "UTC", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("last quarter", "UTC", "2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z"),
        ("this quarter", "UTC", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("last year", "UTC", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ("this year", "UTC", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("99999d", "UTC", "1970-01-01T00:00:00Z", "1970-01-02T00:00:00Z"),
        ("2026-03-29", "Europe/London", "2026-03-29T00:00:00Z", "2026-03-29T23:00:00Z"),
    ],
)
def test_what_a_person_says_of_time_is_whole_days_in_his_zone(
    said: str, zone: str, begin: str, end: str
) -> None:
    asked = query(during=said, zone=zone)
    assert (rfc3339(asked.start or 0), rfc3339(asked.end or 0)) == (begin, end)
    assert query(since=said, zone=zone) == query(**{"from": said}, zone=zone)
    assert query(since=said, zone=zone).resolved == {"start": begin, "end": None}
    assert query(to=said, zone=zone).resolved == {"start": None, "end": end}


def test_hours_are_exact() -> None:
    assert query(since="12h").resolved == {"start": "2026-11-30T14:30:00Z", "end": None}
    assert query(since="36h", to="12h").resolved["end"] == "2026-11-30T14:30:00Z"


@given(
    st.integers(0, 2_100_000_000), st.sampled_from(["UTC", "America/Havana", "Pacific/Apia", "Europe/London"])
)
def test_the_calendar_of_the_zone_says_what_it_says(now: int, name: str) -> None:
    zone = pytz.timezone(name)  # the same edition of the zones as the product has
    today = datetime.fromtimestamp(now, UTC).astimezone(zone).date()
    for said, first, after in (
        ("today", today, today + timedelta(days=1)),
        ("this month", today.replace(day=1), (today.replace(day=1) + timedelta(days=31)).replace(day=1)),
        ("this year", date(today.year, 1, 1), date(today.year + 1, 1, 1)),
    ):
        asked = query(rfc3339(now), during=said, zone=name)
        assert asked.start is not None
        assert asked.end is not None
        if asked.start:  # nothing is archived of before 1970
            assert _day(asked.start, zone) >= first > _day(asked.start - 1, zone)
        assert _day(asked.end - 1, zone) < after <= _day(asked.end, zone)
        assert asked.start <= now < asked.end


def _day(at: int, zone: tzinfo) -> date:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).date()


@all_rows(
    ("fields", "field", "accepts"),
    [
        ({"since": "60"}, "since", "60d"),
        ({"since": "0d"}, "since", "60d"),
        ({"since": "next month"}, "since", "this or last week"),
        ({"since": "last decade"}, "since", "quarter or year"),
        ({"during": "6 d"}, "during", "60d"),
        ({"during": "12h"}, "during", "give `since`"),
        ({"since": "60d", "from": "2026-01-01"}, "since", "don't go together"),
        ({"during": "today", "to": "2026-01-01"}, "during", "during and to"),
        ({"during": "today", "since": "1d"}, "during", "during and since"),
        ({"since": "1d", "to": "2d"}, "to", "before `since`"),
        ({"ids": "200-100"}, "ids", "ends before it begins"),
        ({"ids": "-"}, "ids", "100-200"),
        ({"ids": "0-5"}, "ids", "100-200"),
        ({"ids": 5}, "ids", "100-200"),
        ({"ids": f"1-{MAX_ID + 1}"}, "ids", "beyond"),
        ({"ids": "1-2", "first_id": 1}, "ids", "not both"),
    ],
)
def test_what_can_t_be_meant_is_refused(fields: dict[str, Any], field: str, accepts: str) -> None:
    with pytest.raises(RequestError) as refused:
        query(**fields)
    assert refused.value.field == field
    assert accepts in str(refused.value)


@pytest.mark.parametrize(
    ("said", "ids"),
    [
        ("100-200", IdRange(100, 200)),
        ("100-", IdRange(100, MAX_ID)),
        ("-200", IdRange(1, 200)),
        ("100", IdRange(100, 100)),
    ],
)
def test_ids_are_ranges(said: str, ids: IdRange) -> None:
    assert query(ids=said).ids == ids
