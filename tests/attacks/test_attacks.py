"""Every attack on an archive is caught: the right verdict, the right object named, and no other."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from audit_archive.audit.question import KnownPoint
from audit_archive.format.facts import LockMode
from audit_archive.format.layout import checkpoint_key, entries_key, statement_key
from audit_archive.format.statement import ArchiveStatement, statement_bytes
from audit_archive.format.verdicts import Checked, Depth, Verdict
from audit_archive.ports import Retention
from tests.support.attacker import Victim, blamed, naming, reason, twin_world
from tests.support.fakes import FakeSigner
from tests.support.world import CONSOLE, DAY, World

STATEMENTS = range(1, 9)
WHERES = pytest.mark.parametrize("where", ["bucket", "copy"])
Where = str


@pytest.fixture
def victim() -> Victim:
    return Victim()


@pytest.fixture
def unsigned() -> Victim:
    return Victim(twin_world(is_signed=False))


def found_in(victim: Victim, where: Where, folder: Path, depth: str = Depth.CONTENT) -> set[tuple[str, str]]:
    """Who is blamed by an auditor who trusts the key: in the bucket with the ledger, or in a copy without."""
    if where == "copy":
        source = victim.copied(folder)
        return blamed(victim.audit(depth, source=source, has_ledger=False, trusted=victim.keys))
    return blamed(victim.audit(depth, trusted=victim.keys))


# ------------------------------------------------------------------------------------------ nobody attacks


@WHERES
@pytest.mark.parametrize("depth", tuple(Depth))
def test_of_an_archive_that_nobody_attacked_nothing_is_said(
    victim: Victim, where: Where, depth: str, tmp_path: Path
) -> None:
    assert found_in(victim, where, tmp_path, depth) == set()


# ------------------------------------------------------------------------------------------ flipped bits


KINDS: dict[str, Callable[[Victim], str]] = {
    "export": lambda v: v.archives[1].export.key,
    "entry file": lambda v: v.archives[0].entries[1].key,
    "key statement": lambda v: statement_key(CONSOLE, 1),
    "archive statement": lambda v: statement_key(CONSOLE, 4),
    "purge statement": lambda v: statement_key(CONSOLE, 6),
    "newest but one statement": lambda v: statement_key(CONSOLE, 7),
    "newest statement": lambda v: statement_key(CONSOLE, 8),
}


@WHERES
@pytest.mark.parametrize("at", [0.3, 1.0])
@pytest.mark.parametrize("kind", KINDS)
def test_flip_one_bit(victim: Victim, kind: str, at: float, where: Where, tmp_path: Path) -> None:
    key = KINDS[kind](victim)
    victim.flip(key, at)
    assert found_in(victim, where, tmp_path) == {(Verdict.ALTERED, key)}


@WHERES
@pytest.mark.parametrize("at", [0.1, 0.8])
def test_flip_one_bit_of_a_checkpoint(victim: Victim, at: float, where: Where, tmp_path: Path) -> None:
    key = checkpoint_key(CONSOLE, 4)
    victim.flip(key, at)
    (found,) = found_in(victim, where, tmp_path)
    assert found in {(Verdict.ALTERED, key), (Verdict.UNSIGNED, key)}


@pytest.mark.parametrize("seq", [1, 5, 6])
def test_flip_one_bit_of_a_statement_in_an_unsigned_copy_of_which_nobody_keeps_a_hash(
    unsigned: Victim, seq: int, tmp_path: Path
) -> None:
    """The next one tells."""
    key = statement_key(CONSOLE, seq)
    unsigned.flip(key, 0.9)
    found = unsigned.audit(source=unsigned.copied(tmp_path), has_ledger=False)
    assert blamed(found) == {(Verdict.ALTERED, key)}


@pytest.mark.parametrize(("seq", "verdict", "at"), [(3, "altered", 3), (5, "altered", 5), (6, "broken", 7)])
def test_change_a_word_in_an_unsigned_copy_of_which_nobody_keeps_a_hash(
    unsigned: Victim, seq: int, verdict: str, at: int, tmp_path: Path
) -> None:
    """Of the newest pair one was altered, and nobody can say which: what is broken is the link."""
    key = statement_key(CONSOLE, seq)
    unsigned.store.tamper(key, unsigned.store.data(key).replace(b"arn:test", b"arn:tess"))
    found = unsigned.audit(source=unsigned.copied(tmp_path), has_ledger=False)
    assert blamed(found) == {(verdict, statement_key(CONSOLE, at))}


def test_change_a_word_of_the_newest_statement_in_the_bucket(unsigned: Victim) -> None:
    """Without ledger and signature, its own checksum tells."""
    key = statement_key(CONSOLE, 7)
    unsigned.store.tamper(key, unsigned.store.data(key).replace(b"arn:test", b"arn:tess"))
    assert blamed(unsigned.audit(Depth.CHAIN, has_ledger=False)) == {(Verdict.ALTERED, key)}


# ------------------------------------------------------------------------------------------ deleted


@WHERES
def test_delete_an_export(victim: Victim, where: Where, tmp_path: Path) -> None:
    key = victim.archives[1].export.key
    victim.lose(key)
    assert found_in(victim, where, tmp_path) == {(Verdict.MISSING, key)}


@WHERES
def test_delete_an_entry_file(victim: Victim, where: Where, tmp_path: Path) -> None:
    key = victim.archives[0].entries[0].key
    victim.lose(key)
    assert found_in(victim, where, tmp_path) == {(Verdict.MISSING, key)}


@WHERES
def test_delete_a_checkpoint(victim: Victim, where: Where, tmp_path: Path) -> None:
    key = checkpoint_key(CONSOLE, 5)
    victim.lose(key)
    assert found_in(victim, where, tmp_path) == {(Verdict.UNSIGNED, key)}


@WHERES
def test_delete_every_checkpoint(victim: Victim, where: Where, tmp_path: Path) -> None:
    victim.lose(*(checkpoint_key(CONSOLE, seq) for seq in STATEMENTS))
    found = found_in(victim, where, tmp_path)
    # One fault for all of them, and one for the trust that is gone.
    assert found == {
        (Verdict.UNSIGNED, checkpoint_key(CONSOLE, 1)),
        (Verdict.UNSIGNED, statement_key(CONSOLE, 8)),
    }


@WHERES
@pytest.mark.parametrize("seq", [1, 4, 7])
def test_delete_a_statement(victim: Victim, seq: int, where: Where, tmp_path: Path) -> None:
    key = statement_key(CONSOLE, seq)
    victim.lose(key)
    assert found_in(victim, where, tmp_path) == {(Verdict.MISSING, key)}


@pytest.mark.parametrize("depth", tuple(Depth))
def test_delete_the_last_statements_and_all_that_they_name(victim: Victim, depth: str) -> None:
    """The ledger knows it."""
    victim.truncate(6)
    assert blamed(victim.audit(depth, trusted=victim.keys)) == {(Verdict.MISSING, statement_key(CONSOLE, 7))}


@pytest.mark.parametrize("depth", tuple(Depth))
def test_cut_off_the_end_of_a_copy(victim: Victim, depth: str, tmp_path: Path) -> None:
    """A chain without its end is a chain; but an auditor who keeps a checkpoint sees it."""
    known = victim.checkpoint(8)
    victim.truncate(6)
    source = victim.copied(tmp_path)
    blind = victim.audit(depth, source=source, has_ledger=False, trusted=victim.keys)
    assert blind.faults == ()
    found = victim.audit(depth, source=source, has_ledger=False, trusted=victim.keys, known=(known,))
    assert blamed(found) == {(Verdict.MISSING, statement_key(CONSOLE, 7))}


def test_cut_off_the_end_and_restore_an_older_ledger(victim: Victim) -> None:
    """What the audit of yesterday remembers shows it."""
    newest = victim.audit(Depth.CHAIN)
    yesterday = KnownPoint("the last audit", newest.newest_sha256 or "", newest.newest_seq)
    victim.truncate(6)
    victim.restore_ledger(6)
    assert blamed(victim.audit(trusted=victim.keys)) == set()
    found = victim.audit(Depth.CHAIN, known=(yesterday,))
    assert blamed(found) == {(Verdict.MISSING, statement_key(CONSOLE, 7))}


@WHERES
def test_delete_a_statement_and_a_checkpoint_after_it(victim: Victim, where: Where, tmp_path: Path) -> None:
    """That signing had begun is not forgotten over a gap."""
    victim.lose(statement_key(CONSOLE, 4), checkpoint_key(CONSOLE, 6))
    assert found_in(victim, where, tmp_path) == {
        (Verdict.MISSING, statement_key(CONSOLE, 4)),
        (Verdict.UNSIGNED, checkpoint_key(CONSOLE, 6)),
    }


@pytest.mark.parametrize("depth", tuple(Depth))
def test_delete_the_statement_that_lists_a_hole_which_a_later_one_fills(depth: str) -> None:
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


@WHERES
def test_delete_a_whole_day(victim: Victim, where: Where, tmp_path: Path) -> None:
    said = victim.archives[1]
    victim.lose(said.export.key, *(file.key for file in said.entries))
    victim.lose(statement_key(CONSOLE, said.seq), checkpoint_key(CONSOLE, said.seq))
    assert found_in(victim, where, tmp_path) == {(Verdict.MISSING, statement_key(CONSOLE, said.seq))}


def test_hide_a_statement(victim: Victim) -> None:
    key = statement_key(CONSOLE, 4)
    victim.store.mark_deleted(key)
    assert found_in(victim, "bucket", Path()) == {(Verdict.FORKED, key)}


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


# ------------------------------------------------------------------------------------------ swapped, replayed


@WHERES
def test_swap_two_exports(victim: Victim, where: Where, tmp_path: Path) -> None:
    one, other = victim.archives[0].export.key, victim.archives[1].export.key
    first, second = victim.store.data(one), victim.store.data(other)
    victim.store.tamper(one, second)
    victim.store.tamper(other, first)
    assert found_in(victim, where, tmp_path) == {(Verdict.ALTERED, one), (Verdict.ALTERED, other)}


@WHERES
def test_swap_two_entry_files(victim: Victim, where: Where, tmp_path: Path) -> None:
    one, other = (file.key for file in victim.archives[0].entries)
    first, second = victim.store.data(one), victim.store.data(other)
    victim.put(one, second)
    victim.put(other, first)
    assert found_in(victim, where, tmp_path) == {(Verdict.ALTERED, one), (Verdict.ALTERED, other)}


@WHERES
def test_swap_two_statements(victim: Victim, where: Where, tmp_path: Path) -> None:
    one, other = statement_key(CONSOLE, 3), statement_key(CONSOLE, 6)
    first, second = victim.store.data(one), victim.store.data(other)
    victim.store.tamper(one, second)
    victim.store.tamper(other, first)
    assert found_in(victim, where, tmp_path) == {(Verdict.ALTERED, one), (Verdict.ALTERED, other)}


@WHERES
def test_replay_an_older_statement_at_the_end(victim: Victim, where: Where, tmp_path: Path) -> None:
    key = statement_key(CONSOLE, 9)
    victim.put(key, victim.store.data(statement_key(CONSOLE, 5)))
    assert found_in(victim, where, tmp_path) == {(Verdict.BROKEN, key)}


@WHERES
def test_replay_an_older_checkpoint(victim: Victim, where: Where, tmp_path: Path) -> None:
    key = checkpoint_key(CONSOLE, 7)
    victim.replace(key, victim.store.data(checkpoint_key(CONSOLE, 4)))
    assert found_in(victim, where, tmp_path) == {(Verdict.MISDESCRIBED, key)}


def test_keep_a_checkpoint_that_says_something_else_of_a_statement(victim: Victim) -> None:
    """Two statements of the truth about one statement: one of the two histories is not this one."""
    known = victim.checkpoint(4)
    assert known.checkpoint is not None
    other = replace(known, checkpoint=replace(known.checkpoint, root="0" * 64))
    assert blamed(victim.audit(Depth.CHAIN, known=(known,))) == set()
    assert blamed(victim.audit(Depth.CHAIN, known=(other,))) == {(Verdict.FORKED, statement_key(CONSOLE, 8))}


# ------------------------------------------------------------------------------------------ forked, re-signed


@pytest.mark.parametrize("seq", [3, 8])
def test_put_a_second_version_of_a_statement(victim: Victim, seq: int) -> None:
    key = statement_key(CONSOLE, seq)
    victim.put(key, statement_bytes(reason("another")(victim.statement(seq))))
    assert found_in(victim, "bucket", Path()) == {(Verdict.FORKED, key)}


@pytest.mark.parametrize("seq", [3, 8])
def test_put_the_same_statement_again_in_place_of_itself(victim: Victim, seq: int) -> None:
    key = statement_key(CONSOLE, seq)
    victim.replace(key, victim.store.data(key))
    assert found_in(victim, "bucket", Path()) == {(Verdict.FORKED, key)}


@WHERES
def test_rewrite_the_end_of_a_signed_chain(victim: Victim, where: Where, tmp_path: Path) -> None:
    """The signatures are still over the true one: told once, for all that was rewritten."""
    victim.rewrite(5, reason("another history"))
    found = found_in(victim, where, tmp_path)
    assert (Verdict.FORKED, statement_key(CONSOLE, 5)) in found
    assert {key for _, key in found} <= {statement_key(CONSOLE, 5), statement_key(CONSOLE, 8)}


def test_rewrite_the_end_of_an_unsigned_chain(unsigned: Victim) -> None:
    unsigned.rewrite(4, reason("another history"))
    assert blamed(unsigned.audit()) == {(Verdict.FORKED, statement_key(CONSOLE, 7))}


def test_rewrite_the_end_of_an_unsigned_copy(unsigned: Victim, tmp_path: Path) -> None:
    """Only somebody who keeps a hash can tell."""
    known = replace(unsigned.checkpoint(7), checkpoint=None)
    unsigned.rewrite(4, reason("another history"))
    source = unsigned.copied(tmp_path)
    assert blamed(unsigned.audit(source=source, has_ledger=False)) == set()
    found = unsigned.audit(source=source, has_ledger=False, known=(known,))
    assert blamed(found) == {(Verdict.MISSING, statement_key(CONSOLE, 8))}


@WHERES
def test_sign_everything_again_with_another_key(victim: Victim, where: Where, tmp_path: Path) -> None:
    """Who trusts the true key is told; who takes the keys from the archive is told that he does."""
    mallory = FakeSigner()
    for seq in STATEMENTS:
        victim.sign(seq, mallory)
    found = found_in(victim, where, tmp_path)
    assert (Verdict.UNSIGNED, checkpoint_key(CONSOLE, 1)) in found
    assert {verdict for verdict, _ in found} == {Verdict.UNSIGNED}


def test_rewrite_everything_name_another_key_and_sign_with_it(victim: Victim, tmp_path: Path) -> None:
    """The perfect forgery of a copy: only a trusted key or a kept checkpoint tells."""
    mallory, known = FakeSigner(), victim.checkpoint(4)
    victim.rewrite(1, naming(mallory), signer=mallory)
    source = victim.copied(tmp_path)
    blind = victim.audit(source=source, has_ledger=False)
    assert (blind.faults, blind.keys_from) == ((), "archive")
    found = victim.audit(source=source, has_ledger=False, trusted=victim.keys)
    assert blamed(found) == {(Verdict.UNSIGNED, checkpoint_key(CONSOLE, 8))}
    found = victim.audit(source=source, has_ledger=False, known=(known,))
    assert blamed(found) == {(Verdict.FORKED, statement_key(CONSOLE, 8))}


def test_vouch_for_a_forgery_with_a_true_checkpoint_beyond_its_end(victim: Victim, tmp_path: Path) -> None:
    mallory, true = FakeSigner(), victim.store.data(checkpoint_key(CONSOLE, 8))
    victim.rewrite(1, naming(mallory), signer=mallory)
    victim.put(checkpoint_key(CONSOLE, 99), true)
    found = victim.audit(source=victim.copied(tmp_path), has_ledger=False, trusted=victim.keys)
    assert (Verdict.UNSIGNED, checkpoint_key(CONSOLE, 8)) in blamed(found)


# ------------------------------------------------------------------------------------------ locks


LOCKED: dict[str, Callable[[Victim], str]] = {
    **KINDS,
    "checkpoint of an archive": lambda v: checkpoint_key(CONSOLE, 4),
    "checkpoint of a purge": lambda v: checkpoint_key(CONSOLE, 3),
}


def archive_lock(victim: Victim, key: str) -> Retention:
    lock = victim.store.history(key)[-1].retention
    assert lock is not None
    return lock


@pytest.mark.parametrize("kind", LOCKED)
def test_shorten_a_lock(victim: Victim, kind: str) -> None:
    key = LOCKED[kind](victim)
    lock = archive_lock(victim, key)
    least = victim.world.clock.now() if kind == "key statement" else lock.until - DAY
    victim.store.relock(key, replace(lock, until=min(least, victim.archives[0].seq)))
    assert found_in(victim, "bucket", Path()) == {(Verdict.UNLOCKED, key)}


@pytest.mark.parametrize("key", [statement_key(CONSOLE, 3), checkpoint_key(CONSOLE, 3)])
def test_shorten_the_lock_of_what_a_run_put_after_its_export(victim: Victim, key: str) -> None:
    """It is not stated, but it can't be shorter than that of the export of the same run."""
    lock = archive_lock(victim, key)
    victim.store.relock(key, replace(lock, until=lock.until - DAY))
    assert found_in(victim, "bucket", Path()) == {(Verdict.UNLOCKED, key)}


