"""What a bundle holds beside lines and proofs: its spreadsheet follows from the lines, its list is signed."""

import json
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.machine import find_zone
from audit_archive.evidence.handout import verify
from audit_archive.format.bundle_note import bundle_note, bundle_text
from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.format.facts import Action
from audit_archive.retrieve.rows import CSV_HEADER, FIELDS, LineOrigin, csv_row
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from tests.support.attacker import Victim, archived_world
from tests.support.bundles import Files
from tests.support.examples import breadth, examples
from tests.support.fakes import FakeSigner
from tests.support.tampering import bundle_of, sealed, unpacked
from tests.support.verify_program import Answer, ask, written
from tests.support.world import CONSOLE

ROWS, SUMS, NOTE, LINES = "entries.csv", "SHA256SUMS", "SHA256SUMS.note", "entries.ndjson"
TRUSTED = "VALID: a bundle, 16 lines proven, signed by a key that you trust"


@pytest.fixture
def victim() -> Victim:
    return Victim()


@pytest.fixture(scope="module")
def maker() -> FakeSigner:
    return FakeSigner()


@pytest.fixture(scope="module")
def made(maker: FakeSigner) -> Files:
    """A bundle of the archive that every victim has, made once."""
    return bundle_of(Victim(), signer=maker)


@pytest.fixture
def files(made: Files) -> Files:
    return dict(made)


def judged(files: Files, folder: Path, victim: Victim, maker: FakeSigner | None) -> Answer:
    """What an auditor is told who trusts the archive's key, and that of who makes bundles."""
    place, aside = unpacked(files, folder / "bundle"), folder / "aside"
    aside.mkdir()
    options = written(aside, victim.keys)
    if maker is not None:
        (aside / "bundle-key.pem").write_text(maker.public_key().pem())
        options += ["--bundle-key", str(aside / "bundle-key.pem")]
    return ask(place, *options)


# ---------------------------------------------------------------------------------------- the spreadsheet


def a_cell(rows: bytes) -> bytes:
    return rows.replace(b"admin@", b"mallory@", 1)


def a_row_less(rows: bytes) -> bytes:
    return rows[: rows.rindex(b'"1"')]


def a_row_more(rows: bytes) -> bytes:
    return rows + rows.splitlines(keepends=True)[-1]


def a_row_of_nothing(rows: bytes) -> bytes:
    return rows + b"\r\n"


def two_rows_swapped(rows: bytes) -> bytes:
    head, one, other, *rest = rows.splitlines(keepends=True)
    return b"".join([head, other, one, *rest])


def a_moment(rows: bytes) -> bytes:
    return rows.replace(b'"2026-11-', b'"2026-10-', 1)


def a_local_moment(rows: bytes) -> bytes:
    begin = rows.index(b'"2026-11-', rows.index(b'"2026-11-') + 1)
    return rows[:begin] + b'"2026-10-' + rows[begin + 9 :]


def no_zone(rows: bytes) -> bytes:
    return re.sub(rb'"[^"]*","UTC[+]00:00"', b'"",""', rows, count=1)


def another_epoch(rows: bytes) -> bytes:
    return rows.replace(b'\n"1",', b'\n"2",', 1)


def another_header(rows: bytes) -> bytes:
    return rows.replace(b'"user"', b'"used"', 1)


def no_byte_order_mark(rows: bytes) -> bytes:
    return rows[3:]


ALTERED: list[Callable[[bytes], bytes]] = [
    *(a_cell, a_row_less, a_row_more, a_row_of_nothing, two_rows_swapped, a_moment, a_local_moment),
    *(no_zone, another_epoch, another_header, no_byte_order_mark),
]


@pytest.mark.parametrize("alter", ALTERED, ids=lambda alter: alter.__name__)
def test_an_altered_spreadsheet_is_found_though_its_hash_was_mended(
    alter: Callable[[bytes], bytes], files: Files, victim: Victim, tmp_path: Path
) -> None:
    altered = alter(files[ROWS])
    assert altered != files[ROWS]
    answer = judged(sealed(files | {ROWS: altered}), tmp_path, victim, None)
    assert ("misdescribed", ROWS) in answer.blamed
    assert 13 in answer.failed


