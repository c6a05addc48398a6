"""Whatever comes in: each row of "What can come in, and what happens", sent over HTTP to the real handler.

What an emulator lets pass whatever we do (locks, checksums, versions): `tests/unit/run/test_bad_bucket.py`.
"""

import json
import re
import time
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
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
from tests.support.rows import row

MakeWorld = Callable[..., World]
SHORT = 12.0
"""Seconds of Lambda time. The last ten are never waited away, so repeats end soon."""


def refused(world: World, kind: type[AuditArchiveError], *says: str, seconds: float = 900.0) -> str:
    """Run, which must fail with this very class and these words; and nothing may have come of it."""
    live = world.live_ids
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
    keys = world.keys()
    assert all(key.startswith("rejected/") for key in keys), "something was committed"
    return told


def kept(world: World, told: str, body: bytes) -> str:
    """The key of a refused export: it is there byte for byte, locked for 90 days."""
    (key,) = re.findall(r"kept as (rejected/console=1234abcd/\d{8}T\d{6}Z-[0-9a-f]{16}),", told)
    assert world.get(key) == body
    mode, days = world.lock_of(key)
    assert mode == "GOVERNANCE"
    assert 89.9 < days <= 90
    return str(key)


def all_refused(world: World, rows: Mapping[str, tuple[Any, ...]]) -> None:
    """Each body that comes as the export is refused with its words, and kept. At last the whole one comes."""
    keys = []
    for name, (body, *says) in rows.items():
        with row(name):
            at_export(world, ReplacedBody(body))
            keys.append(kept(world, refused(world, InvalidExportError, *says), body))
            world.console.faults.clear()
    assert world.keys() == sorted(keys)
    heals(world)


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


