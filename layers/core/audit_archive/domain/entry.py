"""An entry of the audit trail as the archive knows it, and the Console's own receipt of a purge."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntFlag
from typing import NamedTuple

import orjson

from audit_archive.domain.canonical import source_in
from audit_archive.domain.counts import read_count
from audit_archive.domain.source_members import top_level_members
from audit_archive.domain.timestamps import read_timestamp

__all__ = ["Entry", "Mark", "Receipt", "is_receipt", "read_receipt", "read_timestamp"]

MAX_ID = 2**63 - 1
MAX_TEXT = 1000  # characters of each text that a receipt states: it is kept in memory, its entry is not
RECEIPT_ACTION = "audit_trail_purge"
# Possessive: a message full of white space must not take time without end.
_MESSAGE = re.compile(
    r"\s*+successfully\s++purged\s++([0-9,]++)\s++logs?\s++before\s++id\s*+:\s*+([0-9,]++)\s*+\.?\s*+",
    re.IGNORECASE | re.ASCII,
)


class Mark(IntFlag):
    """What is worth noting about an entry; all but RECEIPT are drift. Fits a byte."""

    RECEIPT = 1  # its action type or its message says that the Console was purged
    UNKNOWN_FIELD = 2  # a member that no Console had when this was written
    UNKNOWN_ACTION = 4  # an action type not known; absent or null is no drift
    NESTED_VALUE = 8  # a member that is an object or an array
    UNREADABLE_TIMESTAMP = 16  # a timestamp that is neither null nor a readable time
    SOURCE_FORM = 32  # canonical JSON can't carry it exactly: its line holds its source text
    UNREADABLE_RECEIPT = 64  # a receipt whose message does not say what was purged


class Entry(NamedTuple):
    """One audit trail log.

    `id` is positive and below 2**63; `line` is canonical JSON without a newline; `seconds` is the event
    time in epoch seconds UTC, None if absent or unreadable; `marks` are `Mark` bits, a plain int for speed.
    """

    id: int
    line: bytes
    seconds: int | None
    marks: int


@dataclass(frozen=True)
class Receipt:
    """The Console's own entry about a purge. What can't be read is None.

    `before_id` itself was purged too; `count` is how many entries the purge destroyed. Texts are
    cut after MAX_TEXT characters; the entry has them whole.
    """

    entry_id: int
    before_id: int | None
    count: int | None
    user: str | None
    user_ip: str | None
    timestamp: str | None


def read_receipt(entry: Entry) -> Receipt:
    """The receipt that an entry is; one in `_source` form is read from its source text."""
    members = orjson.loads(entry.line)
    source = source_in(members)
    if source is not None:
        members = top_level_members(source)
    before_id, count = read_receipt_message(members.get("message"))
    return Receipt(
        entry_id=entry.id,
        before_id=before_id,
        count=count,
        user=_text(members.get("user")),
        user_ip=_text(members.get("user_ip")),
        timestamp=_text(members.get("timestamp")),
    )


def is_receipt(action_type: object, message: object) -> bool:
    """Whether an entry says that the Console was purged: by its action type, or else by its exact message."""
    return action_type == RECEIPT_ACTION or read_receipt_message(message)[0] is not None


def may_hold_receipt(messages: Iterable[object]) -> bool:
    """Whether one of the messages may be a receipt's: one look at many, and never a receipt too few."""
    return "purged" in " ".join(map(str, messages)).lower()


def read_receipt_message(message: object) -> tuple[int | None, int | None]:
    """The id and the count in `Successfully purged 72 logs before id:72`; both None if one can't be read."""
    match = _MESSAGE.fullmatch(message) if isinstance(message, str) else None
    if match is None:
        return None, None
    count, before_id = map(read_count, match.groups())
    if count is None or before_id is None or before_id > MAX_ID:
        return None, None
    return before_id, count


def _text(value: object) -> str | None:
    return value[:MAX_TEXT] if isinstance(value, str) else None
