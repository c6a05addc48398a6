"""A purge is sent once; what is a refusal, what an answer, and what leaves everything open."""

from gzip import compress

import pytest

from audit_archive.errors import ConsoleAuthError, ConsoleError, ConsoleUnavailableError
from audit_archive.ports import PurgeAnswer
from tests.support.fakes import FakeClock, FakeKey
from tests.support.rows import all_rows
from tests.support.scripted import KEY, Script, answer, console, reset, scripted, silence

OPEN: dict[str, Script] = {
    "500": answer("oops", 500),
    "502 in its own words": answer('{"result": "error", "message": "Unauthorized"}', 502),
    "a web page": answer("<html><title>Login</title></html>"),
    "a web page with 404": answer("<html><title>Not found</title></html>", 404),
    "a firewall's page": answer("<html><title>Request blocked</title></html>", 403),
    "a gateway's 403": answer('{"message": "Forbidden"}', 403),
    "a gateway's 400": answer('{"message": "Forbidden"}', 400),
    "403 without a word": answer("", 403),
    "403 that is a limit": answer(
        '{"result": "error", "message": "Unauthorized"}', 403, {"Retry-After": "9"}
    ),
    "408 in its own words": answer('{"result": "error", "message": "Took too long"}', 408),
    "425 in its own words": answer('{"result": "error", "message": "Unauthorized"}', 425),
    "an old answer": answer('{"result": "success", "msg": "72 logs purged"}', headers={"Age": "86400"}),
    "an old refusal": answer('{"result": "error", "message": "Unauthorized"}', 401, {"Age": "86400"}),
    "compressed": answer(compress(b'{"result": "success"}'), headers={"Content-Encoding": "gzip"}),
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


@pytest.mark.parametrize("body", ["", '{"result": "error", "message": "Too many calls by this API key"}'])
def test_too_many_requests_is_a_refusal_that_time_heals(body: str) -> None:
    clock = FakeClock()
    with scripted(answer(body, 429, {"Retry-After": "1"})) as server, pytest.raises(ConsoleUnavailableError):
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


@pytest.mark.parametrize(
    "said", [answer("<html>no</html>", 401), answer('{"result": "error", "message": "No"}', 403)]
)
def test_401_in_any_words_and_403_in_the_console_s_own_refuse_the_key(said: bytes) -> None:
    with scripted(said) as server, pytest.raises(ConsoleAuthError):
        console(server).purge(72)


@all_rows(
    ("text", "count"),
    [
        ("72 logs purged successfully", 72),
        ("1 log purged successfully", 1),
        ("0 logs purged successfully", 0),
        ("Successfully purged 72 logs before id:99", 72),
        ("1,234,567 logs purged", 1_234_567),
        ("Purged 72 audit trail entries.", 72),
        ("72 LOGS PURGED", 72),
        ("  2,500 logs   were purged. ", 2_500),
        ("Purged up to id 99", None),
        ("Done", None),
        ("purged 99", None),
        ("1.234 logs purged", None),
        ("1 234 logs purged", None),
        ("1'234 logs purged", None),
        ("1\u00a0234 logs purged", None),
        ("1\u202f234 logs purged", None),
        ("12,34 logs purged", None),
        ("Purged 1 234 logs", None),
        ("Purged 1.234 logs before id:99", None),
        ("12 events before id:72; 3000 logs purged", None),
        ("72 logs purged, 3000 entries purged", None),
        ("72 of 3000 logs purged", None),
        ("more than 72 logs purged", None),
        ("72+ logs purged", None),
        ("-72 logs purged", None),
        ("72k logs purged", None),
        ("72 logs not purged", None),
        ("72 logs will be purged", None),
        ("72 logs left, 3000 purged", None),
        ("9223372036854775808 logs purged", None),
    ],
)
@all_rows("name", ["msg", "message"])
def test_the_count_is_read_from_the_text(name: str, text: str, count: int | None) -> None:
    with scripted(answer(f'{{"result": "success", "{name}": "{text}"}}')) as server:
        assert console(server).purge(72) == PurgeAnswer(" ".join(text.split()), count)


@pytest.mark.parametrize("body", ['{"result": "success"}', '{"result": "success", "msg": 72}'])
def test_a_success_without_words_is_still_an_answer(body: str) -> None:
    with scripted(answer(body)) as server:
        assert console(server).purge(72) == PurgeAnswer("success", None)


def test_an_answer_that_repeats_the_key_is_kept_without_it() -> None:
    said = answer(f'{{"result": "success", "msg": "72 logs purged by {KEY}"}}')
    with scripted(said) as server:
        assert console(server).purge(72) == PurgeAnswer("72 logs purged by [API key]", None)
