"""The purge, what the Console says about it, and keys that see different things."""

from collections.abc import Callable
from typing import Any

import pytest

from audit_archive.errors import (
    ConsoleAuthError,
    ConsoleError,
    ConsoleUnavailableError,
    PopulationMismatchError,
    PurgeMismatchError,
)
from audit_archive.format.facts import Action, HeldBackBy
from audit_archive.run.result import RunOutcome
from tests.support.audit import audit, audit_quiet
from tests.support.fakes import CallLog, CrashError
from tests.support.fakes.console import zip_of
from tests.support.fakes.trail import stamp
from tests.support.world import DAY, HOUR, LEASE, Meanwhile, World, ready

# ---------------------------------------------------------------------------- the population check


def keys_that_differ() -> World:
    """The reading key does not see entry 3, which an operator accepts as gone."""
    world = ready()
    world.reader.sees = lambda entry: entry["id"] != 3
    world.run()
    world.accept()
    return world


@pytest.mark.parametrize("mode", ["on", "dry-run"])
def test_a_reading_key_that_sees_less_than_the_purging_key_destroys_stops_the_purge(mode: str) -> None:
    world = keys_that_differ()
    world.mode = mode
    world.trail.arrive()
    with pytest.raises(PopulationMismatchError, match="sees entry 3, which the archived export"):
        world.run()
    assert world.posts == [2]
    assert world.outcomes() == (["confirmed", "not_sent"] if mode == "on" else ["confirmed"])
    assert world.alerts.kinds == ["PopulationMismatchError"]
    assert set(world.trail.ids) >= {3, 4, 5}
    audit(world)


@pytest.mark.parametrize("mode", ["on", "off"])
def test_a_capped_export_stops_the_purge_and_is_told_in_every_mode(mode: str) -> None:
    world = ready()
    world.mode = mode
    world.reader.export_limit = 3  # the newest three
    result = world.run()
    assert world.posts == []
    assert (result.uncounted, world.last().population.counted, world.last().population.accounted) == (2, 5, 3)
    assert [(span.first, span.last) for span in world.last().population.unexported] == [(1, 2)]
    assert "`fetch` shows entries that the export lacks: 1 to 2" in result.warnings[0]
    if mode == "on":
        world.accept()
        assert world.run().held_back_by == HeldBackBy.POPULATION
        assert world.posts == []


def test_what_the_pages_show_and_the_export_lacks_is_not_purged_by_a_blind_purging_key() -> None:
    world = ready(8)
    world.trail.purge(8)
    world.aged(3)
    world.run()
    world.aged(2)
    world.trail.put(7, timestamp=stamp(world.clock.now() - DAY))
    world.reader.export = lambda entries: zip_of([e for e in entries if e["id"] != 7])
    world.purger.sees = lambda entry: entry["id"] != 7
    result = world.run()
    assert (result.boundary, result.held_back_by) == (None, HeldBackBy.POPULATION)
    assert 7 in world.trail.ids


def test_an_entry_above_the_export_that_the_reading_key_sees_is_no_mismatch() -> None:
    world = ready()
    world.purger.hooks["peek"] = world.trail.arrive  # one more before each count
    assert world.run().outcome == RunOutcome.PURGED
    audit(world)


@pytest.mark.parametrize("is_old", [True, False])
def test_a_low_entry_that_appears_between_export_and_purge_stops_the_purge(is_old: bool) -> None:
    world = World()
    world.trail.arrive(2)
    world.trail.skip()
    world.trail.arrive(2)
    world.later()
    world.run()  # lists the hole
    world.accept()

    def late() -> None:
        world.purger.hooks.clear()
        world.trail.put(3, **({"timestamp": stamp(world.clock.now() - DAY)} if is_old else {}))

    world.purger.hooks["peek"] = late
    if is_old:
        with pytest.raises(PopulationMismatchError, match="entry 3"):
            world.run()
    else:
        assert world.run().held_back_by == HeldBackBy.POPULATION
    assert world.posts == [2]
    assert world.outcomes() == ["confirmed", "not_sent"]
    world.until_quiet()
    assert set(world.trail.ids) & {1, 2, 3, 4, 5} == set()
    assert world.alerts.kinds == ["PopulationMismatchError"] * is_old + ["AcceptedIdsLive"]
    audit_quiet(world)


