"""How a finding is published."""

from typing import Any

import pytest

from audit_archive.adapters.sns_alerts import PACE, NoAlerts, SnsAlerts
from audit_archive.errors import SettingsError
from audit_archive.finding import Finding
from audit_archive.format.codec import UnknownMember
from audit_archive.messages.message import alert_message
from tests.support.fakes import FakeClock
from tests.support.messages import SENDER
from tests.support.stubbed import client, failing


class Topic:
    """A client that keeps what was published."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def publish(self, **message: Any) -> None:
        self.sent.append(message)


def test_a_finding_is_published_with_what_filters_need() -> None:
    topic, finding = Topic(), Finding(UnknownMember("k"), "c1", "Look.", {})
    SnsAlerts(topic, "arn", FakeClock(), SENDER).publish(finding)  # type: ignore[arg-type]  # as much of a client as is needed
    message = alert_message(finding, SENDER)
    assert topic.sent == [
        {
            "TopicArn": "arn",
            "Subject": message.subject,
            "Message": message.body,
            "MessageStructure": "json",
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in message.attributes.items()
            },
        }
    ]


@pytest.mark.parametrize(
    ("code", "advice"), [("NotFound", "deploy"), ("AuthorizationError", "sns:Publish"), ("Other", "policy")]
)
def test_a_topic_that_refuses_is_a_setting_to_correct(code: str, advice: str) -> None:
    with failing("sns", "publish", code) as topic, pytest.raises(SettingsError, match=advice):
        SnsAlerts(topic, "arn:aws:sns:eu-west-1:1:t", FakeClock(), SENDER).publish(
            Finding(UnknownMember("k"), "c1", "Look.", {})
        )


def test_a_topic_that_can_t_be_reached_is_one_too() -> None:
    with pytest.raises(SettingsError, match="policy"):
        SnsAlerts(client("sns"), "arn:aws:sns:eu-west-1:1:t", FakeClock(), SENDER).publish(
            Finding(UnknownMember("k"), "c1", "Look.", {})
        )


def test_messages_of_one_invocation_are_a_second_apart() -> None:
    """SNS suspends a mail address that gets more than 10 messages a second."""
    clock, topic = FakeClock(), Topic()
    alerts = SnsAlerts(topic, "arn", clock, SENDER)  # type: ignore[arg-type]  # as much of a client as is needed
    for _ in range(3):
        alerts.publish(Finding(UnknownMember("k"), "c1", "Look.", {}))
    assert len(topic.sent) == 3
    assert clock.slept == [PACE, PACE]
    assert PACE > 1 / 10


def test_without_a_topic_nothing_happens() -> None:
    NoAlerts().publish(Finding(UnknownMember("k"), "c1", "Look.", {}))