SCALARS = [st.text(max_size=6), st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.floats(-1, 1)]
VALUES = st.recursive(
    st.one_of(SCALARS),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
TIMES = ["2026-11-23 09:01:02 UTC+0000", "1970-01-01T00:00:00.5Z", "9999-12-31 23:59:59 UTC+0000", "-"]
TIMES += ["2026-06-01 24:00:00 UTC+0000", "1969-12-31T23:59:59Z", "2026-06-01 00:00:00+0530", "24:00"]
ENTRIES = st.dictionaries(
    st.sampled_from([*FIELDS, "new", "=1+1"]), VALUES | st.text(";='\"\t\r\n @a\u2028"), max_size=5
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Pacific/Auckland", "America/St_Johns"])


@examples(150)
@given(ENTRIES, st.sampled_from(TIMES), ZONES)
def test_the_auditors_copy_makes_the_same_row(fields: dict[str, Any], moment: str, zone: str) -> None:
    same_row(canonical_bytes({"timestamp": moment} | fields | {"id": 7}), zone)


def same_row(line: bytes, zone: str) -> None:
    """Both make the same row of a line."""
    offset_at = find_zone(zone)
    assert offset_at is not None
    row = csv_row(line, LineOrigin("c", 2, offset_at))
    ((epoch, offset),) = re.findall(verify.ROW, row)
    assert verify.row_of(verify.canonical(line), epoch.decode(), offset.decode()) == row


@pytest.mark.parametrize(
    "source",
    [
        b'{"id":7,"user":"=\\ud800","user_ip":1e999,"additional_information":{"a":[NaN]},"message":null}',
        b'{"id":7,"user":"a","user":"b","timestamp":"2026-11-23 09:01:02 UTC+0000","x":-Infinity}',
        b'{"id":7,"user":"=\xff\x01","user_ip":"192.0.2.7","message":"x\ny"}',
        b'{"id":7,"user":"\\ud83d\\ude00;=1","x":' + b"[" * 2000 + b"]" * 2000 + b',"message":"deep"}',
        b'{"id":7,"user":["a"],"user_ip":{"_source":"b"},"_source":"c","message":"\\udc80"}',
    ],
)
def test_the_auditors_copy_makes_the_same_row_of_a_source(source: bytes) -> None:
    same_row(source_line(source, 7), "Europe/Berlin")


def test_both_name_the_same_columns() -> None:
    assert verify.HEADER == CSV_HEADER


# ---------------------------------------------------------------------------------------- the signed list


def test_a_list_signed_by_a_trusted_key_covers_every_file(
    files: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    answer = judged(files, tmp_path, victim, maker)
    assert answer.said["verdict"] == f"{TRUSTED}; every file is in a list signed by the bundle key"
    assert answer.checked[14] == {"signature": 1}
    assert json.loads(files["manifest.json"])["bundle_signed_by"] == maker.public_key().key_id.hex()


def test_a_key_that_only_the_bundle_has_covers_nothing(
    files: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    verdict = judged(files, tmp_path, victim, None).said["verdict"]
    assert verdict.startswith(f"{TRUSTED}; not covered: manifest.json, report.html, verify.py, ")
    signed_by = f"SHA256SUMS is signed by the key {maker.public_key().key_id.hex()}"
    assert verdict.endswith(f"({signed_by}, which the archive does not name: give yours with --bundle-key)")


def stated(victim: Victim, maker: FakeSigner) -> None:
    """An operator states in the chain that this key signs bundles."""
    victim.world.bundle_signer = maker
    state_decision(victim.world.bound(), OperatorRequest(CONSOLE, Action.BUNDLE_KEY, "ada", "from here on"))


def test_a_key_that_the_chain_names_covers_every_file(
    victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    stated(victim, FakeSigner())
    stated(victim, maker)
    files = bundle_of(victim, signer=maker)
    answer = judged(files, tmp_path, victim, None)
    assert answer.said["verdict"] == f"{TRUSTED}; every file is in a list signed by the bundle key"
    (tmp_path / "b").mkdir()
    mended = sealed(files | {"report.html": b"all is well"})
    assert judged(mended, tmp_path / "b", victim, None).blamed == {("altered", SUMS)}


def test_a_key_that_the_chain_does_not_name_covers_nothing(
    victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    stated(victim, maker)
    mallory = FakeSigner()
    files = bundle_of(victim, signer=mallory)
    verdict = judged(files, tmp_path, victim, None).said["verdict"]
    assert verdict.startswith(f"{TRUSTED}; not covered: manifest.json, ")
    assert f"{mallory.public_key().key_id.hex()}, which the archive does not name" in verdict


def test_in_an_unsigned_archive_anybody_could_have_named_the_key(maker: FakeSigner, tmp_path: Path) -> None:
    victim = Victim(archived_world(is_signed=False))
    stated(victim, maker)
    answer = ask(unpacked(bundle_of(victim, signer=maker), tmp_path), "--without-proofs")
    assert ", not signed; not covered: manifest.json, " in answer.said["verdict"]


MENDED = [ROWS, LINES, "report.html", "manifest.json", "verify.py", "bundle-key.pem"]


@pytest.mark.parametrize("name", breadth(MENDED, ROWS, "report.html", "bundle-key.pem"))
def test_a_mended_list_is_not_the_signed_one(
    name: str, files: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    altered = sealed(files | {name: files[name].replace(b"e", b"E", 1)})
    for verdict, mended in (("altered", altered), ("unsigned", without(altered, NOTE))):
        (tmp_path / verdict).mkdir()
        answer = judged(mended, tmp_path / verdict, victim, maker)
        assert (verdict, SUMS) in answer.blamed
        assert 14 in answer.failed


def without(files: Files, name: str) -> Files:
    return {each: data for each, data in files.items() if each != name}


def test_another_maker_of_bundles_is_not_the_trusted_one(
    files: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    mallory = FakeSigner()
    signed = signed_by(mallory, files | {"bundle-key.pem": mallory.public_key().pem().encode()})
    assert judged(signed, tmp_path, victim, maker).blamed == {("unsigned", SUMS)}


def signed_by(signer: FakeSigner, files: Files, console: str = CONSOLE) -> Files:
    """The files, with a list of them that a key signed."""
    files = sealed(files)
    digest = sha256(files[SUMS]).hexdigest()
    signature = signer.sign(bundle_text(console, digest))
    return files | {NOTE: bundle_note(console, digest, signer.public_key(), signature)}


def test_the_note_of_another_console_is_not_one_of_this(
    files: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    other = signed_by(maker, files, "feedbeef")
    assert judged(other, tmp_path, victim, maker).blamed == {("unsigned", SUMS)}


def test_a_false_signature_is_found_with_and_without_the_key(
    files: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    digest = sha256(files[SUMS]).hexdigest()
    false = maker.sign(b"something else")
    files[NOTE] = bundle_note(CONSOLE, digest, maker.public_key(), false)
    for at, trusted in enumerate((maker, None)):
        (tmp_path / str(at)).mkdir()
        assert judged(files, tmp_path / str(at), victim, trusted).blamed == {("altered", SUMS)}


def test_the_key_of_bundles_signs_no_checkpoint(
    victim: Victim, files: Files, maker: FakeSigner, tmp_path: Path
) -> None:
    """Whoever may make bundles can't vouch for an archive: the two kinds of keys are given apart."""
    key = tmp_path / "maker.pem"
    key.write_text(maker.public_key().pem())
    answer = ask(unpacked(files, tmp_path / "bundle"), "--key", key)
    assert 10 in answer.failed


def test_a_file_beside_the_list_is_named_in_the_last_line(
    files: Files, victim: Victim, tmp_path: Path
) -> None:
    answer = judged(files | {"summary.xlsx": b"all is well"}, tmp_path, victim, None)
    assert "report.html, summary.xlsx, verify.py" in answer.said["verdict"]


def test_another_key_in_the_bundle_is_named_in_the_last_line(
    files: Files, victim: Victim, tmp_path: Path
) -> None:
    other = FakeSigner().public_key().pem().encode()
    answer = judged(sealed(files | {"public-key.pem": other, NOTE: b""}), tmp_path, victim, None)
    assert answer.status == 1  # the note is broken
    files = without(files, NOTE) | {"public-key.pem": other}
    (tmp_path / "again").mkdir()
    answer = judged(sealed(files), tmp_path / "again", victim, None)
    assert "; not covered: public-key.pem, bundle-key.pem, manifest.json" in answer.said["verdict"]


UNLISTED = ["summary.html", "report.html ", "Entries.csv", "a\nb.txt", ".hidden"]


@pytest.mark.parametrize("name", breadth(UNLISTED, "summary.html", "a\nb.txt"))
def test_a_file_that_the_signed_list_does_not_name_is_named_in_the_last_line(
    name: str, files: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    answer = judged(files | {name: b"all is well"}, tmp_path, victim, maker)
    told = f"; not covered: {name} (not in the list that the bundle key signed)"
    assert (answer.status, answer.said["verdict"]) == (0, f"{TRUSTED}{told}")


def test_an_ignored_file_is_no_file_of_the_signed_list(
    files: Files, victim: Victim, maker: FakeSigner, tmp_path: Path
) -> None:
    answer = judged(files | {"__MACOSX/report.html": b"all is well"}, tmp_path, victim, maker)
    told = "; every file, but 1 ignored file, is in a list signed by the bundle key"
    assert answer.said["verdict"] == f"{TRUSTED}{told}"


@pytest.mark.parametrize(
    "folder", breadth(["statements", "exports", "rejected", "documents"], "statements", "documents")
)
def test_a_file_that_no_statement_names_is_named_in_the_last_line(
    folder: str, files: Files, victim: Victim, tmp_path: Path
) -> None:
    name = f"{folder}/console={CONSOLE}/read-me.html"
    answer = judged(sealed(without(files, NOTE) | {name: b"all is well"}), tmp_path, victim, None)
    assert answer.status == 0
    assert name in answer.said["verdict"]


MALFORMED_LISTS: list[Callable[[bytes], bytes]] = [
    lambda sums: sums + b"\n",
    lambda sums: sums + b"x",
    lambda sums: sums[:-1],
    lambda sums: sums.replace(b"  ", b" ", 1),
    lambda sums: b"\xff" + sums,
    lambda sums: sums.replace(b"\n", b"\r\n"),
    lambda sums: sums[: len(sums) // 2],
    lambda _: b"",
]


@pytest.mark.parametrize("damage", MALFORMED_LISTS)
def test_a_damaged_list_is_a_fault_and_does_not_stop_the_checks(
    damage: Callable[[bytes], bytes], files: Files, victim: Victim, tmp_path: Path
) -> None:
    files = without(files, NOTE)
    answer = judged(files | {SUMS: damage(files[SUMS])}, tmp_path, victim, None)
    assert (answer.status, 8 in answer.failed) == (1, True)
    assert answer.checked[9] == {"line": 16}


@pytest.mark.parametrize(
    "manifest",
    breadth(
        [b"5", b"null", b"[]", b"", b"\xff", b"[" * 9999, b'{"coverage":[1]}', b'{"coverage":"16"}'],
        *(b"null", b"[" * 9999, b'{"coverage":"16"}'),
    ),
)
def test_a_manifest_that_says_nothing_of_the_entries_is_a_fault(
    manifest: bytes, files: Files, victim: Victim, tmp_path: Path
) -> None:
    mended = sealed(without(files, NOTE) | {"manifest.json": manifest})
    answer = judged(mended, tmp_path, victim, None)
    assert ("misdescribed", "manifest.json") in answer.blamed
    assert answer.checked[9] == {"line": 16}
