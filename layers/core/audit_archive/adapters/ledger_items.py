"""The items of the ledger's table, written and read. Pure.

The keys are `console` (partition) and `item` (sort), both text. The items:

lease                     owner, expires_at
locks                     key: how far an unfinished extension of locks is
lack                      body: what `fetch` showed and exports lack
finding#                  expires_at: when a claim on a finding runs out that was made last
finding#<sha256>          expires_at and claim: a run is about to announce it; without them it was announced
head                      format, seq, statement_sha256; the packed head without its holes in `body`, with its
                          `digest` (SHA-256); the packed holes in `holes`, with `holes_sha256`; `note`: the
                          signed checkpoint of its statement, or nothing
head#<seq>#<digest>#<n>   what does not fit into the item, in parts: body, or holes. Holes that did not change
                          are not written again: `holes_at` is the number under which they are stored
disowned                  a head that the chain did not confirm, until it is made anew
bookmark#...                  of `verify/<console>`: see `bookmark_items`
statement#<seq>           kind, key, version_id, sha256; of an archive its count, ids and dates, and the span
                          of the ids that have another form

What concerns all Consoles lies in partitions of its own: see `fleet_items`.
"""

import zlib
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from audit_archive.finding import Finding, FindingKind
from audit_archive.format.codec import from_json, member_of
from audit_archive.format.facts import Cause, IdSpan, ObjectRef
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.head_digest import holes_sha256
from audit_archive.format.index import Indexed, indexed
from audit_archive.format.layout import SEQ_DIGITS, statement_key
from audit_archive.format.statement import ArchiveStatement, Statement, StatementKind
from audit_archive.ports import NO_VERSION, Lack

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]
    ReadItem = Mapping[str, AttributeValueTypeDef]


PART_BYTES = 350_000
"""A DynamoDB item has at most 400 KB with its names: this leaves room for the names."""

INLINE_BYTES = 200_000
INLINE_HOLES = 2_000
"""So many holes take less room than a body of INLINE_BYTES leaves."""

MAX_UNPACKED = 1 << 28
"""Bytes of a head's JSON. More would be an attempt to fill the memory."""

LEASE = "lease"
LACK = "lack"
LOCK_CURSOR = "locks"
HEAD = "head"
DISOWNED = "disowned"
PARTS_PREFIX = "head#"
FINDINGS_PREFIX = "finding#"
CLAIMS = FINDINGS_PREFIX

HEAD_ITEM_FORMAT: "AttributeValueTypeDef" = {"N": "6"}
"""Raise it when the fields of a head change. Then each head is made anew from the chain."""


STATEMENTS_PREFIX = "statement#"

INDEX_ATTRIBUTES = (
    "item",
    "kind",
    "key",
    "version_id",
    "sha256",
    "count",
    "first_id",
    "last_id",
    "first_date",
    "last_date",
    "amended_first",
    "amended_last",
)


def item_key(console: str, item: str) -> "Item":
    """The primary key of one item."""
    return {"console": {"S": console}, "item": {"S": item}}


def lease_item(console: str, owner: str, expires_at: int) -> "Item":
    """Who works on a Console, and until when (epoch seconds)."""
    return item_key(console, LEASE) | {"owner": {"S": owner}, "expires_at": {"N": str(expires_at)}}


def lack_item(console: str, lack: Lack) -> "Item":
    """What `fetch` showed and exports lack."""
    return item_key(console, LACK) | {"body": {"B": orjson.dumps(lack)}}


def lock_cursor_item(console: str, key: str) -> "Item":
    """How far an unfinished extension of locks is."""
    return item_key(console, LOCK_CURSOR) | {"key": {"S": key}}


def lack_of(item: "Mapping[str, AttributeValueTypeDef]") -> Lack | None:
    """The note in an item that `lack_item` wrote; None if the item has no such note."""
    try:
        return from_json(Lack, orjson.loads(item["body"]["B"]))
    except (KeyError, ValueError):
        return None


