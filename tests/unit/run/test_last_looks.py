"""What is looked at last before a purge is sent, and what counts as kept."""

from dataclasses import replace

import pytest

from audit_archive.errors import IntegrityError, InvalidExportError, PopulationMismatchError
from audit_archive.format.facts import HeldBackBy
from audit_archive.format.head import Intent
from audit_archive.format.layout import statement_key
from audit_archive.run.result import RunOutcome
from audit_archive.run.settle import settle
from tests.support.audit import audit_quiet
from tests.support.fakes import FakeConsole, FakeTrail
from tests.support.fakes.trail import stamp
from tests.support.world import CONSOLE, DAY, Meanwhile, World, ready, with_a_gap


def test_a_walk_that_runs_out_of_time_holds_the_purge_and_wakes_nobody() -> None:
    world = ready()
    world.purger.tells_population = False
    walks: list[int] = []

    def slow() -> None:
        walks.append(1)
        if len(walks) == 3:  # the anchor, what is newer, and then the walk
            world.clock.left = 80

    world.purger.hooks["entries_above"] = slow
    result = world.run()
    assert len(walks) == 3
    assert (result.outcome, result.held_back_by) == (RunOutcome.ARCHIVED, HeldBackBy.POPULATION)
    assert result.statements[-1] == statement_key(CONSOLE, world.head.seq)  # how the intent ended
    assert (world.posts, world.outcomes(), world.alerts.published) == ([], ["not_sent"], [])
    world.purger.hooks.clear()
    assert world.run().outcome == RunOutcome.PURGED
    audit_quiet(world)


def test_what_lies_above_the_boundary_is_no_reason_to_hold_the_purge() -> None:
    world = ready()
    world.trail.arrive(2)
    world.purger.sees = lambda entry: entry["id"] != 6
    assert world.run().boundary == 5
    assert world.posts == [5]


def test_a_purge_of_our_very_boundary_by_somebody_else_is_no_late_purge_of_ours() -> None:
    world = ready()
    world.trail.arrive()
    somebody = Meanwhile("<lambda>", lambda: world.trail.purge(5))  # as the purging key is opened
    with pytest.raises(PopulationMismatchError):
        world.run(somebody)
    assert world.posts == []
    world.run()
    assert world.alerts.kinds == ["PopulationMismatchError", "ForeignPurge"]


def test_a_purging_key_that_sees_another_trail_of_as_many_entries_purges_nothing() -> None:
    world = ready()
    other = FakeTrail(world.clock)
    other.arrive(5)
    world.purger = FakeConsole(other)
    with pytest.raises(PopulationMismatchError, match="Entry 5, the last of the archived export, is missing"):
        world.run()
    assert (world.posts, other.ids) == ([], [1, 2, 3, 4, 5])


def test_the_lock_that_counts_is_that_of_the_version_that_was_put() -> None:
    world = ready()

    def unlock() -> None:
        (key,) = world.store.keys("exports/")
        (put,) = world.store.history(key)
        world.store.relock(key, None)
        world.store.add(key, replace(put, version_id=""))

    with pytest.raises(IntegrityError, match="lock"):
        world.run(Meanwhile("FakeStore.put", unlock, after=True))
    assert world.posts == []


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_a_refused_export_is_locked_in_the_mode_of_the_stack(mode: str) -> None:
    world = ready()
    world.lock_mode = mode
    world.reader.export = lambda _: b"not a zip"
    with pytest.raises(InvalidExportError):
        world.run()
    (key,) = world.store.keys("rejected/")
    stored = world.store.latest(key)
    assert stored is not None
    assert stored.retention is not None
    assert stored.retention.mode == mode


def write_late_and_on(world: World, late_id: int) -> None:
    """As the purging key counts, a late writer fills an id; after the count the trail grows by one."""

    def arrive() -> None:
        world.purger.hooks.clear()
        world.trail.arrive()

    def late() -> None:
        world.trail.put(late_id, timestamp=stamp(world.clock.now() - DAY))
        world.purger.hooks["entries_above"] = arrive

    world.purger.hooks["peek"] = late


def test_an_entry_that_arrives_after_the_count_does_not_stand_for_a_late_one_that_was_counted() -> None:
    world = ready()
    world.mode = "off"
    world.trail.purge(2, user="mallory@example.com")  # explains why 1 and 2 are missing
    world.run()
    world.later(2 * DAY)
    world.mode = "on"
    write_late_and_on(world, 2)
    with pytest.raises(PopulationMismatchError, match="sees entry 2"):
        world.run()
    assert world.posts == []
    assert 2 in world.trail.ids


def test_a_late_entry_in_an_accepted_hole_is_seen_though_the_count_fits() -> None:
    world = with_a_gap()
    world.accept()
    world.mode = "on"
    write_late_and_on(world, 3)
    with pytest.raises(PopulationMismatchError, match="sees entry 3"):
        world.run()
    assert world.posts == []


def test_a_receipt_that_is_archived_settles_no_second_intent() -> None:
    world = ready()
    world.run()
    world.mode = "off"
    world.aged(1)
    world.run()
    assert 6 in world.trail.ids, "the receipt of the first purge is live, and archived"
    left_open = Intent(1, 5, 5, 5)
    settle(world.bound(), replace(world.head, intents=(left_open,)))
    assert world.outcomes() == ["confirmed", "unknown"]
