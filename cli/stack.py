"""The composition root of the command: the only module of `cli` that knows adapters and boto3.

Everything is done with the caller's own credentials, as the AWS CLI finds them. What speaks to AWS and to the
Console is imported where it is used: loading it takes longer than reading a copy in a folder.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audit_archive.adapters.bundle_source import BundleSource
from audit_archive.adapters.folder_source import FolderSource
from audit_archive.adapters.machine import (
    SystemClock,
    draw_seed,
    find_zone,
    handouts,
    scratch_file,
    zone_names,
)
from audit_archive.answer_ports import Caller, Workbook
from audit_archive.bookmark import oldest_audit
from audit_archive.config import Settings, longest_gap
from audit_archive.errors import AuditArchiveError, SettingsError
from audit_archive.fleet_ports import Runs
from audit_archive.format.facts import Mode
from audit_archive.format.keys import PublicKey
from audit_archive.format.times import HOUR
from audit_archive.health import Limits
from audit_archive.ports import Console, Verifications
from audit_archive.retrieve.known import StackFacts
from audit_archive.retrieve.request import RetrieveRequest, parse_request
from audit_archive.retrieve.statements import Reader
from cli.exits import Exit, Failure
from cli.inputs import check_copy

if TYPE_CHECKING:
    from boto3 import Session
    from botocore.exceptions import BotoCoreError, ClientError
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_kms import KMSClient
    from mypy_boto3_s3 import S3Client

    from audit_archive.adapters.secrets import KeyHolder

__all__ = [
    "CloudError",
    "Stack",
    "asking",
    "bundle_reader",
    "draw_seed",
    "find_zone",
    "folder_reader",
    "handouts",
    "ignored_in",
    "question",
    "zone_names",
]

DEFAULT_PERIOD_HOURS = 24
LINK_SECONDS = 900
"""How long a link works at most: as one of the retrieve function."""

RUN_SECONDS = 960
"""Longer than a Lambda may take (900 s)."""

_ADVICE = {
    "AccessDenied": "Ask for this right, or name another profile with --profile.",
    "AccessDeniedException": "Ask for this right, or name another profile with --profile.",
    "ExpiredToken": "Log in again.",
    "NoCredentialsError": "Log in, or name a profile with --profile.",
    "ProfileNotFound": "Correct --profile; `aws configure list-profiles` lists what there is.",
}


class CloudError(AuditArchiveError):
    """AWS did not answer, or refused."""


@contextmanager
def asking(action: str, otherwise: str = "Try again later.") -> Iterator[None]:
    """Turn whatever AWS raises into CloudError: `action` says what failed, `otherwise` what to do."""
    try:
        yield
    except _faults_of_aws() as error:
        from audit_archive.adapters.aws import failure_sentence

        raise CloudError(failure_sentence(action, error, _ADVICE, otherwise)) from error


def _faults_of_aws() -> "tuple[type[ClientError], type[BotoCoreError]]":
    from botocore.exceptions import BotoCoreError, ClientError

    return ClientError, BotoCoreError


class Stack:
    """A deployed stack. It is asked for its outputs and settings once, when they are first needed."""

    def __init__(self, name: str, profile: str | None, region: str | None) -> None:
        self.name = name
        self.clock = SystemClock()
        self._profile = profile
        self._region = region
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """An AWS client with the timeouts, retries and checks that all of ours have."""
        from audit_archive.adapters.aws import client_config, reject_partial_answers

        if service not in self._clients:
            with asking(f"AWS {service} can't be reached"):
                client = self._session.client(service, config=client_config())  # type: ignore[call-overload]
                self._clients[service] = reject_partial_answers(client)
        return self._clients[service]

    @cached_property
    def invoker(self) -> Any:
        """A Lambda client that waits for a whole run, and never invokes twice."""
        from botocore.config import Config

        from audit_archive.adapters.aws import client_config

        config = client_config(RUN_SECONDS).merge(Config(retries={"total_max_attempts": 1}))
        with asking("AWS lambda can't be reached"):
            return self._session.client("lambda", config=config)

    @cached_property
    def _session(self) -> "Session":
        import boto3

        with asking("AWS can't be reached"):
            session = boto3.Session(profile_name=self._profile, region_name=self._region)
        if not session.region_name:
            message = "No region is chosen. Name the one of the stack with --region or AWS_REGION."
            raise Failure("NoRegion", message, Exit.USAGE)
        return session

    @property
    def region(self) -> str:
        """The region that is asked: the one given, else the profile's. Raises Failure if there is neither."""
        return str(self._session.region_name)

    @cached_property
    def described(self) -> Mapping[str, Any]:
        """The stack as CloudFormation describes it. Raises CloudError, SettingsError if it does not exist."""
        action = f"The stack {self.name} can't be described"
        cloudformation = self.client("cloudformation")
        try:
            with asking(action):
                (found,) = cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except CloudError as error:
            if error_code_of(error) != "ValidationError":
                raise
            raise SettingsError(
                f"There is no stack {self.name} in this account in {self.region}: name it with --stack or "
                "CANARY_AUDIT_STACK, and check --profile, --region and AWS_REGION"
            ) from error
        described: Mapping[str, Any] = found
        return described

    def parameters(self) -> dict[str, str]:
        """What the stack was deployed with."""
        found = self.described.get("Parameters", [])
        return {each["ParameterKey"]: each.get("ParameterValue", "") for each in found}

    def outputs(self) -> dict[str, str]:
        """The outputs of the stack."""
        return {each["OutputKey"]: each["OutputValue"] for each in self.described.get("Outputs", [])}

    def output(self, name: str) -> str:
        """One of them. Raises SettingsError if the stack has no such output."""
        try:
            return self.outputs()[name]
        except KeyError as error:
            raise SettingsError(
                f"The stack {self.name} has no output {name}: deploy this version of it"
            ) from error

    @cached_property
    def function(self) -> Mapping[str, Any]:
        """The archive function's configuration."""
        name = self.output("ArchiveFunction")
        with asking(f"The function {name} can't be looked at"):
            found: Mapping[str, Any] = self.client("lambda").get_function_configuration(FunctionName=name)
        return found

    @cached_property
    def settings(self) -> Settings:
        """What the archive function was deployed with."""
        return Settings.from_environment(self.function.get("Environment", {}).get("Variables", {}))

    @cached_property
    def reader(self) -> Reader:
        """The archive, to read."""
        from audit_archive.adapters.ledger import DynamoDbLedger
        from audit_archive.adapters.s3 import S3ArchiveStore

        s3: S3Client = self.client("s3")
        dynamodb: DynamoDBClient = self.client("dynamodb")
        return Reader(
            source=S3ArchiveStore(s3, self.output("ArchiveBucket")),
            ledger=DynamoDbLedger(dynamodb, self.output("LedgerTable")),
            clock=self.clock,
            scratch=scratch_file,
            verifications=self.verifications,
            stack_mode=_mode_in(self.parameters()),
        )

    def page_link(self, key: str) -> tuple[str, int]:
        """A link that shows a page in the reports bucket, and until when it works at most (epoch seconds).

        It ends with the caller's credentials, if they end sooner.
        """
        from audit_archive.adapters.aws import link_config, seconds_left
        from audit_archive.adapters.s3 import S3Links

        with asking("No link can be signed"):
            s3: S3Client = self._session.client("s3", config=link_config())
            seconds = seconds_left(self._session.get_credentials(), LINK_SECONDS, LINK_SECONDS)
        link = S3Links(s3, self.output("ReportsBucket")).link(key, None, seconds, shows=True)
        return link, self.clock.now() + seconds

    @cached_property
    def limits(self) -> Limits:
        """When a Console of this stack is late, and when its audit is."""
        parameters = self.parameters()
        period = int(parameters.get("PeriodHours") or DEFAULT_PERIOD_HOURS) * HOUR
        return Limits(period, oldest_audit(longest_gap(parameters.get("VerifyExpression", ""))))

    def facts(self) -> StackFacts:
        """The stack's schedules, of which one request lists 100, and its limits. Raises SettingsError."""
        from audit_archive.adapters.schedules import GroupSchedules

        group = GroupSchedules(self.client("scheduler"), self.output("ScheduleGroup"))
        return StackFacts({each.name: each for each in group.listed()}, self.limits)

    @cached_property
    def runs(self) -> Runs:
        """How the last runs over each Console ended, and which Consoles were removed."""
        from audit_archive.adapters.ledger import DynamoDbLedger

        dynamodb: DynamoDBClient = self.client("dynamodb")
        return DynamoDbLedger(dynamodb, self.output("LedgerTable"))

    @cached_property
    def verifications(self) -> Verifications:
        """The results of the stack's daily audits."""
        from audit_archive.adapters.ledger import DynamoDbVerifications

        dynamodb: DynamoDBClient = self.client("dynamodb")
        return DynamoDbVerifications(dynamodb, self.output("LedgerTable"))

    def console(self, console: str) -> Console:
        """A Console, read with the Read-Only key in its secret."""
        from audit_archive.adapters.console.http import HttpConsole
        from audit_archive.adapters.secrets import StoredKey

        settings = self.settings
        key = StoredKey(self._holder(settings, console, "read"))
        return HttpConsole(settings.console_url(console), key, settings.auth_style, self.clock)

    def stored_key(self, settings: Settings, console: str, use: str) -> str | None:
        """A Console's key where these settings keep it; None if there is no such secret or parameter.

        Raises SettingsError, ConsoleUnavailableError.
        """
        from audit_archive.adapters.secrets import existing

        key = existing(self._holder(settings, console, use))
        return key.value() if key is not None else None

    def _holder(self, settings: Settings, console: str, use: str) -> "KeyHolder":
        from audit_archive.adapters.secrets import Parameter, Secret

        name = settings.key_name(console, use)
        if settings.in_parameter_store:
            return Parameter(self.client("ssm"), name)
        return Secret(self.client("secretsmanager"), name)

    def secret(self, console: str, use: str) -> str:
        """The name of the secret or parameter with a Console's key; `use` is `read` or `purge`."""
        return self.settings.key_name(console, use)

    def signing_key(self) -> PublicKey | None:
        """The public half of the stack's signing key; None if the stack does not sign."""
        from audit_archive.adapters.signing import KmsSigner

        if self.settings.signing_key is None:
            return None
        kms: KMSClient = self.client("kms")
        return KmsSigner(kms, self.settings.signing_key).public_key()

    def caller(self) -> Caller:
        """Whose credentials these are, as AWS STS tells it."""
        from audit_archive.adapters.aws import hurried_config, reject_partial_answers
        from audit_archive.adapters.caller import ask_sts

        with asking("AWS sts can't be reached"):
            client = self._session.client("sts", config=hurried_config())
        return ask_sts(reject_partial_answers(client), self.clock)

    def bundle_key(self) -> PublicKey | None:
        """The public half of the key that signs the stack's bundles of evidence; None if it signs none."""
        from audit_archive.adapters.signing import KmsSigner

        name = self.output("RetrieveFunction")
        with asking(f"The function {name} can't be looked at"):
            found = self.client("lambda").get_function_configuration(FunctionName=name)
        key = found.get("Environment", {}).get("Variables", {}).get("BUNDLE_KEY")
        if not key:
            return None
        kms: KMSClient = self.client("kms")
        return KmsSigner(kms, key).public_key()


