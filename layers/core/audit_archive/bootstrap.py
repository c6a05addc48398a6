"""The composition root: the only module of the package that builds adapters and passes them as ports."""

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import boto3
from botocore.config import Config

from audit_archive import __version__
from audit_archive.adapters.aws import client_config, reject_partial_answers
from audit_archive.adapters.console.http import HttpConsole, HttpPurgingConsole
from audit_archive.adapters.ledger import DynamoDbLedger, DynamoDbVerifications
from audit_archive.adapters.machine import LambdaClock, find_zone, handouts, scratch_file
from audit_archive.adapters.s3 import S3ArchiveStore, S3Links, S3ReportStore
from audit_archive.adapters.secrets import SecretKey, find_key
from audit_archive.adapters.signing import KmsSigner, is_signed
from audit_archive.adapters.sns_alerts import NoAlerts, SnsAlerts
from audit_archive.answers import Invocation
from audit_archive.audit.daily import (
    AuditPorts,
    AuditReport,
    DailyAudit,
    KeepReport,
    audit_by_hand,
    audit_daily,
)
from audit_archive.audit.question import AuditQuestion
from audit_archive.audit.request import parse_verify_request
from audit_archive.config import RetrieveSettings, Settings, VerifySettings
from audit_archive.desk import Desk
from audit_archive.evidence.bundle import BundleTools
from audit_archive.format.facts import RunFacts
from audit_archive.format.times import HOUR, MINUTE, rfc3339
from audit_archive.ports import Alerts, PurgingConsole
from audit_archive.retrieve.request import parse_request
from audit_archive.retrieve.statements import Reader
from audit_archive.run.archive_run import archive_console
from audit_archive.run.context import Order, Run, Signing
from audit_archive.run.operate import state_decision as state
from audit_archive.run.plan import Policy
from audit_archive.run.request import ArchiveRequest, OperatorRequest, is_operator_event
from audit_archive.run.result import Result

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client
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


def archive(event: object, context: InvocationContext) -> Result:
    """Carry out the run, or state the decision, that an event asks for. Raises as `archive_run` does."""
    if is_operator_event(event):
        return operate(OperatorRequest.from_event(event), context)
    return archive_run(ArchiveRequest.from_event(event), context)


def archive_run(request: ArchiveRequest, context: InvocationContext) -> Result:
    """Carry out the run that an invocation asks for. Raises the errors of `audit_archive.errors`."""
    settings = Settings.from_environment()
    run = _run(request.console, request.policy(settings), request.reason, settings, context)
    return archive_console(run)


def operate(request: OperatorRequest, context: InvocationContext) -> Result:
    """State what an operator decided. Raises the errors of `audit_archive.errors`."""
    settings = Settings.from_environment()
    policy = ArchiveRequest(request.console).policy(settings)
    return state(_run(request.console, policy, request.reason, settings, context), request)


def retrieve(event: object, context: InvocationContext) -> dict[str, Any]:
    """Answer the question in an event. Raises the errors of `audit_archive.errors`."""
    clock = LambdaClock(context)
    request = parse_request(event, find_zone, clock.now())
    settings = RetrieveSettings.from_environment()
    s3: S3Client = _client("s3", "s3v4")
    dynamodb: DynamoDBClient = _client("dynamodb")
    reader = Reader(
        source=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=DynamoDbLedger(dynamodb, settings.ledger_table),
        clock=clock,
        scratch=scratch_file,
        verifications=DynamoDbVerifications(dynamodb, settings.ledger_table),
    )
    desk = Desk(
        tools=BundleTools(reader, is_signed, handouts()),
        reports=S3ReportStore(s3, settings.reports_bucket),
        link_export=S3Links(s3, settings.archive_bucket).link,
        link_seconds=settings.link_minutes * MINUTE,
        invocation=Invocation(context.invoked_function_arn, context.aws_request_id, __version__),
    )
    return desk.answer(request)


def verify(event: object, context: InvocationContext, tell: KeepReport) -> AuditReport:
    """Audit an archive as an event asks. Raises the errors of `audit_archive.errors`."""
    request, settings = parse_verify_request(event), VerifySettings.from_environment()
    s3: S3Client = _client("s3")
    dynamodb: DynamoDBClient = _client("dynamodb")
    ports = AuditPorts(
        source=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=DynamoDbLedger(dynamodb, settings.ledger_table),
        notes=DynamoDbVerifications(dynamodb, settings.ledger_table),
        alerts=_alerts(settings.alert_topic),
        clock=LambdaClock(context),
        scratch=scratch_file,
        is_signed=is_signed,
    )
    if isinstance(request, AuditQuestion):
        return audit_by_hand(ports, request, tell)
    period = (request.period_hours or settings.period_hours) * HOUR
    daily = DailyAudit(request.console, period, settings.content_days, request.trusted_keys)
    return audit_daily(ports, daily, tell)


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
    order = Order(console, policy, settings.retention_days, settings.object_lock_mode, facts)
    url = settings.console_url(order.console)
    secrets: SecretsManagerClient = _client("secretsmanager")
    prefix = f"{settings.secret_prefix}/{order.console}"

    def open_purger() -> PurgingConsole | None:
        key = find_key(secrets, f"{prefix}/purge")
        return HttpPurgingConsole(url, key, settings.auth_style, clock) if key is not None else None

    s3: S3Client = _client("s3")
    dynamodb: DynamoDBClient = _client("dynamodb")
    return Run(
        order=order,
        console=HttpConsole(url, SecretKey(secrets, f"{prefix}/read"), settings.auth_style, clock),
        open_purger=open_purger,
        store=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=DynamoDbLedger(dynamodb, settings.ledger_table),
        alerts=_alerts(settings.alert_topic),
        clock=clock,
        scratch=scratch_file,
        signing=_signing(settings),
    )


def _signing(settings: Settings) -> Signing | None:
    if settings.signing_key is None:
        return None
    kms: KMSClient = _client("kms")
    return Signing(KmsSigner(kms, settings.signing_key), is_signed)


def _alerts(topic: str | None) -> Alerts:
    if topic is None:
        return NoAlerts()
    sns: SNSClient = _client("sns")
    return SnsAlerts(sns, topic)


@cache
def _client(service: str, signature: str | None = None) -> Any:
    """An AWS client, kept for the next invocation of the same process.

    `signature`: the scheme that signs links.
    """
    config = client_config().merge(Config(signature_version=signature))
    client = boto3.client(service, config=config)  # type: ignore[call-overload]  # it is a variable
    return reject_partial_answers(client)
