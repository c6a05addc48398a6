"""The laptop Console over HTTP: every endpoint, parameter, key and role, as described."""

from __future__ import annotations

import http.client
import io
import json
import re
import socket
import threading
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from local.console import ConsoleServer, ExportShape, Key, Trail

FETCH = "/api/v1/audit_trail/fetch"
PURGE = "/api/v1/audit_trail/purge"
EXPORT = "/api/v1/audit_trail/download/json"
READ, ADMIN, ANALYST, FLOCK, FLOCK_ADMIN = "read-1", "admin-1", "analyst-1", "flock-1", "flock-admin-1"
START = datetime(2026, 3, 11, 14, 30, tzinfo=UTC)
KEYS = {
    ANALYST: Key("ann", "analyst"),
    FLOCK: Key("flo", "read-only", "flock:default"),
    FLOCK_ADMIN: Key("fay", "admin", "flock:default"),
}


def make(count: int = 250, **options: Any) -> ConsoleServer:
    trail = Trail.generated(count, seed=5, clock=lambda: START)
    return ConsoleServer(trail, read_key=READ, admin_key=ADMIN, keys=KEYS, **options)


@pytest.fixture
def console() -> Iterator[ConsoleServer]:
    with make() as running:
        yield running
        assert running.crashes == []


def ask(
    console: ConsoleServer, method: str, path: str, key: str | None = READ, **more: Any
) -> requests.Response:
    headers = {} if key is None else {"X-Canary-Auth-Token": key}
    headers |= more.pop("headers", {})
    return requests.request(
        method, console.url + path, headers=headers, timeout=10, allow_redirects=False, **more
    )


def get(console: ConsoleServer, key: str | None = READ, **params: object) -> requests.Response:
    return ask(console, "GET", FETCH, key, params=params)


def ids(page: requests.Response) -> list[int]:
    return [entry["id"] for entry in page.json()["audit_trail"]]


def exported(console: ConsoleServer, key: str = READ) -> list[dict[str, Any]]:
    body = ask(console, "GET", EXPORT, key).content
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        found = json.loads(archive.read("canary_audit_trail.json"))
    assert isinstance(found, list)
    return found


def refused(answer: requests.Response, status: int, message: str) -> None:
    assert (answer.status_code, answer.json()) == (status, {"result": "error", "message": message})


# --- fetch ----------------------------------------------------------------------------------------------


def test_a_page_is_a_hundred_entries_newest_first(console: ConsoleServer) -> None:
    page = get(console)
    assert page.headers["Content-Type"] == "application/json"
    assert ids(page) == list(range(250, 150, -1))
    shown = page.json()
    assert shown.keys() == {"audit_trail", "cursor", "page_count", "page_number", "result"}
    assert (shown["page_count"], shown["page_number"], shown["result"]) == (3, 1, "success")
    assert shown["cursor"]["prev"] is None
    assert not any(name.endswith("_std") for name in shown["audit_trail"][0])


def test_limit_gives_the_population(console: ConsoleServer) -> None:
    page = get(console, limit=1)
    assert (ids(page), page.json()["page_count"]) == ([250], 250)


def test_cursors_lead_both_ways_and_keep_the_limit(console: ConsoleServer) -> None:
    first = get(console, limit=7)
    second = get(console, cursor=first.json()["cursor"]["next"])
    assert (ids(second), second.json()["page_number"]) == ([243, 242, 241, 240, 239, 238, 237], 2)
    console.trail.arrive(3)
    assert ids(get(console, cursor=second.json()["cursor"]["prev"])) == ids(first)


