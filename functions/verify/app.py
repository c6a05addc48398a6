"""The audit: one Console's archive, daily or by hand. An event in, a dict out; a fault is no error."""

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit

from audit_archive import bootstrap
from audit_archive.audit.daily import Watched
from audit_archive.errors import AuditArchiveError
from audit_archive.format.verdicts import Checked, Why

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

ODD = {Why.TIME, Why.FAULT, Why.UNKEPT}
"""Why something was not checked that should have been; the rest nobody asked for, or is as it should be."""

MAX_LOGGED = 100
MAX_RETURNED = 1000

logger = Logger()
metrics = Metrics()
tracer = Tracer(patch_modules=["botocore"])


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Audit the archive that the event names; `events/verify-*.json` show what an event may hold.

    Returns the fields of `audit_archive.audit.daily.Watched`. Raises the errors of `audit_archive.errors`;
    that an archive has faults is none: trying again would not help, the alarm is on the metric
    `VerifyFaults`.
    """
    try:
        watched = bootstrap.verify(event, context, _tell)
    except AuditArchiveError as error:
        metrics.add_metric(f"Failed{type(error).__name__}", MetricUnit.Count, 1)
        logger.exception("The audit failed", extra={"error_class": type(error).__name__})
        raise
    report = watched.as_dict()
    return report | {"fault_count": len(report["faults"]), "faults": report["faults"][:MAX_RETURNED]}


def _tell(watched: Watched) -> None:
    """The report in log lines, one for each fault, and in metrics added up over all Consoles."""
    found = watched.verification
    logger.append_keys(console=found.console)
    for name, count in (
        ("VerifyFaults", len(found.faults)),
        ("VerifiedStatements", found.checked.get(Checked.STATEMENTS, 0)),
        ("NotChecked", sum(each.count for each in found.not_checked if each.why in ODD)),
    ):
        metrics.add_metric(name, MetricUnit.Count, count)
    metrics.add_metric("VerifiedBytes", MetricUnit.Bytes, found.checked.get(Checked.BYTES, 0))
    if watched.is_stale is not None:
        metrics.add_metric("StaleConsoles", MetricUnit.Count, int(watched.is_stale))
        metrics.add_metric("LateContents", MetricUnit.Count, int(watched.is_behind or False))
    for fault in found.faults[:MAX_LOGGED]:
        logger.error(fault.sentence, extra={"verdict": fault.verdict, "key": fault.key, "seq": fault.seq})
    report = watched.as_dict()
    told = {name: value for name, value in report.items() if name not in {"faults", "notes", "coverage"}}
    logger.info("The audit ended", extra=told)
