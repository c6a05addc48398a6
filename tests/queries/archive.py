"""An archive that real runs wrote from a trail as awkward as trails get, and its lines."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any, NamedTuple

from audit_archive.run.result import RunOutcome
from tests.support import folders
from tests.support.world import CONSOLE, DAY, HOUR, World
from tests.support.zips import zipped

LAST_ID = 2**63 - 1
RAW = {
    "@utf-8@": b"\xff",
    "@control@": b"\x01",
    "@line feed@": b"a\nb",
    "@all@": b"\xff\x02 \\\\x41 'it\\u00e9\\\"",
}
"""User agents, and the bytes that stand in the export in their place."""
API = "User 'API Token' scheduled the device bird-1 to be rebooted"


class Line(NamedTuple):
    """One line of an entry file, and the day under which it is filed."""

    day: str
    line: bytes


def awkward() -> World:
    """Four runs, purges of our own and a foreign one, over everything that a field may hold."""
    world = World()
    world.trail.skip(2)
    _people(world)
    _machines(world)
    world.later()
    world.run()
    world.accept()
    assert world.run().outcome == RunOutcome.PURGED
    _times(world)
    _shapes(world)
    world.later()
    world.run()
    world.trail.skip(3)
    world.trail.arrive(2)
    world.trail.purge(world.trail.arrive(2)[-1], "mallory@example.com")
    world.later()
    world.run()
    world.mode = "off"
    _source_forms(world)
    world.reader.export = _with_raw_bytes
    world.trail.put(LAST_ID, user="zoë@example.com", user_ip="2001:db8::1")
    world.later()
    assert world.run().outcome == RunOutcome.ARCHIVED
    return world


def lines(world: World) -> list[Line]:
    """Every archived line, in the order of the listing."""
    return [
        Line(key.split("dt=")[1].split("/")[0], line)
        for key in world.store.keys("entries/")
        for line in gzip.decompress(world.store.data(key)).split(b"\n")[:-1]
    ]


def write_entry_files(world: World, folder: Path) -> None:
    """What `aws s3 sync` makes of the bucket's entry files."""
    folders.put(world.store.files("entries/"), folder)


def _people(world: World) -> None:
    trail = world.trail
    for user, ip in [
        ("alice@example.com", "192.0.2.7"),
        ("alice@example.com", "198.51.100.7"),
        ('Siân "Red" O\'Llŷr 🦜', "2001:db8:85a3::8a2e:370:7334"),
        ("bob'); DROP TABLE lines; --", "192.0.2.7"),
        ("", "192.0.2.8"),
        ("null", "192.0.2.8"),
        ("jose\u0301@example.com", "192.0.2.9"),
        ("JOS\xc9@ex\u200bample.com", "192.0.2.9"),
        ("jo\ufe0fs\xe9@ex\U000e0041ample\u3164.com", "192.0.2.9"),
        ("\xa0Jos\xe9@example.com ", "192.0.2.9"),
        ("jose@example.com", "192.0.2.9"),
        ("Stra\xdfe", "192.0.2.9"),
        ("STRASSE", "192.0.2.9"),
    ]:
        trail.arrive(user=user, user_ip=ip)
        world.later(5 * HOUR)
    trail.arrive(
        action_type="user_login", message="x\u0001y\r\nz\u2028\u0085\u0000", user="alice@example.com"
    )
    trail.arrive(action_type="user_logout", user=None, user_ip=None)
    world.later(4 * DAY)  # a Friday, and then the weekend
    trail.arrive(2, user="alice@example.com", user_ip="203.0.113.9")
    world.later(2 * DAY)


def _machines(world: World) -> None:
    trail = world.trail
    trail.arrive(action_type="device_schedule_reboot", message=API, user="bob@example.com")
    key = "Global-API-Token[key_id:0af1ffff]"
    trail.arrive(action_type="device_new_thing", message=f"User '{key}' did it", user=key)
    trail.arrive(
        action_type="flock_move", message="moved", user=key, user_access_route="192.0.2.7:443, 10.0.0.1"
    )
    trail.arrive(
        action_type="flock_move", message="moved", user_access_route='for="[2001:db8::77]";by=1192.0.2.7'
    )
    trail.arrive(action_type="flock_move", user_access_route="API", flock_name="東京")
    trail.arrive(action_type="flock_move", user_access_route="console", message="not by an 'API Token'")
    trail.arrive(additional_information={"node_id": "1", "flock": {"name": 'a "b"'}, "n": [1, 2.5, None]})


