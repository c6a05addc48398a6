"""A week in which nothing is wrong: every schedule of the template is kept, and no alarm goes off."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

import pytest

from tests.functions.alarms.account import ARCHIVE, VERIFY, Watched
from tests.support.alarms import DAY, HOUR, MINUTE, Reader, Sample, State
from tests.support.entries import Json
from tests.support.invocation import Hurried
from tests.support.stack import Rendered

DAYS, FIRST_OF_MONTH, HURRIED, MENDED = 8, 3, 4, 5
"""The week begins with the first day of a new stack. On days of it the locks are extended, an audit goes on
in a second invocation, and a retry mends a failure."""

LOOKS = 3
"""At its clock, until an audit that is made in two parts has no time any more."""
SEED = 20_261_201
CONSOLES = 12
CRON = re.compile(r"cron\((\d+) (\d+) (\d+|\*) \* \? \*\)")


def minute_of(expression: str, day: int) -> int | None:
    """The minute of a day at which a schedule is due; None if it is not due on that day of the month."""
    found = CRON.fullmatch(expression)
    assert found, f"a healthy week knows no schedule like {expression}"
    is_due = found[3] == "*" or int(found[3]) == day - FIRST_OF_MONTH + 1
    return int(found[1]) + 60 * int(found[2]) if is_due else None


def due(stack: Rendered, random: Random) -> Iterator[tuple[float, str, Json]]:
    """When each schedule of the template invokes which function with which input, in order."""
    schedules = stack.of_type("AWS::Scheduler::Schedule").values()
    for day in range(DAYS):
        today = []
        for each in schedules:
            window = int(each["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0))
            minute = minute_of(each["ScheduleExpression"], day)
            if minute is not None:
                at = day * DAY + (minute + random.uniform(0, window)) * MINUTE
                target = each["Target"]
                today.append((at, target["Arn"].rpartition(":")[2], json.loads(target["Input"])))
        yield from sorted(today, key=lambda each: each[0])


def week(watched: Watched) -> list[Sample]:
    """What comes to CloudWatch from one Console's schedules."""
    random = Random(SEED)  # noqa: S311 - no secret
    did: list[Json] = []
    for at, function, event in due(watched.stack, random):
        watched.now = at
        day, context = at // DAY, None
        if function == ARCHIVE and "extend_locks" not in event:
            if new := random.randrange(3):
                watched.world.trail.arrive(new)
            if day == MENDED:
                watched.fail_once(function)
                watched.now += MINUTE
        elif function == VERIFY and "fleet" not in event and day == HURRIED:
            context = Hurried(LOOKS)
        result = watched.schedule(function, event, context)
        assert result is not None
        did.append(event | result)
    assert [each["refused"] for each in did if "extend_locks" in each] == [0]
    assert [each["unhealthy"] for each in did if "fleet" in each] == [0] * DAYS
    return watched.samples


def of_a_fleet(samples: list[Sample], random: Random) -> Iterator[Sample]:
    """The same from many Consoles, each at minutes of its own; one of them has the failure."""
    yield from samples
    for _ in range(CONSOLES - 1):
        shift = random.uniform(0, HOUR)
        sound = (each for each in samples if each.series.name != "Errors" or not each.value)
        yield from (replace(each, at=each.at + shift) for each in sound)


@pytest.mark.wide
def test_no_alarm_goes_off_in_a_healthy_week(rendered: Rendered, watch: Callable[[], Watched]) -> None:
    """But those that wait for the first audit and the first fleet check of the new stack."""
    watched = watch()
    one = week(watched)
    assert watched.messages() == []
    assert watched.split == 1
    fleet = list(of_a_fleet(one, Random(SEED)))  # noqa: S311
    awaited = {"NotVerifiedAlarm", "FleetNotCheckedAlarm"}
    for samples in (one, fleet):
        first = went_off(rendered, samples, HOUR)
        assert {name: state for name, (_, state) in first.items()} == dict.fromkeys(awaited, State.ALARM)
        later = went_off(rendered, samples, DAYS * DAY)
        assert {name: count for name, (count, _) in later.items()} == dict.fromkeys(awaited, 1)
        assert {state for _, state in later.values()} == {State.OK}
    # The same eyes see what is wrong: three failures within an hour.
    watched.now = 5.5 * DAY
    for _ in range(3):
        watched.fail_once(ARCHIVE)
    assert set(went_off(rendered, watched.samples, DAYS * DAY)) == awaited | {"ErrorsAlarm"}


def went_off(stack: Rendered, samples: list[Sample], until: float) -> dict[str, tuple[int, State]]:
    """The alarms that went off: how often, and the state at the end."""
    found: dict[str, tuple[int, State]] = {}
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        states = [state for _, state in Reader(alarm, samples).changes(until, every=HOUR / 2)]
        if State.ALARM in states:
            found[name] = states.count(State.ALARM), states[-1]
    return found
