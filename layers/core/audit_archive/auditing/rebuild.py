"""What a statement must say of a slice, made anew from the export: lines, dates, ids, receipts, tree."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from typing import Any

from audit_archive.auditing.deadline import Deadline
from audit_archive.domain.entry import Entry, Mark, Receipt, read_receipt
from audit_archive.domain.facts import EntryFile, ReceiptSeen
from audit_archive.domain.head import Head
from audit_archive.domain.ranges import IdSet, IdSetBuilder
from audit_archive.domain.sorting import SortedEntries
from audit_archive.domain.statement import ArchiveStatement
from audit_archive.domain.survey import Slice, anchor_of
from audit_archive.domain.times import DAY, from_rfc3339, utc_date
from audit_archive.domain.tree import TreeBuilder
from audit_archive.steps.entry_files import select

LINES = 256
"""Lines that are hashed at once, and after which the clock is looked at."""

_RECEIPT = Mark.RECEIPT.value


@dataclass
class _Day:
    """The lines of one event date."""

    first_id: int
    last_id: int = 0
    count: int = 0
    content: Any = field(default_factory=sha256)


class Rebuilt:
    """A slice, made anew; `count` lines of it."""

    def __init__(self, before: Head) -> None:
        self._before = before
        self._tree = TreeBuilder(before.tree)
        self._ids = IdSetBuilder()
        self._days: dict[int, _Day] = {}
        self._receipts: list[Receipt] = []
        self._filled: list[int] = []
        self._last: Entry | None = None
        self.count = 0

    def fill(self, entries: SortedEntries, said: ArchiveStatement, deadline: Deadline) -> None:
        """Read the slice out of its export. Raises OutOfTimeError."""
        part = Slice(said.slice.first_id or 0, said.slice.last_id or 0, said.slice.count)
        first_day = next((e.seconds // DAY for e in entries.heads() if e.seconds is not None), None)
        selected = select(entries, self._before, part, first_day, from_rfc3339(said.export.served_at))
        while batch := list(islice(selected, LINES)):
            deadline.check()
            self._add(batch)

    def differences(self, said: ArchiveStatement) -> Iterator[str]:
        """In what a statement differs from it, in clauses."""
        made = [(utc_date(d * DAY), *_shape(self._days[d])) for d in sorted(self._days)]
        for file, stated in zip(made, map(_stated, said.entries), strict=False):
            if file != stated:
                yield f"states {stated} of an entry file, and the export gives {file}"
        if len(made) != len(said.entries):
            yield f"states {len(said.entries)} entry files, and the export gives {len(made)}"
        if self._tree.tree() != said.tree:
            yield f"states the root {said.tree.root}, and the export gives {self._tree.tree().root}"
        if tuple(self._filled) != said.filled:
            yield "states other ids as filled than the export gives"
        stated_missing = IdSet.of(*((hole.first, hole.last) for hole in said.missing))
        start, end = self._before.highest_archived_id + 1, said.highest_archived_id
        if self._ids.build().gaps(start, end) != stated_missing:
            yield "states other ids as missing than the export lacks"
        if [_receipt(seen) for seen in said.receipts_seen] != [_receipt(r) for r in self._receipts]:
            yield "states other purge receipts than the export holds"
        is_highest = self._last is not None and self._last.id > self._before.highest_archived_id
        if is_highest and self._last is not None and anchor_of(self._last) != said.anchor:
            yield "states another entry as the highest than the export gives"

    def _add(self, batch: list[tuple[Entry, int]]) -> None:
        lines, today = list[bytes](), batch[0][1]
        archived = self._before.highest_archived_id
        append, add_id = self._tree.append, self._ids.add
        for entry, day in batch:
            if day != today:
                self._flush(lines, today)
                lines, today = [], day
            entry_id, line, _, marks = entry
            self._days.setdefault(day, _Day(entry_id))
            append(line)
            add_id(entry_id)
            lines.append(line)
            self._days[day].last_id = entry_id
            if entry_id <= archived:
                self._filled.append(entry_id)
            if marks & _RECEIPT:
                self._receipts.append(read_receipt(entry))
        self._flush(lines, today)
        self._last = batch[-1][0]
        self.count += len(batch)

    def _flush(self, lines: list[bytes], day: int) -> None:
        self._days[day].content.update(b"\n".join((*lines, b"")))
        self._days[day].count += len(lines)


def _shape(day: _Day) -> tuple[str, int, int, int]:
    return day.content.hexdigest(), day.first_id, day.last_id, day.count


def _stated(file: EntryFile) -> tuple[str, str, int, int, int]:
    return file.date, file.content_sha256, file.first_id, file.last_id, file.count


def _receipt(of: Receipt | ReceiptSeen) -> tuple[object, ...]:
    return of.entry_id, of.before_id, of.count, of.user, of.user_ip, of.timestamp
