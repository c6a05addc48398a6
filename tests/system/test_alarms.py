"""Two alarms on the emulator, from their real cause to the message in the topic.

The emulator counts AWS's metrics of Lambda itself. It does not read metrics out of logs, so these tests send
on what the log of a function says, as CloudWatch Logs does. It looks at the alarms when a metric comes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import pytest

from audit_archive.errors import runbook_url
from local.aws import DeployedStack, Laptop
from local.aws.clients import CONFIG
from local.aws.stack import Invocation
from tests.system.conftest import NewConsole

pytestmark = pytest.mark.timeout(400)  # the first of them builds and deploys the stack


@pytest.fixture
def alarms(laptop: Laptop) -> Iterator[Callable[[Invocation], list[dict[str, Any]]]]:
    """Sends an invocation's metrics to CloudWatch; gives the alarms that then came to the topic."""
    with ExitStack() as opened:

        def client(service: str) -> Any:
            made = laptop.aws.session.client(service, endpoint_url=laptop.aws.endpoint, config=CONFIG)  # type: ignore[call-overload]
            return opened.enter_context(closing(made))

        cloudwatch, sns, sqs = client("cloudwatch"), client("sns"), client("sqs")
        queue = sqs.create_queue(QueueName="alarms-of-a-test")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        allows = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{**allows, "Resource": arn}]})
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        topic = laptop.stack.outputs["AlertTopic"]
        subscribed = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)

        def told(ran: Invocation) -> list[dict[str, Any]]:
            for record in embedded(ran.log):
                put(cloudwatch, record)
            cloudwatch.put_metric_data(Namespace="tests", MetricData=[{"MetricName": "look", "Value": 1}])
            found = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
            messages = [json.loads(json.loads(each["Body"])["Message"]) for each in found]
            return [each for each in messages if "AlarmName" in each]

        yield told
        sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
        sqs.delete_queue(QueueUrl=queue)


def embedded(log: str) -> list[dict[str, Any]]:
    """The lines of a log that are metrics."""
    lines = (line for line in log.splitlines() if line.startswith("{") and line.endswith("}"))
    return [record for line in lines if "_aws" in (record := json.loads(line))]


def put(cloudwatch: Any, record: dict[str, Any]) -> None:
    """Send one record to CloudWatch, as CloudWatch Logs does."""
    for directive in record["_aws"]["CloudWatchMetrics"]:
        dimensions = [{"Name": name, "Value": record[name]} for name in directive["Dimensions"][0]]
        data = [
            {"MetricName": each["Name"], "Dimensions": dimensions, "Value": value}
            for each in directive["Metrics"]
            for value in record[each["Name"]]
        ]
        cloudwatch.put_metric_data(Namespace=directive["Namespace"], MetricData=data)


def test_three_failed_runs_are_told(
    stack: DeployedStack, alarms: Callable[[Invocation], list[dict[str, Any]]]
) -> None:
    for _ in range(3):
        ran = stack.invoke({"console": "not-a-port"})
        assert ran.failed
    (told,) = (each for each in alarms(ran) if "ErrorsAlarm" in each["AlarmName"])
    assert told["NewStateValue"] == "ALARM"
    assert told["AlarmDescription"].endswith(f"See {runbook_url('ErrorsAlarm')}")


def test_a_removed_object_is_found_by_the_audit_and_told(
    stack: DeployedStack, new_console: NewConsole, alarms: Callable[[Invocation], list[dict[str, Any]]]
) -> None:
    """The bucket's policy and locks refuse to remove a version; a delete marker hides it, and is a fault."""
    console = new_console(entries=30)
    stack.invoke({"console": console.id})
    statement = next(stack.objects(f"statements/console={console.id}/"))
    marker = stack.aws.s3.delete_object(Bucket=stack.bucket, Key=statement.key)
    try:
        ran = stack.invoke({"console": console.id, "depth": "chain"}, "VerifyFunction")
    finally:
        stack.aws.s3.delete_object(Bucket=stack.bucket, Key=statement.key, VersionId=marker["VersionId"])
    assert ran.result["is_valid"] is False
    faults = [(fault["verdict"], fault["key"]) for fault in ran.result["faults"]]
    assert faults == [("forked", statement.key)]
    (told,) = (each for each in alarms(ran) if "VerifyFaultsAlarm" in each["AlarmName"])
    assert told["NewStateValue"] == "ALARM"
    assert told["Trigger"]["MetricName"] == "VerifyFaults"
