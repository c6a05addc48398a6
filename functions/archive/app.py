"""The archive: one run over one Console, one extension of its locks, or one decision of an operator."""

from typing import TYPE_CHECKING, Any

from audit_archive.bootstrap import archiving
from audit_archive.lambda_function import LambdaFunction
from audit_archive.run.extend_locks import LocksReport
from audit_archive.run.result import Result

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

function = LambdaFunction("The run failed")


@function.handler
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Run once over the Console that the event names. docs/invoking.md says what an event may hold.

    Returns `audit_archive.run.result.Result.as_dict`, or `LocksReport.as_dict` if the event asks for locks to
    be extended. Raises the errors of `audit_archive.errors`.
    """
    result = archiving.archive(event, context)
    function.count(_locks(result) if isinstance(result, LocksReport) else _run(result))
    for warning in result.warnings:
        function.logger.warning(warning)
    answer = result.as_dict()
    function.logger.info("The run ended", extra=answer)
    return answer


def _run(result: Result) -> dict[str, int]:
    """The metrics of a run."""
    return {
        "CompletedRuns": int(result.is_completed),
        "NewEntries": result.new_entries,
        "PurgedEntries": result.purged_entries,
        "UnexplainedMissingIds": result.unexplained_ids,
        "ForeignPurges": len(result.foreign_purges),
        "StaleExports": int(result.is_stale),
        "UncountedEntries": abs(result.uncounted),
    }


def _locks(report: LocksReport) -> dict[str, int]:
    """The metrics of a run that extends locks."""
    return {
        "LocksLookedAt": report.looked_at,
        "LocksExtended": report.extended,
        "LocksRefused": report.refused,
    }
