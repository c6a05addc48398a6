"""A cache between us and the Console: noticed by `Age`, or by two answers whose dates can't both be fresh."""

import json
from collections.abc import Callable
from email.utils import formatdate
from io import BytesIO

import pytest

from audit_archive.adapters.console.http import HttpPurgingConsole
from audit_archive.errors import ConsoleUnavailableError
from audit_archive.ports import PurgeAnswer
from tests.support.fakes import FakeClock, FakeKey
from tests.support.fakes.clock import START
from tests.support.rows import all_rows
from tests.support.scripted import KEY, answer, console, scripted

MINUTE, HOUR, YEAR = 60, 3600, 365 * 86400
PAGE = '{"result": "success", "audit_trail": [{"id": 7}], "page_count": 1}'
GETS: dict[str, Callable[[HttpPurgingConsole], object]] = {
    "peek": lambda console: console.peek(),
    "entries_above": lambda console: list(console.entries_above(0)),
    "download": lambda console: console.download(BytesIO()),
}
every_get = pytest.mark.parametrize("call", GETS.values(), ids=GETS)
Call = Callable[[HttpPurgingConsole], object]


def dated(moment: float, body: str = PAGE, status: int = 200) -> bytes:
    return answer(body, status, {"Date": formatdate(moment, usegmt=True)})


@every_get
@all_rows("age", ["121", "86400", "5, 700", "9" * 5_000])
@all_rows("status", [200, 401, 404])
def test_an_old_answer_is_a_cache_s(call: Call, age: str, status: int) -> None:
    key = FakeKey(KEY)
    body = json.dumps({"result": "success" if status == 200 else "error", "message": "Unauthorized"})
    said = answer(body, status, {"Age": age})
    with scripted(said) as server, pytest.raises(ConsoleUnavailableError, match=r"cache between.*next run"):
        call(console(server, key=key))
    assert (len(server.requests), key.refreshed) == (1, 0)


@all_rows("age", ["0", "120", "", "-", "young"])
def test_an_answer_that_is_minutes_old_at_most_is_taken(age: str) -> None:
    with scripted(answer(PAGE, headers={"Age": age})) as server:
        assert console(server).peek().population == 1


@all_rows("skew", [0, 5 * HOUR, -5 * HOUR, 30 * YEAR, -30 * YEAR])
def test_a_clock_that_is_wrong_is_no_cache(skew: int) -> None:
    clock = FakeClock(left=2 * HOUR)
    with scripted(*(dated(START + skew + minutes * MINUTE) for minutes in (0, 30, 59))) as server:
        subject = console(server, clock=clock)
        for pause in (30 * MINUTE, 29 * MINUTE, 0):
            assert subject.peek().population == 1
            clock.advance(pause)


@every_get
@all_rows("skew", [0, 5 * HOUR, -5 * HOUR])
def test_a_date_that_stands_still_while_minutes_pass_is_a_cache_s(call: Call, skew: int) -> None:
    clock = FakeClock()
    with scripted(dated(START + skew)) as server:
        subject = console(server, clock=clock)
        subject.peek()
        clock.advance(2 * MINUTE)
        subject.peek()
        clock.advance(1)
        with pytest.raises(ConsoleUnavailableError, match=r"cache between.*121 seconds"):
            call(subject)


def test_dates_that_go_backwards_by_minutes_are_a_cache_s() -> None:
    with scripted(dated(START), dated(START - 121)) as server:
        subject = console(server)
        subject.peek()
        with pytest.raises(ConsoleUnavailableError, match="cache between"):
            subject.download(BytesIO())


def test_that_the_first_answer_was_old_shows_with_the_second() -> None:
    with scripted(dated(START - HOUR), dated(START)) as server:
        subject = console(server)
        subject.peek()
        with pytest.raises(ConsoleUnavailableError, match=r"cache between.*3600 seconds"):
            subject.download(BytesIO())


@all_rows("made_after", [0, 10 * MINUTE, 20 * MINUTE])
def test_an_export_that_takes_long_is_no_old_one(made_after: int) -> None:
    """Its date may be of the moment when it was asked for, when it began to come, or any in between."""
    clock = FakeClock(left=10_000)

    class SlowSpool(BytesIO):
        def write(self, data: object) -> int:
            clock.advance(20 * MINUTE)
            return super().write(data)  # type: ignore[arg-type]  # whatever comes

    answers = [dated(START), dated(START + made_after, "PK"), dated(START + 20 * MINUTE)]
    with scripted(*answers) as server:
        subject = console(server, clock=clock)
        subject.peek()
        subject.download(SlowSpool())
        subject.peek()


def test_the_clock_of_whoever_answers_with_an_error_says_nothing() -> None:
    """A gateway in front has a clock of its own, and dates the errors that it makes itself."""
    answers = [dated(START + 5 * HOUR), dated(START, "busy", 503), dated(START + 5 * HOUR)]
    with scripted(*answers) as server:
        subject = console(server)
        subject.peek()
        assert subject.peek().population == 1


def test_a_purge_whose_answer_is_old_has_none() -> None:
    done = '{"result": "success", "msg": "72 logs purged"}'
    with scripted(dated(START), dated(START - HOUR, done)) as server:
        subject = console(server)
        subject.peek()
        assert subject.purge(72) == PurgeAnswer(None, None)


def test_an_answer_without_a_date_that_can_be_read_is_taken() -> None:
    with scripted(dated(START), answer(PAGE, headers={"Date": "yesterday"}), answer(PAGE)) as server:
        subject = console(server)
        for _ in range(3):
            assert subject.peek().population == 1
