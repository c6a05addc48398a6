"""What the pages say of the command is what the program says."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from audit_archive import errors
from cli.exits import Exit, failure_of, status_of
from cli.invoke import invoke, result_of
from cli.main import main
from cli.stack import Stack

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "command-line.md"
WIDTH = 100
HELP = re.compile(r"^```text\n\$ (canary-audit[^\n]*) --help\n(.*?)^```", re.M | re.S)
CLASSES = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]


def commands(command: click.Command, *names: str) -> Iterator[tuple[str, ...]]:
    """The names of every command, groups before what is in them."""
    yield names
    if isinstance(command, click.Group):
        with click.Context(command) as context:
            for name in command.list_commands(context):
                each = command.get_command(context, name)
                assert each is not None
                yield from commands(each, *names, name)


def help_of(*names: str) -> str:
    answer = CliRunner().invoke(main, [*names, "--help"], prog_name="canary-audit", terminal_width=WIDTH)
    assert answer.exit_code == 0
    return answer.output


def test_the_page_has_the_help_of_every_command_as_it_is() -> None:
    on_page = dict(HELP.findall(PAGE.read_text()))
    assert on_page == {" ".join(["canary-audit", *names]): help_of(*names) for names in commands(main)}


@pytest.mark.parametrize(
    ("command", "option", "choices"),
    [("run", "--mode", "'off', 'dry-run', 'on'"), ("verify", "--depth", "'chain', 'objects', 'content'")],
)
def test_a_wrong_choice_is_answered_with_what_a_person_would_type(
    command: str, option: str, choices: str
) -> None:
    answer = CliRunner().invoke(main, [command, "1234abcd", option, "no"], terminal_width=WIDTH)
    assert answer.exit_code == Exit.USAGE
    assert f"'no' is not one of {choices}" in answer.output


def test_the_page_has_every_exit_status() -> None:
    statuses = {value for name, value in vars(Exit).items() if name.isupper()}
    assert {int(found) for found in re.findall(r"^\| `(\d+)` \|", PAGE.read_text(), re.M)} == statuses


@pytest.mark.parametrize("kind", CLASSES)
def test_every_error_has_an_exit_status_of_its_kind(kind: type[errors.AuditArchiveError]) -> None:
    wanted = Exit.PAGE if issubclass(kind, errors.PageError) else Exit.FAILED
    assert status_of(kind) == (Exit.USAGE if kind is errors.RequestError else wanted)


def test_an_error_is_one_line() -> None:
    assert failure_of(errors.LedgerError("the ledger\nfailed")).message == "the ledger failed"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("PurgeMismatchError", Exit.PAGE),
        ("RequestError", Exit.USAGE),
        ("ConsoleUnavailableError", Exit.FAILED),
        ("Sandbox.Timedout", Exit.FAILED),
        ("AuditArchiveError", Exit.FAILED),
        ("annotations", Exit.FAILED),
    ],
)
def test_what_the_function_raised_is_told_as_if_it_were_raised_here(kind: str, status: int) -> None:
    with pytest.raises(click.ClickException) as raised:
        result_of({"failed": True, "result": {"errorType": kind, "errorMessage": "why"}})
    assert (raised.value.exit_code, raised.value.message) == (status, f"{kind}: why")


def test_a_run_that_can_not_be_begun_ends_and_does_not_wait_for_ever() -> None:
    stack = Stack("any", None, "eu-west-1")
    stack.described = {"Outputs": []}
    with pytest.raises(errors.SettingsError, match="no output ArchiveFunction"):
        invoke(stack, {"console": "1234abcd"})