def test_a_count_that_is_wrong_by_just_as_many_hides_no_late_id_in_an_accepted_hole() -> None:
    world = World()
    world.trail.arrive(2)
    world.trail.skip()
    world.trail.arrive(2)
    world.later()
    world.run()
    world.accept()
    world.purger.miscounts = -1

    def late() -> None:
        world.purger.hooks.clear()
        world.trail.put(3, timestamp=stamp(world.clock.now() - DAY))

    world.purger.hooks["peek"] = late
    with pytest.raises(PopulationMismatchError, match="entry 3"):
        world.run()
    assert 3 in world.trail.ids


def test_a_console_that_tells_no_population_is_walked() -> None:
    world = ready()
    world.purger.tells_population = False
    assert world.run().outcome == RunOutcome.PURGED


@pytest.mark.parametrize("hidden_from", ["reader", "purger"])
def test_the_walk_finds_what_either_key_does_not_see(hidden_from: str) -> None:
    world = keys_that_differ() if hidden_from == "reader" else ready()
    posts = list(world.posts)
    world.purger.tells_population = False
    if hidden_from == "purger":
        world.purger.sees = lambda entry: entry["id"] != 3
    with pytest.raises(PopulationMismatchError, match="entry 3" if hidden_from == "reader" else "4 of the 5"):
        world.run()
    assert world.posts == posts


def test_an_id_that_is_hidden_from_the_reading_key_is_a_hole_that_no_purge_crosses() -> None:
    world = ready()
    world.reader.sees = lambda entry: entry["id"] != 3
    assert (world.run().boundary, world.posts) == (2, [2])
    for _ in range(3):
        world.aged(1)
        result = world.run()
        assert (result.boundary, result.held_back_by) == (None, HeldBackBy.UNEXPLAINED_HOLE)
        assert "the missing ids 3 to 3" in result.warnings[0]
    world.reader.sees = lambda entry: True
    world.until_quiet()
    assert [said.filled for said in world.archives() if said.filled] == [(3,)]
    audit_quiet(world)
    assert set(world.trail.ids) & {1, 2, 3, 4, 5} == set()


def test_a_mismatch_of_keys_is_paged_once_though_it_goes_on() -> None:
    world = keys_that_differ()
    for _ in range(2):
        with pytest.raises(PopulationMismatchError):
            world.run()
        world.aged(1)
    assert world.alerts.kinds == ["PopulationMismatchError"]


# ---------------------------------------------------------------------------- counts


def test_more_reported_than_expected_is_written_up_paged_and_latched() -> None:
    world = ready()
    world.purger.report = lambda count: count + 2
    with pytest.raises(PurgeMismatchError, match="7 entries up to 5, but only 5"):
        world.run()
    (said,) = world.purges()
    assert (said.outcome, said.reported_count, said.expected_count) == ("mismatch", 7, 5)
    assert said.highest_purged_id == 5
    assert world.head.is_latched
    assert world.alerts.kinds == ["PurgeMismatchError"]
    audit(world)


def latched() -> World:
    world = ready()
    world.purger.report = lambda count: count + 2
    with pytest.raises(PurgeMismatchError):
        world.run()
    world.purger.report = lambda count: count
    world.aged(3)
    return world


def test_a_latched_console_is_archived_but_never_purged() -> None:
    world = latched()
    for _ in range(3):
        result = world.run()
        assert (result.boundary, result.held_back_by) == (None, HeldBackBy.LATCHED_MISMATCH)
        world.aged(2)
    assert world.posts == [5]
    assert world.run().outcome == RunOutcome.ARCHIVED
    assert world.run().outcome == RunOutcome.IDLE
    audit_quiet(world)


