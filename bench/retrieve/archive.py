"""An archive of very many entries in a folder, made by the parts that archive: statements and entry files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO, cast

import orjson

from audit_archive.domain.canonical import canonical_bytes
from audit_archive.domain.entry import Entry
from audit_archive.domain.facts import ExportFacts, ObjectRef, PlanFacts, RunFacts, SliceFacts
from audit_archive.domain.head import Head
from audit_archive.domain.layout import statement_key
from audit_archive.domain.statement import ArchiveStatement, statement_bytes
from audit_archive.domain.times import DAY, rfc3339
from audit_archive.steps.entry_files import Built, build
from local.console.generate import Generator

CONSOLE = "bench"
FIRST_DAY = 20_454
"""2026-01-01, in days since 1970."""

DAYS = 365
PER_STATEMENT = 30
"""Days that one statement archives."""


def make(folder: Path, entries: int) -> None:
    """Write an archive of so many entries, evenly over a year."""
    head = Head(CONSOLE)
    for day in range(0, DAYS, PER_STATEMENT):
        first, last = _id_of(day, entries), _id_of(min(day + PER_STATEMENT, DAYS), entries)
        built = build(_entries(first, last, entries), head, head.seq + 1, _scratch)
        for facts, file in built.files:
            path = folder / facts.key
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as into:
                file.seek(0)
                shutil.copyfileobj(file, into)
        built.close()
        head = _state(folder, head, built, first, last)


def _id_of(day: int, entries: int) -> int:
    """The id below the first entry of a day of the year."""
    return day * entries // DAYS


def _entries(first: int, last: int, entries: int) -> Iterator[tuple[Entry, int]]:
    """The entries above one id up to another, each with its day."""
    generator = Generator(1)
    for entry_id in range(first + 1, last + 1):
        seconds = FIRST_DAY * DAY + (entry_id - 1) * DAYS * DAY // entries
        line = canonical_bytes(orjson.loads(generator.line(entry_id, seconds)))
        yield Entry(entry_id, line, seconds, 0), seconds // DAY


def _state(folder: Path, head: Head, built: Built, first: int, last: int) -> Head:
    moment = rfc3339((FIRST_DAY + DAYS) * DAY)
    digest = sha256(b"").hexdigest()
    said = ArchiveStatement(
        console=CONSOLE,
        epoch=1,
        seq=head.seq + 1,
        previous=head.statement,
        run=RunFacts("bench", "0", moment, "bench", None),
        tree=built.tree,
        highest_archived_id=last,
        highest_purged_id=0,
        export=ExportFacts("none", "", digest, 0, "GOVERNANCE", moment, moment, 1, last, last, last),
        slice=SliceFacts(first + 1, last, last - first),
        entries=built.facts,
        missing=(),
        filled=(),
        receipts_seen=(),
        drift={},
        plan=PlanFacts("off", 0, None, 0, None, None),
        anchor=built.anchor,
    )
    key, data = statement_key(CONSOLE, said.seq), statement_bytes(said)
    path = folder / key
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return head.after(said, ObjectRef(key, "", sha256(data).hexdigest()))


def _scratch() -> BinaryIO:
    return cast("BinaryIO", tempfile.TemporaryFile())
