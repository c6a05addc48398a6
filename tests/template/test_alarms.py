"""The alarms: what each reads, when it pages, and when it pages again. Causes: `tests/functions/alarms`."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from audit_archive.config import longest_gap
from audit_archive.events import is_console_id
from tests.support.alarms import DAY, HOUR, MINUTE, Reader, Sample, State, series_of, window_of
from tests.support.stack import ROOT, Rendered, render

RUNS, AUDITS, CHECK = 3.3 * HOUR, 5.3 * HOUR, 7.8 * HOUR
"""When in a day the runs, the audits and the fleet check are made."""
NEW_MESSAGES = (
    "FailedRunsAlarm",
    "UndeliveredSchedulesAlarm",
    "DroppedRunsAlarm",
    "DroppedAuditsAlarm",
    "UnkeptRunsAlarm",
    "UnkeptAuditsAlarm",
)


@pytest.fixture(scope="module")
def stack() -> Rendered:
    return render()


def alarms_of(stack: Rendered) -> dict[str, dict[str, Any]]:
    return stack.of_type("AWS::CloudWatch::Alarm")


def states(alarm: dict[str, Any], samples: list[tuple[int, float]], until: int) -> list[tuple[float, State]]:
    """The changes of an alarm's state. `samples` of the metric that it reads: moment and value."""
    came = [Sample(series_of(alarm), at, value) for at, value in samples]
    return list(Reader(alarm, came).changes(until))


