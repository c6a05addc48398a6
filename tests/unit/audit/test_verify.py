"""The audit of archives that nobody attacked: what it says, what it counts, and what it says of the rest."""

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path

import pytest

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.adapters.signing import is_signed
from audit_archive.audit.daily import AuditReport
from audit_archive.audit.question import Audit, AuditQuestion, Done, no_progress
from audit_archive.audit.verify import verify_archive
from audit_archive.errors import SettingsError
from audit_archive.format.bucket_settings import Setting
from audit_archive.format.facts import Action
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.times import from_rfc3339
from audit_archive.format.verdicts import AuditNote, Checked, Depth, Verdict, Verification, Why
from audit_archive.ports import ArchiveSource, ObjectFacts, ScratchFile, Version
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from tests.support.attacker import Victim, archived_world, twin_world
from tests.support.fakes import CrashError, FakeClock, FakeScratch, FakeSigner
from tests.support.fakes.crash import CallLog
from tests.support.world import CONSOLE, DAY, World


@pytest.fixture
def victim() -> Victim:
    return Victim()


BY_HAND = {("settings of the bucket", Why.DEPTH): len(Setting)}
"""What no audit by hand of a bucket looks at."""


def unchecked(found: Verification) -> Counter[tuple[str, str]]:
    return Counter({(each.what, each.why): each.count for each in found.not_checked})


def notes_of(found: Verification, verdict: str) -> list[AuditNote]:
    return [note for note in found.notes if note.verdict == verdict]


# ------------------------------------------------------------------------------------------ what is counted


def test_at_the_depth_of_the_chain_every_object_is_said_to_be_unchecked(victim: Victim) -> None:
    found = victim.audit(Depth.CHAIN, trusted=victim.keys)
    assert found.checked == {"checkpoints": 8, "locks": 16, "statements": 8}
    assert unchecked(found) == {
        ("exports", Why.DEPTH): 4,
        ("entry files", Why.DEPTH): 6,
        ("listing of objects that no statement names", Why.DEPTH): 1,
        **BY_HAND,
    }
    assert (found.from_seq, found.to_seq, found.newest_seq, found.continue_at) == (1, 8, 8, None)


def test_at_the_depth_of_objects_only_contents_are_unchecked(victim: Victim) -> None:
    found = victim.audit(Depth.OBJECTS, trusted=victim.keys)
    assert found.checked == {"checkpoints": 8, "entry files": 6, "exports": 4, "locks": 26, "statements": 8}
    assert unchecked(found) == {
        ("contents of exports", Why.DEPTH): 4,
        ("contents of entry files", Why.DEPTH): 6,
        **BY_HAND,
    }


def test_at_the_depth_of_content_nothing_but_the_settings_is_unchecked(victim: Victim) -> None:
    found = victim.audit(Depth.CONTENT, trusted=victim.keys)
    exports = sum(said.export.size for said in victim.archives)
    files = sum(file.size for said in victim.archives for file in said.entries)
    assert found.checked == {
        "bytes": exports + files,
        "checkpoints": 8,
        "contents of entry files": 6,
        "contents of exports": 4,
        "entries": 16,
        "entry files": 6,
        "exports": 4,
        "locks": 26,
        "slices made anew": 4,
        "statements": 8,
    }
    assert unchecked(found) == BY_HAND


def test_a_copy_shows_neither_versions_nor_locks_nor_checksums(victim: Victim, tmp_path: Path) -> None:
    found = victim.audit(source=victim.copied(tmp_path), has_ledger=False, trusted=victim.keys)
    assert unchecked(found) == {
        ("versions", Why.COPY): 10,
        ("locks", Why.COPY): 26,
        ("checksums", Why.COPY): 10,
    }


