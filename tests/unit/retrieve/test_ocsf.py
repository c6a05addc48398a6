"""Entries as OCSF events, checked against what is published of the schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.retrieve.formats import FORMATS
from audit_archive.retrieve.ocsf import (
    THINGS,
    TO_A_THING,
    TO_A_USER,
    VERSION,
    ocsf_event,
    ocsf_line,
    unknown_actions,
)
from audit_archive.retrieve.rows import LineOrigin
from tests.support.rows import all_rows
from tests.unit.retrieve.ocsf_schema import SCHEMA, faults

ENTRY: dict[str, Any] = {
    "id": 73,
    "timestamp": "2020-04-03 12:56:42 UTC+0200",
    "action_type": "user_login",
    "message": "User alice@example.com logged in",
    "user": "alice@example.com",
    "user_ip": "192.0.2.7",
    "user_browser_agent": "Mozilla/5.0",
    "user_browser_language": "en-US,en;q=0.9",
    "flock_id": None,
    "additional_information": None,
}


def event_of(**fields: Any) -> dict[str, Any]:
    """The event of an entry that is the usual one but for these fields; it must be valid."""
    found = ocsf_event(canonical_bytes(ENTRY | fields), "1234abcd", 2)
    assert faults(found) == []
    return found


def test_a_login_is_an_authentication() -> None:
    assert event_of() == {
        "activity_id": 1,
        "activity_name": "Logon",
        "actor": {"user": {"name": "alice@example.com"}},
        "category_name": "Identity & Access Management",
        "category_uid": 3,
        "class_name": "Authentication",
        "class_uid": 3002,
        "http_request": {
            "http_headers": [{"name": "Accept-Language", "value": "en-US,en;q=0.9"}],
            "user_agent": "Mozilla/5.0",
        },
        "message": "User alice@example.com logged in",
        "metadata": {
            "event_code": "user_login",
            "log_name": "audit_trail",
            "original_event_uid": "73",
            "original_time": "2020-04-03 12:56:42 UTC+0200",
            "product": {"name": "Canary Console", "vendor_name": "Thinkst"},
            "tenant_uid": "1234abcd",
            "uid": "1234abcd/2/73",
            "version": VERSION,
        },
        "raw_data": canonical_bytes(ENTRY).decode(),
        "service": {"name": "Canary Console", "uid": "1234abcd"},
        "severity": "Informational",
        "severity_id": 1,
        "src_endpoint": {"ip": "192.0.2.7"},
        "status": "Success",
        "status_id": 1,
        "time": 1_585_911_402_000,
        "type_name": "Authentication: Logon",
        "type_uid": 300201,
        "user": {"name": "alice@example.com"},
    }


@all_rows(
    ("action", "type_uid"),
    [
        ("user_login", 300201),
        ("user_login_failed", 300201),
        ("user_logout", 300202),
        ("device_schedule_reboot", 300499),
        ("device_push_settings", 300403),
        ("flock_move", 300405),
        ("flock_create", 300401),
        ("user_assign_to_flock", 300714),
        ("user_create", 300701),
        ("user_password_reset", 300799),
        ("canarytoken_create", 300401),
        ("canarytoken_disable", 300409),
        ("canarytoken_delete", 300404),
        ("incident_acknowledge", 300499),
        ("audit_trail_purge", 300404),
        ("settings_change", 600399),
        ("something nobody heard of", 600399),
        ("user", 600399),
        ("username_login", 600399),
        ("user_failed_login", 300201),
        ("failed_user_login", 300201),
        ("login_user_failed", 300201),
        ("login_failed", 300201),
        ("failed_login", 300201),
        ("login_screen_change", 600399),
        ("create_canarytoken", 300401),
        ("delete_user", 300703),
        ("purge_audit_trail", 300404),
        ("flock_user_delete", 300404),
        ("user_enable_disable", 300799),
        ("schedule_device_reboot", 300499),
        ("", 600300),
        (None, 600300),
        (7, 600300),
    ],
)
def test_an_action_is_a_class_and_an_activity(action: object, type_uid: int) -> None:
    assert event_of(action_type=action)["type_uid"] == type_uid


@pytest.mark.parametrize("action", ["device_schedule_reboot", "user_sing", "settings_change", "x"])
def test_an_activity_without_a_number_keeps_its_own_name(action: str) -> None:
    event = event_of(action_type=action)
    assert (event["activity_id"], event["activity_name"]) == (99, action)
    assert event["type_name"] == f"{event['class_name']}: Other"
    assert event_of(action_type=None)["type_name"] == "API Activity: Unknown"


def test_actions_that_no_rule_knows_are_counted_and_named() -> None:
    actions = ["x", "settings_change", "x", "user_sing", "user_login", None, 7, '"class_uid":6003']
    events = [ocsf_line(canonical_bytes(ENTRY | {"action_type": each}), "c", 1) for each in actions]
    assert unknown_actions(events) == {"x": 2, "settings_change": 1, '"class_uid":6003': 1}
    many = [ocsf_line(canonical_bytes(ENTRY | {"action_type": f"n{at}"}), "c", 1) for at in range(103)]
    found = unknown_actions(many)
    assert (len(found), found["and others"]) == (101, 3)


def test_forwarded_addresses_and_the_id_of_an_api_key_have_a_place() -> None:
    route = "192.0.2.7:443, 2001:db8::1, unknown"
    event = event_of(user_access_route=route, user="Global-API-Token[key_id:0af1ffff]")
    assert event["http_request"]["x_forwarded_for"] == ["192.0.2.7", "2001:db8::1"]
    assert event["unmapped"] == {"user_access_route": route}
    assert event["actor"]["user"]["credential_uid"] == "0af1ffff"
    told = event_of(user=None, message="User 'Global-API-Token[key_id:0af1]' logged in")
    assert told["actor"]["user"] == {"name": "Unknown", "credential_uid": "0af1"}
    assert "x_forwarded_for" not in event_of(user_access_route="api")["http_request"]


@all_rows(
    ("fields", "status"),
    [
        ({}, "Success"),
        ({"action_type": "user_login_failed"}, "Failure"),
        ({"message": "Failed login attempt"}, "Failure"),
        ({"message": "Invalid password for alice@example.com: not logged in"}, "Failure"),
        ({"message": "Something happened"}, "Unknown"),
        ({"message": None}, "Unknown"),
        ({"user": "failed", "message": "User failed logged in"}, "Success"),
        ({"user": "x logged in", "message": "User x logged in: failed"}, "Failure"),
        ({"user": "x logged in", "message": "User x logged in did something"}, "Unknown"),
        ({"action_type": "device_push_settings", "message": "failed logged in"}, "Unknown"),
        ({"action_type": "device_push_failed"}, "Failure"),
    ],
)
def test_a_failure_is_told_by_the_console_not_by_a_users_name(fields: dict[str, Any], status: str) -> None:
    assert event_of(**fields)["status"] == status


@pytest.mark.parametrize(
    ("fields", "entity"),
    [
        (
            {"action_type": "flock_move", "flock_id": "flock:1", "flock_name": "東京"},
            {"type": "flock", "uid": "flock:1", "name": "東京"},
        ),
        (
            {"action_type": "device_push_settings", "additional_information": {"node_id": "00a1"}},
            {"type": "device", "uid": "00a1"},
        ),
        (
            {"action_type": "canarytoken_create", "additional_information": {"canarytoken": "t0"}},
            {"type": "canarytoken", "uid": "t0"},
        ),
        (
            {"action_type": "device_push_settings", "additional_information": "text"},
            {"type": "device", "name": "Unknown"},
        ),
        ({"action_type": "audit_trail_purge"}, {"type": "audit_trail", "name": "audit_trail"}),
    ],
)
def test_what_was_acted_upon_is_named_if_it_is_known(fields: dict[str, Any], entity: dict[str, str]) -> None:
    assert event_of(**fields)["entity"] == {"type_id": 99} | entity


def test_what_is_required_and_not_known_says_so() -> None:
    line = canonical_bytes({"id": 1})
    event = ocsf_event(line, "1234abcd", 1)
    assert faults(event) == []
    assert event["time"] == 0
    assert event["actor"] == {"user": {"name": "Unknown"}}
    assert event["src_endpoint"] == {"name": "Unknown"}
    assert event["api"]["operation"] == "Unknown"
    assert event_of(action_type="user_create", user=None)["user"] == {"name": "Unknown"}


def test_an_address_that_is_none_is_a_name() -> None:
    assert event_of(user_ip="the office")["src_endpoint"] == {"name": "the office"}


def test_what_the_schema_has_no_place_for_is_unmapped() -> None:
    fields = {
        "flock_id": "flock:1",
        "user_access_route": "api",
        "new": [1, {"a": None}],
        "user": 7,
        "timestamp": 0,
    }
    event = event_of(**fields)
    assert event["unmapped"] == fields
    assert event["actor"] == {"user": {"name": "Unknown"}}


def test_a_line_in_source_form_is_read_as_far_as_it_can_be() -> None:
    source = json.dumps(
        ENTRY | {"user_browser_agent": "\ud800", "additional_information": 2**64, "flock_id": "flock:1"}
    ).encode()
    line = source_line(source, 73)
    event = ocsf_event(line, "1234abcd", 1)
    assert faults(event) == []
    assert event["actor"] == {"user": {"name": "alice@example.com"}}
    assert event["http_request"]["user_agent"] == "\ufffd"
    assert event["unmapped"] == {"flock_id": "flock:1"}
    assert event["raw_data"].encode() == line


@pytest.mark.parametrize("bad", [b"\xff", b"\x01", b"\n"])
def test_a_line_whose_source_has_a_bad_byte_is_read_as_far_as_it_can_be(bad: bytes) -> None:
    source = json.dumps(ENTRY | {"user_browser_agent": "Mozilla?", "additional_information": [1]}).encode()
    line = source_line(source.replace(b"?", bad), 73)
    event = ocsf_event(line, "1234abcd", 1)
    assert faults(event) == []
    assert event["actor"] == {"user": {"name": "alice@example.com"}}
    assert event["http_request"]["user_agent"] == "Mozilla" + bad.decode("utf-8", "replace")
    assert "unmapped" not in event
    assert event["raw_data"].encode() == line
    assert ocsf_line(line, "1234abcd", 1).count(b"\n") == 1


def test_a_timestamp_in_iso_8601_is_a_time() -> None:
    assert (
        event_of(timestamp="2026-11-20T08:14:02.999+01:00")["time"]
        == event_of(timestamp="2026-11-20 07:14:02 UTC+0000")["time"]
        != 0
    )


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["node_id", "a"]), inner),
    max_leaves=5,
)
NAMES = st.sampled_from([*ENTRY, "flock_name", "user_access_route", "unheard_of"]).filter(
    lambda name: name != "id"
)


@given(st.dictionaries(NAMES, VALUES, max_size=8), st.integers(1, 2**63 - 1))
def test_every_entry_is_a_valid_event_that_keeps_its_line(fields: dict[str, Any], entry_id: int) -> None:
    line = canonical_bytes(ENTRY | fields | {"id": entry_id})
    written = ocsf_line(line, "1234abcd", 1)
    assert written.endswith(b"\n")
    assert written.count(b"\n") == 1
    event = json.loads(written)
    assert faults(event) == []
    assert event["raw_data"].encode() == line
    placed = json.dumps(event | {"raw_data": None}, ensure_ascii=False)
    assert all(
        json.dumps(text, ensure_ascii=False) in placed
        for text in fields.values()
        if isinstance(text, str) and text
    )


def test_the_check_bites() -> None:
    event = ocsf_event(canonical_bytes(ENTRY), "1234abcd", 1)
    for name in SCHEMA["classes"]["3002"]["required"]:
        broken = {key: value for key, value in event.items() if key != name}
        assert _has_fault(broken), name
    assert faults(event | {"type_uid": 1}) == ["type_uid"]
    assert faults(event | {"user": {}}) == ["event.user has none of ['account', 'name', 'uid']"]
    assert faults(event | {"colour": "red"}) == ["event has no attribute colour"]
    assert faults(event | {"time": "now"}) == ["event.time is no number"]


def _has_fault(event: dict[str, Any]) -> bool:
    try:
        return faults(event) != []
    except KeyError:
        return True


def test_it_is_one_of_the_forms_in_which_entries_are_handed_out() -> None:
    line = canonical_bytes(ENTRY)
    render = FORMATS["ocsf"].render
    assert render is not None
    assert render(line, LineOrigin("1234abcd", 2)) == ocsf_line(line, "1234abcd", 2)


def test_the_page_tells_how_actions_are_classed() -> None:
    page = (Path(__file__).parents[3] / "docs" / "ocsf.md").read_text()
    verbs = {*TO_A_USER, *TO_A_THING}
    assert not [verb for verb in verbs if not re.search(rf"[_`]{verb}[`_]", page)]
    assert all(f"{thing}_…" in page for thing in THINGS)
    assert VERSION in page
