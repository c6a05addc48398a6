"""The search as the retrieve function makes it: every file hashed, every filter exact, the coverage counted."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from audit_archive.domain.forms import NDJSON
from audit_archive.domain.query import Query
from audit_archive.domain.times import from_rfc3339
from audit_archive.ports import NO_VERSION, ObjectFacts, Version
from audit_archive.reading.entries import find_entries
from audit_archive.reading.reader import Reader
from bench.retrieve.archive import CONSOLE
from bench.retrieve.questions import MONTH, TEXT, USER

CHUNK = 1 << 20


def user(folder: str) -> int:
    """All that one user did in a year."""
    return _search(folder, users=(USER,))


def text(folder: str) -> int:
    """Every entry with a text in it, in a year."""
    return _search(folder, text=TEXT)


def everything(folder: str) -> int:
    """All that happened in a year, by its time."""
    return _search(folder, start=0, end=4_000_000_000)


def month(folder: str) -> int:
    """All that one user did in a month."""
    first, last = (from_rfc3339(f"{date}T00:00:00Z") for date in MONTH)
    return _search(folder, users=(USER,), start=first, end=last + 86_400)


def _search(folder: str, **filters: Any) -> int:
    found = find_entries(Reader(_Folder(Path(folder)), None, _Clock(), _scratch), Query(CONSOLE, **filters), NDJSON)
    if found.body is not None:
        found.body.file.close()
    return found.coverage.searched.entries


class _Folder:
    """The archive on disk, with as little around it as there can be."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        del version_id
        return ObjectFacts(key, NO_VERSION, 0, None, None)

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        del version_id
        with (self._root / key).open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        for path in sorted((self._root / prefix).iterdir()):
            if f"{prefix}{path.name}" > after_key:
                yield Version(f"{prefix}{path.name}", NO_VERSION, is_delete_marker=False)


class _Clock:
    def now(self) -> int:
        return 0

    def remaining(self) -> float:
        return 900.0

    def sleep(self, seconds: float) -> None:
        del seconds


def _scratch() -> BinaryIO:
    return cast("BinaryIO", tempfile.TemporaryFile())