def test_what_lies_outside_of_the_range_is_counted_as_such(victim: Victim) -> None:
    question = AuditQuestion(CONSOLE, Depth.CONTENT, from_seq=3, to_seq=5)
    found = verify_archive(audit_of(victim), question)
    assert unchecked(found) == {("exports", Why.RANGE): 2, ("entry files", Why.RANGE): 4, **BY_HAND}
    assert (found.checked[Checked.EXPORT_CONTENTS], found.checked[Checked.SLICES]) == (2, 2)
    assert (found.from_seq, found.to_seq, found.continue_at) == (3, 5, None)


@pytest.mark.parametrize(
    ("depth", "first", "last", "said"),
    [
        (Depth.CONTENT, 1, None, "depth content: no fault"),
        (Depth.CONTENT, 1, 8, "depth content: no fault"),
        (Depth.CONTENT, 1, 900, "depth content: no fault"),
        (Depth.CONTENT, 1, 1, "depth content, contents of statements 1 to 1 only: no fault"),
        (Depth.CONTENT, 1, 7, "depth content, contents of statements 1 to 7 only: no fault"),
        (Depth.CONTENT, 2, None, "depth content, contents of statements 2 to 8 only: no fault"),
        (Depth.OBJECTS, 3, 5, "depth objects, objects of statements 3 to 5 only: no fault"),
        (Depth.CONTENT, 9, None, "depth content, no contents of statements: no fault"),
        (Depth.CHAIN, 3, 5, "depth chain: no fault"),
    ],
)
def test_the_summary_says_which_part_was_looked_into(
    victim: Victim, depth: Depth, first: int, last: int | None, said: str
) -> None:
    """`4 statements, no fault` must not sound like all of them were read."""
    found = verify_archive(audit_of(victim), AuditQuestion(CONSOLE, depth, from_seq=first, to_seq=last))
    assert found.summary.endswith(f" entries, {said}")


def test_what_a_statement_that_can_t_be_trusted_names_is_not_checked(victim: Victim) -> None:
    victim.flip(statement_key(CONSOLE, 4), 0.9)
    found = victim.audit(trusted=victim.keys)
    # The state before statement 5 can't be told either, so its slice can't be made anew.
    assert unchecked(found) == {
        ("statements", Why.FAULT): 1,
        ("entry files", Why.FAULT): 1,
        ("slices made anew", Why.FAULT): 1,
        **BY_HAND,
    }
    assert found.checked[Checked.EXPORTS] == 3


def test_what_it_covers(victim: Victim) -> None:
    (epoch,) = victim.audit(Depth.CHAIN).coverage.epochs
    assert (epoch.epoch, epoch.statements, epoch.archived, epoch.filled) == (1, 8, 16, 1)
    assert epoch.missing == {"foreign_purge": 4, "unexplained": 1}
    assert sum(epoch.missing.values()) + epoch.archived - epoch.filled == epoch.highest_archived_id == 20


def test_what_an_operator_accepted_is_still_missing_and_purged_across() -> None:
    world = World()
    world.trail.skip(2)
    world.aged(3)
    world.run()
    world.accept()
    assert world.run().outcome == "purged"
    found = Victim(world).audit()
    (epoch,) = found.coverage.epochs
    assert (found.faults, unchecked(found)) == ((), BY_HAND)
    assert (epoch.missing, epoch.archived, epoch.highest_purged_id) == ({"before_archive": 2}, 3, 5)


def test_what_the_archive_states_itself_is_noted(victim: Victim) -> None:
    found = victim.audit(Depth.CHAIN)
    assert found.note_counts == {"foreign_purge": 2, "hole": 1}
    assert "admin@example.com" in notes_of(found, Verdict.FOREIGN_PURGE)[0].sentence
    assert "mallory@example.com" in notes_of(found, Verdict.FOREIGN_PURGE)[1].sentence
    (hole,) = notes_of(found, Verdict.HOLE)
    assert (hole.seq, hole.sentence) == (4, "Id 13 is missing, and no purge explains it")


