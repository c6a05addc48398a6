"""The schedules of a stack: one of each kind for each Console.

They are as the template makes the first Console's: the same target, role, retries and dead letters.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from audit_archive.events import is_console_id
from audit_archive.health import AUDIT_SUFFIX, LOCKS_SUFFIX
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


def listed(stack: Stack) -> Iterator[Mapping[str, Any]]:
    """Every schedule of a Console: Name, State, ScheduleExpression and more. The fleet check has one, too."""
    scheduler, group = stack.client("scheduler"), stack.output("ScheduleGroup")
    with asking(f"The schedules of the group {group} can't be listed"):
        for page in scheduler.get_paginator("list_schedules").paginate(GroupName=group):
            for each in page["Schedules"]:
                if owner_of(each["Name"]) is not None:
                    yield scheduler.get_schedule(Name=each["Name"], GroupName=group)


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
