"""The parts of statements, and their vocabularies. The names are the format's (`docs/archive-format.md`)."""

from dataclasses import dataclass
from enum import StrEnum

from audit_archive.format.codec import UnknownMember


class Mode(StrEnum):
    """How far a run may go, the least far first."""

    OFF = "off"
    """It archives only."""
    DRY_RUN = "dry-run"
    """It does all but the purge."""
    ON = "on"
    """It purges."""

    @property
    def reach(self) -> int:
        """A number that is higher the further a run may go."""
        return list(Mode).index(self)


class LockMode(StrEnum):
    """The modes of S3's object lock."""

    GOVERNANCE = "GOVERNANCE"
    """A role with the permission for that may remove it."""
    COMPLIANCE = "COMPLIANCE"
    """No role can remove it before its time."""


class AuthStyle(StrEnum):
    """How the API key is sent to a Console."""

    HEADER = "header"
    """In the header X-Canary-Auth-Token."""
    QUERY = "query"
    """In the parameter auth_token of the query."""


class HeldBackBy(StrEnum):
    """What keeps a run from purging further."""

    PURGE_MODE = "purge_mode"
    """The mode is `off`."""
    LATCHED_MISMATCH = "latched_mismatch"
    """An earlier purge destroyed more than was archived, and no operator has stated `resume`."""
    PAUSE = "pause"
    """An operator paused purging of the Console, and the pause has not ended."""
    RECENT_DECISION = "recent_decision"
    """An operator decided within the last hour that purging may go on."""
    VERIFY_FAULTS = "verify_faults"
    """The last daily audit found faults in the archive, and no later one has found it well."""
    NOT_VERIFIED = "not_verified"
    """No daily audit has found the archive well of late: the last one is too old, or not on record."""
    FOREIGN_PURGE = "foreign_purge"
    """The export has the receipt of a purge that no statement of ours planned."""
    UNREADABLE_RECEIPT = "unreadable_receipt"
    """The export has a receipt that does not say what it destroyed."""
    POPULATION = "population"
    """The Console shows entries that the export lacks, or its count does not fit the export."""
    STALE_EXPORT = "stale_export"
    """The export lacks an entry that the Console showed before it was made."""
    UNEXPLAINED_HOLE = "unexplained_hole"
    """Ids are missing without an explanation."""
    BEFORE_ARCHIVE = "before_archive"
    """Ids are missing that were gone before the archive began, if they were ever there."""
    ENDING_PROOF = "ending_proof"
    """The lock of an entry's proof ends soon, or the proof is missing."""
    SETTLE_WINDOW = "settle_window"
    """The next entry is younger than the settle window."""
    KEEP_WINDOW = "keep_window"
    """The next entry is younger than the keep window."""
    UNREADABLE_TIMESTAMP = "unreadable_timestamp"
    """The age of the next entry is unknown."""
    UP_TO = "up_to"
    """The run was asked to purge no further."""
    ONLY_RECEIPTS = "only_receipts"
    """Only receipts of purges could be purged."""
    NOT_YET_RECORDED = "not_yet_recorded"
    """The export has more entries than the statement archives; the next statement goes on."""


class Cause(StrEnum):
    """Why an id is missing, in order of precedence."""

    PURGED = "purged"
    """A purge of ours destroyed it before it was archived."""
    FOREIGN_PURGE = "foreign_purge"
    """A purge that no statement of ours planned destroyed it."""
    BEFORE_ARCHIVE = "before_archive"
    """It lies below the first entry that the archive ever saw."""
    UNEXPLAINED = "unexplained"
    """It has no explanation."""


class PurgeOutcome(StrEnum):
    """How an intent ended."""

    CONFIRMED = "confirmed"
    """Its receipt is there, and no more was destroyed than planned."""
    UNCONFIRMED = "unconfirmed"
    """The Console answered, but its receipt is not there yet."""
    MISMATCH = "mismatch"
    """More was destroyed than planned."""
    PARTIAL = "partial"
    """Less was destroyed than planned, and the rest is still there."""
    NOT_SENT = "not_sent"
    """The purge was never sent."""
    UNKNOWN = "unknown"
    """Whether it was carried out is unknown."""
    SUPERSEDED = "superseded"
    """Another run went on before it was sent."""


SENT = frozenset(
    {PurgeOutcome.CONFIRMED, PurgeOutcome.UNCONFIRMED, PurgeOutcome.MISMATCH, PurgeOutcome.PARTIAL}
)
"""The ends of a purge that was carried out, as far as we know."""


