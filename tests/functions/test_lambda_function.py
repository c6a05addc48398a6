"""What every function does around its own work, whatever that work is."""

import io
import json
from contextlib import redirect_stdout, suppress
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from audit_archive.errors import ConsoleError, runbook_url
from audit_archive.lambda_function import LambdaFunction
from tests.functions.world import READ_KEY, Aws
from tests.support.entries import Json
from tests.support.invocation import Context


@pytest.fixture
def function(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> LambdaFunction:
    """A function of its own, in an environment that asks for events in the log."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "a-test")
    monkeypatch.setenv("POWERTOOLS_LOGGER_LOG_EVENT", "true")
    return LambdaFunction("It failed")


def lines_of(function: LambdaFunction, *events: Any) -> list[Json]:
    """What it writes when it is invoked with each event."""

    @function.handler
    def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
        if event.get("fails"):
            raise ConsoleError("the Console failed")
        function.count({"Ended": 2})
        function.logger.info("It ended")
        return event

    heard = io.StringIO()
    log: Any = function.logger.registered_handler  # in truth a StreamHandler
    log.setStream(heard)
    with redirect_stdout(heard):
        for event in events:
            with suppress(ConsoleError):
                assert handler(event, Context(900)) is event
                assert not event.get("fails")
    return [json.loads(line) for line in heard.getvalue().splitlines()]


def test_a_line_names_the_console_and_never_holds_the_event(function: LambdaFunction) -> None:
    line, metric = lines_of(function, {"console": "1234abcd", "pasted": READ_KEY})
    assert (line["message"], line["console"], metric["Ended"]) == ("It ended", "1234abcd", [2.0])
    assert READ_KEY not in json.dumps(line)


@pytest.mark.parametrize("console", [f"{READ_KEY}!", "../etc", 7, None, ["1234abcd"]])
def test_only_an_id_is_taken_for_the_name_of_a_console(function: LambdaFunction, console: object) -> None:
    lines = lines_of(function, {"console": "1234abcd"}, {"console": console})
    assert ["console" in line for line in lines if "_aws" not in line] == [True, False]


def test_an_error_is_logged_counted_and_raised(function: LambdaFunction) -> None:
    line, metric = lines_of(function, {"console": "1234abcd", "fails": True})
    assert (line["level"], line["message"], line["console"]) == ("ERROR", "It failed", "1234abcd")
    assert line["error_class"] == "ConsoleError"
    said = f"ConsoleError: the Console failed. See {runbook_url('ConsoleError')}"
    assert line["exception"].endswith(said)  # the error that Lambda is given
    assert metric["FailedConsoleError"] == [1.0]
