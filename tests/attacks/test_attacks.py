"""Every attack is caught by each of three verifiers: the right verdict, the right object, and no other."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit_archive.audit.question import KnownPoint
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.verdicts import Checked, Depth, Verdict
from tests.attacks.deeds import forge, rewrite
from tests.attacks.table import BUCKET, COPIES, PAGE, ROWS, Attack, blame, page
from tests.attacks.verifiers import judged
from tests.support.attacker import Victim, blamed, twin_world
from tests.support.rows import row
from tests.support.world import CONSOLE, DAY, World


@pytest.fixture
def victim() -> Victim:
    return Victim()


@pytest.mark.parametrize("attack", ROWS)
def test_attack(attack: Attack, tmp_path: Path) -> None:
    victim = Victim(twin_world(is_signed=attack.is_signed))
    known = () if attack.keeps is None else (victim.checkpoint(attack.keeps),)
    attack.deed(victim)
    for verifier, depth in questions(attack):
        with row((verifier, depth)):
            found = judged(victim, verifier, tmp_path, attack, depth=depth, known=known)
            assert found == blame(victim, attack.told(verifier) or "")


def questions(attack: Attack) -> Iterator[tuple[str, str]]:
    """Each verifier whom an attack is told of, at each depth; `verify.py` knows one."""
    for verifier in (BUCKET, *COPIES):
        if attack.told(verifier) is not None:
            depths = attack.depths if verifier != "verify.py" else {Depth.CONTENT} & {*attack.depths}
            yield from ((verifier, depth) for depth in depths)


def test_the_page_tells_what_the_table_tells() -> None:
    assert PAGE.read_text() == page(), "python -m tests.attacks writes it"


# ------------------------------------------------------------------------------------------ what is no row


@pytest.mark.parametrize("at", [0.1, 0.8])
def test_flip_one_bit_of_a_checkpoint(victim: Victim, at: float, tmp_path: Path) -> None:
    """It is damaged, or no key that is known has signed it: that depends on the bit."""
    key = checkpoint_key(CONSOLE, 4)
    victim.flip(key, at)
    found = {verifier: judged(victim, verifier, tmp_path) for verifier in (BUCKET, *COPIES)}
    assert found["a copy"] == found["verify.py"]
    for each in found.values():
        assert each in ({(Verdict.ALTERED, key)}, {(Verdict.UNSIGNED, key)})


def test_cut_off_the_end_and_restore_an_older_ledger(victim: Victim) -> None:
    """What the audit of yesterday remembers shows it."""
    newest = victim.audit(Depth.CHAIN)
    yesterday = KnownPoint("the last audit", newest.newest_sha256 or "", newest.newest_seq)
    victim.truncate(6)
    victim.restore_ledger(6)
    assert blamed(victim.audit(trusted=victim.keys)) == set()
    found = victim.audit(Depth.CHAIN, known=(yesterday,))
    assert blamed(found) == {(Verdict.MISSING, statement_key(CONSOLE, 7))}


@pytest.mark.parametrize("depth", tuple(Depth))
def test_delete_the_statement_that_lists_a_hole_which_a_later_one_fills(depth: Depth) -> None:
    """What nobody can know any more is no fault of the one that fills it, and its slice is made anew."""
    world = World()
    world.trail.arrive(3)
    world.trail.skip()
    world.aged(1)
    world.run()
    world.later(DAY)
    world.trail.put(4)
    world.trail.arrive()
    world.run()
    victim = Victim(world)
    assert [said.filled for said in victim.archives] == [(), (4,)]
    victim.lose(statement_key(CONSOLE, 1))
    found = victim.audit(depth)
    assert blamed(found) == {(Verdict.MISSING, statement_key(CONSOLE, 1))}
    assert found.checked.get(Checked.SLICES, 0) == (depth == Depth.CONTENT)


def test_hide_an_entry_file(victim: Victim) -> None:
    key = victim.archives[0].entries[0].key
    victim.store.mark_deleted(key)
    found = victim.audit(trusted=victim.keys)
    assert blamed(found) == {(Verdict.MISSING, key)}
    assert "delete marker" in found.faults[0].sentence


def test_hide_an_export(victim: Victim) -> None:
    """It is still there by its version: no fault. But a copy made now would lack it."""
    key = victim.archives[0].export.key
    victim.store.mark_deleted(key)
    found = victim.audit(trusted=victim.keys)
    assert found.is_valid
    hidden = [(note.verdict, note.key) for note in found.notes if "hidden" in note.sentence]
    assert hidden == [(Verdict.ORPHANED, key)]


@pytest.mark.parametrize("verifier", [BUCKET, *COPIES])
def test_add_an_export(victim: Victim, verifier: str, tmp_path: Path) -> None:
    """It may be that of a run that died: a note."""
    key = victim.archives[0].export.key.replace("-", "9-", 1)
    victim.put(key, b"zip")
    assert judged(victim, verifier, tmp_path) == set()
    if verifier != "verify.py":
        source = victim.copied(tmp_path) if verifier == "a copy" else victim.store
        found = victim.audit(source=source, has_ledger=verifier == BUCKET, trusted=victim.keys)
        notes = [(note.verdict, note.key) for note in found.notes if note.verdict == Verdict.ORPHANED]
        assert notes == [(Verdict.ORPHANED, key)]


def test_add_a_checkpoint_with_the_number_before_the_first_statement(victim: Victim) -> None:
    key = checkpoint_key(CONSOLE, 0)
    victim.put(key, b"a note")
    found = victim.audit(trusted=victim.keys)
    assert (blamed(found), [note.key for note in found.notes if note.key == key]) == (set(), [key])


def test_keep_a_checkpoint_that_says_something_else_of_a_statement(victim: Victim) -> None:
    """Two statements of the truth about one statement: one of the two histories is not this one."""
    known = victim.checkpoint(4)
    assert known.checkpoint is not None
    other = replace(known, checkpoint=replace(known.checkpoint, root="0" * 64))
    assert blamed(victim.audit(Depth.CHAIN, known=(known,))) == set()
    assert blamed(victim.audit(Depth.CHAIN, known=(other,))) == {(Verdict.FORKED, statement_key(CONSOLE, 8))}


def test_rewrite_the_end_of_an_unsigned_copy_of_which_somebody_keeps_a_hash(tmp_path: Path) -> None:
    unsigned = Victim(twin_world(is_signed=False))
    known = replace(unsigned.checkpoint(7), checkpoint=None)
    rewrite(4)(unsigned)
    found = unsigned.audit(source=unsigned.copied(tmp_path), has_ledger=False, known=(known,))
    assert blamed(found) == {(Verdict.MISSING, statement_key(CONSOLE, 8))}


def test_of_a_forgery_it_is_told_that_its_keys_are_its_own(victim: Victim, tmp_path: Path) -> None:
    forge(victim)
    assert victim.audit(source=victim.copied(tmp_path), has_ledger=False).keys_from == "archive"
