"""The bundle of evidence, held to the auditor's copy and to the plain answer to the same question."""

import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.errors import IntegrityError, PurgeMismatchError, RequestError
from audit_archive.format.checkpoint import Checkpoint
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.verdicts import Verdict
from audit_archive.retrieve.coverage import LISTED, RestsOn
from audit_archive.retrieve.formats import CSV, NDJSON
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.request import EvidenceRequest
from tests.support.archives import archives, queries
from tests.support.asking import assert_nothing_open, body_of, find, reader_of
from tests.support.attacker import Victim, archived_world, twin_world
from tests.support.bundles import ASKED, bundle, make, manifest_of, opened
from tests.support.deaths import deaths
from tests.support.examples import examples
from tests.support.fakes import CallLog, CrashError, FakeSigner
from tests.support.tampering import unpacked
from tests.support.verify_program import ask, copied, written
from tests.support.world import CONSOLE, World

TOLD_ONCE = {"manifest.json", "report.html", "SHA256SUMS"}
"""What says who asked and when."""


@pytest.fixture
def victim() -> Victim:
    return Victim()


def test_a_bundle_is_valid_to_whoever_brings_the_key(victim: Victim, tmp_path: Path) -> None:
    files = bundle(victim.world)
    place = unpacked(files, tmp_path / "bundle")
    answer = ask(place, *written(tmp_path, victim.keys))
    assert (answer.status, answer.said["verdict"]) == (
        0,
        "VALID: a bundle, 16 lines proven, signed by a key that you trust; not covered: manifest.json, "
        "report.html, verify.py, the time zone of entries.csv (SHA256SUMS is not signed)",
    )
    lines = files["entries.ndjson"].splitlines()
    assert len(lines) == victim.head.tree.size == sum(name.startswith("proofs/") for name in files)
    assert files["public-key.pem"].decode() == victim.keys[0].pem()


def test_the_hashes_are_those_of_the_files(victim: Victim) -> None:
    files = bundle(victim.world)
    sums = dict(line.split("  ")[::-1] for line in files.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: sha256(data).hexdigest() for name, data in files.items()}
    assert list(sums) == sorted(sums)


def test_the_same_question_gives_the_same_bytes(victim: Victim) -> None:
    reader = reader_of(victim.world)
    first, again = make(reader)[1], make(reader)[1]
    other = opened(make(reader, asked=ASKED | {"at": "2030-01-01T00:00:00Z"})[1])
    assert first == again
    assert {name for name, data in opened(first).items() if other[name] != data} == TOLD_ONCE


def test_the_manifest_tells_the_question_and_what_the_answer_rests_on(victim: Victim) -> None:
    event: dict[str, Any] = {
        "from": "2026-11-24",
        "to": "2026-11-25",
        "zone": "Asia/Tokyo",
        "user": "somebody@example.com",
    }
    told = manifest_of(bundle(victim.world, **event))
    assert told["format"] == "canary-audit-evidence/1"
    assert told["question"] == {"request": "evidence", "console": CONSOLE, **event}
    assert told["asked"] == ASKED
    assert told["resolved"] == {"start": "2026-11-23T15:00:00Z", "end": "2026-11-25T15:00:00Z"}
    assert told["outcome"] == "found"
    assert (told["coverage"]["matched"], told["proof_limit"]) == (told["proven"], None)
    assert told["verification"]["is_valid"] is True
    users = [purge["user"] for purge in told["coverage"]["foreign_purges"]]
    assert users == ["admin@example.com", "mallory@example.com"]
    assert told["custody"]["turns"] == {"begin": 1, "foreign_purge": 2, "hole": 1, "key": 1}
    assert sum(day["archived"] for day in told["custody"]["days"]) == 16
    assert told["activity"]["users"]["top"] == [["somebody@example.com", told["proven"]]]


