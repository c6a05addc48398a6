"""Sends findings to people: one SNS message a finding."""

import json
import re
from typing import TYPE_CHECKING, Any

from audit_archive.adapters.aws import AwsFault, failure_sentence
from audit_archive.errors import SettingsError
from audit_archive.finding import Finding
from audit_archive.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


MAX_SUBJECT = 99
"""SNS takes fewer than 100 characters, without line breaks or control characters."""

MAX_BODY = 200_000
"""Characters. SNS takes 256 KiB; our JSON is ASCII, so a character is a byte."""

PACE = 1.0
"""Seconds between two messages of one invocation. SNS takes a mail address off a topic for good if it gets
more than 10 messages a second (https://repost.aws/knowledge-center/sns-email-subscription-disabled)."""

_ADVICE = {
    "NotFound": "The topic does not exist: deploy the stack again, or correct its alert topic.",
    "AuthorizationError": "Let the function's role publish to the topic (sns:Publish).",
}


class SnsAlerts:
    """Sends each finding in a message of its own: an alarm that is already on does not show a second one."""

    def __init__(self, client: "SNSClient", topic_arn: str, clock: Clock) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._clock = clock
        self._has_sent = False

    def publish(self, finding: Finding) -> None:
        """Send one message; its body is JSON with the sentence first. Raises SettingsError if refused.

        Waits between two messages.
        """
        if self._has_sent:
            self._clock.sleep(PACE)
        self._has_sent = True
        try:
            self._client.publish(TopicArn=self._topic_arn, Subject=_subject(finding), Message=_body(finding))
        except AwsFault as error:
            action = f"The finding {finding.kind} of {finding.console} could not be sent to {self._topic_arn}"
            raise SettingsError(
                failure_sentence(action, error, _ADVICE, "Check the topic and its policy.")
            ) from error


class NoAlerts:
    """For a stack without a topic. Findings are in the run's result, its metrics and its log only."""

    def publish(self, finding: Finding) -> None:
        """Send no message."""


def _subject(finding: Finding) -> str:
    text = f"[{finding.kind}] {finding.console}: {finding.sentence}"
    ascii_text = text.encode("ascii", "replace").decode("ascii")
    return re.sub(r"[^ -~]+", " ", ascii_text)[:MAX_SUBJECT]


def _body(finding: Finding) -> str:
    body = _json(finding, dict(finding.facts))
    if len(body) > MAX_BODY:
        body = _json(finding, {"omitted": f"{len(finding.facts)} facts, too long for a message; see the log"})
    return body


def _json(finding: Finding, facts: dict[str, Any]) -> str:
    message = {
        "sentence": finding.sentence[: MAX_BODY // 10],
        "kind": finding.kind,
        "console": finding.console,
        "what_to_do": finding.url,
        "facts": facts,
    }
    return json.dumps(message, indent=2, default=str)
