"""The command's checks of a Console's schedule, before AWS is asked for anything."""

from click.testing import CliRunner

from cli.exits import Exit
from cli.main import main


def add(*options: str) -> str:
    """What `console add` says when it refuses its options."""
    arguments = ["console", "add", "5678efab", *options]
    answer = CliRunner(mix_stderr=False).invoke(main, arguments, prog_name="canary-audit")
    assert answer.exit_code == Exit.USAGE
    return answer.stderr


def test_a_schedule_needs_its_period() -> None:
    assert "--schedule needs --period-hours" in add("--schedule", "rate(7 days)")


def test_a_period_that_is_shorter_than_the_schedule_s_gap_is_refused() -> None:
    said = add("--schedule", "cron(0 3 ? * MON *)", "--period-hours", "24")
    assert "--period-hours is 24, but cron(0 3 ? * MON *) leaves up to 168 hours" in " ".join(said.split())
