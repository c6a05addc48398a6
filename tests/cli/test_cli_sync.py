"""`console sync`: what is the stack's is brought to what the stack is now; what is a Console's own stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from cli import schedules
from cli.exits import Exit
from cli.main import main
from cli.options import Chosen
from cli.stack import Stack
from cli.sync import sync_of
from tests.support.aws import client, moto_server

OUTPUTS = {
    "ArchiveFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:my-stack-archive",
    "VerifyFunctionArn": "arn:aws:lambda:eu-west-1:111122223333:function:my-stack-verify",
    "ScheduleRoleArn": "arn:aws:iam::111122223333:role/my-stack-ScheduleRole-1",
    "UndeliveredSchedules": "arn:aws:sqs:eu-west-1:111122223333:my-stack-UndeliveredSchedules-1",
}
PARAMETERS = {
    "Console": "first",
    "FlexibleMinutes": "60",
    "ScheduleExpression": "cron(17 3 * * ? *)",
    "VerifyExpression": "cron(17 5 * * ? *)",
    "LocksExpression": "cron(17 7 1 * ? *)",
}
TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
OWN: dict[str, Any] = {
    "ScheduleExpression": "rate(7 days)",
    "ScheduleExpressionTimezone": "Europe/Berlin",
    "State": "DISABLED",
    "StartDate": TOMORROW,
    "EndDate": TOMORROW + timedelta(days=400),
    "KmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
}


@pytest.fixture(scope="module")
def scheduler() -> Iterator[Any]:
    """A client of moto's, whose UpdateSchedule resets what it is not told, as AWS's does."""
    with moto_server() as endpoint:
        yield client("scheduler", endpoint)


@pytest.fixture
def stack(scheduler: Any) -> Stack:
    """A stack with the schedules of its first Console."""
    group = f"group-{uuid4().hex}"
    subject = Stack("my-stack", None, "eu-west-1")
    subject._clients["scheduler"] = scheduler
    subject.described = described(OUTPUTS | {"ScheduleGroup": group}, PARAMETERS)
    scheduler.create_schedule_group(Name=group)
    for kind in schedules.KINDS:
        schedules.create(subject, kind, {"console": "first"}, None)
    return subject


def described(outputs: Mapping[str, str], parameters: Mapping[str, str]) -> dict[str, Any]:
    """A stack as CloudFormation describes it."""
    return {
        "Outputs": [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()],
        "Parameters": [{"ParameterKey": n, "ParameterValue": value} for n, value in parameters.items()],
    }


def updated(stack: Stack) -> None:
    """What an update of the stack changes: every function, the role, the queue and the window."""
    stack.described = described(
        {n: f"{value}-new" for n, value in OUTPUTS.items()}
        | {"ScheduleGroup": stack.output("ScheduleGroup")},
        {**PARAMETERS, "FlexibleMinutes": "15", "ScheduleExpression": "rate(1 hour)"},
    )


def add(stack: Stack, console: str = "added") -> None:
    """Every schedule of one more Console."""
    for kind in schedules.KINDS:
        assert schedules.create(stack, kind, {"console": console}, None)


def schedule(stack: Stack, name: str) -> dict[str, Any]:
    """A schedule as it is, without what tells of the request."""
    found = stack.client("scheduler").get_schedule(Name=name, GroupName=stack.output("ScheduleGroup"))
    return {n: v for n, v in found.items() if n not in {"ResponseMetadata", "LastModificationDate"}}


def change(stack: Stack, name: str, **fields: Any) -> None:
    """Change a schedule by hand."""
    there = {n: v for n, v in schedule(stack, name).items() if n not in {"Arn", "CreationDate"}}
    stack.client("scheduler").update_schedule(**{**there, **fields})


def every(stack: Stack) -> list[dict[str, Any]]:
    """Every schedule of the group."""
    return [schedule(stack, each["Name"]) for each in schedules.listed(stack)]


@pytest.fixture
def sync(stack: Stack) -> Callable[..., Result]:
    """`canary-audit console sync`."""

    def run(*arguments: str, answer: str | None = None) -> Result:
        runner = CliRunner(mix_stderr=False)
        given = Chosen(stack_name=stack.name)
        given.stack = stack
        return runner.invoke(main, ["console", "sync", *arguments], obj=given, input=answer)

    return run


def test_schedules_that_are_as_the_stack_makes_them_are_not_touched(
    stack: Stack, sync: Callable[..., Result]
) -> None:
    add(stack)
    before = every(stack)
    ran = sync("--yes")
    assert ran.exit_code == 0, ran.stderr
    assert f"{len(schedules.KINDS)} schedules are as the stack makes them" in ran.stderr
    assert ran.stdout == ""
    assert every(stack) == before


def test_after_an_update_the_schedules_are_the_new_stacks_and_their_own_settings_stay(
    stack: Stack, sync: Callable[..., Result]
) -> None:
    add(stack)
    for kind in schedules.KINDS:
        change(stack, f"added{kind.suffix}", **OWN)
    updated(stack)
    assert sync("--yes").exit_code == 0
    for kind in schedules.KINDS:
        there = schedule(stack, f"added{kind.suffix}")
        event = json.dumps({"console": "added"})
        assert there | schedules.owned(stack, kind, "added", event) == there
        assert {field: there[field] for field in OWN} == OWN
        assert there["Target"]["RoleArn"].endswith("-new")
        assert there["FlexibleTimeWindow"]["MaximumWindowInMinutes"] == 15
    again = sync("--yes", "--json")
    assert json.loads(again.stdout)["changes"] == []


ELSE: list[dict[str, Any]] = [
    {"Description": "mine"},
    {"FlexibleTimeWindow": {"Mode": "OFF"}},
    {"Target": {"Arn": "arn:aws:lambda:eu-west-1:111122223333:function:mine"}},
    {"Target": {"RoleArn": "arn:aws:iam::111122223333:role/mine"}},
    {"Target": {"RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}}},
    {"Target": {"DeadLetterConfig": {"Arn": "arn:aws:sqs:eu-west-1:111122223333:mine"}}},
    {"Target": {"SqsParameters": {"MessageGroupId": "mine"}}},
]


def test_each_thing_that_is_the_stacks_is_put_right(stack: Stack, sync: Callable[..., Result]) -> None:
    add(stack)
    right = schedule(stack, "added")
    for other in ELSE:
        target = {"Target": right["Target"] | other["Target"]} if "Target" in other else {}
        change(stack, "added", **{**other, **target})
        assert schedule(stack, "added") != right, other
        ran = sync("--yes", "--json")
        assert {each["schedule"] for each in json.loads(ran.stdout)["changes"]} == {"added"}, other
        assert schedule(stack, "added") == right, other


def test_what_an_event_asks_for_stays(stack: Stack, sync: Callable[..., Result]) -> None:
    """An event may hold a Console back from purging: a sync must never let go of that."""
    add(stack)
    own = '{"purge_mode": "dry-run",  "console": "added"}'
    change(stack, "added", Target=schedule(stack, "added")["Target"] | {"Input": own})
    updated(stack)
    assert sync("--yes").exit_code == 0
    assert schedule(stack, "added")["Target"]["Input"] == own


def test_an_event_that_is_not_for_the_console_is_left_to_a_person(
    stack: Stack, sync: Callable[..., Result]
) -> None:
    add(stack)
    updated(stack)
    for event in ("no JSON", "[]", "{}", '{"console": "other"}', '{"console": null}'):
        change(stack, "added", Target=schedule(stack, "added")["Target"] | {"Input": event})
        before = schedule(stack, "added")
        ran = sync("--yes")
        assert ran.exit_code == Exit.FAULTS, event
        assert "added is not changed: its event is" in ran.stderr, event
        assert schedule(stack, "added") == before, event
    assert schedule(stack, "added_verify")["Target"]["RoleArn"].endswith("-new")


class Dated:
    """A scheduler of moto's, with dates in the past: it takes none, as AWS takes none."""

    def __init__(self, client: Any, **dates: datetime) -> None:
        self._client, self._dates = client, dates

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def get_schedule(self, **asked: Any) -> dict[str, Any]:
        """A schedule, with the dates."""
        return {**self._client.get_schedule(**asked), **self._dates}


