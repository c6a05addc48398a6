"""The auditor's copy as a program: what it needs, what it says, and how it ends."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_LZMA, ZipFile

import pytest

from audit_archive.errors import ConsoleAuthError
from audit_archive.evidence.handout import verify
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.statement import OperatorStatement, Statement
from audit_archive.format.verdicts import Depth
from tests.support.attacker import Victim, twin_world
from tests.support.examples import breadth
from tests.support.fakes.signer import FakeSigner
from tests.support.tampering import bundle_of, unpacked
from tests.support.verify_program import PROGRAM, ask, copied, entries_of, written
from tests.support.world import CONSOLE, DAY, World

PAGE = Path(__file__).resolve().parents[2] / "docs" / "verify.md"
EXAMPLE = PAGE.with_name("example-archive")
OLDEST = (3, 9)
MOST_LINES = 1930
EXAMPLE_IS_VALID = "VALID: a copy of an archive of 6 statements, 9 lines"
OWN_WORD = ", signed by a key that the archive names: give yours with --key"
PYTHONS = [sys.executable, *filter(None, (shutil.which(f"python3.{minor}") for minor in range(9, 20)))]


def run(*arguments: object, python: str = sys.executable) -> subprocess.CompletedProcess[str]:
    """The program in a Python of its own, which has the standard library and nothing else."""
    command = [python, "-I", "-S", str(PROGRAM), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own


def imported() -> set[str]:
    """The top names of all modules that it imports."""
    found = set()
    for node in ast.walk(ast.parse(PROGRAM.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def test_it_is_one_file_of_the_standard_library_and_cryptography_for_signatures() -> None:
    assert imported() - sys.stdlib_module_names == {"cryptography"}


def test_it_stays_short_enough_to_be_read() -> None:
    assert len(PROGRAM.read_text().splitlines()) < MOST_LINES


def test_it_opens_no_connection_and_runs_nothing() -> None:
    assert not imported() & {
        "socket",
        "urllib",
        "http",
        "subprocess",
        "ftplib",
        "smtplib",
        "ctypes",
        "asyncio",
    }


def test_it_can_be_read_by_the_oldest_python_that_it_names() -> None:
    text = PROGRAM.read_text()
    ast.parse(text, feature_version=OLDEST)
    assert f"Python {OLDEST[0]}.{OLDEST[1]}" in (ast.get_docstring(ast.parse(text)) or "")


def test_no_type_is_evaluated_that_an_old_python_does_not_know() -> None:
    """`dict[str, int] | None` ends Python 3.9 where a function is defined, unless annotations wait."""
    assert "\nfrom __future__ import annotations " in PROGRAM.read_text()


@pytest.mark.parametrize("python", breadth(PYTHONS, *PYTHONS[:2]), ids=lambda path: Path(path).name)
def test_it_needs_nothing_but_the_standard_library(python: str) -> None:
    if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:  # noqa: S603 - found
        pytest.skip("no Python behind that name")
    ran = run(EXAMPLE, "--without-signatures", python=python)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith(f"\n{EXAMPLE_IS_VALID}, without signatures, as you asked\n")


def test_without_cryptography_a_signed_archive_is_not_checked() -> None:
    ran = run(EXAMPLE)
    assert (ran.returncode, ran.stderr) == (2, "")
    last = ran.stdout.splitlines()[-1]
    assert last == "NOT CHECKED: signatures: install the package `cryptography`, or pass --without-signatures"


def test_without_cryptography_faults_are_found(tmp_path: Path) -> None:
    victim = Victim()
    victim.flip(victim.archives[1].export.key)
    victim.lose(checkpoint_key(CONSOLE, 5))
    ran = run(copied(victim.store, tmp_path))
    assert ran.returncode == 1
    for check, verdict, key in (
        (5, "altered", victim.archives[1].export.key),
        (4, "unsigned", checkpoint_key(CONSOLE, 5)),
    ):
        assert f"\n       FAULT in check {check}, {verdict}: {key}: Th" in ran.stdout
    assert ran.stdout.endswith("\nFAULT: 2 faults in checks 4, 5\n")


def test_faults_are_told_without_docstrings_too(tmp_path: Path) -> None:
    """The titles of the checks stand in the docstring, which `python -OO` drops."""
    victim = Victim()
    victim.flip(victim.archives[1].export.key)
    place = copied(victim.store, tmp_path)
    command = [sys.executable, "-I", "-S", "-OO", str(PROGRAM), str(place)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    assert (ran.returncode, ran.stderr) == (1, "")
    assert f"\n       FAULT in check 5, altered: {victim.archives[1].export.key}: Th" in ran.stdout


def test_without_cryptography_an_unsigned_archive_is_valid(tmp_path: Path) -> None:
    ran = run(copied(twin_world(is_signed=False).store, tmp_path))
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (
        0,
        "VALID: a copy of an archive of 7 statements, 16 lines, not signed",
    )


def test_what_it_says_of_the_example() -> None:
    ran = subprocess.run([sys.executable, PROGRAM, EXAMPLE], capture_output=True, text=True, check=False)  # noqa: S603
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"```\n{ran.stdout}```\n" in PAGE.read_text()
    assert ran.stdout.splitlines()[-1] == f"{EXAMPLE_IS_VALID}{OWN_WORD}"


def test_the_checks_have_numbers_and_titles_which_the_page_lists_too() -> None:
    assert list(verify.CHECKS) == list(range(1, 16))
    for number, title in verify.CHECKS.items():
        assert f"\n| {number} | {title} | " in PAGE.read_text()


@pytest.mark.parametrize("place", ["archive", "bundle"])
def test_every_check_runs_on_what_it_is_for(place: str, tmp_path: Path) -> None:
    """Given a key and a checkpoint: each that is not for the place says why it did not run."""
    victim, kept = Victim(), tmp_path / "kept.txt"
    kept.write_bytes(victim.store.data(checkpoint_key(CONSOLE, 4)))
    folder = tmp_path / place
    copied(victim.store, folder) if place == "archive" else unpacked(bundle_of(victim), folder)
    answer = ask(folder, "--checkpoint", kept, *written(tmp_path, victim.keys))
    results = {check["number"]: check["result"] for check in answer.said["consoles"][0]["checks"]}
    not_run = {8, 9, 13, 14, 15} if place == "archive" else {5, 6, 7, 14}
    assert results == {number: "not run" if number in not_run else "passed" for number in verify.CHECKS}
    assert answer.not_checked.keys() == not_run | answer.checked.keys()
    assert {number for number, found in answer.not_checked.items() if found} == not_run


def test_what_it_says_of_the_example_to_programs() -> None:
    answer = ask(EXAMPLE)
    assert answer.status == 0
    told = answer.said
    assert told["verdict"] == f"{EXAMPLE_IS_VALID}{OWN_WORD}"
    (one,) = told["consoles"]
    assert (one["console"], one["statements"]) == (CONSOLE, 6)
    assert one["newest_statement"].startswith("f699f574")
    assert one["signed_by_the_key"].endswith(", which the archive names")
    by_number = {check["number"]: check for check in one["checks"]}
    assert {number: check["title"] for number, check in by_number.items()} == verify.CHECKS
    assert by_number[4]["checked"] == {"checkpoint": 6, "signature": 6}
    assert by_number[7] == {
        "number": 7,
        "title": "Lines say the same as the export",
        "result": "passed",
        "checked": {"export": 2, "line": 9},
        "not_checked": {},
        "faults": [],
    }
    assert one["stated_as_missing"]["foreign_purge"] == 2
    assert any(
        'By: "mallory@example.com". ' in note and note.endswith("up to id 11.") for note in one["notes"]
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere"],
        [EXAMPLE / "statements"],
        [PROGRAM],
        [EXAMPLE, "--key", PROGRAM],
        [EXAMPLE, "--key", "nowhere.pem"],
        [EXAMPLE, "--checkpoint", PROGRAM],
    ],
)
def test_what_can_not_be_checked_is_neither_valid_nor_a_fault(arguments: list[object]) -> None:
    assert verify.main(list(map(str, arguments))) == 2


def test_a_call_that_it_does_not_know_is_not_a_fault_of_an_archive() -> None:
    assert run().returncode == run(EXAMPLE, "--unheard-of").returncode == 2


def test_an_empty_folder_is_not_valid(tmp_path: Path) -> None:
    assert ask(tmp_path).status == 2


def test_a_console_that_is_not_there_is_missing() -> None:
    assert ask(EXAMPLE, "--console", "feedbeef").blamed == {("missing", statement_key("feedbeef", 1))}


def test_every_console_of_a_folder_is_checked(tmp_path: Path) -> None:
    victim = Victim()
    copied(victim.store, tmp_path)
    shutil.copytree(EXAMPLE, tmp_path, dirs_exist_ok=True)
    for folder in tmp_path.glob("*/console=1234abcd"):
        shutil.move(folder, folder.with_name("console=feedbeef"))
    answer = ask(tmp_path)
    assert [one["console"] for one in answer.said["consoles"]] == ["feedbeef"]
    assert answer.status == 1


def test_an_archive_that_another_key_signed(tmp_path: Path) -> None:
    options = written(tmp_path, (FakeSigner().public_key(),))
    assert ask(EXAMPLE, *options).blamed == {("unsigned", checkpoint_key(CONSOLE, 6))}


def test_an_unsigned_archive_of_which_somebody_expects_a_signature(tmp_path: Path) -> None:
    place = copied(twin_world(is_signed=False).store, tmp_path / "archive")
    key = written(tmp_path, (FakeSigner().public_key(),))
    assert ask(place).status == 0
    assert ask(place).not_checked[4] == {"statement (signing had not begun)": 7}
    assert ask(place, *key).blamed == {("unsigned", statement_key(CONSOLE, 7))}


def test_a_key_that_was_replaced(tmp_path: Path) -> None:
    world, old = World(), FakeSigner()
    world.retention_days, world.signer = 2555, old
    world.aged()
    world.run()
    new = FakeSigner()
    world.signer = new
    world.aged()
    world.run()
    place = copied(world.store, tmp_path / "archive")
    assert ask(place, *written(tmp_path, (new.public_key(),))).status == 0
    assert ask(place, *written(tmp_path, (old.public_key(),))).status == 1


def test_what_expired_is_no_fault_and_is_told(tmp_path: Path) -> None:
    """The newest export is there, the first one's time is over."""
    world = World()
    world.clock.moment -= 3 * 365 * 86_400
    world.mode, world.retention_days = "off", 100
    world.aged(2)
    world.run()
    place = copied(world.store, tmp_path)
    assert ask(place).status == 0
    shutil.rmtree(place / "exports")
    shutil.rmtree(place / "entries")
    answer = ask(place)
    assert answer.status == 0
    why = "(its lock has ended, so it may have been deleted)"
    assert answer.not_checked[5] == {f"export {why}": 1, f"entry file {why}": 1}


