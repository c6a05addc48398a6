"""The schedules of a stack: one of each kind for each Console.

They are as the template makes the first Console's: the same target, role, retries and dead letters.
"""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from audit_archive.events import is_console_id
from audit_archive.fleet_ports import ScheduleFacts
from audit_archive.health import AUDIT_SUFFIX, LOCKS_SUFFIX
from audit_archive.retrieve.status import AT_ONCE
from cli.stack import CloudError, Stack, asking, error_code_of

RETRY = {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 21_600}
"""Retries of the delivery only. Lambda's own settings say how often a failed run is retried."""


@dataclass(frozen=True)
class Kind:
    """A kind of schedule: what its name ends with, which output names its function, what it does.

    `expression`: the stack's parameter that says when the first Console's is due. `asks`: what its event has
    besides the Console.
    """

    name: str
    suffix: str
    function_output: str
    expression: str
    about: str
    asks: Mapping[str, Any] = field(default_factory=dict, hash=False)


ARCHIVE = Kind("archive", "", "ArchiveFunctionArn", "ScheduleExpression", "Archives the audit trail of")
AUDIT = Kind("verify", AUDIT_SUFFIX, "VerifyFunctionArn", "VerifyExpression", "Verifies the archive of")
LOCKS = Kind(
    "locks",
    LOCKS_SUFFIX,
    "ArchiveFunctionArn",
    "LocksExpression",
    "Extends the locks of the archive of",
    {"extend_locks": True},
)
KINDS = (ARCHIVE, AUDIT, LOCKS)


def create(stack: Stack, kind: Kind, event: Mapping[str, Any], expression: str | None) -> bool:
    """Make a Console's schedule; False if it exists already. Raises CloudError.

    `event`: what it sends; `expression`: when; None: when the stack's first Console is due.
    """
    scheduler, parameters = stack.client("scheduler"), stack.parameters()
    name = f"{event['console']}{kind.suffix}"
    try:
        with asking(f"The schedule {name} can't be made", "Correct the expression, or try again later."):
            scheduler.create_schedule(
                Name=name,
                GroupName=stack.output("ScheduleGroup"),
                ScheduleExpression=expression or parameters[kind.expression],
                **owned(stack, kind, event["console"], json.dumps(event)),
            )
    except CloudError as error:
        if error_code_of(error) == "ConflictException":
            return False
        raise
    return True


def remove(stack: Stack, kind: Kind, console: str) -> bool:
    """Remove a schedule; False if it does not exist. Raises CloudError."""
    name = f"{console}{kind.suffix}"
    try:
        with asking(f"The schedule {name} can't be removed"):
            stack.client("scheduler").delete_schedule(Name=name, GroupName=stack.output("ScheduleGroup"))
    except CloudError as error:
        if error_code_of(error) == "ResourceNotFoundException":
            return False
        raise
    return True


def found(stack: Stack, kind: Kind, console: str) -> Mapping[str, Any] | None:
    """A Console's schedule of a kind; None if it has no such schedule. Raises CloudError."""
    name = f"{console}{kind.suffix}"
    try:
        with asking(f"The schedule {name} can't be looked at"):
            there: Mapping[str, Any] = stack.client("scheduler").get_schedule(
                Name=name, GroupName=stack.output("ScheduleGroup")
            )
    except CloudError as error:
        if error_code_of(error) == "ResourceNotFoundException":
            return None
        raise
    return there


def change(stack: Stack, there: Mapping[str, Any], expression: str | None, event: Mapping[str, Any]) -> str:
    """Change when a schedule is due, or what its event has besides. Returns what became of it.

    UpdateSchedule resets what a request leaves out, so the request states all of the schedule. Raises
    CloudError.
    """
    was = there["ScheduleExpression"]
    asked = json.dumps(json.loads(there["Target"].get("Input", "{}")) | event)
    request = kept(stack, there) | {
        "ScheduleExpression": expression or was,
        "Target": {**there["Target"], "Input": asked},
    }
    with asking(
        f"The schedule {there['Name']} can't be changed", "Correct the expression, or try again later."
    ):
        stack.client("scheduler").update_schedule(**request)
    return f"changed from {was} to {expression}" if expression is not None else "changed"


def kept(stack: Stack, there: Mapping[str, Any]) -> dict[str, Any]:
    """All of a schedule that a request to change it may state."""
    operation = stack.client("scheduler").meta.service_model.operation_model("UpdateSchedule")
    return {name: there[name] for name in operation.input_shape.members if name in there}


def facts_of(there: Mapping[str, Any]) -> ScheduleFacts:
    """What the health of its Console depends on."""
    created = there["CreationDate"]
    return ScheduleFacts(there["Name"], there.get("State") != "DISABLED", int(created.timestamp()))


def listed(stack: Stack) -> Iterator[Mapping[str, Any]]:
    """Every schedule of a Console: Name, State, ScheduleExpression and more. The fleet check has one, too."""
    scheduler, group = stack.client("scheduler"), stack.output("ScheduleGroup")
    with (
        asking(f"The schedules of the group {group} can't be listed"),
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        pages = scheduler.get_paginator("list_schedules").paginate(GroupName=group)
        names = [each["Name"] for page in pages for each in page["Schedules"]]
        ours = [name for name in names if owner_of(name) is not None]
        yield from pool.map(lambda name: scheduler.get_schedule(Name=name, GroupName=group), ours)


def owner_of(name: str) -> tuple[str, Kind] | None:
    """The Console that a schedule is for, and the kind of it, by its name; None: it is not a Console's."""
    for kind in KINDS:
        console = name.removesuffix(kind.suffix)
        if name.endswith(kind.suffix) and is_console_id(console):
            return console, kind
    return None


def owned(stack: Stack, kind: Kind, console: str, event: str) -> dict[str, Any]:
    """What of a schedule is the stack's. All the rest is the Console's own: when, its state, its time zone.

    `event`: what the schedule sends, as JSON.
    """
    minutes = int(stack.parameters()["FlexibleMinutes"])
    return {
        "Description": f"{kind.about} the Console {console}",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes},
        "Target": {
            "Arn": stack.output(kind.function_output),
            "RoleArn": stack.output("ScheduleRoleArn"),
            "Input": event,
            "RetryPolicy": RETRY,
            "DeadLetterConfig": {"Arn": stack.output("UndeliveredSchedules")},
        },
    }
