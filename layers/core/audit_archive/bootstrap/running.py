"""What a run works with, for the functions that make one."""

from typing import TYPE_CHECKING

from audit_archive import __version__
from audit_archive.adapters.console.http import HttpConsole, HttpPurgingConsole
from audit_archive.adapters.ledger import DynamoDbLedger, DynamoDbVerifications
from audit_archive.adapters.machine import (
    LambdaClock,
    scratch_file,
)
from audit_archive.adapters.s3 import S3ArchiveStore
from audit_archive.adapters.secrets import Parameter, StoredKey, existing, find_key
from audit_archive.adapters.signing import is_signed
from audit_archive.bookmark import oldest_audit
from audit_archive.bootstrap.clients import InvocationContext, alerts, bundle_signer, client, read_key, signer
from audit_archive.config import (
    Settings,
)
from audit_archive.format.facts import RunFacts
from audit_archive.format.times import rfc3339
from audit_archive.ports import PurgingConsole
from audit_archive.run.context import Audits, Order, Run, Signing
from audit_archive.run.plan import Policy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient


def make_run(
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

    key = read_key(settings.key_name(order.console, "read"), in_parameter_store=settings.in_parameter_store)
    s3: S3Client = client("s3")
    dynamodb: DynamoDBClient = client("dynamodb")
    return Run(
        order=order,
        console=HttpConsole(url, key, settings.auth_style, clock),
        open_purger=open_purger,
        store=S3ArchiveStore(s3, settings.archive_bucket),
        ledger=DynamoDbLedger(dynamodb, settings.ledger_table),
        alerts=alerts(settings.alert_topic, clock),
        clock=clock,
        scratch=scratch_file,
        signing=_signing(settings),
        bundle_signer=bundle_signer(settings),
        audits=Audits(
            DynamoDbVerifications(dynamodb, settings.ledger_table), oldest_audit(settings.audit_gap)
        ),
    )


def _purge_key(settings: Settings, console: str) -> StoredKey | None:
    name = settings.key_name(console, "purge")
    if settings.in_parameter_store:
        return existing(Parameter(client("ssm"), name))
    secrets: SecretsManagerClient = client("secretsmanager")
    return find_key(secrets, name)


def _signing(settings: Settings) -> Signing | None:
    return Signing(signer(settings.signing_key), is_signed) if settings.signing_key is not None else None
