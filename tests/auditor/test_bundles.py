"""Bundles of evidence, true ones and others. Who tampers makes the hashes of SHA256SUMS fit again."""

import json
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from zipfile import ZIP_LZMA, ZipFile

import pytest

from audit_archive.evidence.handout import verify
from audit_archive.format.checkpoint import EntryProof
from audit_archive.format.facts import Action
from audit_archive.format.keys import to_base64
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.merkle import EMPTY_TREE, Prover, leaf_hash
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from tests.support.attacker import Victim, naming
from tests.support.bundles import Files, bundle
from tests.support.examples import breadth
from tests.support.fakes import FakeSigner
from tests.support.tampering import bundle_of, sealed, unpacked, zipped
from tests.support.verify_program import ask, copied, written
from tests.support.world import CONSOLE, World

FIRST, SECOND = "proofs/1-3.tlog-proof", "proofs/1-4.tlog-proof"
ENTRIES = "entries.ndjson"
ROWS = "entries.csv"
VALID = "VALID: a bundle, 16 lines proven"
LISTED = "; not covered: manifest.json, report.html, verify.py, the time zone of entries.csv "
UNSIGNED = f"{LISTED}(SHA256SUMS is not signed)"
KINDS = [ENTRIES, "entries.csv", "report.html", "manifest.json", "public-key.pem", "verify.py", FIRST]
KINDS += [statement_key(CONSOLE, 4), checkpoint_key(CONSOLE, 4)]


@pytest.fixture
def victim() -> Victim:
    return Victim()


@pytest.fixture(scope="module")
def made() -> Files:
    """A bundle of the archive that every victim has, made once."""
    return bundle_of(Victim())


@pytest.fixture
def files(made: Files) -> Files:
    return dict(made)


def blamed(files: Files, folder: Path, victim: Victim) -> set[tuple[str, str]]:
    """What an auditor finds who trusts the key."""
    aside = folder / "aside"
    aside.mkdir()
    answer = ask(unpacked(files, folder / "bundle"), *written(aside, victim.keys))
    assert answer.status == (1 if answer.blamed else 0), answer.said
    return answer.blamed


def test_a_true_bundle(files: Files, victim: Victim, tmp_path: Path) -> None:
    proofs = sum(name.startswith("proofs/") for name in files)
    assert proofs == files[ENTRIES].count(b"\n") == victim.head.tree.size
    for place in (unpacked(files, tmp_path / "folder"), zipped(files, tmp_path / "evidence.zip")):
        answer = ask(place, *written(tmp_path, victim.keys))
        assert (answer.status, answer.said["verdict"]) == (
            0,
            f"{VALID}, signed by a key that you trust{UNSIGNED}",
        )
        (one,) = answer.said["consoles"]
        assert (answer.checked[4]["signature"], answer.checked[9]) == (8, {"line": proofs})
        assert answer.checked[8]["statement"] == 8
        assert answer.not_checked[5]["export (a bundle holds no exports and no entry files)"] == 4
        for note, before_id, who in zip(one["notes"], (2, 10), ("admin", "mallory"), strict=True):
            assert note.startswith("Foreign purge: entry ")
            assert f'By: "{who}@example.com". ' in note
            assert note.endswith(f" Entries: 2, up to id {before_id}.")
        assert one["signed_by_the_key"].endswith("which you trust")


@pytest.mark.parametrize("name", breadth(KINDS, ENTRIES, "manifest.json", FIRST, *KINDS[-2:]))
def test_a_file_that_was_damaged(name: str, files: Files, victim: Victim, tmp_path: Path) -> None:
    files[name] = files[name][:-2] + bytes([files[name][-2] ^ 1]) + files[name][-1:]
    if name == "manifest.json":
        answer = ask(unpacked(files, tmp_path))
        assert (answer.status, answer.blamed >= {("altered", name)}) == (1, True)
    else:
        assert ("altered", name) in blamed(files, tmp_path, victim)


@pytest.mark.parametrize(
    "name", breadth([*KINDS, "SHA256SUMS"], ENTRIES, "manifest.json", FIRST, "SHA256SUMS")
)
def test_a_file_that_is_gone(name: str, files: Files, victim: Victim, tmp_path: Path) -> None:
    del files[name]
    answer = ask(unpacked(files, tmp_path))
    assert answer.status == 1
    assert ("missing", name) in answer.blamed or name in {"manifest.json", "SHA256SUMS"}


