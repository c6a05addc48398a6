"""Every byte: the exports, what they give when read anew, and what the entry files hold."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import islice
from operator import attrgetter
from typing import Any, BinaryIO

from audit_archive.audit.objects import FoundObject
from audit_archive.audit.pace import Deadline, read_ahead
from audit_archive.audit.question import Audit
from audit_archive.audit.tally import AuditTally
from audit_archive.audit.walk import Point
from audit_archive.errors import IntegrityError, InvalidExportError
from audit_archive.export import read_batches
from audit_archive.export.sorting import SortedEntries, sort_entries
from audit_archive.export.zip_reader import MAX_INFLATED
from audit_archive.format.codec import UnknownMember
from audit_archive.format.entry import Entry, Mark, Receipt, read_receipt
from audit_archive.format.facts import EntryFile, ExportFacts, ObjectRef, ReceiptSeen
from audit_archive.format.hashing import Hasher
from audit_archive.format.head import Head, OpenHole, anchor_of
from audit_archive.format.ids import IdSetBuilder, span_set
from audit_archive.format.merkle import TreeBuilder
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import DAY, from_rfc3339, utc_date
from audit_archive.format.verdicts import Checked, Fault, Verdict, Why
from audit_archive.storage.entry_files import inflated, select_stated

# What a statement must say of a slice, made anew from the export: lines, dates, ids, receipts, tree.

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
        """Read the slice out of its export. Raises DeadlineError."""
        selected = select_stated(entries, self._before, said)
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
        stated_missing = span_set(said.missing)
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


class Contents:
    """Reads what statements name. Disk: one export, and its entries twice at most."""

    def __init__(
        self,
        audit: Audit,
        tally: AuditTally,
        pool: ThreadPoolExecutor,
        deadline: Deadline,
        tell: Callable[[], None],
    ) -> None:
        """`tell` is called now and then, for a progress bar."""
        self._audit = audit
        self._tally = tally
        self._pool = pool
        self._deadline = deadline
        self._tell = tell
        self._export: ExportFacts | None = None
        self._entries: SortedEntries | None = None
        self._why_unread = Why.FAULT
        self._files = ExitStack()

    def close(self) -> None:
        """Let go of the files on disk."""
        self._files.close()

    def check(
        self, said: ArchiveStatement, ref: ObjectRef, before: Point, found: Iterable[FoundObject]
    ) -> None:
        """Check what is there of the objects of a statement, stored as `ref`. Raises DeadlineError."""
        present = list(found)
        why = self._why_absent(said)
        if said.export != self._export:
            is_absent = all(each.expected.what != Checked.EXPORTS for each in present)
            self._open(said, ref, why if is_absent else None)
        self._rebuild(said, ref, before)
        files = [each for each in present if each.expected.what == Checked.FILES]
        self._tally.skip(Checked.FILE_CONTENTS, why, len(said.entries) - len(files))
        self.check_files(said, files)

    def check_files(self, said: ArchiveStatement, found: Iterable[FoundObject]) -> None:
        """Check what entry files hold, whichever gzip implementation packed them. Raises DeadlineError."""
        files = list(found)
        for each, content in zip(files, read_ahead(self._pool, self._hash_content, files), strict=True):
            self._tally.checked[Checked.FILE_CONTENTS] += 1
            self._tally.checked[Checked.BYTES] += each.facts.size
            stated = each.expected.stated
            if isinstance(stated, EntryFile) and content != stated.content_sha256:
                key, version_id = each.facts.key, each.facts.version_id
                sentence = (
                    f"{key} (version {version_id}) does not hold the lines that statement {said.seq} states"
                )
                self._tally.fault(Fault(Verdict.ALTERED, key, version_id, said.seq, sentence))

    def _open(self, said: ArchiveStatement, ref: ObjectRef, why_absent: Why | None) -> None:
        """Fetch another export, and read its entries; `why_absent`: it is not there."""
        self._files.close()
        self._files = ExitStack()
        self._export, self._entries = said.export, None
        self._why_unread = why_absent or Why.FAULT
        if why_absent is not None:
            self._tally.skip(Checked.EXPORT_CONTENTS, why_absent)
            return
        spool = self._fetch(said)
        if spool is None:
            return
        try:
            batches = self._deadline.watch(read_batches(spool, said.export.size))
            entries = sort_entries(batches, self._scratch)
        except InvalidExportError as error:
            self._misdescribed(ref, said, f"rests on an export that can't be read: {error}")
            return
        self._entries = entries
        for clause in _differences(entries, said.export, self._deadline):
            self._misdescribed(ref, said, clause)

    def _scratch(self) -> BinaryIO:
        return self._files.enter_context(self._audit.scratch())

    def _fetch(self, said: ArchiveStatement) -> BinaryIO | None:
        """The export on disk, if its bytes are those that are stated."""
        export, spool = said.export, self._scratch()
        hashed, is_readable = Hasher(), True
        chunks = self._deadline.watch(self._audit.source.read(export.key, export.version_id))
        try:
            for chunk in hashed.passing(chunks):
                spool.write(chunk)
                self._tally.checked[Checked.BYTES] += len(chunk)
                self._tell()
        except IntegrityError:
            is_readable = False
        self._tally.checked[Checked.EXPORT_CONTENTS] += 1
        if is_readable and (hashed.sha256, hashed.size) == (export.sha256, export.size):
            return spool
        sentence = f"{export.key} (version {export.version_id}) does not have the bytes that were put"
        self._tally.fault(Fault(Verdict.ALTERED, export.key, export.version_id, said.seq, sentence))
        return None

    def _rebuild(self, said: ArchiveStatement, ref: ObjectRef, before: Point) -> None:
        if self._entries is None or before.head is None:
            self._tally.skip(Checked.SLICES, self._why_unread)
            return
        head = before.head if before.knows_holes else _with_holes(before.head, said.filled)
        rebuilt = Rebuilt(head)
        rebuilt.fill(self._entries, said, self._deadline)
        self._tally.checked[Checked.SLICES] += 1
        self._tally.checked[Checked.ENTRIES] += rebuilt.count
        for clause in rebuilt.differences(said):
            self._misdescribed(ref, said, clause)

    def _why_absent(self, said: ArchiveStatement) -> Why:
        """Why an object of a statement is not there, or not to be read."""
        if self._audit.clock.now() >= from_rfc3339(said.export.retain_until) - DAY:
            return Why.EXPIRED
        return Why.FAULT if self._audit.is_recorded(said) else Why.UNRECORDED

    def _misdescribed(self, ref: ObjectRef, said: ArchiveStatement, clause: str) -> None:
        sentence = f"{ref.key} {clause}"
        self._tally.fault(Fault(Verdict.MISDESCRIBED, ref.key, ref.version_id, said.seq, sentence))

    def _hash_content(self, found: FoundObject) -> str | None:
        """The SHA-256 of what a file holds; None if that can't be unpacked, or not be read as it was put."""
        hashed, key = Hasher(), found.facts.key
        chunks = self._deadline.watch(self._audit.source.read(key, found.facts.version_id))
        try:
            for _ in hashed.passing(inflated(key, chunks)):
                if hashed.size > MAX_INFLATED:
                    return None
        except IntegrityError:
            return None
        return hashed.sha256


