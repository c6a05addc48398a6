"""Is there anything to do? Whatever looks odd is not idle."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.facts import Anchor, ExportFacts, LockMode, Mode
from audit_archive.format.head import Head, KnownReceipt
from audit_archive.format.times import DAY
from audit_archive.run.plan import WHOLE_EVERY, Policy, is_anchor, is_idle
from tests.support.examples import examples
from tests.support.rows import all_rows

NOW = 1_795_413_600
ON = Policy(Mode.ON, 3600, 0)
EXPORT = ExportFacts("k", "v", "00", 1, LockMode.GOVERNANCE, "then", "then", 7, 10, 4, 4, "00")
HEAD = Head(
    "c",
    highest_archived_id=10,
    highest_purged_id=6,
    anchor=Anchor(10, "then", "user_login"),
    export=EXPORT,
    live_count=4,
    surveyed_at=NOW,
)
NEWEST = {"id": 10, "timestamp": "then", "action_type": "user_login", "user": "a"}
PURGED = replace(HEAD, highest_purged_id=10, live_count=0)
WITH_RECEIPTS = replace(PURGED, receipts=(KnownReceipt(11, 1, 10), KnownReceipt(12, 3, 10)), live_count=2)
NEVER = Head("c")


def idle(
    newest: dict[str, Any] | None,
    head: Head = HEAD,
    policy: Policy = ON,
    population: int | None = None,
    now: int = NOW,
) -> bool:
    return is_idle(newest, population, head, policy, now)


def test_the_anchor_is_still_the_newest() -> None:
    assert idle(NEWEST)


@all_rows(
    "change",
    [{"id": 11}, {"id": 9}, {"id": None}, {"timestamp": "now"}, {"action_type": "x"}, {"timestamp": None}],
)
def test_anything_else_at_the_top_is_looked_at(change: dict[str, Any]) -> None:
    assert not idle(NEWEST | change)


def test_what_the_anchor_did_not_state_may_be_anything() -> None:
    head = replace(HEAD, anchor=Anchor(10, None, None))
    assert idle(NEWEST, head)
    assert idle({"id": 10}, head)


@all_rows(
    ("timestamp", "is_same"),
    [
        ("2020-04-03 12:56:42 UTC+0000", True),
        ("2020-04-03 14:56:42 UTC+0200", True),
        ("2020-04-03 14:56:42 UTC+0000", False),
        ("2020-04-03 12:56:43 UTC+0000", False),
        ("soon", False),
        (None, False),
    ],
)
def test_the_instant_of_an_anchor_counts_and_not_its_spelling(timestamp: str | None, is_same: bool) -> None:
    anchor = Anchor(10, "2020-04-03 12:56:42 UTC+0000", "x")
    assert is_anchor({"timestamp": timestamp, "action_type": "x"}, anchor) is is_same
    assert not is_anchor({"timestamp": timestamp, "action_type": "y"}, anchor)
    assert is_anchor({"timestamp": "soon"}, Anchor(10, "soon", None))
    assert not is_anchor({"timestamp": "later"}, Anchor(10, "soon", None))


def test_above_the_archive_there_are_only_known_receipts_of_ours() -> None:
    assert idle({"id": 12, "action_type": "audit_trail_purge"}, WITH_RECEIPTS)
    assert not idle({"id": 12, "action_type": "user_login"}, WITH_RECEIPTS)
    assert not idle({"id": 13}, WITH_RECEIPTS)
    assert not idle({"id": 11}, WITH_RECEIPTS)
    assert not idle({"id": 10}, WITH_RECEIPTS)


def test_an_empty_trail_is_idle_only_if_nothing_should_be_there() -> None:
    assert idle(None, NEVER)
    assert idle(None, PURGED)
    assert not idle(None, HEAD)
    assert not idle(None, WITH_RECEIPTS)


@all_rows("entry_id", [1, 0, True, False, "1", None, -1])
def test_a_first_entry_is_something_to_do(entry_id: object) -> None:
    assert not idle({"id": entry_id}, NEVER)


# ---------------------------------------------------------------------------- by count


@pytest.mark.parametrize(
    ("population", "is_quiet"), [(4, True), (None, True), (5, False), (3, False), (0, False)]
)
def test_a_count_that_is_not_the_expected_one_is_looked_at(population: int | None, is_quiet: bool) -> None:
    """A late low id raises it, though the newest entry is the same."""
    assert idle(NEWEST, population=population) is is_quiet


def test_a_count_that_nobody_knows_is_looked_at_once() -> None:
    assert not idle(NEWEST, replace(HEAD, live_count=None))
    assert not idle(NEWEST, replace(HEAD, live_count=None), population=4)


def test_an_empty_trail_that_counts_something_is_looked_at() -> None:
    assert not idle(None, PURGED, population=1)


@pytest.mark.parametrize(
    ("age", "is_quiet"), [(WHOLE_EVERY - 1, True), (WHOLE_EVERY, False), (9 * DAY, False)]
)
def test_at_least_every_week_a_run_is_whole(age: int, is_quiet: bool) -> None:
    assert idle(NEWEST, replace(HEAD, surveyed_at=NOW - age)) is is_quiet
    assert not idle(NEWEST, replace(HEAD, surveyed_at=None))


# ---------------------------------------------------------------------------- by time


@pytest.mark.parametrize(("due", "is_due"), [(None, False), (NOW + 1, False), (NOW, True), (NOW - 9, True)])
def test_what_is_due_is_something_to_do(due: int | None, is_due: bool) -> None:
    assert idle(NEWEST, replace(HEAD, next_due_at=due)) is not is_due


@pytest.mark.parametrize(
    ("window", "is_due"), [(3600, False), (3600 + 9, False), (3600 + 10, True), (DAY, True)]
)
def test_an_owner_who_lowers_a_window_need_not_wait_for_the_old_one(window: int, is_due: bool) -> None:
    assert idle(NEWEST, replace(HEAD, next_due_at=NOW + 10, window=window)) is not is_due


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.DRY_RUN])
def test_nothing_is_due_where_nothing_is_purged(mode: Mode) -> None:
    assert idle(NEWEST, replace(HEAD, next_due_at=NOW), replace(ON, mode=mode))


def test_nothing_is_due_where_a_mismatch_is_latched() -> None:
    assert idle(NEWEST, replace(HEAD, next_due_at=NOW, is_latched=True))


# ---------------------------------------------------------------------------- as a law


@examples(300)
@given(
    st.sampled_from([None, 9, 10, 11, 12, 13]),
    st.sampled_from([None, 0, 1, 2, 3, 4]),
    st.sampled_from([HEAD, PURGED, WITH_RECEIPTS]),
    st.sampled_from([0, WHOLE_EVERY - 1, WHOLE_EVERY]),
    st.sampled_from([None, NOW, NOW + 1]),
)
def test_a_quiet_run_has_every_witness_on_its_side(
    entry_id: int | None, population: int | None, head: Head, age: int, due: int | None
) -> None:
    head = replace(head, surveyed_at=NOW - age, next_due_at=due)
    action = "user_login" if entry_id == 10 else "audit_trail_purge"
    newest = None if entry_id is None else {"id": entry_id, "timestamp": "then", "action_type": action}
    tail = [receipt.entry_id for receipt in head.receipts if receipt.entry_id > head.highest_archived_id]
    live = [*range(head.highest_purged_id + 1, head.highest_archived_id + 1), *tail]
    is_top = entry_id == max(live, default=None) or (entry_id == 10 and not tail)
    is_counted = population in {None, head.live_count}
    assert idle(newest, head, population=population) is (
        is_top and is_counted and age < WHOLE_EVERY and due != NOW
    )
