"""Whatever comes in: each row of "What can come in, and what happens", sent over HTTP to the real handler.

What an emulator lets pass whatever we do (locks, checksums, versions): `tests/unit/run/test_bad_bucket.py`.
"""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from audit_archive.errors import (
    AuditArchiveError,
    ConsoleAuthError,
    ConsoleError,
    ConsoleUnavailableError,
    InvalidExportError,
)
from local.console import ConsoleServer, ExportShape
from local.console.answer import Answer, Endpoint
from local.console.faults import (
    Fault,
    Hang,
    HtmlPage,
    JsonError,
    Redirect,
    ReplacedBody,
    ResetBefore,
    Status,
    Trickle,
    Truncated,
    WrongLength,
)
from tests.functions.world import (
    PURGE_KEY,
    READ_KEY,
    World,
)
from tests.support import zips
from tests.support.entries import Json, entry, ordinary, text_of, trail_of

MakeWorld = Callable[..., World]
SHORT = 12.0
"""Seconds of Lambda time. The last ten are never waited away, so repeats end soon."""


def refused(
    world: World, kind: type[AuditArchiveError], *says: str, seconds: float = 900.0
) -> AuditArchiveError:
    """Run, which must fail with this very class and these words; and nothing may have come of it."""
    live, kept = world.live_ids, world.keys("rejected/")
    with pytest.raises(AuditArchiveError) as caught:
        world.run(seconds)
    error = caught.value
    told = "\n".join([str(error), *getattr(error, "__notes__", [])])
    assert type(error) is kind, told
    for words in says:
        assert words in told
    assert READ_KEY not in told
    assert PURGE_KEY not in told
    failure = world.log_lines()[-1]
    assert (failure["level"], failure["error_class"]) == ("ERROR", kind.__name__)
    assert world.metrics()[-1][f"Failed{kind.__name__}"] == [1.0]
    assert world.posts == []
    assert world.live_ids == live
    assert world.keys() == world.keys("rejected/"), "something was committed"
    assert kept == [], "a second refusal in one test"
    return error


def was_kept(world: World, body: bytes) -> bool:
    """Whether the refused export is under `rejected/`: it alone, byte for byte, locked for 90 days."""
    keys = world.keys("rejected/")
    if not keys:
        return False
    (key,) = keys
    assert re.fullmatch(r"rejected/console=1234abcd/\d{8}T\d{6}Z-[0-9a-f]{16}", key)
    assert world.get(key) == body
    mode, days = world.lock_of(key)
    assert mode == "GOVERNANCE"
    assert 89.9 < days <= 90
    return True


def heals(world: World) -> None:
    """The fault gone, the next run archives every entry, and purges only then."""
    live = world.live_ids
    world.console.faults.clear()
    world.run()
    assert sorted(world.archived()) == live
    assert len(world.posts) == 1


def at_export(world: World, fault: Fault, times: int | None = None) -> None:
    world.console.faults.add(fault, endpoint="export", times=times)


# An HTML page or a JSON error where the API's answer is due


INSTEAD = {
    "html-200": (HtmlPage(200), ConsoleError, "Maintenance"),
    "html-404": (HtmlPage(404), ConsoleError, "Maintenance"),
    "html-401": (HtmlPage(401), ConsoleAuthError, "Maintenance"),
    "html-403": (HtmlPage(403), ConsoleUnavailableError, "Maintenance"),
    "html-503": (HtmlPage(503), ConsoleUnavailableError, "Maintenance"),
    "json-200": (JsonError("Disk is full"), ConsoleError, "Disk is full"),
    "failure-200": (JsonError("No disk", result="failure"), ConsoleError, "No disk"),
    "json-410": (JsonError("Gone", 410), ConsoleError, "Gone"),
    "json-500": (JsonError("Broken", 500), ConsoleUnavailableError, "Broken"),
    "auth-200": (JsonError("Invalid auth_token"), ConsoleAuthError, "AUTH_STYLE"),
}


