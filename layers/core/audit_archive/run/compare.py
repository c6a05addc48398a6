"""Compare: do the live entries that are archived still say what they said then?

Lines are hashed as the archiving statements grouped them, by statement and event date. Only entry files whose
hash differs are read, and compared entry by entry. What is not of the chain can't stop the chain: a file that
is gone or altered leaves its entries uncompared, and the audit tells why.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from heapq import merge
from math import inf
from operator import itemgetter
from typing import BinaryIO

import orjson

from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.finding import Finding
from audit_archive.format.entry import Entry
from audit_archive.format.facts import EntryFile, IdSpan, Mode, ObjectRef, Respelled
from audit_archive.format.hashing import Hasher
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet, span_set
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.format.times import DAY, from_rfc3339, utc_date
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

# Archived entry files on disk, proven by their hash, to be read side by side.

COMPARE_RESERVE = 180.0
"""With fewer seconds than this left nothing more is compared: archiving comes first."""
_CHUNK = 1 << 14
"""Bytes of a file that are read and inflated at once: some hundred files are open at a time."""
MAX_GROWTH = 1 << 16
"""Bytes by which a rebuilt file may be more than twice as long: another gzip packs in another way."""


class ProvenFile:
    """An entry file from `start` to `end` of a scratch file; `longest`: bytes that a line of it may have."""

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

    None if no version can be read that has the archived lines, or if the time is over.
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
    """The versions that may be the file: the latest, then those with the very bytes, as the store says."""
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


MAX_FILES = 400
"""Entry files that are read side by side; each takes some 100 kB of memory."""
MAX_LONG_LINES = 1 << 26
"""Bytes that the longest lines of those files may have together: a line of each is in memory."""
BETWEEN_LOOKS = 1024
"""Entries between two looks at the time."""

ENDING = 30 * DAY
"""Seconds before its end from which on a proof is no ground for a purge."""

_BY_ID = itemgetter(0)


@dataclass(frozen=True)
class Compared:
    """How the live archived entries compare with the archive.

    `compared` of them were, and `differing` of those were amended; `not_compared` were not, for want of time
    or of an entry file. `respelled`: entry files whose live lines differ, and none of them was amended.
    `drift`: how many entries differ in a member without being amended, by name. A finding says nothing of the
    export that holds the other form: whoever stored it adds it to the facts.
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
        """Whether a differing last entry is no amendment: it alone is live, or most others differ too."""
        others, differing = self.compared - 1, self.differing - 1
        return others < 1 or differing * 2 > others


def first_ending(run: Run, head: Head, live: IdSet, archivings: tuple[Archiving, ...]) -> int | None:
    """The lowest live archived id whose proof ends soon, or is not there; None if there is no such id."""
    soon = run.clock.now() + ENDING
    unproven = live_archived(head, live)
    if run.order.policy.mode == Mode.OFF:
        return None
    for each in archivings:
        if ends_at(each, run.order.retention_days) > soon:
            unproven = unproven.minus(_in_sound_files(run, each))
    return unproven.ranges[0].first if unproven else None


def _in_sound_files(run: Run, each: Archiving) -> IdSet:
    """Those of some archived ids whose entry file, which answers will use, is there as it was archived."""
    sound = each.ids
    for file in each.entries:
        within = each.ids.within(file.first_id, file.last_id)
        if within and not _is_sound(run, file):
            sound = sound.minus(within)
    return sound


def _is_sound(run: Run, file: EntryFile) -> bool:
    facts = run.store.inspect(file.key)
    if facts is not None and facts.retention is not None and facts.sha256 == file.sha256:
        return True
    with run.scratch() as spool:  # another gzip may have packed it, or another version may lie above it
        return prove(run, spool, file, 0) is not None


def archived_by(run: Run, head: Head, live: IdSet) -> tuple[Archiving, ...]:
    """The statements that archived the live ids, newest first, and those that state amendments meanwhile.

    Walks back until each id is found, or the time is short; each statement is checked by its hash. An epoch
    archives everything anew, so the walk ends there. An id that is in none of them is not proven by this.
    Raises IntegrityError if the chain is not whole.
    """
    found, left = list[Archiving](), live_archived(head, live)
    said = _read_known(run, head.statement if left else None)
    while said is not None and left and run.has_time():
        before = _read_known(run, said.previous)
        below = before.highest_archived_id if before is not None else 0
        if isinstance(said, ArchiveStatement):
            ids = archived_part(said, below, left)
            if ids or said.amended:
                started_at = from_rfc3339(said.run.started_at)
                found.append(Archiving(said.seq, ids, said.entries, said.export, started_at, said.amended))
            left = left.minus(ids).within(1, below)
        said = before
    return tuple(found)


def _read_known(run: Run, ref: ObjectRef | None) -> Statement | None:
    return read_known(run.store, ref) if ref is not None else None


