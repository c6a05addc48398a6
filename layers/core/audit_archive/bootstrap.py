"""The composition root: the only module of the package that builds adapters and passes them as ports."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config

from audit_archive import __version__
from audit_archive.adapters.aws import (
    client_config,
    hurried_config,
    link_config,
    reject_partial_answers,
    seconds_left,
)
from audit_archive.adapters.bucket_settings import S3SettingsSource
from audit_archive.adapters.caller import ask_sts
from audit_archive.adapters.console.http import HttpConsole, HttpPurgingConsole
from audit_archive.adapters.ledger import DynamoDbLedger, DynamoDbVerifications
from audit_archive.adapters.machine import (
    LambdaClock,
    draw_seed,
    find_zone,
    fleet_looks,
    handouts,
    scratch_file,
)
from audit_archive.adapters.s3 import S3ArchiveStore, S3Links, S3ReportStore
from audit_archive.adapters.schedules import GroupSchedules
from audit_archive.adapters.secrets import Parameter, Secret, StoredKey, existing, find_key
from audit_archive.adapters.self_invoke import SelfInvoke
from audit_archive.adapters.signing import KmsSigner, is_signed
from audit_archive.adapters.sns_alerts import NoAlerts, SnsAlerts
from audit_archive.adapters.workbook import XlsxWorkbook
from audit_archive.answers import Invocation
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
from audit_archive.config import (
    RetrieveSettings,
    Settings,
    VerifySettings,
    alert_form,
    ledger_table,
    stack_name,
)
from audit_archive.desk import Desk
from audit_archive.errors import LedgerError, RequestError, SettingsError
from audit_archive.evidence.bundle import BundleTools
from audit_archive.fleet_ports import NO_LABEL, Label
from audit_archive.format.facts import RunFacts
from audit_archive.format.times import HOUR, MINUTE, rfc3339
from audit_archive.health import Limits
from audit_archive.messages.message import Sender
from audit_archive.ports import Alerts, Clock, PurgingConsole, Signer
from audit_archive.retrieve.request import parse_request
from audit_archive.retrieve.statements import Reader
from audit_archive.run.archive_run import archive_console
from audit_archive.run.context import Audits, Order, Run, Signing
from audit_archive.run.extend_locks import LocksOrder, LocksPorts, LocksReport, extend_locks
from audit_archive.run.failure import FailureNoted
from audit_archive.run.operate import state_decision as state
from audit_archive.run.plan import Policy
from audit_archive.run.purging import (
    PurgingPorts,
    PurgingReport,
    PurgingRequest,
    is_purging_event,
    set_purging,
)
from audit_archive.run.request import (
    ArchiveRequest,
    LocksRequest,
    OperatorRequest,
    is_locks_event,
    is_operator_event,
)
from audit_archive.run.result import Result

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_scheduler import EventBridgeSchedulerClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient


class InvocationContext(Protocol):
    """The part of Lambda's context object that we use."""

    @property
    def aws_request_id(self) -> str:
        """The id of the request; its retries have the same."""
        ...

    @property
    def invoked_function_arn(self) -> str:
        """The function as it was invoked."""
        ...

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda ends the invocation."""
        ...


def archive(event: object, context: InvocationContext) -> Result | LocksReport:
    """Carry out the run, or extend the locks, as an event asks.

    Raises as `archive_run` does; RequestError for an operator's decision, which has a function of its own.
    """
    if is_locks_event(event):
        return lengthen(LocksRequest.from_event(event), context)
    if is_operator_event(event):
        raise RequestError(
            "action",
            "the archive function states no operator's decision, whoever asks: invoke the function "
            "<stack>-operate, the output OperateFunction of the stack, with the same event",
        )
    console = event.get("console") if isinstance(event, Mapping) else None
    with FailureNoted(_quick_ledger, LambdaClock(context), console, context.aws_request_id):
        return archive_run(ArchiveRequest.from_event(event), context)


def archive_run(request: ArchiveRequest, context: InvocationContext) -> Result:
    """Carry out the run that an invocation asks for. Raises the errors of `audit_archive.errors`."""
    settings = Settings.from_environment()
    run = _run(request.console, request.policy(settings), request.reason, settings, context)
    return archive_console(run)


def operate(event: object, context: InvocationContext) -> Result | PurgingReport:
    """State what an operator decided, or set how far purging may go.

    Raises the errors of `audit_archive.errors`.
    """
    settings = Settings.from_environment()
    if is_purging_event(event):
        return _restrain(PurgingRequest.from_event(event), settings, context)
    request = OperatorRequest.from_event(event)
    policy = ArchiveRequest(request.console).policy(settings)
    return state(_run(request.console, policy, request.reason, settings, context), request)


def _restrain(request: PurgingRequest, settings: Settings, context: InvocationContext) -> PurgingReport:
    dynamodb: DynamoDBClient = _client("dynamodb")
    clock = LambdaClock(context)
    ledger = DynamoDbLedger(dynamodb, settings.ledger_table)
    ports = PurgingPorts(ledger, _alerts(settings.alert_topic, clock), clock)
    return set_purging(ports, request, context.aws_request_id, settings.purge_mode)


def lengthen(request: LocksRequest, context: InvocationContext) -> LocksReport:
    """Extend the locks of a Console's archive. Raises the errors of `audit_archive.errors`."""
    settings = Settings.from_environment()
    s3: S3Client = _client("s3")
    dynamodb: DynamoDBClient = _client("dynamodb")
    clock = LambdaClock(context)
    ports = LocksPorts(
        store=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=DynamoDbLedger(dynamodb, settings.ledger_table),
        alerts=_alerts(settings.alert_topic, clock),
        clock=clock,
    )
    order = LocksOrder(request.console, settings.retention_days, settings.object_lock_mode)
    return extend_locks(ports, order)


