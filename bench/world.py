"""The parts that workloads run against: a Console and an AWS of their own, each its own process."""

from __future__ import annotations

import shutil
import tempfile
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from local.aws import LocalAws, LocalConsole
from local.aws.console import PURGE_KEY, READ_KEY, URL_TEMPLATE

ARCHIVE, PLAIN, LEDGER, SECRETS = "bench-archive", "bench-plain", "bench-ledger", "bench"
SETTINGS = {
    "ARCHIVE_BUCKET": ARCHIVE,
    "LEDGER_TABLE": LEDGER,
    "SECRET_PREFIX": SECRETS,
    "PURGE_MODE": "on",
    "CONSOLE_URL_TEMPLATE": URL_TEMPLATE,
    "POWERTOOLS_SERVICE_NAME": "archive",
    "POWERTOOLS_METRICS_NAMESPACE": "CanaryAuditArchive",
}


@dataclass(frozen=True)
class World:
    """An AWS with the archive's bucket, ledger and secrets, and a folder that vanishes in the end."""

    folder: Path
    aws: LocalAws
    years: float

    def env(self) -> Mapping[str, str]:
        """The environment of a workload that uses the AWS."""
        return self.aws.env() | SETTINGS

    def signed_env(self) -> Mapping[str, str]:
        """The same with a key that signs checkpoints, and with the shortest settle window."""
        return dict(self.env()) | {"SIGNING_KEY": self.signing_key, "SETTLE_MINUTES": "1"}

    @cached_property
    def signing_key(self) -> str:
        """A key of KMS, as the template makes it."""
        kms = self.aws.session.client("kms", endpoint_url=self.aws.endpoint)
        made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        return str(made["KeyMetadata"]["Arn"])

    @contextmanager
    def console(self, entries: int, years: float | None = None) -> Iterator[LocalConsole]:
        """A fresh Console, with its keys in the secrets."""
        with LocalConsole(self.folder, entries, self.years if years is None else years) as console:
            for use, key in (("read", READ_KEY), ("purge", PURGE_KEY)):
                self.aws.secrets.create_secret(Name=f"{SECRETS}/{console.id}/{use}", SecretString=key)
            yield console

    def export(self, console: LocalConsole) -> Path:
        """The Console's export, as a file."""
        path = self.folder / "export.zip"
        request = urllib.request.Request(  # noqa: S310 - our own loopback URL
            f"{console.url}/api/v1/audit_trail/download/json", headers={"X-Canary-Auth-Token": READ_KEY}
        )
        with urllib.request.urlopen(request, timeout=600) as answer, path.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(answer, file)
        return path

    def copy_archive(self, console: str) -> Path:
        """A Console's archive in a folder, as `aws s3 sync` copies it; a copy made before goes."""
        folder = self.folder / "archive"
        shutil.rmtree(folder, ignore_errors=True)
        for page in self.aws.s3.get_paginator("list_objects_v2").paginate(Bucket=ARCHIVE):
            for key in (row["Key"] for row in page.get("Contents", ())):
                if f"/console={console}/" in key:
                    (folder / key).parent.mkdir(parents=True, exist_ok=True)
                    self.aws.s3.download_file(ARCHIVE, key, str(folder / key))
        return folder


@contextmanager
def world(years: float) -> Iterator[World]:
    """Everything that runs need; all processes that this started have ended afterwards."""
    with tempfile.TemporaryDirectory(prefix="canary-audit-bench-") as folder, LocalAws(Path(folder)) as aws:
        _furnish(aws)
        yield World(Path(folder), aws, years)


def _furnish(aws: LocalAws) -> None:
    aws.s3.create_bucket(Bucket=PLAIN)
    aws.s3.create_bucket(Bucket=ARCHIVE, ObjectLockEnabledForBucket=True)
    # As template.yaml has it. Besides, the emulator refuses locked puts without it.
    aws.s3.put_object_lock_configuration(
        Bucket=ARCHIVE,
        ObjectLockConfiguration={
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 2555}},
        },
    )
    aws.dynamodb.create_table(
        TableName=LEDGER,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[
            {"AttributeName": "console", "AttributeType": "S"},
            {"AttributeName": "item", "AttributeType": "S"},
        ],
        KeySchema=[
            {"AttributeName": "console", "KeyType": "HASH"},
            {"AttributeName": "item", "KeyType": "RANGE"},
        ],
    )
