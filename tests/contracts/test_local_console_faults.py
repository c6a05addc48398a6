"""Every fault that can be switched on, seen from the client's side."""

from __future__ import annotations

import base64
import io
import json
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from local.console import ConsoleServer, Trail, faults, zip_of

PATHS = {
    "fetch": ("GET", "/api/v1/audit_trail/fetch"),
    "purge": ("POST", "/api/v1/audit_trail/purge"),
    "export": ("GET", "/api/v1/audit_trail/download/json"),
}
KEY = "admin-1"
START = datetime(2026, 3, 11, 14, 30, tzinfo=UTC)


@pytest.fixture
def console() -> Iterator[ConsoleServer]:
    with ConsoleServer(Trail.generated(50, seed=5, clock=lambda: START), admin_key=KEY) as running:
        yield running
        assert running.crashes == []


def ask(console: ConsoleServer, name: str, **params: Any) -> requests.Response:
    method, path = PATHS[name]
    headers = {"X-Canary-Auth-Token": KEY}
    if name == "purge":
        params = {"id": 20, **params}
    return requests.request(
        method, console.url + path, headers=headers, params=params, timeout=10, allow_redirects=False
    )


def exported_ids(console: ConsoleServer) -> list[int]:
    with zipfile.ZipFile(io.BytesIO(ask(console, "export").content)) as archive:
        return [entry["id"] for entry in json.loads(archive.read(archive.namelist()[0]))]


@pytest.mark.parametrize("name", PATHS)
@pytest.mark.parametrize(
    ("fault", "status", "seen"),
    [
        (faults.HtmlPage(), 200, {"Content-Type": "text/html; charset=utf-8"}),
        (faults.JsonError("Down", result="failure"), 200, {"Content-Type": "application/json"}),
        (faults.Status(401), 401, {}),
        (faults.Status(403), 403, {}),
        (faults.Status(429, retry_after="3"), 429, {"Retry-After": "3"}),
        (faults.Status(500), 500, {}),
        (faults.Status(503), 503, {}),
        (faults.Redirect(), 302, {"Location": "http://elsewhere.invalid/login"}),
    ],
)
def test_an_answer_instead_of_the_request(
    console: ConsoleServer, name: str, fault: faults.Fault, status: int, seen: dict[str, str]
) -> None:
    console.faults.add(fault)
    answer = ask(console, name)
    assert answer.status_code == status
    assert seen.items() <= answer.headers.items()
    assert len(console.trail) == 50  # a purge was not carried out
    assert console.requests[-1].status == status
    assert ask(console, name).status_code == 200


def test_texts_of_answers_instead(console: ConsoleServer) -> None:
    console.faults.add(faults.JsonError("Down", result="failure"))
    assert ask(console, "fetch").json() == {"message": "Down", "result": "failure"}
    console.faults.add(faults.HtmlPage())
    assert ask(console, "export").text.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(("fault", "left"), [(faults.ResetBefore(), 50), (faults.ResetAfter(), 31)])
def test_resets_before_and_after_the_purge_was_carried_out(
    console: ConsoleServer, fault: faults.Fault, left: int
) -> None:
    console.faults.add(fault)
    with pytest.raises(requests.ConnectionError, match=r"reset|aborted"):
        ask(console, "purge")
    assert len(console.trail) == left
    assert console.requests[-1].status is None


@pytest.mark.parametrize(("carried_out", "left"), [(False, 50), (True, 31)])
def test_hangs_are_longer_than_the_clients_patience(
    console: ConsoleServer, carried_out: bool, left: int
) -> None:
    console.faults.add(faults.Hang(30, carried_out=carried_out))
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            console.url + PATHS["purge"][1],
            data={"id": 20},
            headers={"X-Canary-Auth-Token": KEY},
            timeout=0.3,
        )
    assert len(console.trail) == left
    began = time.monotonic()
    console.stop()  # and a hang never holds up the end
    assert time.monotonic() - began < 5