@settings(examples(25), suppress_health_check=list(HealthCheck))
@given(archives(), queries)
def test_it_holds_what_the_plain_answer_holds(world: World, query: Query) -> None:
    """Unsigned, and of every shape: an auditor who accepts that nothing is signed finds it valid."""
    request = EvidenceRequest(query, "UTC", lambda instant: 0, {"request": "evidence"})
    made, data = make(reader_of(world), request)
    plain = {form: find(reader_of(world), query, form) for form in (NDJSON, CSV)}
    assert (made.outcome, made.sentence) == (plain[NDJSON].outcome, plain[NDJSON].sentence)
    ours = replace(made.coverage, not_verified=(), rests_on=RestsOn.INDEX)
    assert ours == replace(plain[NDJSON].coverage, not_verified=(), rests_on=RestsOn.INDEX)
    if made.outcome == "nothing_archived":
        assert data == b""
        return
    files = opened(data)
    assert files["entries.ndjson"] == body_of(plain[NDJSON])
    assert files["entries.csv"] == (body_of(plain[CSV]) or CSV.header)
    assert manifest_of(files)["proven"] == 0


def test_nothing_found_is_evidence_too(victim: Victim, tmp_path: Path) -> None:
    files = bundle(victim.world, user="nobody@example.com")
    assert files["entries.ndjson"] == b""
    assert manifest_of(files)["outcome"] == "none_found"
    place, keys = unpacked(files, tmp_path / "bundle"), written(tmp_path, victim.keys)
    assert [ask(place, *keys, *more).status for more in ((), ("--without-lines",))] == [2, 0]


def test_where_nothing_is_archived_there_is_no_bundle() -> None:
    made, data = make(reader_of(World()))
    assert (made.outcome, made.report, data) == ("nothing_archived", None, b"")
    assert made.summary() == {"verification": None, "proven": 0, "unproven_because": []}


def test_an_unsigned_archive_says_so_and_the_auditor_must_agree(tmp_path: Path) -> None:
    files = bundle(twin_world(is_signed=False))
    told = manifest_of(files)
    assert (told["proven"], told["signed_by"]) == (0, None)
    assert told["reasons"] == ["no signed checkpoint covers them"]
    assert "public-key.pem" not in files
    place = unpacked(files, tmp_path)
    assert ask(place).status == 2
    assert ask(place, "--without-proofs").status == 0


def test_what_was_archived_before_signing_began_is_proven_by_the_first_checkpoint(tmp_path: Path) -> None:
    world = archived_world(is_signed=False)
    world.signer = signer = FakeSigner()
    world.aged(2)
    world.run()
    files = bundle(world)
    proofs = [name for name in files if name.startswith("proofs/")]
    assert len(proofs) == files["entries.ndjson"].count(b"\n") == world.head.tree.size
    first = checkpoint_key(CONSOLE, min(said.seq for said in world.chain() if said.kind == "operator"))
    assert files["proofs/1-3.tlog-proof"].endswith(b"\n\n" + files[first])
    assert ask(unpacked(files, tmp_path / "b"), *written(tmp_path, (signer.public_key(),))).status == 0


def archived_once() -> World:
    world = World()
    world.retention_days, world.signer = 2555, FakeSigner()
    world.aged(3)
    world.run()
    world.aged(2)
    return world


def test_a_run_that_is_not_done_is_no_fault_to_the_auditor_either(tmp_path: Path) -> None:
    """Between a statement and its checkpoint the audit beside the ledger excuses what the copy can't."""
    for death in deaths(archived_once):
        world = archived_once()
        with pytest.raises(CrashError):
            world.run(CallLog(death.number, death.when))
        files = bundle(world)
        assert manifest_of(files)["verification"]["is_valid"]
        assert world.signer is not None
        options = written(tmp_path, (world.signer.public_key(),))
        place = unpacked(files, tmp_path / f"bundle-{death.number}-{death.when}")
        assert ask(place, *options).status == 0, death


