"""The archive: one run over one Console, or one decision of an operator."""

from typing import TYPE_CHECKING, Any

from audit_archive import bootstrap
from audit_archive.lambda_function import LambdaFunction

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

function = LambdaFunction("The run failed")


@function.handler
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Run once over the Console that the event names; `events/` and the README show what an event may hold.

    Returns `audit_archive.run.result.Result.as_dict`. Raises the errors of `audit_archive.errors`.
    """
    result = bootstrap.archive(event, context)
    function.count(
        {
            "CompletedRuns": int(result.is_completed),
            "NewEntries": result.new_entries,
            "PurgedEntries": result.purged_entries,
            "UnexplainedMissingIds": result.unexplained_ids,
            "ForeignPurges": len(result.foreign_purges),
            "StaleExports": int(result.is_stale),
            "UncountedEntries": abs(result.uncounted),
        }
    )
    for warning in result.warnings:
        function.logger.warning(warning)
    answer = result.as_dict()
    function.logger.info("The run ended", extra=answer)
    return answer
