"""The content of entry files and exports, proven: it is what the statement says, or it is an error."""

from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

from audit_archive.domain.facts import EntryFile, ExportFacts
from audit_archive.domain.gunzip import inflated
from audit_archive.errors import IntegrityError
from audit_archive.ports import NO_VERSION, ArchiveSource


class FoundVersion(NamedTuple):
    """The version of an entry file to read, and newer ones of other content that somebody put over it."""

    version_id: str
    false: tuple[str, ...] = ()


def find_version(source: ArchiveSource, file: EntryFile) -> FoundVersion | None:
    """The version of an entry file to read; None if none is left.

    The latest, if the store vouches for its hash, or if there is no other. Else the newest whose lines have
    the hash that the statement gives; if none has, the newest, so that reading it tells what is wrong.
    """
    facts = source.inspect(file.key)
    if facts is not None and (facts.sha256 == file.sha256 or facts.version_id == NO_VERSION):
        return FoundVersion(facts.version_id)
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

    They are proven only when the iteration ends: nothing may be handed out before. Raises IntegrityError
    then, if they are not what the statement says; or meanwhile, if the file is no gzip.
    """
    digest, rest = sha256(), list[bytes]()
    for block in inflated(file.key, source.read(file.key, version_id)):
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


def read_export(source: ArchiveSource, facts: ExportFacts) -> Iterator[bytes]:
    """The bytes of an export, proven only when the iteration ends. Raises IntegrityError then."""
    digest = sha256()
    for chunk in source.read(facts.key, facts.version_id):
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != facts.sha256:
        raise IntegrityError(
            f"{facts.key} (version {facts.version_id}) does not have the hash {facts.sha256} that the "
            "statement gives: it was altered. It is not handed out; verify the archive"
        )
