"""Checks an archive from the outside, by the format's rules alone: nothing here uses the product's code.

What an auditor could do with `unzip`, `zcat` and `sha256sum`, done in Python.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from local.aws import DeployedStack
from local.aws.stack import ArchivedObject

FOLDERS = ("exports", "entries", "statements", "checkpoints")


@dataclass(frozen=True)
class Check:
    """One thing that was checked, and what came of it."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Link:
    """One statement of the chain: its object, the hash of its bytes, and what it says."""

    found: ArchivedObject
    sha256: str
    says: dict[str, Any]


def read_chain(stack: DeployedStack, console: str) -> list[Link]:
    """A Console's statements, oldest first."""
    links = []
    for found in stack.objects(f"statements/console={console}/"):
        data = stack.read(found.key, found.version_id)
        links.append(Link(found, hashlib.sha256(data).hexdigest(), json.loads(data)))
    return links


def check_archive(stack: DeployedStack, console: str) -> Iterator[Check]:
    """Everything that can be checked without the product."""
    links = read_chain(stack, console)
    objects = [found for folder in FOLDERS for found in stack.objects(f"{folder}/console={console}/")]
    yield _chained(links)
    yield _exports(stack, links)
    yield _entries(stack, links, objects)
    yield _locked(objects)
    yield _ledger(stack, console, links[-1].sha256 if links else "")


def _chained(links: Sequence[Link]) -> Check:
    expected: dict[str, str] | None = None
    for number, link in enumerate(links, start=1):
        if link.says["seq"] != number or link.says["previous"] != expected:
            return Check("chain", False, f"{link.found.key} does not follow the statement before it")
        expected = {"key": link.found.key, "version_id": link.found.version_id, "sha256": link.sha256}
    detail = f"{len(links)} statements, each naming hash and version of the one before"
    return Check("chain", bool(links), detail)


def _exports(stack: DeployedStack, links: Sequence[Link]) -> Check:
    exports = {link.says["export"]["key"]: link.says["export"] for link in links if "export" in link.says}
    for export in exports.values():
        data = stack.read(export["key"], export["version_id"])
        if hashlib.sha256(data).hexdigest() != export["sha256"]:
            return Check("exports", False, f"{export['key']} is not what the statement says")
    return Check(
        "exports", True, f"{len(exports)} zip files as served, each with the hash its statement names"
    )


def _entries(stack: DeployedStack, links: Sequence[Link], objects: Sequence[ArchivedObject]) -> Check:
    latest = {found.key: found for found in objects}
    ids: list[int] = []
    files = [file for link in links for file in link.says.get("entries", [])]
    for file in files:
        data = stack.read(file["key"], latest[file["key"]].version_id)
        if hashlib.sha256(data).hexdigest() != file["sha256"]:
            return Check("entries", False, f"{file['key']} is not what the statement says")
        ids += [json.loads(line)["id"] for line in gzip.decompress(data).splitlines()]
    size = links[-1].says["tree"]["size"] if links else 0
    once = len(ids) == len(set(ids)) == size
    return Check("entries", once, f"{len(ids)} entries in {len(files)} files, each exactly once")


def _locked(objects: Sequence[ArchivedObject]) -> Check:
    unlocked = [found.key for found in objects if found.retain_until is None]
    if unlocked:
        return Check("locks", False, f"not locked: {unlocked[0]}")
    until = min(found.retain_until for found in objects if found.retain_until is not None)
    return Check("locks", True, f"{len(objects)} objects, none deletable before {until:%Y-%m-%d}")


def _ledger(stack: DeployedStack, console: str, newest: str) -> Check:
    heads = [item for item in stack.ledger(console) if item["item"] == "head"]
    agrees = [head["statement_sha256"] for head in heads] == [newest]
    return Check("ledger", agrees, "DynamoDB's head is the newest statement in the bucket")
