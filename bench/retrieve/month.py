"""One month of an archive of three years: only that month may be read. Each returns `entries` as it came.

What most people would write is in `peer`, and the floor in `floor`: they load nothing of ours.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

from audit_archive.evidence.bundle import BundleTools, build_evidence
from audit_archive.retrieve.formats import NDJSON
from audit_archive.retrieve.request import EvidenceRequest
from audit_archive.retrieve.search import find_entries
from bench.years import CONSOLE
from cli.stack import folder_reader, handouts, is_signed, question

MONTH = {"console": CONSOLE, "from": "2024-03-01", "to": "2024-03-31"}
FILES = 33
"""The month's, and one on each side, where an entry without a time may be filed."""


def ours(folder: str, entries: int) -> int:
    """The question as the command asks it. RuntimeError if more was read than the month."""
    query = _request().query
    found = find_entries(folder_reader(Path(folder)), query, NDJSON)
    if found.body is None or found.coverage.searched.entry_files > FILES:
        raise RuntimeError(f"{found.coverage.searched.entry_files} files were read, not at most {FILES}")
    found.body.file.close()
    return entries


def evidence(folder: str, entries: int) -> int:
    """The bundle of evidence for it: lines proven, the whole chain audited. RuntimeError for a fault."""
    tools = BundleTools(folder_reader(Path(folder)), is_signed, handouts())
    made = build_evidence(tools, _request(), {})
    if made.body is None or made.report is None or not made.report.verification.is_valid:
        raise RuntimeError(made.sentence)
    made.body.file.close()
    return entries


def _request() -> EvidenceRequest:
    return cast("EvidenceRequest", question(MONTH | {"request": "evidence"}))
