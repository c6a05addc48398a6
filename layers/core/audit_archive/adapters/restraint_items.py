"""The items of the ledger's table that keep purging back, written and read. Pure.

They lie in a partition that no Console can have, `_purging`. One that can't be read holds everything back.

stack                     body: how far any Console may be purged at most, as a person set it
console#<console>         body: the same for one Console
pause#<console>           body: the Console's pause, as its statement in the chain has it
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import orjson

from audit_archive.adapters.ledger_items import item_key
from audit_archive.format.codec import from_json
from audit_archive.restraint import UNREADABLE, Restraint, RestraintOf, Restraints

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Item = dict[str, AttributeValueTypeDef]
    ReadItem = Mapping[str, AttributeValueTypeDef]

RESTRAINTS = "_purging"

_DIGITS = 11
"""Digits of a moment in epoch seconds."""


def restraint_key(of: RestraintOf, console: str) -> str:
    """The sort key of a restraint in the partition RESTRAINTS."""
    return str(of) if of == RestraintOf.STACK else f"{of}#{console}"


def restraint_item(of: RestraintOf, console: str, restraint: Restraint) -> "Item":
    """What a person set to keep purging back."""
    return item_key(RESTRAINTS, restraint_key(of, console)) | {"body": {"B": orjson.dumps(restraint)}}


def restraints_in(known: "Mapping[tuple[str, str], ReadItem]", console: str) -> Restraints:
    """What is set about a Console, in those items of it that exist."""
    found = {of: known.get((RESTRAINTS, restraint_key(of, console))) for of in RestraintOf}
    return Restraints(**{of: restraint_of(item) for of, item in found.items() if item is not None})


def restraint_of(item: "ReadItem") -> Restraint:
    """The restraint in an item; UNREADABLE if it can't be read."""
    try:
        found = from_json(Restraint, orjson.loads(item["body"]["B"]))
    except (KeyError, ValueError):
        return UNREADABLE
    return found if 0 <= found.set_at < 10**_DIGITS else UNREADABLE
