"""Counts in the Console's words: read for sure, or not at all."""

from audit_archive.format.entry import read_count
from tests.support.rows import all_rows


@all_rows(
    ("text", "count"),
    [
        ("0", 0),
        ("72", 72),
        ("2,500", 2_500),
        ("12,345", 12_345),
        ("1,234,567", 1_234_567),
        ("1234567", 1_234_567),
        ("9223372036854775807", 2**63 - 1),
        ("9,223,372,036,854,775,807", 2**63 - 1),
    ],
)
def test_a_count_is_digits_or_groups_of_three_between_commas(text: str, count: int) -> None:
    assert read_count(text) == count


@all_rows(
    "text",
    [
        *["", " ", "72 ", " 72", "72\n", "-72", "+72", "72.0", "7e2", "0x48", "1_234", "many"],
        *["1.234", "1 234", "1\u00a0234", "1\u202f234", "1'234", "1\u2019234", "1;234"],
        *["12,34", "1,23", "1,2345", "1234,567", ",234", "1,", "1,,234", "1,234,", "1,23,456", "1,234.567"],
        *["0012,345", "0,345", "007", "00", "\u0667\u0662", "\u00b2", "\uff17"],
        *["9223372036854775808", "9,223,372,036,854,775,808", "9" * 5_000, "9" + ",999" * 5_000],
    ],
)
def test_whatever_may_mean_something_else_is_none(text: str) -> None:
    assert read_count(text) is None
