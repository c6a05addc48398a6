"""What an invocation may ask for: checked field by field, and never more than the stack allows."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.config import Settings
from audit_archive.errors import RequestError
from audit_archive.format.facts import Mode
from audit_archive.run.plan import Policy
from audit_archive.run.request import ArchiveRequest
from tests.support.rows import all_rows

STACK = Settings.from_environment(
    {
        "ARCHIVE_BUCKET": "bucket",
        "LEDGER_TABLE": "table",
        "SECRET_PREFIX": "canary",
        "PURGE_MODE": "dry-run",
        "KEEP_DAYS": "7",
    }
)


def test_the_least_and_the_most_that_an_event_says() -> None:
    assert ArchiveRequest.from_event({"console": "1234abcd"}) == ArchiveRequest("1234abcd")
    event = {"console": "a-1", "purge_mode": "off", "keep_days": 30, "reason": "before the audit"}
    assert ArchiveRequest.from_event(event) == ArchiveRequest("a-1", Mode.OFF, 30, "before the audit")


def test_null_is_as_good_as_absent() -> None:
    event = {"console": "a", "purge_mode": None, "keep_days": None, "reason": None}
    assert ArchiveRequest.from_event(event) == ArchiveRequest("a")


def test_an_id_that_no_schedule_can_be_named_after_is_refused() -> None:
    with pytest.raises(RequestError, match="of a-z, 0-9 and hyphens, 57 characters at most"):
        ArchiveRequest.from_event({"console": "a" * 58})


@pytest.mark.parametrize("console", ["a", "0", "1234abcd", "a-b", "a" * 57])
def test_a_console_is_a_dns_label(console: str) -> None:
    assert ArchiveRequest.from_event({"console": console}).console == console


@all_rows(
    ("event", "field"),
    [
        (None, "event"),
        ([], "event"),
        ("1234abcd", "event"),
        ({}, "console"),
        ({"console": None}, "console"),
        ({"console": ""}, "console"),
        ({"console": 1234}, "console"),
        ({"console": "1234ABCD"}, "console"),
        ({"console": "a.b"}, "console"),
        ({"console": "a/b"}, "console"),
        ({"console": "a\n"}, "console"),
        ({"console": "-a"}, "console"),
        ({"console": "a-"}, "console"),
        ({"console": "a" * 64}, "console"),
        ({"console": "\u00e4"}, "console"),
        ({"console": "a", "purge_mode": "ON"}, "purge_mode"),
        ({"console": "a", "purge_mode": True}, "purge_mode"),
        ({"console": "a", "purge_mode": []}, "purge_mode"),
        ({"console": "a", "keep_days": -1}, "keep_days"),
        ({"console": "a", "keep_days": 3651}, "keep_days"),
        ({"console": "a", "keep_days": "7"}, "keep_days"),
        ({"console": "a", "keep_days": 7.0}, "keep_days"),
        ({"console": "a", "keep_days": True}, "keep_days"),
        ({"console": "a", "reason": ""}, "reason"),
        ({"console": "a", "reason": "x" * 501}, "reason"),
        ({"console": "a", "reason": "two\nlines"}, "reason"),
        ({"console": "a", "reason": 7}, "reason"),
        ({"console": "a", "settle_minutes": 1}, "settle_minutes"),
        ({"console": "a", "Purge_Mode": "off"}, "Purge_Mode"),
        ({"console": "a", "surplus": None}, "surplus"),
    ],
)
def test_a_wrong_field_is_named(event: object, field: str) -> None:
    with pytest.raises(RequestError, match=f"^{field}: ") as caught:
        ArchiveRequest.from_event(event)
    assert caught.value.field == field


NAMES = st.sampled_from(["console", "purge_mode", "keep_days", "reason", "x"])
SCALARS = st.none() | st.booleans() | st.integers() | st.text()
EVENTS = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner))


def field_refused(event: Any) -> str | None:
    """The field that is refused; None if the event is a request."""
    try:
        ArchiveRequest.from_event(event)
    except RequestError as error:
        return error.field
    return None


@given(EVENTS | st.fixed_dictionaries({"console": st.just("a")}, optional={"reason": SCALARS, "x": SCALARS}))
def test_any_event_is_a_request_or_refused_by_a_field_of_it(event: Any) -> None:
    field = field_refused(event)
    if not isinstance(event, dict):
        assert field == "event"
    elif field is not None:
        assert field == "console" or field in event


def test_without_wishes_the_stack_decides() -> None:
    assert ArchiveRequest("a").policy(STACK) == Policy(Mode.DRY_RUN, 3600, 7 * 86_400)


@all_rows("asked", tuple(Mode))
@all_rows("allowed", tuple(Mode))
def test_the_mode_may_be_lowered_and_never_raised(asked: Mode, allowed: Mode) -> None:
    request, stack = ArchiveRequest("a", purge_mode=asked), replace(STACK, purge_mode=allowed)
    if tuple(Mode).index(asked) <= tuple(Mode).index(allowed):
        assert request.policy(stack).mode == asked
    else:
        with pytest.raises(RequestError, match=f"^purge_mode: {asked} is more .* {allowed}"):
            request.policy(stack)


def test_the_order_of_modes() -> None:
    assert tuple(Mode) == ("off", "dry-run", "on")


def test_more_days_may_be_kept_and_never_fewer() -> None:
    assert ArchiveRequest("a", keep_days=8).policy(STACK).keep == 8 * 86_400
    assert ArchiveRequest("a", keep_days=7).policy(STACK).keep == 7 * 86_400
    for days in (6, 0):
        with pytest.raises(RequestError, match=f"^keep_days: {days} would purge more .* keeps 7"):
            ArchiveRequest("a", keep_days=days).policy(STACK)
