"""An entry of the audit trail as the archive keeps it, and the Console's own receipt of a purge.

Besides its line, an entry has marks: whether it is a receipt, and drift, which is what differs from the
entries that Consoles served when this was written. If canonical JSON can't carry an entry, its line is a
`_source` form. Marks, receipts and texts of such an entry are read from its source text, token by token, so
that neither deep nesting nor broken text stops the archive.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from enum import IntFlag
from operator import itemgetter
from typing import Any, NamedTuple

import orjson

from audit_archive.format.canonical import is_source_line, source_in
from audit_archive.format.facts import Anchor
from audit_archive.format.ids import MAX_ID
from audit_archive.format.json_scan import ENTRY_FIELDS, STRING, WS, NoTokenError, Scan, readable_string


def top_level_members(source: bytes) -> dict[str, object]:
    """The known members of an entry in `_source` form, as far as marks and receipts need them.

    Texts are as `readable_string` gives them. An object or an array becomes an empty list, a number or a
    boolean becomes 0.
    """
    return read_members(source, Scan(source, 0))


def read_members(data: bytes, scan: Scan) -> dict[str, object]:
    """`top_level_members` of an entry that is scanned already."""
    return {name: _read(data[start:end]) for name, (start, end) in scan.members.items()}


def _read(token: bytes) -> object:
    if token[:1] == b'"':
        return readable_string(token)
    if token[:1] in (b"{", b"["):
        return []
    return None if token == b"null" else 0


_COUNT = re.compile(r"0|[1-9][0-9]{0,18}|[1-9][0-9]{0,2}(?:,[0-9]{3}){1,6}")


def read_count(text: str) -> int | None:
    """The number in `72`, `2,500` or `1,234,567`; None for any other text.

    So the Console counts entries, in its answer to a purge and in the receipt. A dot, a space or an
    apostrophe between digits may mean a thousand or a fraction: such a text is not read.
    """
    if _COUNT.fullmatch(text) is None:
        return None
    count = int(text.replace(",", ""))
    return count if count <= MAX_ID else None


MAX_RECEIPT_TEXT = 1000
"""Characters of each text of a receipt: receipts are kept in memory, their entries are not."""
RECEIPT_ACTION = "audit_trail_purge"
# Possessive: matching takes linear time, even in a message full of white space.
_MESSAGE = re.compile(
    r"\s*+successfully\s++purged\s++([0-9,]++)\s++logs?\s++before\s++id\s*+:\s*+([0-9,]++)\s*+\.?\s*+",
    re.IGNORECASE | re.ASCII,
)


class Mark(IntFlag):
    """A property of an entry that is worth noting; all but RECEIPT are drift. The bits fit a byte."""

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
    """The Console's own entry about a purge. A field that can't be read has the value None.

    `before_id` itself was purged too; `count` is how many entries the purge destroyed. Texts are cut after
    MAX_RECEIPT_TEXT characters; the entry has them whole.
    """

    entry_id: int
    before_id: int | None
    count: int | None
    user: str | None
    user_ip: str | None
    timestamp: str | None


def read_receipt(entry: Entry) -> Receipt:
    """An entry as a receipt. An entry in `_source` form is read from its source text."""
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
    """Whether an entry is the receipt of a purge, by its action type or by its exact message."""
    return action_type == RECEIPT_ACTION or read_receipt_message(message)[0] is not None


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
    return value[:MAX_RECEIPT_TEXT] if isinstance(value, str) else None


ACTIONS = frozenset(
    {"user_login", "device_schedule_reboot", "device_push_settings", "flock_move", "user_assign_to_flock"}
    | {"canarytoken_create", RECEIPT_ACTION}
)


_CONTAINERS = {dict, list}
# Plain numbers: arithmetic on members of an enumeration takes longer than parsing an entry.
_RECEIPT, _UNREADABLE_RECEIPT = Mark.RECEIPT.value, Mark.UNREADABLE_RECEIPT.value
_UNKNOWN_FIELD, _UNKNOWN_ACTION = Mark.UNKNOWN_FIELD.value, Mark.UNKNOWN_ACTION.value
_NESTED_VALUE, _UNREADABLE_TIMESTAMP = Mark.NESTED_VALUE.value, Mark.UNREADABLE_TIMESTAMP.value


def marks_of(members: Mapping[str, object], seconds: int | None) -> int:
    """The `Mark` bits of an entry with these members and this event time."""
    marks = 0
    action = members.get("action_type")
    if action is not None and (type(action) is not str or action not in ACTIONS):
        marks |= _UNKNOWN_ACTION
    message = members.get("message")
    if is_receipt(action, message):
        marks |= _RECEIPT
        if read_receipt_message(message)[0] is None:
            marks |= _UNREADABLE_RECEIPT
    if not members.keys() <= ENTRY_FIELDS:
        marks |= _UNKNOWN_FIELD
    if not _CONTAINERS.isdisjoint(map(type, members.values())):
        marks |= _NESTED_VALUE
    if seconds is None and members.get("timestamp") is not None:
        marks |= _UNREADABLE_TIMESTAMP
    return marks


_USUAL_ACTIONS = ACTIONS - {RECEIPT_ACTION} | {None}


def column(members: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """What each of many objects has as a member; None where it has no such member."""
    try:
        return list(map(itemgetter(name), members))  # twice as fast, and most entries have every member
    except KeyError:
        return [each.get(name) for each in members]


def marks_of_all(
    members: Sequence[Mapping[str, object]],
    fields: Set[str],
    seconds: Sequence[int | None],
    nested: Iterable[int],
) -> bytes:
    """`marks_of` each of many entries, a byte each. One look at all spares most a look of their own.

    `fields`: the names of all their members. `nested`: the places of all with a NESTED_VALUE.
    """
    try:
        actions, messages = column(members, "action_type"), column(members, "message")
        kinds, texts = set(actions), set(messages)
    except TypeError:  # one is an object or an array
        return bytes(map(marks_of, members, seconds))
    marks = bytearray(len(actions))
    if not kinds <= _USUAL_ACTIONS:
        marks_by_action = {kind: marks_of({"action_type": kind}, None) & _UNKNOWN_ACTION for kind in kinds}
        marks = bytearray(map(marks_by_action.__getitem__, actions))
    if not fields <= ENTRY_FIELDS:
        for place, each in enumerate(members):
            marks[place] |= 0 if each.keys() <= ENTRY_FIELDS else _UNKNOWN_FIELD
    for place in nested:
        marks[place] |= _NESTED_VALUE
    odd = {place for place, moment in enumerate(seconds) if moment is None} if None in seconds else set()
    if RECEIPT_ACTION in kinds:
        odd.update(place for place, action in enumerate(actions) if action == RECEIPT_ACTION)
    if _may_hold_receipt(texts):
        receipts = {text for text in texts if _may_hold_receipt((text,))}
        odd.update(place for place, message in enumerate(messages) if message in receipts)
    for place in odd:
        marks[place] = marks_of(members[place], seconds[place])
    return bytes(marks)


def _may_hold_receipt(messages: Iterable[object]) -> bool:
    """Whether one of many messages may be a receipt's, in one look. It never misses a receipt."""
    return "purged" in " ".join(map(str, messages)).lower()


