"""What the daily audit found holds purging back: nothing dies unless it found the archive well of late."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.bookmark import AuditResult, Rotation, oldest_audit
from audit_archive.errors import LedgerError, PurgeMismatchError, runbook_url
from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import HeldBackBy
from audit_archive.format.layout import statement_key
from audit_archive.format.times import from_rfc3339, rfc3339
from audit_archive.run.result import RunOutcome
from tests.support.audit import audit_quiet
from tests.support.fakes.verifications import audited
from tests.support.world import CONSOLE, DAY, HOUR, LEASE, Meanwhile, World, ready

NOT_VERIFIED, VERIFY_FAULTS = HeldBackBy.NOT_VERIFIED, HeldBackBy.VERIFY_FAULTS
ASK = {reason: runbook_url(reason) for reason in (VERIFY_FAULTS, NOT_VERIFIED)}


def unaudited(number: int = 5) -> World:
    """Entries are old enough, and no audit was made."""
    world = ready(number)
    world.is_audited = False
    return world


def faulty(number: int = 5, faults: int = 1) -> World:
    """The same, and the last audit found faults."""
    world = unaudited(number)
    world.note(faults)
    return world


def save(world: World, result: AuditResult | UnknownMember, at: int) -> None:
    world.notes.save(CONSOLE, audited(at, result))


def check_held(world: World, reason: HeldBackBy) -> None:
    """The next run archives all and purges nothing, and says why and what to do."""
    sent = list(world.posts)
    result = world.run()
    assert (result.boundary, result.held_back_by, result.purged_entries) == (None, reason, 0)
    assert result.is_completed
    assert result.highest_archived_id == world.trail.last_id
    (warning,) = [each for each in result.warnings if each.startswith(reason)]
    assert warning.endswith(ASK[reason])
    assert CONSOLE in warning
    assert world.posts == sent


def test_while_the_audit_finds_faults_all_is_archived_and_nothing_is_purged() -> None:
    world = faulty(5, faults=3)
    check_held(world, VERIFY_FAULTS)
    assert "3 of them" in world.run().warnings[0]
    world.aged(2)
    check_held(world, VERIFY_FAULTS)
    assert world.last().plan.held_back_by == VERIFY_FAULTS
    assert world.trail.ids == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("arriving", [0, 2])
def test_once_an_audit_finds_it_well_the_next_run_purges(arriving: int) -> None:
    world = faulty()
    check_held(world, VERIFY_FAULTS)
    world.aged(arriving)
    world.note()
    result = world.run()
    assert (result.outcome, result.held_back_by, result.warnings) == (RunOutcome.PURGED, None, ())
    assert world.posts == [5 + arriving]
    audit_quiet(world)


def test_while_it_holds_being_due_makes_no_run_store_the_same_export_again() -> None:
    """Both for entries that were due when the fault was found, and for those that become due later."""
    for world in (faulty(), faulty(0)):
        world.trail.arrive(1)
        world.run()
        stored = world.store.keys("")
        for _ in range(3):
            world.later()
            result = world.run()
            assert (result.outcome, result.held_back_by) == (RunOutcome.IDLE, VERIFY_FAULTS)
            assert result.warnings[0].startswith("verify_faults: ")
        assert world.store.keys("") == stored
        world.note()
        assert world.run().outcome == RunOutcome.PURGED


@pytest.mark.parametrize("mode", ["off", "dry-run"])
def test_a_mode_that_purges_nothing_says_what_would_hold_back(mode: str) -> None:
    world = faulty()
    world.mode = mode
    result = world.run()
    expected = HeldBackBy.PURGE_MODE if mode == "off" else VERIFY_FAULTS
    assert (result.outcome, result.boundary, result.held_back_by) == (RunOutcome.ARCHIVED, None, expected)
    assert bool(result.warnings) == (mode == "dry-run")
    assert world.run().outcome == RunOutcome.IDLE
    world.note()
    world.mode = "on"
    assert world.run().outcome == RunOutcome.PURGED


def test_a_mismatch_is_told_before_faults() -> None:
    world = ready()
    world.purger.report = lambda count: count + 1
    with pytest.raises(PurgeMismatchError):
        world.run()
    world.is_audited = False
    world.note(1)
    world.aged()
    assert world.run().held_back_by == HeldBackBy.LATCHED_MISMATCH


# ---------------------------------------------------------------------------------- not verified


@pytest.mark.parametrize(("age", "is_held"), [(3 * DAY, False), (3 * DAY + 1, True), (400 * DAY, True)])
def test_an_audit_that_is_too_old_holds_as_faults_do(age: int, is_held: bool) -> None:
    world = unaudited()
    save(world, AuditResult.VALID, world.clock.now() - age)
    if is_held:
        check_held(world, NOT_VERIFIED)
        world.note()
    assert world.run().outcome == RunOutcome.PURGED


def came_to(now: int, came: dict[str, int]) -> Rotation:
    """The note of an audit of now. Moments are given by how long they are past."""
    moments: dict[str, Any] = {
        name: value + now if name != "passed_over" else value for name, value in came.items()
    }
    return replace(audited(now), **moments)


LATE = {
    "no end of the chain": ({"walked_at": -3 * DAY - 1}, "no audit has come to the end of the chain since"),
    "not in time for all": ({"unread_since": -93 * DAY - 1}, "all contents were to be read within 90 days"),
    "one passed over": ({"unread_since": -93 * DAY - 1, "passed_over": 7}, "statement 7 takes more than an"),
    "ends yet to come": ({"walked_at": 9 * DAY}, "no audit has come to the end"),
    "reads yet to come": ({"unread_since": 9 * DAY}, "all contents were to be read"),
}


@pytest.mark.parametrize(("came", "says"), LATE.values(), ids=LATE)
def test_an_audit_of_today_that_did_not_come_far_holds_as_one_that_is_too_old(
    came: dict[str, int], says: str
) -> None:
    """It ran out of its time without a fault: that says nothing of what it never reached."""
    world = unaudited()
    now = world.clock.now()
    world.notes.save(CONSOLE, came_to(now, came))
    check_held(world, NOT_VERIFIED)
    assert says in world.run().warnings[0]
    world.note()
    assert world.run().outcome == RunOutcome.PURGED


@pytest.mark.parametrize("came", [{"walked_at": -3 * DAY}, {"unread_since": -93 * DAY}])
def test_an_audit_that_divides_a_long_archive_over_its_days_does_not_hold(came: dict[str, int]) -> None:
    world = unaudited()
    now = world.clock.now()
    world.notes.save(CONSOLE, came_to(now, came))
    assert world.run().outcome == RunOutcome.PURGED


@pytest.mark.parametrize(("age", "is_held"), [(2 * DAY, False), (4 * DAY, True)])
def test_before_an_audit_came_to_the_end_the_age_of_the_archive_holds(age: int, is_held: bool) -> None:
    """Whoever makes the first audits die early gains nothing by it."""
    world = unaudited()
    world.run()
    world.later(age)
    world.aged()
    now = world.clock.now()
    world.notes.save(CONSOLE, audited(now, walked_at=0))
    if is_held:
        check_held(world, NOT_VERIFIED)
    else:
        assert world.run().outcome == RunOutcome.PURGED


def test_a_note_of_the_future_is_no_audit() -> None:
    world = unaudited()
    save(world, AuditResult.VALID, world.clock.now() + 10 * DAY)
    check_held(world, NOT_VERIFIED)


def test_a_result_that_this_release_does_not_know_holds() -> None:
    world = unaudited()
    save(world, UnknownMember("unclear"), world.clock.now())
    check_held(world, VERIFY_FAULTS)


@pytest.mark.parametrize("is_faulty", [False, True])
def test_notes_that_cannot_be_read_hold(is_faulty: bool) -> None:
    world = unaudited()
    world.note(int(is_faulty))
    world.notes.damage(CONSOLE)
    check_held(world, NOT_VERIFIED)


def test_a_new_console_is_purged_before_its_first_audit() -> None:
    world = unaudited()
    assert world.run().outcome == RunOutcome.PURGED
    for _ in range(2):
        world.later(DAY)
        world.aged()
        assert world.run().outcome == RunOutcome.PURGED


def test_without_an_audit_the_age_of_the_archive_holds() -> None:
    world = unaudited()
    world.run()
    world.later(3 * DAY)
    world.aged()
    check_held(world, NOT_VERIFIED)
    world.note()
    world.aged()
    assert world.run().outcome == RunOutcome.PURGED


def test_who_deletes_the_note_of_a_fault_lifts_nothing() -> None:
    world = ready()
    world.run()
    world.is_audited = False
    world.later(4 * DAY)
    world.note(1)
    world.aged()
    check_held(world, VERIFY_FAULTS)
    world.notes.forget(CONSOLE)
    world.aged()
    check_held(world, NOT_VERIFIED)


def began(world: World) -> bytes:
    return world.chain()[0].run.started_at.encode()


def hide(world: World) -> None:
    world.store.mark_deleted(statement_key(CONSOLE, 1))


def overwrite(world: World) -> None:
    """A later version that is younger says nothing: the oldest one counts."""
    key = statement_key(CONSOLE, 1)
    stored = world.store.latest(key)
    assert stored is not None
    assert stored.data is not None
    younger = stored.data.replace(began(world), rfc3339(world.clock.now()).encode())
    world.store.add(key, replace(stored, data=younger))


@pytest.mark.parametrize("hostile", [hide, overwrite])
def test_whoever_hides_the_first_statement_makes_the_archive_no_younger(
    hostile: Callable[[World], None],
) -> None:
    world = unaudited()
    world.run()
    world.later(4 * DAY)
    world.aged()
    hostile(world)
    check_held(world, NOT_VERIFIED)


def test_a_first_statement_that_is_gone_holds() -> None:
    world = unaudited()
    world.run()
    world.aged()
    (stored,) = world.store.history(statement_key(CONSOLE, 1))
    world.store.lose(statement_key(CONSOLE, 1), stored.version_id)
    check_held(world, NOT_VERIFIED)


def test_notes_that_cannot_be_asked_for_end_the_run_before_anything_else() -> None:
    world = faulty()

    class Unreachable(Meanwhile):
        def call(self, name: str, function: Callable[..., object], *args: object, **kwargs: object) -> object:
            if name == "FakeVerifications.last":
                raise LedgerError("the table does not answer")
            return super().call(name, function, *args, **kwargs)

    with pytest.raises(LedgerError):
        world.run(Unreachable("never", lambda: None))
    assert (world.posts, world.chain()) == ([], [])


@pytest.mark.parametrize(("gap", "oldest"), [(0, 3 * DAY), (DAY, 3 * DAY), (7 * DAY, 14 * DAY)])
def test_an_audit_is_too_old_after_twice_its_period_and_three_days_at_least(gap: int, oldest: int) -> None:
    assert oldest_audit(gap) == oldest


# ---------------------------------------------------------------------------------- the last look


@pytest.mark.parametrize("call", ["FakeLedger.record", "FakeStore.create", "FakeConsole.peek"])
def test_a_fault_that_is_found_while_a_run_works_stops_its_purge(call: str) -> None:
    world = unaudited()
    world.note()
    result = world.run(Meanwhile(call, lambda: world.note(2), after=True))
    assert (result.outcome, result.held_back_by, world.posts) == (RunOutcome.ARCHIVED, VERIFY_FAULTS, [])
    assert result.warnings[-1].startswith("verify_faults: ")
    assert world.outcomes() == ["not_sent"]
    world.later(LEASE)
    assert world.run().outcome == RunOutcome.IDLE
    world.note()
    assert world.run().outcome == RunOutcome.PURGED
    audit_quiet(world)


# ---------------------------------------------------------------------------------- who is told


@pytest.mark.parametrize("reason", [VERIFY_FAULTS, NOT_VERIFIED])
def test_a_hold_that_lasts_is_announced_once_with_its_reason(reason: HeldBackBy) -> None:
    world = faulty() if reason == VERIFY_FAULTS else unaudited()
    if reason == NOT_VERIFIED:
        save(world, AuditResult.VALID, world.clock.now() - 9 * DAY)
    for _ in range(6):
        world.run()
        world.later(DAY)
    (finding,) = world.alerts.published
    assert finding.kind == "PurgeHeldBack"
    assert f"held back by {reason}" in finding.sentence


def test_what_waited_for_its_age_is_announced_with_the_reason_of_now() -> None:
    world = unaudited(0)
    world.trail.arrive(3)
    world.note()
    assert world.run().held_back_by == HeldBackBy.SETTLE_WINDOW
    world.note(1)
    for _ in range(5):
        world.later(DAY)
        assert world.run().held_back_by == VERIFY_FAULTS
    (finding,) = world.alerts.published
    assert "held back by verify_faults" in finding.sentence


Step = st.sampled_from(["arrive", "run", "wait", "fault", "well", "forget", "damage"])


@given(st.lists(Step, max_size=25))
def test_never_a_purge_while_the_notes_do_not_say_that_the_archive_is_well(steps: list[str]) -> None:
    world = unaudited(3)
    state, since = "none", world.clock.now()
    deeds: dict[str, Callable[[], object]] = {
        "arrive": lambda: world.aged(2),
        "wait": lambda: world.later(DAY + HOUR),
        "fault": lambda: world.note(1),
        "well": world.note,
        "damage": lambda: world.notes.damage(CONSOLE),
        "forget": lambda: world.notes.forget(CONSOLE) if state != "none" else None,
    }
    for step in steps:
        if step == "run":
            sent = len(world.posts)
            began = world.clock.now() if not world.chain() else None
            world.run()
            if state == "none":
                since = began if began is not None else since
            is_young = world.clock.now() - since <= 3 * DAY
            assert len(world.posts) == sent or (state in {"well", "none"} and is_young)
            continue
        deeds[step]()
        if step in {"fault", "well", "damage"}:
            state, since = step, world.clock.now()
        elif step == "forget":
            state, since = "none", first_moment(world)
    world.note()
    world.aged()
    assert world.run().outcome == RunOutcome.PURGED


def first_moment(world: World) -> int:
    """When the archive began, as the chain itself says."""
    chain = world.chain()
    return from_rfc3339(chain[0].run.started_at) if chain else world.clock.now()
