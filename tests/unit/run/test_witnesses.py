"""No single witness: each of them lies in turn, and nothing is purged or claimed on its word alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from audit_archive.domain.facts import Action, HeldBackBy
from audit_archive.domain.times import from_rfc3339
from audit_archive.domain.timestamps import read_timestamp
from audit_archive.errors import (
    IntegrityError,
    InvalidExportError,
    PopulationMismatchError,
    PurgeMismatchError,
    SettingsError,
)
from audit_archive.result import Outcome
from tests.fakes import CrashError
from tests.fakes.console import OURS, zip_of
from tests.fakes.trail import Entry, stamp
from tests.unit.run.audit import audit, audit_quiet
from tests.unit.run.world import CONSOLE, DAY, HOUR, LEASE, Meanwhile, World

MINUTE = 60


def ready(number: int = 5) -> World:
    """Entries that are old enough, and no others."""
    world = World()
    world.aged(number)
    return world


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
    return world.ledger.last_completed(CONSOLE)


# ---------------------------------------------------------------------------- an export that lags


@pytest.mark.parametrize("is_empty", [False, True])
def test_an_export_that_never_shows_what_fetch_shows_completes_nothing_and_is_soon_an_error(
    is_empty: bool,
) -> None:
    world = ready()
    world.mode = "off"
    world.run()
    world.later(DAY)
    assert world.run().outcome == Outcome.IDLE
    was, world.mode = completed(world), "on"
    if is_empty:
        world.reader.export = lambda _: zip_of([])
    else:
        freeze(world)
    world.aged(5)
    posts, chain = list(world.posts), len(world.chain())
    for _ in range(2):
        result = world.run()
        assert (result.outcome, result.is_stale, result.new_entries) == (Outcome.STALE, True, 0)
        assert "stale_export: `fetch` shows entry 10" in result.warnings[0]
        world.later()
    with pytest.raises(InvalidExportError, match="lacks entry 10, which `fetch` has shown since"):
        world.run()
    assert (completed(world), world.posts, len(world.chain())) == (was, posts, chain)
    world.reader.export = zip_of
    assert world.run().outcome == Outcome.PURGED
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
    assert (result.outcome, world.chain(), completed(world)) == (Outcome.STALE, [], None)


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
    assert (result.outcome, result.is_stale) == (Outcome.PURGED, False)
    assert world.head.surveyed_at == first - 1
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
    assert (result.outcome, result.is_stale) == (Outcome.STALE, True)
    assert (world.posts, world.alerts.kinds) == ([5], [])
    world.reader.export = zip_of
    world.until_quiet()
    assert world.alerts.kinds == []
    audit_quiet(world)


def test_a_stale_export_with_new_entries_is_archived_and_purges_and_completes_nothing() -> None:
    world = ready()
    world.trail.arrive(2)
    world.later()
    freeze(world)
    world.aged(2)
    result = world.run()
    assert (result.outcome, result.new_entries, result.is_stale) == (Outcome.ARCHIVED, 7, True)
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
    assert (result.outcome, result.new_entries, result.is_stale) == (Outcome.STALE, 0, True)
    world.reader.export, world.mode = zip_of, "on"
    world.until_quiet()
    audit_quiet(world)


# ---------------------------------------------------------------------------- counts and pages


def test_a_late_low_id_that_the_export_does_not_show_yet_keeps_the_run_from_idling() -> None:
    world = World()
    world.mode = "off"
    world.trail.arrive(2)
    world.trail.skip()
    world.aged(2)
    world.run()
    freeze(world)
    world.trail.put(3)
    result = world.run()
    assert "`fetch` shows entries that the export lacks: 3 to 3" in result.warnings[0]
    world.reader.export = zip_of
    assert world.run().outcome == Outcome.ARCHIVED, "the newest entry and the count are the same as before"
    assert world.last().filled == (3,)
    assert world.run().outcome == Outcome.IDLE
    audit_quiet(world)


def test_a_late_low_id_on_a_quiet_console_is_archived_before_anybody_can_purge_it() -> None:
    world = World()
    world.trail.arrive(2)
    world.trail.skip()
    world.aged(2)
    world.run()
    world.accept()
    world.until_quiet()
    world.trail.put(3)
    assert world.run().outcome != Outcome.IDLE
    world.trail.purge(5)
    result = world.run()
    assert result.foreign_purges[0].lost == ()
    audit(world)


@pytest.mark.parametrize("miscounts", [-3, 4])
def test_a_page_count_that_differs_from_the_ids_is_walked_and_purged_and_then_idle(miscounts: int) -> None:
    world = ready()
    world.trail.arrive(4)
    world.reader.miscounts = world.purger.miscounts = miscounts
    result = world.run()
    assert (result.outcome, result.uncounted) == (Outcome.PURGED, miscounts)
    assert world.last().population.offset == miscounts
    assert world.run().outcome == Outcome.IDLE
    world.aged(3)
    walks = world.reader.calls["entries_above"]
    assert world.run().outcome == Outcome.PURGED
    assert world.reader.calls["entries_above"] == walks + 1, (
        "the same offset needs no walk: one look at the end"
    )
    world.until_quiet()
    assert world.alerts.published == []
    audit_quiet(world)


def test_a_capped_export_is_told_in_every_run_with_the_mode_off() -> None:
    world = ready()
    world.mode = "off"
    world.reader.export_limit = 3
    for _ in range(3):
        result = world.run()
        assert result.outcome == Outcome.ARCHIVED
        assert (result.uncounted, world.last().population.offset) == (2, None)
        assert "lacks: 1 to 2. Look whether the export is capped" in result.warnings[0]
        world.later(DAY)
    assert len(world.store.keys("exports/")) == 1
    world.reader.export_limit = None
    world.run()
    assert world.last().population.offset == 0
    audit_quiet(world)


# ---------------------------------------------------------------------------- a purge limited per call


@pytest.mark.parametrize(
    ("limit", "is_newest_first"), [(1, False), (2, False), (4, False), (2, True), (3, True), (5, True)]
)
def test_a_purge_that_deletes_only_so_many_is_due_again_until_all_is_gone(
    limit: int, is_newest_first: bool
) -> None:
    world = ready(6)
    world.purger.purge_limit = limit
    world.trail.is_newest_first = is_newest_first
    result = world.run()
    assert (result.outcome, result.purged_entries, world.outcomes()) == (Outcome.PURGED, limit, ["partial"])
    assert result.warnings == (
        "the purge up to 6 ended partial",
        f"the Console purged only {limit} of 6 entries: the rest is still there, and the next run purges "
        "again",
    )
    assert world.head.highest_purged_id == (0 if is_newest_first else limit)
    for _ in range(30):
        if not {1, 2, 3, 4, 5, 6} & set(world.trail.ids):
            break
        world.later(HOUR)
        assert world.run().outcome == Outcome.PURGED
    else:
        raise AssertionError("it never gets done")
    world.until_quiet()
    assert world.alerts.published == []
    assert not any(said.vanished for said in world.archives())
    audit_quiet(world)


@pytest.mark.parametrize("answers", [True, False])
def test_a_late_receipt_of_a_limited_purge_proves_no_more_than_it_destroyed(answers: bool) -> None:
    world = ready(6)
    world.purger.purge_limit = 2
    world.purger.writes_receipt, world.purger.answers = False, answers
    world.run()
    world.trail.write_receipt(6, 2, OURS)
    world.purger.purge_limit, world.purger.writes_receipt, world.purger.answers = None, True, True
    result = world.run()
    assert world.last().highest_purged_id == 2
    assert (result.boundary, result.purged_entries) == (6, 4)
    assert not any("still shows" in warning for warning in result.warnings)
    world.until_quiet()
    assert world.alerts.published == []
    audit_quiet(world)


# ---------------------------------------------------------------------------- a purge that destroys too much


def dies() -> None:
    raise CrashError


def too_much(world: World) -> None:
    """The purging key sees, and destroys, what nobody showed us: 9 entries in place of 5."""
    world.purger.report = lambda count: count + 4


def crash_after_the_post(world: World) -> None:
    with pytest.raises(CrashError):
        world.run(Meanwhile("FakeConsole.purge", dies, after=True))
    world.later(LEASE)
    world.run()


def no_answer(world: World) -> None:
    world.purger.answers = False
    with pytest.raises(PurgeMismatchError):
        world.run()


def understated_answer(world: World) -> None:
    world.purger.answer = lambda count: 5
    with pytest.raises(PurgeMismatchError):
        world.run()


def late_receipt(world: World) -> None:
    world.purger.writes_receipt = world.purger.answers = False
    world.trail.arrive()
    world.run()
    world.trail.write_receipt(5, 9, OURS)
    world.run()


def late_receipt_of_an_understated_answer(world: World) -> None:
    world.purger.writes_receipt = False
    world.purger.answer = lambda count: 5
    world.trail.arrive()
    world.run()
    world.trail.write_receipt(5, 9, OURS)
    world.run()


def somebody_elses_of_the_same_id(world: World) -> None:
    world.purger.carries_out = False
    world.run()
    world.trail.write_receipt(5, 9, "mallory@example.com")
    world.run()


@pytest.mark.parametrize(
    "happens",
    [
        crash_after_the_post,
        no_answer,
        understated_answer,
        late_receipt,
        late_receipt_of_an_understated_answer,
        somebody_elses_of_the_same_id,
    ],
)
def test_a_purge_that_destroyed_too_much_can_not_hide(happens: Callable[[World], None]) -> None:
    world = ready()
    too_much(world)
    happens(world)
    assert world.alerts.kinds == ["PurgeMismatchError"]
    assert "purged 9 entries up to 5, but only 5 were archived" in world.alerts.published[0].sentence
    assert world.outcomes()[-1] == "mismatch"
    assert world.head.is_latched
    world.purger.report = lambda count: count
    for _ in range(3):
        world.aged(2)
        result = world.run()
        assert result.held_back_by == HeldBackBy.LATCHED_MISMATCH
        assert result.foreign_purges == ()
    assert world.posts == [5]
    assert world.alerts.kinds == ["PurgeMismatchError"]
    audit(world)


def test_the_surplus_of_a_foreign_purge_is_told_and_none_is_not_said() -> None:
    world = ready()
    world.mode = "off"
    world.run()
    world.trail.purge(3, receipt=False)
    world.trail.write_receipt(3, 10, "mallory@example.com")
    result = world.run()
    assert [(purge.lost, purge.surplus) for purge in result.foreign_purges] == [((), 7)]
    (finding,) = world.alerts.published
    assert "It destroyed 7 more entries than the archive ever saw" in finding.sentence
    assert "none" not in finding.sentence
    assert world.last().receipts_seen[0].surplus == 7


def test_a_late_purge_of_ours_destroys_what_was_archived_since_and_that_is_no_mismatch() -> None:
    """The first POST is carried out right before the second, once a late id was archived: none is lost."""
    world = World()
    world.mode = "off"
    world.trail.arrive(2)
    world.trail.skip()
    world.aged(3)
    world.run()
    world.accept()
    world.mode = "on"
    world.purger.carries_out = False
    world.run()
    world.trail.put(3)
    world.mode = "off"
    world.run()
    world.accept() if world.head.unexplained else world.later()
    world.mode = "on"
    world.purger.carries_out = True
    world.purger.hooks["purge"] = lambda: world.trail.purge(6, OURS)
    world.run()
    world.purger.hooks.clear()
    world.until_quiet()
    assert world.posts == [6, 6]
    assert (world.alerts.kinds, world.head.is_latched) == (["AcceptedIdsLive"], False)
    audit_quiet(world)


# ---------------------------------------------------------------------------- history and other words


@pytest.mark.parametrize("starts_anew", [False, True])
def test_purges_before_the_first_run_or_the_epoch_are_noted_and_page_nobody(starts_anew: bool) -> None:
    world = World()
    if starts_anew:
        world.aged(3)
        world.run()
        world.state(Action.EPOCH)
    *_, middle, _, newest = world.trail.arrive(6)
    world.trail.purge(middle)
    world.trail.purge(newest, user="eve@example.com")
    world.aged(3)
    result = world.run()
    assert result.outcome == Outcome.PURGED
    assert {purge.user for purge in result.foreign_purges} >= {"mallory@example.com", "eve@example.com"}
    assert [purge.surplus for purge in result.foreign_purges] == [None] * len(result.foreign_purges)
    world.until_quiet()
    assert world.alerts.published == []
    world.trail.purge(world.trail.last_id)
    world.run()
    assert world.alerts.kinds == ["ForeignPurge"], "the next one is news"


def reworded(world: World, user: str) -> None:
    message = "The audit trail was cleaned up"
    world.trail.arrive(action_type="audit_trail_purge", message=message, user=user, user_ip="203.0.113.9")


def test_a_foreign_purge_in_words_that_we_can_not_read_pages_once() -> None:
    world = ready()
    world.run()
    world.aged(2)
    world.trail.purge(7, receipt=False)
    reworded(world, "mallory@example.com")
    world.later()
    world.run()
    world.until_quiet()
    assert world.alerts.kinds == ["UnreadableReceipt"]
    assert "user mallory@example.com from 203.0.113.9" in world.alerts.published[0].sentence


def test_our_own_receipt_in_words_that_we_can_not_read_wakes_nobody() -> None:
    world = ready()
    world.purger.writes_receipt = False
    world.purger.hooks["purge"] = lambda: reworded(world, OURS)
    assert world.run().outcome == Outcome.PURGED
    assert world.outcomes() == ["unconfirmed"]
    world.purger.hooks.clear()
    world.purger.writes_receipt = True
    world.aged(2)
    world.until_quiet()
    assert world.alerts.published == []
    audit_quiet(world)


def test_an_anchor_whose_time_is_spelled_with_another_offset_each_day_is_no_rollback() -> None:
    world = World()
    world.keep = 5 * DAY
    world.trail.arrive(3, timestamp="2020-04-03 12:56:42 UTC+0000")
    world.later()
    world.run()
    for spelled in ("2020-04-03 14:56:42 UTC+0200", "2020-04-03 07:26:42 UTC-0530"):
        for entry_id in world.trail.ids:
            world.trail.replace(entry_id, timestamp=spelled)
        world.later(DAY)
        assert world.run().outcome in {Outcome.IDLE, Outcome.PURGED}
    assert world.alerts.published == []


# ---------------------------------------------------------------------------- what fails or holds for long


def test_a_run_that_fails_night_after_night_at_the_purge_stores_the_export_once() -> None:
    world = ready()
    world.has_purge_key = False

    for _ in range(5):
        with pytest.raises(SettingsError, match="has no purge key"):
            world.run()
        world.later(DAY)
    assert len(world.store.keys("exports/")) == 1
    world.has_purge_key = True
    assert world.run().outcome == Outcome.PURGED
    assert len(world.store.keys("exports/")) == 1
    audit_quiet(world)


def test_the_same_entries_under_a_lock_that_ends_too_soon_are_stored_again() -> None:
    world = ready()
    world.mode = "off"
    world.run()
    for days, exports in ((6, 1), (2, 2)):
        world.later(days * DAY)
        world.mode = "on"
        world.has_purge_key = False
        with pytest.raises(SettingsError, match="has no purge key"):
            world.run()
        assert len(world.store.keys("exports/")) == exports


def test_a_latched_console_is_told_again_every_week_while_its_trail_grows_and_only_then() -> None:
    world = ready()
    too_much(world)
    with pytest.raises(PurgeMismatchError):
        world.run()
    for _ in range(30):
        world.later(DAY)
        world.trail.arrive()
        world.run()
    assert world.alerts.kinds == ["PurgeMismatchError", *["PurgeHeldBack"] * 4]
    assert "grows, and nothing has been purged for 4 weeks" in world.alerts.published[-1].sentence
    for _ in range(30):
        world.later(DAY)
        world.run()
    assert len(world.alerts.published) == 5


def test_what_nothing_lifts_is_told_once_after_three_days_with_its_reason() -> None:
    world = World()
    world.trail.skip(2)
    world.aged(3)
    for _ in range(20):
        world.run()
        world.later(DAY)
        world.trail.arrive()
    assert world.alerts.kinds == ["PurgeHeldBack"]
    assert "entry 3 waits, held back by before_archive" in world.alerts.published[0].sentence


def test_what_is_hidden_from_both_keys_is_never_purged_however_long_it_goes_on() -> None:
    """Every view shows the last two days; the older entries would die with the first purge."""
    world = World()
    world.aged(3)
    world.later(3 * DAY)
    for key in (world.reader, world.purger):
        key.sees = lambda entry: entry["timestamp"] >= stamp(world.clock.now() - 2 * DAY)
    for _ in range(6):
        world.aged(3)
        assert world.run().held_back_by == HeldBackBy.BEFORE_ARCHIVE
        world.later(DAY)
    assert world.posts == []
    assert set(world.trail.ids) >= {1, 2, 3}
    audit(world)


# ---------------------------------------------------------------------------- the last looks before a purge


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
    assert (result.outcome, result.held_back_by) == (Outcome.ARCHIVED, HeldBackBy.POPULATION)
    assert (world.posts, world.outcomes(), world.alerts.published) == ([], ["not_sent"], [])
    world.purger.hooks.clear()
    assert world.run().outcome == Outcome.PURGED
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
