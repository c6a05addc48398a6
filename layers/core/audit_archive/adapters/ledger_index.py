"""The ledger's index of statements, read: what `ledger_items.statement_item` writes."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from audit_archive.domain.catalogue import Indexed
from audit_archive.domain.facts import IdSpan, ObjectRef

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = Mapping[str, AttributeValueTypeDef]

PREFIX = "statement#"
ATTRIBUTES = (
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


def indexed_of(item: "Item") -> Indexed:
    """One item of the index. Raises ValueError or KeyError if it is none."""
    first, last = _number(item, "amended_first"), _number(item, "amended_last")
    return Indexed(
        seq=int(item["item"]["S"].removeprefix(PREFIX)),
        kind=item["kind"]["S"],
        statement=ObjectRef(item["key"]["S"], item["version_id"]["S"], item["sha256"]["S"]),
        count=_number(item, "count") or 0,
        first_id=_number(item, "first_id"),
        last_id=_number(item, "last_id"),
        first_date=_text(item, "first_date"),
        last_date=_text(item, "last_date"),
        amended=IdSpan(first, last) if first is not None and last is not None else None,
    )


def _number(item: "Item", name: str) -> int | None:
    value = item.get(name, {})
    return int(value["N"]) if "N" in value else None


def _text(item: "Item", name: str) -> str | None:
    return item.get(name, {}).get("S")