@pytest.mark.parametrize(
    ("zone", "offset"),
    [("UTC", "UTC+0000"), ("Asia/Kathmandu", "+0545+0545"), ("Africa/Johannesburg", "SAST+0200")],
)
def test_tz_adds_standard_times(console: ConsoleServer, zone: str, offset: str) -> None:
    entry = get(console, tz=zone, limit=1).json()["audit_trail"][0]
    assert entry["timestamp"].endswith(" UTC+0000")
    assert entry["timestamp_std"].endswith(" " + offset)
    told, standard = entry["timestamp"], entry["timestamp_std"]
    moments = [datetime.strptime(text[:19] + text[-5:], "%Y-%m-%d %H:%M:%S%z") for text in (told, standard)]
    assert moments[0] == moments[1]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"limit": 5, "cursor": "x"}, "limit can not be used together with cursor"),
        ({"cursor": "x"}, "Invalid cursor"),
        ({"cursor": ""}, "Invalid cursor"),
        ({"tz": "Mars/Olympus"}, "Unknown timezone"),
        ({"tz": "../../etc/passwd"}, "Unknown timezone"),
        ({"tz": ""}, "Unknown timezone"),
        *[
            ({"limit": limit}, "limit must be an integer from 1 to 10000")
            for limit in ("0", "-1", "10001", "1.5", "ten", "", " 5", "+5", "٣")
        ],
    ],
)
def test_bad_fetch_parameters_are_refused(
    console: ConsoleServer, params: dict[str, Any], message: str
) -> None:
    refused(get(console, **params), 400, message)


def test_an_empty_trail() -> None:
    with make(0) as console:
        assert get(console).json() == {
            "audit_trail": [],
            "cursor": {"next": None, "prev": None},
            "page_count": 0,
            "page_number": 1,
            "result": "success",
        }
        assert exported(console) == []


# --- purge ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["data", "params", "json"])
def test_a_purge_takes_its_id_from_form_query_or_json(console: ConsoleServer, how: str) -> None:
    answer = ask(console, "POST", PURGE, ADMIN, **{how: {"id": 72}})
    assert answer.status_code == 200
    assert answer.json() == {"msg": "72 logs purged successfully", "result": "success"}
    newest = get(console, limit=1).json()["audit_trail"][0]
    assert newest["id"] == 251
    assert newest["action_type"] == "audit_trail_purge"
    assert newest["message"] == "Successfully purged 72 logs before id:72"
    assert (newest["user"], newest["timestamp"]) == ("local-admin", "2026-03-11 14:30:00 UTC+0000")
    assert list(console.trail.snapshot().ids) == list(range(73, 252))


@pytest.mark.parametrize("value", ["0", "-1", "1.0", "x", "", str(2**63), "9" * 5000])
def test_a_purge_of_no_id_deletes_nothing(console: ConsoleServer, value: str) -> None:
    answer = ask(console, "POST", PURGE, ADMIN, data={"id": value})
    refused(answer, 400, f"id must be an integer from 1 to {2**63 - 1}")
    assert len(console.trail) == 250


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"[72]", "application/json", 400),
        (b"{", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b'{"id": true}', "application/json", 400),
        (b'{"id": 7.0}', "application/json", 400),
        (b'{"id": null}', "application/json", 400),
        (b"<id>72</id>", "text/xml", 415),
        (b"&".join([b"a=1"] * 101), "application/x-www-form-urlencoded", 400),
    ],
)
def test_bodies_that_say_nothing(console: ConsoleServer, body: bytes, kind: str, status: int) -> None:
    answer = ask(console, "POST", PURGE, ADMIN, data=body, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["result"]) == (status, "error")
    assert len(console.trail) == 250


# --- export ---------------------------------------------------------------------------------------------


def test_the_export_is_every_entry_in_a_zip(console: ConsoleServer) -> None:
    answer = ask(console, "GET", EXPORT)
    assert answer.headers["Content-Type"] == "application/x-zip-compressed"
    assert "canary_audit_trail.json.zip" in answer.headers["Content-Disposition"]
    assert answer.headers["Transfer-Encoding"] == "chunked"
    pages = [get(console, limit=250).json()["audit_trail"]]
    assert exported(console) == pages[0]


def test_the_export_has_the_shape_wished_for() -> None:
    with make(5, shape=ExportShape(layout="lines", order="oldest")) as console:
        body = ask(console, "GET", EXPORT).content
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            lines = archive.read("canary_audit_trail.json").splitlines()
        assert [json.loads(line)["id"] for line in lines] == [1, 2, 3, 4, 5]


def test_a_purge_during_an_export_does_not_touch_it() -> None:
    # Stored, not deflated: more than the sockets can hold, so that the purge really falls into the export.
    with make(60_000, shape=ExportShape(compress_level=0)) as console:
        headers = {"X-Canary-Auth-Token": READ}
        with requests.get(console.url + EXPORT, headers=headers, stream=True, timeout=10) as answer:
            start = answer.raw.read(10)
            ask(console, "POST", PURGE, ADMIN, data={"id": 59_000})
            console.trail.arrive(10)
            body = start + answer.raw.read()
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            found = json.loads(archive.read("canary_audit_trail.json"))
        assert [entry["id"] for entry in found] == list(range(60_000, 0, -1))
        assert len(exported(console)) == 1011


