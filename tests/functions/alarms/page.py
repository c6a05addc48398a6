"""docs/alarms.md: from a cause over its metric and its alarm to the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.functions.alarms.account import DAY, HOUR, MINUTE
from tests.functions.alarms.causes import CAUSES
from tests.functions.alarms.evaluation import series_of
from tests.support.stack import ROOT, Rendered

PAGE = ROOT / "docs" / "alarms.md"
HEAD = (
    "| alarm | a cause | reads | goes off when | after that cause, at the latest |\n|---|---|---|---|---|\n"
)
SIGNS = {
    "GreaterThanThreshold": "is above",
    "GreaterThanOrEqualToThreshold": "is at least",
    "LessThanThreshold": "is below",
    "LessThanOrEqualToThreshold": "is at most",
}
MISSING = {
    "breaching": "a period without data counts as bad",
    "notBreaching": "a period without data counts as good",
    "ignore": "without data the state stays",
    "missing": "without data there is no state",
}


def page(stack: Rendered) -> str:
    """The page, with a row for each alarm of the rendered template."""
    head, _, _ = PAGE.read_text().partition(HEAD)
    alarms = stack.of_type("AWS::CloudWatch::Alarm")
    return head + HEAD + "".join(_row(name, alarm) for name, alarm in alarms.items())


def _row(name: str, alarm: Mapping[str, Any]) -> str:
    cause = CAUSES[name]
    cells = (
        f"[{name}](operations.md#{name.lower()})",
        cause.says,
        _metrics(alarm),
        _condition(alarm),
        duration(cause.within),
    )
    return f"| {' | '.join(cells)} |\n"


def _metrics(alarm: Mapping[str, Any]) -> str:
    def one(metric: Mapping[str, Any]) -> str:
        dimensions = ", ".join(f"{each['Name']} {each['Value']}" for each in metric["Dimensions"])
        return f"`{metric['Namespace']}` `{metric['MetricName']}` ({dimensions})"

    return " + ".join(one(each.metric) for each in series_of(alarm))


def _condition(alarm: Mapping[str, Any]) -> str:
    series = series_of(alarm)[0]
    periods = int(alarm["EvaluationPeriods"])
    many = int(alarm.get("DatapointsToAlarm", periods))
    over = f"`{series.statistic}` over {duration(series.period)}"
    often = "" if periods == 1 else f", in {many} of {periods} periods"
    missing = MISSING[alarm["TreatMissingData"]]
    return f"{over} {SIGNS[alarm['ComparisonOperator']]} {alarm['Threshold']}{often}; {missing}"


def duration(seconds: float) -> str:
    """Seconds in the largest unit that divides them."""
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if seconds % unit == 0:
            return f"{seconds / unit:.0f} {name}".replace("1 days", "1 day")
    return f"{seconds:.0f} s"