class Action(StrEnum):
    """What an operator may state."""

    RESUME = "resume"
    """A mismatch was looked into: purging goes on."""
    EPOCH = "epoch"
    """The Console was reset or replaced: its ids count anew."""
    REBUILD = "rebuild"
    """The ledger was made anew from the chain."""
    ACCEPT = "accept"
    """A purge may cross missing ids that no receipt explains."""
    KEY = "key"
    """Checkpoints are signed with another key from here on. A run states that, not a person."""
    BUNDLE_KEY = "bundle_key"
    """Bundles of evidence are signed with this key from here on."""
    ACCEPT_FAULTS = "accept_faults"
    """These faults of the daily audit hold purging back no longer."""
    PAUSE = "pause"
    """Nothing is purged until somebody ends the pause."""
    END_PAUSE = "end_pause"
    """The pause has ended."""
    LEGAL_HOLD = "legal_hold"
    """The objects of these statements are kept until somebody ends the hold."""
    END_LEGAL_HOLD = "end_legal_hold"
    """A legal hold has ended."""


BY_EVENT = (
    Action.RESUME,
    Action.EPOCH,
    Action.REBUILD,
    Action.ACCEPT,
    Action.ACCEPT_FAULTS,
    Action.BUNDLE_KEY,
    Action.PAUSE,
    Action.END_PAUSE,
    Action.LEGAL_HOLD,
    Action.END_LEGAL_HOLD,
)
"""The actions that an event may ask for."""

LETS_PURGE = frozenset(
    {Action.RESUME, Action.EPOCH, Action.REBUILD, Action.ACCEPT, Action.ACCEPT_FAULTS, Action.END_PAUSE}
)
"""The actions after which a purge may be sent that was held back before."""


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


@dataclass(frozen=True)
class AcceptedFault:
    """A fault of the daily audit, as an audit reported it.

    `sha256`: the digest (hex) that names it, over the canonical JSON of the other members. `version_id` and
    `seq` can be unknown (null).
    """

    sha256: str
    verdict: str
    key: str
    version_id: str | None
    seq: int | None
    sentence: str


@dataclass(frozen=True, slots=True)
class IdSpan:
    """The ids, or the numbers of statements, from `first` to `last`, both included."""

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
    lock_mode: LockMode | UnknownMember
    retain_until: str
    served_at: str
    first_id: int
    last_id: int
    rows: int
    entry_count: int
    lines_sha256: str


@dataclass(frozen=True)
class SliceFacts:
    """The part of the export that a statement archives: lowest and highest id, and how many entries.

    The ids are null in an empty slice. Ids between them that were archived before do not belong to it.
    """

    first_id: int | None
    last_id: int | None
    count: int

    def spans(self, entry_id: int) -> bool:
        """Whether an id lies between its lowest and its highest one."""
        return (
            self.first_id is not None
            and self.last_id is not None
            and self.first_id <= entry_id <= self.last_id
        )


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
    cause: Cause | UnknownMember
    receipt_id: int | None


@dataclass(frozen=True)
class ReceiptSeen:
    """A receipt among the archived entries, and what it says: up to where, how many, who, from where, when.

    `intent_seq` is the number of the statement that planned the purge; null if no statement of ours did.
    `surplus`: how many more entries the purge destroyed, by its receipt, than were known up to `before_id`:
    archived and live, or listed as lost to it. The archive never saw those. Null if that is unknown.
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
    """What the run planned. It is an intent if the mode is `on` and there is a boundary.

    `window`: how old an entry had to be, in seconds. `waiting_id`: without a boundary, the lowest live entry
    that is not a purge receipt. It waits until the reason in `held_back_by` is gone.
    """

    mode: Mode | UnknownMember
    window: int
    boundary: int | None
    expected_count: int
    held_back_by: HeldBackBy | UnknownMember | None
    next_due_at: str | None
    waiting_id: int | None = None


@dataclass(frozen=True)
class PopulationFacts:
    """How the Console's own count, seen with the reading key before the download, fits the export.

    `counted`: the Console's `page_count`; null if it gave none. `accounted`: how many distinct ids of the
    export lie at or below the newest entry shown then. `offset`: by how much the two differ although the
    export holds each entry that `fetch` shows; null if it lacks one, or if there was too little time to look.
    `unexported`: the first ids that `fetch` shows and the export lacks.
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
    """An entry file with new spellings of the same moments in its live lines.

    `sha256`: of those lines in the new spelling; `last_id`: the file's last id.
    """

    key: str
    sha256: str
    last_id: int


@dataclass(frozen=True)
class Anchor:
    """The last archived entry. It identifies the Console."""

    id: int
    timestamp: str | None
    action_type: str | None


EMPTY_SLICE = SliceFacts(None, None, 0)
"""The slice of an export without new entries."""
