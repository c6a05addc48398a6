"""Moments and their texts."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.times import DAY, MINUTE, from_rfc3339, rfc3339, utc_date
from tests.support.rows import all_rows

MOMENTS = st.integers(0, 253_402_300_799)


@given(MOMENTS)
def test_texts_round_trip_and_are_what_the_standard_library_says(seconds: int) -> None:
    text = rfc3339(seconds)
    assert from_rfc3339(text) == seconds
    assert datetime.fromisoformat(text) == datetime.fromtimestamp(seconds, UTC)
    assert utc_date(seconds) == text[:10]
    assert utc_date(seconds // DAY * DAY) == text[:10]


def test_the_form_is_fixed() -> None:
    assert rfc3339(1_795_413_600) == "2026-11-23T06:00:00Z"
    assert rfc3339(0) == "1970-01-01T00:00:00Z"
    assert rfc3339(253_402_300_799) == "9999-12-31T23:59:59Z"
    assert (DAY, MINUTE) == (86_400, 60)


@given(MOMENTS, MOMENTS)
def test_texts_sort_as_their_moments_do(one: int, other: int) -> None:
    assert (one < other) == (rfc3339(one) < rfc3339(other))


@all_rows(
    "text",
    [
        "",
        "2026-11-23",
        "2026-11-23T06:00:00",
        "2026-11-23T06:00:00+00:00",
        "2026-11-23 06:00:00Z",
        "2026-13-23T06:00:00Z",
        "2026-11-23T06:00:00.5Z",
        " 2026-11-23T06:00:00Z",
        "2026-11-23T06:00:00Z ",
    ],
)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"time data|unconverted"):
        from_rfc3339(text)
