"""Each alarm goes off from its cause, and tells the topic."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ministack.core import iam_evaluator as engine  # type: ignore[import-untyped]

from tests.functions.alarms.account import DAY, MINUTE, Watched
from tests.functions.alarms.causes import CAUSES
from tests.functions.alarms.evaluation import Reader, State
from tests.functions.alarms.page import PAGE, page
from tests.support.stack import SOURCE, Rendered

ALARMS = [name for name, r in SOURCE["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm"]


def test_every_alarm_has_its_cause() -> None:
    assert set(CAUSES) == set(ALARMS)


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_goes_off_from_its_cause(
    rendered: Rendered, watch: Callable[[], Watched], name: str
) -> None:
    watched = watch()
    CAUSES[name].happens(watched)
    reader = Reader(rendered.properties(name), watched.samples)
    assert not reader.is_silent, "nothing that this alarm reads was sent: is its metric named as in the code?"
    after = goes_off(reader, watched.since)
    assert after is not None
    assert after <= CAUSES[name].within


def goes_off(alarm: Reader, since: float) -> float | None:
    """Seconds from the cause until an alarm goes off, looked at again and again; None if it does not."""
    state, now = State.OK, since
    while now <= since + 7 * DAY:
        now += max(MINUTE, alarm.period / 60)
        state = alarm.state_at(now, state)
        if state is State.ALARM:
            return now - since
    return None


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_tells_the_topic(rendered: Rendered, name: str) -> None:
    alarm = rendered.properties(name)
    assert alarm["AlarmActions"] == ["AlertTopic"]
    assert alarm.get("ActionsEnabled", True) is True
    (policy,) = rendered.of_type("AWS::SNS::TopicPolicy").values()
    assert policy["Topics"] == ["AlertTopic"]
    for account, decision in (("111122223333", "Allow"), ("444455556666", "ImplicitDeny")):
        asked = engine.EvalContext(
            principal_arn="",
            principal_type="Service",
            principal_account="",
            action="sns:Publish",
            resource_arn="AlertTopic",
            region="eu-west-1",
            service_context={"aws:sourceaccount": account},
        )
        found = engine.evaluate_resource_policy(
            policy["PolicyDocument"], asked, service="cloudwatch.amazonaws.com"
        )
        assert found.decision == decision


def test_the_page_has_every_alarm(rendered: Rendered) -> None:
    assert PAGE.read_text() == page(rendered), "python -m tests.functions.alarms writes it"