def test_a_start_that_is_past_is_left_out_and_an_end_that_is_past_ends_it(
    stack: Stack, sync: Callable[..., Result]
) -> None:
    add(stack)
    updated(stack)
    scheduler, past = stack.client("scheduler"), TOMORROW - timedelta(days=10)
    stack._clients["scheduler"] = Dated(scheduler, StartDate=past, EndDate=past + timedelta(days=1))
    ended = sync("--yes")
    assert ended.exit_code == Exit.FAULTS
    assert "added is not changed: it ended on" in ended.stderr
    stack._clients["scheduler"] = Dated(scheduler, StartDate=past)
    begun = sync("--yes", "--json")
    assert begun.exit_code == 0, begun.stderr
    assert {"schedule": "added", "field": "StartDate", "was": f"{past:%Y-%m-%d}", "is": None} in json.loads(
        begun.stdout
    )["changes"]
    stack._clients["scheduler"] = scheduler
    assert sync_of(stack).changes == []


def test_the_stacks_own_schedules_and_those_of_no_console_are_not_touched(
    stack: Stack, sync: Callable[..., Result]
) -> None:
    fleet = schedule(stack, "first") | {"Name": "_fleet"}
    stack.client("scheduler").create_schedule(
        **{name: value for name, value in fleet.items() if name not in {"Arn", "CreationDate"}}
    )
    updated(stack)
    before = [*every(stack), schedule(stack, "_fleet")]
    assert len(before) == len(schedules.KINDS) + 1
    assert sync("--yes").exit_code == 0
    assert [*every(stack), schedule(stack, "_fleet")] == before


