"""Kill the run before and after every one of its outside calls, start it again, and look at what is left."""

from collections.abc import Callable
from contextlib import suppress
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.errors import ArchiveStoreError, ConsoleUnavailableError, LedgerError
from audit_archive.run.result import RunOutcome
from tests.support.audit import audit, audit_quiet
from tests.support.deaths import Death, deaths
from tests.support.examples import examples
from tests.support.fakes import CallLog, CrashError, FakeSigner, FaultyCalls
from tests.support.fakes.console import OURS
from tests.support.fakes.crash import When
from tests.support.fakes.trail import stamp
from tests.support.rows import all_rows
from tests.support.world import DAY, HOUR, LEASE, World


def first_run() -> World:
    world = World()
    world.aged(7)
    return world


def next_run() -> World:
    """A Console that was archived and purged before: its receipt lies unarchived below new entries."""
    world = first_run()
    world.run()
    world.aged(3)
    world.trail.arrive(2)
    return world


def with_young_entries() -> World:
    world = World()
    world.aged(4)
    world.trail.arrive(3)
    return world


def with_a_hole_and_a_foreign_purge() -> World:
    world = first_run()
    world.run()
    world.trail.arrive(2)
    world.trail.skip()
    world.trail.arrive(2)
    world.trail.purge(9)
    world.trail.arrive()
    world.later()
    return world


def with_a_late_writer() -> World:
    world = World()
    world.trail.arrive(2)
    world.trail.skip(2)
    world.trail.arrive(2)
    world.run()
    world.trail.put(3)
    world.trail.arrive()
    world.later()
    return world


def without_receipts() -> World:
    world = with_young_entries()
    world.purger.writes_receipt = False
    return world


def without_an_answer() -> World:
    world = next_run()
    world.purger.answers = False
    return world


def over_several_slices() -> World:
    world = World()
    for day in range(402, 0, -1):
        world.trail.arrive(timestamp=stamp(world.clock.now() - day * DAY))
    world.later()
    return world


def in_dry_run() -> World:
    world = first_run()
    world.mode = "dry-run"
    return world


def signed_from_now_on() -> World:
    world = next_run()
    world.signer = FakeSigner()
    return world


def with_a_new_signing_key() -> World:
    world = World()
    world.signer = FakeSigner()
    world.aged(4)
    world.run()
    world.aged(3)
    world.signer = FakeSigner()
    return world


SCENARIOS: tuple[Callable[[], World], ...] = (
    first_run,
    next_run,
    with_young_entries,
    with_a_hole_and_a_foreign_purge,
    with_a_late_writer,
    without_receipts,
    without_an_answer,
    over_several_slices,
    in_dry_run,
    signed_from_now_on,
    with_a_new_signing_key,
)


def never_beyond_the_record(world: World) -> None:
    """We purged nothing above the watermark of what is archived, and only what a statement planned."""
    ours = [d.entry["id"] for d in world.trail.destroyed if d.user == OURS]
    assert max(ours, default=0) <= world.head.highest_archived_id
    planned = {said.plan.boundary for said in world.archives() if said.plan.mode == "on"}
    assert set(world.posts) <= planned


def everything_destroyed_is_committed(world: World) -> None:
    """Even before anybody cleans up: whatever we destroyed lies in a locked export that a statement names."""
    ours = [d.entry["id"] for d in world.trail.destroyed if d.user == OURS]
    committed = [said.plan.boundary or 0 for said in world.archives() if said.plan.mode == "on"]
    assert max(ours, default=0) <= max(committed, default=0)


def die(world: World, number: int, when: When) -> None:
    with suppress(CrashError):  # a number beyond the run's calls kills nothing
        world.run(CallLog(number, when))


@all_rows("scenario", SCENARIOS)
def test_a_killed_run_loses_nothing_and_the_next_ones_bring_it_to_rest(
    scenario: Callable[[], World],
) -> None:
    # In the longest run only once in a row of equal calls.
    for death in deaths(scenario, in_rows=scenario is over_several_slices):
        loses_nothing_and_comes_to_rest(scenario, death)


def loses_nothing_and_comes_to_rest(scenario: Callable[[], World], death: Death) -> None:
    world = scenario()
    with pytest.raises(CrashError):
        world.run(CallLog(death.number, death.when))
    everything_destroyed_is_committed(world)

    world.later(LEASE + HOUR)
    world.until_quiet()
    if world.head.unexplained:
        world.accept()
        world.until_quiet()

    audit_quiet(world)
    never_beyond_the_record(world)
    assert world.head.open_intents == ()
    is_foreign = scenario is with_a_hole_and_a_foreign_purge
    told = world.alerts.kinds.count("ForeignPurge")
    assert 1 <= told <= 2 if is_foreign else told == 0, "only a crash right after the message tells it twice"
    if world.mode == "on":
        # everything that was worth a purge is gone: what is left is receipts
        assert {entry["action_type"] for entry in world.trail.entries} <= {"audit_trail_purge"}
    else:
        assert world.trail.destroyed == []
    assert world.run().outcome == RunOutcome.IDLE


@given(
    scenario=st.sampled_from([s for s in SCENARIOS if s is not over_several_slices]),
    deaths=st.lists(
        st.tuples(st.integers(1, 40), st.sampled_from(["before", "after"]), st.integers(1, 3 * HOUR)),
        min_size=2,
        max_size=4,
    ),
)
@examples(60)
def test_several_deaths_in_a_row_lose_nothing_either(
    scenario: Callable[[], World], deaths: list[tuple[int, When, int]]
) -> None:
    world = scenario()
    for number, when, pause in deaths:
        die(world, number, when)
        world.later(pause)
        if pause % 3 == 0:
            world.trail.arrive()
    world.later(LEASE + HOUR)
    world.until_quiet(most=10)
    audit_quiet(world)
    never_beyond_the_record(world)


@all_rows("when", ["before", "after"])
@all_rows("error", [ArchiveStoreError, LedgerError, ConsoleUnavailableError])
def test_an_outage_at_any_call_ends_the_run_and_loses_nothing(
    error: Callable[[str], Exception], when: When
) -> None:
    log = CallLog()
    next_run().run(log)
    ports = {
        "ArchiveStoreError": "FakeStore",
        "LedgerError": "FakeLedger",
        "ConsoleUnavailableError": "FakeConsole",
    }
    wanted = ports[cast("type", error).__name__]
    numbers = [number for number, name in enumerate(log.calls, 1) if name.startswith(wanted)]
    assert numbers
    for number in numbers:
        world = next_run()
        with suppress(ArchiveStoreError, LedgerError, ConsoleUnavailableError):
            world.run(FaultyCalls(number, when, lambda: error("down")))
        everything_destroyed_is_committed(world)
        world.later(LEASE + HOUR)
        world.until_quiet()
        audit_quiet(world)
        never_beyond_the_record(world)


def test_what_ends_a_run_with_an_error_gives_the_lease_back() -> None:
    world = first_run()
    with pytest.raises(ConsoleUnavailableError):
        world.run(FaultyCalls(4, "before", lambda: ConsoleUnavailableError("down")))
    assert world.run().outcome == RunOutcome.PURGED
    audit(world)
