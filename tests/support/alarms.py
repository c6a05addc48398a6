"""How CloudWatch comes from samples of a metric to the state of an alarm of the rendered template.

The rules are from three pages of docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring:

- alarms-and-missing-data.html; its tables are the examples of `tests/template/test_alarm_evaluation.py`.
  CloudWatch looks at more periods than `EvaluationPeriods`: the evaluation range. How many, AWS does not say;
  in its examples it is two more
- alarm-evaluation-window.html: the window slides, so periods are counted back from the moment of evaluation
- alarm-evaluation.html: an alarm that looks back over more than a day is evaluated at each full hour
"""

from __future__ import annotations

import operator
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MINUTE, HOUR, DAY = 60, 3600, 86_400
EXTRA_PERIODS = 2
OFTEN = 5 * MINUTE
"""How often an alarm is evaluated here, unless a test says otherwise. CloudWatch does it every minute."""

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
class Series:
    """One metric: it is its namespace, its name and exactly its dimensions."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Sample:
    """One value that was sent to CloudWatch. `at` is in seconds."""

    series: Series
    at: float
    value: float


def series_of(alarm: Mapping[str, Any]) -> Series:
    """The metric that an alarm reads."""
    named = frozenset((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    return Series(alarm["Namespace"], alarm["MetricName"], named)


def window_of(alarm: Mapping[str, Any]) -> int:
    """Over how many seconds an alarm looks back."""
    return int(alarm["Period"] * alarm["EvaluationPeriods"])


class Reader:
    """An alarm over the samples that came."""

    def __init__(self, alarm: Mapping[str, Any], samples: Iterable[Sample]) -> None:
        unknown = alarm.keys() - KNOWN
        if unknown:
            raise NotImplementedError(f"no rule here knows {sorted(unknown)}")
        self._alarm, self.period = alarm, int(alarm["Period"])
        self._periods = int(alarm["EvaluationPeriods"])
        self._to_alarm = int(alarm.get("DatapointsToAlarm", self._periods))
        series = series_of(alarm)
        came = sorted((each for each in samples if each.series == series), key=lambda each: each.at)
        self._moments, self._values = [each.at for each in came], [each.value for each in came]

    @property
    def is_silent(self) -> bool:
        """Whether nothing came that the alarm reads."""
        return not self._values

    def state_at(self, now: float, current: State = State.OK) -> State:
        """The state of the alarm at a moment; `current` is the one before."""
        points = [self._point(now - age * self.period) for age in range(self._periods + EXTRA_PERIODS, 0, -1)]
        missing = self._alarm.get("TreatMissingData", "missing")
        return judged(points, self._periods, self._to_alarm, missing, current)

    def changes(
        self, until: float, since: float = 0, state: State = State.INSUFFICIENT_DATA, every: float = OFTEN
    ) -> Iterator[tuple[float, State]]:
        """The changes of the state, each with its moment; actions run on these only."""
        if window_of(self._alarm) > DAY:
            since, every = since // HOUR * HOUR, HOUR
        for number in range(1, int((until - since) // every) + 1):
            now = since + number * every
            before, state = state, self.state_at(now, state)
            if state != before:
                yield now, state

    def _point(self, first: float) -> bool | None:
        """Whether the number of a period breaches; None if there is none."""
        begin = bisect_left(self._moments, first)
        held = self._values[begin : bisect_left(self._moments, first + self.period, begin)]
        if not held:
            return None
        number = float(_STATISTIC[self._alarm["Statistic"]](held))
        return _COMPARE[self._alarm["ComparisonOperator"]](number, float(self._alarm["Threshold"]))


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