def test_it_shows_first_and_changes_nothing_unless_it_is_told_to(
    stack: Stack, sync: Callable[..., Result]
) -> None:
    add(stack)
    updated(stack)
    before = every(stack)
    for arguments, status in ((["--dry-run"], 0), (["--dry-run", "--json"], 0), ([], Exit.ABANDONED)):
        ran = sync(*arguments, answer="n\n")
        assert ran.exit_code == status
        assert "my-stack-archive-new" in ran.stdout
        assert every(stack) == before


@pytest.mark.parametrize(
    ("expression", "event"),
    [
        ("cron(17 3 * * ? *)", {"console": "added"}),
        ("rate(7 days)", {"console": "added", "period_hours": 168}),
        pytest.param(
            "cron(0 3 ? * MON *)", {"console": "added", "period_hours": 168}, marks=pytest.mark.wide
        ),
        pytest.param("at(2030-01-01T00:00:00)", {"console": "added"}, marks=pytest.mark.wide),
    ],
)
def test_a_missing_audit_is_made_for_how_often_the_console_is_archived(
    stack: Stack, sync: Callable[..., Result], expression: str, event: dict[str, Any]
) -> None:
    schedules.create(stack, schedules.ARCHIVE, {"console": "added"}, expression)
    assert sync("--yes").exit_code == 0
    made = schedule(stack, "added_verify")
    assert json.loads(made["Target"]["Input"]) == event
    assert made["ScheduleExpression"] == PARAMETERS["VerifyExpression"]
    assert sync_of(stack).changes == []


def test_archiving_that_was_stopped_is_never_begun_again(stack: Stack, sync: Callable[..., Result]) -> None:
    add(stack)
    schedules.remove(stack, schedules.ARCHIVE, "added")
    updated(stack)
    assert sync("--yes").exit_code == 0
    assert "added" not in {each["Name"] for each in every(stack)}


def test_the_list_has_consoles_only(stack: Stack) -> None:
    names = ["added", "added_verify", "_fleet", "added_", "_verify", "Added", "added_other", "x" * 58]
    owners = {name: schedules.owner_of(name) for name in names}
    assert {name for name, owner in owners.items() if owner} == {"added", "added_verify"}
    assert owners["added"] == ("added", schedules.ARCHIVE)
    assert owners["added_verify"] == ("added", schedules.AUDIT)
