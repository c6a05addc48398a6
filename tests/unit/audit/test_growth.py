"""That an archive only grew since a checkpoint that somebody kept: proven, or not, and why."""

from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from audit_archive.adapters.signing import is_signed
from audit_archive.audit.question import GIVEN, Audit, AuditQuestion, Since
from audit_archive.audit.verify import verify_archive
from audit_archive.format.checkpoint import Checkpoint, parse_checkpoint, parse_note
from audit_archive.format.facts import EntryFile
from audit_archive.format.keys import PublicKey
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.merkle import EMPTY_ROOT, TreeBuilder, consistency_proof, leaf_hash
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.format.times import from_rfc3339
from audit_archive.format.verdicts import Depth, Growth, Verdict, Verification, Why
from audit_archive.ports import ArchiveSource
from tests.support.attacker import Victim, blamed, naming, twin_world
from tests.support.audit import archived_lines
from tests.support.fakes import FakeScratch, FakeSigner
from tests.support.fakes.trail import stamp
from tests.support.world import CONSOLE, DAY, World

NEWEST = 8
SEQS = range(1, NEWEST + 1)


@pytest.fixture
def victim() -> Victim:
    return Victim()


def kept(victim: Victim, seq: int) -> Since:
    """The checkpoint of a statement, as somebody copied it once."""
    return since_of(victim.store.data(checkpoint_key(CONSOLE, seq)))


def since_of(note: bytes) -> Since:
    return Since(note, parse_checkpoint(parse_note(note).text))


def signed(checkpoint: Checkpoint, signer: FakeSigner) -> bytes:
    return checkpoint.signed(signer.public_key(), signer.sign(checkpoint.text()))


def signer_of(victim: Victim) -> FakeSigner:
    """The archive's own key, in the wrong hands."""
    assert isinstance(victim.world.signer, FakeSigner)
    return victim.world.signer


def ask(
    victim: Victim,
    since: Since,
    depth: Depth = Depth.CHAIN,
    *,
    source: ArchiveSource | None = None,
    has_lines: bool = True,
    trusted: tuple[PublicKey, ...] = (),
    left: float = 900.0,
) -> tuple[Growth, Verification]:
    victim.world.clock.left = left
    audit = Audit(
        source=source or victim.store,
        clock=victim.world.clock,
        scratch=FakeScratch(),
        is_signed=is_signed,
        has_ledger=source is None,
        recorded=victim.head if source is None else None,
        has_lines=has_lines,
    )
    found = verify_archive(audit, AuditQuestion(CONSOLE, depth, trusted_keys=trusted, since=since))
    assert found.growth is not None
    return found.growth, found


def archive_since(victim: Victim, seq: int) -> list[ArchiveStatement]:
    return [said for said in victim.archives if said.seq > seq]


# ------------------------------------------------------------------------------------------ proven


@pytest.mark.parametrize("depth", tuple(Depth))
@pytest.mark.parametrize("seq", SEQS)
def test_an_archive_that_only_grew_is_proven_to_have(seq: int, depth: Depth, victim: Victim) -> None:
    growth, found = ask(victim, kept(victim, seq), depth, trusted=victim.keys)
    said, newest = victim.statement(seq), victim.statement(NEWEST)
    assert (growth.is_proven, growth.unproven_because, found.faults) == (True, None, ())
    assert (growth.seq, growth.size, growth.root) == (seq, said.tree.size, said.tree.root)
    assert (growth.newest_seq, growth.newest_size) == (NEWEST, newest.tree.size)
    assert growth.newest_root == newest.tree.root
    assert growth.signed_by == (victim.keys[0].key_id.hex(),)
    lines = archived_lines(victim.world)[said.tree.size :]
    proof = consistency_proof(said.tree, map(leaf_hash, lines))
    assert tuple(map(b64decode, growth.hashes)) == (proof if said.tree.size else ())
    assert growth.sentence in found.summary
    more = newest.tree.size - said.tree.size
    read = f"All entries archived since were read: {more}" if more else "No entry was archived since, so none"
    assert f"are those of the checkpoint. {read}" in growth.sentence


def test_a_copy_is_proven_with_the_key_that_the_chain_names(victim: Victim, tmp_path: Path) -> None:
    growth, found = ask(victim, kept(victim, 3), source=victim.copied(tmp_path))
    assert (growth.is_proven, found.faults, found.keys_from) == (True, (), "archive")


def test_lines_of_several_dates_go_into_the_tree_by_their_ids() -> None:
    world = World()
    world.signer = FakeSigner()
    world.aged(3)
    world.run()
    moment = world.clock.now()
    for days in (0, 3, 1, 2, 0, 3):
        world.trail.arrive(timestamp=stamp(moment - days * DAY))
    world.later(DAY)
    world.run()
    victim = Victim(world)
    (said,) = archive_since(victim, 2)
    assert [file.count for file in said.entries] == [2, 1, 1, 3]  # with the receipt of the purge before
    growth, found = ask(victim, kept(victim, 2))
    assert (growth.is_proven, found.faults) == (True, ())


