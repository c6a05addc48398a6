"""The items of the ledger's table that hold a mark of the daily audits, written and read. Pure.

mark#<kind>       digest: SHA-256 over the packed mark; sizes: the bytes of its head, holes and names
mark#<kind>#<n>   the packed mark, in parts

The parts are overwritten in place: the audit's role can't delete. If a write dies in between, the digest does
not match, and the mark counts as absent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from audit_archive.adapters.ledger_items import PART_BYTES, item_key, pack, unpack, unpack_head
from audit_archive.format.codec import from_json, to_json
from audit_archive.format.verdicts import AuditedCoverage
from audit_archive.mark import Mark, MarkKind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]
    ReadItem = Mapping[str, AttributeValueTypeDef]


def mark_name(kind: MarkKind) -> str:
    """The sort key of a mark."""
    return f"mark#{kind}"


def parts_prefix(kind: MarkKind) -> str:
    """The beginning of the sort keys of its parts."""
    return f"{mark_name(kind)}#"


def mark_items(partition: str, kind: MarkKind, mark: Mark) -> "list[Item]":
    """The items of a mark. The last one puts the others in force."""
    more = {"covered": to_json(mark.covered), "listing": mark.listing}
    pieces = (pack(replace(mark.head, holes=())), pack(mark.head.holes), pack(more), mark.names)
    packed = b"".join(pieces)
    items: list[Item] = [
        item_key(partition, f"{parts_prefix(kind)}{at // PART_BYTES:04d}")
        | {"body": {"B": packed[at : at + PART_BYTES]}}
        for at in range(0, len(packed), PART_BYTES)
    ]
    item = item_key(partition, mark_name(kind)) | {
        "digest": {"S": sha256(packed).hexdigest()},
        "sizes": {"L": [{"N": str(len(piece))} for piece in pieces]},
    }
    return [*items, item]


def mark_of(item: "ReadItem", parts: "Iterable[ReadItem]") -> Mark:
    """The mark in items that `mark_items` made. Raises ValueError or KeyError if they are not all its own.

    `parts` may end with parts of a larger mark that was there before.
    """
    sizes = [int(size["N"]) for size in item["sizes"]["L"]]
    packed = b"".join(bytes(part["body"]["B"]) for part in parts)[: sum(sizes)]
    if sha256(packed).hexdigest() != item["digest"]["S"]:
        raise ValueError("a part of it is of another mark")
    pieces = []
    for size in sizes:
        pieces.append(packed[:size])
        packed = packed[size:]
    head, holes, more, names = pieces
    stated = unpack(more)
    covered = from_json(AuditedCoverage, stated["covered"])
    return Mark(unpack_head(head, holes), covered, names, stated["listing"])
