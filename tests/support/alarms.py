"""How CloudWatch moves an alarm from state to state, as far as its documentation says so.

Sources: "Alarm evaluation" and "Configuring how CloudWatch alarms treat missing data" in the CloudWatch User
Guide. Left out, because its length is not documented: the evaluation range, some further periods that
CloudWatch looks back over before missing data counts. It only delays what an alarm of missing data says.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HOUR = 3600


@dataclass(frozen=True)
class Series:
    """What an alarm reads: namespace, name and dimensions of a metric."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


def series_of(alarm: Mapping[str, Any]) -> Series:
    """The series that an alarm reads."""
    named = tuple((each["Name"], each["Value"]) for each in alarm["Dimensions"])
    return Series(alarm["Namespace"], alarm["MetricName"], named)


def window_of(alarm: Mapping[str, Any]) -> int:
    """Over how many seconds an alarm looks back."""
    return int(alarm["Period"] * alarm["EvaluationPeriods"])


def states(
    alarm: Mapping[str, Any], samples: Iterable[tuple[int, float]], until: int
) -> list[tuple[int, str]]:
    """The changes of an alarm's state, each with its moment; actions run on these only.

    `samples`: moment in seconds, and value.
    """
    period, found, state = alarm["Period"], sorted(samples), "INSUFFICIENT_DATA"
    changes = []
    for now in range(period, until + 1, period):
        values = [
            _value(alarm, [v for at, v in found if now - (back + 1) * period <= at < now - back * period])
            for back in range(alarm["EvaluationPeriods"])
        ]
        after = _judge(alarm, values, state)
        if after != state:
            changes.append((now, after))
        state = after
    return changes


def _judge(alarm: Mapping[str, Any], values: list[float | None], state: str) -> str:
    missing = alarm["TreatMissingData"]
    if all(value is None for value in values) and missing == "ignore":
        return state
    breaching = sum(missing == "breaching" if value is None else _breaches(alarm, value) for value in values)
    return "ALARM" if breaching >= alarm.get("DatapointsToAlarm", alarm["EvaluationPeriods"]) else "OK"


def _value(alarm: Mapping[str, Any], values: list[float]) -> float | None:
    if not values:
        return None
    found = {"Sum": sum(values), "Maximum": max(values), "SampleCount": float(len(values))}
    return found[alarm["Statistic"]]


def _breaches(alarm: Mapping[str, Any], value: float) -> bool:
    threshold = float(alarm["Threshold"])
    return {
        "GreaterThanThreshold": value > threshold,
        "GreaterThanOrEqualToThreshold": value >= threshold,
        "LessThanThreshold": value < threshold,
    }[str(alarm["ComparisonOperator"])]


def pages(alarm: Mapping[str, Any], samples: Iterable[tuple[int, float]], days: int) -> list[int]:
    """On which days (from 0) the alarm sends its message."""
    changes = states(alarm, samples, days * 24 * HOUR)
    return [(at - 1) // (24 * HOUR) for at, state in changes if state == "ALARM"]