def claim_item(finding: Finding, expires_at: int) -> "Item":
    """A finding that a run is about to announce. It is stored whole, so that another run can announce it
    after `expires_at` (epoch seconds)."""
    body = orjson.dumps({"expires_at": expires_at, "finding": finding})
    return announced_item(finding) | {"expires_at": {"N": str(expires_at)}, "claim": {"B": body}}


def claims_item(console: str, expires_at: int) -> "Item":
    """A sign that findings of the Console may be pending, for who does not look for them."""
    return item_key(console, CLAIMS) | {"expires_at": {"N": str(expires_at)}}


def announced_item(finding: Finding) -> "Item":
    """A finding that was announced."""
    return item_key(finding.console, f"{FINDINGS_PREFIX}{finding.digest}")


def has_run_out(item: "Mapping[str, AttributeValueTypeDef]", now: int) -> bool:
    """Whether an item is a claim that has expired at `now`."""
    claim = _claim_of(item)
    return claim is not None and claim[1] <= now


def finding_of(item: "Mapping[str, AttributeValueTypeDef]") -> Finding | None:
    """The finding in a claim; None if the item is not a claim, or a damaged one."""
    claim = _claim_of(item)
    return claim[0] if claim is not None else None


def _claim_of(item: "Mapping[str, AttributeValueTypeDef]") -> tuple[Finding, int] | None:
    try:
        claim = orjson.loads(item["claim"]["B"])
        fields = claim["finding"]
        finding = Finding(**{**fields, "kind": member_of(FindingKind, fields["kind"])})
        return finding, int(claim["expires_at"])
    except (KeyError, TypeError, ValueError):
        return None


def parts_prefix(seq: int, digest: str) -> str:
    """The beginning of the keys of all parts of some packed bytes.

    `seq`: the statement with which they were first recorded. The digest keeps the parts of two writers apart.
    """
    return f"{PARTS_PREFIX}{seq:0{SEQ_DIGITS}d}#{digest}#"


def digest_of(packed: bytes) -> str:
    """The SHA-256 (hex) of packed bytes."""
    return sha256(packed).hexdigest()


def pack(value: object) -> bytes:
    """Compressed JSON. orjson writes dataclasses as `to_json` would, nine times as fast."""
    return zlib.compress(orjson.dumps(value), 6)


