"""What comes to CloudWatch from the deployed functions: their own metrics, and AWS's.

A function really runs, with the environment that the template gives it, so its metrics have the names that
they have on AWS. Time is told: nothing waits. What AWS sends is from these pages of docs.aws.amazon.com:

- lambda/latest/dg/monitoring-metrics-types.html: `Invocations`, `Errors`, `Throttles`, `AsyncEventsReceived`,
  `AsyncEventsDropped`, `DestinationDeliveryFailures`, each as 1 or 0, by `FunctionName`
- lambda/latest/dg/invocation-async-error-handling.html: two retries, after one minute and after two more
- AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html: `NumberOfMessagesSent`
  and `ApproximateNumberOfMessagesVisible`, by `QueueName`
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType
from typing import Any

from audit_archive.errors import AuditArchiveError
from tests.functions.alarms.evaluation import Sample
from tests.functions.world import CONSOLE, World
from tests.support.entries import Json
from tests.support.stack import Rendered

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
RETRY_PAUSES = (MINUTE, 2 * MINUTE)
VISIBLE_MINUTES = 30
ARN = "arn:aws:AWS::SQS::Queue:::"

ARCHIVE, VERIFY = "ArchiveFunction", "VerifyFunction"


class Watched:
    """One Console's stack. `samples` is all that came to CloudWatch; `now` is the time that it has there.

    `since` is when the cause of an alarm began.
    """

    def __init__(
        self, stack: Rendered, world: World, apps: dict[str, ModuleType], messages: Callable[[], list[Json]]
    ) -> None:
        self.stack, self.world, self.messages = stack, world, messages
        self._apps = apps
        self.samples: list[Sample] = []
        self.now = self.since = 0.0

    def invoke(self, function: str, **event: Any) -> Json | None:
        """Invoke a function once, by hand; None if it raised."""
        doing = replace(self.world, app=self._apps[function], output="")
        result = None
        try:
            result = doing.invoke({"console": CONSOLE, **event})
        except AuditArchiveError:
            self._send_lambda(function, Errors=1)
        else:
            self._send_lambda(function, Errors=0)
        self.samples += [replace(each, at=self.now) for each in samples_of(doing)]
        self.world.output += doing.output
        return result

    def schedule(self, function: str, **event: Any) -> Json | None:
        """Invoke a function as its schedule does: through Lambda's retries, and then its destination."""
        config = self._async_config(function)
        pauses = RETRY_PAUSES[: int(config["MaximumRetryAttempts"])]
        for pause in (0.0, *pauses):
            self.now += pause
            result = self.invoke(function, **event)
            if result is not None:
                return result
        self.send_message(config["DestinationConfig"]["OnFailure"]["Destination"].removeprefix(ARN))
        return None

    def send_message(self, queue: str) -> None:
        """A message comes to a queue, and stays there."""
        self._send("AWS/SQS", "QueueName", f"{queue}.QueueName", NumberOfMessagesSent=1)
        for minute in range(VISIBLE_MINUTES):
            self._send(
                "AWS/SQS",
                "QueueName",
                f"{queue}.QueueName",
                after=minute * MINUTE,
                ApproximateNumberOfMessagesVisible=1,
            )

    def throttle(self, function: str, minutes: int) -> None:
        """Lambda refuses to start a function, again and again."""
        for _ in range(minutes):
            self._send("AWS/Lambda", "FunctionName", function, Throttles=1)
            self.now += MINUTE

    def fail_once(self, function: str) -> None:
        """An invocation raises, and its retry will mend that."""
        self._send_lambda(function, Errors=1)

    def lose(self, function: str, **metrics: float) -> None:
        """Lambda counts an event that it dropped, or could not deliver."""
        self._send("AWS/Lambda", "FunctionName", function, **metrics)

    def _send_lambda(self, function: str, **metrics: float) -> None:
        self._send("AWS/Lambda", "FunctionName", function, Invocations=1, Throttles=0, **metrics)

    def _send(self, namespace: str, dimension: str, of: str, after: float = 0.0, **metrics: float) -> None:
        dimensions = frozenset({(dimension, of)})
        self.samples += [
            Sample(namespace, name, dimensions, self.now + after, value) for name, value in metrics.items()
        ]

    def _async_config(self, function: str) -> Json:
        configs = self.stack.of_type("AWS::Lambda::EventInvokeConfig").values()
        (found,) = (each for each in configs if each["FunctionName"] == function)
        return found


def samples_of(world: World) -> Iterator[Sample]:
    """What CloudWatch Logs makes of the lines in embedded metric format, at the time 0."""
    for record in world.metrics():
        for directive in record["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, record[name]) for name in names)
                for metric in directive["Metrics"]:
                    for value in record[metric["Name"]]:
                        yield Sample(directive["Namespace"], metric["Name"], dimensions, 0.0, float(value))
