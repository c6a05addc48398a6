"""How CloudWatch comes from samples of a metric to the state of an alarm.

The rules, and the examples in the tests, are those of AWS's page on missing data:
docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html. CloudWatch looks at more
periods than `EvaluationPeriods`: the evaluation range. How many, AWS does not say; in its examples it is two
more. Periods are counted back from the moment of evaluation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

EXTRA_PERIODS = 2

_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanThreshold": operator.gt,
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}
_STATISTIC: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": lambda values: sum(values) / len(values),
    "SampleCount": len,
}
KNOWN = {
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "AlarmName",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluationPeriods",
    "MetricName",
    "Metrics",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Threshold",
    "TreatMissingData",
}
"""The properties of an alarm that are judged here."""


class State(StrEnum):
    """The state of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True)
class Sample:
    """One value that was sent to CloudWatch. `at` is in seconds."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]
    at: float
    value: float


@dataclass(frozen=True)
class Series:
    """One metric that an alarm reads, as one number a period."""

    metric: Mapping[str, Any]
    statistic: str
    period: int

    def holds(self, sample: Sample) -> bool:
        """Whether a sample is of it: a metric is its namespace, its name and exactly its dimensions."""
        dimensions = frozenset((each["Name"], each["Value"]) for each in self.metric.get("Dimensions", ()))
        metric = (self.metric["Namespace"], self.metric["MetricName"], dimensions)
        return metric == (sample.namespace, sample.name, sample.dimensions)

    def value(self, samples: Sequence[Sample], first: float, end: float) -> float | None:
        """The number of one period; None without samples."""
        values = [each.value for each in samples if first <= each.at < end and self.holds(each)]
        return float(_STATISTIC[self.statistic](values)) if values else None


def series_of(alarm: Mapping[str, Any]) -> list[Series]:
    """What an alarm of a rendered template reads. Several series are added up."""
    unknown = alarm.keys() - KNOWN
    if unknown:
        raise NotImplementedError(f"no rule here knows {sorted(unknown)}")
    if "Metrics" not in alarm:
        return [Series(alarm, alarm["Statistic"], int(alarm["Period"]))]
    expressions = [each["Expression"] for each in alarm["Metrics"] if "Expression" in each]
    if expressions != ["SUM(METRICS())"]:
        raise NotImplementedError(f"no rule here knows {expressions}")
    stats = [each["MetricStat"] for each in alarm["Metrics"] if "MetricStat" in each]
    return [Series(each["Metric"], each["Stat"], int(each["Period"])) for each in stats]


def state_at(
    alarm: Mapping[str, Any], samples: Iterable[Sample], now: float, current: State = State.OK
) -> State:
    """The state of an alarm of a rendered template at a moment."""
    series = series_of(alarm)
    read = [sample for sample in samples if any(each.holds(sample) for each in series)]
    period, periods = series[0].period, int(alarm["EvaluationPeriods"])
    points = [
        _point(alarm, [each.value(read, now - age * period, now - (age - 1) * period) for each in series])
        for age in range(periods + EXTRA_PERIODS, 0, -1)
    ]
    to_alarm = int(alarm.get("DatapointsToAlarm", periods))
    return judged(points, periods, to_alarm, alarm.get("TreatMissingData", "missing"), current)


def _point(alarm: Mapping[str, Any], values: Sequence[float | None]) -> bool | None:
    """Whether the sum of a period's numbers breaches; None if there are none."""
    found = [value for value in values if value is not None]
    return _COMPARE[alarm["ComparisonOperator"]](sum(found), float(alarm["Threshold"])) if found else None


def judged(points: Sequence[bool | None], periods: int, to_alarm: int, missing: str, current: State) -> State:
    """The state by the points of the evaluation range, oldest first: breaching, not breaching, or missing."""
    real = [point for point in points if point is not None]
    if len(real) >= periods:
        return State.ALARM if sum(real[-periods:]) >= to_alarm else State.OK
    filled = periods - len(real) if missing == "breaching" else 0
    if sum(real) + filled >= to_alarm:
        return State.ALARM
    if missing in {"breaching", "notBreaching"} or False in real:
        return State.OK
    if missing == "ignore":
        return current
    return _premature(points, to_alarm, current) if real else State.INSUFFICIENT_DATA


def _premature(points: Sequence[bool | None], to_alarm: int, current: State) -> State:
    """All that is there breaches, and it is too little: it counts once the oldest of it is old enough."""
    age = len(points) - points.index(True)
    return State.ALARM if age >= to_alarm else current
