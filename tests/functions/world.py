"""What a test of a function works with: one Console over HTTP, one AWS, and the real handler between them."""

import gzip
import io
import json
import logging
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

import pytest
from aws_lambda_powertools.logging.filters import SuppressFilter

from local.console import ConsoleServer, Seen, Trail
from tests.support.entries import Json, ordinary
from tests.support.invocation import Context

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

CONSOLE = "1234abcd"
READ_KEY = "5d1f3b7a9c0e2468aceb1357d9f80246"
PURGE_KEY = "e7c4a1908b6d2f53c0ffee42badf00d1"
DAY = 86_400
Handler: TypeAlias = Callable[[Any, Any], Json]


@dataclass(frozen=True)
class Aws:
    """Clients of the emulator, for arranging and looking; the handler has its own."""

    s3: "S3Client"
    dynamodb: "DynamoDBClient"
    secrets: "SecretsManagerClient"
    sns: "SNSClient"
    sqs: "SQSClient"


class Kept(ABC):
    """What a Console holds, and what is kept of it in a bucket."""

    console: ConsoleServer
    monkeypatch: pytest.MonkeyPatch

    @property
    def trail(self) -> Trail:
        return self.console.trail

    @property
    def live_ids(self) -> list[int]:
        return list(self.trail.snapshot().ids)

    @property
    def posts(self) -> list[Seen]:
        """Every purge that was sent, whatever came of it."""
        return [seen for seen in self.console.requests if seen.method == "POST"]

    def set(self, **variables: str) -> None:
        """Set environment variables of the function."""
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def unset(self, name: str) -> None:
        self.monkeypatch.delenv(name)

    def as_the_template_has_it(self, name: str) -> None:
        """Set the environment; bucket, table and secrets have one name."""
        self.set(
            ARCHIVE_BUCKET=name,
            LEDGER_TABLE=name,
            SECRET_PREFIX=name,
            PURGE_MODE="on",
            KEEP_DAYS="0",
            SETTLE_MINUTES="60",
            RETENTION_DAYS="2555",
            OBJECT_LOCK_MODE="GOVERNANCE",
            AUTH_STYLE="header",
            CONSOLE_URL_TEMPLATE=self.console.url,
            ALERT_TOPIC="",
        )

    @abstractmethod
    def run(self) -> Json:
        """One run over the Console."""

    @abstractmethod
    def keys(self, prefix: str = "") -> list[str]:
        """The keys of all versions under a prefix, in order; a key with two versions comes twice."""

    @abstractmethod
    def get(self, key: str) -> bytes:
        """The newest version of an object."""

    @abstractmethod
    def versions(self, prefix: str) -> Iterator[bytes]:
        """The bytes of every version under a prefix."""

    @abstractmethod
    def lock_of(self, key: str) -> tuple[str, float]:
        """An object's lock: its mode, and for how many days from now."""

    def statements(self, kind: str | None = None) -> list[Json]:
        """The chain, or its statements of one kind."""
        chain = [json.loads(data) for data in self.versions("statements/")]
        return [statement for statement in chain if kind in (None, statement["kind"])]

    def archived_lines(self) -> list[bytes]:
        """Every line of every entry file."""
        files = [gzip.decompress(data) for data in self.versions("entries/")]
        return [line for data in files for line in data.splitlines()]

    def archived(self) -> dict[int, Json]:
        """Every archived entry by its id; an id that is archived twice fails."""
        entries = [json.loads(line) for line in self.archived_lines()]
        by_id = {entry["id"]: entry for entry in entries}
        assert len(by_id) == len(entries), "an id is archived twice"
        return by_id


