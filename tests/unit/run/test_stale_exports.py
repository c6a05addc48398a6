"""An export that lags, is frozen, is empty or is of another trail, while `fetch` shows what is there."""

from contextlib import suppress

import pytest

from audit_archive.errors import ConsoleError, InvalidExportError, RollbackError
from audit_archive.format.facts import Action, HeldBackBy
from audit_archive.format.times import from_rfc3339, read_timestamp
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import RunOutcome
from tests.support.audit import audit, audit_quiet
from tests.support.fakes.console import zip_of
from tests.support.fakes.trail import Entry, stamp
from tests.support.world import CONSOLE, DAY, HOUR, World, ready

MINUTE = 60


def freeze(world: World) -> None:
    """From now on the export is the copy that it is now."""
    entries = list(world.trail.entries)
    world.reader.export = lambda _: zip_of(entries)


def lagging(world: World, seconds: int) -> None:
    """The export holds what was there so long ago."""

    def export(entries: list[Entry]) -> bytes:
        until = stamp(world.clock.now() - seconds)
        return zip_of([entry for entry in entries if entry["timestamp"] <= until])

    world.reader.export = export


def completed(world: World) -> int | None:
    return world.ledger.last_runs(CONSOLE).completed_at


@pytest.mark.parametrize("is_empty", [False, True])
def test_an_export_that_never_shows_what_fetch_shows_completes_nothing_and_is_soon_an_error(
    is_empty: bool,
) -> None:
    world = ready()
    world.mode = "off"
    world.run()
    world.later(DAY)
    assert world.run().outcome == RunOutcome.IDLE
    was, world.mode = completed(world), "on"
    if is_empty:
        world.reader.export = lambda _: zip_of([])
    else:
        freeze(world)
    world.aged(5)
    posts, chain = list(world.posts), len(world.chain())
    for _ in range(2):
        result = world.run()
        assert (result.outcome, result.is_stale, result.new_entries) == (RunOutcome.STALE, True, 0)
        assert "stale_export: `fetch` shows entry 10" in result.warnings[0]
        world.later()
    with pytest.raises(InvalidExportError, match="lacks entry 10, which `fetch` has shown since"):
        world.run()
    assert (completed(world), world.posts, len(world.chain())) == (was, posts, chain)
    world.reader.export = zip_of
    assert world.run().outcome == RunOutcome.PURGED
    assert completed(world) == world.clock.now()
    audit_quiet(world)


@pytest.mark.parametrize("every", [10 * MINUTE, 25 * MINUTE, HOUR, DAY])
def test_on_a_busy_console_a_frozen_export_is_an_error_however_often_it_is_read(every: int) -> None:
    """The newest entry is always young there."""
    world = ready()
    world.mode = "off"
    world.run()
    freeze(world)

    def day_by_day() -> None:
        for _ in range(50):
            world.later(every)
            world.trail.arrive()
            world.run()

    with pytest.raises(InvalidExportError, match="lacks entry 6, which"):
        day_by_day()


def test_a_first_run_whose_export_is_empty_archives_nothing_and_does_not_say_that_all_is_well() -> None:
    world = ready()
    world.reader.export = lambda _: zip_of([])
    result = world.run()
    assert (result.outcome, world.chain(), completed(world)) == (RunOutcome.STALE, [], None)


def first_lacking(world: World) -> int:
    """When the oldest entry was written that the newest export does not hold."""
    lacking = [
        entry["timestamp"] for entry in world.trail.entries if entry["id"] > world.last().export.last_id
    ]
    moment = read_timestamp(min(lacking))
    assert moment is not None
    return moment


def test_an_export_that_lags_an_hour_but_advances_is_archived_and_covers_an_hour_less() -> None:
    world = ready()
    world.keep = DAY
    lagging(world, 50 * MINUTE)
    for _ in range(40):
        world.trail.arrive()
        world.later(20 * MINUTE)
        result = world.run()
        assert not result.is_stale
        assert from_rfc3339(world.last().covered_until) == first_lacking(world) - 1
    assert completed(world) == world.clock.now()
    assert world.alerts.published == []
    audit(world)


