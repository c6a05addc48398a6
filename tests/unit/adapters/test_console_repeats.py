"""Repeats, waiting, deadlines, and downloads that don't arrive whole."""

from collections.abc import Callable
from email.utils import formatdate
from io import BytesIO
from time import monotonic

import pytest

from audit_archive.adapters.console.http import HttpConsole
from audit_archive.adapters.console.retry import Patience, Retries, TransientError, http_date, seconds_to_wait
from audit_archive.errors import ConsoleError, ConsoleUnavailableError, InvalidExportError, SettingsError
from audit_archive.format.facts import AuthStyle
from tests.support.fakes import FakeClock, FakeKey
from tests.support.rows import all_rows
from tests.support.scripted import (
    IMPATIENT,
    KEY,
    Script,
    answer,
    console,
    reset,
    scripted,
    silence,
    trickle,
)

EMPTY_PAGE = answer('{"result": "success", "audit_trail": [], "page_count": 0}')
ZIP = b"PK\x03\x04" + bytes(range(256)) * 4_000
TRANSIENT: dict[str, Script] = {
    "429": answer("slow down", 429),
    "408": answer("too slow", 408),
    "425": answer("too early", 425),
    "a firewall": answer("<html>Blocked</html>", 403),
    "500": answer("oops", 500),
    "503": answer('{"result": "error", "message": "busy"}', 503),
    "reset": reset,
    "silence": silence,
    "cut off": answer('{"result": ', length=500),
    "head cut off": b"HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 06:00:00 GMT\r\nContent-Le",
}


class TestClock(FakeClock):
    """A clock that runs while a server trickles: every look costs a tenth of a second."""

    __test__ = False

    def remaining(self) -> float:
        self.advance(0.1)
        return super().remaining()


@pytest.mark.parametrize("trouble", TRANSIENT.values(), ids=TRANSIENT)
def test_trouble_that_passes_is_not_noticed(trouble: Script) -> None:
    clock = FakeClock()
    with scripted(trouble, trouble, EMPTY_PAGE) as server:
        assert console(server, clock=clock).peek().population == 0
    assert len(server.requests) == 3
    assert len(clock.slept) == 2


@pytest.mark.parametrize("trouble", TRANSIENT.values(), ids=TRANSIENT)
def test_trouble_that_stays_ends_after_five_attempts(trouble: Script) -> None:
    clock = FakeClock()
    with scripted(trouble) as server, pytest.raises(ConsoleUnavailableError, match="next run"):
        console(server, clock=clock).peek()
    assert len(server.requests) == 5
    assert len(clock.slept) == 4
    assert all(0 <= pause <= 2**n for n, pause in enumerate(clock.slept))


def test_retry_after_is_waited_for_at_least() -> None:
    clock = FakeClock()
    later = formatdate(clock.now() + 40, usegmt=True)
    limited = answer('{"result": "error", "message": "Unauthorized"}', 403, {"Retry-After": "20"})
    answers = [limited, answer("", 503, {"Retry-After": later}), EMPTY_PAGE]
    with scripted(*answers) as server:
        console(server, clock=clock).peek()
    first, second = clock.slept
    assert 20 <= first <= 21
    assert 40 - first - 1 <= second <= 42


@pytest.mark.parametrize(
    ("header", "left"), [("891", 900), ("100000", 900), ("9" * 5_000, 900), ("90", 100), ("301", 900)]
)
def test_who_asks_for_more_time_than_there_is_gets_the_next_run(header: str, left: int) -> None:
    clock = FakeClock(left=left)
    said = answer("", 429, {"Retry-After": header})
    with scripted(said) as server, pytest.raises(ConsoleUnavailableError):
        console(server, clock=clock).peek()
    assert (len(server.requests), clock.slept) == (1, [])