def test_the_newest_key_vouches_for_those_before_it(tmp_path: Path) -> None:
    world = archived_world()
    older = Victim(world).keys
    world.signer = newer = FakeSigner()
    world.aged(2)
    world.run()
    files = bundle(world)
    assert files["public-key.pem"].decode() == newer.public_key().pem()
    place = unpacked(files, tmp_path / "bundle")
    assert ask(place, *written(tmp_path, (newer.public_key(),))).status == 0
    assert ask(place, *written(tmp_path, older)).status == 1


def test_a_copy_in_a_folder_gives_the_same_evidence(victim: Victim, tmp_path: Path) -> None:
    source = FolderSource(copied(victim.store, tmp_path))
    files = opened(make(reader_of(victim.world, source, ledger=False))[1])
    there = bundle(victim.world)
    assert {name for name in there if files[name] != there[name]} <= TOLD_ONCE


def test_no_more_is_proven_than_the_limit_and_the_bundle_says_so(victim: Victim, tmp_path: Path) -> None:
    files = bundle(victim.world, max_proofs=3)
    told = manifest_of(files)
    assert (told["proven"], told["proof_limit"]) == (3, 3)
    assert told["reasons"] == ["a bundle holds at most 3 proofs, and more entries match"]
    place = unpacked(files, tmp_path)
    assert ask(place).status == 2
    valid = "VALID: a bundle, 3 lines proven, without proofs, as you asked"
    assert ask(place, "--without-proofs").said["verdict"].startswith(valid)
    assert manifest_of(bundle(victim.world, max_proofs=16))["reasons"] == []


# ------------------------------------------------------------------------------------ what is wrong


def test_faults_of_the_chain_are_in_the_bundle_and_found_by_whoever_checks_it(
    victim: Victim, tmp_path: Path
) -> None:
    key = checkpoint_key(CONSOLE, 4)
    victim.flip(key, at=0.9)
    files = bundle(victim.world)
    told = manifest_of(files)
    assert [(f["verdict"], f["key"]) for f in told["verification"]["faults"]] == [(Verdict.ALTERED, key)]
    (reason,) = told["reasons"]
    assert reason.startswith(f"{key} is not a checkpoint that covers them: ")
    assert told["proven"] == 16 - victim.archives[1].slice.count
    answer = ask(unpacked(files, tmp_path / "bundle"), *written(tmp_path, victim.keys))
    assert answer.status == 1
    assert (Verdict.ALTERED, key) in answer.blamed


def test_a_lost_checkpoint_is_made_good_by_a_later_one(victim: Victim) -> None:
    victim.lose(checkpoint_key(CONSOLE, 4))
    files = bundle(victim.world)
    assert manifest_of(files)["proven"] == 16
    assert files["proofs/1-11.tlog-proof"].endswith(files[checkpoint_key(CONSOLE, 5)])


def test_lines_that_are_not_what_is_stated_are_not_handed_out(victim: Victim) -> None:
    victim.flip(victim.archives[0].entries[0].key)
    reader = reader_of(victim.world)
    with pytest.raises(IntegrityError, match=victim.archives[0].entries[0].key):
        make(reader)
    assert_nothing_open(reader)


def test_a_statement_that_is_gone_stops_the_answer(victim: Victim) -> None:
    victim.lose(statement_key(CONSOLE, 4))
    reader = reader_of(victim.world)
    with pytest.raises(IntegrityError):
        make(reader)
    assert_nothing_open(reader)


def test_what_lies_beside_a_lost_file_can_not_be_proven(victim: Victim) -> None:
    lost = victim.archives[0].entries[0]
    victim.lose(lost.key)
    told = manifest_of(bundle(victim.world))
    assert told["reasons"] == [
        "a proof needs the hashes of lines beside them, and those lines are no longer there"
    ]
    assert told["coverage"]["gone_entries"] == lost.count
    assert told["proven"] == 16 - victim.archives[0].slice.count


def test_a_checkpoint_of_another_statement_proves_nothing(victim: Victim) -> None:
    victim.replace(checkpoint_key(CONSOLE, 4), victim.store.data(checkpoint_key(CONSOLE, 5)))
    (reason,) = manifest_of(bundle(victim.world))["reasons"]
    key = checkpoint_key(CONSOLE, 4)
    assert reason == f"{key} is not a checkpoint that covers them: it is over a different statement"


