"""Thirty days of a Console that nothing is wrong with: quiet, tidy, and nothing to wake anybody for."""

from collections import Counter
from random import Random

import pytest

from audit_archive.run.result import RunOutcome
from tests.support.fakes.trail import stamp
from tests.support.world import DAY, HOUR
from tests.torture.hostile import HostileWorld
from tests.torture.witness import RECEIPT, look, look_at_rest, watch_posts

DAYS = 30
SEED = 20_261_123


def month(mode: str, keep_days: int) -> tuple[HostileWorld, list[Counter[str]], list[int]]:
    """A run each morning, and one more an hour later; how each day's runs ended, and the trail's length."""
    random, world = Random(SEED), HostileWorld()  # noqa: S311 - no secret
    watch_posts(world)
    world.mode, world.keep = mode, keep_days * DAY
    days: list[Counter[str]] = []
    lengths: list[int] = []
    for _ in range(DAYS):
        for hour in range(22):
            for _ in range(random.choice([0, 0, 0, 1] if hour < 7 else [0, 1, 2, 3])):
                world.trail.arrive(timestamp=stamp(world.clock.now() - random.randrange(60)))
            world.later(HOUR)
        ended = [world.invoke()]
        world.later(2 * HOUR)
        ended.append(world.invoke())
        for each in ended:
            world.judge(each)
        look(world)
        days.append(Counter(each.outcome for each in ended))
        lengths.append(len(world.trail.ids))
    return world, days, lengths


def receipts_of(world: HostileWorld) -> set[int]:
    """The ids of every purge receipt that was ever written."""
    live = {e["id"] for e in world.trail.entries if e["action_type"] == RECEIPT}
    return live | {d.entry["id"] for d in world.trail.destroyed if d.entry["action_type"] == RECEIPT}


def test_a_month_of_purging_leaves_a_short_trail_and_no_announcement() -> None:
    world, days, lengths = month("on", 0)
    assert world.alerts.published == []
    assert all(day.keys() <= {RunOutcome.PURGED, RunOutcome.IDLE, RunOutcome.ARCHIVED} for day in days)
    assert all(day[RunOutcome.PURGED] >= 1 for day in days)
    assert max(lengths) <= 12
    unarchived = receipts_of(world) - world.reading.epoch.lines.keys()
    assert unarchived <= {known.entry_id for known in world.head.receipts}
    for _ in range(3):
        world.later(DAY)
        world.judge(world.invoke())
    assert world.invoke().outcome == RunOutcome.IDLE
    look_at_rest(world)


def test_a_month_with_a_week_kept_leaves_a_week() -> None:
    world, days, lengths = month("on", 7)
    assert world.alerts.published == []
    assert not any(day[RunOutcome.PURGED] for day in days[:6])
    assert all(day[RunOutcome.PURGED] for day in days[9:])
    per_day = max(len(world.reading.epoch.lines) / DAYS, 1)
    assert max(lengths[9:]) <= per_day * 9
    oldest = min(e["timestamp"] for e in world.trail.entries if e["action_type"] != RECEIPT)
    assert oldest <= stamp(world.clock.now() - 6 * DAY)


@pytest.mark.parametrize("mode", ["dry-run", pytest.param("off", marks=pytest.mark.wide)])
def test_a_month_without_purging_destroys_nothing_and_archives_all(mode: str) -> None:
    world, _, lengths = month(mode, 0)
    assert world.alerts.published == []
    assert world.posts == []
    assert world.trail.destroyed == []
    assert lengths == sorted(lengths)
    assert set(world.reading.epoch.lines) == set(world.trail.ids)
    statements = len(world.reading.statements)
    world.later(DAY)
    assert world.invoke().outcome == RunOutcome.IDLE
    world.reading.catch_up()
    assert len(world.reading.statements) == statements
