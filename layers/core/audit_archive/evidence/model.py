"""What a report holds beside the entries: custody, activity, the files of the bundle. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from audit_archive.answer_ports import Caller
from audit_archive.evidence.sampling import Sample
from audit_archive.format.codec import UnknownMember
from audit_archive.format.keys import PublicKey
from audit_archive.format.times import OffsetAt
from audit_archive.format.verdicts import Verification
from audit_archive.retrieve.coverage import Coverage
from audit_archive.retrieve.locks import LockSpan
from audit_archive.retrieve.outcome import AnswerOutcome

SHOWN = 2000
"""Entries that the report shows at most; all of them are in the files beside it."""


class Turn(StrEnum):
    """A kind of event in the life of an archive that a person should see."""

    BEGIN = "begin"
    """Its first statement was made."""
    KEY = "key"
    """A statement names the key that signs from then on."""
    BUNDLE_KEY = "bundle_key"
    """An operator stated which key signs bundles from then on."""
    EPOCH = "epoch"
    """An operator stated that the Console's ids count anew."""
    RESUME = "resume"
    """An operator stated that purging goes on after a mismatch."""
    REBUILD = "rebuild"
    """An operator stated that the ledger was made anew."""
    ACCEPT = "accept"
    """An operator stated that a purge may cross missing ids."""
    ACCEPT_FAULTS = "accept_faults"
    """An operator stated that faults of the daily audit hold purging back no longer."""
    LEGAL_HOLD = "legal_hold"
    """An operator stated a legal hold."""
    END_LEGAL_HOLD = "end_legal_hold"
    """An operator stated that a legal hold has ended."""
    FOREIGN_PURGE = "foreign_purge"
    """A run found a purge that no statement planned."""
    MISMATCH = "mismatch"
    """A purge destroyed more entries than planned."""
    UNKNOWN = "unknown"
    """It is not known whether the Console carried out a purge."""
    HOLE = "hole"
    """Ids are missing, and no purge explains it."""


GRAVE = frozenset({Turn.FOREIGN_PURGE, Turn.MISMATCH, Turn.UNKNOWN, Turn.HOLE})
"""What a person should look into."""


@dataclass(frozen=True)
class Milestone:
    """One such event: its moment (RFC 3339), the number of its statement, its kind, a sentence."""

    at: str
    seq: int
    turn: Turn | UnknownMember
    sentence: str


@dataclass(frozen=True)
class CustodyDay:
    """Counts from the statements of one UTC date.

    `archived`: entries; `purges`: purges of ours that were carried out, which destroyed `purged` entries on
    the Console; `receipts`: purges of ours whose receipt was found; `missing`: ids that were found
    missing and that no purge of ours explains.
    """

    date: str
    statements: int = 0
    archived: int = 0
    purges: int = 0
    purged: int = 0
    receipts: int = 0
    foreign_purges: int = 0
    missing: int = 0


@dataclass(frozen=True)
class Custody:
    """What happened to an archive, from its first statement to its newest: days, ascending, and milestones.

    `milestones` are ascending by moment, at most LISTED of a kind; `turns` counts all of them by kind.
    """

    days: tuple[CustodyDay, ...]
    milestones: tuple[Milestone, ...]
    turns: Mapping[Turn | UnknownMember, int]


@dataclass(frozen=True)
class Ranking:
    """The most frequent values of a field, most frequent first; `others`: entries with any other value.

    None stands for entries without a text in that field.
    """

    top: tuple[tuple[str | None, int], ...]
    others: int = 0


@dataclass(frozen=True)
class Activity:
    """How many entries of an answer there are: by date in the question's zone, ascending; by user; by action.

    `untimed`: entries without a readable time.
    """

    days: tuple[tuple[str, int], ...]
    untimed: int
    users: Ranking
    actions: Ranking


@dataclass(frozen=True)
class BundleFile:
    """A file of the bundle: its name, its size in bytes, its SHA-256 (hex)."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Totals:
    """The control totals of `entries.ndjson`: whoever has the file can make them anew.

    The ids of all lines: the lowest, the highest, and their sum; None and 0 without a line. `size` (bytes)
    and `sha256` (hex) are those of the file.
    """

    entries: int
    lowest_id: int | None
    highest_id: int | None
    sum_of_ids: int
    size: int
    sha256: str


@dataclass(frozen=True)
class SampledEntry:
    """An entry of a sample, as the report lists it: its place in the sample, and its fields, cut if long."""

    place: int
    epoch: int
    id: int
    timestamp: object
    user: object
    user_ip: object
    action_type: object
    message: object


@dataclass(frozen=True)
class Sampled:
    """What a report shows of a sample: its first entries, in its order; and by the number of a line that the
    report shows, from 1 on, the place of that line in the sample."""

    entries: tuple[SampledEntry, ...] = ()
    marks: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Locks:
    """Until when the objects are locked that an answer rests on.

    `entry_files` (those that were searched) and `chain` (statements and checkpoints) are what the store said
    when the bundle was made. `stated`: until when the exports were locked that the entry files were made of,
    as their statements say.
    """

    entry_files: LockSpan
    chain: LockSpan
    stated: LockSpan


@dataclass(frozen=True)
class Report:
    """Everything that the report says, but for the lines of the entries that it shows.

    `asked`: when, by whom, why, and what answered. `resolved`: the time asked for as instants. `zone` and
    `offset_at`: the time zone of the question. `verification`: the audit of the chain that was made for this
    bundle. `proven`: how many of the matched entries have a proof in it; `reasons`: why others have none.
    `signer`: the key that the chain named last, None if unsigned. `bundle_key`: the key that signs the list
    of files in this bundle, None if unsigned. `shown`: how many entries the report shows, `shown_sha256` the
    hash (hex) of their lines, each with a line feed. `caller`: whose credentials the program acted with.
    `sample`: the entries that were drawn; None: no sample was asked for. `sampled`: what is shown of them.
    """

    console: str
    question: Mapping[str, Any]
    asked: Mapping[str, Any]
    resolved: Mapping[str, str | None]
    outcome: AnswerOutcome
    sentence: str
    coverage: Coverage
    verification: Verification
    custody: Custody
    activity: Activity
    zone: str
    offset_at: OffsetAt
    files: tuple[BundleFile, ...]
    proven: int
    reasons: tuple[str, ...]
    signer: PublicKey | None
    shown: int
    shown_sha256: str
    totals: Totals
    caller: Caller
    locks: Locks
    bundle_key: PublicKey | None = None
    sample: Sample | None = None
    sampled: Sampled = field(default_factory=Sampled)
