"""The schedules of a stack: one for the runs of each Console, and one for its daily audit.

Both are as the template makes the first Console's: the same target, role, retries and dead letters.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from audit_archive.audit.fleet import AUDIT_SUFFIX
from audit_archive.events import is_console_id
from cli.stack import CloudError, Stack, asking, error_code_of

RETRY = {"MaximumRetryAttempts": 10, "MaximumEventAgeInSeconds": 21_600}
"""Retries of the delivery only. Lambda's own settings say how often a failed run is retried."""


@dataclass(frozen=True)
class Kind:
    """A kind of schedule: what its name ends with, which output names its function, what it does.

    `expression`: the stack's parameter that says when the first Console's is due.
    """

    name: str
    suffix: str
    function_output: str
    expression: str
    about: str


ARCHIVE = Kind("archive", "", "ArchiveFunctionArn", "ScheduleExpression", "Archives the audit trail of")
AUDIT = Kind("verify", AUDIT_SUFFIX, "VerifyFunctionArn", "VerifyExpression", "Verifies the archive of")
KINDS = (ARCHIVE, AUDIT)


def create(stack: Stack, kind: Kind, event: Mapping[str, Any], expression: str | None) -> bool:
    """Make a Console's schedule; False if it exists already. Raises CloudError.

    `event`: what it sends; `expression`: when; None: when the stack's first Console is due.
    """
    scheduler, parameters = stack.client("scheduler"), stack.parameters()
    console = event["console"]
    name = f"{console}{kind.suffix}"
    window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": int(parameters["FlexibleMinutes"])}
    try:
        with asking(f"The schedule {name} can't be made", "Correct the expression, or try again later."):
            scheduler.create_schedule(
                Name=name,
                GroupName=stack.output("ScheduleGroup"),
                Description=f"{kind.about} the Console {console}",
                ScheduleExpression=expression or parameters[kind.expression],
                FlexibleTimeWindow=window,
                Target=_target(stack, kind, event),
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
                if is_console_id(each["Name"].removesuffix(AUDIT_SUFFIX)):
                    yield scheduler.get_schedule(Name=each["Name"], GroupName=group)


def _target(stack: Stack, kind: Kind, event: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Arn": stack.output(kind.function_output),
        "RoleArn": stack.output("ScheduleRoleArn"),
        "Input": json.dumps(event),
        "RetryPolicy": RETRY,
        "DeadLetterConfig": {"Arn": stack.output("UndeliveredSchedules")},
    }