def test_shorten_the_lock_of_an_export_by_a_second(victim: Victim) -> None:
    key = victim.archives[0].export.key
    lock = archive_lock(victim, key)
    victim.store.relock(key, replace(lock, until=lock.until - 1))
    assert found_in(victim, "bucket", Path()) == {(Verdict.UNLOCKED, key)}


@pytest.mark.parametrize("kind", LOCKED)
def test_take_a_lock_away(victim: Victim, kind: str) -> None:
    key = LOCKED[kind](victim)
    victim.store.relock(key, None)
    assert found_in(victim, "bucket", Path()) == {(Verdict.UNLOCKED, key)}


def test_weaken_the_mode_of_a_lock(victim: Victim) -> None:
    said = victim.archives[3]
    for key in (said.export.key, statement_key(CONSOLE, said.seq)):
        victim.store.relock(key, replace(archive_lock(victim, key), mode=LockMode.COMPLIANCE))
    strict = replace(said.export, lock_mode=LockMode.COMPLIANCE)
    victim.rewrite(said.seq, lambda s: replace(s, export=strict) if isinstance(s, ArchiveStatement) else s)
    weak = victim.store.history(said.export.key)[-1].retention
    assert weak is not None
    victim.store.relock(said.export.key, replace(weak, mode=LockMode.GOVERNANCE))
    found = victim.audit(has_ledger=False)
    assert (Verdict.UNLOCKED, said.export.key) in blamed(found)


