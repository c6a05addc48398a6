"""How every command ends, whatever happens: an exit status, one line, and never a traceback."""

import io
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from audit_archive.errors import command_url
from cli.exits import Exit
from cli.main import COMMANDS, main
from cli.options import confirm, global_options
from cli.program import Program
from tests.support.stack import ROOT

EXAMPLE = str(ROOT / "docs" / "example-archive")
KEY = "0123456789abcdef0123456789abcdef"
OF_THE_EXAMPLE = ("--folder", EXAMPLE)
NO_ANSWER = (
    "Error: The question has no answer, so nothing further was done. Without a terminal give --yes.\n"
    f"What to do: {command_url()}\n"
)


def process(*arguments: str, **how: Any) -> "subprocess.Popen[Any]":
    """The command in a process of its own, where its streams are the point."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "layers/core")))
    environment = {"PATH": os.defpath, "PYTHONPATH": path} | how.pop("environment", {})
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | how
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli", *arguments], env=environment, cwd=ROOT, **streams
    )


def run(*arguments: str, **how: Any) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, arguments, prog_name="canary-audit", **how)


@click.group(cls=Program, late={})
@global_options(hidden=False)
def failing() -> None:
    """A program with a command that fails as no command should."""


def refuse_header() -> None:
    raise ValueError(f"Invalid header value b'{KEY}'")


@failing.command()
def fail() -> None:
    """Fail with a key in the message, as a library might."""
    try:
        refuse_header()
    except ValueError as error:
        raise KeyError("of our own") from error


@failing.command()
@click.option("--yes", is_flag=True)
@global_options(hidden=True)
def ask(*, yes: bool) -> None:
    """Ask."""
    confirm("Do it?", yes=yes)


def test_a_fault_of_the_command_has_a_status_of_its_own_and_a_log_for_its_owner_without_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    answer = CliRunner(mix_stderr=False).invoke(failing, ["--json", "fail"])
    assert answer.exit_code == Exit.INTERNAL
    (log,) = tmp_path.iterdir()
    assert answer.stderr.startswith("Error: The command itself has a fault (KeyError). ")
    assert str(log) in answer.stderr
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    text = log.read_text()
    assert "ValueError: Invalid header value [...]" in text
    assert text.index("ValueError") < text.index("KeyError: 'of our own'")
    assert "test_ends.py" in text
    told = json.loads(answer.stdout)["error"]
    assert (told["class"], told["exit_status"]) == ("InternalError", Exit.INTERNAL)
    assert KEY not in text + answer.stdout + answer.stderr


def test_a_fault_is_told_even_if_no_log_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    answer = CliRunner(mix_stderr=False).invoke(failing, ["fail"])
    assert answer.exit_code == Exit.INTERNAL
    assert "No log could be written: No such file or directory." in answer.stderr


@pytest.mark.parametrize(
    ("typed", "status", "said"),
    [
        ("y\n", Exit.DONE, ""),
        ("n\n", Exit.ABANDONED, "Error: Abandoned: nothing further is done.\n"),
        ("", Exit.USAGE, NO_ANSWER),
        (None, Exit.USAGE, NO_ANSWER),
    ],
)
def test_a_question_without_an_answer_says_what_a_script_gives(
    typed: str | None,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed) if typed is not None else None)
    with pytest.raises(SystemExit) as end:
        failing(["ask"])
    assert end.value.code == status
    assert capsys.readouterr().err.endswith(said)
    assert CliRunner().invoke(failing, ["ask", "--yes"]).exit_code == Exit.DONE


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["statsu"], "There is no command 'statsu'. Did you mean 'status'?"),
        (["console", "lits"], "There is no command 'lits'. Did you mean 'list'?"),
        (["help", "verfy"], "There is no command 'verfy'. Did you mean 'verify'?"),
        (["help", "run", "x"], "canary-audit run has no commands: leave out 'x'."),
        (["live", "--limt", "3"], "No such option: --limt (Possible options: --limit"),
        (["frobnicate"], "No such command 'frobnicate'."),
    ],
)
def test_a_wrong_name_is_answered_with_the_one_that_may_be_meant(arguments: list[str], said: str) -> None:
    answer = run(*arguments)
    assert answer.exit_code == Exit.USAGE
    assert said in answer.stderr


@pytest.mark.parametrize("arguments", [(), ("run",), ("console", "add")])
def test_help_is_a_command_too(arguments: tuple[str, ...]) -> None:
    assert run("help", *arguments).stdout == run(*arguments, "--help").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        pytest.param(("status", *OF_THE_EXAMPLE), marks=pytest.mark.wide),
        ("entries", "1234abcd", *OF_THE_EXAMPLE),
    ],
)
def test_a_full_disk_is_a_failure_of_this_machine(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("wb") as full:
        running = process(*arguments, stdout=full)
        _, said = running.communicate(timeout=60)
    assert running.returncode == Exit.FAILED
    assert said.splitlines()[-1] == b"Error: This machine refused: [Errno 28] No space left on device"
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("encoding", "shown_as"),
    [
        pytest.param("ascii", "nas-münchen".encode(), marks=pytest.mark.wide),
        ("koi8-r", rb"nas-m\xfcnchen"),
    ],
)
def test_what_an_encoding_lacks_is_shown_and_fails_nothing(encoding: str, shown_as: bytes) -> None:
    """Ascii is what Python takes for a locale that is not set, so click writes UTF-8 then."""
    arguments = ("entries", "1234abcd", "--format", "table", *OF_THE_EXAMPLE)
    running = process(*arguments, environment={"LC_ALL": "C", "PYTHONIOENCODING": encoding})
    shown, said = running.communicate(timeout=60)
    assert running.returncode == Exit.DONE
    assert shown_as in shown
    assert b"Traceback" not in said


def test_ctrl_c_ends_with_its_status_and_one_line(tmp_path: Path) -> None:
    """The command waits for the proof, which it reads from a pipe with a name."""
    pipe = tmp_path / "proof"
    os.mkfifo(pipe)
    key = tmp_path / "key.pem"
    key.write_text(json.loads(run("keys", "1234abcd", "--json", *OF_THE_EXAMPLE).stdout)["chain"][0]["pem"])
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)  # a background job begins with the signal ignored
    running = process("proof", "--check", str(pipe), "--key", str(key))
    signal.signal(signal.SIGINT, before)
    with pipe.open("wb"):  # opened: it reads now
        time.sleep(0.1)
        running.send_signal(signal.SIGINT)
        shown, said = running.communicate(timeout=60)
    assert (running.returncode, shown) == (Exit.ABANDONED, b"")
    assert said == b"Error: Abandoned: nothing further is done.\n"


@pytest.mark.parametrize("names", [(), *((name,) for name in COMMANDS), ("console", "add")])
def test_help_loads_nothing_that_speaks_to_the_outside(
    names: tuple[str, ...], loaded: dict[str, list[str]]
) -> None:
    assert loaded[" ".join(names)] == []


SLOW = ("boto3", "botocore", "cryptography", "moto", "requests", "rich", "urllib3", "xlsxwriter")
"""They take longer to load than the rest of the command."""
PROBE = f"""
import sys
from click.testing import CliRunner
from cli.main import COMMANDS, main
known = set()
for names in [[], *([name] for name in COMMANDS), ["console", "add"]]:
    assert CliRunner().invoke(main, [*names, "--help"]).exit_code == 0
    loaded = {{each.partition(".")[0] for each in sys.modules}} & {{*{SLOW!r}}}
    print(" ".join(names), *sorted(loaded - known), sep="|", flush=True)
    known |= loaded
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """By the words of a command: which of the slow modules its --help loads first. One process does all."""
    path = os.pathsep.join(map(str, (ROOT, ROOT / "layers/core")))
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROBE], env={"PYTHONPATH": path}, capture_output=True, text=True, check=True
    )
    return {line.split("|")[0]: line.split("|")[1:] for line in done.stdout.splitlines()}


def test_ctrl_c_while_the_command_is_loaded_shows_no_traceback() -> None:
    code = """if True:
        import os, signal, sys
        class Interrupts:
            def find_spec(self, name, *rest):
                if name == "click":
                    os.kill(os.getpid(), signal.SIGINT)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.meta_path.insert(0, Interrupts())
        from cli.start import start
        start()
    """
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)  # noqa: S603
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, b"", b"")


def test_ctrl_c_while_a_word_is_completed_shows_no_traceback() -> None:
    class Waiting(Program):
        def _main_shell_completion(self, *_: Any) -> None:
            raise KeyboardInterrupt

    with pytest.raises(SystemExit) as ended:
        Waiting("canary-audit", late={}).main([], "canary-audit")
    assert ended.value.code == Exit.ABANDONED


def test_the_list_of_commands_says_what_each_of_them_says() -> None:
    for name, named in COMMANDS.items():
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert named.says == command.get_short_help_str(1000)
