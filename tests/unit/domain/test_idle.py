"""Is there anything to do? Whatever looks odd is not idle."""

from dataclasses import replace
from typing import Any

import pytest

from audit_archive.domain.facts import Anchor, Mode
from audit_archive.domain.head import Head, KnownReceipt
from audit_archive.domain.idle import is_idle
from audit_archive.domain.plan import Policy

NOW = 1_795_413_600
ON = Policy(Mode.ON, 3600, 0)
HEAD = Head("c", highest_archived_id=10, highest_purged_id=6, anchor=Anchor(10, "then", "user_login"))
NEWEST = {"id": 10, "timestamp": "then", "action_type": "user_login", "user": "a"}
PURGED = replace(HEAD, highest_purged_id=10)
WITH_RECEIPTS = replace(PURGED, receipts=(KnownReceipt(11, 1, 10), KnownReceipt(12, 3, 10)))


def idle(newest: dict[str, Any] | None, head: Head = HEAD, policy: Policy = ON) -> bool:
    return is_idle(newest, head, policy, NOW)


def test_the_anchor_is_still_the_newest() -> None:
    assert idle(NEWEST)


@pytest.mark.parametrize(
    "change", [{"id": 11}, {"id": 9}, {"timestamp": "now"}, {"action_type": "x"}, {"timestamp": None}]
)
def test_anything_else_at_the_top_is_looked_at(change: dict[str, Any]) -> None:
    assert not idle(NEWEST | change)


def test_what_the_anchor_did_not_state_may_be_anything() -> None:
    head = replace(HEAD, anchor=Anchor(10, None, None))
    assert idle(NEWEST, head)
    assert idle({"id": 10}, head)


def test_above_the_archive_there_are_only_known_receipts_of_ours() -> None:
    assert idle({"id": 12, "action_type": "audit_trail_purge"}, WITH_RECEIPTS)
    assert not idle({"id": 12, "action_type": "user_login"}, WITH_RECEIPTS)
    assert not idle({"id": 13}, WITH_RECEIPTS)
    assert not idle({"id": 11}, WITH_RECEIPTS)
    assert not idle({"id": 10}, WITH_RECEIPTS)


def test_an_empty_trail_is_idle_only_if_nothing_should_be_there() -> None:
    assert idle(None, Head("c"))
    assert idle(None, PURGED)
    assert not idle(None, HEAD)
    assert not idle(None, WITH_RECEIPTS)


def test_a_first_entry_is_something_to_do() -> None:
    assert not idle({"id": 1}, Head("c"))


@pytest.mark.parametrize(("due", "is_due"), [(None, False), (NOW + 1, False), (NOW, True), (NOW - 9, True)])
def test_what_is_due_is_something_to_do(due: int | None, is_due: bool) -> None:
    assert idle(NEWEST, replace(HEAD, next_due_at=due)) is not is_due


@pytest.mark.parametrize("mode", [Mode.OFF, Mode.DRY_RUN])
def test_nothing_is_due_where_nothing_is_purged(mode: str) -> None:
    assert idle(NEWEST, replace(HEAD, next_due_at=NOW), replace(ON, mode=mode))


def test_nothing_is_due_where_a_mismatch_is_latched() -> None:
    assert idle(NEWEST, replace(HEAD, next_due_at=NOW, is_latched=True))
