"""The parts that statements are made of, and their vocabularies. The names are the format's."""

from dataclasses import dataclass


class Mode:
    """How far a run may go: `off` archives only, `dry-run` does all but the purge, `on` purges."""

    OFF = "off"
    DRY_RUN = "dry-run"
    ON = "on"
    ORDER = (OFF, DRY_RUN, ON)


class HeldBackBy:
    """Why a run purges no further than it does."""

    PURGE_MODE = "purge_mode"
    LATCHED_MISMATCH = "latched_mismatch"
    FOREIGN_PURGE = "foreign_purge"
    UNREADABLE_RECEIPT = "unreadable_receipt"
    POPULATION = "population"
    STALE_EXPORT = "stale_export"
    UNEXPLAINED_HOLE = "unexplained_hole"
    BEFORE_ARCHIVE = "before_archive"
    ENDING_PROOF = "ending_proof"
    SETTLE_WINDOW = "settle_window"
    KEEP_WINDOW = "keep_window"
    UNREADABLE_TIMESTAMP = "unreadable_timestamp"
    ONLY_RECEIPTS = "only_receipts"
    NOT_YET_RECORDED = "not_yet_recorded"


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
    PARTIAL = "partial"
    NOT_SENT = "not_sent"
    UNKNOWN = "unknown"
    SUPERSEDED = "superseded"
    SENT = (CONFIRMED, UNCONFIRMED, MISMATCH, PARTIAL)


class Action:
    """What an operator may state."""

    RESUME = "resume"
    EPOCH = "epoch"
    REBUILD = "rebuild"
    ACCEPT = "accept"
    KEY = "key"
    BY_EVENT = (RESUME, EPOCH, REBUILD, ACCEPT)


@dataclass(frozen=True)
class ObjectRef:
    """One version of one object and the SHA-256 (hex) of its bytes."""

    key: str
    version_id: str
    sha256: str


@dataclass(frozen=True)
class LostStatement:
    """A statement that the ledger knew and the bucket no longer holds: its number and SHA-256 (hex)."""

    seq: int
    sha256: str


@dataclass(frozen=True, slots=True)
class IdSpan:
    """The ids from `first` to `last`, both included."""

    first: int
    last: int


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
    """The stored export that a statement rests on.

    `lines_sha256`: over its distinct entries as lines, ascending by id, each with a line feed. Two zips of
    the same entries differ by the times in them; this does not.
    """

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
    lines_sha256: str


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
    `surplus`: how many more entries it says were destroyed than were archived and live below `before_id`, or
    listed as lost to it: entries that nobody ever saw. Null: that can't be told.
    """

    entry_id: int
    before_id: int | None
    count: int | None
    user: str | None
    user_ip: str | None
    timestamp: str | None
    intent_seq: int | None
    surplus: int | None = None


@dataclass(frozen=True)
class PlanFacts:
    """What the run intended: an intent, if the mode is `on` and there is a boundary.

    `window`: how old an entry had to be, in seconds. `waiting_id`: the lowest live entry that is no purge
    receipt, where there is no boundary: what waits for the reason in `held_back_by` to go away.
    """

    mode: str
    window: int
    boundary: int | None
    expected_count: int
    held_back_by: str | None
    next_due_at: str | None
    waiting_id: int | None = None


@dataclass(frozen=True)
class PopulationFacts:
    """How the Console's own count, seen with the reading key before the download, fits the export.

    `counted`: what `page_count` said; null: nothing. `accounted`: how many distinct ids of the export lie at
    or below the newest entry shown then. `offset`: by how much the two differ although the export holds each
    entry that `fetch` shows; null: it does not, or there was too little time to look. `unexported`: the first
    ids that `fetch` shows and the export lacks.
    """

    counted: int | None
    accounted: int
    offset: int | None
    unexported: tuple[IdSpan, ...]


@dataclass(frozen=True)
class Unexported:
    """An entry that `fetch` showed before the download and that the export lacks."""

    id: int
    timestamp: str | None


@dataclass(frozen=True, slots=True)
class Respelled:
    """An entry file whose live lines are spelled otherwise now, with the same instants.

    `sha256`: of those lines as they are spelled now; `last_id`: the file's last id.
    """

    key: str
    sha256: str
    last_id: int


@dataclass(frozen=True)
class Anchor:
    """The last archived entry, to recognise the Console by."""

    id: int
    timestamp: str | None
    action_type: str | None


@dataclass(frozen=True)
class Slice:
    """New entries that one statement archives: lowest and highest id, and how many.

    An export without new entries has one empty slice: 0, 0, 0.
    """

    first_id: int
    last_id: int
    count: int


EMPTY_SLICE = Slice(0, 0, 0)
