"""Going backwards: the four rules, and the one exemption."""

from dataclasses import replace

import pytest

from audit_archive.errors import RollbackError
from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.entry import Entry
from audit_archive.format.facts import Anchor, Cause
from audit_archive.format.head import Head, Intent, KnownReceipt, OpenHole
from audit_archive.run.rollback import check_forward
from audit_archive.run.survey import Survey
from tests.support.batches import surveyed_whole
from tests.support.rows import all_rows

ANCHOR = Anchor(10, "then", "user_login")
HEAD = Head("1234abcd", highest_archived_id=10, highest_purged_id=6, anchor=ANCHOR)
ALL_GONE = replace(HEAD, highest_purged_id=10)


def check(ids: list[int], head: Head = HEAD, **of_anchor: object) -> None:
    """Check a trail of these ids."""
    check_forward(surveyed(ids, head, **of_anchor), head)


def surveyed(ids: list[int], head: Head, **of_anchor: object) -> Survey:
    """A trail of these ids; the entry at the anchor's id says what the anchor says, or otherwise."""
    entries = []
    for n in ids:
        fields = {"id": n, "timestamp": "other", "action_type": "other"}
        if n == ANCHOR.id:
            fields |= {"timestamp": "then", "action_type": "user_login"} | of_anchor
        entries.append(Entry(n, canonical_bytes(fields), 0, 0))
    return surveyed_whole(entries, head, 0, 0)


@all_rows("ids", [[7, 8, 9, 10], [7, 8, 9, 10, 11], [10], [11], [7, 10, 20], list(range(1, 12))])
def test_forward(ids: list[int]) -> None:
    check(ids)


def test_a_new_console_may_show_anything() -> None:
    check([], Head("1234abcd"))
    check([1], Head("1234abcd"))
    check([500, 900], Head("1234abcd"))


@pytest.mark.parametrize("ids", [[9], [7, 8, 9], [1], [6]])
def test_a_trail_that_ends_below_what_is_archived(ids: list[int]) -> None:
    with pytest.raises(RollbackError, match=r"1234abcd went backwards: its newest entry is \d, below"):
        check(ids)


@pytest.mark.parametrize("change", [{"timestamp": "now"}, {"action_type": "x"}, {"timestamp": None}])
def test_another_entry_at_the_anchor(change: dict[str, object]) -> None:
    with pytest.raises(RollbackError, match="its entry 10 is not the one that was archived"):
        check([9, 10, 11], HEAD, **change)


@pytest.mark.parametrize("ids", [[6, 11], [1, 11], [1, 2, 3, 7, 11]])
def test_purged_ids_that_live_again_though_the_anchor_is_gone(ids: list[int]) -> None:
    with pytest.raises(RollbackError, match=r"purged ids are live again, [16] to [136]"):
        check(ids)


@pytest.mark.parametrize("ids", [[7, 20], [9, 11]])
def test_older_entries_that_live_though_the_anchor_is_gone(ids: list[int]) -> None:
    with pytest.raises(
        RollbackError,
        match=r"its entry 10, the last archived, is gone, yet older ones are live, [79] to [79]",
    ):
        check(ids)


def test_purged_ids_may_still_show_while_the_anchor_does_and_is_the_same() -> None:
    check([1, 2, 3, 10, 11])
    check([1, 10], ALL_GONE)
    with pytest.raises(RollbackError, match="entry 10"):
        check([1, 2, 3, 10, 11], HEAD, timestamp="now")


def test_a_late_writer_may_fill_a_listed_hole_below_the_watermark() -> None:
    listed = replace(HEAD, holes=(OpenHole(3, 4, Cause.UNEXPLAINED, 0),))
    check([3, 4, 11], listed)
    with pytest.raises(RollbackError, match="2 purged ids are live again, 2 to 5"):
        check([2, 3, 4, 5, 11], listed)
    archived = replace(HEAD, late_ids=(3, 4))
    check([3, 4, 11], archived)
    with pytest.raises(RollbackError, match="1 purged ids are live again, 5 to 5"):
        check([3, 4, 5, 11], archived)


def test_an_empty_trail_although_something_should_live() -> None:
    with pytest.raises(RollbackError, match="trail is empty, yet entries above 6 should be live"):
        check([])
    with pytest.raises(RollbackError, match="empty"):
        check([], replace(ALL_GONE, receipts=(KnownReceipt(11, 1, 10),)))


def test_an_unanswered_purge_of_ours_may_have_emptied_the_trail() -> None:
    check([], replace(HEAD, intents=(Intent(3, 10, 4, 10, is_open=False),)))
    with pytest.raises(RollbackError, match="empty"):
        check([], replace(HEAD, intents=(Intent(3, 9, 3, 10, is_open=False),)))


def test_a_purge_of_ours_that_takes_the_newest_first_may_have_taken_the_anchor() -> None:
    """It was limited to so many entries a call: the older ones live on for the next."""
    sent = replace(HEAD, receipts=(KnownReceipt(11, 3, 10),))
    check([7, 8, 11], sent)
    check([7, 8, 11], replace(HEAD, intents=(Intent(3, 10, 4, 10, is_open=False),)))
    for other in (replace(HEAD, receipts=(KnownReceipt(11, 3, 9),)), HEAD):
        with pytest.raises(RollbackError, match="the last archived, is gone, yet older ones are live"):
            check([7, 8, 11], other)


def test_an_anchor_that_only_spells_its_time_in_another_way_is_the_same() -> None:
    head = replace(HEAD, anchor=Anchor(10, "2020-04-03 12:56:42 UTC+0000", "user_login"))
    check([9, 10, 11], head, timestamp="2020-04-03 14:56:42 UTC+0200")
    with pytest.raises(RollbackError, match="entry 10"):
        check([9, 10, 11], head, timestamp="2020-04-03 12:56:42 UTC+0200")


def test_an_anchor_that_alone_differs_among_many_is_an_amended_entry() -> None:
    survey = surveyed([9, 10, 11], HEAD, timestamp="now")
    check_forward(survey, HEAD, is_another=False)
    with pytest.raises(RollbackError, match="entry 10"):
        check_forward(survey, HEAD)


def test_an_empty_trail_where_all_is_purged_and_no_receipt_is_known() -> None:
    check([], ALL_GONE)


def test_the_message_says_the_way_out() -> None:
    with pytest.raises(RollbackError, match=r"rejected/.*new epoch"):
        check([1])
