"""What comes to CloudWatch from the deployed functions: their own metrics, and AWS's.

A function really runs, with the environment that the template gives it, so its metrics have the names that
they have on AWS. Time is told: nothing waits. What AWS sends is from these pages of docs.aws.amazon.com:

- lambda/latest/dg/monitoring-metrics-types.html: `Invocations`, `Errors`, `Throttles`, `AsyncEventsDropped`
  (also for an event that went to its destination), `DestinationDeliveryFailures`, by `FunctionName`
- lambda/latest/dg/invocation-async-error-handling.html: two retries, after one minute and after two more
- AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html:
  `NumberOfMessagesSent`, by `QueueName`
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import ModuleType

from audit_archive.errors import AuditArchiveError
from tests.functions.cloud import Cloud
from tests.functions.world import CONSOLE, World
from tests.support.alarms import MINUTE, Sample, Series
from tests.support.entries import Json
from tests.support.invocation import Context
from tests.support.stack import Rendered

RETRY_PAUSES = (MINUTE, 2 * MINUTE)
ARN = "arn:aws:AWS::SQS::Queue:::"

ARCHIVE, VERIFY = "ArchiveFunction", "VerifyFunction"
FLEET = {"fleet": True}
LOCKS = {"console": CONSOLE, "extend_locks": True}


class Watched:
    """One Console's stack. `samples` is all that came to CloudWatch; `now` is the time that it has there.

    `since` is when the cause of an alarm began. `gone` are the queues that somebody deleted.
    `split` counts the invocations in which a function asked itself to go on.
    """

    def __init__(
        self, stack: Rendered, world: World, cloud: Cloud, apps: dict[str, ModuleType],
        messages: Callable[[], list[Json]],
    ) -> None:  # fmt: skip
        self.stack, self.world, self.cloud, self.messages = stack, world, cloud, messages
        self._apps = apps
        self.samples: list[Sample] = []
        self.gone: set[str] = set()
        self.now = self.since = 0.0
        self.split = 0

    def invoke(self, function: str, event: Json, context: Context | None = None) -> Json | None:
        """Invoke a function once; None if it raised."""
        doing = replace(self.world, app=self._apps[function], output="")
        result = None
        try:
            result = doing.invoke(event, context=context)
        except AuditArchiveError:
            self._send_lambda(function, Errors=1)
        else:
            self._send_lambda(function, Errors=0)
        self.samples += samples_of(doing, self.now)
        self.world.output += doing.output
        return result

    def schedule(
        self, function: str, event: Json | None = None, context: Context | None = None
    ) -> Json | None:
        """Invoke a function as its schedule does: through Lambda's retries, and then its destination.

        What the invocation asks itself to do is done, a minute later.
        """
        config = self._async_config(function)
        pauses = RETRY_PAUSES[: int(config["MaximumRetryAttempts"])]
        for pause in (0.0, *pauses):
            self.now += pause
            result = self.invoke(function, event or {"console": CONSOLE}, context)
            if result is not None:
                while self.cloud.invocations:
                    self.now += MINUTE
                    self.split += 1
                    result = self.invoke(function, json.loads(self.cloud.invocations.pop()))
                return result
        self._give_up(function, config["DestinationConfig"]["OnFailure"]["Destination"].removeprefix(ARN))
        return None

    def _give_up(self, function: str, queue: str) -> None:
        self.send(function, AsyncEventsDropped=1)
        if queue in self.gone:
            self.send(function, DestinationDeliveryFailures=1)
        else:
            self.send_message(queue)

    def send_message(self, queue: str) -> None:
        """A message comes to a queue."""
        self._send(
            Series("AWS/SQS", "NumberOfMessagesSent", frozenset({("QueueName", f"{queue}.QueueName")})), 1
        )

    def throttle(self, function: str, minutes: int) -> None:
        """Lambda refuses to start a function, again and again."""
        for _ in range(minutes):
            self.send(function, Throttles=1)
            self.now += MINUTE

    def fail_once(self, function: str) -> None:
        """An invocation raises, and its retry will mend that."""
        self._send_lambda(function, Errors=1)

    def send(self, function: str, **metrics: float) -> None:
        """Metrics of a function that Lambda sends."""
        for name, value in metrics.items():
            self._send(Series("AWS/Lambda", name, frozenset({("FunctionName", function)})), value)

    def _send_lambda(self, function: str, **metrics: float) -> None:
        self.send(function, Invocations=1, Throttles=0, **metrics)

    def _send(self, series: Series, value: float) -> None:
        self.samples.append(Sample(series, self.now, value))

    def _async_config(self, function: str) -> Json:
        configs = self.stack.of_type("AWS::Lambda::EventInvokeConfig").values()
        (found,) = (each for each in configs if each["FunctionName"] == function)
        return found


def samples_of(world: World, now: float) -> Iterator[Sample]:
    """What CloudWatch Logs makes of the lines in embedded metric format."""
    for record in world.metrics():
        for directive in record["_aws"]["CloudWatchMetrics"]:
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, record[name]) for name in names)
                for metric in directive["Metrics"]:
                    series = Series(directive["Namespace"], metric["Name"], dimensions)
                    for value in record[metric["Name"]]:
                        yield Sample(series, now, float(value))