def test_without_time_nothing_is_sent() -> None:
    with scripted(EMPTY_PAGE) as server:
        subject = console(server, clock=FakeClock(left=10))
        with pytest.raises(ConsoleUnavailableError, match="too short"):
            subject.peek()
        with pytest.raises(ConsoleUnavailableError, match="too short"):
            subject.download(BytesIO())
        with pytest.raises(ConsoleUnavailableError, match="too short"):
            subject.purge(7)
    assert server.requests == []


@pytest.mark.parametrize("status", [200, 302])
@pytest.mark.parametrize("call", [lambda c: c.peek(), lambda c: c.download(BytesIO())])
def test_a_trickling_server_is_left_when_the_time_is_up(
    call: Callable[[HttpConsole], object], status: int
) -> None:
    begun = monotonic()
    said = answer(b"P" * 10_000, status, {"Location": "/login"})[:2_000]
    with (
        scripted(trickle(said, pause=0.005)) as server,
        pytest.raises(ConsoleUnavailableError, match="too short"),
    ):
        call(console(server, clock=TestClock(left=15)))
    assert monotonic() - begun < 20
    assert len(server.requests) == 1


def test_a_timeout_never_exceeds_the_time_that_is_left() -> None:
    begun = monotonic()
    with scripted(silence) as server, pytest.raises(ConsoleUnavailableError):
        HttpConsole(server.url, FakeKey(KEY), AuthStyle.HEADER, FakeClock(left=10.2)).peek()
    assert monotonic() - begun < 5


@pytest.mark.parametrize(
    "body",
    [
        TRANSIENT["head cut off"],
        answer(ZIP, length=len(ZIP) + 1),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nPK\x03\x04!\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n500\r\nPK\x03\x04!",
    ],
    ids=["head", "content-length", "between chunks", "inside a chunk"],
)
def test_a_body_that_ends_early_is_tried_again_then_refused(body: Script) -> None:
    spool = BytesIO()
    with scripted(body, answer(ZIP)) as server:
        assert console(server).download(spool).size == len(ZIP)
    assert spool.getvalue() == ZIP
    with scripted(body) as server, pytest.raises(InvalidExportError, match=r"after \d+.* bytes"):
        console(server).download(spool)
    assert len(server.requests) == 5


def test_the_refusal_names_the_bytes_that_came_and_that_were_due() -> None:
    said = answer(b"PK\x03\x04", length=99)
    with scripted(said) as server, pytest.raises(InvalidExportError, match="after 4 of 99 bytes"):
        console(server).download(BytesIO())


def test_an_export_above_the_limit_is_refused_by_its_length_or_by_its_bytes() -> None:
    chunked = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e8\r\n" + b"P" * 1_000 + b"\r\n0\r\n\r\n"
    )
    for said in (answer(b"P" * 1_000), chunked):
        with scripted(said) as server, pytest.raises(InvalidExportError, match="more than 999 bytes"):
            HttpConsole(server.url, FakeKey(KEY), AuthStyle.HEADER, FakeClock(), max_export=999).download(
                BytesIO()
            )
        assert len(server.requests) == 1


def test_the_bytes_are_those_served_whatever_they_claim_to_be() -> None:
    said = answer(ZIP, headers={"Content-Encoding": "gzip", "Content-Type": "text/html"})
    spool = BytesIO()
    with scripted(said) as server:
        download = console(server).download(spool)
    assert spool.getvalue() == ZIP
    assert download.served_at is None
    assert "Accept-Encoding: identity" in server.requests[0]


PENDING = {
    "success": answer('{"result": "success", "message": "Your export is being prepared"}'),
    "other": answer('{"result": "pending", "msg": "Your export is being prepared"}'),
    "202 without a result": answer('{"message": "Your export is being prepared"}', 202),
    "202 in words": answer("Your export is being prepared", 202),
    "202 as a page": answer("<title>Your export is being prepared</title>", 202),
}


