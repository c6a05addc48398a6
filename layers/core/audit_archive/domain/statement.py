"""Statements: one fact each about a Console's archive, for ever, in a hash chain.

The field names and their meaning are the format's (`docs/archive-format.md`); a statement's bytes are its
canonical JSON. Moments are RFC 3339 text in UTC; ids and sequence numbers are integers.
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from audit_archive.domain.canonical import canonical_bytes
from audit_archive.domain.layout import FORMAT
from audit_archive.domain.records import from_json, to_json
from audit_archive.domain.tree import Tree


class Cause:
    """Why an id is missing, in order of precedence."""

    PURGED = "purged"
    FOREIGN_PURGE = "foreign_purge"
    BEFORE_ARCHIVE = "before_archive"
    UNEXPLAINED = "unexplained"


class PurgeOutcome:
    """How an intent ended."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    MISMATCH = "mismatch"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"


class Action:
    """What an operator may state."""

    RESUME = "resume"
    EPOCH = "epoch"
    REBUILD = "rebuild"
    KEY = "key"
    BY_EVENT = (RESUME, EPOCH, REBUILD)


@dataclass(frozen=True)
class ObjectRef:
    """One version of one object and the SHA-256 (hex) of its bytes."""

    key: str
    version_id: str
    sha256: str


@dataclass(frozen=True)
class RunFacts:
    """Which run made a statement: its id, our version, when it began, who asked and why."""

    id: str
    version: str
    started_at: str
    invoked_by: str
    reason: str | None


@dataclass(frozen=True)
class ExportFacts:
    """The stored export that a statement rests on."""

    key: str
    version_id: str
    sha256: str
    size: int
    lock_mode: str
    retain_until: str
    served_at: str
    first_id: int
    last_id: int
    rows: int
    entry_count: int


@dataclass(frozen=True)
class SliceFacts:
    """The part of the export that a statement archives; ids are null in an empty slice."""

    first_id: int | None
    last_id: int | None
    count: int


@dataclass(frozen=True)
class EntryFile:
    """One entry file: the new entries of one event date.

    `sha256` and `size` are of the object's gzip bytes; `content_sha256` is of the lines inside, which
    stays true whichever gzip implementation rebuilds a lost file.
    """

    key: str
    sha256: str
    size: int
    content_sha256: str
    date: str
    first_id: int
    last_id: int
    count: int


@dataclass(frozen=True)
class Missing:
    """A range of ids that the Console no longer, or not yet, holds, and why."""

    first: int
    last: int
    cause: str
    receipt_id: int | None


@dataclass(frozen=True)
class ReceiptSeen:
    """A receipt among the archived entries, and what it says: up to where, how many, who, whence, when.

    `intent_seq` names the statement whose purge it settles; null: no statement of ours planned that purge.
    """

    entry_id: int
    before_id: int | None
    count: int | None
    user: str | None
    user_ip: str | None
    timestamp: str | None
    intent_seq: int | None


@dataclass(frozen=True)
class PlanFacts:
    """What the run intended: an intent, if the mode is `on` and there is a boundary."""

    mode: str
    boundary: int | None
    expected_count: int
    held_back_by: str | None
    next_due_at: str | None


@dataclass(frozen=True)
class Anchor:
    """The last archived entry, to recognise the Console by."""

    id: int
    timestamp: str | None
    action_type: str | None


@dataclass(frozen=True, kw_only=True)
class Common:
    """What every statement says; the watermarks are those after it."""

    format: str = FORMAT
    kind: str
    console: str
    epoch: int
    seq: int
    previous: ObjectRef | None
    run: RunFacts
    tree: Tree
    highest_archived_id: int
    highest_purged_id: int


@dataclass(frozen=True, kw_only=True)
class ArchiveStatement(Common):
    """These entries are archived."""

    kind: str = "archive"
    export: ExportFacts
    slice: SliceFacts
    entries: tuple[EntryFile, ...]
    missing: tuple[Missing, ...]
    filled: tuple[int, ...]
    receipts_seen: tuple[ReceiptSeen, ...]
    drift: dict[str, int]
    plan: PlanFacts
    anchor: Anchor | None


@dataclass(frozen=True, kw_only=True)
class PurgeStatement(Common):
    """This is how the intent of statement `intent_seq` ended; `receipt` is the Console's entry."""

    kind: str = "purge"
    intent_seq: int
    boundary: int
    expected_count: int
    reported_count: int | None
    answer: str | None
    receipt: dict[str, Any] | None
    outcome: str


@dataclass(frozen=True, kw_only=True)
class OperatorStatement(Common):
    """A person decided something, and said why."""

    kind: str = "operator"
    action: str
    who: str
    reason: str


Statement: TypeAlias = ArchiveStatement | PurgeStatement | OperatorStatement
_KINDS: dict[object, type[Statement]] = {
    "archive": ArchiveStatement,
    "purge": PurgeStatement,
    "operator": OperatorStatement,
}


def statement_bytes(statement: Statement) -> bytes:
    """The statement's canonical JSON: the bytes that are stored, hashed and chained."""
    return canonical_bytes(to_json(statement))


def parse_statement(data: bytes) -> Statement:
    """The statement of stored bytes. Raises ValueError if they are no statement of this format."""
    value = orjson.loads(data)
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"unknown statement kind {kind!r}")
    if value.get("format") != FORMAT:
        raise ValueError(f"unknown format {value.get('format')!r}")
    return from_json(_KINDS[kind], value)
