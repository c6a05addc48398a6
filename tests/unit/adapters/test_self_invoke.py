"""One more invocation of the same function."""

import json

import pytest

from audit_archive.adapters.self_invoke import SelfInvoke
from audit_archive.errors import SettingsError
from tests.support.stubbed import client, failing

ARN = "arn:aws:lambda:eu-west-1:111122223333:function:canary-audit-archive-verify"


class Functions:
    """A client that keeps what was invoked."""

    def __init__(self) -> None:
        self.invoked: list[dict[str, object]] = []

    def invoke(self, **call: object) -> None:
        self.invoked.append(call)


def test_nobody_waits_for_it_and_it_gets_the_event() -> None:
    functions = Functions()
    SelfInvoke(functions, ARN).start({"console": "1234abcd", "part": 2})  # type: ignore[arg-type]  # as much as is needed
    (call,) = functions.invoked
    assert (call["FunctionName"], call["InvocationType"]) == (ARN, "Event")
    assert json.loads(str(call["Payload"], "utf-8")) == {"console": "1234abcd", "part": 2}  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("AccessDeniedException", "lambda:InvokeFunction"),
        ("ResourceNotFoundException", "deploy the stack again"),
        ("TooManyRequestsException", "The next scheduled audit goes on"),
    ],
)
def test_a_refusal_says_what_to_do(code: str, told: str) -> None:
    with failing("lambda", "invoke", code) as functions, pytest.raises(SettingsError, match=told):
        SelfInvoke(functions, ARN).start({})


def test_no_answer_is_an_error_too() -> None:
    with pytest.raises(SettingsError, match="could not be invoked to go on"):
        SelfInvoke(client("lambda"), ARN).start({})
