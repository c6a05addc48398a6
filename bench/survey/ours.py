"""The survey as the archive run makes it: everything checked, sorted by id, duplicates found."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import BinaryIO, cast

from audit_archive.export import read_export
from audit_archive.format.head import Head
from audit_archive.run.survey import survey_entries

SETTLE = 3600


def survey(path: str, now: int) -> int:
    """Survey the export of a Console that was never archived, served at `now`."""
    with Path(path).open("rb") as file:
        entries = read_export(file, file.seek(0, 2), _scratch)
        return survey_entries(entries.batches(), Head("bench"), now, now - SETTLE).entry_count


def _scratch() -> BinaryIO:
    return cast("BinaryIO", tempfile.TemporaryFile())
