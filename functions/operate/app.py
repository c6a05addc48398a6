"""The operator's own door: decisions that the chain states, and how far purging may go."""

from typing import TYPE_CHECKING, Any

from audit_archive.bootstrap import operating
from audit_archive.lambda_function import LambdaFunction

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

function = LambdaFunction("The decision was not stated")


@function.handler
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """State the decision in the event; `events/` and the README show what an event may hold.

    Returns `audit_archive.run.result.Result.as_dict`, or `PurgingReport.as_dict` if the event sets how far
    purging may go. Raises the errors of `audit_archive.errors`.
    """
    report = operating.operate(event, context)
    function.count({"OperatorDecisions": 1})
    for warning in report.warnings:
        function.logger.warning(warning)
    answer = report.as_dict()
    function.logger.info("An operator decided", extra=answer)
    return answer
