"""Worlds whose functions speak to AWS through the gateway, each under its own role."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import boto3
import pytest

from audit_archive.bootstrap.clients import forget, read_key, signer
from local.console import Trail
from tests.functions.deployed import (
    SCHEDULES,
    as_the_template_made_it,
    lock_by_default,
    policy_of,
    schedule,
)
from tests.functions.permissions.gateway import Gateway, Names
from tests.functions.world import CONSOLE, PURGE_KEY, READ_KEY, World
from tests.support.entries import Json
from tests.support.invocation import Context
from tests.support.stack import ROOT

PREFIX = "canary-audit"
TABLE = "arn:aws:AWS::DynamoDB::Table:::LedgerTable"
KEY = "arn:aws:AWS::KMS::Key:::SigningKey"
BUNDLE_KEY = "arn:aws:AWS::KMS::Key:::BundleKey"

ITSELF = "arn:aws:AWS::Lambda::Function:::VerifyFunction"
SECRETS, PARAMETERS = "secrets-manager", "parameter-store"

VARIABLES = (
    "ALERT_TOPIC",
    "ARCHIVE_BUCKET",
    "BUNDLE_KEY",
    "CONSOLE_URL_TEMPLATE",
    "EXPIRY_DAYS",
    "KEY_STORE",
    "LEDGER_TABLE",
    "REPORTS_BUCKET",
    "RETENTION_DAYS",
    "SCHEDULE_GROUP",
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
        return self._invoke("ArchiveRole", {"console": CONSOLE, **event})

    def decide(self, event: str) -> Json:
        """Invoke the operate function with one of the events; it acts as the archive function does."""
        said: Json = json.loads((ROOT / "events" / f"{event}.json").read_text())
        return self._invoke("ArchiveRole", said, app="operate")

    def verify(self, context: Context | None = None, **event: Any) -> Json:
        """Invoke the verify function for the Console."""
        return self._invoke("VerifyRole", {"console": CONSOLE, **event}, context)

    def check_fleet(self) -> Json:
        """Invoke the verify function for all Consoles."""
        return self._invoke("VerifyRole", {"fleet": True})

    def retrieve(self, request: str, **event: Any) -> Json:
        """Ask the retrieve function about the Console."""
        return self._invoke("RetrieveRole", {"console": CONSOLE, "request": request, **event})

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

    def let_locks_near_their_end(self) -> None:
        """As if years had passed: the locks of statements and checkpoints end in a hundred days."""
        s3, bucket = self.world.aws.s3, self.world.name
        lock: Any = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(days=100)}
        for prefix in ("statements/", "checkpoints/"):
            for key in self.world.keys(prefix):
                s3.put_object_retention(
                    Bucket=bucket, Key=key, Retention=lock, BypassGovernanceRetention=True
                )

    def _invoke(self, role: str, event: Json, context: Context | None = None, app: str = "") -> Json:
        self.world.set(**self.variables)
        self.stage.act_as(role, self.names)
        doing = replace(self.world, app=self.stage.apps[app or role], output="")
        try:
            return doing.invoke(event, context=context)
        finally:
            self.world.output += doing.output


@dataclass(frozen=True)
class Clients:
    """Clients of the emulator itself, to make what a scene has."""

    kms: Any
    scheduler: Any
    ssm: Any


@dataclass
class Stage:
    """Makes scenes. `apps`: by the roles that the template gives them; `operate` has the archive's."""

    gateway: Gateway
    endpoint: str
    make_world: Callable[..., World]
    apps: dict[str, ModuleType]
    monkeypatch: pytest.MonkeyPatch
    clients: Clients
    signing_key: str = KEY
    key_store: str = SECRETS
    _role: str = ""
    _shared: tuple[str, ...] = ()
    _archived: Scene | None = None
    _damaged: Scene | None = None

    def archive_anew(self, *, is_deployed: bool = False) -> Scene:
        """A new scene whose Console is archived and purged.

        `is_deployed`: with the settings of the bucket and the schedules of the template.
        """
        scene = self.scene()
        if is_deployed:
            lock_by_default(scene.world)
            as_the_template_made_it(scene.world)
            self.gateway.cloud.policies[scene.world.name] = policy_of(scene.world)
            schedule(scene.world, *SCHEDULES, client=self.clients.scheduler)
            scene.variables["SCHEDULE_GROUP"] = scene.world.name
        result = scene.archive()
        assert (result["outcome"], result["new_entries"], result["purged_entries"]) == ("purged", 3, 3)
        return scene

    def archived(self) -> Scene:
        """The same, once for all jobs that change nothing in it; the audit has no notes on it."""
        if self._archived is None:
            self._archived = self.archive_anew(is_deployed=True)
        self._archived.forget_notes()
        return self._archived

    def damaged(self) -> Scene:
        """An archive whose one export somebody destroyed; once for all jobs that only tell of it."""
        if self._damaged is None:
            self._damaged = self.archive_anew(is_deployed=True)
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
        for kept in (signer, read_key):  # a cold start asks for them anew
            kept.cache_clear()
        if role != self._role:
            self.monkeypatch.setenv("AWS_ENDPOINT_URL", self.endpoint)
            self.monkeypatch.setenv("AWS_ACCESS_KEY_ID", role)
            boto3.setup_default_session()  # the credentials of the last one would be kept
            forget()
            self._role = role

    def scene(self, trail: Trail | None = None, **console: Any) -> Scene:
        """A new Console, bucket, table, topic and secrets. The keys and the reports bucket stay the same."""
        world = self.make_world(trail, **console)
        messages, topic = world.topic(), os.environ["ALERT_TOPIC"]
        if not self._shared:
            reports = f"{world.name}-reports"
            world.aws.s3.create_bucket(Bucket=reports)
            makes = [
                self.clients.kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY") for _ in "12"
            ]
            self._shared = (reports, *(each["KeyMetadata"]["Arn"] for each in makes))
        reports, key, bundle_key = self._shared
        world.set(REPORTS_BUCKET=reports, LINK_MINUTES="5", SIGNING_KEY=key, BUNDLE_KEY=bundle_key)
        world.set(KEY_STORE=self.key_store, EXPIRY_DAYS="2560", SCHEDULE_GROUP="")
        if self.key_store == PARAMETERS:
            for use, text in (("read", READ_KEY), ("purge", PURGE_KEY)):
                self.clients.ssm.put_parameter(Name=f"/{world.secret(use)}", Value=text, Type="SecureString")
        names = Names(
            buckets={world.name: "ArchiveBucket", reports: "ReportsBucket"},
            others={
                world.name: TABLE,
                topic: "AlertTopic",
                key: self.signing_key,
                bundle_key: BUNDLE_KEY,
                Context.invoked_function_arn: ITSELF,
            },
            prefix=(f":secret:{world.name}/", f":secret:{PREFIX}/")
            if self.key_store == SECRETS
            else (f":parameter/{world.name}/", f":parameter/{PREFIX}/"),
        )
        return Scene(self, world, messages, names, {name: os.environ[name] for name in VARIABLES})
