"""Archived entry files on disk, proven by their hash, to be read side by side."""

from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

import orjson

from audit_archive.domain.facts import EntryFile
from audit_archive.domain.gunzip import inflated
from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.steps.run import Run

RESERVE = 180.0
"""With fewer seconds than this left nothing more is compared: archiving comes first."""
CHUNK = 1 << 14
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
        for line in _lines(inflated(self.file.key, self._chunks(spool), CHUNK)):
            yield orjson.loads(line)["id"], line

    def _chunks(self, spool: BinaryIO) -> Iterator[bytes]:
        for at in range(self.start, self.end, CHUNK):
            spool.seek(at)
            yield spool.read(min(CHUNK, self.end - at))


def has_time(run: Run) -> bool:
    """Whether there is time left to compare more."""
    return run.clock.remaining() >= RESERVE


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
    digest, longest, begun = sha256(), 0, 0
    spool.seek(start)
    try:
        chunks = run.store.read(file.key, version_id)
        for block in inflated(file.key, _spooled(spool, chunks), CHUNK):
            if not has_time(run):
                return None
            digest.update(block)
            longest = max(longest, begun + len(block))
            ended = block.rfind(b"\n") + 1
            begun = len(block) - ended if ended else begun + len(block)
    except (IntegrityError, ArchiveStoreError):
        return None
    is_proven = digest.hexdigest() == file.content_sha256
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