def compare(run: Run, head: Head, surveyed: Surveyed, archivings: tuple[Archiving, ...]) -> Compared:
    """Compare the live archived entries of an export with what `archivings` archived."""
    stated = span_set(span for each in archivings for span in each.amended)
    differing, respelled = Differing(run.order.console, stated), list[Respelled]()
    groups, known = _grouped(run, surveyed, archivings), {(each.key, each.sha256) for each in head.respelled}
    compared = sum(group.count for group in groups.values() if group.is_known(known))
    files = iter(list(_suspected(groups, archivings, known)))
    while True:
        with run.scratch() as spool:
            suspects = _open(run, spool, files)
            if not suspects:
                break
            count, same = _read(run, spool, surveyed, suspects, differing)
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


class _Group:
    """The live lines that belong into one entry file."""

    def __init__(self, file: EntryFile) -> None:
        self.file = file
        self.digest = sha256()
        self.count = 0

    def add(self, line: bytes) -> None:
        """Take the next line, ascending by id."""
        self.digest.update(line + b"\n")
        self.count += 1

    def is_known(self, known: set[tuple[str, str]]) -> bool:
        """Whether the lines are those that were archived, or that an earlier run compared with them."""
        digest = self.digest.hexdigest()
        return digest == self.file.content_sha256 or (self.file.key, digest) in known


def _grouped(
    run: Run, surveyed: Surveyed, archivings: tuple[Archiving, ...]
) -> dict[tuple[int, str], _Group]:
    """The live lines of each entry file by statement and date; of an amended date they are in no group."""
    groups = {(each.seq, file.date): _Group(file) for each in archivings for file in each.entries}
    owned = merge(*map(_owned, archivings))
    first, last, seq = next(owned, _END)
    at, group = (0, 0), None
    entries = dated(surveyed.entries, surveyed.survey.first_day, surveyed.export.served_at)
    for number, (entry, day) in enumerate(entries):
        while entry.id > last:
            first, last, seq = next(owned, _END)
        if seq == _END[2] or (number % BETWEEN_LOOKS == 0 and not has_time(run)):
            break
        if entry.id < first:
            continue
        if at != (seq, day):
            at, group = (seq, day), groups.get((seq, utc_date(day * DAY)))
        if group is not None:
            group.add(entry.line)
    return groups


_END = (inf, inf, 0)


def _owned(archiving: Archiving) -> Iterator[tuple[float, float, int]]:
    for part in archiving.ids.ranges:
        yield part.first, part.last, archiving.seq


def _suspected(
    groups: Mapping[tuple[int, str], _Group], archivings: tuple[Archiving, ...], known: set[tuple[str, str]]
) -> Iterator[EntryFile]:
    """The entry files that may hold a live entry that is in no known group: those must be read."""
    for each in archivings:
        mine = [groups[each.seq, file.date] for file in each.entries]
        unknown = [group.file for group in mine if not group.is_known(known)]
        if sum(group.count for group in mine if group.is_known(known)) < each.ids.size:
            yield from (file for file in unknown if each.ids.within(file.first_id, file.last_id))


class _Suspect:
    """An entry file whose live lines differ, and what comparing them line by line finds."""

    def __init__(self, proven: ProvenFile) -> None:
        self.proven = proven
        self._live = sha256()
        self._is_other = self._is_amended = False

    def lines(self, spool: BinaryIO) -> Iterator[tuple[int, bytes, "_Suspect"]]:
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
        """By what later runs know the live lines again, if they differ and none of them was amended."""
        if self._is_other and not self._is_amended:
            file = self.proven.file
            yield Respelled(file.key, self._live.hexdigest(), file.last_id)


def _open(run: Run, spool: BinaryIO, files: Iterator[EntryFile]) -> list[_Suspect]:
    """The next files, on disk, as many as can be read side by side; one that can't be proven is left out."""
    suspects, end, longest = list[_Suspect](), 0, 0
    while len(suspects) < MAX_FILES and longest < MAX_LONG_LINES and has_time(run):
        file = next(files, None)
        if file is None:
            break
        proven = prove(run, spool, file, end)
        if proven is not None:
            suspects.append(_Suspect(proven))
            end, longest = proven.end, longest + proven.longest
    return suspects


def _read(
    run: Run, spool: BinaryIO, surveyed: Surveyed, suspects: list[_Suspect], differing: Differing
) -> tuple[int, list[Respelled]]:
    """Compare every live entry in some files. Returns how many, and the files that are only respelled."""
    count, live = 0, iter(surveyed.entries)
    entry = next(live, None)
    for number, (entry_id, line, suspect) in enumerate(
        merge(*(s.lines(spool) for s in suspects), key=_BY_ID)
    ):
        if number % BETWEEN_LOOKS == 0 and not has_time(run):
            return count, []
        while entry is not None and entry.id < entry_id:
            entry = next(live, None)
        if entry is None:
            break
        if entry.id == entry_id:
            suspect.compare(line, entry, differing)
            count += 1
    return count, [each for suspect in suspects for each in suspect.respelled()]