@dataclass
class World(Kept):
    """A Console, an account's bucket, table and secrets, the function's environment, and the function.

    `output` is all that the function wrote: its log, its metrics, its libraries' warnings. `door`: the
    operate function.
    """

    aws: Aws
    app: ModuleType
    console: ConsoleServer
    monkeypatch: pytest.MonkeyPatch
    name: str = field(default_factory=lambda: f"t{uuid4().hex[:12]}")
    output: str = ""
    door: ModuleType | None = None
    _read: dict[str, bytes] = field(default_factory=dict)

    def make(self) -> None:
        """Make bucket, table and secrets, and set the environment as the template does."""
        self.aws.s3.create_bucket(Bucket=self.name, ObjectLockEnabledForBucket=True)
        self.aws.dynamodb.create_table(
            TableName=self.name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "console", "KeyType": "HASH"},
                {"AttributeName": "item", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "console", "AttributeType": "S"},
                {"AttributeName": "item", "AttributeType": "S"},
            ],
        )
        self.aws.secrets.create_secret(Name=self.secret("read"), SecretString=READ_KEY)
        self.aws.secrets.create_secret(Name=self.secret("purge"), SecretString=PURGE_KEY)
        self.as_the_template_has_it(self.name)

    def secret(self, which: str) -> str:
        return f"{self.name}/{CONSOLE}/{which}"

    def run(self, seconds: float = 900.0, **event: Any) -> Json:
        """Invoke the function for the Console; `event` is what else the event holds."""
        return self.invoke({"console": CONSOLE, **event}, seconds)

    def invoke(self, event: object, seconds: float = 900.0, context: Context | None = None) -> Json:
        """Invoke the function with any event at all."""
        with self._listening():
            result: Json = self.app.handler(event, context or Context(seconds))
        return result

    def decide(self, event: object) -> Json:
        """Invoke the operate function."""
        assert self.door is not None
        doing = replace(self, app=self.door, output="")
        try:
            return doing.invoke(event)
        finally:
            self.output += doing.output

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Hear what Lambda would write to the log: standard output and error, and the root logger."""
        heard = io.StringIO()
        root = logging.StreamHandler(heard)
        root.setLevel(logging.WARNING)
        # What Powertools itself does to the handler that Lambda gives the root logger: no line comes twice.
        root.addFilter(SuppressFilter(self.app.function.logger.service))
        own = self.app.function.logger.registered_handler
        own.setStream(heard)
        logging.getLogger().addHandler(root)
        try:
            with redirect_stdout(heard), redirect_stderr(heard):
                yield
        finally:
            logging.getLogger().removeHandler(root)
            own.setStream(sys.__stdout__)
            self.output += heard.getvalue()

    def records(self) -> list[Json]:
        """Every line that was written, which must be JSON, each."""
        return [json.loads(line) for line in self.output.splitlines()]

    def log_lines(self) -> list[Json]:
        return [record for record in self.records() if "_aws" not in record]

    def metrics(self) -> list[Json]:
        return [record for record in self.records() if "_aws" in record]

    def keys(self, prefix: str = "") -> list[str]:
        """The keys of all versions under a prefix, in order; a key with two versions comes twice."""
        pages = self.aws.s3.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=prefix)
        return sorted(row["Key"] for page in pages for row in page.get("Versions", ()))

    def get(self, key: str) -> bytes:
        return self.aws.s3.get_object(Bucket=self.name, Key=key)["Body"].read()

    def versions(self, prefix: str) -> Iterator[bytes]:
        """The bytes of every version under a prefix, each fetched once: none can change, nor be hidden."""
        pages = self.aws.s3.get_paginator("list_object_versions").paginate(Bucket=self.name, Prefix=prefix)
        for page in pages:
            assert not page.get("DeleteMarkers"), "somebody deletes"
            for row in page.get("Versions", ()):
                key, version = row["Key"], row["VersionId"]
                if version not in self._read:
                    found = self.aws.s3.get_object(Bucket=self.name, Key=key, VersionId=version)
                    self._read[version] = found["Body"].read()
                yield self._read[version]

    def lock_of(self, key: str) -> tuple[str, float]:
        """An object's lock: its mode, and for how many days from now."""
        facts = self.aws.s3.head_object(Bucket=self.name, Key=key)
        until = facts["ObjectLockRetainUntilDate"]
        return facts["ObjectLockMode"], (until - datetime.now(UTC)).total_seconds() / DAY

    def topic(self) -> Callable[[], list[Json]]:
        """Give the function an alert topic; what is returned tells the messages since it was last asked."""
        topic = self.aws.sns.create_topic(Name=self.name)["TopicArn"]
        queue = self.aws.sqs.create_queue(QueueName=self.name)["QueueUrl"]
        arn = self.aws.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        self.aws.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["Attributes"]["QueueArn"])
        self.set(ALERT_TOPIC=topic)

        def messages() -> list[Json]:
            found: list[Json] = []
            while batch := self.aws.sqs.receive_message(
                QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=600
            ).get("Messages"):
                found += [json.loads(json.loads(message["Body"])["Message"]) for message in batch]
            return found

        return messages

    def check_no_key_leaked(self) -> None:
        for key in (READ_KEY, PURGE_KEY):
            assert key not in self.output, "an API key was written to the log"


@contextmanager
def worlds(
    aws: Aws, app: ModuleType, monkeypatch: pytest.MonkeyPatch, door: ModuleType | None = None
) -> Iterator[Callable[..., World]]:
    """Gives what makes a world over a trail; further arguments are the Console's. Ends and checks them."""
    made: list[World] = []

    def make(trail: Trail | None = None, **options: Any) -> World:
        keys = {"read_key": READ_KEY, "admin_key": PURGE_KEY} | options
        console = ConsoleServer(trail if trail is not None else ordinary(), **keys).start()
        made.append(World(aws, app, console, monkeypatch, door=door))
        made[-1].make()
        return made[-1]

    try:
        yield make
    finally:
        for world in made:
            world.console.stop()
    for world in made:
        assert world.console.crashes == []
        world.check_no_key_leaked()