def test_longer_and_stronger_locks_are_fine(victim: Victim) -> None:
    for key in victim.store.keys(""):
        lock = archive_lock(victim, key)
        victim.store.relock(key, Retention(LockMode.COMPLIANCE, lock.until + DAY))
    assert found_in(victim, "bucket", Path()) == set()


# ------------------------------------------------------------------------------------------ moved and added


def move(victim: Victim, old: str, new: str) -> None:
    data, like = victim.store.data(old), victim.store.history(old)[-1]
    victim.lose(old, new)
    victim.put(new, data, like)


@WHERES
def test_renumber(victim: Victim, where: Where, tmp_path: Path) -> None:
    """Take one out, and let those after it move up: nothing is missing, but nothing fits."""
    victim.lose(statement_key(CONSOLE, 4), checkpoint_key(CONSOLE, 4))
    for seq in range(5, 9):
        move(victim, statement_key(CONSOLE, seq), statement_key(CONSOLE, seq - 1))
        move(victim, checkpoint_key(CONSOLE, seq), checkpoint_key(CONSOLE, seq - 1))
    found = found_in(victim, where, tmp_path, Depth.CHAIN)
    moved = {(Verdict.BROKEN, statement_key(CONSOLE, 4))}
    if where == "bucket":  # it knows versions, and the ledger the last number
        moved |= {(Verdict.FORKED, statement_key(CONSOLE, 4)), (Verdict.MISSING, statement_key(CONSOLE, 8))}
    assert found == moved


