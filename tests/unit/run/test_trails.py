"""What other hands do to the trail: foreign purges, holes, late writers, resets, damaged exports."""

import json
from io import BytesIO
from zipfile import ZipFile

import pytest

from audit_archive.errors import (
    ArchiveStoreError,
    AuditArchiveError,
    InvalidExportError,
    RequestError,
    RollbackError,
)
from audit_archive.format.facts import Action, Cause, HeldBackBy
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import RunOutcome
from tests.support.audit import archived_lines, audit, audit_quiet
from tests.support.fakes.console import zip_of
from tests.support.rows import all_rows
from tests.support.world import CONSOLE, DAY, HOUR, Meanwhile, World


def archived() -> World:
    """Ids 1 to 5 archived and purged, with our receipt 6; then 7 to 10, old enough."""
    world = World()
    world.aged(5)
    world.run()
    world.aged(4)
    return world


# ---------------------------------------------------------------------------- foreign purges


def test_a_foreign_purge_is_named_announced_once_and_holds_ours_back_in_that_run_only() -> None:
    world = archived()
    world.trail.purge(8, user="mallory@example.com")
    world.later()
    result = world.run()

    (foreign,) = result.foreign_purges
    assert (foreign.receipt_id, foreign.before_id, foreign.count) == (11, 8, 3)  # 6, 7 and 8
    assert (foreign.user, foreign.user_ip) == ("mallory@example.com", "192.0.2.7")
    assert foreign.lost == ((6, 8),)
    assert [(h.first, h.last, h.cause, h.receipt_id) for h in result.holes] == [(6, 8, "foreign_purge", 11)]
    assert (result.boundary, result.held_back_by) == (None, HeldBackBy.FOREIGN_PURGE)
    assert world.posts == [5]
    (finding,) = world.alerts.published
    assert (finding.kind, finding.console) == ("ForeignPurge", CONSOLE)
    assert "user 'mallory@example.com' from '192.0.2.7'" in finding.sentence
    assert "6 to 8" in finding.sentence
    assert finding.facts["lost"] == [[6, 8]]

    result = world.run()
    assert (result.outcome, result.boundary, result.foreign_purges) == (RunOutcome.PURGED, 11, ())
    assert len(world.alerts.published) == 1
    audit_quiet(world)


def test_a_foreign_purge_of_what_was_archived_loses_nothing_and_is_announced_all_the_same() -> None:
    world = World()
    world.mode = "off"
    world.aged(5)
    world.run()
    world.trail.purge(4)
    result = world.run()
    (foreign,) = result.foreign_purges
    assert (foreign.count, foreign.lost) == (4, ())
    assert "archived: none" in world.alerts.published[0].sentence
    audit(world)


def test_two_foreign_purges_each_own_their_holes() -> None:
    world = archived()
    world.trail.purge(7)
    world.trail.purge(9, user="eve@example.com")
    result = world.run()
    assert [(f.user, f.lost) for f in result.foreign_purges] == [
        ("mallory@example.com", ((6, 7),)),
        ("eve@example.com", ((8, 9),)),
    ]
    assert world.alerts.kinds == ["ForeignPurge", "ForeignPurge"]


def test_a_foreign_purge_of_an_id_we_planned_but_never_sent_is_foreign() -> None:
    world = archived()
    world.has_purge_key = False
    with pytest.raises(AuditArchiveError):
        world.run()  # plans 10, and says itself that it did not send it
    world.trail.purge(10)
    world.has_purge_key = True
    result = world.run()
    assert [foreign.before_id for foreign in result.foreign_purges] == [10]


def test_the_receipt_of_a_foreign_purge_that_destroyed_everything_is_enough_to_name_it() -> None:
    world = World()
    world.trail.arrive(5)
    world.trail.purge(5)
    world.later()
    result = world.run()
    assert [(f.before_id, f.lost) for f in result.foreign_purges] == [(5, ((1, 5),))]
    assert [(h.first, h.last, h.cause) for h in result.holes] == [(1, 5, "foreign_purge")]
    world.until_quiet()
    assert world.posts == [], "only receipts are left: nothing is worth a purge"
    audit_quiet(world)