def test_a_short_hang_ends_in_the_answer(console: ConsoleServer) -> None:
    console.faults.add(faults.Hang(0.3, carried_out=True))
    began = time.monotonic()
    assert ask(console, "fetch").status_code == 200
    assert time.monotonic() - began >= 0.3


def test_a_trickle(console: ConsoleServer) -> None:
    console.faults.add(faults.Trickle(chunk=500, pause_s=0.05))
    began = time.monotonic()
    answer = ask(console, "fetch", limit=5)
    assert time.monotonic() - began >= len(answer.content) // 500 * 0.05
    assert len(answer.json()["audit_trail"]) == 5


@pytest.mark.parametrize("name", ["fetch", "export"])
def test_a_truncated_body_under_the_right_length(console: ConsoleServer, name: str) -> None:
    console.faults.add(faults.Truncated(0.5))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        ask(console, name)


@pytest.mark.parametrize("name", ["fetch", "export"])
def test_a_wrong_length(console: ConsoleServer, name: str) -> None:
    console.faults.add(faults.WrongLength(+7))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="7 more expected"):
        ask(console, name)
    console.faults.add(faults.WrongLength(-7))
    short = ask(console, name).content
    console.faults.add(faults.WrongLength(0))
    assert len(short) == len(ask(console, name).content) - 7
    with pytest.raises((zipfile.BadZipFile, ValueError)):
        json.loads(short) if name == "fetch" else zipfile.ZipFile(io.BytesIO(short))


def test_a_replaced_body(console: ConsoleServer) -> None:
    console.faults.add(faults.ReplacedBody(zip_of([b'{"id":99}'])))
    assert exported_ids(console) == [99]
    console.faults.add(faults.ReplacedBody(b'{"message":"20 gone"}'))
    assert ask(console, "purge").json() == {"message": "20 gone"}
    assert len(console.trail) == 31


def test_a_capped_and_a_stale_export(console: ConsoleServer) -> None:
    console.faults.add(faults.CappedExport(newest=3))
    assert exported_ids(console) == [50, 49, 48]
    console.faults.add(faults.Stale(console.trail.snapshot()), endpoint="export")
    console.trail.arrive(2)
    console.trail.purge(40)
    assert ask(console, "fetch").json()["page_count"] == 1
    assert exported_ids(console) == list(range(50, 0, -1))
    assert exported_ids(console) == list(range(53, 40, -1))


def test_a_purge_without_receipt(console: ConsoleServer) -> None:
    console.faults.add(faults.NoReceipt())
    assert ask(console, "purge").json()["msg"] == "20 logs purged successfully"
    assert (len(console.trail), console.trail.receipts) == (30, ())


def test_a_late_receipt_and_a_slow_deletion(console: ConsoleServer) -> None:
    console.faults.add(faults.LateReceipt(60))
    console.faults.add(faults.SlowDeletion(120))
    assert ask(console, "purge").json()["msg"] == "20 logs purged successfully"
    assert exported_ids(console) == list(range(50, 0, -1))
    console.trail.clock = lambda: START + timedelta(seconds=60)
    assert exported_ids(console) == list(range(51, 0, -1))
    console.trail.clock = lambda: START + timedelta(seconds=120)
    assert exported_ids(console) == list(range(51, 20, -1))


def test_a_purge_that_reports_another_count(console: ConsoleServer) -> None:
    console.faults.add(faults.Miscounted(+5))
    assert ask(console, "purge").json()["msg"] == "25 logs purged successfully"
    assert b"purged 25 logs before id:20" in console.trail.snapshot().line(51)
    assert len(console.trail) == 31


def test_no_page_count(console: ConsoleServer) -> None:
    console.faults.add(faults.NoPageCount())
    assert "page_count" not in ask(console, "fetch").json()


def test_an_empty_list_as_null(console: ConsoleServer) -> None:
    console.faults.add(faults.NullList(), times=2)
    assert len(ask(console, "fetch").json()["audit_trail"]) == 50
    console.trail.reset()
    assert ask(console, "fetch").json()["audit_trail"] is None
    assert ask(console, "fetch").json()["audit_trail"] == []


