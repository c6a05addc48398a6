"""One more invocation of the same Lambda function, which does what this one had not the time for."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from audit_archive.adapters.aws import AwsFault, failure_sentence
from audit_archive.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_ADVICE = {
    "AccessDeniedException": "Let the function's role invoke the function (lambda:InvokeFunction).",
    "ResourceNotFoundException": "The function does not exist: deploy the stack again.",
}


class SelfInvoke:
    """Invokes a function without waiting for it. Lambda stops a function that invokes itself after 16."""

    def __init__(self, client: "LambdaClient", function: str) -> None:
        """`function`: its name or ARN, as it was invoked."""
        self._client = client
        self._function = function

    def start(self, event: Mapping[str, Any]) -> None:
        """Start an invocation with an event. Raises SettingsError if it is refused."""
        try:
            self._client.invoke(
                FunctionName=self._function, InvocationType="Event", Payload=json.dumps(dict(event)).encode()
            )
        except AwsFault as error:
            action = f"{self._function} could not be invoked to go on"
            raise SettingsError(
                failure_sentence(action, error, _ADVICE, "The next scheduled audit goes on.")
            ) from error
