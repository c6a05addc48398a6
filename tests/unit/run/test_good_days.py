"""Runs on which nothing goes wrong: what is archived, what is purged, and what is left for later."""

import pytest

from audit_archive.errors import SettingsError
from audit_archive.format.facts import HeldBackBy
from audit_archive.format.layout import entries_key
from audit_archive.format.times import rfc3339, utc_date
from audit_archive.run.result import RunOutcome
from tests.support.audit import archived_lines, audit, audit_quiet, canonical
from tests.support.fakes import CallLog
from tests.support.fakes.trail import stamp
from tests.support.world import CONSOLE, DAY, HOUR, Meanwhile, World


def test_a_first_run_archives_everything_and_purges_what_is_old_enough() -> None:
    world = World()
    entries = [world.trail.put(number) for number in range(1, 6)]
    world.later()
    young = [world.trail.put(number) for number in range(6, 9)]

    result = world.run()

    assert result.outcome == RunOutcome.PURGED
    assert (result.highest_archived_id, result.highest_purged_id) == (8, 5)
    assert (result.new_entries, result.purged_entries) == (8, 5)
    assert (result.boundary, result.held_back_by) == (5, HeldBackBy.SETTLE_WINDOW)
    assert result.statements == tuple(f"statements/console={CONSOLE}/000000000{n}.json" for n in (1, 2))
    assert (result.warnings, result.foreign_purges, result.holes) == ((), (), ())
    assert archived_lines(world) == [canonical(entry) for entry in entries + young]
    assert world.trail.ids == [6, 7, 8, 9]
    assert world.posts == [5]
    assert world.purger.purges == [5], "the reading key never purges"
    assert world.outcomes() == ["confirmed"]
    assert world.alerts.published == []
    audit(world)


def test_the_purge_statement_carries_the_consoles_own_words() -> None:
    world = World()
    world.aged(3)
    world.run()
    (said,) = world.purges()
    receipt = world.trail.entries[0]
    assert said.receipt == receipt
    assert said.answer == "3 logs purged successfully"
    assert (said.expected_count, said.reported_count, said.boundary, said.intent_seq) == (3, 3, 3, 1)
    assert (said.highest_archived_id, said.highest_purged_id) == (3, 3)


def test_the_export_is_kept_byte_for_byte_with_its_facts() -> None:
    world = World()
    world.aged(3)
    world.mode = "off"
    world.run()
    (said,) = world.archives()
    stored = world.store.latest(said.export.key)
    assert stored is not None
    assert stored.retention is not None
    assert stored.data == world.served[-1]
    assert stored.retention.until == world.clock.now() + 101 * DAY
    assert said.export.retain_until == rfc3339(stored.retention.until)
    assert stored.metadata == {
        "console": CONSOLE,
        "first-id": "1",
        "last-id": "3",
        "entry-count": "3",
        "sha256": said.export.sha256,
        "served-at": said.export.served_at,
        "run-id": said.run.id,
    }


def test_a_second_run_is_idle_and_touches_nothing() -> None:
    world = World()
    world.aged(3)
    world.run()
    before = world.store.all_keys()
    log = CallLog()
    result = world.run(log)
    assert (result.outcome, result.statements) == (RunOutcome.IDLE, ())
    assert world.store.all_keys() == before
    assert "FakeConsole.download" not in log.calls
    assert "open_purger" not in log.calls, "the purging key is read only in the purge step"
    audit_quiet(world)


def test_it_never_chases_its_own_receipts() -> None:
    world = World()
    world.aged(3)
    world.run()
    for _ in range(5):
        world.later(DAY)
        assert world.run().outcome == RunOutcome.IDLE
    assert world.posts == [3]


def test_receipts_are_archived_by_the_next_real_run() -> None:
    world = World()
    world.aged(3)
    world.run()
    world.aged(2)
    result = world.run()
    assert (result.new_entries, result.boundary, result.purged_entries) == (3, 6, 3)
    (seen,) = world.last().receipts_seen
    assert (seen.entry_id, seen.before_id, seen.count, seen.intent_seq) == (4, 3, 3, 1)
    assert [known.entry_id for known in world.head.receipts] == [7]
    assert result.foreign_purges == ()
    audit_quiet(world)


def test_a_dry_run_does_all_but_the_post() -> None:
    world = World()
    world.aged(3)
    world.mode = "dry-run"
    result = world.run()
    assert (result.outcome, result.boundary, result.highest_archived_id) == (RunOutcome.ARCHIVED, 3, 3)
    assert world.posts == []
    assert world.purger.calls["peek"] > 0, "the population is checked"
    assert world.head.intents == ()
    assert world.run().outcome == RunOutcome.IDLE
    audit_quiet(world)


def test_purging_without_a_key_is_a_setting_to_correct_and_destroys_nothing() -> None:
    world = World()
    world.aged(3)
    world.has_purge_key = False
    with pytest.raises(SettingsError, match="no purge key"):
        world.run()
    assert world.outcomes() == ["not_sent"]
    assert world.trail.ids == [1, 2, 3]
    world.has_purge_key = True
    assert world.run().outcome == RunOutcome.PURGED
    audit_quiet(world)