def _times(world: World) -> None:
    for text in (
        "2026-11-25 23:59:59 UTC+0530",
        "2026-11-25 23:59:59 UTC-0030",
        "2026-11-25 23:59:59 UTC+2359",
        "2026-03-29 00:59:59 UTC+0000",  # the last second before summer time in Berlin
        "2026-03-29 01:00:00 UTC+0000",
        "2026-11-25 06:59:59 UTC+0000",  # 07:59:59 in Berlin, a Wednesday
        "2026-11-25 07:00:00 UTC+0000",
        "2026-11-25 16:59:59 UTC+0000",  # 17:59:59
        "2026-11-25 17:00:00 UTC+0000",
        "2026-02-30 12:00:00 UTC+0000",
        "2026-11-25 23:59:60 UTC+0000",
        "2026-11-25 24:00:00 UTC+0000",
        "2026-11-25 12:00:00 UTC+0060",
        "2026-11-25 12:00:00 UTC+0000\n",
        "2026-11-25T12:00:00Z",
        "2026-11-25t23:59:59.999z",
        "2026-11-25T23:59:59,5-00:30",
        "2026-11-25 23:59:59.123456 UTC+0530",
        "2026-11-25T23:59:59+05:30",
        "2026-11-25T23:59:59+0530",
        "2026-11-25T23:59:59-00:00",
        "2026-11-25T24:00:00Z",
        "2026-11-25T12:00:00",
        "2026-11-25T12:00:00.Z",
        "2026-11-25",
        "٢٠٢٦-11-25 12:00:00 UTC+0000",
        "2031-01-01 00:00:00 UTC+0000",
        "",
        None,
        0,
        {"at": "2026-11-25 12:00:00 UTC+0000"},
    ):
        world.trail.arrive(timestamp=text, user="alice@example.com")


def _shapes(world: World) -> None:
    trail = world.trail
    for odd in (7, 2.5, True, ["alice@example.com"], {"name": "alice@example.com"}):
        trail.arrive(user=odd, user_ip=odd, message=odd, action_type=odd, additional_information=odd)
    trail.arrive(
        User="Alice", USER="ALICE", user_IP="x", additional_information="text", **{"$.id": 1, "a.b": 2}
    )
    trail.arrive(additional_information="null")
    for field in ("user", "user_ip", "message", "action_type", "timestamp", "additional_information"):
        entry = trail.put(trail.last_id + 1)
        del entry[field]


def _source_forms(world: World) -> None:
    """An attacker chooses his user agent: he must not be able to hide from a query."""
    trail = world.trail
    mallory: dict[str, Any] = {"user": "mallory@example.com", "user_ip": "198.51.100.66"}
    trail.arrive(user_browser_agent="\ud800", **mallory)
    trail.arrive(user_browser_agent="\udfff\\ud800\\\\ \ud83e", **mallory)
    trail.arrive(user="m\ud800llory@example.com", user_ip="198.51.100.66")
    trail.arrive(additional_information=2**64, **mallory)
    trail.arrive(additional_information={"deep": _nested(200)}, **mallory)
    trail.arrive(additional_information=float("nan"), **mallory)  # no JSON at all
    trail.arrive(_source="a field of that name", **mallory)
    trail.arrive(message="x" * 2**20, **mallory)
    for mark in RAW:
        trail.arrive(user_browser_agent=mark, **mallory)
    receipt = "Successfully purged 1,200 logs before id:3."
    trail.arrive(action_type="logs_purge", message=receipt, user="mallory@example.com")
    trail.arrive(action_type="audit_trail_purge", message="Successfully purged 1.234 logs before id:3")


def _with_raw_bytes(entries: list[dict[str, Any]]) -> bytes:
    text = json.dumps(entries).encode()
    for mark, raw in RAW.items():
        text = text.replace(mark.encode(), raw)
    return zipped(text)


def _nested(levels: int) -> object:
    value: object = 1
    for _ in range(levels):
        value = [value]
    return value


__all__ = ["CONSOLE", "LAST_ID", "Line", "awkward", "lines", "write_entry_files"]