def test_a_name_does_nothing_to_the_terminal_and_needs_no_encoding(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = copied(twin_world().store, tmp_path)
    (place / "\x1b[8m\nVALID\n\x1bP \u202e \udcff").write_bytes(b"")
    (place / checkpoint_key(CONSOLE, 4)).unlink()
    assert verify.main([str(place)]) == 1
    out = capsys.readouterr().out
    assert out.endswith("\nFAULT: 1 fault in check 4\n")
    assert "nothing rests on it: \\x1b[8m\\nVALID\\n\\x1bP \\u202e \\udcff\n" in out
    assert out.isascii()


def test_a_checkpoint_is_read_on_a_machine_that_does_not_speak_utf8(tmp_path: Path) -> None:
    kept = next((EXAMPLE / "checkpoints" / f"console={CONSOLE}").iterdir())
    command = [sys.executable, str(PROGRAM), str(EXAMPLE), "--checkpoint", str(kept)]
    plain = os.environ | {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, env=plain)  # noqa: S603 - our own
    assert ran.stdout.endswith(f"\n{EXAMPLE_IS_VALID}{OWN_WORD}\n")


def test_a_checkpoint_of_a_console_that_is_not_looked_at_is_told(tmp_path: Path) -> None:
    kept = checkpoint_key(CONSOLE, 4)
    place = copied(twin_world().store, tmp_path)
    (tmp_path / "statements" / "console=feedbeef").mkdir()
    answer = ask(place, "--console", "feedbeef", "--checkpoint", place / kept)
    assert (answer.status, answer.said["consoles"]) == (2, [])


def test_nothing_beside_it_runs_in_place_of_the_checks(tmp_path: Path) -> None:
    """So the pages say `python3 -I`: without it Python would look beside the program for `json` first."""
    place = shutil.copytree(EXAMPLE, tmp_path / "bundle")
    program = shutil.copy(PROGRAM, place)
    for name in ("json.py", "__future__.py"):
        (place / name).write_text("print('VALID')\nraise SystemExit(0)\n")
    kept = next((EXAMPLE / "checkpoints" / f"console={CONSOLE}").iterdir())
    (place / kept.relative_to(EXAMPLE)).unlink()
    ran = subprocess.run([sys.executable, "-I", program, place], capture_output=True, text=True, check=False)  # noqa: S603
    assert ran.returncode == 1
    for page in (PROGRAM, *(EXAMPLE.parent / name for name in ("verify.md", "evidence.md"))):
        assert "python3 -I " in page.read_text()
        assert not re.search(r"python3 (?!-I )\S*verify[.]py", page.read_text())


def test_a_number_that_no_statement_has_is_no_end_of_the_program(tmp_path: Path) -> None:
    """Python does not print numbers of more than 4300 digits."""
    world = World()
    world.mode, world.retention_days = "off", 2555
    world.aged(2)
    world.run()
    place = copied(world.store, tmp_path)
    path = place / statement_key(CONSOLE, world.head.seq)
    most = int("9" * 4300)
    hole = {"first": -most, "last": most, "cause": "purged"}
    path.write_text(json.dumps({**json.loads(path.read_text()), "missing": [hole]}))
    assert ask(place).status == 1


def test_an_export_in_a_compression_that_no_export_has_is_a_fault(tmp_path: Path) -> None:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_LZMA) as archive:
        archive.writestr("a.json", '[{"id": 1}]')
    data = file.getvalue().replace(b'[{"id', b"\xff\xff\xff\xff")
    with pytest.raises(ValueError, match="stored or deflated"):
        entries_of(data)


