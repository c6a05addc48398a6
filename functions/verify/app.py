"""The audit of one Console's archive, and the fleet check of all. What they find is no error."""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics import MetricUnit

from audit_archive.audit.daily import AuditReport
from audit_archive.audit.fleet_check import FleetReport
from audit_archive.bootstrap import verifying
from audit_archive.format.verdicts import Checked
from audit_archive.health import Judgement
from audit_archive.lambda_function import LambdaFunction

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

MAX_LOGGED = 100
MAX_CONSOLES_LOGGED = 1000
LONG = {"faults", "notes", "coverage"}
"""Fields of the report that the last log line leaves out: each fault has a line of its own."""

function = LambdaFunction("The audit failed")


@function.handler
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Audit the archive that the event names, or check the fleet; see `events/verify-*.json`.

    Returns `as_dict` of an `audit_archive.audit.daily.AuditReport`, or of an
    `audit_archive.audit.fleet_check.FleetReport`. Raises the errors of `audit_archive.errors`. A fault of an
    archive is not an error, nor is an unhealthy Console: a retry would not help, and the metrics have alarms.
    """
    answer = verifying.verify(event, context, _log_and_count, _log_and_count_fleet).as_dict()
    if answer.get("page_fault") is not None:
        function.logger.error("The page of the fleet was not written", extra={"why": answer["page_fault"]})
    return answer


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
        function.count({"LateContents": int(late)})
    for fault in found.faults[:MAX_LOGGED]:
        about = {"verdict": fault.verdict, "key": fault.key, "seq": fault.seq}
        function.logger.error(fault.sentence, extra=about)
    report = watched.as_dict()
    function.logger.info("The audit ended", extra={n: v for n, v in report.items() if n not in LONG})


def _log_and_count_fleet(checked: FleetReport) -> None:
    """Log each Console that needs a person, and count how many do."""
    found = checked.counts
    function.count(
        {
            "Consoles": len(checked.consoles),
            "UnhealthyConsoles": len(checked.unhealthy),
            "AbsentConsoles": found[Judgement.ABSENT],
            "FaultyConsoles": found[Judgement.FAULTS],
            "FailingConsoles": found[Judgement.FAILING],
            "LateConsoles": found[Judgement.LATE],
            "UnscheduledConsoles": found[Judgement.UNSCHEDULED],
            "UnverifiedConsoles": found[Judgement.UNVERIFIED],
            "HeldConsoles": found[Judgement.HELD],
        }
    )
    for health in checked.unhealthy[:MAX_CONSOLES_LOGGED]:
        said = "; ".join(f"{problem.judgement}: {problem.sentence}" for problem in health.problems)
        function.logger.error("A Console needs a person", extra={"console": health.console, "problems": said})
    function.logger.info("The fleet check ended", extra=checked.summary())
