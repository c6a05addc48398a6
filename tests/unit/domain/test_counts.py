"""Counts in the Console's messages: what can't be read for sure is not read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.domain.counts import read_count


@given(st.integers(0, 10**19 - 1))
def test_a_count_is_read_with_and_without_groups(count: int) -> None:
    assert read_count(str(count)) == read_count(f"{count:,}") == count


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "x", "-1", "+1", "1 ", " 1", "1\n", "٣", "1e3", "0x10", "1_000"),
        *("1.234", "1 234", "1'234", "1\u00a0234", "12,34", "1,2345", "1234,567", "1,234.5", "1,234,5"),
        *(",123", "1,", "1,,234", "0,123", "00,123", "007", "00"),
        *("9" * 20, "9" * 5000, "10,000,000,000,000,000,000"),
    ],
)
def test_what_can_be_read_in_two_ways_is_no_count(text: str) -> None:
    assert read_count(text) is None