@pytest.mark.parametrize("pending", PENDING.values(), ids=PENDING)
def test_an_export_that_is_being_prepared_is_asked_for_again(pending: bytes) -> None:
    clock, spool = FakeClock(), BytesIO()
    with scripted(pending, pending, answer(ZIP)) as server:
        console(server, clock=clock).download(spool)
    assert spool.getvalue() == ZIP
    assert len(clock.slept) == 2
    with (
        scripted(pending) as server,
        pytest.raises(ConsoleUnavailableError, match=r"being prepared.*next run"),
    ):
        console(server).download(spool)
    assert len(server.requests) == 5


def test_the_console_may_say_when_the_export_will_be_there() -> None:
    clock = FakeClock()
    with scripted(answer("", 202, {"Retry-After": "120"}), answer(ZIP)) as server:
        console(server, clock=clock).download(BytesIO())
    (slept,) = clock.slept
    assert 120 <= slept <= 121


def test_an_export_may_come_with_any_success() -> None:
    with scripted(answer(ZIP, 202)) as server:
        assert console(server).download(BytesIO()).size == len(ZIP)


@all_rows(
    "body",
    [
        b'{"result": "success", "audit_trail": []}',
        b'{"result": "success"}',
        b"",
        b"not a zip",
        b'[{"id": 1}]',
        b'{"audit_trail": []}',
    ],
)
def test_what_is_neither_page_nor_error_is_left_to_the_reader(body: bytes) -> None:
    with scripted(answer(body)) as server:
        assert console(server).download(BytesIO()).size == len(body)


def test_the_date_header_is_the_console_s_clock() -> None:
    said = answer(ZIP, headers={"Date": "Mon, 23 Nov 2026 06:10:00 GMT"})
    with scripted(said) as server:
        assert console(server).download(BytesIO()).served_at == 1_795_414_200


def test_a_full_disk_is_a_setting_to_correct() -> None:
    with open("/dev/full", "r+b", buffering=0) as full:  # noqa: PTH123 - a device, unbuffered

        class Spool(BytesIO):
            def write(self, data: object) -> int:
                return full.write(data)  # type: ignore[arg-type]  # whatever comes

        with scripted(answer(ZIP)) as server, pytest.raises(SettingsError, match="ephemeral storage"):
            console(server).download(Spool())


def test_a_page_of_endless_bytes_is_no_page(monkeypatch: pytest.MonkeyPatch) -> None:
    said = answer(b"", length=64 * 1024**2 + 1)
    with scripted(said) as server, pytest.raises(ConsoleError, match="more than 67108864 bytes"):
        console(server).peek()


def test_backoff_doubles_under_full_jitter_up_to_its_ceiling() -> None:
    clock, ceilings = FakeClock(), []

    def jitter(low: float, high: float) -> float:
        ceilings.append((low, high))
        return high

    def attempt() -> None:
        raise TransientError(ConsoleUnavailableError("no"))

    with pytest.raises(ConsoleUnavailableError):
        Retries(clock, Patience(attempts=8), jitter).run(attempt)
    assert ceilings == [(0, high) for high in (1, 2, 4, 8, 16, 30, 30)]
    assert clock.slept == [1, 2, 4, 8, 16, 30, 30]


@all_rows(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("", None),
        (None, None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("\u0663", 3),
    ],
)
def test_retry_after_is_read_or_ignored(header: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(header, 0) == seconds


@pytest.mark.parametrize("text", ["", None, "yesterday", "Mon, 99 Nov 2026 06:10:00 GMT", "0"])
def test_a_date_that_can_t_be_read_is_none(text: str | None) -> None:
    assert http_date(text) is None


def test_a_date_in_the_past_means_now() -> None:
    assert seconds_to_wait("Mon, 23 Nov 2026 06:10:00 GMT", 2_000_000_000) == 0


def test_patience_in_tests_differs_only_in_its_timeouts() -> None:
    assert (IMPATIENT.attempts, IMPATIENT.reserve) == (Patience().attempts, Patience().reserve)