def _differences(entries: SortedEntries, stated: ExportFacts, deadline: Deadline) -> Iterator[str]:
    """In what an export differs from what is stated of it, in clauses."""
    first, last = next(iter(entries.heads()), None), deque(entries.heads(), maxlen=1)
    found = (first.id if first else 0, last[0].id if last else 0, entries.rows, len(entries))
    if found != (stated.first_id, stated.last_id, stated.rows, stated.entry_count):
        yield f"states other ids or counts of its export, which has (first, last, rows, entries) {found}"
    elif _lines_sha256(entries, deadline) != stated.lines_sha256:
        yield "states another hash of the lines of its export than the export gives"


def _lines_sha256(entries: SortedEntries, deadline: Deadline) -> str:
    """SHA-256 (hex) over the distinct entries as lines. Raises DeadlineError."""
    digest, lines = sha256(), map(attrgetter("line"), entries)
    while batch := list(islice(lines, LINES)):
        deadline.check()
        digest.update(b"\n".join((*batch, b"")))
    return digest.hexdigest()


def _with_holes(head: Head, filled: Iterable[int]) -> Head:
    """A head whose holes nobody knows, with those that a statement fills."""
    return replace(head, holes=tuple(OpenHole(entry_id, entry_id, UnknownMember(), 0) for entry_id in filled))