def test_renumber_what_comes_after_a_gap(victim: Victim, tmp_path: Path) -> None:
    """The state before is not known, the number is."""
    for seq in (3, 4):
        victim.lose(statement_key(CONSOLE, seq), checkpoint_key(CONSOLE, seq))
    for seq in range(5, 9):
        move(victim, statement_key(CONSOLE, seq), statement_key(CONSOLE, seq - 1))
        move(victim, checkpoint_key(CONSOLE, seq), checkpoint_key(CONSOLE, seq - 1))
    assert found_in(victim, "copy", tmp_path, Depth.CHAIN) == {
        (Verdict.MISSING, statement_key(CONSOLE, 3)),
        (Verdict.BROKEN, statement_key(CONSOLE, 4)),
    }


def edited(victim: Victim, seq: int, at: int) -> tuple[str, ArchiveStatement]:
    """Change who did it in an entry file, and all that the statement says of the file."""
    said = victim.statement(seq)
    assert isinstance(said, ArchiveStatement)
    file = said.entries[at]
    lines = gzip.decompress(victim.store.data(file.key)).replace(b"somebody@", b"mallory@")
    data = gzip.compress(lines, mtime=0)
    victim.replace(file.key, data)
    forged = replace(
        file, sha256=sha256(data).hexdigest(), size=len(data), content_sha256=sha256(lines).hexdigest()
    )
    files = tuple(forged if each == file else each for each in said.entries)
    return file.key, replace(said, entries=files)


