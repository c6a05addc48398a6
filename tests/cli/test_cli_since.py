"""`verify --since`: whether an archive only grew since a kept checkpoint; of a copy, and of a bundle."""

import json
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result

from audit_archive.format.checkpoint import parse_checkpoint, parse_note
from cli.main import main
from tests.cli.test_cli_folder import CONSOLE, EXAMPLE, run
from tests.support.fakes import FakeSigner

CHECKPOINTS = sorted(EXAMPLE.glob("checkpoints/*/*.txt"))
MIDDLE, NEWEST = CHECKPOINTS[1], CHECKPOINTS[-1]
KEY = "signing-key-733763c6.pem"


@pytest.fixture
def key(tmp_path: Path) -> str:
    assert run("keys", CONSOLE, "--output", str(tmp_path)).exit_code == 0
    return str(tmp_path / KEY)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the example that a test may damage."""
    for file in EXAMPLE.rglob("*.*"):
        if file.is_file():
            place = tmp_path / "copy" / file.relative_to(EXAMPLE)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(file.read_bytes())
    return tmp_path / "copy"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    path = tmp_path / "evidence.zip"
    assert run("evidence", CONSOLE, "--user", "alice@example.com", "--output", str(path)).exit_code == 0
    return path


def since(place: object, *arguments: str, folder: Path = EXAMPLE) -> Result:
    return run("verify", CONSOLE, "--since", str(place), *arguments, folder=folder)


def of_bundle(bundle: Path, *arguments: str) -> Result:
    asked = ["verify", CONSOLE, "--bundle", str(bundle), *arguments]
    return CliRunner(mix_stderr=False).invoke(main, asked, prog_name="canary-audit")


@pytest.mark.parametrize("place", CHECKPOINTS, ids=lambda path: path.stem)
def test_the_example_only_grew_since_each_of_its_checkpoints(place: Path, key: str) -> None:
    answer = since(place, "--key", key, "--json")
    growth = json.loads(answer.stdout)["growth"]
    assert (answer.exit_code, growth["is_proven"], growth["seq"]) == (0, True, int(place.stem))
    assert (growth["newest_seq"], growth["newest_size"], growth["signed_by"]) == (6, 9, ["733763c6"])
    told = since(place, "--depth", "chain")
    assert told.exit_code == 0
    assert "Only grew            proven, since statement" in told.stdout
    assert told.stderr.startswith("The archive only grew since the checkpoint over ")


def test_a_checkpoint_that_is_newer_than_the_archive_is_a_fault(copy: Path) -> None:
    for file in [*copy.rglob("*0000000006*")]:
        file.unlink()
    answer = since(NEWEST, folder=copy)
    assert (answer.exit_code, "0000000006.json is missing" in answer.stderr) == (1, True)
    assert "It is not proven that the archive only grew" in answer.stderr
    assert since(MIDDLE, folder=copy).exit_code == 0


def test_lines_that_are_gone_are_no_proof_at_any_depth(copy: Path) -> None:
    next(copy.glob("entries/*/*/0000000006*")).unlink()
    for depth in ("chain", "objects"):
        answer = since(MIDDLE, "--depth", depth, folder=copy)
        assert (answer.exit_code, "Only grew            not proven" in answer.stdout) == (1, True)
    assert since(NEWEST, "--depth", "chain", folder=copy).exit_code == 0


def test_from_the_first_checkpoint_over_no_entries_all_lines_are_read(copy: Path) -> None:
    first = CHECKPOINTS[0]
    told = since(first, "--depth", "chain", folder=copy)
    assert (told.exit_code, "All entries archived since were read: 9." in told.stderr) == (0, True)
    for file in [*copy.glob("entries/*/*/*"), *copy.rglob("*.zip")]:
        file.unlink()
    answer = since(first, "--depth", "chain", folder=copy)
    assert (answer.exit_code, "Only grew            not proven" in answer.stdout) == (1, True)
    newest = since(NEWEST, "--depth", "chain", folder=copy)
    assert (newest.exit_code, "No entry was archived since, so none was read." in newest.stderr) == (0, True)


def test_lines_whose_time_is_over_are_no_fault_and_end_it_as_not_proven(
    copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(copy.glob("entries/*/*/0000000006*")).unlink()
    late = 1_795_417_400 + 4000 * 86400
    monkeypatch.setattr("time.time", lambda: late)
    answer = since(MIDDLE, "--depth", "chain", folder=copy)
    assert answer.exit_code == 1
    assert answer.stderr.splitlines()[-1] == (
        "Error: It is not proven that the archive only grew since the checkpoint over 7 entries (expired)."
    )


def test_a_checkpoint_by_another_key_is_a_fault(tmp_path: Path) -> None:
    signer, kept = FakeSigner(), parse_checkpoint(parse_note(MIDDLE.read_bytes()).text)
    (tmp_path / "kept").write_bytes(kept.signed(signer.public_key(), signer.sign(kept.text())))
    answer = since(tmp_path / "kept")
    assert (answer.exit_code, "the checkpoint that was given proves nothing" in answer.stderr) == (1, True)


def test_a_second_signature_is_let_pass_unless_a_known_key_disowns_it(tmp_path: Path) -> None:
    text, _, line = MIDDLE.read_text().rpartition("\n\n")
    for more, status in (
        (line.replace(f"/{CONSOLE}", "/witness"), 0),
        (NEWEST.read_text().split("\n\n")[1], 1),
    ):
        (tmp_path / "kept").write_text(f"{text}\n\n{line}{more}")
        assert since(tmp_path / "kept").exit_code == status


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "--since: is not the text of a signed checkpoint"),
        (b"\xff", "is not the text"),
        (MIDDLE.read_bytes().replace(b"\n", b"\r\n"), "CR LF"),
        (MIDDLE.read_bytes().replace(CONSOLE.encode(), b"feedbeef"), "of Console feedbeef, not of 1234abcd"),
        (
            MIDDLE.read_bytes().replace(b"\n7\n", b"\n" + b"9" * 5000 + b"\n"),
            "not a checkpoint of this format",
        ),
        (b"x" * (1 << 20), "has more than"),
        (b'{"a":1,"a":2}', "is not the text of a signed checkpoint"),
    ],
)
def test_what_is_no_checkpoint_of_this_console_is_refused(data: bytes, told: str, tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(data)
    answer = since(tmp_path / "kept")
    assert (answer.exit_code, told in answer.stderr) == (2, True), answer.stderr


@pytest.mark.parametrize("option", ["--key", "--known", "--since"])
def test_a_file_that_is_not_the_text_of_anything_is_refused_in_a_line(option: str, tmp_path: Path) -> None:
    (tmp_path / "der").write_bytes(FakeSigner().public_key().spki)
    with (tmp_path / "huge").open("wb") as huge:
        huge.truncate(200 << 20)  # a file with a hole: no byte of it is on the disk
    for place, told in [
        ("der", "is not"),
        ("huge", "more than"),
        ("", "Is a directory"),
        ("none", "No such"),
    ]:
        answer = run("verify", CONSOLE, option, str(tmp_path / place))
        assert (answer.exit_code, answer.stderr.count("\n"), told in answer.stderr) == (2, 2, True)
        assert answer.stderr.startswith(f"Error: {option}: ")


def test_a_stream_without_end_is_read_up_to_a_limit() -> None:
    for option in ("--key", "--known", "--since"):
        answer = run("verify", CONSOLE, option, "/dev/zero")
        assert (answer.exit_code, "more than" in answer.stderr) == (2, True)


def test_each_of_a_key_and_a_checkpoint_may_be_stdin_and_not_two(key: str) -> None:
    for option, place in (("--key", Path(key)), ("--known", MIDDLE), ("--since", MIDDLE)):
        asked = ["verify", CONSOLE, "--folder", str(EXAMPLE), option, "-"]
        told = CliRunner(mix_stderr=False).invoke(main, asked, input=place.read_bytes())
        assert told.exit_code == 0, told.stderr
    for two in (("--key", "--known"), ("--known", "--since"), ("--key", "--since"), ("--key", "--key")):
        answer = run("verify", CONSOLE, two[0], "-", two[1], "-")
        assert (answer.exit_code, "can't both be stdin" in answer.stderr) == (2, True)


def test_a_file_that_is_not_there_is_named() -> None:
    answer = since("nowhere", "--json")
    assert answer.exit_code == 2
    assert json.loads(answer.stdout)["error"]["message"].startswith("--since: nowhere can't be read: ")


def test_of_a_bundle_the_chain_is_proven_and_it_says_what_is_not(bundle: Path, key: str) -> None:
    answer = of_bundle(bundle, "--since", str(MIDDLE), "--key", key)
    assert answer.exit_code == 0
    assert "Only grew            only of the statements" in answer.stdout
    assert (
        "That the tree of entries only grew is not proven: a bundle does not hold the 2 entries"
        in answer.stderr
    )
    first = of_bundle(bundle, "--since", str(CHECKPOINTS[0]), "--key", key)
    assert "a bundle does not hold the 9 entries since" in first.stderr
    newest = json.loads(of_bundle(bundle, "--since", str(NEWEST), "--json").stdout)
    assert (newest["growth"]["is_proven"], newest["depth"]) == (True, "chain")


def test_a_bundle_that_was_cut_short_is_a_fault(bundle: Path, tmp_path: Path) -> None:
    short = tmp_path / "short.zip"
    with ZipFile(bundle) as whole, ZipFile(short, "w") as cut:
        for name in whole.namelist():
            if "0000000006" not in name:
                cut.writestr(name, whole.read(name))
    assert of_bundle(short).exit_code == 0
    assert of_bundle(short, "--since", str(NEWEST)).exit_code == 1


def test_a_bundle_that_can_be_read_in_two_ways_is_refused(bundle: Path, tmp_path: Path) -> None:
    """Another program would find the forged statement in it."""
    true, name = bundle.read_bytes(), "statements/console=1234abcd/0000000006.json"
    forged = BytesIO()
    with ZipFile(forged, "w") as other:
        other.writestr(name, b"{}")
    two = {
        "a forged zip before it": forged.getvalue() + true,
        "a forged zip after it": true + forged.getvalue(),
        "something before it": b"#!/bin/sh\n" + true,
        "something after it": true + b"\0" * 100,
    }
    for prefix in ("./", "x/../", "/", "STATEMENTS/../"):
        changed = BytesIO(true)
        with ZipFile(changed, "a") as other:
            other.writestr(f"{prefix}{name}", b"{}")
        two[prefix] = changed.getvalue()
    assert of_bundle(bundle).exit_code == 0
    for what, data in two.items():
        (tmp_path / "two.zip").write_bytes(data)
        answer = of_bundle(tmp_path / "two.zip")
        assert (answer.exit_code, answer.stderr.count("\n")) == (2, 2), what
        assert "can be read in two ways" in answer.stderr or "is not a bundle" in answer.stderr


def test_a_bundle_of_another_console_and_what_is_no_bundle(bundle: Path) -> None:
    asked = ["verify", "feedbeef", "--bundle", str(bundle)]
    assert CliRunner().invoke(main, asked, prog_name="canary-audit").exit_code == 1
    refused = of_bundle(MIDDLE)
    assert (refused.exit_code, "is not a bundle of evidence" in refused.stderr) == (2, True)


@pytest.mark.parametrize("more", [["--depth", "content"], ["--depth", "objects"], ["--folder", str(EXAMPLE)]])
def test_more_than_a_bundle_holds_is_refused(more: list[str], bundle: Path) -> None:
    assert of_bundle(bundle, *more).exit_code == 2
    assert of_bundle(bundle, "--depth", "chain").exit_code == 0