# ---------------------------------------------------------------------------- holes


def test_ids_below_the_first_ever_seen_are_hidden_or_gone_and_nothing_is_purged_until_accepted() -> None:
    """Ids never restart, and each purge leaves a receipt: where none reaches so far, something is hidden."""
    world = World()
    world.trail.skip(40)
    world.aged(3)
    result = world.run()
    assert [(h.first, h.last, h.cause) for h in result.holes] == [(1, 40, Cause.BEFORE_ARCHIVE)]
    assert (result.boundary, result.held_back_by) == (None, HeldBackBy.BEFORE_ARCHIVE)
    assert "the missing ids 1 to 40: they are gone, or hidden from both keys" in result.warnings[0]
    world.later(30 * DAY)
    world.run()
    assert world.posts == []
    world.accept()
    assert world.run().boundary == 43
    audit_quiet(world)


def test_ids_below_the_first_ever_seen_that_a_receipt_reaches_are_explained() -> None:
    world = World()
    world.trail.arrive(40)
    world.trail.purge(40)
    world.aged(3)
    assert world.run().boundary == 44
    assert world.alerts.published == [], "a purge before the archive began is no news"
    audit_quiet(world)


def test_a_receipt_explains_no_id_that_came_after_it() -> None:
    """Somebody's purge of id 10^9 says nothing about what is missing later."""
    world = World()
    world.trail.arrive(3)
    world.trail.purge(10**9)
    world.aged(1)
    world.run()
    world.trail.skip(2)
    world.aged(2)
    result = world.run()
    assert [(h.first, h.last, h.cause) for h in result.holes] == [(7, 8, "unexplained")]


def test_views_that_are_all_limited_alike_let_nothing_hidden_be_purged() -> None:
    """Export, count and pages show the newest 50; a purge would destroy all 120."""
    world = World()
    world.aged(120)
    for key in (world.reader, world.purger):
        key.sees = lambda entry: entry["id"] > world.trail.last_id - 50
    for _ in range(5):
        assert world.run().held_back_by == HeldBackBy.BEFORE_ARCHIVE
        world.later(30 * DAY)
    assert world.posts == []
    assert world.alerts.kinds == ["PurgeHeldBack"]


def holed() -> World:
    """1, 2, a hole at 3 and 4, 5 and 6; all old enough."""
    world = World()
    world.trail.arrive(2)
    world.trail.skip(2)
    world.aged(2)
    return world


def test_an_unexplained_hole_is_crossed_only_when_accepted_and_after_a_settle_window() -> None:
    world = holed()
    result = world.run()
    assert [(h.first, h.last, h.cause) for h in result.holes] == [(3, 4, "unexplained")]
    assert (result.boundary, result.held_back_by) == (2, HeldBackBy.UNEXPLAINED_HOLE)
    world.later(30 * DAY)
    result = world.run()
    assert (result.boundary, result.held_back_by) == (None, HeldBackBy.UNEXPLAINED_HOLE)
    world.accept()
    result = world.run()
    assert (result.outcome, result.boundary, result.holes) == (RunOutcome.PURGED, 7, ())
    world.later(DAY)
    assert world.run().outcome == RunOutcome.IDLE
    audit_quiet(world)


def test_an_accepted_hole_is_crossed_only_once_it_was_listed_for_a_settle_window() -> None:
    world = holed()
    world.run()
    state_decision(
        world.bound(), OperatorRequest(CONSOLE, Action.ACCEPT, "somebody", "looked", first=3, last=4)
    )
    assert world.run().boundary is None
    world.later(HOUR)
    assert world.run().boundary == 7


@pytest.mark.parametrize("span", [(1, 4), (3, 5), (2, 2), (5, 900)])
def test_what_is_not_listed_as_missing_is_not_accepted(span: tuple[int, int]) -> None:
    world = holed()
    world.run()
    with pytest.raises(RequestError, match="are not listed as missing without an explanation"):
        state_decision(world.bound(), OperatorRequest(CONSOLE, Action.ACCEPT, "somebody", "looked", *span))
    assert len(world.chain()) == 2


