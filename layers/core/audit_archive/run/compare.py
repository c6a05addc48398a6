"""Compare the live entries that are archived with the archive, and find those whose proof ends soon.

Live lines are hashed in the groups of the archiving statements: by statement and event date. Only entry files
with another hash are read, and compared entry by entry. The entry files are not part of the chain, so they
can't stop a run: the entries of a file that is gone or altered are not compared, and the audit says why.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from heapq import merge
from math import inf
from operator import itemgetter
from typing import BinaryIO

import orjson

from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.finding import Finding
from audit_archive.format.batch import Batch
from audit_archive.format.entry import Entry
from audit_archive.format.facts import EntryFile, IdSpan, Mode, ObjectRef, Respelled
from audit_archive.format.hashing import Hasher
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet, span_set
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.format.times import DAY, from_rfc3339, rfc3339, utc_date
from audit_archive.run.collect import Surveyed
from audit_archive.run.comparison import (
    Archiving,
    Differing,
    archived_part,
    difference,
    ends_at,
    live_archived,
)
from audit_archive.run.context import Run
from audit_archive.storage.chain import read_known
from audit_archive.storage.entry_files import dated, inflated

COMPARE_RESERVE = 180.0
"""Seconds. With less time left nothing more is compared: archiving comes first."""
_CHUNK = 1 << 14
"""Bytes of a file that are read and inflated at once: up to MAX_FILES files are open at a time."""
MAX_GROWTH = 1 << 16
"""Bytes by which a rebuilt file may exceed twice the archived size: gzip implementations pack differently."""
MAX_FILES = 400
"""Entry files that are read at the same time. Each takes some 100 kB of memory."""
MAX_LONG_LINES = 1 << 26
"""Bytes of the longest lines of those files together: one line of each is in memory."""
ENTRIES_PER_TIME_CHECK = 1024
"""Entries between two looks at the clock."""

PROOF_RESERVE = 30 * DAY
"""Seconds. A proof that ends sooner than this does not allow a purge."""

_BY_ID = itemgetter(0)


@dataclass(frozen=True)
class Compared:
    """How the live archived entries compare with the archive.

    `compared`: how many were compared; `differing`: how many of those were amended. `not_compared`: how many
    were not compared, because there was no time, or an entry file is gone or altered. `respelled`: entry
    files with live lines that differ, none of them amended. `drift`: how many entries differ in a member
    without being amended, by name. `findings` do not name the export that holds the other form: it is not
    stored yet.
    """

    amended: tuple[IdSpan, ...]
    respelled: tuple[Respelled, ...]
    not_compared: int
    drift: dict[str, int]
    findings: tuple[Finding, ...]
    compared: int
    differing: int

    @property
    def is_another_trail(self) -> bool:
        """Whether a last entry that differs shows another trail: no other is live, or most others differ."""
        others, differing = self.compared - 1, self.differing - 1
        return others < 1 or differing * 2 > others


def compare(run: Run, head: Head, surveyed: Surveyed, archivings: tuple[Archiving, ...]) -> Compared:
    """Compare the live archived entries of an export with what `archivings` archived."""
    stated = span_set(span for each in archivings for span in each.amended)
    differing, respelled = Differing(run.order.console, stated), list[Respelled]()
    groups, known = _grouped(run, surveyed, archivings), {(each.key, each.sha256) for each in head.respelled}
    compared = sum(group.count for group in groups.values() if group.is_known(known))
    files = iter(list(_unknown_files(groups, archivings, known)))
    while True:
        with run.scratch() as spool:
            opened = _open(run, spool, files)
            if not opened:
                break
            count, same = _read(run, spool, surveyed, opened, differing)
            compared, respelled = compared + count, respelled + same
    return Compared(
        amended=differing.spans,
        respelled=tuple(each for each in respelled if (each.key, each.sha256) not in known),
        not_compared=live_archived(head, surveyed.survey.ids).size - compared,
        drift=differing.drift,
        findings=differing.findings(),
        compared=compared,
        differing=len(differing),
    )


def archived_by(run: Run, head: Head, live: IdSet) -> tuple[Archiving, ...]:
    """The statements that archived the live ids, newest first, and those between that list amended entries.

    Reads the chain backwards until each id is found or the time is short, and checks each statement by its
    hash. It stops at an epoch, because an epoch archives everything anew. An id that is in no statement
    returned has no proof. Raises IntegrityError if the chain is not whole.
    """
    found, left = list[Archiving](), live_archived(head, live)
    statement = _read_known(run, head.statement if left else None)
    while statement is not None and left and run.has_time():
        before = _read_known(run, statement.previous)
        below = before.highest_archived_id if before is not None else 0
        if isinstance(statement, ArchiveStatement):
            ids = archived_part(statement, below, left)
            if ids or statement.amended:
                found.append(_archiving(statement, ids))
            left = left.minus(ids).within(1, below)
        statement = before
    return tuple(found)


def _archiving(statement: ArchiveStatement, ids: IdSet) -> Archiving:
    started_at = from_rfc3339(statement.run.started_at)
    return Archiving(statement.seq, ids, statement.entries, statement.export, started_at, statement.amended)


def _read_known(run: Run, ref: ObjectRef | None) -> Statement | None:
    return read_known(run.store, ref) if ref is not None else None


def first_ending(run: Run, head: Head, live: IdSet, archivings: tuple[Archiving, ...]) -> int | None:
    """The lowest live archived id with a proof that ends soon or is not there; None: there is no such id."""
    soon = run.clock.now() + PROOF_RESERVE
    unproven = live_archived(head, live)
    if run.order.policy.mode == Mode.OFF:
        return None
    for each in archivings:
        if _lasts_beyond(run, each, soon):
            unproven = unproven.minus(_in_sound_files(run, each, soon))
    return unproven.ranges[0].first if unproven else None


def _lasts_beyond(run: Run, each: Archiving, soon: int) -> bool:
    """Whether the proof of a statement lasts beyond a moment. A lock that ends may have been extended."""
    if ends_at(each, run.order.expiry_days) > soon:
        return True
    facts = run.store.inspect(each.export.key, each.export.version_id)
    if facts is None or facts.retention is None:
        return False
    found = replace(each.export, retain_until=rfc3339(facts.retention.until))
    return ends_at(replace(each, export=found), run.order.expiry_days) > soon


def _in_sound_files(run: Run, each: Archiving, soon: int) -> IdSet:
    """The ids of a statement whose entry file, from which answers are made, is there as it was archived."""
    sound = each.ids
    for file in each.entries:
        within = each.ids.within(file.first_id, file.last_id)
        if within and not _is_sound(run, file, soon):
            sound = sound.minus(within)
    return sound


def _is_sound(run: Run, file: EntryFile, soon: int) -> bool:
    facts = run.store.inspect(file.key)
    if facts is not None and facts.retention is not None and facts.sha256 == file.sha256:
        return facts.retention.until > soon
    with run.scratch() as spool:  # a rebuilt file may be packed differently, or lie below a later version
        return prove(run, spool, file, 0) is not None


class _Group:
    """The live lines of one entry file: its hash and their number."""

    def __init__(self, file: EntryFile) -> None:
        self.file = file
        self.digest = sha256()
        self.count = 0

    def add(self, batch: Batch) -> None:
        """Take the next lines, ascending by id."""
        self.digest.update(batch.text)
        self.count += len(batch)

    def is_known(self, known: set[tuple[str, str]]) -> bool:
        """Whether the lines are the archived ones, or were compared with them by an earlier run."""
        digest = self.digest.hexdigest()
        return digest == self.file.content_sha256 or (self.file.key, digest) in known


def _grouped(
    run: Run, surveyed: Surveyed, archivings: tuple[Archiving, ...]
) -> dict[tuple[int, str], _Group]:
    """The live lines of each entry file, by statement and date. A line with an amended date is left out."""
    groups = {(each.seq, file.date): _Group(file) for each in archivings for file in each.entries}
    owned = merge(*map(_owned, archivings))
    first, last, seq = next(owned, _END)
    for day, batch in dated(surveyed.entries, surveyed.survey.first_day, surveyed.export.served_at):
        if seq == _END[2] or not has_time(run):
            break
        date, ids, at = utc_date(day * DAY), batch.ids, 0
        while at < len(ids):
            while ids[at] > last:
                first, last, seq = next(owned, _END)
            start = bisect_left(ids, first, at)
            at = bisect_right(ids, last, start)
            if start < at and (seq, date) in groups:
                groups[seq, date].add(batch.part(start, at))
    return groups


_END = (inf, inf, 0)
"""The range after the last one: no id lies in it, and no statement has the number 0."""


def _owned(archiving: Archiving) -> Iterator[tuple[float, float, int]]:
    for part in archiving.ids.ranges:
        yield part.first, part.last, archiving.seq


def _unknown_files(
    groups: Mapping[tuple[int, str], _Group], archivings: tuple[Archiving, ...], known: set[tuple[str, str]]
) -> Iterator[EntryFile]:
    """The entry files that must be read: each may hold a live entry that is in no known group."""
    for each in archivings:
        own = [groups[each.seq, file.date] for file in each.entries]
        unknown = [group.file for group in own if not group.is_known(known)]
        if sum(group.count for group in own if group.is_known(known)) < each.ids.size:
            yield from (file for file in unknown if each.ids.within(file.first_id, file.last_id))


class ProvenFile:
    """An entry file that was proven by its hash, on disk.

    It lies from `start` to `end` of a scratch file. `longest`: bytes that a line of it has at most.
    """

    def __init__(self, file: EntryFile, start: int, end: int, longest: int) -> None:
        self.file = file
        self.start, self.end = start, end
        self.longest = longest

    def lines(self, spool: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """Its lines with their ids, ascending."""
        for line in _lines(inflated(self.file.key, self._chunks(spool), _CHUNK)):
            yield orjson.loads(line)["id"], line

    def _chunks(self, spool: BinaryIO) -> Iterator[bytes]:
        for at in range(self.start, self.end, _CHUNK):
            spool.seek(at)
            yield spool.read(min(_CHUNK, self.end - at))


def has_time(run: Run) -> bool:
    """Whether there is time left to compare more."""
    return run.clock.remaining() >= COMPARE_RESERVE


def prove(run: Run, spool: BinaryIO, file: EntryFile, start: int) -> ProvenFile | None:
    """Put an entry file on disk, from `start` on.

    Returns None if no version with the archived lines can be read, or if the time is over.
    """
    try:
        for version_id in _versions(run, file):
            found = _prove_version(run, spool, file, version_id, start)
            if found is not None:
                return found
    except ArchiveStoreError:
        return None
    return None


def _versions(run: Run, file: EntryFile) -> Iterator[str]:
    """The versions that may hold the file: the latest, then those with the archived SHA-256 of the bytes."""
    latest = run.store.inspect(file.key)
    if latest is not None and latest.size <= 2 * file.size + MAX_GROWTH:
        yield latest.version_id
    for version in run.store.versions(file.key):
        if not has_time(run):
            return
        if version.key == file.key and not version.is_delete_marker:
            facts = run.store.inspect(file.key, version.version_id)
            if facts is not None and facts.sha256 == file.sha256 and facts != latest:
                yield facts.version_id


def _prove_version(
    run: Run, spool: BinaryIO, file: EntryFile, version_id: str, start: int
) -> ProvenFile | None:
    hashed, longest, begun = Hasher(), 0, 0
    spool.seek(start)
    try:
        chunks = run.store.read(file.key, version_id)
        for block in hashed.passing(inflated(file.key, _spooled(spool, chunks), _CHUNK)):
            if not has_time(run):
                return None
            longest = max(longest, begun + len(block))
            ended = block.rfind(b"\n") + 1
            begun = len(block) - ended if ended else begun + len(block)
    except (IntegrityError, ArchiveStoreError):
        return None
    is_proven = hashed.sha256 == file.content_sha256
    return ProvenFile(file, start, spool.tell(), longest) if is_proven else None


def _spooled(spool: BinaryIO, chunks: Iterator[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        spool.write(chunk)
        yield chunk


def _lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The lines in some text, each without its line feed."""
    begun = list[bytes]()
    for block in blocks:
        whole, feed, rest = block.rpartition(b"\n")
        if feed:
            yield from b"".join((*begun, whole)).split(b"\n")
            begun.clear()
        begun.append(rest)


