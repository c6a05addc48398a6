"""How the ledger's items look: pure, both ways. Keys are `console` (partition) and `item` (sort), both text.

lease                     owner, expires_at
completed                 at: when a run was last completed (epoch seconds)
finding#<sha256>          expires_at and body of a claim; without them the finding was announced
head                      format, seq, statement_sha256, digest (SHA-256 of the packed head), and it in
                          `body` ...
head#<seq>#<digest>#<n>   ... or in such parts, when it does not fit into one item
progress                  of `verify/<console>`: how far the daily audits are, field by field
statement#<seq>           kind, key, version_id, sha256; of an archive its export, ids, dates and entry files,
                          and the span of the ids that have another form
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from audit_archive.domain.catalogue import amended_span
from audit_archive.domain.facts import ObjectRef
from audit_archive.domain.finding import Finding
from audit_archive.domain.head import Head, Hole
from audit_archive.domain.layout import SEQ_DIGITS
from audit_archive.domain.records import from_json, to_json
from audit_archive.domain.rotation import Rotation
from audit_archive.domain.statement import ArchiveStatement, Statement

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]

PART_BYTES = 350_000
"""A DynamoDB item may have 400 KB with its names: this leaves room for them."""

LEASE = "lease"
COMPLETED = "completed"
HEAD = "head"
PARTS_PREFIX = "head#"
PROGRESS = "progress"
FINDINGS_PREFIX = "finding#"

HEAD_FORMAT: "AttributeValueTypeDef" = {"N": "2"}
"""Raise it when the fields of a head change: then it is made anew from the chain."""


def item_key(console: str, item: str) -> "Item":
    """The primary key of one item."""
    return {"console": {"S": console}, "item": {"S": item}}


def lease_item(console: str, owner: str, expires_at: int) -> "Item":
    """Who works on a Console, and until when (epoch seconds)."""
    return item_key(console, LEASE) | {"owner": {"S": owner}, "expires_at": {"N": str(expires_at)}}


def completed_item(console: str, at: int) -> "Item":
    """When a run over a Console was last completed."""
    return item_key(console, COMPLETED) | {"at": {"N": str(at)}}


def claim_item(finding: Finding, expires_at: int) -> "Item":
    """A finding that somebody is about to announce until `expires_at`, whole, should they not come to it."""
    body = orjson.dumps({"expires_at": expires_at, "finding": finding})
    return announced_item(finding) | {"expires_at": {"N": str(expires_at)}, "claim": {"B": body}}


def announced_item(finding: Finding) -> "Item":
    """A finding that was announced."""
    return item_key(finding.console, f"{FINDINGS_PREFIX}{finding.digest}")


def has_run_out(item: "Mapping[str, AttributeValueTypeDef]", now: int) -> bool:
    """Whether an item is a claim, and whoever made it has had their time."""
    return "claim" in item and orjson.loads(item["claim"]["B"])["expires_at"] <= now


def finding_of(item: "Mapping[str, AttributeValueTypeDef]") -> Finding:
    """The finding in a claim."""
    return Finding(**orjson.loads(item["claim"]["B"])["finding"])


def parts_prefix(seq: int, digest: str) -> str:
    """What the keys of one packed head's parts begin with; its hash is in them, so no two writers mix."""
    return f"{PARTS_PREFIX}{seq:0{SEQ_DIGITS}d}#{digest}#"


def pack_head(head: Head) -> bytes:
    """The head as compressed JSON: its holes may be hundreds of thousands.

    orjson writes dataclasses as `to_json` would, nine times as fast.
    """
    return zlib.compress(orjson.dumps(head), 6)


def digest_of(packed: bytes) -> str:
    """By what a packed head is recognised."""
    return sha256(packed).hexdigest()


def unpack_head(data: bytes) -> Head:
    """The head that `pack_head` packed. Raises ValueError if these bytes are none."""
    try:
        value = orjson.loads(zlib.decompress(data))
        # Not by `from_json`, which takes seconds for them: the digest vouches that they are what we wrote.
        holes = tuple(Hole(**hole) for hole in value.pop("holes"))
        return replace(from_json(Head, value | {"holes": []}), holes=holes)
    except (zlib.error, KeyError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def head_items(head: Head, ref: ObjectRef) -> "tuple[Item, list[Item]]":
    """The head's item, and the items of its parts, which must be there before it."""
    packed = pack_head(head)
    digest = digest_of(packed)
    item: Item = item_key(head.console, HEAD) | {
        "format": HEAD_FORMAT,
        "seq": {"N": str(head.seq)},
        "statement_sha256": {"S": ref.sha256},
        "digest": {"S": digest},
    }
    if len(packed) <= PART_BYTES:
        return item | {"body": {"B": packed}}, []
    prefix = parts_prefix(head.seq, digest)
    parts: list[Item] = [
        item_key(head.console, f"{prefix}{at // PART_BYTES:04d}")
        | {"body": {"B": packed[at : at + PART_BYTES]}}
        for at in range(0, len(packed), PART_BYTES)
    ]
    return item, parts


def statement_item(statement: Statement, ref: ObjectRef) -> "Item":
    """The index entry of a statement, by which retrieval finds objects without reading the chain."""
    item: Item = item_key(statement.console, f"statement#{statement.seq:0{SEQ_DIGITS}d}") | {
        "kind": {"S": statement.kind},
        "key": {"S": ref.key},
        "version_id": {"S": ref.version_id},
        "sha256": {"S": ref.sha256},
    }
    return item | _archive_facts(statement) if isinstance(statement, ArchiveStatement) else item


def _archive_facts(statement: ArchiveStatement) -> "Item":
    dates = sorted(file.date for file in statement.entries)
    amended = amended_span(statement)
    files: list[Any] = to_json(statement.entries)
    span: Item = {}
    if amended is not None:
        span = {"amended_first": _number(amended.first), "amended_last": _number(amended.last)}
    return span | {
        "export_key": {"S": statement.export.key},
        "export_version_id": {"S": statement.export.version_id},
        "first_id": _number(statement.slice.first_id),
        "last_id": _number(statement.slice.last_id),
        "count": {"N": str(statement.slice.count)},
        "first_date": {"S": dates[0]} if dates else {"NULL": True},
        "last_date": {"S": dates[-1]} if dates else {"NULL": True},
        "entries": {"B": zlib.compress(orjson.dumps(files), 6)},
    }


def _number(value: int | None) -> "AttributeValueTypeDef":
    return {"NULL": True} if value is None else {"N": str(value)}


def progress_item(partition: str, rotation: Rotation) -> "Item":
    """How far the daily audits are."""
    item = item_key(partition, PROGRESS)
    for name, value in to_json(rotation).items():
        item[name] = (
            {"N": str(value)} if isinstance(value, int) else {"S": value} if value else {"NULL": True}
        )
    return item


def rotation_of(item: "Mapping[str, AttributeValueTypeDef]") -> Rotation:
    """What `progress_item` wrote. Raises KeyError or ValueError if it is something else."""
    values = {name: value for name, value in item.items() if name not in {"console", "item"}}
    return from_json(Rotation, {name: int(v["N"]) if "N" in v else v.get("S") for name, v in values.items()})