def test_of_a_bundle_the_statements_are_proven_and_it_says_what_is_not(
    victim: Victim, tmp_path: Path
) -> None:
    source = victim.copied(tmp_path)
    growth, found = ask(victim, kept(victim, 3), source=source, has_lines=False)
    assert (growth.is_proven, growth.unproven_because, found.faults) == (False, Why.BUNDLE, ())
    assert growth.sentence.startswith("The chain of statements only grew since the checkpoint over ")
    assert "the tree of entries only grew is not proven" in growth.sentence
    nothing_since, _ = ask(victim, kept(victim, NEWEST), source=source, has_lines=False)
    assert nothing_since.is_proven


# ------------------------------------------------------------------------------------------ attacked


def not_proven(victim: Victim, since: Since, why: str = Why.FAULT, **asked: object) -> Verification:
    growth, found = ask(victim, since, **asked)  # type: ignore[arg-type]
    assert (growth.is_proven, growth.unproven_because, growth.hashes) == (False, why, ())
    assert growth.sentence.startswith("It is not proven that the archive only grew since ")
    assert [each.why for each in found.not_checked if each.what.startswith("lines archived since")] == [why]
    return found


def test_a_checkpoint_that_is_newer_than_the_archive(victim: Victim) -> None:
    since = kept(victim, NEWEST)
    victim.truncate(5)
    victim.restore_ledger(5)
    assert blamed(not_proven(victim, since)) == {(Verdict.MISSING, statement_key(CONSOLE, 6))}
    assert ask(victim, kept(victim, 4))[0].is_proven


def test_another_history_by_whoever_holds_the_key(victim: Victim) -> None:
    signer = signer_of(victim)
    since, before = kept(victim, 6), kept(victim, 4)
    victim.rewrite(5, lambda said: replace(said, run=replace(said.run, reason="x")), signer=signer)
    victim.restore_ledger(NEWEST)
    assert blamed(not_proven(victim, since)) == {(Verdict.FORKED, statement_key(CONSOLE, NEWEST))}
    assert ask(victim, before)[0].is_proven


def with_other_lines(before: Statement) -> Callable[[Statement], Statement]:
    """A statement whose tree is over other lines than its entry files hold; its frontier fits its root."""

    def edit(said: Statement) -> Statement:
        tree = TreeBuilder(before.tree)
        tree.extend(b"%d" % at for at in range(said.tree.size - before.tree.size))
        return replace(said, tree=tree.tree())

    return edit


def test_a_signed_tree_to_which_the_lines_do_not_lead(victim: Victim) -> None:
    """Nothing but the lines tells: the statements fit each other, and the key signed them."""
    signer = signer_of(victim)
    newest = archive_since(victim, 4)[-1].seq
    before = victim.statement(newest - 1)
    for seq in range(newest, NEWEST + 1):
        victim.rewrite(seq, with_other_lines(before), signer=signer)
    victim.restore_ledger(NEWEST)
    key = statement_key(CONSOLE, NEWEST)
    assert blamed(victim.audit(Depth.CHAIN)) == set()
    assert blamed(not_proven(victim, kept(victim, 4))) == {(Verdict.MISDESCRIBED, key)}


def test_a_signed_tree_to_which_the_lines_do_not_lead_from_no_entries(victim: Victim) -> None:
    """The proof between the two trees is empty, as every tree begins with that of no entries."""
    signer = signer_of(victim)
    newest = victim.archives[-1].seq
    before = victim.statement(newest - 1)
    for seq in range(newest, NEWEST + 1):
        victim.rewrite(seq, with_other_lines(before), signer=signer)
    victim.restore_ledger(NEWEST)
    assert kept(victim, 1).checkpoint.size == 0
    key = statement_key(CONSOLE, NEWEST)
    assert blamed(not_proven(victim, kept(victim, 1))) == {(Verdict.MISDESCRIBED, key)}


@pytest.mark.parametrize(("seq", "size"), [(1, 9), (3, 0), (4, 1), (NEWEST, 0)])
def test_a_signed_checkpoint_over_another_size_of_the_same_statement(
    seq: int, size: int, victim: Victim
) -> None:
    lie = replace(kept(victim, seq).checkpoint, size=size)
    for root in (lie.root, EMPTY_ROOT, victim.statement(NEWEST).tree.root):
        found = not_proven(victim, since_of(signed(replace(lie, root=root), signer_of(victim))))
        assert (Verdict.FORKED, statement_key(CONSOLE, NEWEST)) in blamed(found)


