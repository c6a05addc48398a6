"""Locks are extended before they end, never shortened, and by a run that may stop anywhere."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.audit.locks import ENDING, judge_first_locks
from audit_archive.audit.tally import AuditTally
from audit_archive.errors import ArchiveStoreError
from audit_archive.format.facts import HeldBackBy, LockMode
from audit_archive.format.layout import checkpoint_key, entries_prefix, statement_key
from audit_archive.format.lock_margin import LEAST_MARGIN_DAYS, NOTICE_DAYS, longest_cycle
from audit_archive.format.statement import statement_bytes
from audit_archive.format.times import DAY, from_rfc3339, rfc3339
from audit_archive.format.verdicts import Depth, Verdict
from audit_archive.ports import Retention
from audit_archive.run.extend_locks import KEYS_AT_ONCE, LocksOutcome, LocksReport
from audit_archive.run.lock_terms import LockTerms
from tests.support.attacker import Victim, twin_world
from tests.support.fakes import CallLog, CrashError, FakeSigner, FaultyCalls
from tests.support.fakes.bucket import Stored
from tests.support.world import CONSOLE, World

NOW = 1_795_413_600
MONTH = 31 * DAY
FOREVER = ("statements/", "checkpoints/")

locks = st.none() | st.builds(
    Retention, st.sampled_from(LockMode), st.integers(-400, 4_000).map(lambda days: NOW + days * DAY)
)
terms = st.builds(LockTerms, st.integers(60, 36_500), st.sampled_from(LockMode), st.just(NOW))


def signed_world(retention_days: int = 365) -> World:
    """Two archived and purged days, each statement with its checkpoint."""
    world = World()
    world.retention_days, world.signer = retention_days, FakeSigner()
    for _ in range(2):
        world.aged(3)
        world.run()
        world.later(DAY)
    return world


def versions(world: World, *prefixes: str) -> Iterator[tuple[str, Stored]]:
    """Every version under some prefixes that is no delete marker, and its key."""
    for key in world.store.all_keys():
        if key.startswith(prefixes or ""):
            yield from ((key, each) for each in world.store.history(key) if each.data is not None)


def ends(world: World, *prefixes: str) -> dict[tuple[str, str], Retention]:
    return {
        (key, each.version_id): each.retention
        for key, each in versions(world, *prefixes)
        if each.retention is not None
    }


# ------------------------------------------------------------------------------------------ the terms


@given(terms, locks, st.integers(-4_000, 400))
def test_no_lock_is_shortened_or_changed_in_mode_or_longer_than_a_new_one(
    at: LockTerms, lock: Retention | None, put: int
) -> None:
    for given_lock in (at.lasting(lock), at.promised(lock, NOW + put * DAY)):
        if given_lock is None:
            continue
        assert NOW < given_lock.until <= at.full_term
        if lock is None or lock.until <= NOW:
            assert given_lock.mode == at.mode
        else:
            assert given_lock.until > lock.until
            assert given_lock.mode == lock.mode


@given(terms, locks)
def test_what_is_kept_for_ever_has_a_lock_beyond_the_margin(at: LockTerms, lock: Retention | None) -> None:
    extended = at.lasting(lock) or lock
    assert extended is not None
    assert extended.until > NOW + min(at.margin, (at.retention_days + 1) * DAY - 1)


@pytest.mark.parametrize(
    ("days", "margin"), [(2555, 365), (730, 365), (400, 200), (124, 62), (91, LEAST_MARGIN_DAYS)]
)
def test_the_margin_is_a_year_or_half_of_a_short_retention(days: int, margin: int) -> None:
    at = LockTerms(days, LockMode.GOVERNANCE, NOW)
    assert at.margin == margin * DAY
    assert at.lasting(Retention(LockMode.GOVERNANCE, NOW + at.margin + 1)) is None
    assert at.lasting(Retention(LockMode.GOVERNANCE, NOW + at.margin)) is not None


@given(
    st.integers(91, 4_000),
    st.lists(st.tuples(st.sampled_from(["put", "extend", "skip"]), st.integers(1, 31)), max_size=60),
)
def test_with_monthly_runs_no_lock_of_a_statement_ends_or_is_told_of(
    days: int, deeds: list[tuple[str, int]]
) -> None:
    """One run a month may fail, and the audit, which tells of what ends before its next look, is silent."""
    told_before = max(30, longest_cycle(days) + NOTICE_DAYS) * DAY
    now, last_extension, ends_at = NOW, NOW, list[int]()
    for deed, wait in deeds:
        now += wait * DAY
        if deed == "put":
            ends_at.append(now + (days + 1) * DAY)
        if deed == "extend" or now - last_extension >= MONTH:
            at = LockTerms(days, LockMode.GOVERNANCE, min(now, last_extension + MONTH))
            new = [at.lasting(Retention(LockMode.GOVERNANCE, end)) for end in ends_at]
            ends_at = [max(end, lock.until if lock else 0) for end, lock in zip(ends_at, new, strict=True)]
            last_extension = at.now
        assert all(end > last_extension + MONTH + told_before for end in ends_at)


def test_an_object_is_extended_once_in_the_retention_less_a_year() -> None:
    lock, extensions = Retention(LockMode.COMPLIANCE, NOW + 2_556 * DAY), 0
    for month in range(12 * 30):
        longer = LockTerms(2_555, LockMode.COMPLIANCE, NOW + month * MONTH).lasting(lock)
        if longer is not None:
            lock, extensions = longer, extensions + 1
    assert extensions == (360 * 31) // (2_556 - 365 + 1)


# ------------------------------------------------------------------------------------------ the run


def test_what_ends_within_a_year_is_extended_by_the_full_term() -> None:
    world = signed_world(730)
    before = ends(world)
    world.later(300 * DAY)
    fresh = world.extend_locks()
    assert (fresh.outcome, fresh.extended, fresh.looked_at) == (
        LocksOutcome.DONE,
        0,
        len(ends(world, *FOREVER)),
    )
    assert ends(world) == before
    world.later(70 * DAY)
    done, until = world.extend_locks(), world.clock.now() + 731 * DAY
    assert (done.extended, done.looked_at, done.refused) == (fresh.looked_at, fresh.looked_at, 0)
    assert done.retain_until == rfc3339(until)
    after = ends(world)
    for at, lock in after.items():
        is_for_ever = at[0].startswith(FOREVER)
        assert lock == (Retention(LockMode.GOVERNANCE, until) if is_for_ever else before[at])
    assert world.extend_locks().extended == 0


def test_every_version_keeps_its_own_mode_and_one_without_a_lock_gets_the_stacks() -> None:
    world = signed_world(91)
    first, second, third = (statement_key(CONSOLE, seq) for seq in (1, 2, 3))
    end = world.clock.now() + 10 * DAY
    world.store.relock(first, Retention(LockMode.COMPLIANCE, end))
    world.store.relock(second, None)
    world.store.relock(third, Retention(LockMode.COMPLIANCE, world.clock.now() - DAY))
    checkpoint = checkpoint_key(CONSOLE, 1)
    world.store.relock(checkpoint, Retention(LockMode.GOVERNANCE, end))
    world.store.add(checkpoint, Stored("", b"junk", "", Retention(LockMode.GOVERNANCE, end)))
    world.store.mark_deleted(checkpoint)
    world.extend_locks()
    until = world.clock.now() + 92 * DAY
    modes = [world.store.history(key)[0].retention for key in (first, second, third)]
    assert modes == [Retention(LockMode(mode), until) for mode in ("COMPLIANCE", "GOVERNANCE", "GOVERNANCE")]
    valid, junk, marker = world.store.history(checkpoint)
    assert (valid.retention, junk.retention) == (Retention(LockMode.GOVERNANCE, until),) * 2
    assert marker.retention is None


def test_a_raised_retention_extends_exports_and_entry_files_as_counted_from_their_put() -> None:
    world = signed_world(365)
    started = [from_rfc3339(said.run.started_at) for said in world.archives()]
    world.later(100 * DAY)
    world.retention_days = 1_000
    world.extend_locks()
    for said, at in zip(world.archives(), started, strict=True):
        promised = Retention(LockMode.GOVERNANCE, at + 1_001 * DAY)
        found = ends(world, said.export.key, *(file.key for file in said.entries))
        assert list(found.values()) == [promised] * len(found)
        assert len(found) == 1 + len(said.entries)
    assert Victim(world).audit(depth=Depth.CONTENT).is_valid
    world.retention_days = 365
    assert world.extend_locks().extended == 0  # lowered again: nothing is shortened
    assert Victim(world).audit(depth=Depth.CONTENT).is_valid


def test_without_a_raise_no_export_is_even_looked_at() -> None:
    world = signed_world(365)
    world.later(100 * DAY)
    log = CallLog()
    assert world.extend_locks(log).looked_at == len(ends(world, *FOREVER))


def test_an_entry_file_under_a_false_version_is_extended_below() -> None:
    world = signed_world(365)
    key = world.last().entries[0].key
    world.store.add(key, Stored("", b"false", "", Retention(LockMode.GOVERNANCE, world.clock.now() + DAY)))
    world.retention_days = 1_000
    world.extend_locks()
    good, false = world.store.history(key)
    assert good.retention == false.retention
    assert good.retention is not None
    assert good.retention.until == from_rfc3339(world.last().run.started_at) + 1_001 * DAY


def test_a_forged_statement_extends_nothing_of_others_and_nothing_for_longer_than_a_new_lock() -> None:
    world = signed_world(365)
    said, foreign = world.last(), "exports/console=other/x.json.zip"
    lock = Retention(LockMode.GOVERNANCE, world.clock.now() + DAY)
    others = world.store.add(foreign, Stored("", b"x", "", lock)).version_id
    export = world.store.history(said.export.key)[0]
    world.store.relock(said.export.key, lock)
    for seq, (key, version) in enumerate([(foreign, others), (said.export.key, export.version_id)], 90):
        forged = forged_statement(world, seq, key, version)
        world.store.add(statement_key(CONSOLE, seq), Stored("", forged, "", lock))
    world.extend_locks()
    assert world.store.history(foreign)[0].retention == lock
    extended = world.store.history(said.export.key)[0].retention
    assert extended is not None
    assert extended.until == world.clock.now() + 366 * DAY


def forged_statement(world: World, seq: int, key: str, version_id: str) -> bytes:
    """A well-formed statement of a far future over any object at all."""
    data = statement_bytes(world.last()).decode()
    said = world.last()
    for old, new in (
        (f'"seq":{said.seq}', f'"seq":{seq}'),
        (said.run.started_at, "2099-01-01T00:00:00Z"),
        (said.export.key, key),
        (f'"version_id":"{said.export.version_id}"', f'"version_id":"{version_id}"'),
    ):
        assert old in data
        data = data.replace(old, new)
    return data.encode()


# ------------------------------------------------------------------------------------------ trouble


def test_what_is_refused_is_told_once_counted_each_time_and_stops_nothing() -> None:
    world = signed_world(91)
    world.store.refuses_extension = {statement_key(CONSOLE, 1), statement_key(CONSOLE, 2)}
    world.later(60 * DAY)
    reports = [world.extend_locks(), world.extend_locks()]
    assert [report.refused for report in reports] == [2, 2]
    assert [each.key for each in reports[0].refusals] == sorted(world.store.refuses_extension)
    assert "2 locks could not be extended" in reports[0].warnings[0]
    (finding,) = world.alerts.published
    assert (finding.kind, finding.console, finding.facts["refused"]) == ("LockNotExtended", CONSOLE, 2)
    assert statement_key(CONSOLE, 1) in finding.sentence
    last = world.store.history(statement_key(CONSOLE, 3))[0].retention
    assert last is not None
    assert last.until > world.clock.now() + 91 * DAY


def test_a_statement_that_cannot_be_read_is_counted_and_locked_all_the_same() -> None:
    world = signed_world(91)
    world.store.tamper(statement_key(CONSOLE, 2), b"{}")
    world.later(60 * DAY)
    report = world.extend_locks()
    assert (report.unread, report.refused) == (1, 0)
    assert any("Verify the archive" in warning for warning in report.warnings)
    assert all(lock.until > world.clock.now() + 91 * DAY for lock in ends(world, *FOREVER).values())


def long_world() -> World:
    """A chain of more than one batch of statements."""
    world = signed_world(91)
    world.later(60 * DAY)
    lock = Retention(LockMode.GOVERNANCE, world.clock.now() + DAY)
    for seq in range(10, 3 * KEYS_AT_ONCE):
        world.store.add(statement_key(CONSOLE, seq), Stored("", b"{}", "", lock))
    return world


def test_a_run_out_of_time_goes_on_where_it_stopped() -> None:
    world, reports = long_world(), list[LocksReport]()
    total = len(ends(world, *FOREVER))
    while not reports or reports[-1].outcome == LocksOutcome.UNFINISHED:
        assert len(reports) < 9, "it does not get on"
        reports.append(world.extend_locks(Hurry(world)))
    assert len(reports) > 2
    assert sum(report.looked_at for report in reports) == total
    assert world.ledger.lock_cursor(CONSOLE) is None
    assert all(lock.until > world.clock.now() + 91 * DAY for lock in ends(world, *FOREVER).values())


class Hurry(CallLog):
    """The time is up once the cursor has moved."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = super().call(name, function, *args, **kwargs)
        if name.endswith(".note_lock_cursor"):
            self._world.clock.left = 1.0
        return result


