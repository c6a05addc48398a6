"""Answers that are errors, and what a person is told: the Console's words, what to do, and never the key."""

from collections.abc import Callable
from contextlib import suppress
from gzip import compress
from io import BytesIO
from urllib.parse import quote, quote_plus

import pytest

from audit_archive.adapters.console.http import HttpPurgingConsole
from audit_archive.errors import ConsoleAuthError, ConsoleError, ConsoleUnavailableError, InvalidExportError
from tests.support.fakes import FakeKey
from tests.support.rows import all_rows
from tests.support.scripted import (
    KEY,
    Script,
    answer,
    console,
    everything_told,
    reset,
    scripted,
    silence,
)

EMPTY_PAGE = answer('{"result": "success", "audit_trail": [], "page_count": 0}')
HTML = "<html><head><title>Maintenance</title></head><body>Back soon</body></html>"
GETS: dict[str, Callable[[HttpPurgingConsole], object]] = {
    "peek": lambda console: console.peek(),
    "entries_above": lambda console: list(console.entries_above(0)),
    "download": lambda console: console.download(BytesIO()),
}
CALLS = GETS | {"purge": lambda console: console.purge(72)}
every_get = pytest.mark.parametrize("call", GETS.values(), ids=GETS)
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
Call = Callable[[HttpPurgingConsole], object]


@every_call
@pytest.mark.parametrize(
    "said",
    [
        answer('{"result": "error", "message": "Invalid auth_token"}'),
        answer('{"result": "error", "message": "Unauthorized"}', 401),
        answer('{"result": "failure", "message": "Unauthorized"}'),
        answer('{"result": "error", "msg": "Invalid auth_token"}', 400),
        answer('{"result": "error", "message": "No"}', 403),
        answer("", 401),
        answer(HTML, 401, {"Retry-After": "7"}),
    ],
    ids=["200", "401", "failure", "400", "403", "401 empty", "401 html"],
)
def test_a_refused_key_names_the_auth_style_as_a_possible_cause(call: Call, said: bytes) -> None:
    with (
        scripted(said) as server,
        pytest.raises(ConsoleAuthError, match=r"The secret .*/read holds it.*AUTH_STYLE.*'header'"),
    ):
        call(console(server))


@every_get
@pytest.mark.parametrize(
    "said",
    [
        answer(HTML, 403),
        answer("", 403),
        answer('{"message": "Forbidden"}', 403),
        answer('{"result": null, "message": "Forbidden"}', 403),
        answer('{"result": "error", "message": "Unauthorized"}', 403, {"Retry-After": "7"}),
        answer('{"result": "error", "message": "Unauthorized"}', 403, {"retry-after": "soon"}),
        answer('{"result": "error", "message": "Too many calls by this API key"}', 429),
        answer('{"result": "error", "message": "Unauthorized"}', 408),
        answer('{"result": "error", "message": "Unauthorized"}', 425),
    ],
    ids=["html", "empty", "gateway", "no result", "limit", "unclear limit", "429", "408", "425"],
)
def test_what_is_no_word_about_the_key_is_tried_again(call: Call, said: bytes) -> None:
    key = FakeKey(KEY)
    with scripted(said) as server, pytest.raises(ConsoleUnavailableError, match=r"HTTP 4.*next run"):
        call(console(server, key=key))
    assert (len(server.requests), key.refreshed) == (5, 0)


@every_get
def test_a_gateway_s_words_with_another_status_are_no_word_about_the_key(call: Call) -> None:
    said = answer('{"message": "Forbidden"}', 400)
    with scripted(said) as server, pytest.raises(ConsoleError, match="Forbidden") as caught:
        call(console(server))
    assert type(caught.value) is ConsoleError


def test_a_403_in_front_of_the_console_says_where_to_look() -> None:
    with (
        scripted(answer(HTML, 403)) as server,
        pytest.raises(ConsoleUnavailableError, match=r"Maintenance.*firewall.*about the API key"),
    ):
        console(server).peek()


@every_call
def test_a_rotated_key_is_read_again_and_tried_once(call: Call) -> None:
    refused = answer('{"result": "error", "message": "Unauthorized"}', 401)
    key = FakeKey("old-key")
    key.rotate("new-key")
    with scripted(refused) as server, pytest.raises(ConsoleAuthError):
        call(console(server, key=key))
    assert [("old-key" in text, "new-key" in text) for text in server.requests] == [
        (True, False),
        (False, True),
    ]
    assert key.refreshed == 1


