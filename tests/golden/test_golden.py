"""Every version verifies what every version before it made, and answers from it."""

import gzip
import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from audit_archive import __version__
from cli.main import main as command
from tests.golden import (
    ANSWER,
    ARCHIVE,
    BUNDLE,
    CHANGELOG,
    CHECKPOINT,
    EXPECTED,
    GOLDEN,
    KEY,
    made,
    released,
    sums_of,
)
from tests.golden.make import main, refusal, write
from tests.support.verify_program import PROGRAM

NOT_RELEASED = "## [Unreleased]\n"


@dataclass(frozen=True)
class Kept:
    """One golden archive, and what is expected of it."""

    folder: Path

    @property
    def expected(self) -> dict[str, Any]:
        """What it holds."""
        expected: dict[str, Any] = json.loads((self.folder / EXPECTED).read_text())
        return expected

    def ask(self, name: str, *arguments: object) -> Result:
        """A command over the archive."""
        words = [name, self.expected["console"], "--folder", str(self.folder / ARCHIVE), *map(str, arguments)]
        return CliRunner(mix_stderr=False).invoke(command, words)

    def judge(self, place: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """The auditor's program of today over the archive or the bundle."""
        key = ("--key", self.folder / KEY, "--checkpoint", self.folder / CHECKPOINT)
        words = [sys.executable, "-I", str(PROGRAM), str(self.folder / place), *map(str, (*arguments, *key))]
        return subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own


@pytest.fixture(scope="module")
def todays(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the maker would write today."""
    folder: Path = tmp_path_factory.mktemp("golden") / __version__
    write(folder)
    return folder


@pytest.fixture(params=[*made(), "today"])
def kept(request: pytest.FixtureRequest, todays: Path) -> Kept:
    """Each golden archive in turn, and what the maker would write today."""
    return Kept(todays if request.param == "today" else GOLDEN / request.param)


def test_it_is_verified_whole(kept: Kept) -> None:
    key = ("--key", kept.folder / KEY, "--known", kept.folder / CHECKPOINT)
    answer = kept.ask("verify", "--depth", "content", "--json", *key)
    found = json.loads(answer.stdout)
    assert (answer.exit_code, found["faults"], found["keys_from"]) == (0, [], "caller")
    assert found["newest_sha256"] == kept.expected["newest_sha256"]
    assert found["checked"]["statements"] == kept.expected["statements"]
    assert found["checked"]["entries"] == kept.expected["entries"]
    unchecked = {each["what"] for each in found["not_checked"]}
    assert unchecked == {"checksums", "locks", "versions"}  # a folder has none of these


def test_the_auditors_program_accepts_the_archive(kept: Kept) -> None:
    ran = kept.judge(ARCHIVE, "--archive")
    judged = "VALID: a copy of an archive of {statements} statements, {entries} lines".format(**kept.expected)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[-1] == f"{judged}, signed by a key that you trust"


def test_the_auditors_program_accepts_the_bundle(kept: Kept) -> None:
    ran = kept.judge(BUNDLE, "--bundle")
    lines = len((kept.folder / ANSWER).read_bytes().splitlines())
    assert (ran.returncode, ran.stderr) == (0, "")
    judged = f"VALID: a bundle, {lines} lines proven, signed by a key that you trust"
    covered = "; every file is in a list signed by the bundle key"
    assert ran.stdout.splitlines()[-1] == f"{judged}{covered}"


def test_a_question_has_the_answer_of_then(kept: Kept) -> None:
    answer = kept.ask("entries", "--user", kept.expected["user"])
    assert (answer.exit_code, answer.stdout_bytes) == (0, (kept.folder / ANSWER).read_bytes())


def test_an_answer_tells_the_missing_ids_and_the_amended_entries(kept: Kept) -> None:
    told = json.loads(kept.ask("entries", "--json").stdout)["coverage"]
    missing = [[h["epoch"], i] for h in told["holes"] for i in range(h["first"], h["last"] + 1)]
    assert missing == kept.expected["missing"]
    amended = [[span["first"], span["last"]] for each in told["amended"] for span in each["ids"]]
    assert amended == kept.expected["amended"]


def test_it_holds_every_kind_of_fact(kept: Kept) -> None:
    """A golden archive that holds less proves less."""
    texts = [path.read_text() for path in sorted(kept.folder.glob(f"{ARCHIVE}/statements/*/*.json"))]
    said = [json.loads(text) for text in texts]
    kinds = {(each["kind"], each.get("action") or each.get("outcome")) for each in said}
    assert {("operator", "key"), ("operator", "accept"), ("operator", "epoch")} <= kinds
    assert {("archive", None), ("purge", "confirmed")} <= kinds
    assert [each["action"] for each in said if "action" in each].count("key") == 2
    causes = {hole["cause"] for each in said for hole in each.get("missing", ())}
    assert {"before_archive", "unexplained", "foreign_purge"} <= causes
    assert any(each.get("filled") for each in said)
    assert any(each.get("amended") for each in said)
    packed = kept.folder.glob(f"{ARCHIVE}/entries/*/*/*.gz")
    lines = b"".join(gzip.decompress(path.read_bytes()) for path in packed)
    assert b'{"_source":' in lines
    assert b'{"_source_base64":' in lines


def test_no_golden_archive_was_rewritten() -> None:
    assert made()
    for version in made():
        assert sums_of(GOLDEN / version) == (GOLDEN / f"{version}.sha256").read_text(), version
    assert {path.stem for path in GOLDEN.glob("*.sha256")} == set(made())


def test_every_released_version_and_this_one_has_its_golden_archive() -> None:
    assert {*released(CHANGELOG.read_text()), __version__} <= set(made())


def test_a_change_to_a_golden_archive_shows(todays: Path) -> None:
    listed = todays.with_name(f"{todays.name}.sha256").read_text()
    assert sums_of(todays) == listed
    file = todays / "one-more"
    file.write_text("")
    assert sums_of(todays) != listed
    file.unlink()


def test_the_maker_overwrites_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refusal(__version__, NOT_RELEASED, tmp_path) is None
    assert "is released" in str(refusal(__version__, f"## [{__version__}] - 2026-12-01\n", tmp_path))
    assert "only that version" in str(refusal("9.9.9", NOT_RELEASED, tmp_path))
    (tmp_path / __version__).mkdir()
    assert "never overwritten" in str(refusal(__version__, NOT_RELEASED, tmp_path))
    with pytest.raises(FileExistsError):
        write(tmp_path / __version__)
    assert (main([]), main([__version__])) == (2, 2)
    assert re.search("usage: .*\n.*never overwritten", capsys.readouterr().err)