def test_what_is_unsigned_after_what_is_signed_is_a_fault_though_no_statement_names_the_key(
    tmp_path: Path,
) -> None:
    victim = Victim()
    keys = written(tmp_path, victim.keys)

    def nameless(said: Statement) -> Statement:
        assert isinstance(said, OperatorStatement)
        return replace(said, public_key=None)

    assert isinstance(victim.world.signer, FakeSigner)
    victim.rewrite(1, nameless, signer=victim.world.signer)
    victim.lose(checkpoint_key(CONSOLE, victim.head.seq))
    place = copied(victim.store, tmp_path / "archive")
    assert ask(place, *keys).blamed == {("unsigned", checkpoint_key(CONSOLE, victim.head.seq))}


def test_statements_may_rest_on_one_export(tmp_path: Path) -> None:
    """A run whose purge fails each night downloads the same lines again: one export is enough."""
    world = World()
    world.retention_days = 2555
    world.aged(3)
    world.purger.can_purge = False
    for _ in range(3):
        with suppress(ConsoleAuthError):
            world.run()
        world.later(DAY)
    (export,) = {said.export for said in world.archives()}
    assert [said.slice.count for said in world.archives()] == [3, 0, 0]
    assert export.version_id == world.store.history(export.key)[0].version_id
    found = Victim(world).audit(Depth.CONTENT)
    answer = ask(copied(world.store, tmp_path))
    assert (found.faults, found.is_valid) == ((), True)
    assert (answer.status, answer.blamed) == (0, set())