@pytest.mark.parametrize("when", ["before", "after"])
def test_wherever_it_dies_the_next_run_does_the_rest(when: str) -> None:
    log = CallLog()
    signed_world(91).extend_locks(log)
    for at in range(1, len(log.calls) + 1, 3):
        world = signed_world(91)
        world.later(60 * DAY)
        with pytest.raises(CrashError):
            world.extend_locks(CallLog(die_at=at, when="after" if when == "after" else "before"))
        world.extend_locks()
        world.extend_locks()  # a cursor at the very end hides all from the run that finds it
        assert all(lock.until > world.clock.now() + 91 * DAY for lock in ends(world, *FOREVER).values())


@pytest.mark.parametrize(
    "cursor", ["", "~", "entries/", statement_key(CONSOLE, 10**9), "checkpoints/console=1"]
)
def test_a_cursor_that_lies_costs_one_run_at_most(cursor: str) -> None:
    world = signed_world(91)
    world.later(60 * DAY)
    world.ledger.note_lock_cursor(CONSOLE, cursor)
    world.extend_locks()
    world.extend_locks()
    assert all(lock.until > world.clock.now() + 91 * DAY for lock in ends(world, *FOREVER).values())


@pytest.mark.parametrize("cursor", ["~", statement_key(CONSOLE, 10**9)])
def test_a_cursor_behind_the_last_key_hides_nothing_and_is_told(cursor: str) -> None:
    world = signed_world(91)
    world.later(60 * DAY)
    world.ledger.note_lock_cursor(CONSOLE, cursor)
    report = world.extend_locks()
    assert (report.outcome, report.looked_at) == (LocksOutcome.DONE, len(ends(world, *FOREVER)))
    assert all(lock.until > world.clock.now() + 91 * DAY for lock in ends(world, *FOREVER).values())
    (warning,) = report.warnings
    assert "cursor lay behind the last statement" in warning
    assert world.extend_locks().warnings == ()


