"""What a finding looks like as a message."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.sns_alerts import PACE, NoAlerts, SnsAlerts
from audit_archive.errors import SettingsError
from audit_archive.finding import Finding
from audit_archive.format.codec import UnknownMember
from tests.support.fakes import FakeClock
from tests.support.stubbed import client, failing


class Topic:
    """A client that keeps what was published."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []

    def publish(self, **message: str) -> None:
        self.sent.append(message)


def sent(finding: Finding) -> dict[str, str]:
    topic = Topic()
    SnsAlerts(topic, "arn", FakeClock()).publish(finding)  # type: ignore[arg-type]  # as much of a client as is needed
    (message,) = topic.sent
    return message


@given(st.text(), st.text(), st.dictionaries(st.text(), st.text() | st.integers() | st.none()))
def test_any_finding_is_a_message_that_sns_takes(
    sentence: str, console: str, facts: dict[str, str | int | None]
) -> None:
    message = sent(Finding(UnknownMember("integrity"), console, sentence, facts))
    subject = message["Subject"]
    assert subject.startswith("[integrity] ")
    assert len(subject) < 100
    assert subject.isascii()
    assert subject.isprintable()
    body = json.loads(message["Message"])
    assert next(iter(body)) == "sentence"
    assert body["facts"] == facts


@pytest.mark.parametrize("huge", ["\u20ac" * 100_000, list(range(300_000))])
def test_facts_that_no_message_can_carry_are_left_to_the_log(huge: object) -> None:
    message = sent(Finding(UnknownMember("integrity"), "c1", "Look.", {"holes": huge, "other": 1}))
    assert len(message["Message"].encode()) < 256 * 1024
    assert "see the log" in message["Message"]


def test_a_sentence_may_be_huge_too() -> None:
    assert (
        len(sent(Finding(UnknownMember("integrity"), "c1", "\u20ac" * 300_000, {}))["Message"].encode())
        < 256 * 1024
    )


def test_facts_that_json_does_not_know_are_written_as_text() -> None:
    assert json.loads(sent(Finding(UnknownMember("k"), "c1", "Look.", {"at": {1}}))["Message"])["facts"] == {
        "at": "{1}"
    }


@pytest.mark.parametrize(
    ("code", "advice"), [("NotFound", "deploy"), ("AuthorizationError", "sns:Publish"), ("Other", "policy")]
)
def test_a_topic_that_refuses_is_a_setting_to_correct(code: str, advice: str) -> None:
    with failing("sns", "publish", code) as topic, pytest.raises(SettingsError, match=advice):
        SnsAlerts(topic, "arn:aws:sns:eu-west-1:1:t", FakeClock()).publish(
            Finding(UnknownMember("k"), "c1", "Look.", {})
        )


def test_a_topic_that_can_t_be_reached_is_one_too() -> None:
    with pytest.raises(SettingsError, match="policy"):
        SnsAlerts(client("sns"), "arn:aws:sns:eu-west-1:1:t", FakeClock()).publish(
            Finding(UnknownMember("k"), "c1", "Look.", {})
        )


def test_messages_of_one_invocation_are_a_second_apart() -> None:
    """SNS suspends a mail address that gets more than 10 messages a second."""
    clock, topic = FakeClock(), Topic()
    alerts = SnsAlerts(topic, "arn", clock)  # type: ignore[arg-type]  # as much of a client as is needed
    for _ in range(3):
        alerts.publish(Finding(UnknownMember("k"), "c1", "Look.", {}))
    assert len(topic.sent) == 3
    assert clock.slept == [PACE, PACE]
    assert PACE > 1 / 10


def test_without_a_topic_nothing_happens() -> None:
    NoAlerts().publish(Finding(UnknownMember("k"), "c1", "Look.", {}))
