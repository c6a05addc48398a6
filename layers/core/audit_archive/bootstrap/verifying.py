"""The verify function: an audit, or the check of the fleet."""

from dataclasses import replace
from typing import TYPE_CHECKING

from audit_archive.adapters.bucket_settings import S3SettingsSource
from audit_archive.adapters.machine import LambdaClock, fleet_looks, scratch_file
from audit_archive.adapters.s3 import S3ReportStore
from audit_archive.adapters.schedules import GroupSchedules
from audit_archive.adapters.self_invoke import SelfInvoke
from audit_archive.adapters.signing import is_signed
from audit_archive.audit.daily import (
    AuditPorts,
    AuditReport,
    DailyAudit,
    KeepReport,
    audit_by_hand,
    audit_daily,
)
from audit_archive.audit.fleet_check import FleetPorts, FleetReport, KeepFleet, check_fleet
from audit_archive.audit.fleet_publish import FleetPages
from audit_archive.audit.question import AuditQuestion
from audit_archive.audit.request import FleetRequest, parse_verify_request
from audit_archive.audit.settings import SettingsCheck
from audit_archive.bookmark import oldest_audit
from audit_archive.bootstrap.clients import InvocationContext, alerts, archive_of, client, ledger_of, notes_of
from audit_archive.config import VerifySettings, stack_name
from audit_archive.errors import SettingsError
from audit_archive.format.times import HOUR
from audit_archive.health import Limits

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_scheduler import EventBridgeSchedulerClient


def verify(
    event: object, context: InvocationContext, tell: KeepReport, tell_fleet: KeepFleet
) -> AuditReport | FleetReport:
    """Audit an archive, or check the fleet, as an event asks. Raises the errors of `audit_archive.errors`."""
    request, settings = parse_verify_request(event), VerifySettings.from_environment()
    if isinstance(request, FleetRequest):
        return _check_fleet(settings, context, tell_fleet)
    clock = LambdaClock(context)
    ports = AuditPorts(
        source=archive_of(settings),
        ledger=ledger_of(settings),
        notes=notes_of(settings),
        alerts=alerts(settings.alert_topic, clock),
        clock=clock,
        scratch=scratch_file,
        is_signed=is_signed,
        settings=SettingsCheck(S3SettingsSource(client("s3"), settings.archive_bucket), settings.bucket),
    )
    if isinstance(request, AuditQuestion):
        return audit_by_hand(ports, request, tell)
    period = (request.period_hours or settings.period_hours) * HOUR
    daily = DailyAudit(request.console, period, settings.content_days, request.trusted_keys, request.part)

    def go_on() -> None:
        functions: LambdaClient = client("lambda")
        given = event if isinstance(event, dict) else {}
        SelfInvoke(functions, context.invoked_function_arn).start(given | {"part": request.part + 1})

    return audit_daily(replace(ports, go_on=go_on), daily, tell)


def _check_fleet(settings: VerifySettings, context: InvocationContext, tell: KeepFleet) -> FleetReport:
    if settings.schedule_group is None:
        raise SettingsError("SCHEDULE_GROUP is not set: deploy the stack's template, which sets it")
    scheduler: EventBridgeSchedulerClient = client("scheduler")
    clock = LambdaClock(context)
    ports = FleetPorts(
        bucket=archive_of(settings),
        ledger=ledger_of(settings),
        notes=notes_of(settings),
        schedules=GroupSchedules(scheduler, settings.schedule_group),
        alerts=alerts(settings.alert_topic, clock),
        clock=clock,
        pages=_pages(settings.reports_bucket),
    )
    limits = Limits(settings.period_hours * HOUR, oldest_audit(settings.audit_gap))
    return check_fleet(ports, limits, tell)


def _pages(bucket: str | None) -> FleetPages | None:
    if bucket is None:
        return None
    return FleetPages(S3ReportStore(client("s3"), bucket), scratch_file, fleet_looks(), stack_name())
