"""`proof`: the proof of one entry, checked by the rules of the format and by nothing else of retrieval."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.adapters.signing import is_signed
from audit_archive.errors import IntegrityError, RequestError
from audit_archive.format.checkpoint import check_entry, parse_entry_proof
from audit_archive.format.ids import IdRange
from audit_archive.format.layout import checkpoint_key
from audit_archive.retrieve.proofs import MAX_LINE, FoundProofs, find_proofs
from audit_archive.retrieve.query import Query
from tests.support.asking import Plain, assert_nothing_open, reader_of
from tests.support.attacker import Victim, archived_world, twin_world
from tests.support.examples import examples
from tests.support.fakes import FakeSigner
from tests.support.verify_program import copied
from tests.support.world import CONSOLE, World


def prove(world: World, entry_id: int, epoch: int | None = None) -> FoundProofs:
    reader = reader_of(world)
    found = find_proofs(reader, Query(CONSOLE, ids=IdRange(entry_id, entry_id), epoch=epoch), is_signed)
    assert_nothing_open(reader)
    return found


def check(world: World, found: FoundProofs, line: bytes) -> int:
    """Check the one proof that was found; the number of leaves of the tree that it proves a line in."""
    assert isinstance(world.signer, FakeSigner)
    (proof,) = found.proofs
    told = parse_entry_proof(proof.as_dict()["proof"].encode())
    assert proof.line == line
    return check_entry(line, told, CONSOLE, [world.signer.public_key()], is_signed).size


def test_every_archived_entry_is_proven_against_the_checkpoint_of_its_own_statement() -> None:
    world = twin_world()
    for (epoch, entry_id), line in Plain(world).lines.items():
        found = prove(world, entry_id)
        assert (found.outcome, found.reasons) == ("found", ())
        (proof,) = found.proofs
        said = world.chain()[proof.proven.seq - 1]
        assert (said.kind, said.epoch, said.tree.size) == ("archive", epoch, check(world, found, line))
        assert f"Entry {entry_id} is archived: it is leaf {proof.proven.proof.index} " in found.sentence


def test_a_proof_as_an_answer_tells_it() -> None:
    world = twin_world()
    (proof,) = prove(world, 8).proofs
    told = json.loads(json.dumps(proof.as_dict()))
    assert told["line"].encode() == Plain(world).lines[1, 8]
    assert told["checkpoint"] == checkpoint_key(CONSOLE, 2)
    assert told["proof"].startswith(f"c2sp.org/tlog-proof@v1\nindex {told['index']}\n")
    assert told["proof"].endswith("\n\n" + world.store.data(told["checkpoint"]).decode())


def test_a_line_too_long_for_an_answer_is_proven_all_the_same() -> None:
    world = World()
    world.signer = FakeSigner()
    world.aged(1, user_browser_agent="x" * MAX_LINE)
    world.run()
    (proof,) = prove(world, 1).proofs
    assert proof.as_dict()["line"] is None
    assert check(world, prove(world, 1), Plain(world).lines[1, 1]) == 1


@pytest.mark.parametrize(("entry_id", "outcome"), [(9, "none_found"), (1, "outside"), (99, "outside")])
def test_what_is_not_archived_is_told_as_everywhere(entry_id: int, outcome: str) -> None:
    found = prove(twin_world(), entry_id)
    assert (found.outcome, found.proofs, found.reasons) == (outcome, (), ())
    assert "proven" not in found.sentence


def test_nothing_archived() -> None:
    assert prove(World(), 1).outcome == "nothing_archived"


def test_an_unsigned_archive_proves_nothing_and_says_so() -> None:
    found = prove(twin_world(is_signed=False), 8)
    assert (found.outcome, found.proofs) == ("found", ())
    assert found.sentence == "The archived entry 8 can't be proven: no signed checkpoint covers them."


def test_of_each_epoch_there_is_a_proof_unless_one_is_named() -> None:
    world = archived_world()
    world.trail.reset()
    world.state("epoch")
    world.aged(5)
    world.run()
    assert [each.proven.epoch for each in prove(world, 5).proofs] == [1, 2]
    assert [each.proven.epoch for each in prove(world, 5, epoch=2).proofs] == [2]


def test_what_was_archived_unsigned_in_an_earlier_epoch_is_not_proven_by_a_later_one() -> None:
    world = archived_world(is_signed=False)
    world.trail.reset()
    world.state("epoch")
    world.signer = FakeSigner()
    world.aged(5)
    world.run()
    found = prove(world, 5)
    assert [each.proven.epoch for each in found.proofs] == [2]
    assert found.reasons == ("no signed checkpoint covers them",)


def test_entry_files_that_do_not_give_the_stated_tree_are_an_error() -> None:
    """Somebody with the signing key states another tree over the same files: nothing is handed out."""
    victim = Victim()
    root = victim.statement(4).tree.root
    victim.rewrite(2, lambda said: replace(said, tree=replace(said.tree, root=root)), signer=victim.signer)
    with pytest.raises(IntegrityError, match="does not match its entry files"):
        find_proofs(reader_of(victim.world, ledger=False), Query(CONSOLE, ids=IdRange(3, 3)), is_signed)


def test_a_copy_proves_the_same(tmp_path: Path) -> None:
    world = twin_world()
    reader = reader_of(world, FolderSource(copied(world.store, tmp_path)), ledger=False)
    for entry_id in (3, 13, 20):
        query = Query(CONSOLE, ids=IdRange(entry_id, entry_id))
        assert find_proofs(reader, query, is_signed).proofs == prove(world, entry_id).proofs


def test_without_time_it_is_refused() -> None:
    world = twin_world()
    reader = reader_of(world)
    world.clock.left = 10
    with pytest.raises(RequestError, match="time"):
        find_proofs(reader, Query(CONSOLE, ids=IdRange(3, 3)), is_signed)


@examples(40)
@given(st.integers(1, 20), st.data())
def test_no_other_line_is_proven_by_a_proof(entry_id: int, data: st.DataObject) -> None:
    world = twin_world()
    found = prove(world, entry_id)
    if not found.proofs:
        return
    line = bytearray(found.proofs[0].line)
    at = data.draw(st.integers(0, len(line) - 1))
    line[at] ^= 1 << data.draw(st.integers(0, 7))
    told = parse_entry_proof(found.proofs[0].proven.proof.encode())
    assert isinstance(world.signer, FakeSigner)
    with pytest.raises(ValueError, match="is not leaf"):
        check_entry(bytes(line), told, CONSOLE, [world.signer.public_key()], is_signed)
