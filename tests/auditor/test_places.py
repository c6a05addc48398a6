"""What was judged, and how much of it: a copy that was made into a bundle does not pass for the archive."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from audit_archive.evidence.handout import verify
from audit_archive.format.keys import to_base64
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.verdicts import Depth, Verdict
from tests.support.attacker import Victim, blamed, naming, twin_world
from tests.support.bundles import bundle
from tests.support.fakes import FakeSigner
from tests.support.tampering import bundle_of, sealed, unpacked, zipped
from tests.support.verify_program import Answer, ask, copied, written
from tests.support.world import CONSOLE

NO_LINES = "NOT CHECKED: lines: the bundle has no line, so it proves nothing of any entry"


@pytest.fixture
def victim() -> Victim:
    return Victim()


def made_into_a_bundle(victim: Victim, folder: Path) -> Path:
    """A copy of an archive without exports and entry files, with the files of a bundle without lines."""
    place = copied(victim.store, folder)
    for name in ("exports", "entries"):
        shutil.rmtree(place / name)
    files = bundle_of(victim)
    files = {name: data for name, data in files.items() if not name.startswith("proofs/")}
    header = files["entries.csv"].splitlines(keepends=True)[0]
    files |= {"entries.ndjson": b"", "entries.csv": header, "manifest.json": b"{}"}
    return unpacked(sealed(files), place)


def test_a_copy_that_was_made_into_a_bundle_is_not_valid(victim: Victim, tmp_path: Path) -> None:
    place = made_into_a_bundle(victim, tmp_path / "archive")
    keys = written(tmp_path, victim.keys)
    answer = ask(place, *keys)
    assert (answer.status, answer.blamed) == (2, set())
    assert answer.said["verdict"].startswith(NO_LINES)
    assert answer.said["verdict"].endswith("found nothing, pass --without-lines")


def test_it_is_refused_where_an_archive_is_expected(victim: Victim, tmp_path: Path) -> None:
    place = made_into_a_bundle(victim, tmp_path)
    answer = ask(place, "--archive", "--without-lines")
    assert (answer.status, answer.said["consoles"]) == (2, [])
    told = f"NOT CHECKED: {place}: you passed --archive, and this is a bundle of evidence"
    assert answer.said["verdict"] == told


@pytest.mark.parametrize("kind", ["archive", "bundle"])
def test_what_is_expected_is_accepted_and_the_other_refused(
    kind: str, victim: Victim, tmp_path: Path
) -> None:
    places = {"archive": copied(victim.store, tmp_path / "copy")}
    places["bundle"] = zipped(bundle_of(victim), tmp_path / "evidence.zip")
    assert {name: ask(place, f"--{kind}").status for name, place in places.items()} == {
        "archive": 0 if kind == "archive" else 2,
        "bundle": 0 if kind == "bundle" else 2,
    }
    with pytest.raises(SystemExit):
        ask(places[kind], "--archive", "--bundle")


@pytest.mark.parametrize("junk", ["manifest.json", "report.html", "entries.csv"])
def test_a_file_beside_an_archive_makes_no_bundle_of_it(junk: str, victim: Victim, tmp_path: Path) -> None:
    """Whoever says that it is an archive. It says which Console it is of, which is not asked."""
    source = victim.copied(tmp_path / "archive")
    place = unpacked({junk: b'{"console":"feedbeef"}'}, tmp_path / "archive")
    assert victim.audit(Depth.CONTENT, source=source, has_ledger=False).is_valid
    answer = ask(place, "--archive", *written(tmp_path, victim.keys))
    assert (answer.status, answer.blamed) == (0, set())
    assert answer.said["verdict"].startswith("VALID: a copy of an archive of 8 statements, 16 lines, ")
    assert f"No statement names this file, and nothing rests on it: {junk}" in one_of(answer)["notes"]
    assert ask(place).status != 0


NO_CHECKPOINTS = [
    "0000000099.json",
    "0000000099.txt.bak",
    "a/0000000099.txt",
    "0000000099",
    "x0000000099.txt",
]


@pytest.mark.parametrize("name", NO_CHECKPOINTS)
def test_what_has_not_the_name_of_a_checkpoint_tells_of_no_statement(
    name: str, victim: Victim, tmp_path: Path
) -> None:
    """Else whoever may add a file could raise an alarm about a statement that never was."""
    source = victim.copied(tmp_path / "archive")
    key = f"checkpoints/console={CONSOLE}/{name}"
    place = unpacked({key: b"x"}, tmp_path / "archive")
    assert victim.audit(Depth.CONTENT, source=source, has_ledger=False).is_valid
    answer = ask(place, *written(tmp_path, victim.keys))
    assert (answer.status, answer.blamed) == (0, set())
    assert f"No statement names this file, and nothing rests on it: {key}" in one_of(answer)["notes"]


def test_a_checkpoint_without_its_statement_tells_of_it(victim: Victim, tmp_path: Path) -> None:
    source = victim.copied(tmp_path / "archive")
    place = unpacked({checkpoint_key(CONSOLE, 99): b"x"}, tmp_path / "archive")
    missing = {(str(Verdict.MISSING), statement_key(CONSOLE, 9))}
    assert blamed(victim.audit(Depth.CONTENT, source=source, has_ledger=False)) == missing
    answer = ask(place, *written(tmp_path, victim.keys))
    assert (answer.status, answer.blamed) == (1, missing)


def one_of(answer: Answer) -> dict[str, Any]:
    """What it says of the one Console."""
    (one,) = answer.said["consoles"]
    return dict(one)


def test_the_verdict_says_how_much_was_judged(victim: Victim, tmp_path: Path) -> None:
    places = copied(victim.store, tmp_path / "copy"), unpacked(bundle_of(victim), tmp_path / "bundle")
    told = [ask(place).said["verdict"].partition(", signed")[0] for place in places]
    assert told == [
        "VALID: a copy of an archive of 8 statements, 16 lines",
        "VALID: a bundle, 16 lines proven",
    ]


def test_an_honest_bundle_whose_question_found_nothing_can_be_accepted(
    victim: Victim, tmp_path: Path
) -> None:
    files = bundle(victim.world, user="nobody@example.com")
    assert files["entries.ndjson"] == b""
    place, keys = unpacked(files, tmp_path / "bundle"), written(tmp_path, victim.keys)
    assert ask(place, *keys).said["verdict"].startswith(NO_LINES)
    answer = ask(place, *keys, "--without-lines")
    told = "VALID: a bundle, 0 lines proven, without lines, as you asked, signed by a key that you trust"
    assert answer.status == 0
    assert answer.said["verdict"].startswith(f"{told}; not covered: ")
    assert b"--without-lines" in files["report.html"]


def test_no_line_is_missed_where_there_are_some(victim: Victim, tmp_path: Path) -> None:
    answer = ask(unpacked(bundle_of(victim), tmp_path), "--without-lines")
    assert answer.said["verdict"].startswith("VALID: a bundle, 16 lines proven, signed by")


def test_only_a_kept_checkpoint_tells_two_histories_of_one_key_apart(victim: Victim, tmp_path: Path) -> None:
    """Whoever may sign can sign another history: the key alone accepts both."""
    signer, kept = victim.world.signer, tmp_path / "kept.txt"
    assert isinstance(signer, FakeSigner)
    keys = written(tmp_path, victim.keys)
    first = copied(victim.store, tmp_path / "first")
    kept.write_bytes(victim.store.data(checkpoint_key(CONSOLE, 4)))
    victim.rewrite(1, naming(signer), signer=signer)
    victim.truncate(3)
    second = copied(victim.store, tmp_path / "second")
    assert [ask(place, *keys).status for place in (first, second)] == [0, 0]
    assert ask(first, *keys, "--checkpoint", kept).status == 0
    assert ask(second, *keys, "--checkpoint", kept).blamed == {("missing", statement_key(CONSOLE, 4))}


def test_it_says_that_it_did_not_look_for_another_history(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert verify.main([str(copied(twin_world().store, tmp_path))]) == 0
    out = capsys.readouterr().out
    assert "kept (--checkpoint) shows\nthat the end was not cut off, and that the same key signed no" in out
    assert " 11. The chain contains each checkpoint that you kept: not run\n" in out


@pytest.mark.parametrize("what", ["nothing", "a byte less", "a byte more", "a key twice", "another curve"])
def test_what_is_not_a_key_on_p256_is_refused_as_a_key(what: str, victim: Victim, tmp_path: Path) -> None:
    (key,) = victim.keys
    der = {
        "nothing": b"",
        "a byte less": key.spki[:-1],
        "a byte more": key.spki + b"\0",
        "a key twice": key.spki * 2,
        "another curve": key.spki.replace(b"\x03\x01\x07", b"\x03\x01\x06"),
    }[what]
    path = tmp_path / "key.pem"
    path.write_text(key.pem().replace(key_body(key.spki), key_body(der)))
    answer = ask(copied(victim.store, tmp_path / "copy"), "--key", path)
    assert (answer.status, answer.said["consoles"]) == (2, [])
    assert answer.said["verdict"].endswith(f"{path} is not a PEM file with a public key on the curve P-256")


def test_a_name_on_the_command_line_does_nothing_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """A shell puts every name of a folder there."""
    with pytest.raises(SystemExit) as ended:
        verify.main(["here", "\x9b8m\x85VALID\x1b]0;\u202e"])
    told = capsys.readouterr()
    assert (ended.value.code, told.err) == (2, "")
    assert told.out == ("NOT CHECKED: unrecognized arguments: \\x9b8m\\x85VALID\\x1b]0;\\u202e; see --help\n")


def key_body(der: bytes) -> str:
    """The base64 in a PEM file, wrapped as the product wraps it."""
    text = to_base64(der)
    return "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
