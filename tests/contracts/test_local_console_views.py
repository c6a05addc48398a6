"""What the laptop's Console shows of its trail: less than there is, older, or the same in other words."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest
import requests

from local.console import ConsoleServer, Key, Trail, faults
from local.console.answer import Endpoint
from local.console.calendar import read_stamp, stamp
from tests.contracts.local_console import ADMIN, READ, START, TRAIL, Client, control, ids, running

FLOCK_KEY, FLOCK = "flock-1", "flock:default"
ALL = list(range(50, 0, -1))


@pytest.fixture
def console() -> Iterator[ConsoleServer]:
    """Fifty entries, the last ten of today."""
    trail = Trail(seed=5, clock=lambda: START - timedelta(days=40))
    trail.arrive(40)
    trail.clock = lambda: START
    trail.arrive(10)
    with running(trail, keys={FLOCK_KEY: Key("flo", "read-only", FLOCK)}) as server:
        yield server


@pytest.fixture
def client(console: ConsoleServer) -> Client:
    return Client(console)


# Cursors


def test_cursors_are_padded_base64_of_numbers_with_frozen_counts(
    console: ConsoleServer, client: Client
) -> None:
    first = client.page(limit=7)
    cursor = first["cursor"]["next"]
    assert set("+/=") <= set(cursor)
    way, last_id, limit, _, number, count = base64.b64decode(cursor, validate=True).split(b":")[:6]
    assert (way, last_id, limit, number, count) == (b"0", b"44", b"7", b"2", b"8")
    console.trail.arrive(30)
    second = client.page(cursor=cursor)
    assert (second["page_number"], second["page_count"], ids(second["audit_trail"])) == (
        2,
        8,
        list(range(43, 36, -1)),
    )
    third = client.page(cursor=second["cursor"]["next"])
    back = client.page(cursor=third["cursor"]["prev"])
    assert (third["page_number"], third["page_count"]) == (3, 8)
    assert (back["page_number"], back["page_count"], ids(back["audit_trail"])) == (
        2,
        8,
        ids(second["audit_trail"]),
    )
    assert client.page(limit=7)["page_count"] == 12


@pytest.mark.parametrize("kept", ["+", "+/=", ""])
def test_a_client_that_does_not_percent_encode_is_told(
    console: ConsoleServer, client: Client, kept: str
) -> None:
    cursor = client.page(limit=7)["cursor"]["next"]
    url = f"{console.url}{TRAIL}/fetch?cursor={quote(cursor, safe=kept)}"
    answer = requests.get(url, headers={"X-Canary-Auth-Token": READ}, timeout=10)
    if "+" in kept:
        assert (answer.status_code, answer.json()) == (400, {"result": "error", "message": "Invalid cursor"})
    else:
        assert len(answer.json()["audit_trail"]) == 7


def test_a_cursor_without_its_padding_or_in_the_other_alphabet_is_refused(client: Client) -> None:
    cursor = client.page(limit=7)["cursor"]["next"]
    for other in (cursor.rstrip("="), cursor.replace("+", "-").replace("/", "_"), cursor + "="):
        assert client.get("/fetch", cursor=other).json()["message"] == "Invalid cursor"


# Empty texts


def test_receipts_and_api_calls_have_empty_texts() -> None:
    with running(Trail.generated(300, seed=5, extra_fields=True, clock=lambda: START)) as console:
        client = Client(console)
        client.purge(20)
        receipt, *others = client.fetched()
        assert receipt["action_type"] == "audit_trail_purge"
        assert (receipt["user_browser_language"], receipt["user_access_route"]) == ("", "")
        routes = {entry["user_access_route"] for entry in others if "user_access_route" in entry}
        assert "" in routes
        assert not {"console", "api"} & routes
        robots = [entry for entry in others if entry["user"] == "soc-robot"]
        assert {entry.get("user_browser_language", "") for entry in robots} == {""}


# Limited views


@pytest.mark.parametrize(
    ("fault", "shown"),
    [
        (faults.Capped(newest=7), ALL[:7]),
        (faults.Capped(newest=0), []),
        (faults.LastDays(days=30), ALL[:10]),
        (faults.LastDays(days=41), ALL),
    ],
)
@pytest.mark.parametrize("key", [READ, ADMIN])
def test_a_view_is_limited_for_every_key_alike_and_a_purge_is_not(
    console: ConsoleServer, fault: faults.Fault, shown: list[int], key: str
) -> None:
    console.faults.add(fault, times=None)
    client = Client(console, key)
    assert ids(client.fetched()) == ids(client.fetched(limit=3)) == ids(client.exported()) == shown
    assert client.population() == len(shown)
    assert Client(console).message_of_purge(50) == "50 logs purged successfully"
    assert list(console.trail.snapshot().ids) == [51]


def test_a_view_of_one_flock_for_every_key(console: ConsoleServer) -> None:
    mine = [entry for entry in Client(console).exported() if entry["flock_id"] == FLOCK]
    assert 0 < len(mine) < 50
    console.faults.add(faults.OneFlock(FLOCK), times=None)
    for client in (Client(console, READ), Client(console, ADMIN)):
        assert client.exported() == client.fetched(limit=3) == mine
        assert client.population() == len(mine)
    Client(console).purge(50)
    assert len(console.trail) == 1


@pytest.mark.parametrize("fault", [faults.Capped(7), faults.LastDays(30), faults.Capped(0)])
@pytest.mark.parametrize("limited", ["export", "fetch"])
def test_one_view_may_be_limited_alone(
    console: ConsoleServer, client: Client, fault: faults.Fault, limited: Endpoint
) -> None:
    console.faults.add(fault, endpoint=limited, times=None)
    sizes = {"export": len(client.exported()), "fetch": len(client.fetched())}
    assert sizes.pop(limited) < 50
    assert list(sizes.values()) == [50]
    assert client.population() == (50 if limited == "export" else len(client.fetched()))


def test_one_key_may_be_limited_alone(console: ConsoleServer) -> None:
    console.faults.add(faults.Capped(7), key="local-reader", times=2)
    assert (len(Client(console, ADMIN).exported()), Client(console, ADMIN).population()) == (50, 50)
    assert (len(Client(console, READ).exported()), Client(console, READ).population()) == (7, 7)
    assert len(Client(console, READ).exported()) == 50
    console.faults.add(faults.Status(503), key="local-reader")
    assert Client(console, "nobody's").get("/fetch").status_code == 401  # it is not the reader's either


# Counts


def test_a_page_count_that_is_off_or_frozen(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.CountOff(-3))
    assert client.population() == 47
    console.faults.add(faults.CountOff(+5))
    assert client.population() == 55
    console.faults.add(faults.CountOff(-100))
    assert client.population() == 0
    console.faults.add(faults.FrozenCount(50), times=None)
    console.trail.arrive(9)
    assert (client.population(), client.page(limit=7)["page_count"]) == (50, 8)
    assert len(client.fetched(limit=7)) == 59


def test_a_page_count_that_ignores_the_flock(console: ConsoleServer) -> None:
    client = Client(console, FLOCK_KEY)
    mine = len(client.exported())
    assert 0 < client.population() == mine < 50
    console.faults.add(faults.WholeCount(), times=None)
    assert (client.population(), len(client.fetched(limit=3))) == (50, mine)


# Caches, and what is not ready


@pytest.mark.parametrize("cached", ["export", "fetch"])
def test_a_stale_copy(console: ConsoleServer, client: Client, cached: Endpoint) -> None:
    console.faults.add(faults.Stale(console.trail.snapshot()), endpoint=cached, times=None)
    console.trail.arrive(5)
    client.purge(10)
    shown = {"export": ids(client.exported()), "fetch": ids(client.fetched(limit=7))}
    assert shown.pop(cached) == ALL
    assert list(shown.values()) == [list(range(56, 10, -1))]


@pytest.mark.parametrize(("says_age", "age"), [(True, "7200"), (False, None)])
def test_an_answer_out_of_a_cache_is_dated_then(
    console: ConsoleServer, client: Client, says_age: bool, age: str | None
) -> None:
    console.faults.add(faults.Stale(console.trail.snapshot()))
    console.faults.add(faults.Aged(7200, says_age=says_age))
    headers = client.get("/download/json").headers
    assert (headers["Date"], headers.get("Age")) == ("Wed, 11 Mar 2026 12:30:00 GMT", age)
    fresh = client.get("/download/json").headers
    assert (fresh["Date"], fresh.get("Age")) == ("Wed, 11 Mar 2026 14:30:00 GMT", None)


@pytest.mark.parametrize("status", [200, 202])
def test_an_export_that_is_being_prepared(console: ConsoleServer, client: Client, status: int) -> None:
    console.faults.add(faults.BeingPrepared(status), times=2)
    for _ in range(2):
        answer = client.get("/download/json")
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/json")
        assert answer.json() == {"result": "success", "message": "Your export is being prepared"}
    assert ids(client.exported()) == ALL


# Spellings of a time


def times(entries: list[dict[str, Any]]) -> list[str]:
    return [entry["timestamp"] for entry in entries[:1]]


@pytest.mark.parametrize(
    ("fault", "spelled"),
    [
        (faults.Timestamps(), "2026-03-11T14:30:00+00:00"),
        (faults.Timestamps(zulu=True), "2026-03-11T14:30:00Z"),
        (faults.Timestamps(fraction="000"), "2026-03-11T14:30:00.000+00:00"),
        (faults.Timestamps(fraction="123456", zulu=True), "2026-03-11T14:30:00.123456Z"),
        (faults.Timestamps(offsets=(-150,), zulu=True), "2026-03-11T12:00:00-02:30"),
        (faults.Timestamps("console", offsets=(600,)), "2026-03-12 00:30:00 UTC+1000"),
    ],
)
def test_times_in_another_spelling(
    console: ConsoleServer, client: Client, fault: faults.Fault, spelled: str
) -> None:
    plain = client.exported()
    console.faults.add(fault, times=None)
    exported, fetched = client.exported(), client.fetched(limit=7)
    assert exported == fetched
    assert times(exported) == [spelled]
    assert [entry | {"timestamp": 0} for entry in exported] == [entry | {"timestamp": 0} for entry in plain]
    for entry, before in zip(exported, plain, strict=True):
        moment, was = read_stamp(entry["timestamp"]), read_stamp(before["timestamp"])
        assert moment is not None
        assert moment.replace(microsecond=0) == was


def test_standard_times_of_iso_entries(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.Timestamps())
    (newest,) = client.page(limit=1, tz="Asia/Kathmandu")["audit_trail"]
    assert newest["timestamp_std"] == "2026-03-11 20:15:00 +0545+0545"


def test_offsets_that_change_from_one_answer_to_the_next(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.Timestamps("console", offsets=(0, 60, -60)), times=None)
    seen = [times(client.exported())[0] for _ in range(4)]
    assert [text[11:] for text in seen] == [
        "14:30:00 UTC+0000",
        "15:30:00 UTC+0100",
        "13:30:00 UTC-0100",
        "14:30:00 UTC+0000",
    ]


def test_offsets_that_change_from_one_day_to_the_next(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.Timestamps("console", offsets=(0, 60), daily=True), times=None)
    first = times(client.exported())
    assert times(client.exported()) == times(client.fetched()) == first
    console.trail.clock = lambda: START + timedelta(days=1)
    second = times(client.exported())
    assert {text[-5:] for text in first + second} == {"+0000", "+0100"}
    assert read_stamp(first[0]) == read_stamp(second[0])


def test_only_the_entrys_own_readable_time_is_spelled_anew(console: ConsoleServer, client: Client) -> None:
    odd = b'{"id":51,"note":{"timestamp":"x"}, "timestamp" : "2020-04-03 12:56:42 UTC+0200","n":1.50}'
    for text in (odd, b'{"id":52,"timestamp":"yesterday"}', b'{"id":53,"timestamp":null}', b'{"id":54}'):
        console.trail.put(text, entry_id=console.trail.last_id + 1)
    console.faults.add(faults.Timestamps(), endpoint="fetch")
    text = client.get("/fetch", limit=4).content
    assert b'{"id":52,"timestamp":"yesterday"},{' in text
    assert b'"note":{"timestamp":"x"}, "timestamp" : "2020-04-03T10:56:42+00:00","n":1.50}' in text


# What is big, and what is encoded


@pytest.mark.parametrize("path", ["/fetch", "/download/json"])
def test_gzip_that_was_not_asked_for(console: ConsoleServer, path: str) -> None:
    url, headers = console.url + TRAIL + path, {"X-Canary-Auth-Token": READ, "Accept-Encoding": "identity"}
    console.faults.add(faults.Encoded())
    with requests.get(url, headers=headers, stream=True, timeout=10) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        body = gzip.decompress(answer.raw.read(decode_content=False))
    assert body.startswith(b"PK" if "download" in path else b'{"audit_trail":[')


def test_an_encoding_by_name_only(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.Encoded("x-secret"), endpoint="fetch")
    answer = client.get("/fetch", limit=1)
    assert (answer.headers["Content-Encoding"], len(answer.json()["audit_trail"])) == ("x-secret", 1)


@pytest.mark.parametrize("size", [1024**2, pytest.param(65 * 1024**2, marks=pytest.mark.wide)])
def test_a_page_as_large_as_you_like(console: ConsoleServer, client: Client, size: int) -> None:
    assert control(console, "big", bytes=size).json() == {"id": 51, "result": "success"}
    page = client.get("/fetch", limit=1)
    assert len(page.content) > size
    assert len(page.json()["audit_trail"][0]["additional_information"]) == size
    assert ids(client.page(cursor=page.json()["cursor"]["next"])["audit_trail"]) == [50]


# Limits by status


@pytest.mark.parametrize("status", [403, 408, 425, 429])
def test_a_limit_names_when_to_come_back(console: ConsoleServer, client: Client, status: int) -> None:
    console.faults.add(faults.Status(status, retry_after="3"))
    answer = client.get("/fetch")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "3")
    assert client.get("/fetch").status_code == 200


def test_a_web_application_firewall(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.HtmlPage(403, b"<html>Request blocked</html>"))
    answer = client.get("/fetch")
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "text/html; charset=utf-8")


# What happens to the trail


def test_a_late_low_id_and_an_amended_entry(console: ConsoleServer, client: Client) -> None:
    client.purge(40)
    assert control(console, "late", id=3).json() == {"result": "success"}
    assert ids(client.exported()) == [51, *ALL[:10], 3]
    amended = {"user": "mallory@example.com", "additional_information": {"a": [1]}}
    assert control(console, "amend", id=45, fields=amended).status_code == 200
    (changed,) = (entry for entry in client.exported() if entry["id"] == 45)
    assert amended.items() <= changed.items()
    assert (changed["timestamp"], changed["id"]) == (stamp(int(START.timestamp())).decode(), 45)
    assert client.population() == 12


def test_a_consoles_own_retention_leaves_no_receipt(console: ConsoleServer, client: Client) -> None:
    console.trail.put({"id": 7, "timestamp": None})
    assert control(console, "retain", days=30).status_code == 200
    assert ids(client.exported()) == ids(client.fetched()) == [*ALL[:10], 7]
    assert (console.trail.receipts, console.trail.destroyed, console.trail.last_id) == ((), [], 50)
    assert control(console, "retain", days=None).status_code == 200
    console.trail.clock = lambda: datetime(2036, 1, 1, tzinfo=UTC)
    assert client.population() == 11


def test_sparse_ids(console: ConsoleServer, client: Client) -> None:
    answer = control(console, "arrive", count=3, skip=4).json()
    assert (answer["first_id"], answer["last_id"]) == (55, 65)
    assert ids(client.fetched()) == [65, 60, 55, *ALL]
    assert client.population() == 53
    assert client.message_of_purge(62) == "52 logs purged successfully"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("late", {}),
        ("late", {"id": 50}),
        ("late", {"id": "3"}),
        ("amend", {"id": 51, "fields": {}}),
        ("amend", {"id": 3}),
        ("amend", {"id": 3, "fields": ["user"]}),
        ("retain", {"days": 0}),
        ("retain", {"days": "30"}),
        ("retain", {"days": 10**9}),
        ("big", {}),
        ("big", {"bytes": 10**12}),
        ("arrive", {"count": 10_001, "skip": 1}),
        ("arrive", {"count": 1, "skip": -1}),
    ],
)
def test_what_can_not_happen_is_refused(console: ConsoleServer, name: str, wanted: dict[str, Any]) -> None:
    before = json.dumps(list(map(bytes.decode, console.trail.snapshot().lines(range(1, 51)))))
    assert control(console, name, **wanted).status_code == 400
    assert json.dumps(list(map(bytes.decode, console.trail.snapshot().lines(range(1, 51))))) == before
    assert (len(console.trail), console.trail.retention) == (50, None)


def test_views_compose_and_an_export_is_one_zip(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.Stale(console.trail.snapshot()), endpoint="export")
    console.faults.add(faults.Capped(3), endpoint="export")
    console.faults.add(faults.Timestamps(zulu=True), endpoint="export")
    console.trail.arrive(5)
    with zipfile.ZipFile(io.BytesIO(client.get("/download/json").content)) as archive:
        found = json.loads(archive.read("canary_audit_trail.json"))
    assert (ids(found), found[0]["timestamp"]) == ([50, 49, 48], "2026-03-11T14:30:00Z")
