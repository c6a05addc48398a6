"""Entry files: the new entries of one statement, one gzip file for each event date.

They are derived: byte-deterministic from the export, so a lost one can be rebuilt and must hash the same.
"""

import gzip
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from typing import BinaryIO

from audit_archive.domain.entry import Entry, Mark
from audit_archive.domain.facts import Anchor, EntryFile
from audit_archive.domain.head import Head
from audit_archive.domain.layout import entries_key
from audit_archive.domain.sorting import SortedEntries
from audit_archive.domain.survey import Slice, anchor_of
from audit_archive.domain.times import DAY, utc_date
from audit_archive.domain.tree import Tree, TreeBuilder
from audit_archive.ports import ScratchFile

CHUNK = 1 << 16
LEVEL = 6


@dataclass(frozen=True)
class Built:
    """A slice's entry files on disk with their facts, and what the slice adds to the head."""

    files: tuple[tuple[EntryFile, BinaryIO], ...]
    tree: Tree
    anchor: Anchor | None
    filled: tuple[int, ...]
    drift: dict[str, int]

    @property
    def facts(self) -> tuple[EntryFile, ...]:
        """The facts of the files, in order of date."""
        return tuple(facts for facts, _ in self.files)

    def close(self) -> None:
        """Let go of the files on disk."""
        for _, file in self.files:
            file.close()


def select(
    entries: SortedEntries, head: Head, part: Slice, first_day: int | None, served_at: int
) -> Iterator[tuple[Entry, int]]:
    """The entries of a slice, ascending by id, each with its event day (days since 1970, UTC)."""
    if not part.count:
        return
    open_ids, archived = head.open_ids, head.highest_archived_id
    for entry, day in dated(entries, first_day, served_at):
        if entry.id > part.last_id:
            return
        if part.first_id <= entry.id <= part.last_id and (entry.id > archived or entry.id in open_ids):
            yield entry, day


def dated(entries: SortedEntries, first_day: int | None, served_at: int) -> Iterator[tuple[Entry, int]]:
    """Entries, ascending by id, each with its event day (days since 1970, UTC).

    One without a readable date goes to the day of its nearest lower neighbour, else of the first that has
    one, else of serving.
    """
    day = first_day if first_day is not None else served_at // DAY
    for entry in entries:
        if entry.seconds is not None:
            day = entry.seconds // DAY
        yield entry, day


def build(selected: Iterator[tuple[Entry, int]], head: Head, seq: int, scratch: ScratchFile) -> Built:
    """Write a slice's lines by event date, hash them into the tree, and compress each date's file."""
    tree = TreeBuilder(head.tree)
    drift: Counter[int] = Counter()
    filled: list[int] = []
    last: Entry | None = None
    days: dict[int, _Lines] = {}
    with ExitStack() as spools:
        for entry, day in selected:
            tree.append(entry.line)
            lines = days.get(day)
            if lines is None:
                lines = days[day] = _Lines(spools.enter_context(scratch()))
            lines.add(entry)
            if entry.marks:
                drift[entry.marks] += 1
            if entry.id <= head.highest_archived_id:
                filled.append(entry.id)
            last = entry
        files = tuple(_compress(days[day], head.console, day, seq, scratch()) for day in sorted(days))
    is_highest = last is not None and last.id > head.highest_archived_id
    anchor = anchor_of(last) if last is not None and is_highest else head.anchor
    return Built(files, tree.tree(), anchor, tuple(filled), _by_name(drift))


class _Lines:
    """The lines of one event date, on disk, in archive order."""

    def __init__(self, spool: BinaryIO) -> None:
        self.spool = spool
        self.first_id = self.last_id = self.count = 0

    def add(self, entry: Entry) -> None:
        if not self.count:
            self.first_id = entry.id
        self.last_id = entry.id
        self.count += 1
        self.spool.write(entry.line)
        self.spool.write(b"\n")


def _compress(lines: _Lines, console: str, day: int, seq: int, into: BinaryIO) -> tuple[EntryFile, BinaryIO]:
    """Gzip one date's lines without a name or a time, so that the same lines give the same bytes."""
    lines.spool.seek(0)
    content, hashed = sha256(), _HashingWriter(into)
    gzipped = gzip.GzipFile(filename="", mode="wb", compresslevel=LEVEL, fileobj=hashed, mtime=0)
    with lines.spool, gzipped as out:  # closed at once: a slice has hundreds of them
        while chunk := lines.spool.read(CHUNK):
            content.update(chunk)
            out.write(chunk)
    date = utc_date(day * DAY)
    facts = EntryFile(
        key=entries_key(console, date, seq),
        sha256=hashed.digest.hexdigest(),
        size=hashed.size,
        content_sha256=content.hexdigest(),
        date=date,
        first_id=lines.first_id,
        last_id=lines.last_id,
        count=lines.count,
    )
    return facts, into


class _HashingWriter:
    """Writes to a file and hashes what it writes."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._file.write(data)

    def flush(self) -> None:
        self._file.flush()


def _by_name(drift: Counter[int]) -> dict[str, int]:
    """Counts by kind of drift; an entry may show several."""
    kinds = [mark for mark in Mark if mark is not Mark.RECEIPT]
    counts = {
        mark.name.lower(): sum(n for bits, n in drift.items() if bits & mark) for mark in kinds if mark.name
    }
    return {name: count for name, count in counts.items() if count}
