"""What the pages say of the command is what the program says."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from audit_archive import errors
from cli import exits
from cli.exits import Exit, failure_of, status_of
from cli.invoke import invoke, result_of
from cli.main import main
from cli.stack import Stack
from tests.support.pages import PAGES, Typed, anchors, typed_on

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


STATED = {"--who": "ann", "--reason": "why"}
"""Options that a person at a terminal is asked for."""
FILES = ("kept/a", "read.txt", "purge.txt", "consoles.csv", "keys/read", "copy-of-the-bucket/statements")
"""Files of the pages that a command looks for while its words are read."""

FILLED = {"ID": "1234abcd", "N": "1"}
"""What a person puts in place of a word of the pages."""


def mistake(typed: Typed) -> str | None:
    """What click says against a command on a page, before it is done; None if it takes it."""
    words = [FILLED.get(word, word) for word in typed.words]
    try:
        with ExitStack() as opened:
            command: click.Command = main
            context = opened.enter_context(main.make_context("canary-audit", words))
            while isinstance(command, click.Group) and (words := [*context.protected_args, *context.args]):
                name, found, words = command.resolve_command(context, words)
                assert found is not None
                asked = {option for each in found.params for option in each.opts} & set(STATED)
                words += [word for option in sorted(asked - set(words)) for word in (option, STATED[option])]
                command = found
                context = opened.enter_context(found.make_context(name, words, parent=context))
    except click.MissingParameter as error:
        return None if typed.is_mention else error.format_message()
    except click.BadOptionUsage as error:
        return None if typed.is_mention and error.option_name == typed.words[-1] else error.format_message()
    except click.UsageError as error:
        return error.format_message()
    return None


def mistakes(page: str, text: str) -> list[str]:
    """A line for each command of a page that the program does not take."""
    return [f"{typed}: {said}" for typed in typed_on(page, text) if (said := mistake(typed)) is not None]


@pytest.fixture
def beside_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of the pages, in the current folder."""
    for file in FILES:
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).touch()
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("beside_files")
def test_every_command_on_the_pages_is_one_that_the_program_takes() -> None:
    texts = {page.name: page.read_text() for page in PAGES if page.name != "CHANGELOG.md"}
    assert sum(1 for name, text in texts.items() for _ in typed_on(name, text)) > 100
    assert [line for name, text in texts.items() for line in mistakes(name, text)] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("`canary-audit verfy 12ab`", "page.md:1: canary-audit verfy 12ab: There is no command 'verfy'"),
        ("First\n`canary-audit console sink`", "page.md:2: canary-audit console sink: No such command"),
        ("`canary-audit verify --deep`", "No such option: --deep"),
        ("```sh\ncanary-audit verify --depth chain\n```", "page.md:2: canary-audit verify --depth chain"),
        ("`canary-audit accept 1234abcd --first 1`", "Missing option '--last'"),
        ("```sh\n\neval \"$(canary-audit envy)\"\n```", "page.md:3: canary-audit envy: There is no command"),
        ("```text\n$ canary-audit run --help\n  canary-audit run 12ab --mode no     ask\n```", "'no' is not"),
        ("`canary-audit run 1234_abcd`", "not a Console id"),
    ],
)  # fmt: skip
def test_a_command_that_the_program_does_not_take_is_named_with_its_page_and_line(
    text: str, said: str
) -> None:
    (line,) = mistakes("page.md", text)
    assert said in line


def test_a_sentence_may_name_a_command_without_what_it_is_done_with() -> None:
    text = (
        "`canary-audit verify`, `canary-audit`, `docker run canary-audit no`, `canary-audit verify --since`"
    )
    assert mistakes("page.md", text) == []


@pytest.mark.parametrize(
    "arguments",
    [("no",), ("--no",), ("verify",), ("run", "1234abcd", "--mode", "no"), ("entries",), ("console", "no"),
     ("entries", "1234abcd", "--from", "no", "--folder", "."), ("verify", "BAD ID")],
)  # fmt: skip
def test_the_last_line_of_a_wrong_usage_leads_to_the_page(arguments: tuple[str, ...]) -> None:
    for options in ((), ("--json",)):
        answer = CliRunner(mix_stderr=False).invoke(main, [*options, *arguments])
        assert answer.exit_code == Exit.USAGE
        assert answer.stderr.splitlines()[-1] == f"What to do: {errors.command_url()}"
        assert answer.stderr.count(errors.SITE) == 1
    if arguments != ("--no",):
        assert json.loads(answer.stdout)["error"]["what_to_do"] == errors.command_url()


def test_the_addresses_of_the_page_about_the_command_lead_there() -> None:
    for url in exits.PAGES.values():
        page, _, anchor = url.removeprefix(errors.SITE).partition("/")
        assert page == PAGE.stem
        assert anchor.removeprefix("#") in {"", *anchors(PAGE)}


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