def test_a_live_id_in_an_accepted_range_ends_the_acceptance_and_pages() -> None:
    world = holed()
    world.mode = "off"
    world.run()
    world.accept()
    world.trail.put(3)
    world.mode = "on"
    world.later()
    result = world.run()
    assert (result.boundary, result.held_back_by) == (3, HeldBackBy.UNEXPLAINED_HOLE)
    assert [(hole.first, hole.last, hole.is_accepted) for hole in world.head.holes] == [(4, 4, False)]
    assert world.alerts.kinds == ["AcceptedIdsLive"]
    assert set(world.trail.ids) >= {5, 6}
    audit(world)


def test_a_late_low_id_fills_its_hole_is_archived_and_purged_in_its_time() -> None:
    world = holed()
    world.run()
    world.trail.put(4)
    world.trail.arrive()
    result = world.run()
    assert result.new_entries == 3  # 4, our receipt and the new one
    assert world.last().filled == (4,)
    assert (world.last().slice.first_id, world.last().slice.last_id) == (4, 8)
    assert [(hole.first, hole.last) for hole in world.head.holes] == [(3, 3)]
    assert result.boundary is None, "the late one is young, and 3 is missing"
    ids = [json.loads(line)["id"] for line in archived_lines(world)]
    assert ids == [1, 2, 5, 6, 4, 7, 8]
    world.accept()
    assert world.run().boundary == 8
    audit_quiet(world)


def test_a_late_low_id_on_a_quiet_console_is_archived_because_the_count_rises() -> None:
    world = holed()
    world.until_quiet()
    world.trail.put(3)
    result = world.run()
    assert (result.outcome, world.last().filled) == (RunOutcome.ARCHIVED, (3,))
    audit(world)


def test_a_late_low_id_with_an_old_timestamp_is_not_swept_away_unarchived() -> None:
    world = holed()
    world.run()
    world.later()
    for entry_id in (3, 4):
        world.trail.put(entry_id, timestamp="2026-11-01 00:00:00 UTC+0000")
    result = world.run()
    assert result.boundary == 7
    assert world.last().filled == (3, 4)
    assert not {3, 4} & set(world.trail.ids)
    audit_quiet(world)


def crossed() -> World:
    """The hole was accepted and crossed."""
    world = holed()
    world.run()
    world.accept()
    world.until_quiet()
    return world


def test_a_hole_that_is_filled_after_it_was_crossed_is_no_failed_deletion() -> None:
    world = crossed()
    world.trail.put(3)
    world.trail.arrive()
    world.run()
    assert world.last().filled == (3,)
    world.later()
    result = world.run()
    assert result.outcome == RunOutcome.PURGED
    assert result.warnings == ()


def test_a_hole_that_is_filled_after_it_was_crossed_is_archived_and_purged() -> None:
    world = crossed()
    world.trail.put(3)
    world.trail.arrive()
    world.until_quiet()
    assert 3 in {filled for said in world.archives() for filled in said.filled}
    assert 3 not in world.trail.ids
    audit_quiet(world)


def test_the_hole_that_our_own_purge_left_is_ours() -> None:
    world = World()
    world.aged(5)
    world.trail.arrive(2)
    world.purger.answers = world.purger.writes_receipt = False
    world.run()  # nobody knows: the watermark stays, and yet 1 to 5 are gone
    result = world.run()
    assert result.foreign_purges == ()
    audit(world)


# ---------------------------------------------------------------------------- going backwards


