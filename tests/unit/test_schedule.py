"""The longest time that a schedule leaves between two runs."""

from audit_archive.config import longest_gap
from audit_archive.format.times import DAY, HOUR, MINUTE
from tests.support.rows import all_rows


@all_rows(
    ("expression", "seconds"),
    [
        ("rate(5 minutes)", 5 * MINUTE),
        ("rate(1 hour)", HOUR),
        ("rate(7 days)", 7 * DAY),
        (" rate(1 day) ", DAY),
        ("cron(17 3 * * ? *)", DAY),
        ("cron(0 * * * ? *)", HOUR),
        ("cron(0/15 * * * ? *)", 15 * MINUTE),
        ("cron(0 8,20 * * ? *)", 12 * HOUR),
        ("cron(0,30 8,20 * * ? *)", 11 * HOUR + 30 * MINUTE),
        ("cron(0 9-17 * * ? *)", 16 * HOUR),
        ("cron(0 */6 * * ? *)", 6 * HOUR),
        ("cron(0 3 ? * MON *)", 7 * DAY),
        ("cron(0 3 ? * 2 *)", 7 * DAY),
        ("cron(0 3 ? * mon *)", 7 * DAY),
        ("cron(0 3 ? * MON-FRI *)", 3 * DAY),
        ("cron(0 8-18 ? * MON-FRI *)", 3 * DAY - 10 * HOUR),
        ("cron(0 3 ? * MON,THU *)", 4 * DAY),
        ("cron(0 3 ? * FRI-MON *)", 4 * DAY),
        ("cron(0 3 ? * SUN-SAT *)", DAY),
        ("cron(0 3 ? * 6L *)", 7 * DAY),
        ("cron(0 3 ? * TUE#1 *)", 7 * DAY),
        ("cron(0 3 1 * ? *)", 31 * DAY),
        ("cron(0 3 1,15 * ? *)", 17 * DAY),
        ("cron(0 3 L * ? *)", 28 * DAY),
        ("cron(0 3 15W * ? *)", 28 * DAY),
        ("cron(0 3 * JAN-MAR ? *)", 9 * 28 * DAY),
        ("cron(0 3 1 */3 ? *)", 2 * 28 * DAY),
        ("cron(0 3 1 1 ? *)", 11 * 28 * DAY),
    ],
)
def test_the_longest_gap(expression: str, seconds: int) -> None:
    assert longest_gap(expression) == seconds


@all_rows(
    "expression",
    ["", "at(2026-11-30T03:00:00)", "rate(soon)", "cron(0 3)", "cron(0 25 * * ? *)", "cron(x 3 * * ? *)",
     "cron(0 3 ? * MOON *)", "cron(0 */0 * * ? *)", "cron(0 3 ? *  MON *)"],
)  # fmt: skip
def test_what_can_t_be_read_tells_nothing(expression: str) -> None:
    """The Scheduler refuses it, or this is no place to."""
    assert longest_gap(expression) == 0