class _ComparedFile:
    """An entry file with live lines that differ, and the result of comparing them line by line."""

    def __init__(self, proven: ProvenFile) -> None:
        self.proven = proven
        self._live = sha256()
        self._is_other = self._is_amended = False

    def lines(self, spool: BinaryIO) -> Iterator[tuple[int, bytes, "_ComparedFile"]]:
        """The archived lines, ascending by id."""
        for entry_id, line in self.proven.lines(spool):
            yield entry_id, line, self

    def compare(self, archived: bytes, live: Entry, differing: Differing) -> None:
        """Compare the archived line of an entry with its live one."""
        self._live.update(live.line + b"\n")
        if archived != live.line:
            found = difference(archived, live.line)
            differing.add(live.id, found)
            self._is_other = True
            self._is_amended = self._is_amended or bool(found.changes)

    def respelled(self) -> Iterator[Respelled]:
        """The hash by which later runs know the live lines, if they differ and none of them was amended."""
        if self._is_other and not self._is_amended:
            file = self.proven.file
            yield Respelled(file.key, self._live.hexdigest(), file.last_id)


def _open(run: Run, spool: BinaryIO, files: Iterator[EntryFile]) -> list[_ComparedFile]:
    """The next files, on disk, as many as can be read at the same time. Unproven files are left out."""
    opened, end, longest = list[_ComparedFile](), 0, 0
    while len(opened) < MAX_FILES and longest < MAX_LONG_LINES and has_time(run):
        file = next(files, None)
        if file is None:
            break
        proven = prove(run, spool, file, end)
        if proven is not None:
            opened.append(_ComparedFile(proven))
            end, longest = proven.end, longest + proven.longest
    return opened


def _read(
    run: Run, spool: BinaryIO, surveyed: Surveyed, opened: list[_ComparedFile], differing: Differing
) -> tuple[int, list[Respelled]]:
    """Compare the live entries in some files. Returns their number, and the files that are only respelled."""
    count, live = 0, iter(surveyed.entries)
    entry = next(live, None)
    for number, (entry_id, line, file) in enumerate(
        merge(*(each.lines(spool) for each in opened), key=_BY_ID)
    ):
        if number % ENTRIES_PER_TIME_CHECK == 0 and not has_time(run):
            return count, []
        while entry is not None and entry.id < entry_id:
            entry = next(live, None)
        if entry is None:
            break
        if entry.id == entry_id:
            file.compare(line, entry, differing)
            count += 1
    return count, [each for file in opened for each in file.respelled()]
