"""Whose login it is, as STS tells it; and an answer without STS."""

from typing import Any

import pytest

from audit_archive.adapters.caller import ask_sts
from audit_archive.answer_ports import Caller
from audit_archive.format.times import from_rfc3339
from tests.support import aws
from tests.support.fakes import FakeClock
from tests.support.stubbed import client as unreachable

IDENTITY = {"Arn": "arn:aws:iam::111122223333:user/ada", "Account": "111122223333", "UserId": "AIDA"}
DATE = "Tue, 24 Nov 2026 09:30:02 GMT"


class Sts:
    """Answers as boto3's client does."""

    def __init__(self, headers: dict[str, str], **told: str) -> None:
        self._told = {**told, "ResponseMetadata": {"RequestId": "r-1", "HTTPHeaders": headers}}

    def get_caller_identity(self) -> dict[str, Any]:
        return self._told


def ask(headers: dict[str, str], **told: str) -> Caller:
    clock = FakeClock()
    clock.moment = from_rfc3339("2026-11-24T09:30:00Z")
    sts: Any = Sts(headers, **told)
    return ask_sts(sts, clock)


def test_it_names_who_by_which_request_and_how_far_the_clocks_are_apart() -> None:
    caller = ask({"date": DATE}, **IDENTITY)
    assert caller == Caller(IDENTITY["Arn"], "111122223333", "r-1", "2026-11-24T09:30:02Z", -2)


@pytest.mark.parametrize("headers", [{}, {"date": "yesterday"}])
def test_without_a_date_the_clock_is_not_compared(headers: dict[str, str]) -> None:
    assert ask(headers, **IDENTITY) == Caller(IDENTITY["Arn"], "111122223333", "r-1")


def test_an_answer_that_names_no_one_is_not_taken_for_one() -> None:
    assert ask({"date": DATE}, Account="111122223333").arn is None


def test_an_sts_that_does_not_answer_is_told_and_stops_nothing() -> None:
    caller = ask_sts(unreachable("sts"), FakeClock())
    assert caller.arn is None
    assert "AWS STS did not tell it: " in str(caller.unknown_because)


@pytest.mark.parametrize("endpoint", ["moto", "ministack"], indirect=True)
def test_an_emulator_tells_it(endpoint: str) -> None:
    caller = ask_sts(aws.client("sts", endpoint), FakeClock())
    assert str(caller.arn).startswith("arn:aws:")
    assert caller.account == str(caller.arn).split(":")[4]
    assert caller.unknown_because is None
