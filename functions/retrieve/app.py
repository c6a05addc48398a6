"""The retrieval: one question about the archive. An event in, a dict out; what ends badly is raised."""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from audit_archive import bootstrap
from audit_archive.errors import AuditArchiveError

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Answer the question in the event; `events/retrieve-*.json` show what one may ask.

    Returns what `audit_archive.desk.Desk.answer` does. Raises the errors of `audit_archive.errors`.
    """
    try:
        answer = bootstrap.retrieve(event, context)
    except AuditArchiveError as error:
        metrics.add_metric(f"Failed{type(error).__name__}", MetricUnit.Count, 1)
        logger.exception("The question was not answered", extra={"error_class": type(error).__name__})
        raise
    _tell(answer)
    return answer


def _tell(answer: dict[str, Any]) -> None:
    """The question, who asked it and how it ended, in one log line: looking leaves a trail too. No link."""
    metrics.add_metric("AnsweredQuestions", MetricUnit.Count, 1)
    told = {name: answer[name] for name in ("question", "asked", "outcome", "sentence") if name in answer}
    logger.info("The question was answered", extra=told)