def refused(world: World, words: str) -> None:
    """The run is a rollback: paged, the export kept, nothing committed or purged."""
    chain, posts = len(world.chain()), list(world.posts)
    with pytest.raises(RollbackError, match=words) as caught:
        world.run()
    (kept,) = world.store.keys("rejected/")
    stored = world.store.latest(kept)
    assert stored is not None
    assert stored.retention is not None
    assert stored.data == world.served[-1]
    assert stored.retention.until == world.clock.now() + 90 * DAY
    assert kept.startswith(f"rejected/console={CONSOLE}/")
    assert any(kept in note for note in caught.value.__notes__)
    assert (len(world.chain()), world.posts) == (chain, posts)
    assert world.alerts.kinds == ["RollbackError"]


def test_a_reset_console_is_a_rollback() -> None:
    world = archived()
    world.run()
    world.trail.reset()
    world.aged(3)
    refused(world, "newest entry is 3, below the archived 10")


def test_a_reset_console_that_has_grown_past_the_archive_is_a_rollback() -> None:
    world = archived()
    world.run()
    world.trail.reset()
    world.aged(30)
    refused(world, "its entry 10 is not the one that was archived")


def test_a_restored_console_shows_purged_entries_again() -> None:
    world = World()
    world.aged(5)
    backup = world.trail.copy()
    world.run()
    world.trail.arrive(3)
    world.run()
    world.trail.reset(backup)
    world.aged(1)
    refused(world, "newest entry is 6, below the archived 9")


def test_purged_ids_that_live_again_without_the_anchor_are_a_rollback() -> None:
    world = archived()
    world.run()
    world.trail.put(2)
    world.aged(1)
    refused(world, "1 purged ids are live again, 2 to 2")


@pytest.mark.parametrize("others", [(), (3, 4)])
def test_another_entry_at_the_anchor_is_a_rollback_if_it_is_alone_or_most_others_differ_too(
    others: tuple[int, ...],
) -> None:
    world = World()
    world.trail.arrive(2)
    world.later()
    world.trail.arrive(3 if others else 1)
    world.run()
    for entry_id in (*others, world.trail.last_id - 1):
        world.trail.replace(entry_id, timestamp="2026-11-01 00:00:00 UTC+0000")
    if not others:
        world.trail.remove(4)
    world.later()
    refused(world, "is not the one that was archived")


def test_a_last_archived_entry_that_alone_differs_was_amended() -> None:
    world = World()
    world.trail.arrive(5)
    world.run()
    world.trail.replace(5, timestamp="2026-11-01 00:00:00 UTC+0000")
    world.aged(1)
    result = world.run()
    assert [(span.first, span.last) for span in world.last().amended] == [(5, 5)]
    assert "entries were amended after they were archived: 5 to 5" in result.warnings[0]
    assert world.alerts.kinds == ["AmendedEntry"]
    assert world.alerts.published[0].facts["export"] == world.last().export.key


@pytest.mark.parametrize("spelling", ["2026-11-23T07:10:00+01:00", "2026-11-23 07:10:00 UTC+0100"])
def test_the_anchor_in_another_spelling_is_no_rollback(spelling: str) -> None:
    world = World()
    world.trail.arrive(5, timestamp="2026-11-23 06:10:00 UTC+0000")
    world.run()
    for entry_id in world.trail.ids:
        world.trail.replace(entry_id, timestamp=spelling)
    assert world.run().outcome == RunOutcome.IDLE
    world.aged(1)
    assert world.run().outcome == RunOutcome.PURGED
    assert world.alerts.published == []


def test_nothing_is_purged_whose_proof_ends_within_a_month() -> None:
    world = World()
    world.mode = "off"
    world.trail.arrive(3)
    world.run()
    world.later(60 * DAY)
    world.aged(2)
    world.run()
    world.later(15 * DAY)
    world.mode = "on"
    world.aged(1)
    result = world.run()
    assert (result.boundary, result.held_back_by) == (None, HeldBackBy.ENDING_PROOF)
    assert world.posts == []
    world.later(4 * DAY)
    world.run()
    assert world.alerts.kinds == ["PurgeHeldBack"]
    state_decision(
        world.bound(), OperatorRequest(CONSOLE, Action.EPOCH, "somebody", "archive all that is live anew")
    )
    world.later(HOUR)
    world.run()
    assert world.posts == [6]


