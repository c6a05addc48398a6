"""One entry by the exact path: checked token by token, kept whatever it holds, refused without a good id."""

import re

import orjson

from audit_archive.domain.canonical import canonical_bytes, source_line
from audit_archive.domain.entry import MAX_ID, Entry, Mark
from audit_archive.domain.entry_marks import marks_of
from audit_archive.domain.json_scan import Scan
from audit_archive.domain.json_tokens import NoTokenError
from audit_archive.domain.source_members import read_members
from audit_archive.domain.timestamps import read_timestamp
from audit_archive.errors import InvalidExportError

_ID = re.compile(rb"[1-9][0-9]{0,18}")


def read_exact(data: bytes, start: int, offset: int) -> tuple[Entry, int]:
    """The entry whose source begins at `start`, and the position after it.

    `offset` is where `data[0]` stands in the export. Raises NoTokenError (a position in `data`) if the
    text ends or is no JSON, InvalidExportError if it is no entry.
    """
    if start == len(data):
        raise NoTokenError(start, "an entry is due", cut_off=True)
    if data[start : start + 1] != b"{":
        raise InvalidExportError(
            f"What begins at byte {offset + start} of the export's JSON, {data[start : start + 20]!r},"
            " is no object, so it is no entry"
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


def _is_utf8(source: bytes) -> bool:
    try:
        source.decode()
    except UnicodeDecodeError:
        return False
    return True


def _read_id(data: bytes, scan: Scan, at: int) -> int:
    """The one id of a scanned entry that begins at byte `at` of the export."""
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