def line_of(files: Files, entry_id: int) -> bytes:
    """The line of an entry, with its line feed."""
    return next(line for line in files[ENTRIES].splitlines(True) if json.loads(line)["id"] == entry_id)


def another_line(files: Files) -> None:
    files[ENTRIES] = files[ENTRIES].replace(b"admin@", b"mallory@", 1)


def no_line(files: Files) -> None:
    files[ENTRIES] = files[ENTRIES].replace(line_of(files, 3), b"")


def a_line_more(files: Files) -> None:
    files[ENTRIES] += b'{"id":99,"user":"alibi@example.com"}\n'


def a_line_twice(files: Files) -> None:
    files[ENTRIES] += line_of(files, 3)


def a_line_that_is_none(files: Files) -> None:
    files[ENTRIES] += b"nothing\n"


def no_proof(files: Files) -> None:
    del files[FIRST]


def proofs_swapped(files: Files) -> None:
    files[FIRST], files[SECOND] = files[SECOND], files[FIRST]


def another_epoch(files: Files) -> None:
    files["proofs/2-3.tlog-proof"] = files.pop(FIRST)


def another_place_in_the_tree(files: Files) -> None:
    files[FIRST] = files[FIRST].replace(b"\nindex 0\n", b"\nindex 6\n")


def another_checkpoint_in_a_proof(files: Files) -> None:
    head = files[FIRST].partition(b"\n\n")[0]
    files[FIRST] = head + b"\n\n" + files[checkpoint_key(CONSOLE, 4)]


def a_signature_in_a_proof(files: Files) -> None:
    files[FIRST] = files[FIRST][:-9] + b"AAAAAAA=\n"


def a_statement_less(files: Files) -> None:
    del files[statement_key(CONSOLE, 8)]


def another_statement(files: Files) -> None:
    key = statement_key(CONSOLE, 4)
    files[key] = files[key].replace(b"arn:test", b"arn:tess")


def no_checkpoint(files: Files) -> None:
    del files[checkpoint_key(CONSOLE, 4)]


def something_of_another_console(files: Files) -> None:
    files[statement_key("feedbeef", 1)] = files[statement_key(CONSOLE, 1)]


def an_entry_file_that_no_statement_names(files: Files) -> None:
    files[f"entries/console={CONSOLE}/dt=2026-11-20/0000000004.ndjson.gz"] = b""


def another_console(files: Files) -> None:
    files["manifest.json"] = b'{"console": "feedbeef"}'


def an_id_that_no_memory_holds(files: Files) -> None:
    files[ENTRIES] += b'{"id":1e999999999}\n'


LIES: dict[Callable[[Files], None], set[tuple[str, str]]] = {
    another_line: {("altered", ENTRIES), ("misdescribed", FIRST)},
    no_line: {("misdescribed", FIRST)},
    a_line_more: {("missing", "proofs")},
    a_line_twice: {("missing", "proofs")},
    an_id_that_no_memory_holds: {("missing", "proofs")},
    a_line_that_is_none: {("missing", "proofs")},
    no_proof: {("missing", "proofs")},
    proofs_swapped: {("altered", ENTRIES), ("misdescribed", FIRST), ("misdescribed", SECOND)},
    another_epoch: {("altered", ENTRIES), ("misdescribed", "proofs/2-3.tlog-proof")},
    another_place_in_the_tree: {("altered", ENTRIES), ("misdescribed", FIRST)},
    another_checkpoint_in_a_proof: {("altered", ENTRIES), ("misdescribed", FIRST)},
    a_signature_in_a_proof: {("altered", ENTRIES), ("misdescribed", FIRST)},
    a_statement_less: {("missing", statement_key(CONSOLE, 8))},
    another_statement: {("altered", statement_key(CONSOLE, 4))},
    no_checkpoint: {("unsigned", checkpoint_key(CONSOLE, 4))},
    something_of_another_console: {("misdescribed", statement_key("feedbeef", 1))},
    an_entry_file_that_no_statement_names: {
        ("misdescribed", f"entries/console={CONSOLE}/dt=2026-11-20/0000000004.ndjson.gz")
    },
    another_console: {("missing", "statements/console=feedbeef/0000000001.json")},
}


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_a_lie_whose_hashes_fit(
    lie: Callable[[Files], None], files: Files, victim: Victim, tmp_path: Path
) -> None:
    lie(files)
    assert LIES[lie] <= blamed(sealed(files), tmp_path, victim)


