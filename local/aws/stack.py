"""The deployed stack, seen and used through AWS's own APIs alone."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from boto3.dynamodb.types import TypeDeserializer

from local.aws import sam
from local.aws.emulator import LocalAws
from local.aws.mend import mend_bucket, without_unknown

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Invocation:
    """The result of one synchronous invocation."""

    result: dict[str, Any]
    failed: bool  # the function raised; `result` is then Lambda's error record
    log: str  # the invocation's last 4 kB of log, as Lambda returns it

    @property
    def error(self) -> str:
        """The error's message; empty when the function did not raise."""
        return str(self.result.get("errorMessage", self.result)) if self.failed else ""


@dataclass(frozen=True)
class ArchivedObject:
    """One version in the archive bucket, with its lock."""

    key: str
    version_id: str
    size: int
    lock_mode: str
    retain_until: datetime | None
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class DeployedStack:
    """The stack in the emulator; `outputs` are the template's."""

    aws: LocalAws
    outputs: Mapping[str, str]

    @classmethod
    def deploy(
        cls, aws: LocalAws, template: Path, parameters: Mapping[str, str], folder: Path, root: Path
    ) -> Self:
        """Deploy a built template with `parameters`, and mend what the emulator loses."""
        aws.s3.create_bucket(Bucket=sam.ARTIFACTS)
        known = without_unknown(template)
        sam.deploy(known, parameters, aws.env(), folder, root)
        stack = cls(aws, aws.stack_outputs(sam.STACK))
        mend_bucket(aws, stack.bucket, known, stack.settings())
        return stack

    @property
    def bucket(self) -> str:
        """The archive bucket's name."""
        return self.outputs["ArchiveBucket"]

    @property
    def function(self) -> str:
        """The archive function's name."""
        return self.outputs["ArchiveFunction"]

    def settings(self) -> Mapping[str, str]:
        """The environment that the template gives the function."""
        found = self.aws.lambda_.get_function_configuration(FunctionName=self.function)
        return found["Environment"]["Variables"]

    def put_key(self, console: str, use: str, key: str) -> None:
        """Put a Console's API key into its secret; `use` is `read` or `purge`."""
        name = f"{self.settings()['SECRET_PREFIX']}/{console}/{use}"
        try:
            self.aws.secrets.create_secret(Name=name, SecretString=key)
        except self.aws.secrets.exceptions.ResourceExistsException:
            self.aws.secrets.put_secret_value(SecretId=name, SecretString=key)

    def invoke(self, event: Event, function: str = "ArchiveFunction") -> Invocation:
        """Invoke a function, named as the template's output is, through Lambda, and wait for it."""
        answer = self.aws.lambda_.invoke(
            FunctionName=self.outputs[function], Payload=json.dumps(event).encode(), LogType="Tail"
        )
        log = base64.b64decode(answer.get("LogResult", "")).decode(errors="replace")
        result = json.loads(answer["Payload"].read())
        return Invocation(result, "FunctionError" in answer, log)

    def objects(self, prefix: str = "") -> Iterator[ArchivedObject]:
        """Every version in the archive under `prefix`, in the order of the keys."""
        pages = self.aws.s3.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=prefix)
        for page in pages:
            for version in page.get("Versions", []):
                yield self._object(version["Key"], version["VersionId"])

    def read(self, key: str, version_id: str) -> bytes:
        """One version's bytes."""
        return self.aws.s3.get_object(Bucket=self.bucket, Key=key, VersionId=version_id)["Body"].read()

    def ledger(self, console: str) -> list[dict[str, Any]]:
        """A Console's items in the ledger."""
        answer = self.aws.dynamodb.query(
            TableName=self.outputs["LedgerTable"],
            KeyConditionExpression="console = :console",
            ExpressionAttributeValues={":console": {"S": console}},
            ConsistentRead=True,
        )
        plain = TypeDeserializer().deserialize
        return [{name: plain(value) for name, value in item.items()} for item in answer["Items"]]

    def _object(self, key: str, version_id: str) -> ArchivedObject:
        head = self.aws.s3.head_object(Bucket=self.bucket, Key=key, VersionId=version_id)
        return ArchivedObject(
            key=key,
            version_id=version_id,
            size=head["ContentLength"],
            lock_mode=head.get("ObjectLockMode", ""),
            retain_until=head.get("ObjectLockRetainUntilDate"),
            metadata=head["Metadata"],
        )
