"""The forms in which entries are handed out: most turn an archived line into bytes of a report. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from audit_archive.domain.csv_rows import HEADER, csv_row
from audit_archive.domain.ocsf import ocsf_line


class Place(NamedTuple):
    """Where a line was archived."""

    console: str
    epoch: int


@dataclass(frozen=True)
class Kind:
    """A kind of report: its name, how the name of its file ends, its media type."""

    name: str
    suffix: str
    content_type: str


@dataclass(frozen=True)
class Form(Kind):
    """How entries are written: what a report begins with, and what stands in it for a line of some place."""

    render: Callable[[bytes, Place], bytes]
    header: bytes = b""


def _as_it_is(line: bytes, place: Place) -> bytes:
    """The very bytes that the archive vouches for."""
    del place
    return line + b"\n"


def _as_row(line: bytes, place: Place) -> bytes:
    return csv_row(line, place.epoch)


def _as_event(line: bytes, place: Place) -> bytes:
    return ocsf_line(line, place.console, place.epoch)


NDJSON = Form("ndjson", ".ndjson", "application/x-ndjson", _as_it_is)
CSV = Form("csv", ".csv", "text/csv; charset=utf-8", _as_row, HEADER)
OCSF = Form("ocsf", ".ocsf.ndjson", "application/x-ndjson", _as_event)
BUNDLE = Kind("evidence", ".zip", "application/zip")
FORMS = {form.name: form for form in (NDJSON, CSV, OCSF)}