@pytest.mark.parametrize("manifest", breadth([b"{}", b"[]", b"null", b"0", b'""', b"false"], b"{}", b"null"))
def test_a_manifest_that_says_nothing_is_no_way_around_the_proofs(
    manifest: bytes, files: Files, tmp_path: Path
) -> None:
    alibi = {ENTRIES: b'{"id":3,"user":"alibi@example.com"}\n', "manifest.json": manifest}
    assert ask(unpacked(sealed(files | alibi), tmp_path)).status == 1


def test_without_its_manifest_a_bundle_is_no_archive_whose_exports_expired(tmp_path: Path) -> None:
    world = World()
    world.clock.moment -= 3 * 365 * 86_400
    world.mode, world.retention_days = "off", 100
    world.aged(2)
    world.run()
    files = bundle(world)
    del files["manifest.json"]
    answer = ask(unpacked(sealed(files | {ENTRIES: b'{"id":1,"user":"alibi@example.com"}\n'}), tmp_path))
    assert answer.blamed == {("missing", "manifest.json"), ("missing", "proofs"), ("misdescribed", ROWS)}


def test_it_says_whether_it_looked_at_a_bundle_or_at_an_archive(
    files: Files, victim: Victim, tmp_path: Path
) -> None:
    """Of a bundle it excuses that there are no exports: who expects an archive must see that it is none."""
    for kind, place in (
        ("bundle", unpacked(files, tmp_path / "bundle")),
        ("archive", copied(victim.store, tmp_path / "archive")),
    ):
        assert ask(place).said["consoles"][0]["kind"] == kind


def test_another_key_in_the_bundle_is_noted(files: Files, tmp_path: Path) -> None:
    """Nothing rests on it; but somebody could take it for the archive's."""
    note = "public-key.pem is not the key that the archive named last. Do not use it."
    assert note not in ask(unpacked(files, tmp_path / "true")).said["consoles"][0]["notes"]
    files["public-key.pem"] = FakeSigner().public_key().pem().encode()
    assert note in ask(unpacked(sealed(files), tmp_path / "other")).said["consoles"][0]["notes"]


def test_everything_made_anew_by_somebody_else(victim: Victim, tmp_path: Path) -> None:
    """Only a key from elsewhere, or a checkpoint that was kept, tells. The report says whose key it is."""
    kept, true_keys, mallory = tmp_path / "kept.txt", victim.keys, FakeSigner()
    kept.write_bytes(victim.store.data(checkpoint_key(CONSOLE, 4)))
    victim.rewrite(1, naming(mallory), signer=mallory)
    place = unpacked(bundle_of(victim), tmp_path / "bundle")
    blind = ask(place)
    assert blind.status == 0
    assert blind.said["consoles"][0]["signed_by_the_key"].endswith("which the archive names")
    assert ("unsigned", checkpoint_key(CONSOLE, 8)) in ask(place, *written(tmp_path, true_keys)).blamed
    assert ("forked", statement_key(CONSOLE, 8)) in ask(place, "--checkpoint", kept).blamed


def test_a_line_of_another_epoch_is_not_proven_as_one_of_this(tmp_path: Path) -> None:
    """The tree goes on through all epochs, so a later epoch's checkpoint covers the lines before it too."""
    world = World()
    world.signer, world.mode, world.retention_days = FakeSigner(), "off", 2555
    world.aged(2)
    world.run()
    world.trail.reset()
    state_decision(world.bound(), OperatorRequest(CONSOLE, Action.EPOCH, "ada", "a new Console"))
    world.later()
    world.aged(1, user="mallory@example.com")
    world.run()
    files = bundle(world)
    first, _, other = files[ENTRIES].splitlines()
    assert ask(unpacked(files, tmp_path / "true")).status == 0
    prover = Prover(EMPTY_TREE)
    for line in files[ENTRIES].splitlines():
        prover.append_leaf(leaf_hash(line), choose=line == first)
    (proof,) = prover.proofs()
    note = files[checkpoint_key(CONSOLE, world.head.seq)]
    files["proofs/2-1.tlog-proof"] = EntryProof(proof.index, proof.hashes, note).encode()
    files[ENTRIES] = files[ENTRIES].replace(other, first)
    assert ("misdescribed", "proofs/2-1.tlog-proof") in ask(unpacked(sealed(files), tmp_path / "b")).blamed


