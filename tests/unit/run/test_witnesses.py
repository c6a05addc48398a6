"""No single witness: each of them lies in turn, and nothing is purged or claimed on its word alone."""

from collections.abc import Callable

import pytest

from audit_archive.errors import PurgeMismatchError, SettingsError
from audit_archive.format.facts import Action, HeldBackBy
from audit_archive.run.result import RunOutcome
from tests.support.audit import audit, audit_quiet
from tests.support.fakes import CrashError
from tests.support.fakes.console import OURS, zip_of
from tests.support.fakes.trail import stamp
from tests.support.rows import all_rows
from tests.support.world import DAY, HOUR, LEASE, Meanwhile, World, ready, with_a_gap


def freeze(world: World) -> None:
    """From now on the export is the copy that it is now."""
    entries = list(world.trail.entries)
    world.reader.export = lambda _: zip_of(entries)


# ---------------------------------------------------------------------------- counts and pages


def test_a_late_low_id_that_the_export_does_not_show_yet_keeps_the_run_from_idling() -> None:
    world = with_a_gap()
    freeze(world)
    world.trail.put(3)
    result = world.run()
    assert "`fetch` shows entries that the export lacks: 3 to 3" in result.warnings[0]
    world.reader.export = zip_of
    assert world.run().outcome == RunOutcome.ARCHIVED, "the newest entry and the count are the same as before"
    assert world.last().filled == (3,)
    assert world.run().outcome == RunOutcome.IDLE
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
    assert world.run().outcome != RunOutcome.IDLE
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
    assert (result.outcome, result.uncounted) == (RunOutcome.PURGED, miscounts)
    assert world.last().population.offset == miscounts
    assert world.run().outcome == RunOutcome.IDLE
    world.aged(3)
    walks = world.reader.calls["entries_above"]
    assert world.run().outcome == RunOutcome.PURGED
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
        assert result.outcome == RunOutcome.ARCHIVED
        assert (result.uncounted, world.last().population.offset) == (2, None)
        assert "lacks: 1 to 2. Look whether the export is capped" in result.warnings[0]
        world.later(DAY)
    assert len(world.store.keys("exports/")) == 1
    world.reader.export_limit = None
    world.run()
    assert world.last().population.offset == 0
    audit_quiet(world)


# ---------------------------------------------------------------------------- a purge limited per call


@all_rows(("limit", "is_newest_first"), [(1, False), (2, False), (4, False), (2, True), (3, True), (5, True)])
def test_a_purge_that_deletes_only_so_many_is_due_again_until_all_is_gone(
    limit: int, is_newest_first: bool
) -> None:
    world = ready(6)
    world.purger.purge_limit = limit
    world.trail.is_newest_first = is_newest_first
    result = world.run()
    assert (result.outcome, result.purged_entries, world.outcomes()) == (
        RunOutcome.PURGED,
        limit,
        ["partial"],
    )
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
        assert world.run().outcome == RunOutcome.PURGED
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


@all_rows(
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
    assert result.outcome == RunOutcome.PURGED
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
    assert "user 'mallory@example.com' from '203.0.113.9'" in world.alerts.published[0].sentence


def test_our_own_receipt_in_words_that_we_can_not_read_wakes_nobody() -> None:
    world = ready()
    world.purger.writes_receipt = False
    world.purger.hooks["purge"] = lambda: reworded(world, OURS)
    assert world.run().outcome == RunOutcome.PURGED
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
        assert world.run().outcome in {RunOutcome.IDLE, RunOutcome.PURGED}
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
    assert world.run().outcome == RunOutcome.PURGED
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
