"""An operator accepts faults of the daily audit: these hold purging back no longer, each other one does."""

from dataclasses import replace
from typing import Any

import pytest

from audit_archive.audit.daily import MOST_NOTED_BYTES
from audit_archive.bookmark import AuditResult
from audit_archive.errors import RequestError
from audit_archive.format.facts import AcceptedFault, Action, HeldBackBy
from audit_archive.format.statement import OperatorStatement
from audit_archive.format.verdicts import Fault, Verdict
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import RunOutcome
from tests.support.attacker import Victim
from tests.support.audit import audit
from tests.support.fakes.verifications import audited
from tests.support.rows import all_rows
from tests.support.watch import Watch, long_world
from tests.support.world import CONSOLE, HOUR, World, ready

LOST = Fault(Verdict.MISSING, "entries/x", "v1", 3, "entries/x (version v1) is missing")
OTHERS: dict[str, Any] = {
    "verdict": Verdict.ALTERED,
    "key": "entries/y",
    "version_id": "v2",
    "seq": 4,
    "sentence": "entries/x (version v1) is missing. The same is true of every statement from 3 to 5.",
}


def held_world(*faults: Fault) -> World:
    """Entries are old enough and archived, and the last audit found these faults."""
    world = ready(5)
    world.is_audited = False
    found(world, *(faults or (LOST,)))
    assert world.run().held_back_by == HeldBackBy.VERIFY_FAULTS
    return world


def found(world: World, *faults: Fault, more: int = 0) -> None:
    """An audit ends now, and finds these faults, and some for which its note has no room."""
    note = audited(world.clock.now(), AuditResult.FAULTS, len(faults) + more, open_faults=faults)
    world.notes.save(CONSOLE, note)


def accept(world: World, *faults: Fault) -> None:
    world.clock.left = 900.0
    digests = tuple(fault.sha256 for fault in faults)
    decision = OperatorRequest(CONSOLE, Action.ACCEPT_FAULTS, "ada", "the disk died", faults=digests)
    assert state_decision(world.bound(), decision).outcome == RunOutcome.STATED


def test_the_accepted_fault_holds_no_longer_from_an_hour_later_on() -> None:
    world = held_world()
    accept(world, LOST)
    assert world.run().held_back_by == HeldBackBy.RECENT_DECISION
    assert world.posts == []
    world.later(HOUR - 1)
    assert world.run().held_back_by == HeldBackBy.RECENT_DECISION
    assert world.posts == []
    world.later(1)
    found(world, LOST)
    result = world.run()
    assert (result.outcome, world.posts) == (RunOutcome.PURGED, [5])
    audit(world)


@pytest.mark.parametrize("name", OTHERS)
def test_each_other_fault_holds(name: str) -> None:
    """A digest is over all that an audit says of a fault: also over how far it reaches."""
    world = held_world()
    accept(world, LOST)
    world.later(2 * HOUR)
    found(world, replace(LOST, **{name: OTHERS[name]}))
    result = world.run()
    assert (result.held_back_by, world.posts) == (HeldBackBy.VERIFY_FAULTS, [])
    found(world, LOST, replace(LOST, **{name: OTHERS[name]}))
    (warning,) = world.run().warnings
    assert "2 of them, of which an operator accepted 1" in warning
    assert world.posts == []


def test_a_fault_that_the_note_has_no_room_for_holds() -> None:
    world = held_world()
    accept(world, LOST)
    world.later(2 * HOUR)
    found(world, LOST, more=1)
    assert world.run().held_back_by == HeldBackBy.VERIFY_FAULTS
    found(world)
    assert world.run().held_back_by == HeldBackBy.VERIFY_FAULTS, "faults that nobody noted"


def test_what_accepts_faults_does_not_make_an_audit_young_or_whole() -> None:
    world = held_world()
    accept(world, LOST)
    world.later(4 * 24 * HOUR)
    assert world.run().held_back_by == HeldBackBy.NOT_VERIFIED


def test_the_statement_keeps_each_fault_in_full_and_the_head_its_digest() -> None:
    other = replace(LOST, seq=None, version_id=None)
    world = held_world(LOST, other)
    accept(world, LOST, other)
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert said.accepted_faults == tuple(
        AcceptedFault(f.sha256, "missing", f.key, f.version_id, f.seq, f.sentence) for f in (LOST, other)
    )
    (kept,) = world.head.acceptances
    assert (kept.seq, kept.who, kept.reason) == (said.seq, "ada", "the disk died")
    assert (kept.request_id, kept.faults) == (said.run.id, (LOST.sha256, other.sha256))
    world.state(Action.EPOCH)
    assert world.head.acceptances == (kept,), "a fault of the archive is one in each epoch"