def _mode_in(parameters: Mapping[str, str]) -> Mode | None:
    """The PurgeMode of a stack; None if it has none that we know."""
    return next((mode for mode in Mode if mode == parameters.get("PurgeMode")), None)


def error_code_of(error: CloudError) -> str:
    """AWS's code for the error."""
    from audit_archive.adapters.aws import error_code

    return error_code(error.__cause__) if isinstance(error.__cause__, Exception) else ""


def open_workbook(columns: Sequence[str]) -> Workbook:
    """A new workbook."""
    from audit_archive.adapters.workbook import XlsxWorkbook

    return XlsxWorkbook(columns)


def is_signed(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the signature of a message is valid under a key."""
    from audit_archive.adapters import signing

    return signing.is_signed(key, message, signature)


def checked_key(what: str, text: str) -> str:
    """The API key that a text holds; `what` names the text. Raises SettingsError if it holds more."""
    from audit_archive.adapters import secrets

    return secrets.checked_key(what, text)


@dataclass(frozen=True)
class _Given:
    """An API key as a person gave it: a KeyHolder."""

    what: str
    key: str

    def text(self) -> str:
        return self.key


def console_with(settings: Settings, console: str, what: str, key: str) -> Console:
    """A Console, read with a key that is stored nowhere yet; `what` the key is called in a sentence."""
    from audit_archive.adapters.console.http import HttpConsole
    from audit_archive.adapters.console.retry import Patience
    from audit_archive.adapters.secrets import StoredKey

    given, url = StoredKey(_Given(what, key)), settings.console_url(console)
    return HttpConsole(url, given, settings.auth_style, SystemClock(), patience=Patience(attempts=2))


def folder_reader(folder: Path) -> Reader:
    """A copy of an archive in a folder, to read.

    Raises ArchiveStoreError if there is no such folder, Failure if nothing in it is of an archive.
    """
    source = FolderSource(folder)
    check_copy(folder, is_bare=source.is_bare())
    return Reader(source, None, SystemClock(), scratch_file)


def bundle_reader(bundle: Path) -> Reader:
    """The chain in a bundle of evidence, to read. Raises ValueError if the file is not one."""
    return Reader(BundleSource(bundle), None, SystemClock(), scratch_file)


def ignored_in(reader: Reader) -> int | None:
    """How many files in a copy, or in a bundle, are no part of an archive; None for a bucket."""
    source = reader.source
    return source.ignored() if isinstance(source, FolderSource | BundleSource) else None


def question(event: Mapping[str, Any]) -> RetrieveRequest:
    """The question that an event asks. Raises RequestError naming the field."""
    return parse_request(event, find_zone, SystemClock().now())
