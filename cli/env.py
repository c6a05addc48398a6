"""`env`: the names that the commands of the pages need, for the shell to take."""

import shlex

import click

from cli.options import Chosen, chosen, global_options
from cli.show import show_json

NAMES = {
    "BUCKET": "ArchiveBucket",
    "LEDGER_TABLE": "LedgerTable",
    "ARCHIVE_FUNCTION": "ArchiveFunction",
    "ARCHIVE_FUNCTION_ARN": "ArchiveFunctionArn",
    "VERIFY_FUNCTION": "VerifyFunction",
    "VERIFY_FUNCTION_ARN": "VerifyFunctionArn",
    "RETRIEVE_FUNCTION": "RetrieveFunction",
    "OPERATE_FUNCTION": "OperateFunction",
    "ALERT_TOPIC": "AlertTopic",
    "FAILED_RUNS": "FailedRuns",
    "UNDELIVERED_SCHEDULES": "UndeliveredSchedules",
    "SCHEDULE_GROUP": "ScheduleGroup",
    "SCHEDULE_ROLE_ARN": "ScheduleRoleArn",
    "REPORTS_BUCKET": "ReportsBucket",
}
"""The variables of the pages, each with the output of the stack that it holds."""


@click.command()
@global_options(hidden=True)
@chosen
def env(chosen: Chosen, /) -> None:
    """Print the variables that the commands of the pages need, for a shell.

    It prints names and no secret. AWS_REGION and CANARY_AUDIT_STACK are among them, so that every command
    after it asks the same stack.

    \b
    eval "$(canary-audit env)"                   and then type what a page says
    """
    stack, outputs = chosen.stack, chosen.stack.outputs()
    values = {"AWS_REGION": stack.region, "CANARY_AUDIT_STACK": stack.name}
    values |= {name: outputs[output] for name, output in NAMES.items() if output in outputs}
    if chosen.is_json:
        return show_json(values)
    for name, value in values.items():
        click.echo(f"export {name}={shlex.quote(value)}")
    return None
