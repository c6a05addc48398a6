"""A first deploy by CloudFormation alone: a change set, its changes to look at, and then the stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.exits import Exit, Failure
from cli.stack import CloudError, Stack, asking, error_code_of

CHANGE_SET = "init"
PATIENCE = {"Delay": 2, "MaxAttempts": 900}
NOT_YET = "REVIEW_IN_PROGRESS"
"""The state of a stack that has a change set and nothing else."""
STANDING = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
FAILED = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED")


@dataclass(frozen=True)
class Planned:
    """A change set that waits: how many resources of each type it makes."""

    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many resources it makes."""
        return sum(self.counts.values())

    def records(self) -> list[dict[str, Any]]:
        """One of each type, for a table."""
        return [{"type": kind, "how_many": count} for kind, count in sorted(self.counts.items())]


def state_of(stack: Stack) -> str:
    """The stack's status; empty if there is no stack. Raises CloudError, Failure for one in the way."""
    try:
        with asking(f"The stack {stack.name} can't be described"):
            (found,) = stack.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    except CloudError as error:
        if error_code_of(error) != "ValidationError":
            raise
        return ""
    status = str(found["StackStatus"])
    if status in FAILED:
        raise Failure(
            "FailedStack",
            f"The stack {stack.name} is {status}: its deploy failed, and no deploy can go on from there. No "
            "entry is in it yet. Look at its events, delete it (aws cloudformation delete-stack --stack-name "
            f"{stack.name}), mend the cause, and run init again: docs/deploying.md#a-first-deploy-that-fails",
            Exit.FAILED,
        )
    if status not in {*STANDING, NOT_YET}:
        message = f"The stack {stack.name} is {status}. Wait until that has ended, and run init again."
        raise Failure("StackBusy", message, Exit.FAILED)
    return "" if status == NOT_YET else status


def plan(stack: Stack, template_url: str, parameters: Mapping[str, str]) -> Planned:
    """Make the change set of a new stack, in place of one that an earlier init left. Raises CloudError."""
    cloudformation = stack.client("cloudformation")
    of = {"StackName": stack.name, "ChangeSetName": CHANGE_SET}
    action = f"The stack {stack.name} can't be planned"
    with asking(action, "Correct what it names, and run init again."):
        if _waits(stack):
            cloudformation.delete_change_set(**of)
        cloudformation.create_change_set(
            **of,
            ChangeSetType="CREATE",
            TemplateURL=template_url,
            Parameters=[{"ParameterKey": n, "ParameterValue": v} for n, v in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
    try:
        with asking(action):
            cloudformation.get_waiter("change_set_create_complete").wait(**of, WaiterConfig=PATIENCE)
    except CloudError as error:
        with asking(action):
            reason = cloudformation.describe_change_set(**of).get("StatusReason", error)
        raise CloudError(f"{action}: {reason}. Mend that, and run init again: it goes on here") from error
    return Planned(_counts(stack, of))


def _waits(stack: Stack) -> bool:
    """Whether a change set of an earlier init is there."""
    found = stack.client("cloudformation").list_stacks(StackStatusFilter=[NOT_YET])["StackSummaries"]
    return any(each["StackName"] == stack.name for each in found)


def _counts(stack: Stack, of: Mapping[str, str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    following: dict[str, str] = {}
    while True:
        with asking(f"The changes of the stack {stack.name} can't be read"):
            answer = stack.client("cloudformation").describe_change_set(**of, **following)
        for change in answer["Changes"]:
            kind = str(change["ResourceChange"]["ResourceType"])
            counts[kind] = counts.get(kind, 0) + 1
        if not answer.get("NextToken"):
            return counts
        following = {"NextToken": answer["NextToken"]}


def carry_out(stack: Stack) -> None:
    """Make what was planned, and wait for it. Raises CloudError with the first thing that failed."""
    cloudformation = stack.client("cloudformation")
    action = f"The stack {stack.name} can't be made"
    with asking(action):
        cloudformation.execute_change_set(StackName=stack.name, ChangeSetName=CHANGE_SET)
    try:
        with asking(action):
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName=stack.name, WaiterConfig=PATIENCE
            )
    except CloudError as error:
        raise CloudError(
            f"{action}: {_first_failure(stack) or error}. CloudFormation takes it back. When it has ended, "
            "delete the stack, mend the cause, run init again: docs/deploying.md#a-first-deploy-that-fails"
        ) from error


def _first_failure(stack: Stack) -> str:
    """What failed first, in CloudFormation's words; empty if no event says so."""
    with asking(f"The events of the stack {stack.name} can't be read"):
        pages = stack.client("cloudformation").get_paginator("describe_stack_events")
        events = [each for page in pages.paginate(StackName=stack.name) for each in page["StackEvents"]]
    failed = [each for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    return (
        f"{failed[-1]['LogicalResourceId']}: {failed[-1].get('ResourceStatusReason', '')}" if failed else ""
    )