def test_an_outage_is_an_error_and_not_a_refusal() -> None:
    world, log = signed_world(91), CallLog()
    signed_world(91).extend_locks(log)
    down = FaultyCalls(
        log.calls.index("FakeStore.inspect") + 1, error=lambda: ArchiveStoreError("S3 is down")
    )
    with pytest.raises(ArchiveStoreError, match="down"):
        world.extend_locks(down)
    assert world.alerts.published == []


def test_where_nothing_is_archived_nothing_is_looked_at() -> None:
    report = World().extend_locks()
    assert (report.outcome, report.looked_at, report.extended) == (LocksOutcome.DONE, 0, 0)


# ------------------------------------------------------------------------------------------ the audit


def test_the_audit_tells_of_the_first_lock_that_was_not_extended_until_it_is() -> None:
    victim = Victim(twin_world())
    world = victim.world
    world.clock.moment = from_rfc3339(victim.archives[0].export.retain_until) - 31 * DAY
    assert victim.audit(depth=Depth.CHAIN).is_valid
    sentences = set[str]()
    for _ in range(4):
        world.later(20 * DAY)
        found = victim.audit(depth=Depth.CHAIN)
        (fault,) = found.faults
        assert (fault.verdict, fault.seq) == (Verdict.ENDING, 1)
        sentences.add(fault.sentence)
    assert len(sentences) == 1  # so it is told once, before the lock ends and after
    world.extend_locks()
    assert victim.audit(depth=Depth.CHAIN).is_valid


