"""Each alarm goes off from its cause, and tells the topic."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from ministack.core import iam_evaluator as engine  # type: ignore[import-untyped]

from tests.functions.alarms.account import Watched
from tests.functions.alarms.causes import CAUSES, Cause
from tests.functions.alarms.page import PAGE, page
from tests.support.alarms import MINUTE, Reader, State
from tests.support.stack import SOURCE, Rendered

ALARMS = [name for name, r in SOURCE["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm"]


def test_every_alarm_has_its_cause() -> None:
    assert {name for cause in CAUSES for name in cause.alarms} == set(ALARMS)


@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.happens.__name__)
def test_a_cause_sets_off_its_alarms_and_no_other(
    rendered: Rendered, watch: Callable[[], Watched], cause: Cause
) -> None:
    watched = watch()
    cause.happens(watched)
    assert set(went_off(rendered, watched, cause.within)) == set(cause.alarms)
    assert tuple(message["kind"] for message in watched.messages()) == cause.messages


def went_off(stack: Rendered, watched: Watched, within: float) -> Iterator[str]:
    """The alarms that go off in time. One whose metric was never sent does not count: it waits."""
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        reader = Reader(alarm, watched.samples)
        every = max(MINUTE, reader.period / 12)
        changes = reader.changes(watched.since + within, watched.since, State.OK, every)
        if not reader.is_silent and any(state is State.ALARM for _, state in changes):
            yield name


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
