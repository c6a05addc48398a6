"""The coverage of an answer: what was searched, what of it is missing, what the answer can't vouch for. Pure.

Every answer has one. An auditor asks of an extract whether it is complete and accurate. So an answer says
what it does not cover as plainly as what it found.
"""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import Cause, EntryFile, IdSpan
from audit_archive.format.purges import ForeignPurge
from audit_archive.retrieve.locks import NO_LOCKS, LockSpan
from audit_archive.retrieve.query import EntryPlace

LISTED = 1000
"""Items that a list of an answer has at most. The numbers beside a list count all of them."""

NOT_VERIFIED = (
    "signatures of checkpoints",
    "locks of objects",
    "the chain of statements as a whole, and the exports that the entry files were made from: `verify` "
    "checks them",
)

INDEX_ONLY = (
    "whether a statement that was not read has an entry far out of the order of time or ids, or names "
    "another form of an entry: the ledger's index says no, and `verify` and a bundle of evidence compare it "
    "with the statements"
)

UNNAMED = "entries without a value in {field}: they are not in this answer"


class RestsOn(StrEnum):
    """How the statements that an answer needs were chosen."""

    INDEX = "the ledger's index, held to the head's count and to every statement that was needed"
    """By the ledger's index. A statement that was not read may name the same entries."""
    STATEMENTS = "every statement of the chain, each read and held to the hash in the next"
    """By reading the whole chain."""


class Absence(StrEnum):
    """Why an entry file is not there."""

    EXPIRED = "expired"
    """Its retention has ended."""
    REMOVED = "removed"
    """It was removed before its retention ended."""
    NOT_PUBLISHED = "not_published"
    """Its run has not ended, or failed before it wrote the file."""


@dataclass(frozen=True)
class Population:
    """What is archived of one epoch: how many entries, from which id and UTC date to which."""

    epoch: int
    entries: int
    first_id: int
    last_id: int
    first_date: str
    last_date: str


@dataclass(frozen=True)
class Searched:
    """What was read and matched its hash: statements, and entry files with their entries."""

    statements: int = 0
    entry_files: int = 0
    entries: int = 0
    first_id: int | None = None
    last_id: int | None = None
    first_date: str | None = None
    last_date: str | None = None


NOTHING_SEARCHED = Searched()


@dataclass(frozen=True)
class Hole:
    """Ids of an epoch that are not archived, and why: `missing` of the archive format."""

    epoch: int
    first: int
    last: int
    cause: Cause | UnknownMember
    receipt_id: int | None


@dataclass(frozen=True)
class Unjudged:
    """Entries with an unreadable field, which may match the question or not: how many, and the first ids."""

    field: str
    count: int
    ids: tuple[int, ...]


@dataclass(frozen=True)
class Gone:
    """An entry file that is not there: why, and what was in it by its statement."""

    key: str
    cause: Absence
    epoch: int
    date: str
    first_id: int
    last_id: int
    count: int


@dataclass(frozen=True)
class StaleExport:
    """An export that lacks an entry that the Console had shown: the export, the entry's id and its time."""

    key: str
    served_at: str
    lacks_id: int
    lacks_timestamp: str | None


@dataclass(frozen=True)
class Miscounted:
    """An export that does not match the Console's own count.

    `counted`: how many entries the Console counted; `accounted`: how many of them the export holds;
    `unexported`: the first spans of ids that the Console showed and the export lacks.
    """

    key: str
    served_at: str
    counted: int | None
    accounted: int
    unexported: tuple[IdSpan, ...]


@dataclass(frozen=True)
class Reach:
    """How far the archive of a Console reaches. Moments are RFC 3339 text in UTC.

    `up_to`: the moment up to which the newest complete export holds everything that the Console showed.
    `nothing_newer_at`: a later moment at which, by the ledger, a run found no newer entry on the Console.
    `stale`: exports since then that lack an entry; `miscounted`: the complete one, if it does not match the
    Console's own count.
    """

    up_to: str | None = None
    nothing_newer_at: str | None = None
    stale: tuple[StaleExport, ...] = ()
    miscounted: Miscounted | None = None


