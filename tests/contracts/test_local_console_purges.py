"""Purges of the laptop's Console that turn out, or are told of, in another way than usual."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from local.console import Actor, ConsoleServer, Trail, faults
from tests.contracts.local_console import ADMIN, START, TRAIL, Client, control, ids, running

RECEIPT = "audit_trail_purge"


@pytest.fixture
def console() -> Iterator[ConsoleServer]:
    with running(Trail.generated(3000, seed=5, clock=lambda: START)) as server:
        yield server


@pytest.fixture
def client(console: ConsoleServer) -> Client:
    return Client(console)


def newest(client: Client) -> dict[str, Any]:
    entry: dict[str, Any] = client.page(limit=1)["audit_trail"][0]
    return entry


def test_a_purge_that_is_limited_says_how_many_and_goes_on_when_asked_again(
    console: ConsoleServer, client: Client
) -> None:
    console.faults.add(faults.LimitedPurge(1000), times=None)
    told = [client.message_of_purge(2500) for _ in range(3)]
    assert told == [f"{count} logs purged successfully" for count in (1000, 1000, 500)]
    assert [newest["message"] for newest in client.page(limit=3)["audit_trail"]] == [
        f"Successfully purged {count} logs before id:2500" for count in (500, 1000, 1000)
    ]
    assert min(console.trail.snapshot().ids) == 2501


def test_a_limit_takes_the_lowest_ids(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.LimitedPurge(10))
    client.purge(2500)
    assert list(console.trail.snapshot().ids)[:2] == [11, 12]
    console.faults.add(faults.LimitedPurge(10_000))
    assert client.message_of_purge(2500) == "2490 logs purged successfully"


@pytest.mark.parametrize(("delta", "told"), [(-3, 17), (+5, 25)])
def test_an_answer_that_misstates_while_the_receipt_does_not(
    console: ConsoleServer, client: Client, delta: int, told: int
) -> None:
    console.faults.add(faults.Misstated(delta))
    assert client.message_of_purge(20) == f"{told} logs purged successfully"
    assert newest(client)["message"] == "Successfully purged 20 logs before id:20"
    assert client.population() == 2981


def test_a_purge_that_destroys_everything_and_answers_what_was_asked(
    console: ConsoleServer, client: Client
) -> None:
    console.faults.add(faults.Overreach())
    assert client.message_of_purge(20) == "20 logs purged successfully"
    (receipt,) = client.exported()
    assert (receipt["id"], receipt["message"]) == (3001, "Successfully purged 3000 logs before id:20")


@pytest.mark.parametrize("status", [502, 504])
def test_a_gateway_answers_after_the_purge_was_carried_out(
    console: ConsoleServer, client: Client, status: int
) -> None:
    console.faults.add(faults.FailsAfter(status), endpoint="purge")
    answer = client.purge(20)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "text/html; charset=utf-8")
    assert newest(client)["message"] == "Successfully purged 20 logs before id:20"
    assert min(console.trail.snapshot().ids) == 21


def test_a_purge_that_is_carried_out_and_then_silent(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.Hang(30, carried_out=True), endpoint="purge")
    with pytest.raises(requests.ReadTimeout):
        requests.post(
            console.url + TRAIL + "/purge",
            data={"id": 20},
            headers={"X-Canary-Auth-Token": ADMIN},
            timeout=0.3,
        )
    assert (client.population(), newest(client)["action_type"]) == (2981, RECEIPT)


@pytest.mark.parametrize(
    ("fault", "action_type", "message"),
    [
        (
            faults.ReceiptWords("Removed {count} events up to {id}"),
            RECEIPT,
            "Removed 2500 events up to 2500",
        ),
        (
            faults.ReceiptWords("Successfully purged {count:,} logs before id:{id}"),
            RECEIPT,
            "Successfully purged 2,500 logs before id:2500",
        ),
        (
            faults.ReceiptWords(action_type="audit_log_purge"),
            "audit_log_purge",
            "Successfully purged 2500 logs before id:2500",
        ),
        (
            faults.KeyNames(newer=False),
            RECEIPT,
            "Successfully purged 2500 logs before id:2500 (User 'API Token')",
        ),
    ],
)
def test_receipts_in_other_words(
    console: ConsoleServer, client: Client, fault: faults.Fault, action_type: str, message: str
) -> None:
    console.faults.add(fault)
    assert client.message_of_purge(2500) == "2500 logs purged successfully"
    receipt = newest(client)
    assert (receipt["action_type"], receipt["message"], receipt["user"]) == (
        action_type,
        message,
        "local-admin",
    )
    assert console.trail.receipts == (3001,)


def test_newer_consoles_name_the_key(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.KeyNames(key_id="0a1b2c3d"))
    client.purge(2500)
    receipt = newest(client)
    assert receipt["user"] == "Global-API-Token[key_id:0a1b2c3d]"
    assert receipt["message"] == "Successfully purged 2500 logs before id:2500"
    (destroyed,) = console.trail.destroyed
    assert destroyed.by.user == "local-admin"  # who it was, whatever the receipt calls him


def test_an_answer_in_other_words(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.AnswerWords("{count:,} logs purged successfully"))
    assert client.message_of_purge(2500) == "2,500 logs purged successfully"


@pytest.mark.parametrize("words", ["{total} gone", "{count.real.real.x}", "{0} gone", "{"])
def test_words_that_name_something_else_are_refused_when_they_are_switched_on(
    console: ConsoleServer, words: str
) -> None:
    for fault, name in (("receipt_words", "message"), ("answer_words", "msg")):
        assert control(console, "faults", fault=fault, parameters={name: words}).status_code == 400
    assert console.faults.active() == ()


def test_what_was_destroyed_is_remembered_with_who_asked(console: ConsoleServer, client: Client) -> None:
    texts = {entry["id"]: entry for entry in client.exported()}
    client.purge(20)
    console.trail.purge(25, by=Actor(user="mallory"))
    console.trail.amend(30, {"user": "x"})
    console.trail.make_hole(26)
    console.faults.add(faults.NoReceipt())
    client.purge(30)
    told = [(each.by.user, each.up_to, list(each.ids)) for each in console.trail.destroyed]
    assert told == [
        ("local-admin", 20, list(range(1, 21))),
        ("mallory", 25, list(range(21, 26))),
        ("local-admin", 30, list(range(27, 31))),
    ]
    first, _, last = console.trail.destroyed
    assert [json.loads(line) for line in first.lines()] == [texts[number] for number in range(1, 21)]
    assert [json.loads(line)["user"] for line in last.lines()][-1] == "x"


def test_a_slow_deletion_destroys_when_it_deletes(console: ConsoleServer, client: Client) -> None:
    console.faults.add(faults.SlowDeletion(60))
    client.purge(20)
    console.trail.make_hole(3)
    assert console.trail.destroyed == []
    console.trail.clock = lambda: START + timedelta(minutes=2)
    assert 1 not in ids(client.fetched())
    assert [len(each.ids) for each in console.trail.destroyed] == [19]