def retrieve(event: object, context: InvocationContext) -> dict[str, Any]:
    """Answer the question in an event. Raises the errors of `audit_archive.errors`."""
    clock = LambdaClock(context)
    request = parse_request(event, find_zone, clock.now())
    settings = RetrieveSettings.from_environment()
    s3: S3Client = _client("s3", link_config)
    dynamodb: DynamoDBClient = _client("dynamodb")
    reader = Reader(
        source=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=DynamoDbLedger(dynamodb, settings.ledger_table),
        clock=clock,
        scratch=scratch_file,
        verifications=DynamoDbVerifications(dynamodb, settings.ledger_table),
        stack_mode=settings.purge_mode,
    )
    desk = Desk(
        tools=BundleTools(
            reader,
            is_signed,
            handouts(),
            signer=_bundle_signer(settings),
            open_workbook=XlsxWorkbook,
            ask_caller=lambda: ask_sts(_client("sts", hurried_config), clock),
            draw_seed=draw_seed,
        ),
        reports=S3ReportStore(s3, settings.reports_bucket),
        link_export=S3Links(s3, settings.archive_bucket).link,
        link_seconds=settings.link_minutes * MINUTE,
        links_last=lambda wanted: seconds_left(_session().get_credentials(), wanted, clock.remaining()),
        invocation=Invocation(context.invoked_function_arn, context.aws_request_id, __version__),
    )
    return desk.answer(request)


def verify(
    event: object, context: InvocationContext, tell: KeepReport, tell_fleet: KeepFleet
) -> AuditReport | FleetReport:
    """Audit an archive, or check the fleet, as an event asks. Raises the errors of `audit_archive.errors`."""
    request, settings = parse_verify_request(event), VerifySettings.from_environment()
    if isinstance(request, FleetRequest):
        return _check_fleet(settings, context, tell_fleet)
    s3: S3Client = _client("s3")
    dynamodb: DynamoDBClient = _client("dynamodb")
    clock = LambdaClock(context)
    ports = AuditPorts(
        source=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=DynamoDbLedger(dynamodb, settings.ledger_table),
        notes=DynamoDbVerifications(dynamodb, settings.ledger_table),
        alerts=_alerts(settings.alert_topic, clock),
        clock=clock,
        scratch=scratch_file,
        is_signed=is_signed,
        settings=SettingsCheck(S3SettingsSource(s3, settings.archive_bucket), settings.bucket),
    )
    if isinstance(request, AuditQuestion):
        return audit_by_hand(ports, request, tell)
    period = (request.period_hours or settings.period_hours) * HOUR
    daily = DailyAudit(request.console, period, settings.content_days, request.trusted_keys, request.part)

    def go_on() -> None:
        functions: LambdaClient = _client("lambda")
        given = event if isinstance(event, dict) else {}
        SelfInvoke(functions, context.invoked_function_arn).start(given | {"part": request.part + 1})

    return audit_daily(replace(ports, go_on=go_on), daily, tell)


