"""The fault proxy itself: what comes through it, byte for byte, and what does not."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import pytest

from tests.network.faults import GARBAGE, PLACES, Fault, Stage
from tests.network.messages import Answer, name_of
from tests.network.proxy import FaultProxy, Order
from tests.support.scripted import Scripted, answer, scripted

ANSWER = answer("0123456789", headers={"X-One": "1", "X-Two": "2"}).replace(b"Connection: close\r\n", b"")
HEAD = ANSWER.index(b"\r\n\r\n") + 4
GET = b"GET /api/v1/audit_trail/fetch?limit=1 HTTP/1.1\r\nHost: x\r\n\r\n"
PUT = b"PUT /bucket/exports/a.zip HTTP/1.1\r\nContent-Length: 6\r\nExpect: 100-continue\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x\r\nde\r\n0\r\nT: 1\r\n\r\n"


@contextmanager
def proxied(said: bytes = ANSWER, order: Order | None = None) -> Iterator[tuple[socket.socket, Scripted]]:
    """A client of a proxy before a server that always says this."""
    with scripted(said) as server, FaultProxy(server.url) as proxy:
        proxy.strike(order)
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=5) as client:
            yield client, server
        assert proxy.crashes == []


def order(do: str, at: str = "nothing", stage: str = Stage.CARRIED_OUT) -> Order:
    return Order(Fault(do, at, stage, seconds=0.001), "GET fetch")


def everything(client: socket.socket) -> bytes:
    """All that comes until the connection ends, in whichever way."""
    received = b""
    try:
        while data := client.recv(65536):
            received += data
    except (ConnectionResetError, TimeoutError) as error:
        return received + type(error).__name__.encode()
    return received


def passed(client: socket.socket, count: int) -> bytes:
    return b"".join(client.recv(1) for _ in range(count))


@pytest.mark.parametrize("said", [ANSWER, CHUNKED], ids=["length", "chunks"])
def test_a_healthy_network_changes_nothing_and_keeps_the_connection(said: bytes) -> None:
    with proxied(said) as (client, server):
        for _ in range(2):
            client.sendall(GET)
            assert passed(client, len(said)) == said
    assert server.requests == [GET.decode()] * 2


def test_a_client_that_asks_whether_to_send_its_body_is_told_to() -> None:
    with proxied() as (client, server):
        client.sendall(PUT)
        assert client.recv(100).startswith(b"HTTP/1.1 100")
        client.sendall(b"abcdef")
        assert passed(client, len(ANSWER)) == ANSWER
    assert server.requests == [(PUT + b"abcdef").decode()]


def test_an_answer_to_head_has_no_body() -> None:
    with proxied(ANSWER[:HEAD]) as (client, _):
        client.sendall(GET.replace(b"GET", b"HEAD"))
        assert passed(client, HEAD) == ANSWER[:HEAD]


@pytest.mark.parametrize("at", [*PLACES, "line 2"])
@pytest.mark.parametrize(("do", "end"), [("close", b""), ("reset", b"ConnectionResetError")])
def test_an_answer_ends_at_the_byte(do: str, end: bytes, at: str) -> None:
    fault = Fault(do, at)
    with proxied(order=Order(fault, "GET fetch")) as (client, server):
        client.sendall(GET)
        assert everything(client) == ANSWER[: fault.place(Answer(ANSWER, HEAD))] + end
    assert len(server.requests) == 1


def test_the_places_are_where_they_say() -> None:
    said = {at: ANSWER[: Fault("close", at).place(Answer(ANSWER, HEAD))] for at in (*PLACES, "line 2")}
    assert said["status line"] == b"HTTP/1.1 20"
    assert said["first header"] == b"HTTP/1.1 200 Whatever\r\n"
    assert said["line 2"] == b"HTTP/1.1 200 Whatever\r\nContent-Length: 10\r\n"
    assert said["blank line"] == ANSWER[: HEAD - 2]
    assert said["first byte"] == ANSWER[: HEAD + 1]
    assert said["middle"] == ANSWER[: HEAD + 5]
    assert said["last byte"] == ANSWER[:-1]
    assert said["whole"] == ANSWER


def test_silence() -> None:
    with proxied(order=order("hang", "body")) as (client, _):
        client.settimeout(0.2)
        client.sendall(GET)
        assert everything(client) == ANSWER[:HEAD] + b"TimeoutError"


@pytest.mark.parametrize("do", ["trickle", "delay"])
def test_slowness(do: str) -> None:
    with proxied(order=Order(Fault(do, seconds=0.005 if do == "trickle" else 0.3), "GET fetch")) as (
        client,
        _,
    ):
        began = monotonic()
        client.sendall(GET)
        assert passed(client, len(ANSWER)) == ANSWER
        assert monotonic() - began >= 0.3


@pytest.mark.parametrize("at", PLACES)
def test_garbage(at: str) -> None:
    place = PLACES[at](Answer(ANSWER, HEAD))
    with proxied(order=order("noise", at)) as (client, _):
        client.sendall(GET)
        noisy = ANSWER[:place] + GARBAGE + ANSWER[place:]
        assert passed(client, len(noisy)) == noisy
    if at == "whole":
        return
    with proxied(order=Order(Fault("garble", at, mask=1), "GET fetch")) as (client, _):
        client.sendall(GET)
        garbled = passed(client, len(ANSWER))
    assert [n for n in range(len(ANSWER)) if garbled[n] != ANSWER[n]] == [place]


@pytest.mark.parametrize("stage", [Stage.REFUSED, Stage.HALF, Stage.SWALLOWED])
def test_a_request_that_never_arrives(stage: str) -> None:
    with proxied(order=Order(Fault("reset", stage=stage), "PUT exports")) as (client, server):
        client.sendall(PUT + b"abcdef")
        assert everything(client).endswith(b"ConnectionResetError")
    assert server.requests == []


def test_only_the_ordered_requests_are_struck() -> None:
    with proxied(order=Order(Fault("garble"), "GET fetch", nth=2, times=2)) as (client, _):
        came = []
        for request in (GET, GET.replace(b"fetch", b"other"), GET, GET, GET):
            client.sendall(request)
            came.append(passed(client, len(ANSWER)) == ANSWER)
    assert came == [True, True, False, False, True]


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (GET, "GET fetch"),
        (b"GET /api/v1/audit_trail/download/json HTTP/1.1\r\n\r\n", "GET download/json"),
        (b"HEAD /bucket/statements/c/1.json?versionId=4 HTTP/1.1\r\n\r\n", "HEAD statements"),
        (b"GET /bucket?versions&prefix=a HTTP/1.1\r\n\r\n", "GET ?versions"),
        (b"POST / HTTP/1.1\r\nX-Amz-Target: DynamoDB_20120810.PutItem\r\n\r\n", "PutItem"),
        (b"POST / HTTP/1.1\r\nX-Amz-Target: secretsmanager.GetSecretValue\r\n\r\n", "GetSecretValue"),
    ],
)
def test_what_requests_are_called(head: bytes, name: str) -> None:
    assert name_of(head) == name