def test_mode_off_archives_only() -> None:
    world = World()
    world.aged(3)
    world.mode = "off"
    result = world.run()
    assert (result.boundary, result.held_back_by) == (None, HeldBackBy.PURGE_MODE)
    assert (world.posts, world.purger.calls.total()) == ([], 0)
    assert world.run().outcome == RunOutcome.IDLE


@pytest.mark.parametrize("mode", ["off", "dry-run"])
def test_what_was_archived_without_purging_is_purged_once_the_mode_is_on(mode: str) -> None:
    world = World()
    world.aged(3)
    world.mode = mode
    world.run()
    world.mode = "on"
    result = world.run()
    assert (result.outcome, result.new_entries, result.purged_entries) == (RunOutcome.PURGED, 0, 3)
    assert world.last().entries == ()
    assert world.last().slice.count == 0
    audit_quiet(world)


def test_the_settle_window_holds_and_a_later_run_purges_though_nothing_is_new() -> None:
    world = World()
    world.trail.arrive(2)
    world.later(HOUR // 2)
    world.trail.arrive(2)
    first = world.run()
    assert (first.boundary, first.held_back_by) == (None, HeldBackBy.SETTLE_WINDOW)

    world.later(HOUR // 2 - 1)
    assert world.run().outcome == RunOutcome.IDLE, "one second early"
    world.later(1)
    second = world.run()
    assert (second.outcome, second.boundary, second.purged_entries) == (RunOutcome.PURGED, 2, 2)

    world.later(HOUR // 2 - 1)
    assert world.run().outcome == RunOutcome.IDLE, "one second early"
    world.later(1)
    third = world.run()
    assert (third.outcome, third.boundary, third.purged_entries) == (RunOutcome.PURGED, 4, 2)
    world.later(DAY)
    assert world.run().outcome == RunOutcome.IDLE
    audit_quiet(world)


def test_the_keep_window_leaves_the_days_that_the_owner_wants() -> None:
    world = World()
    world.keep = 3 * DAY
    for _ in range(6):
        world.trail.arrive()
        world.later(DAY)
    result = world.run()
    assert (result.boundary, result.held_back_by) == (4, HeldBackBy.KEEP_WINDOW)
    assert world.trail.ids == [5, 6, 7]
    world.later(DAY - 1)
    assert world.run().outcome == RunOutcome.IDLE
    world.later(1)
    assert world.run().boundary == 5
    audit(world)


def test_what_arrives_during_the_run_waits_for_the_next() -> None:
    world = World()
    world.aged(3)
    world.purger.hooks["peek"] = world.trail.arrive
    result = world.run()
    assert (result.boundary, result.purged_entries) == (3, 3)
    assert all(entry_id > 3 for entry_id in world.trail.ids)
    world.purger.hooks.clear()
    world.later()
    world.until_quiet()
    audit_quiet(world)


def test_the_earlier_of_both_clocks_decides_what_is_old_enough() -> None:
    world = World()
    world.trail.arrive(2)
    world.later()
    world.trail.clock = type(world.clock)(now=world.clock.now() - HOUR - 1)  # the Console's clock is behind
    assert world.run().boundary is None
    world.trail.clock = world.clock
    assert world.run().boundary == 2


def test_a_console_whose_clock_is_weeks_behind_comes_to_rest() -> None:
    world = World()
    behind = world.trail.clock = type(world.clock)(now=world.clock.now() - 20 * DAY)
    world.trail.arrive(2)
    behind.advance(2 * HOUR)
    assert world.run().outcome == "purged"
    world.later()
    assert world.run().outcome == "idle"


def test_a_console_without_a_date_header_is_judged_by_our_clock() -> None:
    world = World()
    world.aged(2)
    world.reader.tells_time = False
    assert world.run().boundary == 2


def over_401_days(world: World) -> None:
    for day in range(401, 0, -1):
        world.trail.arrive(timestamp=stamp(world.clock.now() - day * DAY))
    world.trail.arrive(3)
    world.later()


def test_a_long_export_takes_several_statements_and_only_the_last_carries_the_intent() -> None:
    world = World()
    over_401_days(world)
    result = world.run()
    first, second = world.archives()
    assert first.export == second.export
    assert (first.slice.first_id, first.slice.last_id, len(first.entries)) == (1, 400, 400)
    assert (second.slice.first_id, second.slice.last_id, len(second.entries)) == (401, 404, 2)
    assert (first.plan.boundary, first.plan.held_back_by) == (None, HeldBackBy.NOT_YET_RECORDED)
    assert (second.plan.boundary, second.plan.expected_count) == (404, 404)
    assert (result.outcome, result.new_entries, result.purged_entries) == (RunOutcome.PURGED, 404, 404)
    audit_quiet(world)


def test_when_time_runs_out_between_slices_the_next_run_goes_on_from_there() -> None:
    world = World()
    over_401_days(world)
    result = world.run(Meanwhile("FakeLedger.record", lambda: setattr(world.clock, "left", 89), after=True))
    assert (result.outcome, result.boundary) == (RunOutcome.ARCHIVED, None)
    assert result.held_back_by == HeldBackBy.NOT_YET_RECORDED
    assert (result.highest_archived_id, world.posts) == (400, [])
    assert len(world.archives()) == 1

    result = world.run()
    assert (result.new_entries, result.boundary, result.purged_entries) == (4, 404, 404)
    audit_quiet(world)


def test_with_less_than_90_seconds_no_post_is_sent_and_the_next_run_sends_it() -> None:
    world = World()
    world.aged(3)
    world.purger.hooks["entries_above"] = lambda: setattr(world.clock, "left", 89.9)
    result = world.run()
    assert (result.outcome, result.purged_entries) == (RunOutcome.ARCHIVED, 0)
    assert result.warnings == ("the purge up to 3 ended not_sent",)
    assert (world.posts, world.outcomes()) == ([], ["not_sent"])
    assert world.head.intents == (), "nothing matches it later"
    world.purger.hooks.clear()
    assert world.run().outcome == RunOutcome.PURGED
    assert world.outcomes() == ["not_sent", "confirmed"]
    audit_quiet(world)


def test_exactly_90_seconds_are_enough() -> None:
    world = World()
    world.aged(3)
    world.purger.hooks["entries_above"] = lambda: setattr(world.clock, "left", 90)
    assert world.run().outcome == RunOutcome.PURGED


def test_entries_without_a_readable_date_go_to_their_neighbours_day() -> None:
    world = World()
    now = world.clock.now()
    day = [utc_date(now - back * DAY) for back in range(4)]
    world.trail.arrive(timestamp=None)
    world.trail.arrive(timestamp=stamp(now - 3 * DAY))
    world.trail.arrive(timestamp="soon")
    world.trail.arrive(timestamp=stamp(now - DAY))
    world.trail.arrive(timestamp=17)
    world.mode = "off"
    world.run()
    files = {file.key: (file.first_id, file.last_id, file.count) for file in world.last().entries}
    assert files == {entries_key(CONSOLE, day[3], 1): (1, 3, 3), entries_key(CONSOLE, day[1], 1): (4, 5, 2)}
    assert world.last().drift == {"unreadable_timestamp": 2}
    audit(world)


def test_a_trail_without_any_date_goes_to_the_day_of_serving() -> None:
    world = World()
    world.trail.arrive(2, timestamp=None)
    world.later()
    result = world.run()
    assert (result.boundary, result.held_back_by) == (None, HeldBackBy.UNREADABLE_TIMESTAMP)
    (file,) = world.last().entries
    assert file.date == utc_date(world.clock.now())
    audit(world)


def test_the_same_entry_twice_is_archived_once_and_noted() -> None:
    world = World()
    world.aged(3)
    plain = world.reader.export
    world.reader.export = lambda entries: plain([*entries, entries[0]])
    result = world.run()
    assert (result.new_entries, result.purged_entries) == (3, 3)
    assert world.archives()[0].drift == {"duplicate_row": 1}
    assert (world.archives()[0].export.rows, world.archives()[0].export.entry_count) == (4, 3)


def test_drift_is_kept_and_counted() -> None:
    world = World()
    entry = world.trail.put(1, action_type="coffee_made", cup={"size": 2}, message="ümläut \U0001f426")
    world.later()
    world.run()
    assert archived_lines(world) == [canonical(entry)]
    assert world.archives()[0].drift == {"unknown_field": 1, "unknown_action": 1, "nested_value": 1}


def test_a_second_console_shares_the_bucket_and_the_ledger_without_touching_the_first() -> None:
    world = World()
    world.aged(3)
    other = "statements/console=1234abcde/0000000001.json"
    world.store.mark_deleted(other)
    assert world.run().outcome == RunOutcome.PURGED
    assert {key.split("/")[1] for key in world.store.keys("")} == {f"console={CONSOLE}"}


def test_a_statement_covers_at_most_400_dates_though_late_entries_have_none() -> None:
    world = World()
    world.mode = "off"
    for day in range(450, 0, -1):
        world.trail.arrive(timestamp=stamp(world.clock.now() - day * DAY))
        world.trail.skip()
    world.trail.arrive()
    world.run()
    for number in range(2, 901, 2):
        world.trail.put(number, timestamp=None)
    world.trail.arrive()
    world.run()
    audit_quiet(world)
    assert max(len(said.entries) for said in world.archives()) <= 400


def test_a_window_that_the_owner_lowers_counts_at_once() -> None:
    """Nothing new has come, and by the plan nothing is due for a month."""
    world = World()
    world.keep = 30 * DAY
    world.aged(3)
    assert world.run().outcome == RunOutcome.ARCHIVED
    assert world.run().outcome == RunOutcome.IDLE
    world.keep = 0
    assert world.run().outcome == RunOutcome.PURGED
