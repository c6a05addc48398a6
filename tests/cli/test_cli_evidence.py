"""`proof` and `evidence` over a copy of an archive: no AWS, and what they make is checked by others."""

import json
import re
import shutil
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

import pytest

from audit_archive.adapters.signing import is_signed
from audit_archive.format.checkpoint import check_entry, parse_entry_proof
from audit_archive.format.keys import PublicKey
from cli.outputs import unused
from tests.cli.test_cli_folder import CONSOLE, EXAMPLE, run

KEY = "signing-key-733763c6.pem"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The public key, exported as an auditor gets it."""
    assert run("keys", CONSOLE, "--output", str(tmp_path)).exit_code == 0
    return tmp_path / KEY


def test_a_bundle_is_made_and_checked_with_nothing_but_python(key: Path, tmp_path: Path) -> None:
    path, place = tmp_path / "evidence.zip", tmp_path / "evidence"
    asked = ("--who", "ada", "--reason", "4711", "--user", "alice@example.com", "--tz", "Asia/Kolkata")
    answer = run("evidence", CONSOLE, *asked, "--output", str(path))
    assert (answer.exit_code, answer.stdout) == (0, "")
    assert answer.stderr.startswith("4 entries match: ")
    assert (
        f"{path}: {path.stat().st_size:,} bytes, SHA-256 {sha256(path.read_bytes()).hexdigest()}"
        in answer.stderr
    )
    ZipFile(path).extractall(place)
    check = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-E", str(place / "verify.py"), str(place), "--key", str(key)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = "VALID: a bundle, 4 lines proven, signed by a key that you trust; not covered: entries.xlsx, "
    told += "manifest.json, report.html, verify.py, the time zone of entries.csv (SHA256SUMS is not signed)"
    assert (check.returncode, check.stdout.splitlines()[-1]) == (0, told)
    asked_by = json.loads((place / "manifest.json").read_text())["asked"]
    assert (asked_by["who"], asked_by["reason"]) == ("ada", "4711")


def test_a_sample_is_drawn_marked_and_told(tmp_path: Path) -> None:
    path = tmp_path / "evidence.zip"
    asked = ("--sample", "4", "--seed", "4711", "--organisation", "Example AG")
    answer = run("evidence", CONSOLE, *asked, "--output", str(path))
    assert answer.exit_code == 0
    assert "Sample: 4 of 9 entries, drawn with the seed 4711 (given)." in answer.stderr
    with ZipFile(path) as made:
        told = json.loads(made.read("manifest.json"))
        assert b"Organisation, as stated: <b>Example AG</b>" in made.read("report.html")
        assert made.read("entries.csv").split(b"\r\n")[0].endswith(b',"sample"')
    assert (told["sample"]["seed_from"], len(told["sample"]["drawn"])) == ("asked", 4)
    assert told["question"]["organisation"] == "Example AG"


def test_a_seed_that_nobody_gave_is_told_and_draws_the_same_again(tmp_path: Path) -> None:
    first, again = tmp_path / "first.zip", tmp_path / "again.zip"
    told = run("evidence", CONSOLE, "--sample", "4", "--output", str(first)).stderr
    drawn = re.search(r"Sample: 4 of 9 entries, drawn with the seed (\d+) \(drawn by the program\)\.", told)
    assert drawn is not None
    assert (
        run("evidence", CONSOLE, "--sample", "4", "--seed", drawn[1], "--output", str(again)).exit_code == 0
    )
    with ZipFile(first) as one, ZipFile(again) as other:
        assert one.read("entries.csv") == other.read("entries.csv")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--sample", "0"), "0 is not a whole number from 1 to 10000"),
        (("--sample", "some"), "'some' is not a valid integer"),
        (("--sample", "5", "--seed", "-1"), "-1 is not a whole number from 0 to 999999999999999"),
        (("--seed", "5"), "it draws a sample: give `sample` too"),
        (("--organisation", "a\u202eb"), "must be printable text of 1 to 500 characters"),
    ],
)
def test_a_wrong_sample_is_refused_by_its_option(
    arguments: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    answer = run("evidence", CONSOLE, *arguments, "--output", str(tmp_path / "evidence.zip"))
    assert answer.exit_code == 2
    assert told in answer.stderr
    assert arguments[-2] in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_was_made_is_told_to_programs_too(tmp_path: Path) -> None:
    path = tmp_path / "evidence.zip"
    told = json.loads(run("evidence", CONSOLE, "--output", str(path), "--json").stdout)
    assert (told["outcome"], told["proven"], told["unproven_because"]) == ("found", 9, [])
    assert told["verification"]["is_valid"] is True
    assert told["report"] == {
        "file": str(path),
        "format": "evidence",
        "size": path.stat().st_size,
        "sha256": sha256(path.read_bytes()).hexdigest(),
    }


def test_a_bundle_never_takes_the_place_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "evidence.zip"
    path.write_bytes(b"mine")
    answer = run("evidence", CONSOLE, "--output", str(path))
    assert (answer.exit_code, path.read_bytes()) == (2, b"mine")


@pytest.mark.parametrize("name", ["mine.zip", "nowhere/evidence.zip", "dangling.zip"])
def test_what_can_not_be_written_is_said_before_anything_is_done(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.evidence.build_evidence", lambda *_: pytest.fail("it was begun"))
    (tmp_path / "mine.zip").touch()
    (tmp_path / "dangling.zip").symlink_to("nothing")
    answer = run("evidence", CONSOLE, "--output", str(tmp_path / name))
    assert answer.exit_code == 2
    assert str((tmp_path / name).parent) in answer.stderr


def test_a_stick_without_links_takes_a_bundle_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    path = tmp_path / "evidence.zip"
    assert run("evidence", CONSOLE, "--output", str(path)).exit_code == 0
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
    assert path.stat().st_mode & 0o077 == 0
    assert ZipFile(path).testzip() is None


def test_no_line_is_put_beside_a_proof_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "1-8.tlog-proof").write_text("mine")
    assert run("proof", CONSOLE, "--id", "8", "--output", str(tmp_path)).exit_code == 2
    assert [each.name for each in tmp_path.iterdir()] == ["1-8.tlog-proof"]


def test_by_itself_it_is_called_by_console_and_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("evidence", CONSOLE).exit_code == 0
    (made,) = tmp_path.iterdir()
    assert made.match(f"evidence-{CONSOLE}-20??????T??????Z.zip")
    assert made.stat().st_mode & 0o077 == 0


def test_names_that_are_there_already_are_passed_over(tmp_path: Path) -> None:
    for name in ("of.one.zip", "of.one-2.zip"):
        assert unused(tmp_path / "of.one.zip") == tmp_path / name
        (tmp_path / name).symlink_to("nothing")
    assert unused(tmp_path / "of.one.zip") == tmp_path / "of.one-3.zip"


def test_bundles_that_are_made_in_a_row_are_all_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for _ in range(3):
        assert run("evidence", CONSOLE).exit_code == 0
    assert len(list(tmp_path.iterdir())) == 3


def test_where_nothing_is_archived_no_file_is_made(tmp_path: Path) -> None:
    answer = run("evidence", "5678efab", "--output", str(tmp_path / "evidence.zip"))
    assert answer.exit_code == 5
    assert "Nothing of Console 5678efab is archived" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_faults_are_in_the_bundle_and_in_the_exit_status(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(EXAMPLE, tmp_path / "archive"))
    next(copy.glob("checkpoints/*/*06.txt")).write_bytes(b"nothing")
    path = tmp_path / "evidence.zip"
    answer = run("evidence", CONSOLE, "--output", str(path), folder=copy)
    assert answer.exit_code == 1
    assert "Error: 1 fault: " in answer.stderr
    assert "Entries without a proof of their own: 2. " in answer.stderr
    with ZipFile(path) as made:
        assert json.loads(made.read("manifest.json"))["verification"]["is_valid"] is False


def test_a_proof_goes_to_stdout_as_it_is_and_nothing_else_does() -> None:
    answer = run("proof", CONSOLE, "--id", "8")
    assert answer.exit_code == 0
    assert parse_entry_proof(answer.stdout_bytes).index == 5
    assert answer.stderr.startswith("Entry 8 is archived: it is leaf 5 of the tree")


def test_a_line_and_its_proof_are_checked_from_their_files(key: Path, tmp_path: Path) -> None:
    answer = run("proof", CONSOLE, "--id", "8", "--output", str(tmp_path))
    assert (answer.exit_code, answer.stdout) == (0, "")
    line, proof = ((tmp_path / f"1-8{suffix}").read_bytes() for suffix in (".line", ".tlog-proof"))
    public = PublicKey.from_pem(key.read_text())
    assert check_entry(line, parse_entry_proof(proof), CONSOLE, [public], is_signed).size == 7
    assert run("proof", CONSOLE, "--id", "8", "--output", str(tmp_path)).exit_code == 2


def test_proofs_are_told_to_programs_too() -> None:
    told = json.loads(run("proof", CONSOLE, "--id", "8", "--json").stdout)
    (proof,) = told["proofs"]
    assert (proof["id"], proof["index"], proof["statement"][-7:]) == (8, 5, "02.json")
    assert json.loads(proof["line"])["id"] == 8
    assert told["coverage"]["matched"] == 1


def test_an_entry_that_is_not_archived_has_no_proof_and_a_status_that_is_no_fault() -> None:
    answer = run("proof", CONSOLE, "--id", "10")
    assert (answer.exit_code, answer.stdout) == (5, "")
    assert "Missing: id 10 of epoch 1 (foreign_purge): destroyed by a foreign purge" in answer.stderr


def test_an_entry_that_can_not_be_proven_has_a_status_of_its_own(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(EXAMPLE, tmp_path / "archive"))
    shutil.rmtree(copy / "checkpoints")
    answer = run("proof", CONSOLE, "--id", "8", folder=copy)
    assert answer.exit_code == 1
    assert "can't be proven: no signed checkpoint covers them" in answer.stderr


@pytest.mark.parametrize("arguments", [("proof",), ("proof", "--id", "0"), ("evidence", "--from", "March")])
def test_a_wrong_question_is_refused_by_its_option(arguments: tuple[str, ...], tmp_path: Path) -> None:
    name, *rest = arguments
    answer = run(name, CONSOLE, *rest)
    assert answer.exit_code == 2
    assert answer.stderr.count("--id" if name == "proof" else "--from") >= 1
