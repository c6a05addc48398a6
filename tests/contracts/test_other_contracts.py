"""The contracts of the small ports: Clock, Alerts, ScratchFile, and the API key that HttpConsole is given."""

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from audit_archive.adapters.console.transport import ApiKey
from audit_archive.adapters.machine import LambdaClock, SystemClock, scratch_file
from audit_archive.adapters.secrets import Parameter, Secret, StoredKey
from audit_archive.adapters.sns_alerts import SnsAlerts
from audit_archive.errors import SettingsError
from audit_archive.finding import Finding
from audit_archive.format.codec import UnknownMember
from audit_archive.messages.message import alert_message
from audit_archive.ports import Clock, ScratchFile
from tests.support import aws
from tests.support.fakes import FakeAlerts, FakeClock, FakeKey, FakeScratch
from tests.support.messages import SENDER

everywhere = pytest.mark.parametrize(
    "endpoint", ["fake", pytest.param("moto", marks=pytest.mark.wide), "ministack"], indirect=True
)
FINDING = Finding(
    UnknownMember("foreign_purge"), "c1", "Somebody purged 72 entries.", {"user": "mallory", "ids": [1, 72]}
)


class Context:
    """What Lambda hands to a handler, as far as we look."""

    def get_remaining_time_in_millis(self) -> int:
        return 899_500


@pytest.mark.parametrize(
    ("clock", "left"), [(FakeClock(), 900.0), (SystemClock(), math.inf), (LambdaClock(Context()), 899.5)]
)
def test_a_clock_tells_seconds_and_waits(clock: Clock, left: float) -> None:
    before = clock.now()
    assert isinstance(before, int)
    assert before > 1_700_000_000
    assert clock.remaining() == left
    clock.sleep(0.01)
    assert before <= clock.now() <= before + 5


@pytest.mark.parametrize("scratch", [FakeScratch(), scratch_file])
def test_a_scratch_file_is_empty_and_takes_bytes(scratch: ScratchFile) -> None:
    with scratch() as file, scratch() as other:
        file.write(b"abc")
        file.seek(0)
        assert file.read() == b"abc"
        assert other.read() == b""
        file.seek(0)
        file.truncate()
        assert file.read() == b""
    assert file.closed


@everywhere
def test_a_finding_is_one_message(endpoint: str | None) -> None:
    if endpoint is None:
        fake = FakeAlerts()
        fake.publish(FINDING)
        assert fake.published == [FINDING]
        return
    alerts, messages = _topic_with_a_reader(endpoint)
    alerts.publish(FINDING)
    (message,) = messages()
    assert message["Subject"] == "[foreign_purge] c1: Somebody purged 72 entries."
    body = json.loads(message["Message"])
    assert next(iter(body)) == "sentence"
    assert body == json.loads(alert_message(FINDING, SENDER).texts["default"])
    assert body["facts"] == dict(FINDING.facts)
    assert {name: each["Value"] for name, each in message["MessageAttributes"].items()} == {
        "severity": "critical",
        "kind": "foreign_purge",
        "console": "c1",
        "stack": SENDER.stack,
    }


@everywhere
def test_a_topic_that_is_gone_is_a_setting_to_correct(endpoint: str | None) -> None:
    if endpoint is None:
        alerts: Any = FakeAlerts()
        alerts.refuses = True
    else:
        alerts = SnsAlerts(
            aws.client("sns", endpoint), f"arn:aws:sns:{aws.REGION}:000000000000:gone", FakeClock(), SENDER
        )
    with pytest.raises(SettingsError, match="topic"):
        alerts.publish(FINDING)


@everywhere
@pytest.mark.parametrize("store", ["secrets-manager", "parameter-store"])
def test_a_key_is_read_again_only_when_asked_for(endpoint: str | None, store: str) -> None:
    key, rotate = _key(endpoint, store)
    assert key.value() == "old-key"
    rotate("new-key")
    assert key.value() == "old-key"
    assert key.refresh() == "new-key"
    assert key.value() == "new-key"
    assert "new-key" not in repr(key)


def _topic_with_a_reader(endpoint: str) -> tuple[SnsAlerts, Callable[[], list[dict[str, Any]]]]:
    sns, sqs = aws.client("sns", endpoint), aws.client("sqs", endpoint)
    topic = sns.create_topic(Name="findings")["TopicArn"]
    queue = sqs.create_queue(QueueName="findings")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=attributes["QueueArn"])

    def messages() -> list[dict[str, Any]]:
        received = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in received["Messages"]]

    return SnsAlerts(sns, topic, FakeClock(), SENDER), messages


def _key(endpoint: str | None, store: str) -> tuple[ApiKey, Callable[[str], object]]:
    if endpoint is None:
        fake = FakeKey("old-key")
        return fake, fake.rotate
    if store == "parameter-store":
        ssm = aws.client("ssm", endpoint)

        def put(value: str) -> None:
            ssm.put_parameter(Name="/c1/read", Value=value, Type="SecureString", Overwrite=True)

        put(" old-key\n")
        return StoredKey(Parameter(ssm, "/c1/read")), put
    secrets = aws.client("secretsmanager", endpoint)
    secrets.create_secret(Name="c1/read", SecretString=" old-key\n")
    return StoredKey(Secret(secrets, "c1/read")), lambda value: secrets.put_secret_value(
        SecretId="c1/read", SecretString=value
    )