def test_a_fault_of_consecutive_statements_is_one_fault_in_two_sentences(victim: Victim) -> None:
    victim.lose(*(checkpoint_key(CONSOLE, seq) for seq in range(1, 9)))
    (fault,) = victim.audit(Depth.CHAIN).faults
    assert fault.sentence == (
        f"{checkpoint_key(CONSOLE, 1)} is missing: signing had begun before statement 1. "
        "The same is true of every statement from 1 to 8."
    )


def test_several_versions_of_a_statement_are_counted(victim: Victim) -> None:
    victim.put(statement_key(CONSOLE, 3), b"one")
    (fault,) = victim.audit(Depth.CHAIN).faults
    assert "has another version beside the version that is in the chain" in fault.sentence
    victim.put(statement_key(CONSOLE, 3), b"two")
    (fault,) = victim.audit(Depth.CHAIN).faults
    assert "has 2 more versions beside the version that is in the chain" in fault.sentence


def test_the_same_archive_gives_the_same_report(victim: Victim) -> None:
    victim.lose(victim.archives[0].export.key, victim.archives[1].entries[0].key)
    victim.flip(statement_key(CONSOLE, 6))
    first, second = (AuditReport(victim.audit()).as_dict() for _ in range(2))
    assert first == second
    assert [fault["seq"] for fault in first["faults"]] == [2, 4, 6]
    assert first["fault_count"] == 3


# ------------------------------------------------------------------------------------ gone, or not there yet


def aged(victim: Victim, days: float) -> None:
    victim.world.clock.advance(days * DAY)
    victim.world.extend_locks()


def come_before_the_end(victim: Victim, days: float) -> None:
    """It is so many days before the lock of the first export ends."""
    end = from_rfc3339(victim.archives[0].export.retain_until)
    aged(victim, (end - victim.world.clock.now()) / DAY - days)


def test_what_is_gone_when_its_retention_is_over_has_expired(victim: Victim) -> None:
    aged(victim, 2557)
    said = victim.archives[0]
    victim.lose(said.export.key, *(file.key for file in said.entries))
    found = victim.audit(trusted=victim.keys)
    assert found.is_valid
    assert found.note_counts[Verdict.EXPIRED] == 3
    assert unchecked(found) == {
        ("exports", Why.EXPIRED): 1,
        ("entry files", Why.EXPIRED): 2,
        ("contents of exports", Why.EXPIRED): 1,
        ("contents of entry files", Why.EXPIRED): 2,
        ("slices made anew", Why.EXPIRED): 1,
        **BY_HAND,
    }


def test_an_export_that_is_gone_before_its_lock_ends_is_missing_in_the_bucket(victim: Victim) -> None:
    said = victim.archives[0]
    come_before_the_end(victim, 0.2)
    victim.lose(said.export.key)
    assert [fault.verdict for fault in victim.audit().faults] == [Verdict.MISSING]


def test_what_is_hidden_on_the_last_day_of_its_lock_is_no_fault(victim: Victim, tmp_path: Path) -> None:
    """In a copy, and of entry files, that is as good as gone."""
    said = victim.archives[0]
    come_before_the_end(victim, 0.2)
    victim.store.mark_deleted(said.export.key)
    for file in said.entries:
        victim.store.mark_deleted(file.key)
    found = victim.audit(trusted=victim.keys)
    assert (found.is_valid, found.note_counts[Verdict.EXPIRED]) == (True, 2)
    copied = victim.audit(source=victim.copied(tmp_path), has_ledger=False, trusted=victim.keys)
    assert (copied.is_valid, copied.note_counts[Verdict.EXPIRED]) == (True, 3)


def died(name: str, *, when: str = "after") -> World:
    """A world whose first run was killed at its first call of a name."""
    world, log = World(), CallLog()
    world.aged(3)
    world.run(log)
    at = log.calls.index(name) + 1
    world = World()
    world.aged(3)
    with pytest.raises(CrashError):
        world.run(CallLog(die_at=at, when="after" if when == "after" else "before"))
    return world


