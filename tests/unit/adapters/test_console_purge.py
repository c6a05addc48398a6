"""A purge is sent once; what is a refusal, what an answer, and what leaves everything open."""

import pytest

from audit_archive.errors import ConsoleAuthError, ConsoleError, ConsoleUnavailableError
from audit_archive.ports import PurgeAnswer
from tests.fakes import FakeClock, FakeKey
from tests.unit.adapters.scripted import KEY, Script, answer, console, reset, scripted, silence

OPEN: dict[str, Script] = {
    "500": answer("oops", 500),
    "502 in its own words": answer('{"result": "error", "message": "Unauthorized"}', 502),
    "a web page": answer("<html><title>Login</title></html>"),
    "a web page with 404": answer("<html><title>Not found</title></html>", 404),
    "garbage": answer("72 logs purged successfully"),
    "no result": answer('{"msg": "72 logs purged successfully"}'),
    "nothing": answer(""),
    "a redirect": answer("", 302, {"Location": "/done"}),
    "a redirect that says success": answer('{"result": "success"}', 303, {"Location": "/done"}),
    "a redirect to nowhere that says success": answer('{"result": "success"}', 300),
    "cut off": answer('{"result": "success", "msg": "72 logs', length=500),
    "reset": reset,
    "silence": silence,
    "no HTTP": b"SSH-2.0-OpenSSH_9.9\r\n",
    "too long": answer("", length=10**12),
}


@pytest.mark.parametrize("said", OPEN.values(), ids=OPEN)
def test_what_is_no_verdict_is_no_answer(said: Script) -> None:
    with scripted(said) as server:
        assert console(server).purge(72) == PurgeAnswer(None, None)
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [200, 400, 404, 409])
def test_an_error_in_the_console_s_words_is_a_refusal(status: int) -> None:
    said = answer('{"result": "error", "message": "No such id"}', status)
    with scripted(said) as server, pytest.raises(ConsoleError, match="No such id") as caught:
        console(server).purge(72)
    assert type(caught.value) is ConsoleError
    assert len(server.requests) == 1


def test_too_many_requests_is_a_refusal_that_time_heals() -> None:
    clock = FakeClock()
    with scripted(answer("", 429, {"Retry-After": "1"})) as server, pytest.raises(ConsoleUnavailableError):
        console(server, clock=clock).purge(72)
    assert (len(server.requests), clock.slept) == (1, [])


def test_a_refused_key_is_replaced_once_and_the_purge_then_sent() -> None:
    key = FakeKey("old-key")
    key.rotate("new-key")
    refused = answer('{"result": "error", "message": "Invalid auth_token"}')
    done = answer('{"result": "success", "msg": "72 logs purged successfully"}')
    with scripted(refused, done) as server:
        assert console(server, key=key).purge(72).count == 72
    assert len(server.requests) == 2


@pytest.mark.parametrize("said", [answer("", 500), answer("garbage"), reset])
def test_after_the_key_was_replaced_nothing_is_sent_a_third_time(said: Script) -> None:
    key = FakeKey("old-key")
    key.rotate("new-key")
    with scripted(answer("", 401), said, answer("", 401)) as server:
        assert console(server, key=key).purge(72) == PurgeAnswer(None, None)
    assert len(server.requests) == 2


def test_a_key_refused_with_a_web_page_is_a_refusal() -> None:
    with scripted(answer("<html>no</html>", 403)) as server, pytest.raises(ConsoleAuthError):
        console(server).purge(72)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("72 logs purged successfully", 72),
        ("1 log purged successfully", 1),
        ("0 logs purged successfully", 0),
        ("Successfully purged 72 logs before id:99", 72),
        ("1,234,567 logs purged", 1_234_567),
        ("Purged 72 audit trail entries.", 72),
        ("72 LOGS PURGED", 72),
        ("Purged up to id 99", None),
        ("Done", None),
        ("purged 99", None),
    ],
)
@pytest.mark.parametrize("name", ["msg", "message"])
def test_the_count_is_read_from_the_text(name: str, text: str, count: int | None) -> None:
    with scripted(answer(f'{{"result": "success", "{name}": "{text}"}}')) as server:
        assert console(server).purge(72) == PurgeAnswer(text, count)


@pytest.mark.parametrize("body", ['{"result": "success"}', '{"result": "success", "msg": 72}'])
def test_a_success_without_words_is_still_an_answer(body: str) -> None:
    with scripted(answer(body)) as server:
        assert console(server).purge(72) == PurgeAnswer("success", None)


def test_an_answer_that_repeats_the_key_is_kept_without_it() -> None:
    said = answer(f'{{"result": "success", "msg": "72 logs purged by {KEY}"}}')
    with scripted(said) as server:
        assert console(server).purge(72) == PurgeAnswer("72 logs purged by [API key]", 72)