INSTEAD: dict[str, tuple[Fault, type[AuditArchiveError], str]] = {
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


@pytest.mark.usefixtures("without_pauses")
def test_a_page_or_an_error_instead(world: World) -> None:
    at: dict[Endpoint, Iterable[str]] = {"export": INSTEAD, "fetch": ("html-200", "json-200", "auth-200")}
    for endpoint, name in ((endpoint, name) for endpoint, names in at.items() for name in names):
        fault, kind, says = INSTEAD[name]
        with row((endpoint, name)):
            world.console.faults.add(fault, endpoint=endpoint, times=None)
            refused(world, kind, says)
            world.console.faults.clear()
    assert world.keys() == [], "what is no export is not kept as one"
    heals(world)


@pytest.mark.parametrize("style", ["header", "query"])
def test_an_error_that_repeats_the_key_is_told_without_it(world: World, style: str) -> None:
    world.set(AUTH_STYLE=style)
    world.console.faults.add(JsonError(f"No such key: {READ_KEY}!"), endpoint="export")
    refused(world, ConsoleError, "No such key: [API key]!")


# What is no acceptable zip

ZIPS = {
    "one-byte-short": (zips.good()[:-1], "no end record"),
    "half": (zips.good()[: len(zips.good()) // 2], "cut off"),
    "nothing": (b"", "begins with b''"),
    "bad-crc": (zips.with_bad_crc(), "CRC"),
    "encrypted": (zips.encrypted(), "encrypted"),
    "no-member": (zips.zipped(), "0 members"),
    "two-files": (zips.zipped(b"[]", b"[]"), "2 files, not one"),
    "prepended": (b"#!/bin/sh\n" + zips.good(), "begins with"),
    "prepended-offsets-right": (zips.glued_behind(b"#!/bin/sh\n"), "begins with"),
    "zip-before-zip": (zips.good() + zips.good(), "does not end at byte"),
    "zip-before-zip-offsets-right": (zips.glued_behind(zips.good()), "begins at byte"),
    "appended": (zips.good() + b"more", "something follows"),
    "parent-path": (zips.named(b"../../etc/cron.d/x"), "leads out of the folder"),
    "absolute-path": (zips.named(b"/etc/cron.d/x"), "leads out of the folder"),
    "drive": (zips.named(b"C:evil.json"), "leads out of the folder"),
    "backslash": (zips.named(b"..\\evil.json"), "backslash"),
    "line-feed-in-name": (zips.named(b"evil\n.json"), "control character"),
    "folder-with-data": (zips.named(b"folder/"), "is a folder with data"),
    "bomb-declared": (zips.bomb(33 * zips.GIB), f"would inflate to {33 * zips.GIB} bytes"),
    "bomb-denied": (
        zips.with_declared_size(b"[" + b" " * 1_000_000 + b"]", 1000),
        "more than the declared 1000",
    ),
    "shorter-than-declared": (zips.with_declared_size(b"[]", 1000), "not the declared 1000"),
    "text": (b"PK is how this text begins, and no zip is it", "no end record"),
}


def test_no_acceptable_zip(world: World) -> None:
    all_refused(world, ZIPS)


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


JSONS = {
    "text": (zips.zipped(b"audit trail of last week"), "there is b'audit"),
    "nothing": (zips.zipped(b""), "there is no text at byte 0"),
    "string": (zips.zipped(b'"[]"'), "at byte 0"),
    "another-object": (zips.zipped(b'{"entries": []}'), "neither `audit_trail` nor `id`"),
    "trail-is-a-number": (zips.zipped(b'{"audit_trail": 7}'), "neither an array nor null"),
    "trailing-comma": (zips.zipped(b"[" + text_of(entry(1)) + b",]"), "at byte"),
    "cut-in-an-entry": (zips.zipped(b"[" + text_of(entry(1))[:-9]), "is cut off at byte"),
    "cut-after-an-entry": (zips.zipped(b"[" + text_of(entry(1))), "is cut off at byte"),
    "cut-line": (zips.zipped(text_of(entry(1)) + b"\n" + b'{"id":2,'), "is cut off at byte"),
    "more-after-the-end": (zips.zipped(b"[]]"), "follows at byte 2"),
    "no-utf-8-around": (zips.zipped(b'{"a":"\xff","audit_trail":[]}'), "Byte 6"),
    "control-around": (zips.zipped(b'{"a":"\x01","audit_trail":[]}'), "byte 6"),
    "no-utf-8-where-no-text-is": (zips.zipped(b'[{"id":1\xff}]'), "byte 8"),
}


def test_no_json(world: World) -> None:
    all_refused(world, JSONS)


def test_an_entry_that_is_no_object(world: World) -> None:
    start = b"[" + text_of(entry(1)) + b","
    texts = (b"7", b'"x"', b"null", b"[]", b"[[]]", b"true", b"1.5")
    says = f"byte {len(start)} ", "is not an object"
    all_refused(
        world, {each.decode(): (zips.zipped(start + each + b"]"), *says, each.decode()) for each in texts}
    )


IDS = {
    "zero": (text_of(entry(0)), "b'0'"),
    "negative": (text_of(entry(-1)), "b'-1'"),
    "text": (text_of(entry("7")), "b'\"7\"'"),
    "float": (text_of(entry(7.0)), "b'7.0'"),
    "exponent": (text_of(entry(7)).replace(b'"id":7,', b'"id":7e0,'), "b'7e0'"),
    "true": (text_of(entry(True)), "b'true'"),
    "null": (text_of(entry(None)), "b'null'"),
    "list": (text_of(entry([7])), "b'[7]'"),
    "2-to-the-63": (text_of(entry(2**63)), str(2**63)),
    "10-to-the-30": (text_of(entry(10**30)), str(10**30)),
    "missing": (text_of(entry(7)).replace(b'"id":7,', b""), "has no id"),
    "twice": (b'{"id":7,' + text_of(entry(7))[1:], "2 ids"),
}


def test_an_id_that_is_none(make_world: MakeWorld) -> None:
    """It stands below the newest entry, so that the first look of a run does not meet it."""
    trail, where = ordinary(3), len(text_of(entry(3))) + 3
    world = make_world(trail)
    for name, (text, says) in IDS.items():
        with row(name):
            trail.put(text, entry_id=2)
            refused(world, InvalidExportError, f"at byte {where} ", says, "kept as rejected/")
    assert len(world.keys("rejected/")) == len(IDS)
    trail.put(entry(2))
    heals(world)


def test_an_id_that_is_none_in_the_newest_entry(make_world: MakeWorld) -> None:
    """On a Console never archived before, it must not pass for the id that was archived last."""
    trail = ordinary(3)
    world = make_world(trail)
    for entry_id in (0, False, 0.0, "7", None, 2**63):
        with row(entry_id):
            trail.put(text_of(entry(entry_id)), entry_id=4)
            refused(world, InvalidExportError, "at byte", "kept as rejected/")


def test_the_largest_id_is_one(make_world: MakeWorld) -> None:
    world = make_world(trail_of(entry(1), entry(2**63 - 1)))
    assert world.run()["highest_archived_id"] == 2**63 - 1
    assert sorted(world.archived()) == [1, 2**63 - 1]


def test_two_different_entries_with_one_id(world: World) -> None:
    texts = [text_of(entry(1)), text_of(entry(2)), text_of(entry(2, user="mallory")), text_of(entry(3))]
    body = zips.export_of(*texts)
    at_export(world, ReplacedBody(body))
    kept(world, refused(world, InvalidExportError, "two different entries with the id 2", "mallory"), body)
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
    """An entry like no other: its text, the drift counted, and what its line is if it is not the entry."""

    pattern: bytes
    drift: Json
    source: str = ""

    def text(self, entry_id: int = 2) -> bytes:
        return self.pattern.replace(b'"id":2', b'"id":%d' % entry_id)

    def line(self, entry_id: int = 2) -> Json:
        """What is archived."""
        text = self.text(entry_id)
        if not self.source:
            return dict(json.loads(text))
        source = text if self.source == "_source" else b64encode(text)
        return {self.source: source.decode(), "id": entry_id}


def _odd(drift: str = "", **fields: object) -> Odd:
    return Odd(text_of({**entry(2), **fields}), {drift: 1} if drift else {})


def _with(value: bytes, source: str, **drift: int) -> Odd:
    pattern = text_of(entry(2, user="?")).replace(b'"?"', value)
    return Odd(pattern, {"source_form": 1, **drift}, source)


def _raw(value: str, **drift: int) -> Odd:
    """An entry in whose `user` stands a text that canonical JSON can't carry."""
    return _with(value.encode(), "_source", **drift)


def _bytes(value: bytes) -> Odd:
    """An entry in whose `user` stand bytes that are no plain text."""
    return _with(b'"%b"' % value, "_source_base64")


def _nested(value: str) -> Odd:
    return _raw(value, nested_value=1)


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
        text_of(entry(2, _source="x")), {"source_form": 1, "unknown_field": 1}, "_source"
    ),
}


def test_every_odd_entry_is_kept(make_world: MakeWorld) -> None:
    """All is archived, the odd ones between others as they must be, drift is counted, all is purged."""
    odd_ones = {2 * number: odd for number, odd in enumerate(KEPT.values(), 1)}
    count = 2 * len(KEPT) + 1
    trail = ordinary(count)
    for entry_id, odd in odd_ones.items():
        trail.put(odd.text(entry_id), entry_id=entry_id)
    world = make_world(trail)
    result = world.run()
    told = (result["outcome"], result["new_entries"], result["purged_entries"])
    assert told == ("purged", count, count)
    lines = {json.loads(line)["id"]: line for line in world.archived_lines()}
    assert lines.keys() == set(range(1, count + 1))
    for (name, odd), entry_id in zip(KEPT.items(), odd_ones, strict=True):
        with row(name):
            content = odd.line(entry_id)
            text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            assert lines.pop(entry_id) == text.encode()
    assert {number: json.loads(line) for number, line in lines.items()} == {n: entry(n) for n in lines}
    (statement,) = world.statements("archive")
    assert statement["drift"] == sum((Counter(odd.drift) for odd in KEPT.values()), Counter[str]())


def test_a_very_deep_entry_that_only_the_export_shows(world: World) -> None:
    odd = KEPT["very-deep"]
    at_export(world, ReplacedBody(zips.export_of(text_of(entry(1)), odd.text(), text_of(entry(3)))))
    assert world.run()["purged_entries"] == 3
    assert world.archived() == {1: entry(1), 2: odd.line(), 3: entry(3)}


NEWEST = "very-deep", "timestamp-is-text", "raw-control-byte", "same-key-twice"
OTHER_NEWEST = (
    *("nested-object", "lone-surrogate", "integer-of-5000-digits", "nan", "raw-line-feed", "bad-utf8"),
    "deep",
)


@pytest.mark.parametrize("names", [NEWEST, pytest.param(OTHER_NEWEST, marks=pytest.mark.wide)])
def test_an_odd_newest_entry(make_world: MakeWorld, names: tuple[str, ...]) -> None:
    """The first thing that a run sees, and what it knows the Console by later: no reason to be restless."""
    trail = trail_of(entry(1))
    world = make_world(trail)
    archived = {1: entry(1)}
    for name in names:
        with row(name):
            odd, entry_id = KEPT[name], trail.last_id + 1
            trail.put(odd.text(entry_id), entry_id=entry_id)
            archived[entry_id] = odd.line(entry_id)
            assert world.run()["highest_archived_id"] == entry_id
            assert world.statements("archive")[-1]["drift"] == odd.drift
            assert world.run()["outcome"] == "idle"
    assert world.run()["outcome"] == "idle"
    trail.arrive()
    world.run()
    assert archived.items() < world.archived().items()


@pytest.mark.parametrize(
    ("layout", "order", "indent"),
    [
        pytest.param("array", "newest", None, marks=pytest.mark.wide),
        ("array", "shuffled", 2),
        pytest.param("object", "oldest", None, marks=pytest.mark.wide),
        pytest.param("object", "newest", 2, marks=pytest.mark.wide),
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


def test_a_refused_key(world: World) -> None:
    rows: list[tuple[Endpoint, int, str]] = [
        ("fetch", 401, "header"),
        ("fetch", 403, "query"),
        ("export", 401, "query"),
        ("export", 403, "header"),
    ]
    for endpoint, status, style in rows:
        with row((endpoint, status)):
            world.set(AUTH_STYLE=style)
            before = len(world.console.requests)
            world.console.faults.add(JsonError("Unauthorized", status), endpoint=endpoint, times=None)
            told = refused(world, ConsoleAuthError, f"HTTP {status}", "Unauthorized", "AUTH_STYLE")
            assert f"'{style}'" in told
            asked = [seen for seen in list(world.console.requests)[before:] if seen.status == status]
            assert len(asked) == 1, "the same key was sent again"
            world.console.faults.clear()
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
        pytest.param("fetch", "read", READ_KEY, "header", marks=pytest.mark.wide),
        ("export", "read", READ_KEY, "query"),
        pytest.param("purge", "purge", PURGE_KEY, "header", marks=pytest.mark.wide),
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
        pytest.param("fetch", Status(503), id="503", marks=pytest.mark.wide),
        pytest.param("export", Status(500), id="500"),
        pytest.param("fetch", ResetBefore(), id="reset-fetch", marks=pytest.mark.wide),
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


def test_a_fault_that_stays(world: World) -> None:
    """The repeats end within the time that is left, and leave some of it."""
    rows: list[tuple[Endpoint, Fault, str]] = [
        ("fetch", Status(429), "HTTP 429"),
        ("export", Status(502), "HTTP 502"),
        ("export", ResetBefore(), "did not answer"),
        ("fetch", Hang(60), "silent"),
        ("export", Hang(60), "silent"),
    ]
    for endpoint, fault, says in rows:
        with row((endpoint, fault)):
            world.console.faults.add(fault, endpoint=endpoint, times=None)
            started = time.monotonic()
            seconds = SHORT + 3 if isinstance(fault, Status) else SHORT  # a busy machine must hear the answer
            refused(world, ConsoleUnavailableError, says, seconds=seconds)
            assert time.monotonic() - started < seconds - 5
            world.console.faults.clear()
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


def test_a_redirect_to_another_host(world: World) -> None:
    rows: list[tuple[Endpoint, int, str]] = [
        ("fetch", 302, "header"),
        ("fetch", 301, "query"),
        ("fetch", 308, "header"),
        ("export", 307, "query"),
        ("export", 303, "header"),
    ]
    with ConsoleServer(ordinary(), read_key=READ_KEY, admin_key=PURGE_KEY) as elsewhere:
        for endpoint, status, style in rows:
            with row((endpoint, status)):
                world.set(AUTH_STYLE=style)
                fault = Redirect(f"{elsewhere.url}/api/v1/audit_trail/fetch", status)
                world.console.faults.add(fault, endpoint=endpoint, times=None)
                refused(world, ConsoleError, f"redirects to {elsewhere.url}", f"HTTP {status}")
                assert list(elsewhere.requests) == [], "the key travelled"
                world.console.faults.clear()
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
