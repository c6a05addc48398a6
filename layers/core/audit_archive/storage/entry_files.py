"""Entry files: the new entries of one statement, one gzip file for each event date.

Each file derives from the export, and the same export gives the same lines: so a lost file can be rebuilt,
and its content must have the same hash. What is read back, from entry files and from exports, is proven
against the hash in the statement, and memory stays flat however well a file was compressed.
"""

import zlib
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import BinaryIO, NamedTuple

from isal import isal_zlib

from audit_archive.errors import IntegrityError
from audit_archive.export.sorting import SortedEntries
from audit_archive.format.batch import Batch
from audit_archive.format.entry import Mark, anchor_of
from audit_archive.format.facts import Anchor, EntryFile, ExportFacts, SliceFacts
from audit_archive.format.hashing import Hasher, hash_all
from audit_archive.format.head import Head
from audit_archive.format.layout import entries_key
from audit_archive.format.merkle import Tree, TreeBuilder
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import DAY, from_rfc3339, utc_date
from audit_archive.ports import NO_VERSION, ArchiveSource, ObjectFacts, ScratchFile

_CHUNK = 1 << 18
_LEVEL = 1  # of ISA-L, which packs at nine times the speed of zlib's level 6 into 1.4 times the bytes
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Built:
    """The entry files of a slice, on disk, with their facts, and what the slice adds to the head."""

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
        """Close the files on disk, which deletes them."""
        for _, file in self.files:
            file.close()


class Dated(NamedTuple):
    """Entries of one event day (days since 1970, UTC), ascending by id."""

    day: int
    entries: Batch


def select_entries(
    entries: SortedEntries, head: Head, part: SliceFacts, first_day: int | None, served_at: int
) -> Iterator[Dated]:
    """The entries of a slice, ascending by id, by event day."""
    first_id, last_id = part.first_id, part.last_id
    if first_id is None or last_id is None or not part.count:
        return
    wanted = head.open_ids.and_above(head.highest_archived_id).within(first_id, last_id)
    for day, batch in dated(entries, first_day, served_at):
        if batch.ids[0] > last_id:
            return
        for start, stop in wanted.places(batch.ids, 0, len(batch)):
            yield Dated(day, batch.part(start, stop))


