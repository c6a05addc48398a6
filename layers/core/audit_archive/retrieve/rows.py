"""Archived lines as the rows of a spreadsheet: the columns, and CSV that is shown and never run. Pure.

CSV (RFC 4180) is for a spreadsheet to show. A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@` or
certain control characters for a formula (OWASP, CSV Injection), and an attacker chooses his user agent. Where
a cell begins is the reader's choice: a semicolon separates cells in much of Europe, a tab after a paste. So
an apostrophe goes in front of whatever could be run, at the beginning of a cell and after each separator in
it, also behind white space and quotes. An apostrophe in such a place gets a second one: a reader takes one
away there and has the value. Every cell is quoted.

A byte order mark says that the text is UTF-8. Without one Excel reads it in the code page of the machine.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from audit_archive.answer_ports import Cell
from audit_archive.format.canonical import SOURCE_KEYS, is_source_line
from audit_archive.format.entry import members_of
from audit_archive.format.times import OffsetAt, read_timestamp, rfc3339

FIELDS = (
    "timestamp",
    "user",
    "user_ip",
    "action_type",
    "message",
    "flock_id",
    "flock_name",
    "user_access_route",
    "user_browser_agent",
    "user_browser_language",
    "additional_information",
)
"""The fields of an entry with a column of their own, beside its id."""

COLUMNS = ("epoch", "id", "time_utc", "time_local", "local_offset", *FIELDS, "other_fields")
SAMPLED_COLUMNS = (*COLUMNS, "sample")
"""The columns where a sample was drawn: the last has the place of an entry in it, or nothing."""

_KNOWN = frozenset({"id", *FIELDS})

MAX_DIGITS = 15
"""Digits that Excel keeps of a number (Excel specifications and limits)."""

BYTE_ORDER_MARK = b"\xef\xbb\xbf"

_RUN = "(?=[\\s\x00\"]*['=+\\-@\t\r\n\x00\uff07\uff1d\uff0b\uff0d\uff20])"
_AT_THE_BEGINNING = re.compile(_RUN)
_AFTER_A_SEPARATOR = re.compile("[,;|\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]" + _RUN)
"""Where an apostrophe goes: after each separator of cells or lines before something that could be run."""


def utc(_: int) -> int:
    """The offset of UTC."""
    return 0


class LineOrigin(NamedTuple):
    """Where a line was archived, and the time zone of the question about it.

    `sampled`: of the entries that a sample draws, the place of each in it by id; None if there is no sample.
    """

    console: str
    epoch: int
    offset_at: OffsetAt = utc
    sampled: Mapping[int, int] | None = None


class Times(NamedTuple):
    """The moment of an entry: by UTC, by the clocks of a zone, and the offset of those; empty if unknown.

    `2026-11-30 12:34:56` is what Excel and LibreOffice take for a date and a time, whatever the language.
    With a `T`, a `Z` or an offset it stays a text in some of their versions. `local_offset` is like
    `UTC+01:00`: a cell that begins with a sign could be run.
    """

    time_utc: str = ""
    time_local: str = ""
    local_offset: str = ""


def times_of(timestamp: object, offset_at: OffsetAt) -> Times:
    """The moment of an entry's `timestamp`."""
    at = read_timestamp(timestamp)
    if at is None:
        return Times()
    offset = offset_at(at)
    sign, minutes = "-" if offset < 0 else "+", abs(offset) // 60
    try:
        local = _reading(at + (minutes * 60 if offset >= 0 else -minutes * 60))
    except ValueError:  # the first hours of the year 10000
        return Times(_reading(at))
    return Times(_reading(at), local, f"UTC{sign}{minutes // 60:02}:{minutes % 60:02}")


def _reading(seconds: int) -> str:
    return rfc3339(seconds)[:-1].replace("T", " ")


def cells_of(line: bytes, origin: LineOrigin) -> list[str]:
    """An archived line as the cells of its columns: a text as it is, null as nothing, other values as JSON.

    Of a line in `_source` form, columns have the texts that can be read; the source stands in `other_fields`.
    """
    others = members = members_of(line)
    if is_source_line(line):
        others, read = orjson.loads(line), members
        members = {name: value for name, value in read.items() if name == "id" or isinstance(value, str)}
        others = {name: others[name] for name in others if name in SOURCE_KEYS}
    times = times_of(members.get("timestamp"), origin.offset_at)
    cells = [str(origin.epoch), cell_of(members["id"]), *times]
    cells += [cell_of(members.get(name)) for name in FIELDS]
    cells.append(cell_of({name: others[name] for name in others if name not in _KNOWN} or None))
    return cells if origin.sampled is None else [*cells, cell_of(origin.sampled.get(members["id"]))]


def typed_cells(line: bytes, origin: LineOrigin) -> list[Cell]:
    """The same cells for a workbook: ids as numbers, moments as moments, all else as texts."""
    epoch, entry_id, *moments = cells_of(line, origin)
    typed: list[Cell] = [_number(epoch), _number(entry_id)]
    typed += [datetime.fromisoformat(text) if text else "" for text in moments[:2]]
    if origin.sampled is None:
        return [*typed, *moments[2:]]
    return [*typed, *moments[2:-1], int(moments[-1]) if moments[-1] else ""]


def _number(digits: str) -> Cell:
    """A number, as long as a spreadsheet keeps all of its digits."""
    return int(digits) if len(digits) <= MAX_DIGITS else digits


def cell_of(value: Any) -> str:
    """A value as the text of a cell, before it is made harmless."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def harmless(text: str) -> str:
    """A text, with an apostrophe wherever a spreadsheet could take what follows for a formula."""
    mark = "'" if _AT_THE_BEGINNING.match(text) else ""
    if _AFTER_A_SEPARATOR.search(text):
        text = _AFTER_A_SEPARATOR.sub(r"\g<0>'", text)
    return mark + text


def csv_row(line: bytes, origin: LineOrigin) -> bytes:
    """An archived line as a row of CSV."""
    return _row(cells_of(line, origin))


def _row(cells: list[str]) -> bytes:
    quoted = (harmless(cell).replace('"', '""') for cell in cells)
    return ('"' + '","'.join(quoted) + '"\r\n').encode()


CSV_HEADER = BYTE_ORDER_MARK + _row(list(COLUMNS))
SAMPLED_HEADER = BYTE_ORDER_MARK + _row(list(SAMPLED_COLUMNS))
