"""A plan is shown before it is carried out, and no more is destroyed than was shown."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.errors import PopulationMismatchError, RequestError
from audit_archive.format.facts import HeldBackBy, Mode
from audit_archive.format.times import DAY
from audit_archive.run.request import ArchiveRequest
from audit_archive.run.result import Preview, RunOutcome
from audit_archive.run.survey import Days
from tests.support.world import HOUR, World, ready
from tests.unit.run.test_run_request import STACK

ON_STACK = replace(STACK, purge_mode=Mode.ON)


def day(world: World, hours_ago: int) -> str:
    """The date so many hours ago."""
    return datetime.fromtimestamp(world.clock.now() - hours_ago * HOUR, UTC).date().isoformat()


@pytest.mark.parametrize("mode", ["on", "dry-run"])
def test_the_plan_is_shown_also_if_nothing_is_new_and_nothing_is_purged(mode: str) -> None:
    world = ready(5)
    world.mode = mode
    world.trail.arrive(2)  # too young
    first = world.show()
    assert (first.outcome, first.new_entries, len(first.statements)) == (RunOutcome.ARCHIVED, 7, 1)
    again = world.show()
    assert (again.outcome, again.statements, len(world.chain())) == (RunOutcome.IDLE, (), 1)
    assert again.plan == first.plan == Preview(Mode(mode), 5, 1, 5, day(world, 2), day(world, 2), 2)
    assert (again.boundary, again.held_back_by) == (5, HeldBackBy.SETTLE_WINDOW)
    assert world.posts == []
    assert first.as_dict()["plan"]["last_id"] == 5


def test_a_run_that_is_not_asked_to_show_its_plan_stays_idle_without_one() -> None:
    world = ready()
    world.mode = "dry-run"
    assert world.run().plan is not None
    asked = len(world.served)
    assert (world.run().plan, len(world.served)) == (None, asked)


def test_no_more_is_purged_than_was_shown() -> None:
    """What has come, and become due, between the question and the answer waits for the next run."""
    world = ready(5)
    shown = world.show().plan
    assert shown is not None
    assert shown.last_id == 5
    world.aged(3)
    world.up_to = shown.last_id
    result = world.run()
    assert (world.posts, result.purged_entries, result.new_entries) == ([5], 5, 3)
    assert (result.held_back_by, result.boundary) == (HeldBackBy.UP_TO, 5)
    world.up_to = None
    world.later()
    world.run()
    assert world.posts[-1] == 9  # with the receipt of the first purge


def test_what_is_shown_has_passed_the_checks_of_a_purge() -> None:
    world = ready()
    world.show()
    world.reader.sees = lambda entry: entry["id"] != 3
    world.later(8 * 24 * HOUR)
    with pytest.raises(PopulationMismatchError):
        world.show()


def test_the_plan_of_a_run_that_may_not_purge_says_so() -> None:
    world = ready()
    world.mode = "off"
    shown = world.show()
    assert (shown.plan, shown.held_back_by) == (Preview(Mode.OFF, 0, None, None, None, None, 5), "purge_mode")
    world.mode, world.is_audited = "on", False
    world.note(faults=1)
    shown = world.show()
    assert shown.plan == Preview(Mode.ON, 0, None, None, None, None, 5)
    assert shown.held_back_by == HeldBackBy.VERIFY_FAULTS


@given(st.lists(st.none() | st.integers(-3 * DAY, 6 * DAY), max_size=12), st.integers(0, 14))
def test_the_days_up_to_an_id_are_the_first_and_the_last(times: list[int | None], up_to: int) -> None:
    now = 4 * DAY
    days = Days(now)
    for number, seconds in enumerate(times, 1):
        if seconds is not None:
            days.add(number, seconds)
    seen = [at // DAY for at in times[:up_to] if at is not None and at <= now]
    assert days.up_to(up_to) == ((min(seen), max(seen)) if seen else None)


@pytest.mark.parametrize(
    ("asked", "mode"), [(None, Mode.DRY_RUN), ("off", Mode.OFF), ("dry-run", Mode.DRY_RUN)]
)
def test_an_event_that_asks_for_the_plan_never_purges(asked: str | None, mode: Mode) -> None:
    policy = ArchiveRequest.from_event({"console": "a", "purge_mode": asked, "plan": True}).policy(ON_STACK)
    assert (policy.mode, policy.shows) == (mode, Mode(asked or "on"))
    bounded = ArchiveRequest.from_event({"console": "a", "up_to": 7}).policy(ON_STACK)
    assert (bounded.mode, bounded.up_to, bounded.shows) == (Mode.ON, 7, None)


@pytest.mark.parametrize("wrong", [{"plan": False}, {"up_to": 0}, {"up_to": True}, {"plan": "yes"}])
def test_a_bound_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RequestError):
        ArchiveRequest.from_event({"console": "a", **wrong})