def test_the_export_of_a_run_that_died_is_an_orphan() -> None:
    world = died("FakeStore.put")
    world.later()
    world.trail.arrive()
    world.run()
    found = Victim(world).audit()
    assert found.is_valid
    (orphan,) = notes_of(found, Verdict.ORPHANED)
    assert orphan.key == world.store.keys("exports/")[0]


def test_what_a_run_that_is_not_done_has_not_written_yet_is_not_missing() -> None:
    """But it is, if no run has made it good after two days."""
    victim = Victim(died("FakeStore.create"))
    found = victim.audit()
    assert found.is_valid
    assert unchecked(found) == {
        ("entry files", Why.UNRECORDED): 1,
        ("contents of entry files", Why.UNRECORDED): 1,
        **BY_HAND,
    }
    aged(victim, 3)
    assert [fault.verdict for fault in victim.audit().faults] == [Verdict.MISSING]


def test_without_the_ledger_nobody_can_tell_a_run_that_is_not_done() -> None:
    victim = Victim(died("FakeStore.create"))
    assert [fault.verdict for fault in victim.audit(has_ledger=False).faults] == [Verdict.MISSING]


def test_an_unrecorded_statement_without_a_checkpoint_is_not_a_fault_yet(victim: Victim) -> None:
    victim.restore_ledger(7)
    victim.lose(checkpoint_key(CONSOLE, 8))
    found = victim.audit(trusted=victim.keys)
    assert found.is_valid
    assert unchecked(found) == {("checkpoints", Why.UNRECORDED): 1, **BY_HAND}


def test_where_nothing_was_ever_archived_there_is_nothing_wrong_to_the_daily_audit() -> None:
    found = Victim(World()).audit(Depth.CONTENT, must_exist=False)
    assert (found.is_valid, found.newest_seq, found.checked) == (True, 0, {})


def test_whoever_asks_for_a_console_of_which_nothing_is_archived_is_told_so() -> None:
    """It may be a mistyped one: that must never look like a good archive."""
    found = Victim(World()).audit(Depth.CHAIN)
    assert [(fault.verdict, fault.key) for fault in found.faults] == [("missing", statement_key(CONSOLE, 1))]
    assert "no statement of 1234abcd at all" in found.faults[0].sentence


def test_a_folder_without_a_statement_is_no_valid_archive(tmp_path: Path) -> None:
    audit = Audit(FolderSource(tmp_path), FakeClock(), FakeScratch(), is_signed)
    found = verify_archive(audit, AuditQuestion(CONSOLE, Depth.CONTENT))
    assert [(fault.verdict, fault.key) for fault in found.faults] == [("missing", statement_key(CONSOLE, 1))]


def test_a_ledger_that_can_t_be_read_is_a_fault(victim: Victim) -> None:
    audit = replace(audit_of(victim), has_ledger=False, recorded=None, damage="The head can't be read")
    found = verify_archive(audit, AuditQuestion(CONSOLE))
    assert [(f.verdict, f.key, f.sentence) for f in found.faults] == [
        ("altered", "the ledger", "The head can't be read")
    ]


# ------------------------------------------------------------------------------------------ many statements


def long_world() -> World:
    """Two slices over one export, a new epoch, and ids that count anew."""
    world = World()
    for day in range(402):
        world.trail.arrive(timestamp=f"{date(2020, 1, 1) + timedelta(day)} 00:00:00 UTC+0000")
    world.aged()
    world.run()
    world.later(DAY)
    world.state(Action.EPOCH)
    world.trail.reset()
    world.trail.skip(3)
    world.aged(4)
    world.run()
    return world


def test_slices_of_one_export_and_a_new_epoch() -> None:
    victim = Victim(long_world())
    found = victim.audit()
    assert (found.faults, unchecked(found)) == ((), BY_HAND)
    assert (found.checked[Checked.EXPORTS], found.checked[Checked.EXPORT_CONTENTS]) == (2, 2)
    assert (found.checked[Checked.SLICES], found.checked[Checked.ENTRIES]) == (3, 407)
    assert [epoch.highest_archived_id for epoch in found.coverage.epochs] == [403, 7]
    assert [epoch.archived for epoch in found.coverage.epochs] == [403, 4]