def select_stated(entries: SortedEntries, before: Head, statement: ArchiveStatement) -> Iterator[Dated]:
    """The entries that a statement archived, selected again from its export.

    `before`: the head before that statement.
    """
    seconds = chain.from_iterable(batch.seconds for batch in entries.batches())
    first_day = next((moment // DAY for moment in seconds if moment is not None), None)
    return select_entries(
        entries, before, statement.slice, first_day, from_rfc3339(statement.export.served_at)
    )


def dated(entries: SortedEntries, first_day: int | None, served_at: int) -> Iterator[Dated]:
    """Entries, ascending by id, by event day.

    An entry without a readable date has the day of its nearest lower neighbour. If there is no such
    neighbour, it has the day of the first entry with a date, or the day of serving.
    """
    day = first_day if first_day is not None else served_at // DAY
    for batch in entries.batches():
        for found, start, stop in batch.days(day):
            yield Dated(found, batch.part(start, stop))
            day = found


def build(selected: Iterable[Dated], head: Head, seq: int, scratch: ScratchFile) -> Built:
    """Write a slice's lines by event date, hash them into the tree, and compress each date's file."""
    tree = TreeBuilder(head.tree)
    drift: Counter[int] = Counter()
    filled: list[int] = []
    last: Batch | None = None
    days: dict[int, _Lines] = {}
    with scratch() as spool:
        for day, batch in selected:
            tree.extend(batch.lines)
            days.setdefault(day, _Lines(spool)).add(batch)
            drift.update(batch.marks)
            if batch.ids[0] <= head.highest_archived_id:
                filled += batch.ids[: bisect_right(batch.ids, head.highest_archived_id)]
            last = batch
        files = tuple(_compress(days[day], head.console, day, seq, scratch()) for day in sorted(days))
    is_highest = last is not None and last.ids[-1] > head.highest_archived_id
    anchor = anchor_of(last.entry(-1)) if last is not None and is_highest else head.anchor
    return Built(files, tree.tree(), anchor, tuple(filled), _by_name(drift))


class _Lines:
    """The lines of one event date in archive order: pieces of a file that all dates share."""

    def __init__(self, spool: BinaryIO) -> None:
        self._spool = spool
        self._pieces = array("q")  # from, up to, from, up to: entries may change their date at each line
        self.first_id = self.last_id = self.count = 0

    def add(self, batch: Batch) -> None:
        """Take the next lines of the date. Every line is written to the end of the file."""
        start = self._spool.tell()
        end = start + self._spool.write(batch.text)
        if self._pieces and self._pieces[-1] == start:
            self._pieces[-1] = end
        else:
            self._pieces.extend((start, end))
        self.first_id = self.first_id or batch.ids[0]
        self.last_id = batch.ids[-1]
        self.count += len(batch)

    def chunks(self) -> Iterator[bytes]:
        """The lines, each with its line feed, some at a time."""
        for start, end in zip(self._pieces[::2], self._pieces[1::2], strict=True):
            for at in range(start, end, _CHUNK):
                self._spool.seek(at)
                yield self._spool.read(min(_CHUNK, end - at))


def _compress(lines: _Lines, console: str, day: int, seq: int, into: BinaryIO) -> tuple[EntryFile, BinaryIO]:
    """Gzip one date's lines. Without a name and a time in the file, the same lines give the same bytes."""
    content = Hasher()
    packed = hash_all(_gzipped(content.passing(lines.chunks())), into.write)
    date = utc_date(day * DAY)
    facts = EntryFile(
        key=entries_key(console, date, seq),
        sha256=packed.sha256,
        size=packed.size,
        content_sha256=content.sha256,
        date=date,
        first_id=lines.first_id,
        last_id=lines.last_id,
        count=lines.count,
    )
    return facts, into


def _gzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    packer = isal_zlib.compressobj(_LEVEL, isal_zlib.DEFLATED, _GZIP)
    yield from map(packer.compress, chunks)
    yield packer.flush()


def _by_name(drift: Counter[int]) -> dict[str, int]:
    """How many entries show each kind of drift. An entry may show several."""
    kinds = [mark for mark in Mark if mark is not Mark.RECEIPT]
    counts = {
        mark.name.lower(): sum(n for bits, n in drift.items() if bits & mark) for mark in kinds if mark.name
    }
    return {name: count for name, count in counts.items() if count}


BLOCK = 1 << 18
"""Bytes that are inflated at once at most."""

HELD = 1 << 25
"""Bytes of lines that are kept in memory until their hash is judged."""

MOST_OF_A_LINE = (1 << 25) + BLOCK
"""Bytes of a line at most: an entry of an export has 16 MiB, and twice that as the source of a line."""


def inflated(key: str, chunks: Iterable[bytes], block_bytes: int = BLOCK) -> Iterator[bytes]:
    """The content of a gzip file: one member or more (RFC 1952, section 2.2), then nothing but zeros.

    Media that store whole blocks fill up the last one with zeros, and gzip(1) passes over them. `verify.py`
    has the same rule. `block_bytes`: how much is inflated at once at most. Raises IntegrityError, which names
    the key, if the file is anything else, or ends too early.
    """
    inflater, is_padded = zlib.decompressobj(_GZIP), False
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                is_padded = is_padded or (inflater.eof and rest[0] == 0)
                if is_padded and rest.strip(b"\0"):
                    raise IntegrityError(
                        f"{key} holds more than gzip and zeros. It is damaged. Verify the archive"
                    )
                if is_padded:
                    break
                if inflater.eof:
                    inflater = zlib.decompressobj(_GZIP)
                while block := inflater.decompress(rest, block_bytes):
                    yield block
                    rest = inflater.unconsumed_tail
                rest = inflater.unused_data
    except zlib.error as error:
        raise IntegrityError(
            f"{key} can't be unpacked: {error}. It is damaged. Verify the archive"
        ) from error
    if not inflater.eof:
        raise IntegrityError(f"{key} ends too early. It is damaged. Verify the archive")


class FoundVersion(NamedTuple):
    """The version of an entry file to read, and the newer versions with false content above it.

    `facts`: what the store says of that version, if it was asked.
    """

    version_id: str
    false: tuple[str, ...] = ()
    facts: ObjectFacts | None = None


def find_version(source: ArchiveSource, file: EntryFile) -> FoundVersion | None:
    """The version of an entry file to read; None if there is no version left.

    It is the latest one, if the store's checksum proves its hash or if it is the only one. Otherwise it is
    the newest one with the content hash of the statement. If no version has that, it is the newest one:
    reading it raises the error that says what is wrong.
    """
    facts = source.inspect(file.key)
    if facts is not None and (facts.sha256 == file.sha256 or facts.version_id == NO_VERSION):
        return FoundVersion(facts.version_id, facts=facts)
    versions = (v for v in source.versions(file.key) if v.key == file.key and not v.is_delete_marker)
    known = [version.version_id for version in versions]
    for at, version_id in enumerate(known if len(known) > 1 else ()):
        if _is_content(source, file, version_id):
            return FoundVersion(version_id, tuple(known[:at]))
    return FoundVersion(known[0]) if known else None


def _is_content(source: ArchiveSource, file: EntryFile, version_id: str) -> bool:
    try:
        for _ in read_content(source, file, version_id):
            pass
    except IntegrityError:
        return False
    return True


def read_content(source: ArchiveSource, file: EntryFile, version_id: str) -> Iterator[bytes]:
    """Whole lines of an entry file, some at a time, each with its line feed.

    They are proven only when the iteration ends: hand out no line before that. Raises IntegrityError at the
    end if the lines do not have the hash of the statement, or meanwhile if the file is not gzip.
    """
    hashed, rest = Hasher(), list[bytes]()
    for block in hashed.passing(inflated(file.key, source.read(file.key, version_id))):
        cut = block.rfind(b"\n") + 1
        if cut:
            yield b"".join((*rest, block[:cut]))
            rest.clear()
        rest.append(block[cut:])
        if sum(map(len, rest)) > MOST_OF_A_LINE:
            raise IntegrityError(f"{file.key} holds a line that is longer than any entry. Verify the archive")
    if hashed.sha256 != file.content_sha256:
        raise IntegrityError(
            f"The lines in {file.key} (version {version_id}) do not have the hash {file.content_sha256} that "
            "the statement gives: the file was altered. This answer is not handed out. Verify the archive"
        )
    if any(rest):
        raise IntegrityError(
            f"The last line of {file.key} has no line feed: it is not of this format. Verify the archive"
        )


def read_lines(
    source: ArchiveSource, file: EntryFile, version_id: str, held_bytes: int = HELD
) -> Iterator[bytes]:
    """Whole lines of an entry file, as `read_content` gives them, but proven before the first is yielded.

    A file with more than `held_bytes` of lines is read twice. Raises IntegrityError as that does. That
    the lines are entries is not judged: a statement may name anything.
    """
    held, size = list[bytes](), 0
    for text in read_content(source, file, version_id):
        size += len(text)
        if size <= held_bytes:
            held.append(text)
        else:
            held.clear()
    yield from held if size <= held_bytes else read_content(source, file, version_id)


def no_entry(key: str, why: object) -> IntegrityError:
    """The error for an entry file with the hash of its statement, and with a line that is not an entry."""
    return IntegrityError(
        f"{key} holds a line that is not an entry, though its statement names it: {why}. Verify the archive"
    )


def read_stored_export(source: ArchiveSource, facts: ExportFacts) -> Iterator[bytes]:
    """The bytes of an export, proven only when the iteration ends. Raises IntegrityError if not."""
    hashed = Hasher()
    yield from hashed.passing(source.read(facts.key, facts.version_id))
    if hashed.sha256 != facts.sha256:
        raise IntegrityError(
            f"{facts.key} (version {facts.version_id}) does not have the hash {facts.sha256} that the "
            "statement gives: it was altered. It is not handed out. Verify the archive"
        )
