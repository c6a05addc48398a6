"""A run that finds nothing new only reads, and what it may conclude from reading alone."""

from dataclasses import replace

from audit_archive.format.facts import Action, HeldBackBy
from audit_archive.format.times import DAY
from audit_archive.run.commit import commit
from audit_archive.run.result import RunOutcome
from tests.support.fakes import CallLog
from tests.support.statements import operator_after
from tests.support.world import CONSOLE, World


def idle_world() -> World:
    """A world with an archive, in which nothing is new or due."""
    world = World()
    world.aged(3)
    world.until_quiet()
    return world


def test_an_idle_run_makes_four_requests_to_aws_and_one_to_the_console() -> None:
    world, log = idle_world(), CallLog()
    assert world.run(log).outcome == RunOutcome.IDLE
    assert log.calls == [
        "FakeLedger.look",
        "FakeStore.read",
        "FakeStore.versions",
        "FakeConsole.peek",
        "FakeLedger.complete",
    ]
    assert world.ledger.last_runs(CONSOLE).completed_at == world.clock.now()


def test_what_stands_behind_the_head_is_recorded_though_nothing_is_new() -> None:
    world = idle_world()
    run, head = world.bound(), world.head
    assert commit(run, head, operator_after(head, Action.RESUME)) is not None
    world.run()
    recorded = world.ledger.head(CONSOLE)
    assert recorded is not None
    assert recorded.seq > head.seq


def test_a_head_that_somebody_moved_up_hides_no_entry() -> None:
    world = idle_world()
    (new,) = world.aged(1)
    count = world.reader.peek().population
    lie = replace(world.head, highest_archived_id=new, anchor=None, live_count=count, next_due_at=None)
    world.ledger.overwrite(CONSOLE, lie)
    assert world.run().new_entries == 2, "the entry, and the receipt of the purge before it"


def test_a_brake_is_told_by_an_idle_run() -> None:
    world = idle_world()
    world.note(faults=2)
    world.is_audited = False
    result = world.run()
    assert (result.outcome, result.held_back_by) == (RunOutcome.IDLE, HeldBackBy.VERIFY_FAULTS)
    assert any("verify_faults" in warning for warning in result.warnings)


def test_a_week_later_a_run_is_whole() -> None:
    world = idle_world()
    downloads = world.reader.calls["download"]
    world.later(8 * DAY)
    world.run()
    assert world.reader.calls["download"] == downloads + 1