def test_a_checkpoint_whose_lock_ends_is_told_of_too() -> None:
    victim = Victim(twin_world())
    key = checkpoint_key(CONSOLE, 5)
    end = from_rfc3339(victim.archives[-1].export.retain_until)
    victim.world.clock.moment = end - 20 * DAY
    victim.world.extend_locks()
    victim.world.store.relock(key, Retention(LockMode.GOVERNANCE, end))
    (fault,) = victim.audit(depth=Depth.CHAIN).faults
    assert (fault.verdict, fault.key) == (Verdict.ENDING, key)
    assert entries_prefix(CONSOLE) not in fault.sentence


# ------------------------------------------------------------------------------------------ the purge


def kept_world() -> World:
    """Entries that the keep window left on the Console until their proof is about to end."""
    world = World()
    world.keep = 80 * DAY
    world.aged(3)
    world.run()
    world.later(75 * DAY)
    world.keep = 0
    return world


def test_a_raised_retention_and_extended_locks_lift_the_hold_of_an_ending_proof() -> None:
    world = kept_world()
    assert world.run().held_back_by == HeldBackBy.ENDING_PROOF
    world.retention_days = 1_000
    assert world.run().held_back_by == HeldBackBy.ENDING_PROOF  # raised, and not extended yet
    world.extend_locks()
    world.aged(1)
    world.run()
    assert world.posts == [4]


