"""Statements: one fact each about a Console's archive, for ever, in a hash chain.

The field names and their meaning are the format's (`docs/archive-format.md`); a statement's bytes are its
canonical JSON. Moments are RFC 3339 text in UTC; ids and sequence numbers are integers.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

import orjson

from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.codec import UnknownMember, from_json, to_json
from audit_archive.format.facts import (
    AcceptedFault,
    Action,
    Anchor,
    EntryFile,
    ExportFacts,
    HeldBackBy,
    IdSpan,
    LostStatement,
    Missing,
    ObjectRef,
    PlanFacts,
    PopulationFacts,
    PurgeOutcome,
    ReceiptSeen,
    Respelled,
    RunFacts,
    SliceFacts,
    Unexported,
)
from audit_archive.format.keys import PublicKey, from_base64
from audit_archive.format.layout import ARCHIVE_FORMAT
from audit_archive.format.merkle import Tree


class StatementKind(StrEnum):
    """What a statement states."""

    ARCHIVE = "archive"
    """Entries are archived."""
    PURGE = "purge"
    """An intent has ended."""
    OPERATOR = "operator"
    """A person decided something, or a run names a new signing key."""


@dataclass(frozen=True, kw_only=True)
class Common:
    """The fields of every statement. The tree and the watermarks are those after it.

    `head_sha256`: the digest of the head after it, by the rules of `head_format`. `run.commit` fills in both.
    """

    format: str = ARCHIVE_FORMAT
    kind: StatementKind
    console: str
    epoch: int
    seq: int
    previous: ObjectRef | None
    run: RunFacts
    tree: Tree
    highest_archived_id: int
    highest_purged_id: int
    head_format: str = ""
    head_sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class ArchiveStatement(Common):
    """These entries are archived.

    `covered_until`: up to when the export holds everything that `fetch` showed (RFC 3339). `stale`: the
    newest entry that `fetch` showed, if the export should hold it and does not. `amended`: archived ids with
    another content in this export. `respelled`: files with only another spelling of the same moments in this
    export. `not_compared`: how many live archived entries were not compared. `vanished`: archived ids that
    are gone without a receipt.
    """

    kind: StatementKind = StatementKind.ARCHIVE
    export: ExportFacts
    slice: SliceFacts
    entries: tuple[EntryFile, ...]
    missing: tuple[Missing, ...]
    filled: tuple[int, ...]
    receipts_seen: tuple[ReceiptSeen, ...]
    drift: dict[str, int]
    plan: PlanFacts
    anchor: Anchor | None
    covered_until: str
    population: PopulationFacts
    stale: Unexported | None = None
    amended: tuple[IdSpan, ...] = ()
    respelled: tuple[Respelled, ...] = ()
    not_compared: int = 0
    vanished: tuple[IdSpan, ...] = ()

    @property
    def is_complete(self) -> bool:
        """Whether it is the last statement of its export, and that export was not stale."""
        return self.stale is None and self.plan.held_back_by != HeldBackBy.NOT_YET_RECORDED


@dataclass(frozen=True, kw_only=True)
class PurgeStatement(Common):
    """How the intent of statement `intent_seq` ended; `receipt` is the Console's own entry about it."""

    kind: StatementKind = StatementKind.PURGE
    intent_seq: int
    boundary: int
    expected_count: int
    reported_count: int | None
    answer: str | None
    receipt: dict[str, Any] | None
    outcome: PurgeOutcome | UnknownMember


@dataclass(frozen=True, kw_only=True)
class OperatorStatement(Common):
    """A person decided something, and gave the reason; or the first run with a new signing key names it.

    `public_key`: with action `key` or `bundle_key` the key's DER (Base64), else null. `accepted`: with
    action `accept` the missing ids that a purge may cross, else null. `lost`: with action `rebuild` the
    statement that the ledger knew and the bucket does not hold, else null. `accepted_faults`: with action
    `accept_faults` the faults that hold purging back no longer, else empty. `held`: with action `legal_hold`
    the numbers of the statements whose objects are kept, else empty. `released`: with action
    `end_legal_hold` the number of the statement of the hold that ends, else null.
    """

    kind: StatementKind = StatementKind.OPERATOR
    action: Action | UnknownMember
    who: str
    reason: str
    public_key: str | None = None
    accepted: IdSpan | None = None
    lost: LostStatement | None = None
    accepted_faults: tuple[AcceptedFault, ...] = ()
    held: tuple[IdSpan, ...] = ()
    released: int | None = None


Statement: TypeAlias = ArchiveStatement | PurgeStatement | OperatorStatement
_KINDS: dict[object, type[Statement]] = {
    StatementKind.ARCHIVE: ArchiveStatement,
    StatementKind.PURGE: PurgeStatement,
    StatementKind.OPERATOR: OperatorStatement,
}


def key_named_by(statement: Statement) -> PublicKey | None:
    """The key that signs from a statement on; None if the statement does not name a valid key."""
    return _named_by(statement, Action.KEY)


def bundle_key_named_by(statement: Statement) -> PublicKey | None:
    """The key that signs bundles from a statement on; None if the statement does not name a valid one."""
    return _named_by(statement, Action.BUNDLE_KEY)


def _named_by(statement: Statement, action: Action) -> PublicKey | None:
    if (
        not isinstance(statement, OperatorStatement)
        or statement.action != action
        or statement.public_key is None
    ):
        return None
    try:
        return PublicKey(from_base64(statement.public_key))
    except ValueError:
        return None


def statement_bytes(statement: Statement) -> bytes:
    """The statement's canonical JSON: the bytes that are stored, hashed and chained."""
    return canonical_bytes(to_json(statement))


def parse_statement(data: bytes) -> Statement:
    """The statement of stored bytes. Raises ValueError if they are not a statement of this format."""
    value = orjson.loads(data)
    kind = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"unknown statement kind {kind!r}")
    if value.get("format") != ARCHIVE_FORMAT:
        raise ValueError(f"unknown format {value.get('format')!r}")
    return from_json(_KINDS[kind], value)