def test_a_checkpoint_that_no_key_of_the_archive_signed(victim: Victim) -> None:
    since = since_of(signed(kept(victim, 4).checkpoint, FakeSigner()))
    found = not_proven(victim, since, trusted=victim.keys)
    assert blamed(found) == {(Verdict.UNSIGNED, GIVEN)}
    assert found.growth is not None
    assert found.growth.signed_by == ()


def test_a_checkpoint_whose_signature_is_false(victim: Victim) -> None:
    true, other = kept(victim, 4), kept(victim, 5)
    note = true.checkpoint.text() + other.note[len(other.checkpoint.text()) :]
    assert blamed(not_proven(victim, since_of(note))) == {(Verdict.ALTERED, GIVEN)}


def test_a_checkpoint_of_a_replaced_archive_does_not_fit_the_new_one(victim: Victim, tmp_path: Path) -> None:
    """The perfect forgery of a copy, in which every key is the forger's: the kept checkpoint tells."""
    since, mallory = kept(victim, 4), FakeSigner()
    victim.rewrite(1, naming(mallory), signer=mallory)
    source = victim.copied(tmp_path)
    assert victim.audit(Depth.CHAIN, source=source, has_ledger=False).is_valid
    expected = {(Verdict.UNSIGNED, GIVEN), (Verdict.FORKED, statement_key(CONSOLE, NEWEST))}
    assert blamed(not_proven(victim, since, source=source)) == expected


def test_a_signed_checkpoint_over_another_tree_of_the_same_statement(victim: Victim) -> None:
    signer = signer_of(victim)
    lie = replace(kept(victim, 4).checkpoint, root="ab" * 32)
    found = not_proven(victim, since_of(signed(lie, signer)))
    assert (Verdict.FORKED, statement_key(CONSOLE, NEWEST)) in blamed(found)


@pytest.mark.parametrize("seq", [2, 6])
def test_a_broken_chain_proves_nothing_before_or_after_the_checkpoint(seq: int, victim: Victim) -> None:
    victim.flip(statement_key(CONSOLE, seq), 0.9)
    assert not not_proven(victim, kept(victim, 4)).is_valid


def test_a_second_history_that_the_ledger_knows(victim: Victim) -> None:
    ref = victim.head.statement
    assert ref is not None
    victim.head = replace(victim.head, statement=replace(ref, sha256="ab" * 32))
    assert not not_proven(victim, kept(victim, 4)).is_valid


# ------------------------------------------------------------------------------------------ lines


def file_since(victim: Victim, seq: int) -> EntryFile:
    return archive_since(victim, seq)[-1].entries[0]


def test_without_the_lines_it_is_not_proven(victim: Victim) -> None:
    file = file_since(victim, 4)
    victim.lose(file.key)
    assert blamed(not_proven(victim, kept(victim, 4))) == {(Verdict.MISSING, file.key)}
    assert blamed(not_proven(victim, kept(victim, 4), depth=Depth.CONTENT)) == {(Verdict.MISSING, file.key)}


def test_from_no_entries_every_line_is_read(victim: Victim) -> None:
    """The checkpoint of the statement that names the key: the first that anybody can keep."""
    files = [file.key for said in victim.archives for file in said.entries]
    since = kept(victim, 1)
    assert since.checkpoint.size == 0
    for key in files:
        attacked = Victim(twin_world())
        attacked.lose(key)
        assert blamed(not_proven(attacked, since)) == {(Verdict.MISSING, key)}


def test_altered_lines_are_no_proof_and_told_once(victim: Victim) -> None:
    file = file_since(victim, 4)
    victim.flip(file.key)
    for depth in (Depth.CHAIN, Depth.CONTENT):
        assert blamed(not_proven(victim, kept(victim, 4), depth=depth)) == {(Verdict.ALTERED, file.key)}


def test_lines_whose_retention_is_over_are_no_fault_and_no_proof(victim: Victim) -> None:
    said = archive_since(victim, 4)[-1]
    victim.lose(*(file.key for file in said.entries))
    victim.world.clock.moment = from_rfc3339(said.export.retain_until) + DAY
    victim.world.extend_locks()
    assert not_proven(victim, kept(victim, 4), Why.EXPIRED).is_valid


def test_lines_that_a_run_has_not_published_yet_are_no_fault(victim: Victim) -> None:
    said = archive_since(victim, 4)[-1]
    victim.restore_ledger(said.seq - 1)
    victim.lose(*(file.key for file in said.entries))
    victim.world.clock.moment = from_rfc3339(said.run.started_at) + 60
    assert not_proven(victim, kept(victim, 4), Why.UNRECORDED).is_valid


def test_too_little_time_proves_nothing(victim: Victim) -> None:
    not_proven(victim, kept(victim, 4), Why.TIME, left=10.0)