def _check_fleet(settings: VerifySettings, context: InvocationContext, tell: KeepFleet) -> FleetReport:
    if settings.schedule_group is None:
        raise SettingsError("SCHEDULE_GROUP is not set: deploy the stack's template, which sets it")
    s3: S3Client = _client("s3")
    dynamodb: DynamoDBClient = _client("dynamodb")
    scheduler: EventBridgeSchedulerClient = _client("scheduler")
    clock = LambdaClock(context)
    ports = FleetPorts(
        bucket=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=DynamoDbLedger(dynamodb, settings.ledger_table),
        notes=DynamoDbVerifications(dynamodb, settings.ledger_table),
        schedules=GroupSchedules(scheduler, settings.schedule_group),
        alerts=_alerts(settings.alert_topic, clock),
        clock=clock,
        pages=_pages(s3, settings.reports_bucket),
    )
    limits = Limits(settings.period_hours * HOUR, oldest_audit(settings.audit_gap))
    return check_fleet(ports, limits, tell)


def _pages(s3: "S3Client", bucket: str | None) -> FleetPages | None:
    if bucket is None:
        return None
    return FleetPages(S3ReportStore(s3, bucket), scratch_file, fleet_looks(), stack_name())


def _quick_ledger() -> DynamoDbLedger:
    """The ledger, for what must not wait for it: an error to be raised, a message to be sent."""
    quick = Config(connect_timeout=4, read_timeout=4, retries={"total_max_attempts": 2})
    table, config = ledger_table(), client_config().merge(quick)
    dynamodb: DynamoDBClient = reject_partial_answers(boto3.client("dynamodb", config=config))
    return DynamoDbLedger(dynamodb, table)


def _run(
    console: str, policy: Policy, reason: str | None, settings: Settings, context: InvocationContext
) -> Run:
    clock = LambdaClock(context)
    facts = RunFacts(
        id=context.aws_request_id,
        version=__version__,
        started_at=rfc3339(clock.now()),
        invoked_by=context.invoked_function_arn,
        reason=reason,
    )
    order = Order(
        console, policy, settings.retention_days, settings.expiry_days, settings.object_lock_mode, facts
    )
    url = settings.console_url(order.console)

    def open_purger() -> PurgingConsole | None:
        key = _purge_key(settings, order.console)
        return HttpPurgingConsole(url, key, settings.auth_style, clock) if key is not None else None

    s3: S3Client = _client("s3")
    dynamodb: DynamoDBClient = _client("dynamodb")
    return Run(
        order=order,
        console=HttpConsole(url, _read_key(settings, order.console), settings.auth_style, clock),
        open_purger=open_purger,
        store=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=DynamoDbLedger(dynamodb, settings.ledger_table),
        alerts=_alerts(settings.alert_topic, clock),
        clock=clock,
        scratch=scratch_file,
        signing=_signing(settings),
        bundle_signer=_bundle_signer(settings),
        audits=Audits(
            DynamoDbVerifications(dynamodb, settings.ledger_table), oldest_audit(settings.audit_gap)
        ),
    )


def _read_key(settings: Settings, console: str) -> StoredKey:
    name = settings.key_name(console, "read")
    if settings.in_parameter_store:
        return StoredKey(Parameter(_client("ssm"), name))
    secrets: SecretsManagerClient = _client("secretsmanager")
    return StoredKey(Secret(secrets, name))


def _purge_key(settings: Settings, console: str) -> StoredKey | None:
    name = settings.key_name(console, "purge")
    if settings.in_parameter_store:
        return existing(Parameter(_client("ssm"), name))
    secrets: SecretsManagerClient = _client("secretsmanager")
    return find_key(secrets, name)


def _bundle_signer(settings: Settings | RetrieveSettings) -> Signer | None:
    if settings.bundle_key is None:
        return None
    kms: KMSClient = _client("kms")
    return KmsSigner(kms, settings.bundle_key)


def _signing(settings: Settings) -> Signing | None:
    if settings.signing_key is None:
        return None
    kms: KMSClient = _client("kms")
    return Signing(KmsSigner(kms, settings.signing_key), is_signed)


def _alerts(topic: str | None, clock: Clock) -> Alerts:
    if topic is None:
        return NoAlerts()
    sns: SNSClient = _client("sns")
    return SnsAlerts(sns, topic, clock, Sender(stack_name(), alert_form(), _label_of))


def _label_of(console: str) -> Label:
    """What people call a Console. A ledger that does not answer keeps no message back."""
    try:
        return _quick_ledger().last_runs(console).label
    except LedgerError:
        return NO_LABEL


@cache
def _session() -> boto3.Session:
    """The credentials and the region of every client."""
    return boto3.Session()


@cache
def _client(service: str, configure: Callable[[], Config] = client_config) -> Any:
    """An AWS client, kept for the next invocation of the same process."""
    client = _session().client(service, config=configure())  # type: ignore[call-overload]  # it is a variable
    return reject_partial_answers(client)