def test_a_resume_statement_lets_it_purge_again_though_nothing_is_new() -> None:
    world = latched()
    world.run()
    assert world.run().outcome == RunOutcome.IDLE
    world.state(Action.RESUME)
    assert world.run().held_back_by == HeldBackBy.RECENT_DECISION
    world.later(HOUR)
    result = world.run()
    assert (result.outcome, result.boundary) == (RunOutcome.PURGED, 9)
    assert not world.head.is_latched
    audit_quiet(world)


def test_the_receipt_of_a_mismatch_is_ours_and_no_foreign_purge() -> None:
    world = latched()
    result = world.run()
    assert result.foreign_purges == ()
    assert [seen.intent_seq for seen in world.last().receipts_seen] == [1]


def test_fewer_reported_than_expected_is_a_warning() -> None:
    world = ready()
    world.purger.hooks["purge"] = lambda: world.trail.purge(2, receipt=False)
    result = world.run()
    assert (result.outcome, result.purged_entries) == (RunOutcome.PURGED, 3)
    assert len(result.warnings) == 1
    assert "purged 3 entries where 5 were expected" in result.warnings[0]
    assert world.alerts.published == []
    assert world.outcomes() == ["confirmed"]


def test_an_attackers_purge_right_before_ours_is_still_announced() -> None:
    world = ready()
    world.purger.hooks["purge"] = lambda: world.trail.purge(2)
    world.run()
    world.later()
    world.trail.arrive()
    result = world.run()
    (foreign,) = result.foreign_purges
    assert (foreign.before_id, foreign.count, foreign.user) == (2, 2, "mallory@example.com")
    assert foreign.lost == ()


# ---------------------------------------------------------------------------- answers and receipts


def test_no_answer_but_carried_out_is_confirmed_by_the_receipt() -> None:
    world = ready()
    world.purger.answers = False
    result = world.run()
    assert (result.outcome, result.purged_entries, result.warnings) == (RunOutcome.PURGED, 5, ())
    (said,) = world.purges()
    assert (said.answer, said.outcome, said.reported_count) == (None, "confirmed", 5)
    assert len(world.posts) == 1
    audit_quiet(world)


def test_no_answer_and_not_carried_out_is_unknown_and_a_later_run_purges() -> None:
    world = ready()
    world.purger.carries_out = False
    result = world.run()
    assert (result.outcome, world.posts) == (RunOutcome.ARCHIVED, [5])
    assert world.outcomes() == ["unknown"]
    assert world.head.highest_purged_id == 0
    assert result.warnings == ("the purge up to 5 ended unknown",)

    world.purger.carries_out = True
    assert world.run().outcome == RunOutcome.PURGED
    assert world.outcomes() == ["unknown", "confirmed"]
    assert world.posts == [5, 5]
    audit_quiet(world)


def test_a_receipt_that_shows_after_a_moment_is_waited_for() -> None:
    world = ready()
    world.purger.writes_receipt = False
    looks: list[int] = []

    def look() -> None:
        looks.append(1)
        if len(looks) == 3:
            world.trail.write_receipt(5, 5, "archiver")

    world.reader.hooks["entries_above"] = look
    world.run()
    assert world.outcomes() == ["confirmed"]
    assert len(world.clock.slept) == 2


@pytest.mark.parametrize("answers", [True, False])
def test_a_receipt_that_comes_long_after_is_matched_late_and_is_no_foreign_purge(answers: bool) -> None:
    world = World()
    world.aged(5)
    world.trail.arrive(2)  # so that the trail is not empty without a receipt
    world.purger.writes_receipt, world.purger.answers = False, answers
    world.run()
    assert world.outcomes() == ["unconfirmed" if answers else "unknown"]
    assert world.head.highest_purged_id == (5 if answers else 0)
    world.trail.write_receipt(5, 5, "archiver")
    result = world.run()
    assert result.foreign_purges == ()
    assert world.last().receipts_seen[0].intent_seq == 1
    assert world.head.highest_purged_id == 5
    assert 1 not in {intent.seq for intent in world.head.intents}
    assert world.alerts.published == []
    audit(world)