@pytest.mark.parametrize(("days", "held_back_by"), [(29, None), (31, HeldBackBy.ENDING_PROOF)])
def test_nothing_is_purged_that_s3_hides_within_a_month(days: int, held_back_by: HeldBackBy | None) -> None:
    """Its lock lasts longer, but the expiry was lowered: Athena would miss what the Console no longer has."""
    world = World()
    world.mode, world.expiry_days = "off", 61
    world.trail.arrive(3)
    world.run()
    world.later(days * DAY)
    world.mode = "on"
    world.aged(1)
    assert world.run().held_back_by == held_back_by


def test_a_boundary_stays_below_the_first_entry_whose_proof_ends_soon() -> None:
    """The entry that a late writer put below has a fresh proof."""
    world = holed()
    world.mode = "off"
    world.run()
    world.later(75 * DAY)
    for entry_id in (3, 4):
        world.trail.put(entry_id, timestamp="2026-11-01 00:00:00 UTC+0000")
    world.run()
    world.trail.remove(1, 2)
    world.mode = "on"
    world.aged(1)
    assert (world.run().boundary, world.posts) == (4, [4])


def test_a_trail_emptied_without_a_word_is_a_rollback() -> None:
    world = World()
    world.trail.arrive(5)
    world.run()
    world.trail.remove(1, 2, 3, 4, 5)
    refused(world, "trail is empty")


def test_after_an_epoch_statement_ids_count_anew() -> None:
    world = archived()
    world.run()
    world.trail.reset()
    world.aged(3)
    refused(world, "backwards")
    world.state(Action.EPOCH)
    world.later(HOUR)
    result = world.run()
    assert (result.outcome, result.highest_archived_id, result.highest_purged_id) == (RunOutcome.PURGED, 3, 3)
    assert {said.epoch for said in world.archives()} == {1, 2}
    assert world.run().outcome == RunOutcome.IDLE


# ---------------------------------------------------------------------------- exports we can't accept


def damaged(data: bytes) -> World:
    world = archived()
    world.reader.export = lambda entries: data
    return world


def with_member(text: bytes) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr("trail.json", text)
    return file.getvalue()


@all_rows(
    "data",
    [
        b"not a zip",
        zip_of([{"id": 7}])[:-5],
        with_member(b"{"),
        with_member(b'[{"id": 0}]'),
        with_member(b'[{"id": "7"}]'),
        with_member(b'[{"id": 7, "a": 1}, {"id": 7, "a": 2}]'),
    ],
)
def test_an_export_that_is_not_acceptable_is_kept_and_nothing_is_committed(data: bytes) -> None:
    world = damaged(data)
    chain = len(world.chain())
    with pytest.raises(InvalidExportError):
        world.run()
    (kept,) = world.store.keys("rejected/")
    assert world.store.data(kept) == data
    assert len(world.chain()) == chain
    assert world.posts == [5]
    world.reader.export = zip_of
    world.until_quiet()
    audit_quiet(world)


def test_a_refusal_is_not_hidden_by_a_store_that_fails_to_keep_it() -> None:
    def fail() -> None:
        raise ArchiveStoreError("down")

    world = damaged(b"not a zip")
    with pytest.raises(InvalidExportError) as caught:
        world.run(Meanwhile("FakeStore.put", fail))
    assert "could not be kept: down" in caught.value.__notes__[0]


def test_a_refusal_is_not_hidden_by_a_bucket_that_takes_no_locks() -> None:
    world = damaged(b"not a zip")
    world.store.is_locking = False
    with pytest.raises(InvalidExportError):
        world.run()


def test_a_timestamp_at_the_end_of_time_is_archived_and_stops_nothing() -> None:
    world = World()
    world.aged(2)
    world.trail.arrive(timestamp="9999-12-31 23:59:59 UTC+0000")
    result = world.run()
    assert (result.boundary, result.highest_archived_id) == (2, 3)
    assert world.run().outcome == RunOutcome.IDLE
    audit_quiet(world)
