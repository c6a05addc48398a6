"""docs/alarms.md: from a cause over its metric and its alarm to the message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.functions.alarms.causes import Cause, cause_of
from tests.support.alarms import DAY, HOUR, MINUTE, series_of
from tests.support.stack import PSEUDO, ROOT, Rendered

STACK = PSEUDO["AWS::StackName"]
PAGE = ROOT / "docs" / "alarms.md"
HEAD = (
    "| a cause | metric | goes off when | after that cause, at the latest | alarm | sends |\n"
    "|---|---|---|---|---|---|\n"
)
MESSAGES = {
    "FleetCheck": "operations.md#fleetcheck",
    "VerifyFault": "operations.md#verifyfaultsalarm",
}
"""Where the runbook has a function's own message."""
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
    cause = cause_of(name)
    cells = (
        cause.says,
        _metric(alarm),
        _condition(alarm),
        duration(cause.within),
        f"[{name}](operations.md#{name.lower()})",
        _sends(alarm, cause),
    )
    return f"| {' | '.join(cells)} |\n"


def _metric(alarm: Mapping[str, Any]) -> str:
    series = series_of(alarm)
    ((dimension, value),) = series.dimensions
    namespace = series.namespace.replace(STACK, "<stack>")
    return f"`{namespace}` `{series.name}` ({dimension} {value})"


def _sends(alarm: Mapping[str, Any], cause: Cause) -> str:
    often = "when it goes off, and when it is over" if "OKActions" in alarm else "when it goes off"
    besides = "".join(f", and the function its message [{each}]({MESSAGES[each]})" for each in cause.messages)
    return f"{often}{besides}"


def _condition(alarm: Mapping[str, Any]) -> str:
    periods = int(alarm["EvaluationPeriods"])
    many = int(alarm.get("DatapointsToAlarm", periods))
    over = f"`{alarm['Statistic']}` over {duration(alarm['Period'])}"
    often = "" if periods == 1 else f", in {many} of {periods} periods"
    missing = MISSING[alarm["TreatMissingData"]]
    return f"{over} {SIGNS[alarm['ComparisonOperator']]} {alarm['Threshold']}{often}; {missing}"


def duration(seconds: float) -> str:
    """Seconds in the largest unit that divides them."""
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if seconds % unit == 0:
            return f"{seconds / unit:.0f} {name}".replace("1 days", "1 day")
    return f"{seconds:.0f} s"
