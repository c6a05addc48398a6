"""The search as the retrieve function makes it: hashes checked, every filter exact, the coverage counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from audit_archive.retrieve.formats import NDJSON
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.search import find_entries
from bench.retrieve import USER
from cli.stack import folder_reader

END = 4_000_000_000


def user(folder: str, console: str) -> int:
    """What one user did."""
    return _search(folder, console, users=(USER,))


def everything(folder: str, console: str) -> int:
    """Whatever happened in a time that holds all."""
    return _search(folder, console, start=0, end=END)


def _search(folder: str, console: str, **filters: Any) -> int:
    found = find_entries(folder_reader(Path(folder)), Query(console, **filters), NDJSON)
    if found.body is not None:
        found.body.file.close()
    return found.coverage.searched.entries
