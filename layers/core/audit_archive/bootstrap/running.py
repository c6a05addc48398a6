"""What a run works with, for the functions that make one."""

from typing import TYPE_CHECKING

from audit_archive import __version__
from audit_archive.adapters.console.http import HttpConsole, HttpPurgingConsole
from audit_archive.adapters.machine import LambdaClock, scratch_file
from audit_archive.adapters.secrets import Parameter, StoredKey, existing, find_key
from audit_archive.adapters.signing import is_signed
from audit_archive.bookmark import oldest_audit
from audit_archive.bootstrap.clients import (
    InvocationContext,
    alerts,
    archive_of,
    bundle_signer,
    client,
    ledger_of,
    notes_of,
    read_key,
    signer,
)
from audit_archive.config import Settings
from audit_archive.format.facts import RunFacts
from audit_archive.format.times import rfc3339
from audit_archive.ports import PurgingConsole
from audit_archive.run.context import Audits, Order, Run, Signing
from audit_archive.run.plan import Policy

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def make_run(
    console: str, policy: Policy, reason: str | None, settings: Settings, context: InvocationContext
) -> Run:
    """A run of one Console, or what an operator's decision is stated with. Raises SettingsError."""
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
    return Run(
        order=order,
        console=HttpConsole(url, key, settings.auth_style, clock),
        open_purger=open_purger,
        store=archive_of(settings),
        ledger=ledger_of(settings),
        alerts=alerts(settings.alert_topic, clock),
        clock=clock,
        scratch=scratch_file,
        signing=_signing(settings),
        bundle_signer=bundle_signer(settings),
        audits=Audits(notes_of(settings), oldest_audit(settings.audit_gap)),
    )


def _purge_key(settings: Settings, console: str) -> StoredKey | None:
    name = settings.key_name(console, "purge")
    if settings.in_parameter_store:
        return existing(Parameter(client("ssm"), name))
    secrets: SecretsManagerClient = client("secretsmanager")
    return find_key(secrets, name)


def _signing(settings: Settings) -> Signing | None:
    return Signing(signer(settings.signing_key), is_signed) if settings.signing_key is not None else None