def test_a_young_lack_lowers_only_what_is_covered_and_to_before_the_first_entry_lacking() -> None:
    world = ready()
    world.later(-30 * MINUTE)
    freeze(world)
    first = world.clock.now()
    world.trail.arrive()
    world.clock.advance(10 * MINUTE)
    world.trail.arrive()
    world.clock.advance(10 * MINUTE)
    result = world.run()
    assert (result.outcome, result.is_stale) == (RunOutcome.PURGED, False)
    assert from_rfc3339(world.last().covered_until) == first - 1
    assert "`fetch` shows entries that the export lacks: 6 to 7" in result.warnings[0]
    assert completed(world) == world.clock.now()


@pytest.mark.parametrize("age", [0, 2 * HOUR])
def test_yesterdays_cached_export_after_our_purge_is_no_rollback_and_nobody_is_woken(age: int) -> None:
    world = ready()
    freeze(world)
    world.run()
    assert world.posts == [5]
    world.trail.arrive()
    world.later(age)
    result = world.run()
    assert (result.outcome, result.is_stale) == (RunOutcome.STALE, True)
    assert (world.posts, world.alerts.kinds) == ([5], [])
    world.reader.export = zip_of
    world.until_quiet()
    assert world.alerts.kinds == []
    audit_quiet(world)


@pytest.mark.parametrize("grown", [2, 12])
@pytest.mark.parametrize("stale", [1, 3])
def test_a_reset_after_stale_exports_is_a_rollback_as_soon_as_the_export_shows_it(
    stale: int, grown: int
) -> None:
    """What `fetch` showed before the reset is gone for good: no export can ever hold it."""
    world = ready(10)
    world.mode = "off"
    world.run()
    freeze(world)
    world.aged(5)
    for _ in range(stale):
        with suppress(InvalidExportError):
            assert world.run().is_stale
        world.later()
    world.trail.reset()
    world.aged(grown)
    with suppress(InvalidExportError):
        world.run()
    world.reader.export = zip_of
    for _ in range(2):
        with pytest.raises(RollbackError, match="went backwards"):
            world.run()
    operator = OperatorRequest(CONSOLE, Action.EPOCH, "ann", "the Console was replaced")
    state_decision(world.bound(), operator)
    world.mode = "on"
    assert world.run().new_entries == grown
    world.until_quiet()
    assert world.ledger.lack(CONSOLE) is None


def test_a_reset_is_no_rollback_while_fetch_may_show_what_the_export_lacks() -> None:
    """The export holds the newest entry, and the pages, which could show the rest, can't be read."""
    world = ready(10)
    world.mode = "off"
    world.run()
    freeze(world)
    world.aged(5)
    assert world.run().is_stale
    entries = world.trail.copy()
    world.trail.reset({15: entries[15]})
    world.aged(1)
    world.reader.export = lambda _: zip_of(
        [entry for entry in world.trail.entries if entry["id"] != 15] + [entries[3]]
    )

    def refuse() -> None:
        raise ConsoleError("down")

    world.reader.hooks["entries_above"] = refuse
    assert world.run().is_stale


def test_a_stale_export_with_new_entries_is_archived_and_purges_and_completes_nothing() -> None:
    world = ready()
    world.trail.arrive(2)
    world.later()
    freeze(world)
    world.aged(2)
    result = world.run()
    assert (result.outcome, result.new_entries, result.is_stale) == (RunOutcome.ARCHIVED, 7, True)
    assert (result.held_back_by, world.posts) == (HeldBackBy.STALE_EXPORT, [])
    assert world.last().stale is not None
    assert completed(world) is None
    assert world.head.live_count is None
    world.reader.export = zip_of
    world.until_quiet()
    audit_quiet(world)


@pytest.mark.parametrize("age", [0, 2 * HOUR])
def test_new_entries_of_an_export_of_another_trail_are_not_archived_as_ours(age: int) -> None:
    """Else the true entries with these ids would pass for archived, and be purged."""
    world = ready()
    world.mode = "off"
    world.run()
    world.trail.arrive(4)
    world.clock.advance(age)
    other = [entry | {"timestamp": stamp(world.clock.now() - 9 * DAY)} for entry in world.trail.entries[1:]]
    world.reader.export = lambda _: zip_of(other)
    result = world.run()
    assert (result.outcome, result.new_entries, result.is_stale) == (RunOutcome.STALE, 0, True)
    world.reader.export, world.mode = zip_of, "on"
    world.until_quiet()
    audit_quiet(world)
