"""The items of the ledger's table that concern all Consoles, written and read. Pure.

No Console's id has an underscore. What concerns all Consoles lies in two partitions that no Console can have,
so that one query has it. An item that can't be read counts as absent. `_fleet`, of the runs:

<console>#completed       at: when a run was last completed (epoch seconds); seq: statements in the chain then
                          held_by: why it purged no further, or nothing
<console>#failed          body: how the last run that failed did so
<console>#named           body: what people call the Console
<console>#removed         at: when a person last took the Console out of the fleet

`verify/_fleet`, of the audits:

<console>                 how far the daily audits are, field by field
_told                     body: what the last message about the fleet told
"""

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import orjson

from audit_archive.adapters.ledger_items import item_key, unpack
from audit_archive.fleet_ports import MAX_SENTENCE, NO_LABEL, Failure, Label, LastRuns, Told
from audit_archive.format.codec import from_json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]
    ReadItem = Mapping[str, AttributeValueTypeDef]

FLEET = "_fleet"
TOLD = "_told"
_COMPLETED, _FAILED, _NAMED, _REMOVED = "#completed", "#failed", "#named", "#removed"

_MAX_DIGITS = 11
"""Digits of a moment in epoch seconds, and of a count."""


def runs_prefix(console: str) -> str:
    """The beginning of the sort keys of a Console's items in the partition of the fleet."""
    return f"{console}#"


def completed_item(console: str, at: int, seq: int, held_by: str | None) -> "Item":
    """When a run over a Console was last completed, with how many statements, and what held its purges."""
    item = item_key(FLEET, f"{console}{_COMPLETED}") | {"at": {"N": str(at)}, "seq": {"N": str(seq)}}
    return item | {"held_by": {"S": held_by}} if held_by else item


def named_item(console: str, label: Label) -> "Item":
    """What people call a Console."""
    return item_key(FLEET, f"{console}{_NAMED}") | {"body": {"B": orjson.dumps(label)}}


def failed_item(console: str, failure: Failure) -> "Item":
    """How the last run that failed did so."""
    return item_key(FLEET, f"{console}{_FAILED}") | {"body": {"B": orjson.dumps(failure)}}


def removed_item(console: str, at: int) -> "Item":
    """When a person took a Console out of the fleet."""
    return item_key(FLEET, f"{console}{_REMOVED}") | {"at": {"N": str(at)}}


def last_runs_of(console: str, items: "Iterable[ReadItem]") -> LastRuns:
    """The last runs in a Console's items of the fleet. An item that can't be read counts as absent."""
    runs = LastRuns(console)
    for item in items:
        name = item["item"]["S"].removeprefix(console)
        if name == _COMPLETED and (at := _whole(item, "at")) is not None:
            held_by = item.get("held_by", {}).get("S", "")[:MAX_SENTENCE] or None
            runs = replace(runs, completed_at=at, seq=_whole(item, "seq") or 0, held_by=held_by)
        elif name == _FAILED:
            runs = replace(runs, failure=_failure_of(item))
        elif name == _NAMED:
            runs = replace(runs, label=_label_of(item))
        elif name == _REMOVED:
            runs = replace(runs, removed_at=_whole(item, "at"))
    return runs


def _label_of(item: "ReadItem") -> Label:
    """The label in an item; none if it is not one: whoever can write to the ledger can put any text there."""
    try:
        plain = orjson.loads(item["body"]["B"])
        return Label(plain["name"], {str(key): str(value) for key, value in plain["tags"].items()})
    except (AttributeError, KeyError, TypeError, ValueError):
        return NO_LABEL


def _failure_of(item: "ReadItem") -> Failure | None:
    """Texts are cut here too: whoever can write to the ledger could fill a message with one of them."""
    try:
        found = from_json(Failure, orjson.loads(item["body"]["B"]))
    except (KeyError, ValueError):
        return None
    if not 0 <= found.at < 10**_MAX_DIGITS:
        return None
    error_class, sentence = found.error_class[:MAX_SENTENCE], found.sentence[:MAX_SENTENCE]
    return replace(found, error_class=error_class, sentence=sentence)


def told_item(partition: str, told: Told) -> "Item":
    """What the last message about the fleet told."""
    body = zlib.compress(orjson.dumps({"at": told.at, "problems": sorted(told.problems)}))
    return item_key(partition, TOLD) | {"body": {"B": body}}


def told_of(item: "ReadItem") -> Told | None:
    """The note in an item that `told_item` wrote; None if the item has no such note."""
    try:
        plain = unpack(bytes(item["body"]["B"]))
        return Told(int(plain["at"]), frozenset(map(str, plain["problems"])))
    except (KeyError, TypeError, ValueError, zlib.error):
        return None


def _whole(item: "ReadItem", name: str) -> int | None:
    """A whole number of an item; None if it has none that is a moment or a count."""
    text = item.get(name, {}).get("N", "")
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None
