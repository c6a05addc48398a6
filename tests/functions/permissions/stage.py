"""Worlds whose functions speak to AWS through the gateway, each under its own role."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import boto3
import pytest

from audit_archive import bootstrap
from local.console import Trail
from tests.functions.permissions.gateway import Gateway, Names
from tests.functions.world import CONSOLE, World
from tests.support.entries import Json

PREFIX = "canary-audit"
TABLE = "arn:aws:AWS::DynamoDB::Table:::LedgerTable"
KEY = "arn:aws:AWS::KMS::Key:::SigningKey"

VARIABLES = (
    "ALERT_TOPIC",
    "ARCHIVE_BUCKET",
    "CONSOLE_URL_TEMPLATE",
    "LEDGER_TABLE",
    "REPORTS_BUCKET",
    "SECRET_PREFIX",
    "SIGNING_KEY",
)
"""What of the functions' environment is another one in each scene."""


@dataclass
class Scene:
    """A world with all that the template makes, in which each function acts under its role."""

    stage: Stage
    world: World
    messages: Callable[[], list[Json]]
    names: Names
    variables: dict[str, str]

    def archive(self, **event: Any) -> Json:
        """Invoke the archive function for the Console."""
        return self._invoke("ArchiveRole", event)

    def verify(self, **event: Any) -> Json:
        """Invoke the verify function for the Console."""
        return self._invoke("VerifyRole", event)

    def retrieve(self, request: str, **event: Any) -> Json:
        """Ask the retrieve function about the Console."""
        return self._invoke("RetrieveRole", {"request": request, **event})

    def items(self) -> list[Json]:
        """Every item of the ledger."""
        return [dict(item) for item in self.world.aws.dynamodb.scan(TableName=self.world.name)["Items"]]

    def forget_notes(self) -> None:
        """Remove what the audit has noted."""
        for item in self.items():
            if item["console"]["S"].startswith("verify/"):
                self.forget(item)

    def forget(self, item: Json) -> None:
        """Remove an item of the ledger."""
        key = {name: item[name] for name in ("console", "item")}
        self.world.aws.dynamodb.delete_item(TableName=self.world.name, Key=key)

    def destroy(self, prefix: str) -> None:
        """Somebody who may bypass governance deletes every version under a prefix."""
        s3, bucket = self.world.aws.s3, self.world.name
        for row in s3.list_object_versions(Bucket=bucket, Prefix=prefix)["Versions"]:
            s3.delete_object(
                Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"], BypassGovernanceRetention=True
            )

    def _invoke(self, role: str, event: Json) -> Json:
        self.world.set(**self.variables)
        self.stage.act_as(role, self.names)
        doing = replace(self.world, app=self.stage.apps[role], output="")
        try:
            return doing.invoke({"console": CONSOLE, **event})
        finally:
            self.world.output += doing.output


@dataclass
class Stage:
    """Makes scenes. `apps` are the functions' modules by the roles that the template gives them."""

    gateway: Gateway
    endpoint: str
    make_world: Callable[..., World]
    apps: dict[str, ModuleType]
    monkeypatch: pytest.MonkeyPatch
    kms: Any
    signing_key: str = KEY
    _role: str = ""
    _archived: Scene | None = None
    _damaged: Scene | None = None

    def archive_anew(self) -> Scene:
        """A new scene whose Console is archived and purged."""
        scene = self.scene()
        result = scene.archive()
        assert (result["outcome"], result["new_entries"], result["purged_entries"]) == ("purged", 3, 3)
        return scene

    def archived(self) -> Scene:
        """The same, once for all jobs that change nothing in it; the audit has no notes on it."""
        if self._archived is None:
            self._archived = self.archive_anew()
        self._archived.forget_notes()
        return self._archived

    def damaged(self) -> Scene:
        """An archive whose one export somebody destroyed; once for all jobs that only tell of it."""
        if self._damaged is None:
            self._damaged = self.archive_anew()
            self._damaged.destroy("exports/")
        self._damaged.forget_notes()
        self._damaged.messages()
        return self._damaged

    @contextmanager
    def lacking(self, role: str, action: str, ends: str) -> Iterator[None]:
        """The role has no permission for an action on the resources whose pattern ends so."""
        wanted = (role, action)
        found = {p for p in self.gateway.account.permissions if (p.role, p.action) == wanted}
        found = {p for p in found if p.resource.endswith(ends)} - self.gateway.without
        self.gateway.without |= found
        try:
            yield
        finally:
            self.gateway.without -= found

    def act_as(self, role: str, names: Names) -> None:
        """From now on the functions' clients sign as this role, and speak to the gateway."""
        self.gateway.names = names
        if role != self._role:
            self.monkeypatch.setenv("AWS_ENDPOINT_URL", self.endpoint)
            self.monkeypatch.setenv("AWS_ACCESS_KEY_ID", role)
            boto3.setup_default_session()  # the credentials of the last one would be kept
            bootstrap._session.cache_clear()
            bootstrap._client.cache_clear()
            self._role = role

    def scene(self, trail: Trail | None = None, **console: Any) -> Scene:
        """A new Console, bucket, table, key, topic and secrets."""
        world = self.make_world(trail, **console)
        reports = f"{world.name}-reports"
        world.aws.s3.create_bucket(Bucket=reports)
        messages = world.topic()
        topic = world.aws.sns.create_topic(Name=world.name)["TopicArn"]
        made = self.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
        key = made["KeyMetadata"]["Arn"]
        world.set(REPORTS_BUCKET=reports, LINK_MINUTES="5", SIGNING_KEY=key)
        names = Names(
            buckets={world.name: "ArchiveBucket", reports: "ReportsBucket"},
            others={world.name: TABLE, topic: "AlertTopic", key: self.signing_key},
            secrets=(f"secret:{world.name}/", f"secret:{PREFIX}/"),
        )
        return Scene(self, world, messages, names, {name: os.environ[name] for name in VARIABLES})
