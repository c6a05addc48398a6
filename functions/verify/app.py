"""The audit: one Console's archive, daily or by hand. A fault of the archive is no error."""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from audit_archive import bootstrap
from audit_archive.audit.daily import AuditReport
from audit_archive.format.verdicts import Checked
from audit_archive.lambda_function import LambdaFunction

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_LOGGED = 100
LONG = {"faults", "notes", "coverage"}
"""Fields of the report that the last log line leaves out: each fault has a line of its own."""

function = LambdaFunction("The audit failed")


@function.handler
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Audit the archive that the event names; `events/verify-*.json` show what an event may hold.

    Returns `audit_archive.audit.daily.AuditReport.as_dict`. Raises the errors of `audit_archive.errors`. A
    fault of the archive is not an error: a retry would not help, and `VerifyFaults` has the alarm.
    """
    return bootstrap.verify(event, context, _log_and_count).as_dict()


def _log_and_count(watched: AuditReport) -> None:
    """Log the report, with a line for each fault, and count its metrics."""
    found = watched.verification
    function.count(
        {
            "VerifyFaults": len(found.faults),
            "VerifiedStatements": found.checked.get(Checked.STATEMENTS, 0),
            "NotChecked": found.unexpectedly_unchecked if watched.unchecked is None else watched.unchecked,
        }
    )
    function.count({"VerifiedBytes": found.checked.get(Checked.BYTES, 0)}, MetricUnit.Bytes)
    if watched.is_stale is not None:
        late = bool(watched.is_behind)
        function.count({"StaleConsoles": int(watched.is_stale), "LateContents": int(late)})
    for fault in found.faults[:MAX_LOGGED]:
        about = {"verdict": fault.verdict, "key": fault.key, "seq": fault.seq}
        function.logger.error(fault.sentence, extra=about)
    report = watched.as_dict()
    function.logger.info("The audit ended", extra={n: v for n, v in report.items() if n not in LONG})