def test_of_two_late_receipts_the_one_that_counts_as_the_answer_did_is_ours() -> None:
    world = World()
    world.aged(5)
    world.trail.arrive(2)
    world.purger.writes_receipt = False
    world.run()
    world.trail.purge(5)  # destroys nothing: says 0, where our answer said 5
    world.trail.write_receipt(5, 5, "archiver")
    result = world.run()
    assert [(foreign.before_id, foreign.count) for foreign in result.foreign_purges] == [(5, 0)]


@pytest.mark.parametrize("answers", [True, False])
def test_a_late_receipt_that_counts_too_much_is_a_mismatch_whoever_purged(answers: bool) -> None:
    """Entries died that nobody archived: by us, or by somebody who purged the very same id."""
    world = ready()
    world.trail.arrive()  # so that the trail is not empty without a receipt
    world.purger.writes_receipt, world.purger.answers = False, answers
    world.run()
    assert world.outcomes() == ["unconfirmed" if answers else "unknown"]
    world.trail.write_receipt(5, 6, "mallory@example.com")
    result = world.run()
    assert (result.held_back_by, result.foreign_purges) == (HeldBackBy.LATCHED_MISMATCH, ())
    assert world.outcomes()[1:] == ["mismatch"]
    assert (world.purges()[-1].reported_count, world.purges()[-1].expected_count) == (6, 5)
    assert world.purges()[-1].seq < world.last().seq, "the latch comes before the receipt is archived"
    assert world.alerts.kinds == ["PurgeMismatchError"]
    world.aged(3)
    world.run()
    assert world.posts == [5]
    audit(world)


def test_a_crash_right_after_the_post_hides_no_purge_that_destroyed_too_much() -> None:
    world = ready()
    world.purger.report = lambda count: count + 4
    with pytest.raises(CrashError):
        world.run(Meanwhile("FakeConsole.purge", dies, after=True))
    world.later(LEASE)
    assert world.run().held_back_by == HeldBackBy.LATCHED_MISMATCH
    assert world.outcomes() == ["mismatch"]
    assert world.alerts.kinds == ["PurgeMismatchError"]


def test_the_larger_count_of_answer_and_receipt_counts() -> None:
    world = ready()
    world.purger.hooks["purge"] = lambda: world.trail.put(world.trail.last_id + 1)
    world.purger.writes_receipt = False
    world.reader.hooks["entries_above"] = lambda: (
        world.trail.last_id > 6 or world.trail.write_receipt(5, 9, "a")
    )
    with pytest.raises(PurgeMismatchError, match="purged 9 entries up to 5, but only 5"):
        world.run()
    assert world.purges()[-1].reported_count == 9


def dies() -> None:
    raise CrashError


def test_a_console_that_writes_no_receipts_is_unconfirmed_and_then_idle() -> None:
    world = ready()
    world.purger.writes_receipt = False
    result = world.run()
    assert (result.outcome, result.purged_entries) == (RunOutcome.PURGED, 5)
    assert world.outcomes() == ["unconfirmed"]
    assert result.warnings == ("the purge up to 5 ended unconfirmed",)
    assert world.trail.ids == []
    for _ in range(3):
        world.later(DAY)
        assert world.run().outcome == RunOutcome.IDLE
    world.aged(2)
    assert world.run().outcome == RunOutcome.PURGED
    assert world.run().outcome == RunOutcome.IDLE
    audit_quiet(world)


def test_an_unanswered_purge_of_a_whole_trail_without_a_receipt_is_no_reset() -> None:
    """Our own purge may have been carried out: an empty trail is what it leaves."""
    world = ready()
    world.purger.writes_receipt = world.purger.answers = False
    world.run()
    assert world.run().outcome == RunOutcome.IDLE
    world.purger.answers = True
    world.aged(2)
    assert world.run().outcome == RunOutcome.PURGED
    assert world.alerts.published == []


def test_a_receipt_that_can_not_be_parsed_holds_and_warns_in_that_run_only() -> None:
    world = ready()
    world.trail.arrive(action_type="audit_trail_purge", message="Purged a lot")
    world.later()
    result = world.run()
    assert (result.boundary, result.held_back_by) == (None, HeldBackBy.UNREADABLE_RECEIPT)
    assert "can't be read: [6]" in result.warnings[0]
    assert world.last().drift == {"unreadable_receipt": 1}
    assert world.run().boundary == 6
    audit_quiet(world)