def test_a_part_that_begins_in_the_middle_of_an_export_reads_it_too() -> None:
    victim = Victim(long_world())
    found = verify_archive(audit_of(victim), AuditQuestion(CONSOLE, Depth.CONTENT, from_seq=2))
    assert (found.faults, found.checked[Checked.ENTRIES]) == ((), 7)
    assert unchecked(found) == {("exports", Why.RANGE): 1, ("entry files", Why.RANGE): 400, **BY_HAND}


def test_an_export_of_several_slices_that_is_altered_is_told_once() -> None:
    victim = Victim(long_world())
    key = victim.archives[0].export.key
    victim.flip(key)
    found = victim.audit()
    assert [(fault.verdict, fault.key) for fault in found.faults] == [("altered", key)]
    assert unchecked(found)["slices made anew", Why.FAULT] == 2


def test_a_change_of_the_signing_key() -> None:
    """Each checkpoint is by the key that the chain names there; who trusts the newest key trusts them all."""
    victim = Victim(archived_world())
    old, new = victim.keys, FakeSigner()
    victim.world.signer = new
    victim.world.later(DAY)
    victim.world.aged(2)
    victim.world.run()
    victim = Victim(victim.world)
    found = victim.audit(Depth.CHAIN, trusted=victim.keys)
    assert found.is_valid
    assert sorted(use.checkpoints for use in found.keys) == [3, 8]
    outdated = victim.audit(Depth.CHAIN, trusted=old)
    assert [(f.verdict, f.key) for f in outdated.faults] == [("unsigned", checkpoint_key(CONSOLE, 11))]


def test_what_a_dead_run_left_unsigned_before_its_key_was_replaced_is_covered_by_the_next() -> None:
    world = archived_world()
    world.later(DAY)
    world.aged(2)
    log = CallLog()
    ahead = archived_world()
    ahead.later(DAY)
    ahead.aged(2)
    ahead.run(log)
    with pytest.raises(CrashError):
        world.run(CallLog(die_at=log.calls.index("FakeStore.create") + 1, when="after"))
    world.later()
    world.signer = FakeSigner()
    world.run()
    victim = Victim(world)
    found = victim.audit(trusted=victim.keys)
    assert found.faults == ()
    assert ["the key was replaced" in note.sentence for note in notes_of(found, Verdict.UNSIGNED)] == [True]


def test_a_rebuild_with_another_key_leaves_nothing_unsigned() -> None:
    world = archived_world()
    world.signer = FakeSigner()
    state_decision(world.bound(), OperatorRequest(CONSOLE, Action.REBUILD, "ada", "the table was restored"))
    victim = Victim(world)
    found = victim.audit(Depth.CHAIN, trusted=victim.keys)
    assert (found.faults, found.newest_seq) == ((), 10)


def test_an_archive_that_is_not_signed_says_so() -> None:
    victim = Victim(twin_world(is_signed=False))
    found = victim.audit()
    assert (found.is_valid, found.keys_from, found.keys) == (True, None, ())
    assert [note.sentence for note in notes_of(found, Verdict.UNSIGNED)] == [
        "Statements 1 to 7 are not signed: signing had not begun"
    ]


def test_a_trusted_key_that_signed_nothing_is_a_fault() -> None:
    victim = Victim(twin_world(is_signed=False))
    found = victim.audit(Depth.CHAIN, trusted=(FakeSigner().public_key(),))
    assert [(fault.verdict, fault.key) for fault in found.faults] == [("unsigned", statement_key(CONSOLE, 7))]


# ------------------------------------------------------------------------------------------ time and room


