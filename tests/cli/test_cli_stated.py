"""Who decides, and why: given as options, or asked for at a terminal. So what a message says can be typed."""

import os
import pty
import sys

import click
import pytest
from click.testing import CliRunner

from cli.run import stated_options


@click.command()
@stated_options
def decide(who: str, reason: str) -> None:
    """A decision."""
    click.echo(f"{who}: {reason}")


@pytest.mark.parametrize("given", [(), ("--who", "ann"), ("--reason", "an incident")])
def test_without_a_terminal_both_must_be_given(given: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(decide, given, input="ann\nan incident\n")
    assert answer.exit_code == 2
    assert "Missing option" in answer.output


def test_what_a_message_names_can_be_typed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keyboard, terminal = pty.openpty()
    os.write(keyboard, b"ann\nan incident\n")
    with os.fdopen(terminal) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        decide.main([], standalone_mode=False)
    os.close(keyboard)
    said = capsys.readouterr()
    assert said.out.endswith("ann: an incident\n")
    assert "Who decides (kept for ever):" in said.err