@WHERES
def test_edit_an_entry_file_and_its_hash_in_the_statement(
    victim: Victim, where: Where, tmp_path: Path
) -> None:
    _, forged = edited(victim, 4, 0)
    key = statement_key(CONSOLE, 4)
    victim.store.tamper(key, statement_bytes(forged))
    assert found_in(victim, where, tmp_path) == {(Verdict.ALTERED, key)}


@WHERES
def test_edit_an_entry_file_its_statement_and_all_after_it_and_sign_it(
    victim: Victim, where: Where, tmp_path: Path
) -> None:
    """By somebody with the signing key: what the export gives is not what is stated."""
    _, forged = edited(victim, 4, 0)
    assert isinstance(victim.world.signer, FakeSigner)
    victim.rewrite(4, lambda _: forged, signer=victim.world.signer)
    victim.restore_ledger(8)
    assert found_in(victim, where, tmp_path) == {(Verdict.MISDESCRIBED, statement_key(CONSOLE, 4))}


@WHERES
def test_add_an_entry_to_an_entry_file(victim: Victim, where: Where, tmp_path: Path) -> None:
    """As a new version: the one that was put first is locked."""
    key = victim.archives[1].entries[0].key
    lines = gzip.decompress(victim.store.data(key))
    victim.put(key, gzip.compress(lines + b'{"id":4,"user":"alibi@example.com"}\n', mtime=0))
    assert found_in(victim, where, tmp_path) == {(Verdict.ALTERED, key)}


