"""What every Lambda function has around its own work: logs, metrics, and a count of its errors.

No API key reaches a log: an event is never logged as a whole.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeAlias

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

from audit_archive.errors import AuditArchiveError
from audit_archive.events import is_console_id

Handler: TypeAlias = Callable[[dict[str, Any], Any], dict[str, Any]]
"""A Lambda handler: takes an event and Lambda's context, returns a dict, raises for a failure."""


class LambdaFunction:
    """The log and the metrics of one Lambda function, and the decorator of its handler."""

    def __init__(self, failure: str) -> None:
        """`failure`: the message of the log line for an error of `audit_archive.errors`."""
        self.logger = Logger()
        self._metrics = Metrics()
        self._failure = failure

    def handler(self, work: Handler) -> Handler:
        """Decorate a handler: log lines name the Console; an error is logged, counted and raised.

        It is raised with the address of its section in the runbook.
        """

        # log_event=False wins over POWERTOOLS_LOGGER_LOG_EVENT: no setting brings events into the log.
        @self.logger.inject_lambda_context(clear_state=True, log_event=False)
        @self._metrics.log_metrics
        @wraps(work)
        def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
            self._name_the_console(event)
            try:
                return work(event, context)
            except AuditArchiveError as error:
                error_class = type(error).__name__
                self.count({f"Failed{error_class}": 1})
                error.args = (error.told,)  # Lambda answers with the text of the error alone
                self.logger.exception(self._failure, extra={"error_class": error_class})
                raise

        handler: Handler = handle
        return handler

    def count(self, counts: Mapping[str, int], unit: MetricUnit = MetricUnit.Count) -> None:
        """Add to metrics, by name, over all Consoles: CloudWatch would bill one metric for each Console."""
        for name, count in counts.items():
            self._metrics.add_metric(name, unit, count)

    def _name_the_console(self, event: object) -> None:
        """Log a well-formed id only: nothing else of an unchecked event may reach the log."""
        console = event.get("console") if isinstance(event, Mapping) else None
        if isinstance(console, str) and is_console_id(console):
            self.logger.append_keys(console=console)