def test_http_1_0_gets_the_export_unchunked(console: ConsoleServer) -> None:
    with socket.create_connection(("127.0.0.1", console.port), timeout=10) as connection:
        connection.sendall(f"GET {EXPORT}?auth_token={READ} HTTP/1.0\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert len(json.loads(archive.read("canary_audit_trail.json"))) == 250


# --- keys and roles -------------------------------------------------------------------------------------


def test_a_key_may_be_passed_both_ways_and_the_log_never_holds_it(console: ConsoleServer) -> None:
    assert get(console).status_code == 200
    assert get(console, None, auth_token=READ).status_code == 200
    assert ask(console, "POST", PURGE, None, data={"id": 1, "auth_token": ADMIN}).status_code == 200
    assert ask(console, "POST", PURGE, None, json={"id": 2, "auth_token": ADMIN}).status_code == 200
    assert get(console, READ, auth_token="wrong").status_code == 200  # the header decides
    assert [(seen.method, seen.path, set(seen.key_in), seen.status) for seen in console.requests] == [
        ("GET", FETCH, {"header"}, 200),
        ("GET", FETCH, {"parameter"}, 200),
        ("POST", PURGE, {"parameter"}, 200),
        ("POST", PURGE, {"parameter"}, 200),
        ("GET", FETCH, {"header", "parameter"}, 200),
    ]
    assert console.requests[2].parameters == {"id": "1"}
    assert READ not in repr(console.requests)
    assert ADMIN not in repr(console.requests)


@pytest.mark.parametrize(("method", "path"), [("GET", FETCH), ("POST", PURGE), ("GET", EXPORT)])
def test_without_a_valid_key_nobody_gets_in(console: ConsoleServer, method: str, path: str) -> None:
    refused(ask(console, method, path, None), 401, "Invalid auth_token")
    refused(ask(console, method, path, None, params={"auth_token": "wrong"}), 401, "Invalid auth_token")
    refused(ask(console, method, path, "wrong"), 401, "Unauthorized")
    refused(ask(console, method, path, ""), 401, "Unauthorized")
    console.keys.revoke(READ)
    refused(ask(console, method, path, READ), 401, "Unauthorized")


@pytest.mark.parametrize("key", [READ, ANALYST, FLOCK])
def test_only_an_admin_purges(console: ConsoleServer, key: str) -> None:
    refused(ask(console, "POST", PURGE, key, data={"id": 72}), 403, "Unauthorized")
    assert len(console.trail) == 250


@pytest.mark.parametrize("key", [READ, ANALYST, ADMIN])
def test_every_role_reads_everything(console: ConsoleServer, key: str) -> None:
    assert len(exported(console, key)) == get(console, key, limit=1).json()["page_count"] == 250


def test_a_flock_key_sees_a_part(console: ConsoleServer) -> None:
    mine = [entry for entry in exported(console) if entry["flock_id"] == "flock:default"]
    assert 0 < len(mine) < 250
    assert exported(console, FLOCK) == mine
    assert get(console, FLOCK, limit=1).json()["page_count"] == len(mine)
    answer = ask(console, "POST", PURGE, FLOCK_ADMIN, data={"id": 250})
    assert answer.json()["msg"] == f"{len(mine)} logs purged successfully"
    assert len(console.trail) == 250 - len(mine) + 1


@pytest.mark.parametrize("style", ["header", "parameter"])
def test_a_console_may_take_one_way_only(style: str) -> None:
    with make(key_styles=frozenset({style})) as console:
        assert (get(console).status_code == 200) == (style == "header")
        assert (get(console, None, auth_token=READ).status_code == 200) == (style == "parameter")


# --- HTTP -----------------------------------------------------------------------------------------------


def test_errors_may_come_with_status_200() -> None:
    with make(errors_as_200=True) as console:
        refused(get(console, "wrong"), 200, "Unauthorized")
        refused(ask(console, "POST", PURGE, READ, data={"id": 1}), 200, "Unauthorized")
        refused(ask(console, "GET", "/nowhere"), 200, "Not found")


def test_unknown_paths_and_methods(console: ConsoleServer) -> None:
    refused(ask(console, "GET", "/api/v1/audit_trail"), 404, "Not found")
    for method in ("GET", "PUT", "DELETE", "PATCH", "OPTIONS"):
        answer = ask(console, method, PURGE, ADMIN)
        refused(answer, 405, "Method not allowed")
        assert answer.headers["Allow"] == "POST"
    head = ask(console, "HEAD", FETCH)
    assert (head.status_code, head.content, head.headers["Allow"]) == (405, b"", "GET")
    refused(ask(console, "BREW", FETCH), 501, "Unsupported method ('BREW')")


def test_dates_are_the_consoles_own(console: ConsoleServer) -> None:
    assert get(console).headers["Date"] == "Wed, 11 Mar 2026 14:30:00 GMT"
    console.trail.clock = lambda: datetime(2031, 1, 1, tzinfo=UTC)
    assert get(console).headers["Date"] == "Wed, 01 Jan 2031 00:00:00 GMT"


def test_one_connection_serves_many_requests(console: ConsoleServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", console.port, timeout=10)
    sockets = set()
    for path in (FETCH, EXPORT, "/nowhere", FETCH):
        connection.request("GET", path, headers={"X-Canary-Auth-Token": READ})
        sockets.add(connection.sock)
        connection.getresponse().read()
    assert len(sockets) == 1
    connection.close()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("Content-Length: x", 400),
        ("Content-Length: -5", 400),
        ("Content-Length: 99999999", 413),
        ("Transfer-Encoding: chunked", 411),
        ("X: " + "y" * 70_000, 431),
    ],
)
def test_requests_that_cant_be_read_are_refused(console: ConsoleServer, head: str, status: int) -> None:
    with socket.create_connection(("127.0.0.1", console.port), timeout=10) as connection:
        connection.sendall(f"POST {PURGE} HTTP/1.1\r\n{head}\r\n\r\n".encode())
        connection.shutdown(socket.SHUT_WR)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        assert (answer.status, json.loads(answer.read())["result"]) == (status, "error")