@pytest.mark.parametrize("depth", [Depth.OBJECTS, Depth.CONTENT])
def test_add_a_second_gzip_member_to_an_entry_file(victim: Victim, depth: str) -> None:
    key = victim.archives[1].entries[0].key
    victim.put(key, victim.store.data(key) + gzip.compress(b'{"id":4}\n', mtime=0))
    assert found_in(victim, "bucket", Path(), depth) == {(Verdict.ALTERED, key)}


@pytest.mark.parametrize("depth", [Depth.OBJECTS, Depth.CONTENT])
def test_an_entry_file_that_was_packed_anew_is_as_good(victim: Victim, depth: str) -> None:
    key = victim.archives[1].entries[0].key
    victim.put(key, gzip.compress(gzip.decompress(victim.store.data(key)), 1))
    assert found_in(victim, "bucket", Path(), depth) == set()


@WHERES
@pytest.mark.parametrize("seq", [3, 4, 77])
def test_add_an_entry_file(victim: Victim, seq: int, where: Where, tmp_path: Path) -> None:
    """Of a statement that names none, of one that names others, of one that is not there."""
    key = entries_key(CONSOLE, "2026-11-20", seq)
    victim.put(key, gzip.compress(b'{"id":4,"user":"alibi@example.com"}\n', mtime=0))
    assert found_in(victim, where, tmp_path) == {(Verdict.MISDESCRIBED, key)}


@WHERES
def test_add_an_export(victim: Victim, where: Where, tmp_path: Path) -> None:
    """It may be that of a run that died: a note."""
    key = victim.archives[0].export.key.replace("-", "9-", 1)
    victim.put(key, b"zip")
    source = victim.copied(tmp_path) if where == "copy" else victim.store
    found = victim.audit(source=source, has_ledger=where != "copy", trusted=victim.keys)
    assert found.is_valid
    assert [(n.verdict, n.key) for n in found.notes if n.verdict == Verdict.ORPHANED] == [("orphaned", key)]


@WHERES
@pytest.mark.parametrize("depth", tuple(Depth))
def test_serve_the_archive_of_one_console_as_that_of_another(
    victim: Victim, depth: str, where: Where, tmp_path: Path
) -> None:
    other = "feedbeef"
    for key in victim.store.keys(""):
        victim.put(key.replace(CONSOLE, other), victim.store.data(key), victim.store.history(key)[-1])
        victim.lose(key)
    source = victim.copied(tmp_path) if where == "copy" else victim.store
    found = victim.audit(depth, source=source, has_ledger=False, trusted=victim.keys, console=other)
    assert (Verdict.BROKEN, statement_key(other, 1)) in blamed(found)
