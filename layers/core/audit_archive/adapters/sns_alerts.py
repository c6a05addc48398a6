"""Sends findings to people: one SNS message a finding."""

from typing import TYPE_CHECKING

from audit_archive.adapters.aws import AwsFault, failure_sentence
from audit_archive.errors import SettingsError
from audit_archive.finding import Finding
from audit_archive.messages.message import Sender, alert_message
from audit_archive.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


PACE = 1.0
"""Seconds between two messages of one invocation. SNS takes a mail address off a topic for good if it gets
more than 10 messages a second (https://repost.aws/knowledge-center/sns-email-subscription-disabled)."""

_ADVICE = {
    "NotFound": "The topic does not exist: deploy the stack again, or correct its alert topic.",
    "AuthorizationError": "Let the function's role publish to the topic (sns:Publish).",
}


class SnsAlerts:
    """Sends each finding in a message of its own: an alarm that is already on does not show a second one."""

    def __init__(self, client: "SNSClient", topic_arn: str, clock: Clock, sender: Sender) -> None:
        self._client = client
        self._topic_arn = topic_arn
        self._clock = clock
        self._sender = sender
        self._has_sent = False

    def publish(self, finding: Finding) -> None:
        """Send one message: a text for people, JSON for programs. Raises SettingsError if refused.

        Waits between two messages.
        """
        if self._has_sent:
            self._clock.sleep(PACE)
        self._has_sent = True
        message = alert_message(finding, self._sender)
        try:
            self._client.publish(
                TopicArn=self._topic_arn,
                Subject=message.subject,
                Message=message.body,
                MessageStructure="json",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": text}
                    for name, text in message.attributes.items()
                },
            )
        except AwsFault as error:
            action = f"The finding {finding.kind} of {finding.console} could not be sent to {self._topic_arn}"
            raise SettingsError(
                failure_sentence(action, error, _ADVICE, "Check the topic and its policy.")
            ) from error


class NoAlerts:
    """For a stack without a topic. Findings are in the run's result, its metrics and its log only."""

    def publish(self, finding: Finding) -> None:
        """Send no message."""
