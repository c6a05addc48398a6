"""One entry's source text into an entry, token by token: the exact path.

It keeps the entry whatever it holds, and refuses one without a valid id.
"""

import re
from typing import Any

import orjson

from audit_archive.errors import InvalidExportError
from audit_archive.format.canonical import (
    SOURCE_BASE64_KEY,
    SOURCE_KEY,
    SOURCE_KEYS,
    canonical_bytes,
    is_canonical,
    source_in,
    source_line,
)
from audit_archive.format.entry import Entry, Mark, marks_of, read_members
from audit_archive.format.ids import MAX_ID
from audit_archive.format.json_scan import NoTokenError, Scan
from audit_archive.format.times import read_timestamp

_ID = re.compile(rb"[1-9][0-9]{0,18}")


def read_exact(data: bytes, start: int, offset: int) -> tuple[Entry, int]:
    """The entry whose source begins at `start`, and the position after it.

    `offset` is where `data[0]` stands in the export. Raises NoTokenError (with a position in `data`) if the
    text ends or is not JSON, InvalidExportError if it is not an entry.
    """
    if start == len(data):
        raise NoTokenError(start, "expected an entry", cut_off=True)
    if data[start : start + 1] != b"{":
        raise InvalidExportError(
            f"What begins at byte {offset + start} of the export's JSON, {data[start : start + 20]!r},"
            " is not an object, so it is not an entry"
        )
    scan = Scan(data, start)
    source = data[start : scan.end]
    entry_id = _read_id(data, scan, offset + start)
    if scan.exact and _is_utf8(source):
        members = orjson.loads(source)
        line, marks = canonical_bytes(members), 0
    else:
        members = read_members(data, scan)
        line, marks = source_line(source, entry_id), Mark.SOURCE_FORM.value
        marks |= Mark.UNKNOWN_FIELD.value if scan.unknown else 0
        marks |= Mark.NESTED_VALUE.value if scan.nested else 0
    seconds = read_timestamp(members.get("timestamp"))
    return Entry(entry_id, line, seconds, marks | marks_of(members, seconds)), scan.end


def check_line(line: bytes) -> None:
    """Raise ValueError, with the reason, unless a line (without its newline) is what an entry becomes.

    That is the canonical JSON of an object with an id, or a `_source` form of a source that is an entry with
    that very id, and that canonical JSON does not carry.
    """
    try:
        members, is_spelled = orjson.loads(line), is_canonical(line)
    except ValueError as error:
        raise ValueError("it is not JSON, or nested too deep") from error
    if not isinstance(members, dict) or "id" not in members:
        raise ValueError("it is not a JSON object with an id")
    if not is_spelled:
        raise ValueError("it is not canonical JSON")
    if type(members["id"]) is not int or not 0 < members["id"] <= MAX_ID:
        raise ValueError("its id is not a whole number from 1 to 2**63 - 1")
    if not SOURCE_KEYS.isdisjoint(members):
        _check_source_form(line, members)


def _check_source_form(line: bytes, members: dict[str, Any]) -> None:
    is_form = members.keys() in ({SOURCE_KEY, "id"}, {SOURCE_BASE64_KEY, "id"})
    if not is_form or not all(isinstance(members[key], str) for key in SOURCE_KEYS & members.keys()):
        raise ValueError("beside the text of its source it has more than an id")
    source = source_in(members) or b""
    try:
        entry, end = read_exact(source, 0, 0)
    except (NoTokenError, InvalidExportError) as error:
        raise ValueError("its source is not an entry with one id") from error
    if entry.id != members["id"] or end != len(source):
        raise ValueError("its id is not that of its source, or its source has more than one entry")
    if entry.line != line:
        raise ValueError("its source has another form in an archive")


def _is_utf8(source: bytes) -> bool:
    try:
        source.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_id(data: bytes, scan: Scan, at: int) -> int:
    """The id of a scanned entry that begins at byte `at` of the export. Raises InvalidExportError."""
    if scan.ids == 0:
        raise InvalidExportError(f"The entry at byte {at} of the export's JSON has no id")
    start, end = scan.members["id"]
    token = data[start:end]
    if scan.ids > 1:
        raise InvalidExportError(
            f"The entry at byte {at} of the export's JSON has {scan.ids} ids; the last is {token[:40]!r}"
        )
    if _ID.fullmatch(token) is None or int(token) > MAX_ID:
        raise InvalidExportError(
            f"The entry at byte {at} of the export's JSON has the id {token[:40]!r},"
            " which is not a positive integer below 2**63"
        )
    return int(token)
