"""The AWS clients of a process, and the adapters that several functions build."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import boto3
from botocore.config import Config

from audit_archive.adapters.aws import client_config, reject_partial_answers
from audit_archive.adapters.ledger import DynamoDbLedger, DynamoDbVerifications
from audit_archive.adapters.s3 import S3ArchiveStore
from audit_archive.adapters.secrets import Parameter, Secret, StoredKey
from audit_archive.adapters.signing import KmsSigner
from audit_archive.adapters.sns_alerts import NoAlerts, SnsAlerts
from audit_archive.config import (
    RetrieveSettings,
    Settings,
    VerifySettings,
    alert_form,
    ledger_table,
    stack_name,
)
from audit_archive.errors import LedgerError
from audit_archive.fleet_ports import NO_LABEL, Label
from audit_archive.messages.message import Sender
from audit_archive.ports import Alerts, Clock, Signer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient


Places: TypeAlias = Settings | VerifySettings | RetrieveSettings
"""Settings that say where the archive is."""


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


@cache
def session() -> boto3.Session:
    """The credentials and the region of every client."""
    return boto3.Session()


@cache
def client(service: str, configure: Callable[[], Config] = client_config) -> Any:
    """An AWS client, kept for the next invocation of the same process."""
    made = session().client(service, config=configure())  # type: ignore[call-overload]  # it is a variable
    return reject_partial_answers(made)


class _Later:
    def __init__(self, service: str) -> None:
        self._service = service

    def __getattr__(self, name: str) -> Any:
        return getattr(client(self._service), name)


def _later(service: str) -> Any:
    """A client that is made at its first use: to make one takes longer than a request."""
    return _Later(service)


@cache
def signer(key: str) -> Signer:
    """What signs with a key, kept for the next invocation: its public half never changes."""
    kms: KMSClient = _later("kms")
    return KmsSigner(kms, key)


@cache
def read_key(name: str, *, in_parameter_store: bool) -> StoredKey:
    """A Console's reading key, kept for the next invocation. If the Console refuses it, it is read again."""
    if in_parameter_store:
        return StoredKey(Parameter(_later("ssm"), name))
    secrets: SecretsManagerClient = _later("secretsmanager")
    return StoredKey(Secret(secrets, name))


def forget() -> None:
    """Forget the clients, their credentials and the keys, as a new process would."""
    for kept in (session, client, signer, read_key):
        kept.cache_clear()


def archive_of(settings: Places) -> S3ArchiveStore:
    """The bucket with the archive."""
    return S3ArchiveStore(client("s3"), settings.archive_bucket)


def ledger_of(settings: Places) -> DynamoDbLedger:
    """The ledger."""
    return DynamoDbLedger(client("dynamodb"), settings.ledger_table)


def notes_of(settings: Places) -> DynamoDbVerifications:
    """What the audits remember, in the ledger's table."""
    return DynamoDbVerifications(client("dynamodb"), settings.ledger_table)


def quick_ledger() -> DynamoDbLedger:
    """The ledger, for what must not wait for it: an error to be raised, a message to be sent."""
    quick = Config(connect_timeout=4, read_timeout=4, retries={"total_max_attempts": 2})
    table, config = ledger_table(), client_config().merge(quick)
    dynamodb: DynamoDBClient = reject_partial_answers(session().client("dynamodb", config=config))
    return DynamoDbLedger(dynamodb, table)


def alerts(topic: str | None, clock: Clock) -> Alerts:
    """Where findings go: to the topic, if there is one."""
    if topic is None:
        return NoAlerts()
    sns: SNSClient = _later("sns")
    return SnsAlerts(sns, topic, clock, Sender(stack_name(), alert_form(), _label_of))


def _label_of(console: str) -> Label:
    """What people call a Console. A ledger that does not answer keeps no message back."""
    try:
        return quick_ledger().last_runs(console).label
    except LedgerError:
        return NO_LABEL


def bundle_signer(settings: Settings | RetrieveSettings) -> Signer | None:
    """What signs bundles of evidence; None if they are not signed."""
    return signer(settings.bundle_key) if settings.bundle_key is not None else None