def pages(alarm: dict[str, Any], samples: list[tuple[int, float]], days: int) -> list[int]:
    """On which days (from 0) the alarm sends its message."""
    changes = states(alarm, samples, days * DAY)
    return [int(at // DAY) for at, state in changes if state is State.ALARM]


def daily(at: float, values: list[float]) -> list[tuple[int, float]]:
    """A value a day, at the same time each day."""
    return [(int(day * DAY + at), value) for day, value in enumerate(values)]


def test_every_alarm_tells_the_topic(stack: Rendered) -> None:
    alarms = alarms_of(stack)
    assert {series_of(alarm).name for alarm in alarms.values()} == {
        "AsyncEventsDropped",
        "DestinationDeliveryFailures",
        "Errors",
        "LateContents",
        "NotChecked",
        "NumberOfMessagesSent",
        "Throttles",
        "UnexplainedMissingIds",
        "UnhealthyConsoles",
        "VerifyFaults",
    }
    assert all(alarm["AlarmActions"] == ["AlertTopic"] for alarm in alarms.values())


def test_two_stacks_in_an_account_never_read_one_series(stack: Rendered) -> None:
    """What is not of a stack's own namespace is of its own function or queue, which no other stack has."""
    other = render(**{"AWS::StackName": "second-stack"})
    ours = [
        {s for s in map(series_of, alarms_of(each).values()) if not s.namespace.startswith("AWS/")}
        for each in (stack, other)
    ]
    assert ours[0]
    assert not ours[0] & ours[1]
    for series in map(series_of, alarms_of(stack).values()):
        if series.namespace.startswith("AWS/"):
            ((_, value),) = series.dimensions
            assert value.partition(".")[0] in stack.resources
    for name in ("ArchiveFunction", "VerifyFunction"):
        assert other.properties(name)["FunctionName"].startswith("second-stack-")
    assert not any("QueueName" in queue for queue in stack.of_type("AWS::SQS::Queue").values())
    assert "CanaryAuditArchive/second-stack" in other.properties("Dashboard")["DashboardBody"]


@pytest.mark.parametrize("function", ["archive", "verify", "retrieve"])
def test_each_function_counts_in_the_namespace_that_its_alarms_read(stack: Rendered, function: str) -> None:
    name = f"{function.capitalize()}Function"
    variables = stack.properties(name)["Environment"]["Variables"]
    counted = re.findall(r'"([A-Z]\w+)": ', (ROOT / "functions" / function / "app.py").read_text())
    for series in map(series_of, alarms_of(stack).values()):
        if dict(series.dimensions).get("service") == variables["POWERTOOLS_SERVICE_NAME"]:
            assert series.namespace == variables["POWERTOOLS_METRICS_NAMESPACE"]
            assert series.name in counted


def test_the_dashboard_shows_every_alarm(stack: Rendered) -> None:
    body = json.loads(stack.properties("Dashboard")["DashboardBody"])
    (shown,) = [widget["properties"]["alarms"] for widget in body["widgets"] if widget["type"] == "alarm"]
    assert sorted(shown) == sorted(f"arn:aws:AWS::CloudWatch::Alarm:::{name}" for name in alarms_of(stack))


# ------------------------------------------------------------------------------------ when they page


@pytest.mark.parametrize("name", NEW_MESSAGES)
def test_the_failure_of_the_next_day_pages_anew(stack: Rendered, name: str) -> None:
    """One Console's key was revoked: it fails each day, and on the third day another fails a minute later."""
    alarm = alarms_of(stack)[name]
    failures = [*daily(RUNS, [1, 1, 1, 1]), (int(2 * DAY + RUNS + 60), 1)]
    assert pages(alarm, failures, days=5) == [0, 1, 2, 3]
    assert "OKActions" not in alarm


@pytest.mark.parametrize("name", NEW_MESSAGES)
def test_a_metric_that_comes_late_is_still_seen(stack: Rendered, name: str) -> None:
    """Those of a queue that was quiet come up to 15 minutes late."""
    assert window_of(alarms_of(stack)[name]) >= 2 * 15 * 60


@pytest.mark.parametrize("name", ["LateContentsAlarm", "NotCheckedAlarm"])
def test_what_every_audit_counts_again_is_one_message(stack: Rendered, name: str) -> None:
    """Audits begin up to an hour apart from day to day, and a healthy Console's audit comes in between."""
    found = daily(AUDITS, [1, 1, 1, 0, 0, 1])
    jittered = [(at + (HOUR if day % 2 else 0), value) for day, (at, value) in enumerate(found)]
    assert pages(alarms_of(stack)[name], [*jittered, *daily(AUDITS + 60, [0] * 6)], days=7) == [0, 5]


def test_an_unhealthy_fleet_is_red_until_a_check_finds_it_healthy(stack: Rendered) -> None:
    alarm = alarms_of(stack)["UnhealthyConsolesAlarm"]
    changes = states(alarm, daily(CHECK, [0, 2, 2, 3, 0, 1]), 7 * DAY)
    assert [(at // DAY, state) for at, state in changes] == [(0, "OK"), (1, "ALARM"), (4, "OK"), (5, "ALARM")]


@pytest.mark.parametrize(
    ("name", "at", "page_on"), [("FleetNotCheckedAlarm", CHECK, 3), ("NotVerifiedAlarm", AUDITS, 4)]
)
def test_what_does_not_happen_is_told(stack: Rendered, name: str, at: float, page_on: int) -> None:
    """The last is made on the third day, and the next one after a week."""
    alarm = alarms_of(stack)[name]
    made = [sample for sample in daily(at, [0] * 10) if sample[0] < 3 * DAY or sample[0] > 7 * DAY]
    changes = states(alarm, made, 10 * DAY)
    assert [state for _, state in changes] == ["ALARM", "OK", "ALARM", "OK"]
    assert pages(alarm, made, days=10)[-1] == page_on
    assert alarm["OKActions"] == ["AlertTopic"]
    assert alarm["Period"] == HOUR


def test_the_window_of_the_fleet_check_is_longer_than_its_schedule_and_its_retries(stack: Rendered) -> None:
    schedule = stack.properties("FleetCheck")
    gap = longest_gap(schedule["ScheduleExpression"])
    assert gap == DAY
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    retries = schedule["Target"]["RetryPolicy"]["MaximumEventAgeInSeconds"]
    assert window_of(alarms_of(stack)["FleetNotCheckedAlarm"]) >= gap + retries


def test_a_new_stack_is_red_until_it_is_verified_and_then_says_so(stack: Rendered) -> None:
    """As step 3 of deploying says: verify once by hand, and expect the mail that it is OK."""
    alarm = alarms_of(stack)["NotVerifiedAlarm"]
    by_hand: list[tuple[int, float]] = [(90 * MINUTE, 0)]
    assert states(alarm, by_hand, 4 * HOUR) == [(HOUR, State.ALARM), (2 * HOUR, State.OK)]
    # From INSUFFICIENT_DATA to OK is a change of state too, so it runs the OKActions.
    assert [state for _, state in states(alarm, [(MINUTE, 0)], 4 * HOUR)] == [State.OK]


# ------------------------------------------------------------------------------------ the schedule


def test_the_fleet_check_is_invoked_daily_by_a_schedule_that_is_no_consoles(stack: Rendered) -> None:
    schedule = stack.properties("FleetCheck")
    target = schedule["Target"]
    assert json.loads(target["Input"]) == json.loads((ROOT / "events/verify-fleet.json").read_text())
    assert target["Arn"] == "arn:aws:AWS::Lambda::Function:::VerifyFunction"
    assert target["DeadLetterConfig"]["Arn"] == "arn:aws:AWS::SQS::Queue:::UndeliveredSchedules"
    assert (schedule["GroupName"], schedule.get("State", "ENABLED")) == ("Fleet", "ENABLED")
    assert not is_console_id(schedule["Name"].removesuffix("_verify"))
    assert re.fullmatch(r"[0-9a-zA-Z-_.]{1,64}", schedule["Name"])
