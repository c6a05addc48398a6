"""The parts that statements are made of, and their vocabularies. The names are the format's."""

from dataclasses import dataclass


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


@dataclass(frozen=True, slots=True)
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
    """What the run intended: an intent, if the mode is `on` and there is a boundary.

    `window`: how old an entry had to be, in seconds.
    """

    mode: str
    window: int
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
