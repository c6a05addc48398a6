"""The content of an entry file, proven: it is what the statement says, or it is an error."""

import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256

from audit_archive.domain.facts import EntryFile
from audit_archive.errors import IntegrityError
from audit_archive.ports import ArchiveSource

BLOCK = 1 << 18
"""Bytes that are inflated at once: memory stays flat, however well a file was compressed."""

_GZIP = 16 + zlib.MAX_WBITS


def find_version(source: ArchiveSource, key: str) -> str | None:
    """The version of an entry file to read; None if none is left.

    The latest, or, behind a delete marker, any other: they have the same content, and it is hashed anyway.
    """
    facts = source.inspect(key)
    if facts is not None:
        return facts.version_id
    found = (v for v in source.versions(key) if v.key == key and not v.is_delete_marker)
    return next((version.version_id for version in found), None)


def read_content(source: ArchiveSource, file: EntryFile, version_id: str) -> Iterator[bytes]:
    """Whole lines of an entry file, some at a time, each with its line feed.

    They are proven only when the iteration ends: nothing may be handed out before. Raises IntegrityError
    then, if they are not what the statement says; or meanwhile, if the file is no gzip.
    """
    digest, rest = sha256(), list[bytes]()
    for block in _inflated(file.key, source.read(file.key, version_id)):
        digest.update(block)
        cut = block.rfind(b"\n") + 1
        if cut:
            yield b"".join((*rest, block[:cut]))
            rest.clear()
        rest.append(block[cut:])
    if digest.hexdigest() != file.content_sha256:
        raise IntegrityError(
            f"The lines in {file.key} (version {version_id}) do not have the hash {file.content_sha256} that "
            "the statement gives: it was altered. Nothing of this answer is handed out; verify the archive"
        )
    if any(rest):
        raise IntegrityError(f"The last line of {file.key} has no line feed: it is not of this format")


def _inflated(key: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The content of a gzip file, which may have several members (RFC 1952, section 2.2)."""
    inflater = zlib.decompressobj(_GZIP)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if inflater.eof:
                    inflater = zlib.decompressobj(_GZIP)
                while block := inflater.decompress(rest, BLOCK):
                    yield block
                    rest = inflater.unconsumed_tail
                rest = inflater.unused_data
    except zlib.error as error:
        raise IntegrityError(
            f"{key} can't be unpacked: {error}. It is damaged; verify the archive"
        ) from error
    if not inflater.eof:
        raise IntegrityError(f"{key} ends too early: it is damaged; verify the archive")