def test_more_lines_than_the_bundle_proves(victim: Victim, tmp_path: Path) -> None:
    """It must say so, and the auditor must agree: else anybody could leave out the proofs."""
    files = bundle_of(victim, limit=2)
    place = unpacked(files, tmp_path / "bundle")
    answer, agreed = ask(place), ask(place, "--without-proofs")
    assert (answer.status, answer.blamed) == (2, set())
    told = "the bundle says that 14 of its 16 lines have no proof"
    assert answer.said["verdict"] == f"NOT CHECKED: proofs: {told}"
    assert agreed.status == 0
    valid = f"VALID: a bundle, 2 lines proven, without proofs, as you asked ({told})"
    assert agreed.said["verdict"].startswith(valid)
    fewer = sealed({name: data for name, data in files.items() if name != FIRST})
    assert ask(unpacked(fewer, tmp_path / "fewer"), "--without-proofs").blamed == {("missing", "proofs")}


def test_what_else_lies_in_the_folder_is_a_note(files: Files, tmp_path: Path) -> None:
    answer = ask(unpacked(files | {"notes.txt": b""}, tmp_path))
    assert answer.status == 0
    assert (
        "No statement names this file, and nothing rests on it: notes.txt"
        in answer.said["consoles"][0]["notes"]
    )