@every_call
def test_a_key_that_was_not_rotated_is_not_tried_twice(call: Call) -> None:
    key = FakeKey(KEY)
    with scripted(answer("", 401)) as server, pytest.raises(ConsoleAuthError):
        call(console(server, key=key))
    assert (len(server.requests), key.refreshed) == (1, 1)


def test_after_the_rotation_the_call_succeeds() -> None:
    key = FakeKey("old-key")
    key.rotate("new-key")
    with scripted(answer("", 401), EMPTY_PAGE) as server:
        assert console(server, key=key).peek().population == 0


@every_get
@all_rows("result", ['"error"', '"failure"', "null", "7"])
def test_an_error_result_counts_even_with_status_200(call: Call, result: str) -> None:
    said = answer(f'{{"result": {result}, "message": "Something broke"}}')
    with scripted(said) as server, pytest.raises(ConsoleError, match="Something broke") as caught:
        call(console(server))
    assert type(caught.value) is ConsoleError
    assert len(server.requests) == 1


@every_get
def test_a_web_page_instead_of_an_answer_is_named_by_its_title(call: Call) -> None:
    with scripted(answer(HTML)) as server, pytest.raises(ConsoleError, match="HTML page: Maintenance"):
        call(console(server))


@every_get
def test_another_4xx_is_not_repeated(call: Call) -> None:
    with scripted(answer("Not here", 404)) as server, pytest.raises(ConsoleError, match=r"404.*Not here"):
        call(console(server))
    assert len(server.requests) == 1


@every_get
@all_rows("status", [301, 302, 303, 307, 308])
@all_rows("where", ["https://evil.example/login?a=1", "/login", "//evil.example", ""])
def test_a_redirect_is_not_followed(call: Call, status: int, where: str) -> None:
    with (
        scripted(answer("", status, {"Location": where})) as server,
        pytest.raises(ConsoleError, match="Redirects are not followed"),
    ):
        call(console(server))
    assert len(server.requests) == 1


def test_a_redirect_to_another_server_does_not_carry_the_key_there() -> None:
    with scripted(EMPTY_PAGE) as other:
        for style in ("header", "query"):
            moved = answer("", 302, {"Location": f"{other.url}/api/v1/audit_trail/fetch"})
            with scripted(moved) as server, pytest.raises(ConsoleError):
                console(server, style).peek()
    assert other.requests == []


@every_get
@all_rows("where", ["http://[evil", "https://[::1/", "//[", "http://evil\uff0f.example"])
def test_a_redirect_to_what_is_no_address_is_told_all_the_same(call: Call, where: str) -> None:
    said = answer("", 302, {"Location": where})
    with scripted(said) as server, pytest.raises(ConsoleError, match="Redirects are not followed"):
        call(console(server))