# --- the switchboard ------------------------------------------------------------------------------------


def statuses(console: ConsoleServer, name: str, count: int) -> list[int]:
    return [ask(console, name).status_code for _ in range(count)]


def test_faults_last_for_some_requests_of_an_endpoint_after_skipping_some(console: ConsoleServer) -> None:
    console.faults.add(faults.Status(500), endpoint="export", times=2, skip=1)
    assert statuses(console, "fetch", 3) == [200, 200, 200]
    assert statuses(console, "export", 5) == [200, 500, 500, 200, 200]
    assert console.faults.active() == ()


def test_faults_until_cleared(console: ConsoleServer) -> None:
    console.faults.add(faults.Status(500), times=None)
    assert statuses(console, "fetch", 4) == [500] * 4
    console.faults.clear()
    assert statuses(console, "fetch", 1) == [200]


def test_a_fault_waits_for_the_endpoint_where_it_makes_sense(console: ConsoleServer) -> None:
    console.faults.add(faults.CappedExport(1))
    assert ask(console, "fetch").json()["page_count"] == 1
    assert exported_ids(console) == [50]
    with pytest.raises(ValueError, match="CappedExport can't happen at purge"):
        console.faults.add(faults.CappedExport(1), endpoint="purge")
    for times, skip in ((0, 0), (1, -1)):
        with pytest.raises(ValueError, match="times must be"):
            console.faults.add(faults.NoReceipt(), times=times, skip=skip)


def switch(console: ConsoleServer, **wanted: Any) -> requests.Response:
    return requests.post(console.url + "/_local/faults", json=wanted, timeout=10)


def test_faults_are_switched_from_outside(console: ConsoleServer) -> None:
    answer = switch(
        console, fault="status", endpoint="fetch", times=None, parameters={"status": 429, "retry_after": "2"}
    )
    assert answer.json() == {"faults": ["status"], "result": "success"}
    assert ask(console, "fetch").headers["Retry-After"] == "2"
    assert switch(console, clear=True).json() == {"faults": [], "result": "success"}
    assert ask(console, "fetch").status_code == 200
    body = base64.b64encode(zip_of([b'{"id":7}'])).decode()
    switch(console, fault="replaced_body", endpoint="export", parameters={"body": body})
    assert exported_ids(console) == [7]
    switch(console, fault="stale", endpoint="export")
    console.trail.arrive()
    assert max(exported_ids(console)) == 50


@pytest.mark.parametrize("name", faults.NAMED)
def test_every_named_fault_can_be_switched_on_from_outside(console: ConsoleServer, name: str) -> None:
    assert switch(console, fault=name).json()["faults"] == [name]
    assert [type(fault) for fault in console.faults.active()] == [faults.NAMED[name]]


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"fault": "earthquake"},
        {"fault": "status", "parameters": {"status": "500"}},
        {"fault": "status", "parameters": {"colour": "red"}},
        {"fault": "status", "endpoint": "nowhere"},
        {"fault": "status", "times": "2"},
        {"fault": "status", "times": 0},
        {"fault": "replaced_body", "parameters": {"body": "not base64!"}},
    ],
)
def test_faults_that_make_no_sense_are_refused(console: ConsoleServer, wanted: dict[str, Any]) -> None:
    assert switch(console, **wanted).status_code == 400
    assert console.faults.active() == ()


def test_every_fault_is_named_and_documented() -> None:
    kinds = {
        kind for kind in vars(faults).values() if isinstance(kind, type) and issubclass(kind, faults.Fault)
    } - {faults.Fault}
    assert set(faults.NAMED.values()) == kinds
    # Other than the signature that dataclass writes where there is no docstring.
    assert all(kind.__doc__ and not kind.__doc__.startswith(kind.__name__ + "(") for kind in kinds)