@dataclass
class Slow:
    """An archive of which every look and every read takes a second."""

    store: ArchiveSource
    clock: FakeClock

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        self._wait()
        return self.store.inspect(key, version_id)

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        self._wait()
        return self.store.read(key, version_id)

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        return self.store.versions(prefix, after_key)

    def folders(self, prefix: str) -> Iterator[str]:
        return self.store.folders(prefix)

    def _wait(self) -> None:
        with self._lock:
            self.clock.advance(1)


def test_an_audit_goes_on_where_its_time_was_over_until_everything_is_checked_once(victim: Victim) -> None:
    whole, parts = victim.audit(), list[Verification]()
    victim.lose(victim.archives[3].entries[0].key)
    at: int | None = 1
    while at is not None:
        victim.world.clock.left = 107.0
        slow = replace(audit_of(victim), source=Slow(victim.store, victim.world.clock))
        parts.append(verify_archive(slow, AuditQuestion(CONSOLE, Depth.CONTENT, from_seq=at)))
        at = parts[-1].continue_at
        assert len(parts) < 9, "it does not get on"
    assert len(parts) > 1
    kinds = (Checked.SLICES, Checked.ENTRIES)
    assert [sum(part.checked.get(kind, 0) for part in parts) for kind in kinds] == [
        whole.checked[kind] for kind in kinds
    ]
    assert [len(part.faults) for part in parts][:-1] == [0] * (len(parts) - 1)
    assert [fault.verdict for fault in parts[-1].faults] == ["missing"]
    for part in parts[:-1]:
        assert part.continue_at is not None
        assert any(why == Why.TIME for _, why in unchecked(part))
        assert f"go on at statement {part.continue_at}" in part.summary


def test_a_statement_that_takes_more_than_an_invocation_is_passed_over_and_said_to_be(victim: Victim) -> None:
    victim.world.clock.left = 71.0
    slow = replace(audit_of(victim), source=Slow(victim.store, victim.world.clock))
    found = verify_archive(slow, AuditQuestion(CONSOLE, Depth.CONTENT, from_seq=2))
    assert found.continue_at == 3
    assert unchecked(found)["contents of exports", Why.TIME] == 4


def test_a_chain_that_takes_more_than_an_invocation_says_how_much_is_left(victim: Victim) -> None:
    victim.world.clock.left = 40.0
    slow = replace(audit_of(victim), source=Slow(victim.store, victim.world.clock))
    found = verify_archive(slow, AuditQuestion(CONSOLE, Depth.CONTENT))
    assert found.continue_at == 1
    assert found.checked[Checked.STATEMENTS] + unchecked(found)[Checked.STATEMENTS, Why.TIME] == 8
    assert unchecked(found)["statements", Why.TIME] > 0


def test_a_progress_bar_comes_to_its_end(victim: Victim) -> None:
    seen: list[Done] = []
    found = verify_archive(
        replace(audit_of(victim), progress=seen.append), AuditQuestion(CONSOLE, Depth.CONTENT)
    )
    assert seen[-1] == Done(8, 8, found.checked[Checked.BYTES], found.checked[Checked.BYTES])
    of_contents = [done for done in seen if done.bytes_total is not None]
    assert [done.bytes for done in of_contents] == sorted(done.bytes for done in of_contents)


def test_a_full_disk_is_a_setting_to_correct(victim: Victim) -> None:
    class Full(FakeScratch):
        def __call__(self) -> "FullFile":
            return FullFile()

    with pytest.raises(SettingsError, match="ephemeral storage"):
        verify_archive(replace(audit_of(victim), scratch=Full()), AuditQuestion(CONSOLE, Depth.CONTENT))


class FullFile(BytesIO):
    """A file on a disk that is full."""

    def write(self, data: object) -> int:
        raise OSError(28, "No space left on device")


def audit_of(victim: Victim, scratch: ScratchFile | None = None) -> Audit:
    """What an audit of a victim takes, with its ledger."""
    return Audit(
        source=victim.store,
        clock=victim.world.clock,
        scratch=scratch or FakeScratch(),
        is_signed=is_signed,
        progress=no_progress,
        has_ledger=True,
        recorded=victim.head,
    )