@pytest.mark.parametrize(
    ("endpoint", "fault", "kind", "says"),
    [pytest.param("export", *case, id=f"export-{name}") for name, case in INSTEAD.items()]
    + [
        pytest.param("fetch", *INSTEAD[name], id=f"fetch-{name}")
        for name in ("html-200", "json-200", "auth-200")
    ],
)
@pytest.mark.usefixtures("without_pauses")
def test_a_page_or_an_error_instead(
    world: World, endpoint: Endpoint, fault: Fault, kind: type[AuditArchiveError], says: str
) -> None:
    world.console.faults.add(fault, endpoint=endpoint, times=None)
    refused(world, kind, says)
    assert world.keys() == [], "what is no export is not kept as one"
    heals(world)


@pytest.mark.parametrize("style", ["header", "query"])
def test_an_error_that_repeats_the_key_is_told_without_it(world: World, style: str) -> None:
    world.set(AUTH_STYLE=style)
    world.console.faults.add(JsonError(f"No such key: {READ_KEY}!"), endpoint="export")
    refused(world, ConsoleError, "No such key: [API key]!")


# What is no acceptable zip

ZIPS = [
    pytest.param(zips.good()[:-1], "no end record", id="one-byte-short"),
    pytest.param(zips.good()[: len(zips.good()) // 2], "cut off", id="half"),
    pytest.param(b"", "begins with b''", id="nothing"),
    pytest.param(zips.with_bad_crc(), "CRC", id="bad-crc"),
    pytest.param(zips.encrypted(), "encrypted", id="encrypted"),
    pytest.param(zips.zipped(), "0 members", id="no-member"),
    pytest.param(zips.zipped(b"[]", b"[]"), "2 files, not one", id="two-files"),
    pytest.param(b"#!/bin/sh\n" + zips.good(), "begins with", id="prepended"),
    pytest.param(zips.glued_behind(b"#!/bin/sh\n"), "begins with", id="prepended-offsets-right"),
    pytest.param(zips.good() + zips.good(), "does not end at byte", id="zip-before-zip"),
    pytest.param(zips.glued_behind(zips.good()), "begins at byte", id="zip-before-zip-offsets-right"),
    pytest.param(zips.good() + b"more", "something follows", id="appended"),
    pytest.param(zips.named(b"../../etc/cron.d/x"), "leads out of the folder", id="parent-path"),
    pytest.param(zips.named(b"/etc/cron.d/x"), "leads out of the folder", id="absolute-path"),
    pytest.param(zips.named(b"C:evil.json"), "leads out of the folder", id="drive"),
    pytest.param(zips.named(b"..\\evil.json"), "backslash", id="backslash"),
    pytest.param(zips.named(b"evil\n.json"), "control character", id="line-feed-in-name"),
    pytest.param(zips.named(b"folder/"), "is a folder with data", id="folder-with-data"),
    pytest.param(zips.bomb(33 * zips.GIB), f"would inflate to {33 * zips.GIB} bytes", id="bomb-declared"),
    pytest.param(
        zips.with_declared_size(b"[" + b" " * 1_000_000 + b"]", 1000),
        "more than the declared 1000",
        id="bomb-denied",
    ),
    pytest.param(zips.with_declared_size(b"[]", 1000), "not the declared 1000", id="shorter-than-declared"),
    pytest.param(b"PK is how this text begins, and no zip is it", "no end record", id="text"),
]


@pytest.mark.parametrize(("body", "says"), ZIPS)
def test_no_acceptable_zip(world: World, body: bytes, says: str) -> None:
    at_export(world, ReplacedBody(body))
    refused(world, InvalidExportError, says, "kept as rejected/")
    assert was_kept(world, body)


def test_a_body_that_ends_early_is_asked_for_again(world: World) -> None:
    at_export(world, Truncated(0.5), times=1)
    heals(world)


@pytest.mark.usefixtures("without_pauses")
def test_a_body_that_always_ends_early(world: World) -> None:
    at_export(world, Truncated(0.5))
    refused(world, InvalidExportError, "not whole", "ended early")
    assert world.keys() == []
    heals(world)


def test_a_body_shorter_than_announced(world: World) -> None:
    at_export(world, WrongLength(+10))
    refused(world, InvalidExportError, "not whole", "ended early", seconds=SHORT)
    heals(world)


def test_a_body_longer_than_announced(world: World) -> None:
    at_export(world, WrongLength(-1))
    refused(world, InvalidExportError, "no end record")
    assert len(world.keys("rejected/")) == 1
    heals(world)


def test_over_five_gigabytes(world: World) -> None:
    at_export(world, WrongLength(6 * zips.GIB))
    refused(world, InvalidExportError, f"more than {5 * zips.GIB} bytes")
    assert world.keys() == []
    heals(world)


# What is in the zip


def _with(text: bytes) -> tuple[bytes, str]:
    """An export with a good entry before a text, and where the text begins in its JSON."""
    first = text_of(entry(1))
    return zips.zipped(b"[" + first + b"," + text + b"]"), f"byte {len(first) + 2} "


JSONS = [
    pytest.param(zips.zipped(b"audit trail of last week"), "there is b'audit", id="text"),
    pytest.param(zips.zipped(b""), "there is no text at byte 0", id="nothing"),
    pytest.param(zips.zipped(b'"[]"'), "at byte 0", id="string"),
    pytest.param(zips.zipped(b'{"entries": []}'), "neither `audit_trail` nor `id`", id="another-object"),
    pytest.param(zips.zipped(b'{"audit_trail": 7}'), "neither an array nor null", id="trail-is-a-number"),
    pytest.param(zips.zipped(b"[" + text_of(entry(1)) + b",]"), "at byte", id="trailing-comma"),
    pytest.param(zips.zipped(b"[" + text_of(entry(1))[:-9]), "is cut off at byte", id="cut-in-an-entry"),
    pytest.param(zips.zipped(b"[" + text_of(entry(1))), "is cut off at byte", id="cut-after-an-entry"),
    pytest.param(zips.zipped(text_of(entry(1)) + b"\n" + b'{"id":2,'), "is cut off at byte", id="cut-line"),
    pytest.param(zips.zipped(b"[]]"), "follows at byte 2", id="more-after-the-end"),
    pytest.param(zips.zipped(b'{"a":"\xff","audit_trail":[]}'), "Byte 6", id="no-utf-8-around"),
    pytest.param(zips.zipped(b'{"a":"\x01","audit_trail":[]}'), "byte 6", id="control-around"),
    pytest.param(zips.zipped(b'[{"id":1\xff}]'), "byte 8", id="no-utf-8-where-no-text-is"),
]


@pytest.mark.parametrize(("body", "says"), JSONS)
def test_no_json(world: World, body: bytes, says: str) -> None:
    at_export(world, ReplacedBody(body))
    refused(world, InvalidExportError, says, "kept as rejected/")
    assert was_kept(world, body)


@pytest.mark.parametrize("text", [b"7", b'"x"', b"null", b"[]", b"[[]]", b"true", b"1.5"])
def test_an_entry_that_is_no_object(world: World, text: bytes) -> None:
    body, where = _with(text)
    at_export(world, ReplacedBody(body))
    refused(world, InvalidExportError, where, "is not an object", text.decode())
    assert was_kept(world, body)


IDS = [
    pytest.param(text_of(entry(0)), "b'0'", id="zero"),
    pytest.param(text_of(entry(-1)), "b'-1'", id="negative"),
    pytest.param(text_of(entry("7")), "b'\"7\"'", id="text"),
    pytest.param(text_of(entry(7.0)), "b'7.0'", id="float"),
    pytest.param(text_of(entry(7)).replace(b'"id":7,', b'"id":7e0,'), "b'7e0'", id="exponent"),
    pytest.param(text_of(entry(True)), "b'true'", id="true"),
    pytest.param(text_of(entry(None)), "b'null'", id="null"),
    pytest.param(text_of(entry([7])), "b'[7]'", id="list"),
    pytest.param(text_of(entry(2**63)), str(2**63), id="2-to-the-63"),
    pytest.param(text_of(entry(10**30)), str(10**30), id="10-to-the-30"),
    pytest.param(text_of(entry(7)).replace(b'"id":7,', b""), "has no id", id="missing"),
    pytest.param(b'{"id":7,' + text_of(entry(7))[1:], "2 ids", id="twice"),
]


@pytest.mark.parametrize(("text", "says"), IDS)
def test_an_id_that_is_none(make_world: MakeWorld, text: bytes, says: str) -> None:
    """It stands below the newest entry, so that the first look of a run does not meet it."""
    trail = ordinary(3)
    trail.put(text, entry_id=2)
    world = make_world(trail)
    where = len(text_of(entry(3))) + 3
    refused(world, InvalidExportError, f"at byte {where} ", says, "kept as rejected/")
    assert len(world.keys("rejected/")) == 1


@pytest.mark.parametrize("entry_id", [0, False, 0.0, "7", None, 2**63])
def test_an_id_that_is_none_in_the_newest_entry(make_world: MakeWorld, entry_id: object) -> None:
    """On a Console never archived before, it must not pass for the id that was archived last."""
    trail = ordinary(3)
    trail.put(text_of(entry(entry_id)), entry_id=4)
    refused(make_world(trail), InvalidExportError, "at byte", "kept as rejected/")


def test_the_largest_id_is_one(make_world: MakeWorld) -> None:
    world = make_world(trail_of(entry(1), entry(2**63 - 1)))
    assert world.run()["highest_archived_id"] == 2**63 - 1
    assert sorted(world.archived()) == [1, 2**63 - 1]


def test_a_mended_entry_is_archived_next_time(make_world: MakeWorld) -> None:
    trail = ordinary(3)
    trail.put(text_of(entry(0)), entry_id=2)
    world = make_world(trail)
    refused(world, InvalidExportError, "b'0'")
    trail.put(entry(2))
    heals(world)


def test_two_different_entries_with_one_id(world: World) -> None:
    texts = [text_of(entry(1)), text_of(entry(2)), text_of(entry(2, user="mallory")), text_of(entry(3))]
    body = zips.export_of(*texts)
    at_export(world, ReplacedBody(body))
    refused(world, InvalidExportError, "two different entries with the id 2", "mallory")
    assert was_kept(world, body)
    heals(world)


def test_the_same_entry_twice(world: World) -> None:
    """Identical but for the order of its keys: archived once, noted, and no reason not to purge."""
    texts = [text_of(entry(number)) for number in (1, 2, 3)]
    again = text_of(dict(reversed(entry(2).items())))
    at_export(world, ReplacedBody(zips.export_of(*texts, texts[0], again)))
    result = world.run()
    assert (result["outcome"], result["new_entries"], result["purged_entries"]) == ("purged", 3, 3)
    assert world.archived() == {number: entry(number) for number in (1, 2, 3)}
    (statement,) = world.statements("archive")
    assert statement["drift"] == {"duplicate_row": 2}
    assert (statement["export"]["rows"], statement["export"]["entry_count"]) == (5, 3)


# What is kept, whatever it holds


@dataclass(frozen=True)
class Odd:
    """An entry like no other: its text, the drift counted, and its archived line unless it is the entry."""

    text: bytes
    drift: Json
    line: Json | None = None


def _odd(drift: str = "", **fields: object) -> Odd:
    return Odd(text_of({**entry(2), **fields}), {drift: 1} if drift else {})


def _raw(value: str) -> Odd:
    """An entry in whose `user` stands a text that canonical JSON can't carry."""
    text = text_of(entry(2, user="?")).replace(b'"?"', value.encode())
    return Odd(text, {"source_form": 1}, {"_source": text.decode(), "id": 2})


def _bytes(value: bytes) -> Odd:
    """An entry in whose `user` stand bytes that are no plain text."""
    text = text_of(entry(2, user="?")).replace(b"?", value)
    return Odd(text, {"source_form": 1}, {"_source_base64": b64encode(text).decode(), "id": 2})


def _nested(value: str) -> Odd:
    odd = _raw(value)
    return Odd(odd.text, {"source_form": 1, "nested_value": 1}, odd.line)


KEPT = {
    "unknown-field": _odd("unknown_field", hat_size=7),
    "standard-time-field": _odd("unknown_field", timestamp_std="2026-07-14 05:33:20 CEST+0200"),
    "known-rare-fields": _odd(flock_name="Default", user_access_route="api"),
    "unknown-action": _odd("unknown_action", action_type="user_teleport"),
    "action-is-a-number": _odd("unknown_action", action_type=7),
    "no-action": _odd(action_type=None),
    "nested-object": _odd("nested_value", additional_information={"a": [1, {"b": None}]}),
    "nested-list": _odd("nested_value", additional_information=[1, 2]),
    "unicode": _odd(user="Zoë 张伟 🦜 \u0000\u007f\u2028\u202e\ufeff", message="e\u0301 is not é"),
    "formula": _odd(user='=HYPERLINK("http://elsewhere.invalid")'),
    "json-in-a-text": _odd(user='x"},{"id":3,"user":"y'),
    "timestamp-is-text": _odd("unreadable_timestamp", timestamp="yesterday"),
    "timestamp-impossible": _odd("unreadable_timestamp", timestamp="2026-02-30 00:00:00 UTC+0000"),
    "timestamp-is-a-number": _odd("unreadable_timestamp", timestamp=1_784_000_000),
    "timestamp-is-null": _odd(timestamp=None),
    "timestamp-of-another-zone": _odd(timestamp="2026-07-14 05:33:20 UTC+0200"),
    "only-an-id": Odd(b'{"id":2}', {}),
    "lone-surrogate": _raw('"Mozilla\\ud800"'),
    "integer-beyond-64-bits": _raw(str(2**64)),
    "integer-of-5000-digits": _raw("9" * 5000),
    "float-that-rounds": _raw("0.1000000000000000000001"),
    "nan": _raw("NaN"),
    "infinity": _raw("-Infinity"),
    "raw-line-feed": _raw('"a\nb"'),
    "raw-control-byte": _bytes(b"\x01"),
    "raw-nul": _bytes(b"\0"),
    "bad-utf8": _bytes(b"Zo\xff\xe2\x82"),
    "surrogate-in-utf8": _bytes(b"\xed\xa0\x80"),
    "timestamp-iso": _odd(timestamp="2026-07-14T05:33:20.123456+02:00"),
    "same-key-twice": _raw('"a","user":"b"'),
    "deep": _nested("[" * 200 + "]" * 200),
    "very-deep": _nested("[" * 3000 + "]" * 3000),
    "field-named-source": Odd(
        text_of(entry(2, _source="x")),
        {"source_form": 1, "unknown_field": 1},
        {"_source": text_of(entry(2, _source="x")).decode(), "id": 2},
    ),
}


@pytest.mark.parametrize("odd", [pytest.param(odd, id=name) for name, odd in KEPT.items()])
def test_an_odd_entry_is_kept(make_world: MakeWorld, odd: Odd) -> None:
    """All is archived, the odd entry as it must be, drift is counted, and everything is purged."""
    trail = ordinary(3)
    trail.put(odd.text, entry_id=2)
    world = make_world(trail)
    result = world.run()
    assert (result["outcome"], result["new_entries"], result["purged_entries"]) == ("purged", 3, 3)
    line = next(line for line in world.archived_lines() if json.loads(line)["id"] == 2)
    content = odd.line if odd.line is not None else json.loads(odd.text)
    assert line == json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    others = {number: found for number, found in world.archived().items() if number != 2}
    assert others == {1: entry(1), 3: entry(3)}
    (statement,) = world.statements("archive")
    assert statement["drift"] == odd.drift


def test_a_very_deep_entry_that_only_the_export_shows(world: World) -> None:
    odd = KEPT["very-deep"]
    at_export(world, ReplacedBody(zips.export_of(text_of(entry(1)), odd.text, text_of(entry(3)))))
    assert world.run()["purged_entries"] == 3
    assert world.archived() == {1: entry(1), 2: odd.line, 3: entry(3)}


@pytest.mark.parametrize(
    "name",
    [
        "nested-object",
        "timestamp-is-text",
        "lone-surrogate",
        "integer-of-5000-digits",
        "nan",
        "raw-line-feed",
        "raw-control-byte",
        "bad-utf8",
        "same-key-twice",
        "deep",
        "very-deep",
    ],
)
def test_an_odd_newest_entry(make_world: MakeWorld, name: str) -> None:
    """The first thing that a run sees, and what it knows the Console by later: no reason to be restless."""
    trail = trail_of(entry(1))
    trail.put(KEPT[name].text, entry_id=2)
    world = make_world(trail)
    assert world.run()["new_entries"] == 2
    assert world.statements("archive")[0]["drift"] == KEPT[name].drift
    assert [world.run()["outcome"] for _ in range(2)] == ["idle", "idle"]
    trail.arrive()
    world.run()
    assert {1, 2} < world.archived().keys()


@pytest.mark.parametrize(
    ("layout", "order", "indent"),
    [
        ("array", "newest", None),
        ("array", "shuffled", 2),
        ("object", "oldest", None),
        ("object", "newest", 2),
        ("lines", "shuffled", None),
    ],
)
def test_any_shape_of_export(make_world: MakeWorld, layout: Any, order: Any, indent: int | None) -> None:
    world = make_world(ordinary(7), shape=ExportShape(layout, order, indent))
    assert world.run()["purged_entries"] == 7
    assert world.archived() == {number: entry(number) for number in range(1, 8)}


def test_an_unreadable_time_counts_as_the_younger_neighbours(make_world: MakeWorld) -> None:
    """Entry 2 may have happened as late as entry 3, which is too young to be purged."""
    young = entry(3, timedelta(minutes=5))
    world = make_world(trail_of(entry(1), entry(2, timestamp="?"), young))
    result = world.run()
    assert (result["boundary"], result["held_back_by"]) == (1, "settle_window")
    assert world.live_ids[:2] == [2, 3]
    assert sorted(world.archived()) == [1, 2, 3]


def test_no_readable_time_at_all_holds_everything(make_world: MakeWorld) -> None:
    world = make_world(trail_of(*(entry(number, timestamp="?") for number in (1, 2))))
    result = world.run()
    assert (result["outcome"], result["held_back_by"]) == ("archived", "unreadable_timestamp")
    assert (world.posts, world.live_ids) == ([], [1, 2])
    assert sorted(world.archived()) == [1, 2]


def test_an_empty_trail_never_archived_before(make_world: MakeWorld) -> None:
    world = make_world(trail_of())
    result = world.run()
    assert (result["outcome"], result["highest_archived_id"]) == ("idle", 0)
    assert (world.keys(), world.posts) == ([], [])


def test_an_empty_export_of_a_trail_that_is_not_empty(world: World) -> None:
    """Nothing was ever archived, so nothing can have gone backwards; but nothing is complete, or purged."""
    at_export(world, ReplacedBody(zips.zipped(b"[]")), times=1)
    assert world.run()["outcome"] == "stale"
    assert world.metrics()[-1]["CompletedRuns"] == [0.0]
    assert (world.keys(), world.posts) == ([], [])
    heals(world)


# Keys


@pytest.mark.parametrize(
    ("endpoint", "status", "style"),
    [("fetch", 401, "header"), ("fetch", 403, "query"), ("export", 401, "query"), ("export", 403, "header")],
)
def test_a_refused_key(world: World, endpoint: Endpoint, status: int, style: str) -> None:
    world.set(AUTH_STYLE=style)
    world.console.faults.add(JsonError("Unauthorized", status), endpoint=endpoint, times=None)
    error = refused(world, ConsoleAuthError, f"HTTP {status}", "Unauthorized", "AUTH_STYLE")
    assert f"'{style}'" in str(error)
    asked = [seen for seen in world.console.requests if seen.status == status]
    assert len(asked) == 1, "the same key was sent again"
    heals(world)


@dataclass(frozen=True)
class Rotation(Fault):
    """Just before this request a person rotates a key: the secret holds the new one, the old is dead."""

    world: World
    which: str
    old: str
    new: str

    def instead(self) -> Answer | None:
        key = self.world.console.keys.find(self.old)
        assert key is not None
        self.world.console.keys.set(self.new, key)
        self.world.console.keys.revoke(self.old)
        self.world.aws.secrets.put_secret_value(SecretId=self.world.secret(self.which), SecretString=self.new)
        return None


@pytest.mark.parametrize(
    ("endpoint", "which", "old", "style"),
    [
        ("fetch", "read", READ_KEY, "header"),
        ("export", "read", READ_KEY, "query"),
        ("purge", "purge", PURGE_KEY, "header"),
        ("purge", "purge", PURGE_KEY, "query"),
    ],
)
def test_a_key_rotated_in_the_middle_of_a_run(
    world: World, endpoint: Endpoint, which: str, old: str, style: str
) -> None:
    world.set(AUTH_STYLE=style)
    new = "new" + old[3:]
    world.console.faults.add(Rotation(world, which, old, new), endpoint=endpoint)
    result = world.run()
    assert (result["outcome"], result["purged_entries"]) == ("purged", 3)
    assert [seen.status for seen in world.console.requests].count(401) == 1
    assert new not in world.output


def test_a_purging_key_that_may_not_purge(world: World) -> None:
    """A definite refusal: archived, nothing purged, and the chain says that nothing was sent."""
    world.aws.secrets.put_secret_value(SecretId=world.secret("purge"), SecretString=READ_KEY)
    with pytest.raises(ConsoleAuthError, match="403"):
        world.run()
    assert world.live_ids == [1, 2, 3]
    assert sorted(world.archived()) == [1, 2, 3]
    assert [statement["outcome"] for statement in world.statements("purge")] == ["not_sent"]


# The network


@pytest.mark.parametrize(
    ("endpoint", "fault"),
    [
        pytest.param("fetch", Status(429, "1"), id="429"),
        pytest.param("fetch", Status(503), id="503"),
        pytest.param("export", Status(500), id="500"),
        pytest.param("fetch", ResetBefore(), id="reset-fetch"),
        pytest.param("export", ResetBefore(), id="reset-export"),
    ],
)
def test_a_passing_fault_is_sat_out(world: World, endpoint: Endpoint, fault: Fault) -> None:
    world.console.faults.add(fault, endpoint=endpoint)
    started = time.monotonic()
    assert world.run()["outcome"] == "purged"
    waited = time.monotonic() - started
    if isinstance(fault, Status) and fault.retry_after:
        assert waited >= 1


@pytest.mark.parametrize(
    ("endpoint", "fault", "says"),
    [
        pytest.param("fetch", Status(429), "HTTP 429", id="429"),
        pytest.param("export", Status(502), "HTTP 502", id="502"),
        pytest.param("export", ResetBefore(), "did not answer", id="reset"),
        pytest.param("fetch", Hang(60), "silent", id="hang-fetch"),
        pytest.param("export", Hang(60), "silent", id="hang-export"),
    ],
)
def test_a_fault_that_stays(world: World, endpoint: Endpoint, fault: Fault, says: str) -> None:
    """The repeats end within the time that is left, and leave some of it."""
    world.console.faults.add(fault, endpoint=endpoint, times=None)
    started = time.monotonic()
    refused(world, ConsoleUnavailableError, says, seconds=SHORT)
    assert time.monotonic() - started < SHORT - 5
    heals(world)


def test_come_back_in_an_hour_is_not_waited_for(world: World) -> None:
    world.console.faults.add(Status(503, "3600"), times=None)
    started = time.monotonic()
    refused(world, ConsoleUnavailableError, "HTTP 503")
    assert time.monotonic() - started < 5


def test_a_body_that_trickles_is_not_waited_for_beyond_the_time(world: World) -> None:
    at_export(world, Trickle(chunk=1, pause_s=0.2))
    refused(world, ConsoleUnavailableError, "time that is left is too short", seconds=SHORT)
    heals(world)


@pytest.mark.parametrize(
    ("endpoint", "status", "style"),
    [
        ("fetch", 302, "header"),
        ("fetch", 301, "query"),
        ("fetch", 308, "header"),
        ("export", 307, "query"),
        ("export", 303, "header"),
    ],
)
def test_a_redirect_to_another_host(world: World, endpoint: Endpoint, status: int, style: str) -> None:
    with ConsoleServer(ordinary(), read_key=READ_KEY, admin_key=PURGE_KEY) as elsewhere:
        world.set(AUTH_STYLE=style)
        fault = Redirect(f"{elsewhere.url}/api/v1/audit_trail/fetch", status)
        world.console.faults.add(fault, endpoint=endpoint, times=None)
        refused(world, ConsoleError, f"redirects to {elsewhere.url}", f"HTTP {status}")
        assert list(elsewhere.requests) == [], "the key travelled"
    heals(world)


def test_a_redirected_purge_is_not_sent_elsewhere(world: World) -> None:
    with ConsoleServer(ordinary(9), read_key=READ_KEY, admin_key=PURGE_KEY) as elsewhere:
        world.console.faults.add(Redirect(f"{elsewhere.url}/api/v1/audit_trail/purge", 307), endpoint="purge")
        world.run()
        assert list(elsewhere.requests) == []
        assert len(elsewhere.trail) == 9
    assert len(world.posts) == 1
    assert sorted(world.archived()) == [1, 2, 3]
    assert [statement["outcome"] for statement in world.statements("purge")] == ["unknown"]