def test_a_checkpoint_with_a_false_signature_proves_nothing(victim: Victim) -> None:
    key, signer = checkpoint_key(CONSOLE, 4), victim.signer
    said, tree = victim.store.data(statement_key(CONSOLE, 4)), victim.statement(4).tree
    point = Checkpoint(CONSOLE, tree.size, tree.root, sha256(said).hexdigest())
    victim.replace(key, point.signed(signer.public_key(), signer.sign(b"something else")))
    (reason,) = manifest_of(bundle(victim.world))["reasons"]
    assert reason.startswith(f"{key} is not a checkpoint that covers them")


@pytest.mark.parametrize("over", [b"garbage", b"the checkpoint of another statement"])
def test_garbage_over_a_checkpoint_takes_no_proof_away(victim: Victim, over: bytes) -> None:
    other = victim.store.data(checkpoint_key(CONSOLE, 5))
    victim.put(checkpoint_key(CONSOLE, 4), over if over == b"garbage" else other)
    told = manifest_of(bundle(victim.world))
    assert (told["reasons"], told["proven"]) == ([], 16)


def test_a_checkpoint_over_another_tree_proves_nothing(victim: Victim) -> None:
    """Somebody with the signing key signs another tree than is stated."""
    key, signer = checkpoint_key(CONSOLE, 4), victim.signer
    said = victim.store.data(statement_key(CONSOLE, 4))
    point = Checkpoint(CONSOLE, victim.statement(4).tree.size, "0" * 64, sha256(said).hexdigest())
    victim.replace(key, point.signed(signer.public_key(), signer.sign(point.text())))
    told = manifest_of(bundle(victim.world))
    assert told["reasons"] == ["the tree in the checkpoint of statement 4 does not match the entry files"]
    assert [(f["verdict"], f["key"]) for f in told["verification"]["faults"]] == [(Verdict.MISDESCRIBED, key)]


def test_without_time_for_the_whole_chain_there_is_no_bundle(victim: Victim) -> None:
    reader = reader_of(victim.world)
    victim.world.clock.left = 25  # enough to read on, not to audit
    with pytest.raises(RequestError, match="raise the timeout"):
        make(reader)
    assert_nothing_open(reader)


def test_another_epoch_is_told_apart(tmp_path: Path) -> None:
    world = World()
    world.signer = FakeSigner()
    world.aged(2)
    world.run()
    world.trail.reset()
    world.state("epoch")
    world.aged(2)
    world.run()
    files = bundle(world)
    assert [n for n in files if n.startswith("proofs/")] == [
        f"proofs/{epoch}-{i}.tlog-proof" for epoch in (1, 2) for i in (1, 2)
    ]
    told = manifest_of(bundle(world, epoch=2))
    assert told["coverage"]["matched"] == told["proven"] == 2
    rows = [row.split(",")[:2] for row in files["entries.csv"].decode().splitlines()[1:]]
    assert rows == [['"1"', '"1"'], ['"1"', '"2"'], ['"2"', '"1"'], ['"2"', '"2"']]
    assert json.loads(files["manifest.json"])["custody"]["turns"]["epoch"] == 1


def test_a_thousand_holes_hide_no_purge_that_differed() -> None:
    """Whoever writes entries can make holes without end, before something that a reader must see."""
    world = World()
    world.signer = FakeSigner()
    world.trail.arrive()
    for _ in range(LISTED + 5):
        world.trail.skip()
        world.trail.arrive()
    world.later()
    world.purger.report = lambda count: count + 5  # of the purge below the first hole
    with pytest.raises(PurgeMismatchError):
        world.run()
    page = bundle(world)["report.html"].decode()
    assert "Purges not as planned, or unclear: 1<" in page
    assert ">A purge differed from its plan<" in page
