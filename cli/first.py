"""The stack's first Console: its schedules are the stack's, so an update of the stack switches them off."""

from audit_archive.errors import runbook_url
from cli.stack import CloudError, Stack, asking, error_code_of

OFF = {"ScheduleState": "DISABLED", "VerifyState": "DISABLED"}
PATIENCE = {"Delay": 3, "MaxAttempts": 600}


def is_first(stack: Stack, console: str) -> bool:
    """Whether the stack's template made the Console's schedules."""
    return stack.parameters().get("Console") == console


def switch_off(stack: Stack) -> bool:
    """Switch its runs and audits off, and wait. Returns whether anything changed. Raises CloudError.

    The template and all other parameters stay as they were deployed: no checkout is needed. A later deploy
    leaves them off, because it keeps the parameters that it is not given.
    """
    parameters = [
        {"ParameterKey": name, "ParameterValue": OFF[name]}
        if name in OFF
        else {"ParameterKey": name, "UsePreviousValue": True}
        for name in stack.parameters()
    ]
    by_hand = (
        "Or deploy it with ScheduleState=DISABLED VerifyState=DISABLED: "
        f"{runbook_url('stopping-one-console')}"
    )
    cloudformation = stack.client("cloudformation")
    try:
        with asking(f"The stack {stack.name} can't be updated", by_hand):
            cloudformation.update_stack(
                StackName=stack.name,
                UsePreviousTemplate=True,
                Parameters=parameters,
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            )
    except CloudError as error:
        if error_code_of(error) == "ValidationError" and "No updates" in str(error.__cause__):
            return False
        raise
    with asking(f"The stack {stack.name} was not updated", by_hand):
        cloudformation.get_waiter("stack_update_complete").wait(StackName=stack.name, WaiterConfig=PATIENCE)
    return True
