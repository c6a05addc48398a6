"""The forms of an answer: NDJSON, CSV and OCSF turn archived lines into bytes; a bundle is a zip. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from audit_archive.retrieve.ocsf import ocsf_line
from audit_archive.retrieve.rows import CSV_HEADER, LineOrigin, csv_row


@dataclass(frozen=True)
class FileKind:
    """A kind of answer in a file: its name, the end of the file's name, its media type."""

    name: str
    suffix: str
    content_type: str


@dataclass(frozen=True)
class Form(FileKind):
    """How entries are written: `header` begins the file, `render` gives the bytes of an archived line.

    Without `render` they are rows of a workbook.
    """

    render: Callable[[bytes, LineOrigin], bytes] | None
    header: bytes = b""


def _as_it_is(line: bytes, origin: LineOrigin) -> bytes:
    """The archived bytes themselves: proofs are about them."""
    del origin
    return line + b"\n"


def _as_event(line: bytes, origin: LineOrigin) -> bytes:
    return ocsf_line(line, origin.console, origin.epoch)


NDJSON = Form("ndjson", ".ndjson", "application/x-ndjson", _as_it_is)
CSV = Form("csv", ".csv", "text/csv; charset=utf-8", csv_row, CSV_HEADER)
OCSF = Form("ocsf", ".ocsf.ndjson", "application/x-ndjson", _as_event)
XLSX = Form("xlsx", ".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", None)
BUNDLE = FileKind("evidence", ".zip", "application/zip")
FORMATS = {form.name: form for form in (NDJSON, CSV, XLSX, OCSF)}