def unpack_head(packed: bytes, packed_holes: bytes) -> Head:
    """The head of its two packed halves. Raises ValueError if these bytes are not a head."""
    try:
        head = from_json(Head, unpack(packed))
        # `from_json` would take seconds for hundreds of thousands of holes.
        holes = tuple(map(_hole, unpack(packed_holes)))
    except (zlib.error, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error
    if not all(map(_is_hole, holes)):
        raise ValueError("a hole has a field of another type")
    return replace(head, holes=holes)


def remnant_of(console: str, item: "ReadItem") -> Head:
    """What the item of a head says beside the packed head, true or false: its number and its statement."""
    try:
        seq, digest = int(item["seq"]["N"]), item["statement_sha256"]["S"]
    except (KeyError, ValueError):
        return Head(console)
    return Head(console, seq=seq, statement=ObjectRef(statement_key(console, seq), NO_VERSION, digest))


def unpack(packed: bytes) -> Any:
    """The value that `pack` compressed. Raises ValueError or zlib.error for other bytes."""
    unpacker = zlib.decompressobj()
    data = unpacker.decompress(packed, MAX_UNPACKED)
    if not unpacker.eof:
        raise ValueError("it is cut off, or larger than any head")
    return orjson.loads(data)


def _hole(fields: dict[str, Any]) -> OpenHole:
    if isinstance(fields.get("cause"), str):
        fields["cause"] = member_of(Cause, fields["cause"])
    return OpenHole(**fields)


def _is_hole(hole: OpenHole) -> bool:
    numbers = (hole.first, hole.last, hole.served_at)
    is_typed = all(type(number) is int for number in numbers) and type(hole.is_accepted) is bool
    return is_typed and isinstance(hole.cause, str)


def head_items(
    head: Head, ref: ObjectRef, note: bytes = b"", holes_at: int | None = None
) -> "tuple[Item, list[Item]]":
    """The head's item, and the items of its parts, which must be written before it.

    `note`: the signed checkpoint of its statement, if it has one. `holes_at`: the number under which parts
    with the same holes are stored already.
    """
    body, digest = pack(replace(head, holes=())), holes_sha256(head.holes)
    item: Item = item_key(head.console, HEAD) | {
        "format": HEAD_ITEM_FORMAT,
        "seq": {"N": str(head.seq)},
        "statement_sha256": {"S": ref.sha256},
        "digest": {"S": digest_of(body)},
        "holes_sha256": {"S": digest},
        "holes_at": {"N": str(holes_at if holes_at is not None else head.seq)},
    }
    if note:
        item["note"] = {"B": note}
    parts: list[Item] = []
    if len(body) <= INLINE_BYTES:
        item["body"] = {"B": body}
    else:
        parts += _parts(head, digest_of(body), body)
    if not is_large(head):
        item["holes"] = {"B": pack(head.holes)}
    elif holes_at is None:
        parts += _parts(head, digest, pack(head.holes))
    return item, parts


def is_large(head: Head) -> bool:
    """Whether a head's holes are stored in parts of their own."""
    return len(head.holes) > INLINE_HOLES


def _parts(head: Head, digest: str, packed: bytes) -> "list[Item]":
    prefix = parts_prefix(head.seq, digest)
    return [
        item_key(head.console, f"{prefix}{at // PART_BYTES:04d}")
        | {"body": {"B": packed[at : at + PART_BYTES]}}
        for at in range(0, len(packed), PART_BYTES)
    ]


def statement_item(statement: Statement, ref: ObjectRef) -> "Item":
    """The index entry of a statement. Retrieval finds objects by it without reading the whole chain.

    It stays small however much the statement archives: entry files and export are read from the statement.
    """
    row = indexed(statement, ref)
    item: Item = item_key(statement.console, f"{STATEMENTS_PREFIX}{row.seq:0{SEQ_DIGITS}d}") | {
        "kind": {"S": row.kind},
        "key": {"S": ref.key},
        "version_id": {"S": ref.version_id},
        "sha256": {"S": ref.sha256},
    }
    return item | _archive_facts(row) if isinstance(statement, ArchiveStatement) else item


def _archive_facts(row: Indexed) -> "Item":
    span: Item = {}
    if row.amended is not None:
        span = {"amended_first": _number(row.amended.first), "amended_last": _number(row.amended.last)}
    return span | {
        "first_id": _number(row.first_id),
        "last_id": _number(row.last_id),
        "count": {"N": str(row.count)},
        "first_date": _text(row.first_date),
        "last_date": _text(row.last_date),
    }


def _text(value: str | None) -> "AttributeValueTypeDef":
    return {"NULL": True} if value is None else {"S": value}


def _number(value: int | None) -> "AttributeValueTypeDef":
    return {"NULL": True} if value is None else {"N": str(value)}


def indexed_of(item: "ReadItem") -> Indexed:
    """The index entry in an item. Raises ValueError or KeyError for another item."""
    first, last = _number_of(item, "amended_first"), _number_of(item, "amended_last")
    return Indexed(
        seq=int(item["item"]["S"].removeprefix(STATEMENTS_PREFIX)),
        kind=member_of(StatementKind, item["kind"]["S"]),
        statement=ObjectRef(item["key"]["S"], item["version_id"]["S"], item["sha256"]["S"]),
        count=_number_of(item, "count") or 0,
        first_id=_number_of(item, "first_id"),
        last_id=_number_of(item, "last_id"),
        first_date=_text_of(item, "first_date"),
        last_date=_text_of(item, "last_date"),
        amended=IdSpan(first, last) if first is not None and last is not None else None,
    )


def _number_of(item: "ReadItem", name: str) -> int | None:
    value = item.get(name, {})
    return int(value["N"]) if "N" in value else None


def _text_of(item: "ReadItem", name: str) -> str | None:
    return item.get(name, {}).get("S")