@pytest.mark.parametrize("which", ["the export", "an entry file"])
def test_a_proof_of_which_one_lock_could_not_be_extended_still_ends(which: str) -> None:
    world = kept_world()
    said = world.last()
    world.store.refuses_extension = {said.export.key if which == "the export" else said.entries[0].key}
    world.retention_days = 1_000
    assert world.extend_locks().refused == 1
    assert world.run().held_back_by == HeldBackBy.ENDING_PROOF
    assert world.posts == []


def test_the_first_lock_is_told_of_by_an_audit_that_walks_nothing() -> None:
    victim = Victim(twin_world())
    victim.world.clock.moment = from_rfc3339(victim.archives[0].export.retain_until)
    for gone, told in (
        (None, statement_key(CONSOLE, 1)),
        (statement_key(CONSOLE, 1), checkpoint_key(CONSOLE, 1)),
    ):
        if gone is not None:
            victim.lose(gone)
        tally = AuditTally()
        judge_first_locks(victim.store, CONSOLE, tally, victim.world.clock.now() + ENDING)
        assert [(fault.verdict, fault.key) for fault in tally.faults] == [(Verdict.ENDING, told)]
    judge_first_locks(victim.store, "other", empty := AuditTally(), 0)
    assert empty.faults == ()


def test_a_stored_export_that_a_later_run_rests_on_is_not_extended_by_hours() -> None:
    """The second statement names the export of the first, which promised no more than at its own put."""
    world = World()
    world.trail.arrive(3)
    world.run()
    world.later()
    world.run()
    first, second = world.archives()[:2]
    assert first.export == second.export
    before = ends(world, "exports/", "entries/")
    log = CallLog()
    world.extend_locks(log)
    assert ends(world, "exports/", "entries/") == before
    assert log.calls.count("FakeStore.extend") == 0