@dataclass(frozen=True)
class Amended:
    """Archived entries that the Console later showed in another form. An export of that time holds that form.

    `ids`: the first spans of them, within the files searched; `shown`: how many of them are in the answer.
    """

    epoch: int
    statement: str
    export_key: str
    export_version_id: str
    ids: tuple[IdSpan, ...]
    shown: int


@dataclass(frozen=True)
class Overlaid:
    """An entry file with newer versions of other content. `version_id` was read: it matches its hash."""

    key: str
    version_id: str
    false_version_ids: tuple[str, ...]


@dataclass(frozen=True)
class Coverage:
    """What an answer covers, and what it does not cover.

    `statements`: how many the Console has, up to `newest_statement` with its SHA-256. `rests_on`: how the
    statements that were read were chosen. `up_to`, `nothing_newer_at`, `stale`: as in a Reach, without
    exports that the question does not reach. `miscounted`: also of every export that the question touches.
    `holes`, `gone_files` and `foreign_purges` (and the lost ids of each) list at most LISTED; `missing_ids`
    and `gone_entries` count all. `contradiction`: what the ledger has and the chain lacks. `amended`: where
    other forms of entries are. `overlaid`: entry files with a newer, false version. `notices`: sentences on
    what a person should know or look into, though the answer is complete. `not_covered`: sentences on what
    the question asks for and the answer can't vouch for. Without one, the answer is complete. `cursor`: where
    an answer with a limit ended, if more entries match.
    """

    statements: int
    newest_statement: str | None
    newest_sha256: str | None
    up_to: str | None
    rests_on: RestsOn = RestsOn.STATEMENTS
    nothing_newer_at: str | None = None
    archived: tuple[Population, ...] = ()
    searched: Searched = NOTHING_SEARCHED
    matched: int = 0
    missing_ids: int = 0
    holes: tuple[Hole, ...] = ()
    foreign_purges: tuple[ForeignPurge, ...] = ()
    unjudged: tuple[Unjudged, ...] = ()
    gone_entries: int = 0
    gone_files: tuple[Gone, ...] = ()
    stale: tuple[StaleExport, ...] = ()
    miscounted: tuple[Miscounted, ...] = ()
    contradiction: str | None = None
    amended: tuple[Amended, ...] = ()
    overlaid: tuple[Overlaid, ...] = ()
    notices: tuple[str, ...] = ()
    not_covered: tuple[str, ...] = ()
    cursor: str | None = None
    not_verified: tuple[str, ...] = NOT_VERIFIED


UNJUDGED_LISTED = 100


@dataclass
class SearchTally:
    """Counts of a scan: files searched, gone and overlaid, lines that match, lines that can't be judged.

    `unjudged`: the first ids by unreadable field; `unjudged_counts`: how many there are by field. `last`: the
    last entry of an answer with a limit; `is_cut`: whether more entries match. `locks`: those of the files
    that were searched, by the store; `stated_locks`: until when their statements say that they are locked.
    """

    searched: Searched = NOTHING_SEARCHED
    matched: int = 0
    gone: list[Gone] = field(default_factory=list)
    overlaid: list[Overlaid] = field(default_factory=list)
    unjudged: dict[str, list[int]] = field(default_factory=dict)
    unjudged_counts: Counter[str] = field(default_factory=Counter)
    last: EntryPlace | None = None
    is_cut: bool = False
    locks: LockSpan = NO_LOCKS
    stated_locks: LockSpan = NO_LOCKS

    def note_searched(self, file: EntryFile) -> None:
        """Count a file that was read to its end and matched its statement."""
        so_far = self.searched
        self.searched = Searched(
            entry_files=so_far.entry_files + 1,
            entries=so_far.entries + file.count,
            first_id=min(so_far.first_id or file.first_id, file.first_id),
            last_id=max(so_far.last_id or 0, file.last_id),
            first_date=min(so_far.first_date or file.date, file.date),
            last_date=max(so_far.last_date or "", file.date),
        )

    def note_unjudged(self, unreadable: str, entry_id: int) -> None:
        """Count an entry with an unreadable field, which may match the question or not."""
        self.unjudged_counts[unreadable] += 1
        ids = self.unjudged.setdefault(unreadable, [])
        if len(ids) < UNJUDGED_LISTED:
            ids.append(entry_id)