def test_only_what_the_last_audit_found_can_be_accepted() -> None:
    world = held_world()
    statements = len(world.chain())
    with pytest.raises(RequestError, match="found no fault"):
        accept(world, replace(LOST, seq=9))
    world.notes.forget(CONSOLE)
    with pytest.raises(RequestError, match="found no fault"):
        accept(world, LOST)
    assert len(world.chain()) == statements
    empty = World()
    with pytest.raises(RequestError, match="nothing is archived"):
        accept(empty, LOST)


@all_rows("given", [[], "a" * 64, ["a" * 63], ["A" * 64], ["a" * 64] * 2, [7], None])
def test_faults_are_named_by_whole_digests_each_once(given: object) -> None:
    event = {"console": CONSOLE, "action": "accept_faults", "who": "ada", "reason": "looked", "faults": given}
    with pytest.raises(RequestError) as refused:
        OperatorRequest.from_event(event)
    assert refused.value.field == "faults"


def test_a_real_fault_is_noted_accepted_and_the_next_one_holds_again() -> None:
    """From the damage of a bucket to the purge, with the daily audit that finds it."""
    watch = Watch(Victim(long_world(3)))
    world, victim = watch.victim.world, watch.victim
    world.is_audited, world.notes = False, watch.notes
    victim.lose(victim.archives[0].entries[0].key)
    found_first = [watch.day() for _ in range(4)][-1].faults
    assert watch.rotation.open_faults == found_first
    world.aged()
    assert world.run().held_back_by == HeldBackBy.VERIFY_FAULTS
    accept(world, *found_first)
    world.later(HOUR)
    sent = len(world.posts)
    assert world.run().outcome == RunOutcome.PURGED
    assert len(world.posts) == sent + 1
    victim.lose(victim.archives[1].entries[0].key)
    for _ in range(4):
        watch.day()
    world.aged()
    assert world.run().held_back_by == HeldBackBy.VERIFY_FAULTS
    assert len(world.posts) == sent + 1


def test_a_note_has_room_for_so_many_faults() -> None:
    watch = Watch(Victim(long_world(60)), days=1)
    for statement in watch.victim.archives:
        watch.victim.lose(statement.export.key)
        watch.victim.lose(statement.entries[0].key)
    report = watch.day()
    assert len(report.faults) > 100
    assert watch.rotation.open_faults == report.faults[:100]
    decided = {fault.sha256: watch.rotation.last_completed_at for fault in report.faults}
    assert watch.rotation.unaccepted(decided) == watch.rotation.faults - 100
    assert MOST_NOTED_BYTES < 400_000


def test_a_fault_that_was_mended_and_is_there_again_is_a_new_one() -> None:
    """Whoever accepted it looked into what was there then, not into what somebody does next year."""
    watch = Watch(Victim(long_world(3)))
    world, victim = watch.victim.world, watch.victim
    world.is_audited, world.notes = False, watch.notes
    key = victim.archives[0].entries[0].key
    kept = victim.store.data(key)
    victim.store.tamper(key, b"x")
    faults = [watch.day() for _ in range(4)][-1].faults
    world.aged()
    world.run()
    accept(world, *faults)
    world.later(HOUR)
    assert world.run().outcome == RunOutcome.PURGED
    victim.store.tamper(key, kept)
    assert [watch.day() for _ in range(4)][-1].faults == ()
    world.aged()
    assert world.run().outcome == RunOutcome.PURGED
    victim.store.tamper(key, b"x")
    again = [watch.day() for _ in range(4)][-1].faults
    assert again == faults, "an audit says the same of it"
    world.aged()
    assert world.run().held_back_by == HeldBackBy.VERIFY_FAULTS
    accept(world, *again)
    world.later(HOUR)
    assert world.run().outcome == RunOutcome.PURGED


def test_an_accepted_fault_that_an_audit_had_no_time_for_is_still_the_same() -> None:
    watch = Watch(Victim(long_world(3)))
    victim = watch.victim
    victim.lose(victim.archives[0].entries[0].key)
    faults = [watch.day() for _ in range(4)][-1].faults
    since, noted = watch.rotation.open_since, watch.rotation.faults
    watch.left = 0.0
    watch.day()
    assert watch.rotation.open_faults == faults
    assert (watch.rotation.open_since, watch.rotation.faults) == (since, noted)
