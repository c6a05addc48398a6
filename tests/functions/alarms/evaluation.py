"""How CloudWatch comes from samples of a metric to the state of an alarm.

The rules, and the examples in the tests, are those of AWS's page on missing data:
docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html. CloudWatch looks at more
periods than `EvaluationPeriods`: the evaluation range. How many, AWS does not say; in its examples it is two
more. Periods are counted back from the moment of evaluation.
"""

from __future__ import annotations

import operator
from bisect import bisect_left
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


class Reader:
    """An alarm of a rendered template over the samples that came."""

    def __init__(self, alarm: Mapping[str, Any], samples: Iterable[Sample]) -> None:
        self._alarm, self._series = alarm, series_of(alarm)
        self._periods = int(alarm["EvaluationPeriods"])
        self._to_alarm = int(alarm.get("DatapointsToAlarm", self._periods))
        came = sorted(samples, key=lambda sample: sample.at)
        read = [[sample for sample in came if each.holds(sample)] for each in self._series]
        self._values = [([each.at for each in one], [each.value for each in one]) for one in read]

    @property
    def period(self) -> int:
        """Seconds."""
        return self._series[0].period

    @property
    def is_silent(self) -> bool:
        """Whether nothing came that the alarm reads."""
        return not any(values for _, values in self._values)

    def state_at(self, now: float, current: State = State.OK) -> State:
        """The state of the alarm at a moment; `current` is the one before."""
        points = [self._point(now - age * self.period) for age in range(self._periods + EXTRA_PERIODS, 0, -1)]
        missing = self._alarm.get("TreatMissingData", "missing")
        return judged(points, self._periods, self._to_alarm, missing, current)

    def _point(self, first: float) -> bool | None:
        """Whether the sum of the numbers of a period breaches; None if there are none."""
        found = []
        for each, (moments, values) in zip(self._series, self._values, strict=True):
            held = values[bisect_left(moments, first) : bisect_left(moments, first + self.period)]
            if held:
                found.append(float(_STATISTIC[each.statistic](held)))
        compare = _COMPARE[self._alarm["ComparisonOperator"]]
        return compare(sum(found), float(self._alarm["Threshold"])) if found else None


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