def test_a_zip_that_is_damaged(files: Files, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = zipped(files, tmp_path / "evidence.zip")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    assert verify.main([str(path)]) == 2
    assert capsys.readouterr().out.startswith(f"NOT CHECKED: {path}: Bad CRC-32 for file ")


@pytest.mark.parametrize("name", ["report.html", "REPORT.html"])
def test_a_zip_that_other_programs_unpack_otherwise(name: str, files: Files, tmp_path: Path) -> None:
    path = tmp_path / "evidence.zip"
    with ZipFile(path, "w") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr(name, "<p>Nothing to see here")
        for each, data in files.items():
            archive.writestr(each, data)
    assert ask(path).said["verdict"].endswith("there are several files of one name in it")


def test_a_zip_that_is_damaged_in_another_compression(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "evidence.zip"
    with ZipFile(path, "w", ZIP_LZMA) as archive:
        archive.writestr(ENTRIES, files[ENTRIES])
    data = bytearray(path.read_bytes())
    for at in range(53, 80):
        data[at] ^= 0xFF
    path.write_bytes(data)
    assert ask(path).status == 2


def test_a_manifest_that_counts_otherwise(files: Files, victim: Victim, tmp_path: Path) -> None:
    """A line and its proof are taken out: what is left is proven, but is not what the report tells of."""
    no_line(files)
    del files[FIRST]
    row = next(row for row in files[ROWS].splitlines(True) if row.startswith(b'"1","3"'))
    files[ROWS] = files[ROWS].replace(row, b"")
    assert blamed(sealed(files), tmp_path, victim) == {("misdescribed", "manifest.json")}


def test_a_bundle_of_another_console_than_was_asked_for(files: Files, tmp_path: Path) -> None:
    answer = ask(unpacked(files, tmp_path), "--console", "feedbeef")
    assert (answer.status, answer.said["consoles"]) == (2, [])
    assert "this is a bundle of Console 1234abcd, not of feedbeef" in answer.said["verdict"]


@pytest.mark.wide
def test_many_lines_of_one_id_take_no_time(files: Files, tmp_path: Path) -> None:
    """An id is there once in an epoch: what comes oftener is not held against every proof."""
    files[ENTRIES] += line_of(files, 3) * 3000
    files |= {f"proofs/{epoch}-3.tlog-proof": files[FIRST] for epoch in range(2, 3000)}
    answer = ask(unpacked(sealed(files), tmp_path))
    assert ("missing", "proofs") in answer.blamed


@pytest.mark.parametrize("width", [64, 76, 10_000])
def test_a_key_is_read_however_its_lines_are_wrapped(width: int, victim: Victim, tmp_path: Path) -> None:
    (key,) = victim.keys
    body = to_base64(key.spki)
    lines = [body[at : at + width] for at in range(0, len(body), width)]
    path = tmp_path / "key.pem"
    path.write_text("\n".join(["-----BEGIN PUBLIC KEY-----", *lines, "-----END PUBLIC KEY-----", ""]))
    place = unpacked(bundle_of(victim), tmp_path / "bundle")
    assert ask(place, "--key", path).said["verdict"] == f"{VALID}, signed by a key that you trust{UNSIGNED}"
    path.write_text(path.read_text().replace(body[:8], "AAAAAAAA") if width > len(body) else "no key")
    assert ask(place, "--key", path).status != 0


@pytest.mark.parametrize("name", [f"./{ENTRIES}", f"/{ENTRIES}", f"../{ENTRIES}"])
def test_a_zip_in_which_two_names_are_one_file(
    name: str, files: Files, victim: Victim, tmp_path: Path
) -> None:
    """Who unpacks what came first, or reads it in the zip, would see other lines than were proven."""
    forged = dict(files)
    another_line(forged)
    path = zipped(forged | {name: files[ENTRIES]}, tmp_path / "evidence.zip")
    answer = ask(path, *written(tmp_path, victim.keys))
    assert answer.status == 2
    assert answer.said["verdict"].endswith("there are several files of one name in it")


def test_a_bundle_of_links_is_no_archive_whose_exports_expired(tmp_path: Path) -> None:
    world = World()
    world.clock.moment -= 3 * 365 * 86_400
    world.mode, world.retention_days = "off", 100
    world.aged(2)
    world.run()
    place = unpacked(bundle(world), tmp_path / "bundle")
    (place / "shown").mkdir()
    for path in [path for path in place.iterdir() if path.is_file()]:
        path.rename(place / "shown" / path.name)
        path.symlink_to(Path("shown") / path.name)
    assert ("missing", ENTRIES) in ask(place).blamed


@pytest.mark.parametrize("limit", breadth([-5, 0, True, 2, 17, 10**400], 0, 2, 10**400))
def test_how_many_lines_are_proven_must_be_said_rightly(limit: int, files: Files, tmp_path: Path) -> None:
    """Else a bundle that says the least would excuse every line that it has no proof for."""
    a_line_more(files)
    said = {**json.loads(files["manifest.json"]), "coverage": {"matched": 17}, "proof_limit": limit}
    files["manifest.json"] = json.dumps(said).encode()
    answer = ask(unpacked(sealed(files), tmp_path), "--without-proofs")
    assert answer.blamed == {("missing", "proofs"), ("misdescribed", ROWS), ("misdescribed", "manifest.json")}


def test_white_space_takes_no_time(files: Files, tmp_path: Path) -> None:
    files["public-key.pem"] = b"-----BEGIN PUBLIC KEY-----" + b"\n" * 300_000
    assert ask(unpacked(sealed(files), tmp_path)).status == 0
    message = f"successfully purged 1 log before id:1{' ' * 300_000}"
    receipt = verify.receipt_of(2, {"message": message})
    assert receipt is not None
    assert receipt["count"] == 1
    assert verify.receipt_of(2, {"message": f"{message}x"}) is None
    assert verify.receipt_of(2, {"message": f"successfully purged {'9,' * 300_000} logs before id:1"}) is None


def test_many_lines_and_proofs_of_one_id_take_no_time_whatever_a_statement_calls_its_epoch(
    tmp_path: Path,
) -> None:
    world = World()
    world.signer, world.mode, world.retention_days = FakeSigner(), "off", 2555
    world.aged(2)
    world.run()
    victim = Victim(world)
    victim.rewrite(world.head.seq, lambda said: replace(said, epoch=10**9), signer=world.signer)
    files = bundle_of(Victim())
    files = {name: data for name, data in files.items() if not name.startswith(("statements", "check"))}
    files |= {
        key: world.store.data(key) for kind in ("statements", "checkpoints") for key in world.store.keys(kind)
    }
    proof = b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + files[checkpoint_key(CONSOLE, world.head.seq)]
    files[ENTRIES] = b"".join(b'{"id":1,"n":%d}\n' % n for n in range(2000))
    files |= {f"proofs/{epoch}-1.tlog-proof": proof for epoch in range(2000)}
    answer = ask(unpacked(sealed(files), tmp_path))
    assert ("missing", "proofs") in answer.blamed