_TOKEN = re.compile(rb"(" + STRING + rb")" + WS + rb"(:?)")


def texts(source: bytes) -> Iterator[str]:
    """Every text value at any depth, in order, as `readable_string` gives it; not the names of members."""
    for found in _TOKEN.finditer(source):
        token, colon = found.groups()
        if not colon:
            yield readable_string(token)


def members_of(line: bytes) -> dict[str, Any]:
    """The members of an archived line; of one in `_source` form, the known members and the id.

    Raises ValueError for a line that is not an entry: anybody may have written it.
    """
    members = orjson.loads(line)
    if type(members) is not dict or type(members.get("id")) is not int or not 0 < members["id"] <= MAX_ID:
        raise ValueError("it has no id")
    source = source_in(members)
    if source is None:
        return members
    try:
        return top_level_members(source) | {"id": members["id"]}
    except NoTokenError as error:
        raise ValueError(f"its source is not JSON: {error}") from error


def source_of(line: bytes) -> bytes:
    """The entry's JSON: the line itself, or the source that its `_source` form carries.

    Raises ValueError if it should carry one and does not.
    """
    source = source_in(orjson.loads(line)) if is_source_line(line) else None
    return line if source is None else source


def anchor_of(entry: Entry) -> Anchor:
    """What identifies a Console: an entry's id, timestamp and action, as the entry has them."""
    fields = orjson.loads(entry.line)
    stated = (fields.get("timestamp"), fields.get("action_type"))
    timestamp, action_type = (value if isinstance(value, str) else None for value in stated)
    return Anchor(entry.id, timestamp, action_type)
