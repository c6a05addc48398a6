"""The items of the ledger's table that hold how far the daily audits are, written and read. Pure.

In the partition `verify/_fleet`: an item for each Console, with a rotation field by field. In the partition
`verify/<console>`:

bookmark#<kind>       digest: SHA-256 over the packed bookmark; sizes: the bytes of its head, holes and names
bookmark#<kind>#<n>   the packed bookmark, in parts

The parts are overwritten in place: the audit's role can't delete. If a write dies in between, the digest does
not match, and the bookmark counts as absent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson

from audit_archive.adapters.ledger_items import PART_BYTES, item_key, pack, unpack, unpack_head
from audit_archive.bookmark import Bookmark, BookmarkKind, Rotation
from audit_archive.format.codec import from_json, to_json
from audit_archive.format.verdicts import AuditedCoverage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]
    ReadItem = Mapping[str, AttributeValueTypeDef]


OPEN_FAULTS = "open_faults"
"""The attribute with the faults of the last audit, as JSON."""


def bookmark_name(kind: BookmarkKind) -> str:
    """The sort key of a bookmark."""
    return f"bookmark#{kind}"


def bookmark_parts(kind: BookmarkKind) -> str:
    """The beginning of the sort keys of its parts."""
    return f"{bookmark_name(kind)}#"


def bookmark_items(partition: str, kind: BookmarkKind, bookmark: Bookmark) -> "list[Item]":
    """The items of a bookmark. The last one puts the others in force."""
    more = {
        "covered": to_json(bookmark.covered),
        "listing": bookmark.listing,
        "longest_lock": bookmark.longest_lock,
    }
    pieces = (pack(replace(bookmark.head, holes=())), pack(bookmark.head.holes), pack(more), bookmark.names)
    packed = b"".join(pieces)
    items: list[Item] = [
        item_key(partition, f"{bookmark_parts(kind)}{at // PART_BYTES:04d}")
        | {"body": {"B": packed[at : at + PART_BYTES]}}
        for at in range(0, len(packed), PART_BYTES)
    ]
    item = item_key(partition, bookmark_name(kind)) | {
        "digest": {"S": sha256(packed).hexdigest()},
        "sizes": {"L": [{"N": str(len(piece))} for piece in pieces]},
    }
    return [*items, item]


def bookmark_of(item: "ReadItem", parts: "Iterable[ReadItem]") -> Bookmark:
    """The bookmark in items that `bookmark_items` made. Raises ValueError or KeyError for other items.

    `parts` may end with parts of a larger bookmark that was there before.
    """
    sizes = [int(size["N"]) for size in item["sizes"]["L"]]
    packed = b"".join(bytes(part["body"]["B"]) for part in parts)[: sum(sizes)]
    if sha256(packed).hexdigest() != item["digest"]["S"]:
        raise ValueError("a part of it is of another bookmark")
    pieces = []
    for size in sizes:
        pieces.append(packed[:size])
        packed = packed[size:]
    head, holes, more, names = pieces
    stated = unpack(more)
    covered = from_json(AuditedCoverage, stated["covered"])
    return Bookmark(unpack_head(head, holes), covered, names, stated["listing"], stated["longest_lock"])


def progress_item(partition: str, console: str, rotation: Rotation) -> "Item":
    """How far the daily audits of a Console are."""
    values = to_json(rotation)
    faults: Item = {OPEN_FAULTS: {"S": orjson.dumps(values.pop(OPEN_FAULTS)).decode()}}
    return item_key(partition, console) | {n: _value(value) for n, value in values.items()} | faults


def _value(value: Any) -> "AttributeValueTypeDef":
    if isinstance(value, list):
        return {"L": [{"N": str(each)} for each in value]}
    return {"N": str(value)} if isinstance(value, int) else {"S": value} if value else {"NULL": True}


def rotation_of(item: "ReadItem") -> Rotation:
    """The rotation in an item that `progress_item` wrote. Raises KeyError or ValueError for another item."""
    values = {name: value for name, value in item.items() if name not in {"console", "item"}}
    plain = {name: _plain(value) for name, value in values.items()}
    return from_json(Rotation, plain | {OPEN_FAULTS: orjson.loads(plain[OPEN_FAULTS])})


def _plain(value: "AttributeValueTypeDef") -> Any:
    if "L" in value:
        return [int(each["N"]) for each in value["L"]]
    return int(value["N"]) if "N" in value else value.get("S")
