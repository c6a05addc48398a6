"""A week in which nothing is wrong: every schedule of the template is kept, and no alarm goes off."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from random import Random

from tests.functions.alarms.account import ARCHIVE, DAY, HOUR, MINUTE, Watched
from tests.functions.alarms.evaluation import Reader, Sample, State
from tests.support.stack import Rendered

FIRST_DAYS, DAYS = 3, 10
"""Days before the week, in which a new stack's alarms settle, and all days."""

SEED = 20_261_201
CONSOLES = 12
CRON = re.compile(r"cron\((\d+) (\d+) (\d+|\*) \* \? \*\)")


def minute_of(expression: str, day: int) -> int | None:
    """The minute of a day at which a schedule is due; None if it is not due on that day of the month."""
    found = CRON.fullmatch(expression)
    assert found, f"a healthy week knows no schedule like {expression}"
    return int(found[1]) + 60 * int(found[2]) if found[3] in {"*", str(day + 1)} else None


def due(stack: Rendered, random: Random) -> Iterator[tuple[float, str, str]]:
    """When each schedule of the template invokes which function with which input, in order."""
    schedules = stack.of_type("AWS::Scheduler::Schedule").values()
    for day in range(DAYS):
        today = []
        for each in schedules:
            window = int(each["FlexibleTimeWindow"].get("MaximumWindowInMinutes", 0))
            minute = minute_of(each["ScheduleExpression"], day)
            if minute is not None:
                at = day * DAY + (minute + random.uniform(0, window)) * MINUTE
                today.append((at, each["Target"]["Arn"].rpartition(":")[2], each["Target"]["Input"]))
        yield from sorted(today)


def week(watched: Watched) -> list[Sample]:
    """What comes to CloudWatch from one Console's schedules; on one day a retry mends a failure."""
    random = Random(SEED)  # noqa: S311 - no secret
    for at, function, said in due(watched.stack, random):
        watched.now = at
        if function == ARCHIVE:
            if new := random.randrange(3):
                watched.world.trail.arrive(new)
            if 5 * DAY < at < 6 * DAY:
                watched.fail_once(function)
                watched.now += MINUTE
        event = json.loads(said)
        event.pop("console", None)
        assert watched.schedule(function, **event) is not None
    return watched.samples


def of_a_fleet(samples: list[Sample], random: Random) -> Iterator[Sample]:
    """The same from many Consoles, each at minutes of its own; one of them has the failure."""
    yield from samples
    for _ in range(CONSOLES - 1):
        shift = random.uniform(0, HOUR)
        sound = (each for each in samples if each.name != "Errors" or not each.value)
        yield from (replace(each, at=each.at + shift) for each in sound)


def test_no_alarm_goes_off_in_a_healthy_week(rendered: Rendered, watch: Callable[[], Watched]) -> None:
    watched = watch()
    one = week(watched)
    fleet = list(of_a_fleet(one, Random(SEED)))  # noqa: S311
    assert went_off(rendered, one) == {}
    assert went_off(rendered, fleet) == {}
    # The same eyes see what is wrong: three failures within an hour.
    watched.now = 5.5 * DAY
    for _ in range(3):
        watched.fail_once(ARCHIVE)
    assert set(went_off(rendered, watched.samples)) == {"ErrorsAlarm"}


def went_off(stack: Rendered, samples: list[Sample]) -> dict[str, float]:
    """The alarms that went off in the week, and after how many days."""
    found: dict[str, float] = {}
    for name, alarm in stack.of_type("AWS::CloudWatch::Alarm").items():
        reader, state, now = Reader(alarm, samples), State.OK, FIRST_DAYS * DAY
        while now < DAYS * DAY:
            state = reader.state_at(now, state)
            if state is State.ALARM:
                found.setdefault(name, now / DAY)
            now += 20 * MINUTE
    return found
