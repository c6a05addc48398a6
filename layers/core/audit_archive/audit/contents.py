"""The audit of every byte: of exports, and of the content of entry files.

A slice is rebuilt from its export. Its lines, dates, ids, receipts and tree must be those that its statement
states.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from hashlib import sha256
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
from audit_archive.format.batch import Batch
from audit_archive.format.codec import UnknownMember
from audit_archive.format.entry import Mark, Receipt, anchor_of, read_receipt
from audit_archive.format.facts import EntryFile, ExportFacts, ObjectRef, ReceiptSeen
from audit_archive.format.hashing import Hasher
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.ids import IdSetBuilder, span_set
from audit_archive.format.merkle import TreeBuilder
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import DAY, from_rfc3339, utc_date
from audit_archive.format.verdicts import Checked, Fault, Verdict, Why
from audit_archive.storage.entry_files import inflated, select_stated

_RECEIPT = Mark.RECEIPT.value


@dataclass
class _Day:
    """The lines of one event date (UTC): ids, count, and the hash of the lines so far."""

    first_id: int
    last_id: int = 0
    count: int = 0
    content: Any = field(default_factory=sha256)


class RebuiltSlice:
    """A slice, rebuilt from its export after the head `before`. `count`: its lines so far."""

    def __init__(self, before: Head) -> None:
        self._before = before
        self._tree = TreeBuilder(before.tree)
        self._ids = IdSetBuilder()
        self._days: dict[int, _Day] = {}
        self._receipts: list[Receipt] = []
        self._filled: list[int] = []
        self._last: Batch | None = None
        self.count = 0

    def fill(self, entries: SortedEntries, statement: ArchiveStatement, deadline: Deadline) -> None:
        """Read the lines of the slice from the entries of its export. Raises DeadlineError."""
        for day, batch in select_stated(entries, self._before, statement):
            deadline.check()
            self._add(day, batch)

    def differences(self, statement: ArchiveStatement) -> Iterator[str]:
        """What a statement states and the rebuilt slice does not confirm, in clauses after its key."""
        rebuilt = [(utc_date(d * DAY), *_shape(self._days[d])) for d in sorted(self._days)]
        for file, stated in zip(rebuilt, map(_stated, statement.entries), strict=False):
            if file != stated:
                yield f"states {_described(stated)}, but the export gives {_described(file)}"
        if len(rebuilt) != len(statement.entries):
            yield f"states {len(statement.entries)} entry files, but the export gives {len(rebuilt)}"
        if self._tree.tree() != statement.tree:
            yield f"states the root {statement.tree.root}, but the export gives {self._tree.tree().root}"
        if tuple(self._filled) != statement.filled:
            yield "states filled ids that do not match the export"
        stated_missing = span_set(statement.missing)
        start, end = self._before.highest_archived_id + 1, statement.highest_archived_id
        if self._ids.build().gaps(start, end) != stated_missing:
            yield "states missing ids that do not match the export"
        if [_receipt(seen) for seen in statement.receipts_seen] != [_receipt(r) for r in self._receipts]:
            yield "states purge receipts that do not match the export"
        last = self._last.entry(-1) if self._last is not None else None
        is_highest = last is not None and last.id > self._before.highest_archived_id
        if is_highest and last is not None and anchor_of(last) != statement.anchor:
            yield "states a highest entry that does not match the export"

    def _add(self, day: int, batch: Batch) -> None:
        self._tree.extend(batch.lines)
        self._ids.extend(batch.ids)
        lines = self._days.setdefault(day, _Day(batch.ids[0]))
        lines.last_id = batch.ids[-1]
        lines.count += len(batch)
        lines.content.update(batch.text)
        archived = self._before.highest_archived_id
        if batch.ids[0] <= archived:
            self._filled += batch.ids[: bisect_right(batch.ids, archived)]
        self._receipts += (read_receipt(batch.entry(place)) for place in batch.marked(_RECEIPT))
        self._last = batch
        self.count += len(batch)


def _described(file: tuple[str, str, int, int, int]) -> str:
    date, content_sha256, first_id, last_id, count = file
    return f"{count} entries of {date} (ids {first_id} to {last_id}, SHA-256 {content_sha256})"


def _shape(day: _Day) -> tuple[str, int, int, int]:
    return day.content.hexdigest(), day.first_id, day.last_id, day.count


def _stated(file: EntryFile) -> tuple[str, str, int, int, int]:
    return file.date, file.content_sha256, file.first_id, file.last_id, file.count


def _receipt(of: Receipt | ReceiptSeen) -> tuple[object, ...]:
    return of.entry_id, of.before_id, of.count, of.user, of.user_ip, of.timestamp


class ContentCheck:
    """Reads and checks the objects that statements name. Disk: one export, and its entries twice at most."""

    def __init__(
        self,
        audit: Audit,
        tally: AuditTally,
        pool: ThreadPoolExecutor,
        deadline: Deadline,
        show_progress: Callable[[], None],
    ) -> None:
        """`show_progress` is called now and then, for a progress bar."""
        self._audit = audit
        self._tally = tally
        self._pool = pool
        self._deadline = deadline
        self._show_progress = show_progress
        self._export: ExportFacts | None = None
        self._entries: SortedEntries | None = None
        self._why_unread = Why.FAULT
        self._files = ExitStack()

    def close(self) -> None:
        """Remove the temporary files. A later check reads its export anew."""
        self._files.close()
        self._export = self._entries = None

    def check(
        self, statement: ArchiveStatement, ref: ObjectRef, before: Point, found: Iterable[FoundObject]
    ) -> None:
        """Check the objects that exist (`found`) of the statement at `ref`. Raises DeadlineError."""
        present = list(found)
        why = self._why_absent(statement)
        if statement.export != self._export:
            is_absent = all(each.expected.what != Checked.EXPORTS for each in present)
            self._open(statement, ref, why if is_absent else None)
        self._rebuild(statement, ref, before)
        files = [each for each in present if each.expected.what == Checked.FILES]
        self._tally.skip(Checked.FILE_CONTENTS, why, len(statement.entries) - len(files))
        self.check_files(statement, files)

    def check_files(self, statement: ArchiveStatement, found: Iterable[FoundObject]) -> None:
        """Check the lines of entry files, whichever gzip implementation packed them. Raises DeadlineError."""
        files = list(found)
        for each, content in zip(files, read_ahead(self._pool, self._hash_content, files), strict=True):
            self._tally.checked[Checked.FILE_CONTENTS] += 1
            self._tally.checked[Checked.BYTES] += each.facts.size
            stated = each.expected.stated
            if isinstance(stated, EntryFile) and content != stated.content_sha256:
                key, version_id = each.facts.key, each.facts.version_id
                sentence = (
                    f"{key} (version {version_id}) does not hold the lines that statement "
                    f"{statement.seq} states"
                )
                self._tally.fault(Fault(Verdict.ALTERED, key, version_id, statement.seq, sentence))

    def _open(self, statement: ArchiveStatement, ref: ObjectRef, why_absent: Why | None) -> None:
        """Read the export of a statement into `_entries`. `why_absent`: why that is not possible, if so."""
        self._files.close()
        self._files = ExitStack()
        self._export, self._entries = statement.export, None
        self._why_unread = why_absent or Why.FAULT
        if why_absent is not None:
            self._tally.skip(Checked.EXPORT_CONTENTS, why_absent)
            return
        spool = self._fetch(statement)
        if spool is None:
            return
        try:
            batches = self._deadline.watch(read_batches(spool, statement.export.size))
            entries = sort_entries(batches, self._scratch)
        except InvalidExportError as error:
            self._misdescribed(ref, statement, f"names an export that can't be read: {error}")
            return
        self._entries = entries
        for clause in _differences(entries, statement.export, self._deadline):
            self._misdescribed(ref, statement, clause)

    def _scratch(self) -> BinaryIO:
        return self._files.enter_context(self._audit.scratch())

    def _fetch(self, statement: ArchiveStatement) -> BinaryIO | None:
        """The export in a temporary file; None, and a fault, if it does not have the stated hash and size."""
        export, spool = statement.export, self._scratch()
        hashed, is_readable = Hasher(), True
        chunks = self._deadline.watch(self._audit.source.read(export.key, export.version_id))
        try:
            for chunk in hashed.passing(chunks):
                spool.write(chunk)
                self._tally.checked[Checked.BYTES] += len(chunk)
                self._show_progress()
        except IntegrityError:
            is_readable = False
        self._tally.checked[Checked.EXPORT_CONTENTS] += 1
        if is_readable and (hashed.sha256, hashed.size) == (export.sha256, export.size):
            return spool
        sentence = (
            f"{export.key} (version {export.version_id}) does not have the bytes that its statement names"
        )
        self._tally.fault(Fault(Verdict.ALTERED, export.key, export.version_id, statement.seq, sentence))
        return None

    def _rebuild(self, statement: ArchiveStatement, ref: ObjectRef, before: Point) -> None:
        if self._entries is None or before.head is None:
            self._tally.skip(Checked.SLICES, self._why_unread)
            return
        head = before.head if before.knows_holes else _with_holes(before.head, statement.filled)
        rebuilt = RebuiltSlice(head)
        rebuilt.fill(self._entries, statement, self._deadline)
        self._tally.checked[Checked.SLICES] += 1
        self._tally.checked[Checked.ENTRIES] += rebuilt.count
        for clause in rebuilt.differences(statement):
            self._misdescribed(ref, statement, clause)

    def _why_absent(self, statement: ArchiveStatement) -> Why:
        """Why an object of a statement may be missing."""
        if self._audit.clock.now() >= from_rfc3339(statement.export.retain_until) - DAY:
            return Why.EXPIRED
        return Why.FAULT if self._audit.is_recorded(statement) else Why.UNRECORDED

    def _misdescribed(self, ref: ObjectRef, statement: ArchiveStatement, clause: str) -> None:
        sentence = f"{ref.key} {clause}"
        self._tally.fault(Fault(Verdict.MISDESCRIBED, ref.key, ref.version_id, statement.seq, sentence))

    def _hash_content(self, found: FoundObject) -> str | None:
        """The SHA-256 (hex) of the inflated content; None if it can't be inflated, or can't be read whole."""
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
    """What a statement states of its export and the export does not confirm, in clauses after its key."""
    found = (entries.first_id, entries.last_id, entries.rows, len(entries))
    expected = (stated.first_id, stated.last_id, stated.rows, stated.entry_count)
    if found != expected:
        yield f"states an export with {_counted(*expected)}, but the export has {_counted(*found)}"
    elif _lines_sha256(entries, deadline) != stated.lines_sha256:
        yield "states a lines_sha256 that does not match the lines of its export"


def _counted(first_id: int, last_id: int, rows: int, entry_count: int) -> str:
    return f"ids {first_id} to {last_id}, {rows} rows and {entry_count} entries"


def _lines_sha256(entries: SortedEntries, deadline: Deadline) -> str:
    """SHA-256 (hex) over the distinct entries as lines. Raises DeadlineError."""
    digest = sha256()
    for batch in entries.batches():
        deadline.check()
        digest.update(batch.text)
    return digest.hexdigest()


def _with_holes(head: Head, filled: Iterable[int]) -> Head:
    """A head with the holes that a statement fills, for a head whose open holes are not known."""
    return replace(head, holes=tuple(OpenHole(entry_id, entry_id, UnknownMember(), 0) for entry_id in filled))