def test_nothing_but_loopback_is_listened_on(console: ConsoleServer) -> None:
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", console.url)
    with socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex(("127.0.0.2", console.port)) != 0


def test_a_stopped_console_leaves_nothing_behind() -> None:
    before = threading.active_count()
    with make(arrivals_per_minute=60) as console:
        session = requests.Session()
        session.get(console.url + FETCH, timeout=10)  # a connection that is kept open
        port = console.port
    session.close()
    assert threading.active_count() == before
    with socket.socket() as other:
        assert other.connect_ex(("127.0.0.1", port)) != 0


def test_entries_arrive_while_it_runs() -> None:
    with make(10, arrivals_per_minute=1200) as console:
        for _ in range(100):
            if len(console.trail) > 12:
                break
            threading.Event().wait(0.05)
        assert len(console.trail) > 12


# --- control --------------------------------------------------------------------------------------------


def test_arrivals_and_state_from_outside(console: ConsoleServer) -> None:
    answer = ask(console, "POST", "/_local/arrive", None, json={"count": 3})
    assert answer.json() == {"first_id": 251, "last_id": 253, "result": "success"}
    console.trail.purge(100)
    state = ask(console, "GET", "/_local/state", None).json()
    assert state == {
        "live": 154,
        "first_id": 101,
        "last_id": 254,
        "receipts": [254],
        "faults": [],
        "now": "2026-03-11T14:30:00+00:00",
    }
    assert list(console.requests) == []  # control is no part of the API


@pytest.mark.parametrize("count", [0, -1, "3", True, 1.5, None])
def test_arrivals_that_make_no_sense(console: ConsoleServer, count: object) -> None:
    assert ask(console, "POST", "/_local/arrive", None, json={"count": count}).status_code == 400
    assert len(console.trail) == 250


def test_a_web_page_elsewhere_cant_control_it(console: ConsoleServer) -> None:
    form = ask(console, "POST", "/_local/arrive", None, data={"count": 3})
    assert form.status_code == 415
    assert ask(console, "GET", "/_local/arrive", None).status_code == 404
    assert len(console.trail) == 250