NASTY: dict[str, Script] = {
    "message": answer(f'{{"result": "error", "message": "no such key: {KEY}"}}'),
    "encoded": answer(f'{{"result": "error", "message": "no such key: {quote(KEY, safe="")}"}}'),
    "auth": answer(f'{{"result": "error", "message": "Invalid auth_token {quote_plus(KEY)}"}}', 401),
    "html": answer(f"<html><title>{KEY}</title></html>"),
    "5xx": answer(f"GET /fetch?auth_token={quote(KEY, safe='')} broke", 500),
    "redirect": answer("", 302, {"Location": f"https://{quote(KEY, safe='')}.example/?auth_token={KEY}"}),
    "text": answer(f"{KEY} is not JSON"),
    "reset": reset,
    "silence": silence,
    "no HTTP": f"{KEY}\r\n\r\n".encode(),
    "bad status": f"HTTP/1.1 {KEY}\r\n\r\n".encode(),
    "bad chunk": f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{KEY}\r\n".encode(),
    "cut off": answer("{}", length=100),
    "firewall": answer(f"<html><title>{KEY}</title></html>", 403),
    "encoding": answer(b"\x1f\x8b", headers={"Content-Encoding": quote(KEY, safe="")}),
    "pending": answer(f'{{"result": "success", "message": "being prepared for {KEY}"}}', 202),
    "malformed redirect": answer("", 302, {"Location": f"http://[{KEY}"}),
}
HALVED: dict[str, Script] = {
    f"{name} cut at {place}, {length} bytes before the key ends": answer(
        begin + " " * (place - len(KEY) - len(begin) + length) + KEY + " " * 70_000
    )
    for name, begin in (("text", "no"), ("html", "<p>"), ("json", '{"message": '))
    for place in (4096, 64 * 1024)
    for length in (1, len(KEY) // 2, len(KEY) - 1)
}
NASTY |= HALVED


@every_call
@all_rows("style", ["header", "query"])
def test_no_error_tells_the_key(call: Call, style: str) -> None:
    for name, said in NASTY.items():
        with scripted(said) as server:
            try:
                told = repr(call(console(server, style)))
            except (ConsoleError, InvalidExportError) as error:
                told = everything_told(error)
        assert "k3y" not in told.lower(), name
        assert quote(KEY, safe="") not in told, name


@every_call
@all_rows("style", ["header", "query"])
def test_nobody_listening_tells_the_reason_but_not_the_key(call: Call, style: str) -> None:
    with scripted() as server:
        pass
    with pytest.raises(ConsoleUnavailableError, match="refused") as caught:
        call(console(server, style))
    assert "k3y" not in everything_told(caught.value)


@all_rows("style", ["header", "query"])
def test_a_name_that_does_not_resolve_is_told_without_the_key(style: str) -> None:
    with pytest.raises(ConsoleUnavailableError) as caught:
        console("https://console.invalid", style).purge(1)
    assert "k3y" not in everything_told(caught.value)


@every_call
def test_every_request_asks_for_the_present_state_in_plain_bytes(call: Call) -> None:
    with scripted(answer("", 404)) as server, suppress(ConsoleError):
        call(console(server))
    for header in ("Cache-Control: no-cache", "Pragma: no-cache", "Accept-Encoding: identity"):
        assert header in server.requests[0].splitlines()


ENCODED = answer(compress(b'{"result": "success"}'), headers={"Content-Encoding": "GZip"})


@every_get
def test_an_encoding_that_was_not_asked_for_is_named(call: Call) -> None:
    with scripted(ENCODED) as server, pytest.raises(ConsoleError, match="Content-Encoding GZip") as caught:
        call(console(server))
    assert type(caught.value) is ConsoleError
    assert len(server.requests) == 1
    assert "\ufffd" not in str(caught.value)


@every_get
@all_rows("status", [401, 403, 404, 503])
def test_an_encoded_error_is_named_and_not_shown(call: Call, status: int) -> None:
    said = answer(compress(b"whatever"), status, {"Content-Encoding": "br"})
    with scripted(said) as server, pytest.raises(ConsoleError, match="Content-Encoding br") as caught:
        call(console(server))
    assert "\ufffd" not in str(caught.value)


@all_rows("encoding", ["", "identity", "Identity"])
def test_an_encoding_that_changes_no_byte_is_taken(encoding: str) -> None:
    said = answer('{"result": "success", "audit_trail": []}', headers={"Content-Encoding": encoding})
    with scripted(said) as server:
        assert console(server).peek().newest is None


def test_the_key_travels_in_the_header_or_in_the_parameter() -> None:
    with scripted(EMPTY_PAGE) as server:
        console(server, "header").peek()
        console(server, "query").peek()
        console(server, "header").purge(7)
        console(server, "query").purge(7)
    get_header, get_query, post_header, post_query = server.requests
    encoded = f"auth_token={quote_plus(KEY)}"
    assert f"X-Canary-Auth-Token: {KEY}" in get_header
    assert "auth_token" not in get_header
    assert encoded in get_query.splitlines()[0]
    assert "X-Canary" not in get_query
    assert f"X-Canary-Auth-Token: {KEY}" in post_header
    assert post_header.endswith("\r\n\r\nid=7")
    assert post_query.startswith("POST /api/v1/audit_trail/purge HTTP/1.1")
    assert post_query.endswith(f"\r\n\r\nid=7&{encoded}")


def test_a_netrc_file_neither_replaces_nor_adds_a_key(
    tmp_path: "pytest.TempPathFactory", monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = f"{tmp_path}/netrc"
    with open(netrc, "w", encoding="ascii") as file:  # noqa: PTH123 - a path that is a text
        file.write("machine 127.0.0.1 login mallory password other\n")
    monkeypatch.setenv("NETRC", netrc)
    with scripted(EMPTY_PAGE) as server:
        console(server, "header").peek()
        console(server, "query").peek()
    assert not any("Authorization" in text for text in server.requests)


def test_cookies_are_not_kept() -> None:
    with scripted(
        answer('{"result": "success", "audit_trail": []}', headers={"Set-Cookie": "session=1"})
    ) as server:
        subject = console(server)
        subject.peek()
        subject.peek()
    assert "cookie" not in server.requests[1].lower()
