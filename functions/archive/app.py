"""The archive: one run over one Console. An event in, a dict out; what ends badly is raised."""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from audit_archive import bootstrap
from audit_archive.errors import AuditArchiveError
from audit_archive.format.facts import Cause
from audit_archive.run.request import ArchiveRequest, OperatorRequest, is_operator_event
from audit_archive.run.result import Result

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
# Only AWS calls are traced: a trace of the Console's calls could show a key that travels in a URL.
tracer = Tracer(patch_modules=["botocore"])


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Run once over the Console that the event names; `events/` and the README show what an event may hold.

    Returns the fields of `audit_archive.run.result.Result`. Raises the errors of `audit_archive.errors`.
    """
    try:
        result = _carry_out(event, context)
    except AuditArchiveError as error:
        metrics.add_metric(f"Failed{type(error).__name__}", MetricUnit.Count, 1)
        logger.exception("The run failed", extra={"error_class": type(error).__name__})
        raise
    _tell(result)
    return result.as_dict()


def _carry_out(event: dict[str, Any], context: "LambdaContext") -> Result:
    if is_operator_event(event):
        decision = OperatorRequest.from_event(event)
        logger.append_keys(console=decision.console)
        return bootstrap.operate(decision, context)
    request = ArchiveRequest.from_event(event)
    logger.append_keys(console=request.console)
    return bootstrap.archive_run(request, context)


def _tell(result: Result) -> None:
    """The run in one log line, a line more for each warning, and in metrics added up over all Consoles."""
    unexplained = sum(hole.last - hole.first + 1 for hole in result.holes if hole.cause == Cause.UNEXPLAINED)
    for name, count in (
        ("CompletedRuns", int(result.is_completed)),
        ("NewEntries", result.new_entries),
        ("PurgedEntries", result.purged_entries),
        ("UnexplainedMissingIds", unexplained),
        ("ForeignPurges", len(result.foreign_purges)),
        ("StaleExports", int(result.is_stale)),
        ("UncountedEntries", abs(result.uncounted)),
    ):
        metrics.add_metric(name, MetricUnit.Count, count)
    for warning in result.warnings:
        logger.warning(warning)
    logger.info("The run ended", extra=result.as_dict())
