"""Statements and checkpoints as they are stored, read but not yet judged."""

from dataclasses import dataclass
from hashlib import sha256

from audit_archive.format.canonical import is_canonical
from audit_archive.format.layout import checkpoint_key
from audit_archive.format.statement import Statement, parse_statement
from audit_archive.ports import ArchiveSource, Version
from audit_archive.storage.chain import Listed, LoadedObject, read_whole

MAX_VERSIONS = 4
"""Versions of one statement that are read; there must be one."""


@dataclass(frozen=True)
class Copy:
    """One version of a statement: what it says, and its hash; `statement` is None if it can't be parsed."""

    stored: LoadedObject
    sha256: str
    statement: Statement | None


@dataclass(frozen=True)
class StatementSlot:
    """What is stored under one statement's key, oldest version first, and the checkpoint beside it."""

    key: str
    number: int
    copies: tuple[Copy, ...]
    versions: tuple[Version, ...]
    checkpoint: LoadedObject | None


def load_row(source: ArchiveSource, console: str, at: Listed, *, is_signed: bool) -> StatementSlot:
    """Read what lies under one statement's key. Without `is_signed` there is no checkpoint to look for."""
    real = [version for version in at.versions if not version.is_delete_marker]
    copies = tuple(_copy(source, version) for version in real[:MAX_VERSIONS])
    checkpoint = read_whole(source, checkpoint_key(console, at.number)) if is_signed else None
    return StatementSlot(at.key, at.number, copies, at.versions, checkpoint)


def _copy(source: ArchiveSource, version: Version) -> Copy:
    stored = read_whole(source, version.key, version.version_id)
    try:
        is_one = stored.verdict is None and is_canonical(stored.data)
        statement = parse_statement(stored.data) if is_one else None
    except ValueError:
        statement = None
    return Copy(stored, sha256(stored.data).hexdigest(), statement)