def test_a_refused_purge_is_not_sent() -> None:
    world = ready()
    world.purger.can_purge = False
    with pytest.raises(ConsoleAuthError):
        world.run()
    assert world.outcomes() == ["not_sent"]
    world.purger.can_purge = True
    assert world.run().outcome == RunOutcome.PURGED
    audit_quiet(world)


def test_an_error_answer_to_the_purge_leaves_it_unknown_and_a_later_run_purges() -> None:
    world = ready()

    def fail() -> None:
        raise ConsoleError("HTTP 500")

    world.purger.hooks["purge"] = fail
    with pytest.raises(ConsoleError):
        world.run()
    assert world.outcomes() == ["unknown"]
    world.purger.hooks.clear()
    assert world.run().outcome == RunOutcome.PURGED
    audit_quiet(world)


def test_an_answered_purge_is_written_up_even_if_the_console_then_goes_away() -> None:
    world = ready()

    def gone() -> None:
        raise ConsoleUnavailableError("down")

    world.reader.hooks["entries_above"] = gone
    assert world.run().outcome == RunOutcome.PURGED
    assert world.outcomes() == ["unconfirmed"]
    world.reader.hooks.clear()
    world.until_quiet()
    audit_quiet(world)


def test_an_unanswered_purge_stays_open_if_the_console_goes_away_and_the_next_run_settles_it() -> None:
    world = ready()
    world.purger.answers = False

    def gone() -> None:
        raise ConsoleUnavailableError("down")

    world.reader.hooks["entries_above"] = gone
    with pytest.raises(ConsoleUnavailableError):
        world.run()
    assert world.outcomes() == []
    assert len(world.head.open_intents) == 1
    world.reader.hooks.clear()
    result = world.run()
    assert (result.outcome, len(result.statements)) == (RunOutcome.IDLE, 1)
    assert world.outcomes() == ["confirmed"]
    assert len(world.posts) == 1
    audit_quiet(world)


def test_entries_that_the_console_has_not_deleted_yet_are_purged_again_with_a_warning() -> None:
    world = World()
    world.aged(5)
    world.trail.arrive(2)
    world.purger.deletes = False
    assert world.run().boundary == 5
    world.purger.deletes = True
    world.later()
    result = world.run()
    assert (result.outcome, result.boundary) == (RunOutcome.PURGED, 8)
    assert "still shows entries that an earlier run purged" in result.warnings[0]
    audit_quiet(world)


def test_an_intent_is_purged_at_most_once_in_a_run_whatever_the_answer() -> None:
    for change in ("answers", "carries_out", "writes_receipt", "deletes"):
        world = ready()
        setattr(world.purger, change, False)
        world.run()
        assert world.posts == [5]


class DiesBeforeThePurge(CallLog):
    """The process is gone, and its purge is still on its way. `boundary` is up to where."""

    boundary = 0

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.boundary or name == "FakeConsole.purge":
            self.boundary = self.boundary or args[0]
            raise CrashError
        return super().call(name, function, *args, **kwargs)


def test_a_purge_of_ours_that_comes_late_supersedes_the_next_run() -> None:
    """It reaches the Console while the next run counts: that is no reason to wake somebody."""
    world = World()
    world.aged(4)
    dead = DiesBeforeThePurge()
    with pytest.raises(CrashError):
        world.run(dead)
    world.free_lease()
    late = Meanwhile("<lambda>", lambda: world.purger.purge(dead.boundary))  # the purging key is opened
    assert world.run(late).outcome == RunOutcome.SUPERSEDED
    assert world.alerts.kinds == []
    world.until_quiet()
    assert world.alerts.kinds == []
    audit_quiet(world)


def test_what_a_run_locks_it_locks_as_of_its_start() -> None:
    """Lambda may deliver an event twice: both runs may write the same statement, a second apart."""
    run = World().bound()
    asked = run.retention()
    run.clock.sleep(5)
    assert run.retention() == asked
