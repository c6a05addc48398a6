"""The forms of an answer: NDJSON, CSV and OCSF turn archived lines into bytes; a bundle is a zip. Pure.

CSV (RFC 4180) is for a spreadsheet to show and not to run. A spreadsheet takes a cell that begins with `=`,
`+`, `-`, `@` or certain control characters for a formula (OWASP, CSV Injection), and an attacker chooses his
user agent. So a cell that begins like that, after any white space, gets an apostrophe in front, and so does
one that begins with an apostrophe: a reader takes one apostrophe away and has the value. Every cell is
quoted.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from audit_archive.format.canonical import SOURCE_KEYS, is_source_line
from audit_archive.format.entry import members_of
from audit_archive.retrieve.ocsf import ocsf_line

CSV_COLUMNS = (
    "id",
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
COLUMNS = ("epoch", *CSV_COLUMNS, "other_fields")
_KNOWN = frozenset(CSV_COLUMNS)

_DANGEROUS = re.compile(r"[\s\x00]*['=+\-@\t\r\n\x00\uff1d\uff0b\uff0d\uff20]")


def csv_row(line: bytes, epoch: int) -> bytes:
    """An archived line as a row: a text as it is, null and an absent value as nothing, other values as JSON.

    Of a line in `_source` form, columns have the texts that can be read; the source stands in `other_fields`.
    """
    members: dict[str, Any] = orjson.loads(line)
    others = members
    if is_source_line(line):
        read = members_of(line)
        members = {name: value for name, value in read.items() if name == "id" or isinstance(value, str)}
        others = {name: others[name] for name in others if name in SOURCE_KEYS}
    cells = [str(epoch), *(cell_of(members.get(name)) for name in CSV_COLUMNS)]
    return _row([*cells, cell_of({name: others[name] for name in others if name not in _KNOWN} or None)])


def cell_of(value: Any) -> str:
    """A value as the text of a cell, before it is made harmless."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def harmless(text: str) -> str:
    """A text, with an apostrophe in front if a spreadsheet could take it for a formula."""
    return f"'{text}" if _DANGEROUS.match(text) else text


def _row(cells: list[str]) -> bytes:
    quoted = (harmless(cell).replace('"', '""') for cell in cells)
    return ('"' + '","'.join(quoted) + '"\r\n').encode()


HEADER = _row(list(COLUMNS))


class LineOrigin(NamedTuple):
    """Where a line was archived."""

    console: str
    epoch: int


@dataclass(frozen=True)
class FileKind:
    """A kind of answer in a file: its name, the end of the file's name, its media type."""

    name: str
    suffix: str
    content_type: str


@dataclass(frozen=True)
class Form(FileKind):
    """How entries are written: `header` begins the file, `render` gives the bytes of an archived line."""

    render: Callable[[bytes, LineOrigin], bytes]
    header: bytes = b""


def _as_it_is(line: bytes, origin: LineOrigin) -> bytes:
    """The archived bytes themselves: proofs are about them."""
    del origin
    return line + b"\n"


def _as_row(line: bytes, origin: LineOrigin) -> bytes:
    return csv_row(line, origin.epoch)


def _as_event(line: bytes, origin: LineOrigin) -> bytes:
    return ocsf_line(line, origin.console, origin.epoch)


NDJSON = Form("ndjson", ".ndjson", "application/x-ndjson", _as_it_is)
CSV = Form("csv", ".csv", "text/csv; charset=utf-8", _as_row, HEADER)
OCSF = Form("ocsf", ".ocsf.ndjson", "application/x-ndjson", _as_event)
BUNDLE = FileKind("evidence", ".zip", "application/zip")
FORMATS = {form.name: form for form in (NDJSON, CSV, OCSF)}
