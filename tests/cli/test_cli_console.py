"""The command's checks of a Console's schedule, before AWS is asked for anything."""

from pathlib import Path

import pytest
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


@pytest.mark.parametrize("data", [b"", b"two words", b"k\x00y", b"\x30\x82\xff", b"k" * 2_000_000])
def test_a_file_that_is_not_an_api_key_is_refused_and_not_quoted(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(data)
    for option in ("--read-key-file", "--purge-key-file"):
        said = add(option, str(tmp_path / "key"))
        assert "must hold the API key and nothing else." in " ".join(said.split())
        assert len(said) < 500
