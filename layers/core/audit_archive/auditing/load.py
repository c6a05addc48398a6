"""Statements and checkpoints as they are stored, read but not yet judged."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from operator import attrgetter

from audit_archive.domain.canonical import is_canonical
from audit_archive.domain.layout import (
    SEQ_DIGITS,
    checkpoint_key,
    checkpoints_prefix,
    statement_key,
    statements_prefix,
)
from audit_archive.domain.statement import Statement, parse_statement
from audit_archive.domain.verdicts import Verdict
from audit_archive.errors import IntegrityError
from audit_archive.ports import ArchiveSource, ObjectFacts, Version

MAX_BYTES = 1 << 28
"""A statement may list hundreds of thousands of missing ranges; more than this is none of ours."""

MAX_VERSIONS = 4
"""Versions of one statement that are read; there must be one."""


@dataclass(frozen=True)
class Stored:
    """One version of an object: its bytes, or the verdict in place of them, and what the store says of it."""

    key: str
    version_id: str | None
    data: bytes = b""
    verdict: str | None = None
    facts: ObjectFacts | None = None


@dataclass(frozen=True)
class Copy:
    """One version of a statement: what it says, and its hash; `statement` is None if it can't be parsed."""

    stored: Stored
    sha256: str
    statement: Statement | None


@dataclass(frozen=True)
class Row:
    """What is stored under one statement's key, oldest version first, and the checkpoint beside it."""

    key: str
    number: int
    copies: tuple[Copy, ...]
    versions: tuple[Version, ...]
    checkpoint: Stored | None


def read_whole(source: ArchiveSource, key: str, version_id: str | None = None) -> Stored:
    """A small object in memory, of the latest version if none is named."""
    facts = source.inspect(key, version_id)
    if facts is None:
        return Stored(key, version_id, verdict=Verdict.MISSING)
    data = bytearray()
    try:
        for chunk in source.read(key, facts.version_id):
            data += chunk
            if len(data) > MAX_BYTES:
                return Stored(key, facts.version_id, verdict=Verdict.ALTERED, facts=facts)
    except IntegrityError:
        is_gone = source.inspect(key, facts.version_id) is None
        verdict = Verdict.MISSING if is_gone else Verdict.ALTERED
        return Stored(key, facts.version_id, verdict=verdict, facts=facts)
    return Stored(key, facts.version_id, bytes(data), None, facts)


@dataclass(frozen=True)
class Listed:
    """One number in the listing of statements or checkpoints, and the versions of its key, oldest first."""

    key: str
    number: int
    versions: tuple[Version, ...]


def listed(source: ArchiveSource, prefix: str, suffix: str, after_key: str = "") -> Iterator[Listed]:
    """The numbered objects directly under a prefix, in order; whatever else lies there is left out."""
    pattern = re.compile(rf"{re.escape(prefix)}(\d{{{SEQ_DIGITS}}}){re.escape(suffix)}", re.ASCII)
    for key, versions in groupby(source.versions(prefix, after_key), attrgetter("key")):
        found = pattern.fullmatch(key)
        if found is not None:
            yield Listed(key, int(found[1]), tuple(versions)[::-1])


def statements_from(source: ArchiveSource, console: str, number: int) -> Iterator[Listed]:
    """The statements of a Console in the listing, from a number on."""
    after_key = statement_key(console, number - 1) if number > 1 else ""
    return listed(source, statements_prefix(console), ".json", after_key)


def load_row(source: ArchiveSource, console: str, at: Listed, *, is_signed: bool) -> Row:
    """Read what lies under one statement's key. Without `is_signed` there is no checkpoint to look for."""
    real = [version for version in at.versions if not version.is_delete_marker]
    copies = tuple(_copy(source, version) for version in real[:MAX_VERSIONS])
    checkpoint = read_whole(source, checkpoint_key(console, at.number)) if is_signed else None
    return Row(at.key, at.number, copies, at.versions, checkpoint)


def has_checkpoints(source: ArchiveSource, console: str) -> bool:
    """Whether there is any checkpoint at all: in an archive that is not signed none is looked for."""
    return next(listed(source, checkpoints_prefix(console), ".txt"), None) is not None


def _copy(source: ArchiveSource, version: Version) -> Copy:
    stored = read_whole(source, version.key, version.version_id)
    try:
        is_one = stored.verdict is None and is_canonical(stored.data)
        statement = parse_statement(stored.data) if is_one else None
    except ValueError:
        statement = None
    return Copy(stored, sha256(stored.data).hexdigest(), statement)
