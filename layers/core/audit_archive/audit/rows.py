"""Reading statements and checkpoints as they are stored. Nothing is judged here."""

from dataclasses import dataclass
from hashlib import sha256

from audit_archive.format.canonical import is_canonical
from audit_archive.format.layout import checkpoint_key
from audit_archive.format.statement import Statement, parse_statement
from audit_archive.ports import ArchiveSource, Version
from audit_archive.storage.chain import Listed, LoadedObject, read_whole

MAX_VERSIONS = 4
"""Versions of one statement that are read. A valid archive has one; the rest are a fault unread."""


@dataclass(frozen=True)
class Copy:
    """One version of a statement: its bytes, their SHA-256 (hex), and what they say; None if unreadable."""

    stored: LoadedObject
    sha256: str
    statement: Statement | None


@dataclass(frozen=True)
class StatementSlot:
    """What is stored under the key of one statement, and the checkpoint of the same number.

    `number`: as the key has it. `copies`: the first versions that are not delete markers, oldest first;
    `versions`: all of them. `checkpoint`: None if the archive has no checkpoints.
    """

    key: str
    number: int
    copies: tuple[Copy, ...]
    versions: tuple[Version, ...]
    checkpoint: LoadedObject | None


def load_slot(source: ArchiveSource, console: str, at: Listed, *, is_signed: bool) -> StatementSlot:
    """Read what lies under one statement's key, and with `is_signed` the checkpoint beside it."""
    real = [version for version in at.versions if not version.is_delete_marker]
    copies = tuple(_copy(source, version) for version in real[:MAX_VERSIONS])
    checkpoint = read_whole(source, checkpoint_key(console, at.number)) if is_signed else None
    return StatementSlot(at.key, at.number, copies, at.versions, checkpoint)


def _copy(source: ArchiveSource, version: Version) -> Copy:
    stored = read_whole(source, version.key, version.version_id)
    try:
        is_readable = stored.verdict is None and is_canonical(stored.data)
        statement = parse_statement(stored.data) if is_readable else None
    except ValueError:
        statement = None
    return Copy(stored, sha256(stored.data).hexdigest(), statement)
