"""What an audit of an archive may find, and how it says so. The verdicts are the format's."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import Cause


class Verdict(StrEnum):
    """One word for each thing that can be wrong, or that is worth a note."""

    ALTERED = "altered"
    """Its bytes are not those that a hash names."""
    MISSING = "missing"
    """It is named, and was not there before its time."""
    UNLOCKED = "unlocked"
    """It has no object lock, a weaker one, or one that ends earlier than stated."""
    MISDESCRIBED = "misdescribed"
    """What it holds, or where it lies, does not fit what is stated."""
    BROKEN = "broken"
    """It is a statement that does not follow the one before it."""
    GAP = "gap"
    """An id is in no statement, or in two."""
    FORKED = "forked"
    """There is a second version, a delete marker, or another statement of the same number."""
    UNSIGNED = "unsigned"
    """No checkpoint by a known key: a fault where signing is on, else a note."""
    EXPIRED = "expired"
    """A note: it is gone, as its retention is over."""
    ORPHANED = "orphaned"
    """A note: no statement names it. A run may have died before it could."""
    HOLE = "hole"
    """A note: ids are missing without an explanation, stated as such."""
    FOREIGN_PURGE = "foreign_purge"
    """A note: a purge was not ours, stated as such."""


class Depth(StrEnum):
    """How deep an audit looks; each does what the one before does."""

    CHAIN = "chain"
    """Every statement, its hash, lock and signature, and what it says of ids and tree."""
    OBJECTS = "objects"
    """Besides, that each named version exists, its size, checksum and lock."""
    CONTENT = "content"
    """Besides, every byte: exports, the lines they give, the tree, the entry files."""


class Checked(StrEnum):
    """What an audit checks, and counts."""

    STATEMENTS = "statements"
    """Statements of the chain."""
    CHECKPOINTS = "checkpoints"
    """Signed checkpoints of statements."""
    LOCKS = "locks"
    """Object locks."""
    VERSIONS = "versions"
    """Versions of objects that a statement names by their id."""
    CHECKSUMS = "checksums"
    """Checksums that the bucket keeps."""
    EXPORTS = "exports"
    """Exports: that they are there, and what the bucket says of them."""
    FILES = "entry files"
    """Entry files: the same."""
    EXPORT_CONTENTS = "contents of exports"
    """Exports, byte by byte."""
    FILE_CONTENTS = "contents of entry files"
    """Entry files, byte by byte."""
    SLICES = "slices made anew"
    """Slices whose entry files and tree were made anew from the export."""
    ENTRIES = "entries"
    """Entries in these slices."""
    BYTES = "bytes"
    """Bytes that were read for all this."""
    SINCE = "lines archived since the checkpoint"
    """Lines of the tree beyond a checkpoint that the archive is to have grown from."""
    STRAYS = "listing of objects that no statement names"
    """The one listing of the bucket that tells objects which no statement names."""


class Why(StrEnum):
    """Why something was not checked."""

    DEPTH = "depth"
    """The depth that was asked for does not look at it."""
    RANGE = "range"
    """It lies outside of the statements that were asked for."""
    TIME = "time"
    """The invocation's time was over."""
    EXPIRED = "expired"
    """It is gone, as its retention is over."""
    COPY = "copy"
    """A copy in a folder does not show it."""
    UNKEPT = "unkept"
    """The bucket keeps none."""
    FAULT = "fault"
    """Something that it rests on is missing or not to be trusted."""
    BUNDLE = "bundle"
    """A bundle of evidence does not hold it."""
    UNRECORDED = "unrecorded"
    """Its run is not done, or died: the next one writes what is absent."""


class KeysFrom(StrEnum):
    """Whence an audit has the public keys that it checks signatures with."""

    CALLER = "caller"
    """Whoever asked gave them."""
    ARCHIVE = "archive"
    """The chain itself names them."""


UNEXPECTED = {Why.TIME, Why.FAULT, Why.UNKEPT}
"""Why something was not checked that should have been. Nobody asked for the rest, or it is no wonder."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, once: the object, and the statement that it belongs to.

    `version_id` and `seq` are None where they are not known. The sentence is the same every time.
    """

    verdict: Verdict
    key: str
    version_id: str | None
    seq: int | None
    sentence: str


def verdict_on(faults: Sequence[Fault]) -> str:
    """`no fault`, or how many there are."""
    return {0: "no fault", 1: "1 fault"}.get(len(faults), f"{len(faults)} faults")


@dataclass(frozen=True)
class AuditNote:
    """Something worth knowing that is no fault."""

    verdict: Verdict
    key: str
    seq: int | None
    sentence: str


@dataclass(frozen=True)
class Unchecked:
    """How many things of a kind were not checked, for one reason."""

    what: Checked
    why: Why
    count: int


@dataclass(frozen=True)
class KeyUse:
    """A public key, by its id (hex), and how many checkpoints were found good under it."""

    key_id: str
    checkpoints: int


@dataclass(frozen=True)
class EpochCoverage:
    """What the chain says of one epoch: entries archived, and the watermarks.

    `missing`: ids that were found missing, by cause; `filled`: how many of them a late writer filled since.
    """

    epoch: int
    statements: int
    archived: int
    filled: int
    missing: dict[Cause | UnknownMember, int]
    highest_archived_id: int
    highest_purged_id: int


@dataclass(frozen=True)
class AuditedCoverage:
    """What the audited chain covers. Dates are the first and the last event date (UTC), None for none."""

    epochs: tuple[EpochCoverage, ...]
    first_date: str | None
    last_date: str | None


@dataclass(frozen=True)
class Growth:
    """Whether an archive only grew since a signed checkpoint that somebody kept.

    `unproven_because`: None if it is proven. `signed_by`: the ids (hex) of the keys that signed the
    kept checkpoint. `seq`: the number of the statement that it is over, None if that is not in the chain;
    `size`, `root`, `statement_sha256`: what it says. `newest_...`: the archive as it is now. `hashes`: the
    consistency proof between the two trees (RFC 9162, section 2.1.4), each in Base64.
    """

    is_proven: bool
    unproven_because: Why | None
    signed_by: tuple[str, ...]
    seq: int | None
    size: int
    root: str
    statement_sha256: str
    newest_seq: int
    newest_size: int
    newest_root: str
    hashes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The same in a sentence."""
        then = f"the checkpoint over {self.size} entries"
        if self.is_proven:
            return (
                f"The archive only grew since {then}: its first {self.seq} of {self.newest_seq} statements "
                f"and its first {self.size} of {self.newest_size} entries are those that it is over"
            )
        if self.unproven_because == Why.BUNDLE:
            more = self.newest_size - self.size
            return (
                f"The chain of statements only grew since {then}: its first {self.seq} of {self.newest_seq} "
                "are those that it is over. That the tree of entries only grew is not proven: a bundle does "
                f"not hold the {more} entries since"
            )
        return f"It is not proven that the archive only grew since {then} ({self.unproven_because})"


@dataclass(frozen=True)
class Verification:
    """What an audit found. It says no more than it looked at: see `not_checked`.

    `from_seq` to `to_seq`: the statements whose objects were to be checked; `continue_at`: the statement at
    which to go on, None if all were reached. `newest_seq`, `newest_sha256`: the newest statement found.
    `note_counts` counts all notes, of which `notes` has the first. `keys_from`: None if no key was used.
    `growth`: None unless the question names a checkpoint to have grown from.
    """

    console: str
    depth: Depth
    is_valid: bool
    summary: str
    from_seq: int
    to_seq: int
    continue_at: int | None
    newest_seq: int
    newest_sha256: str | None
    checked: dict[Checked, int]
    faults: tuple[Fault, ...]
    notes: tuple[AuditNote, ...]
    note_counts: dict[Verdict, int]
    not_checked: tuple[Unchecked, ...]
    coverage: AuditedCoverage
    keys_from: KeysFrom | None
    keys: tuple[KeyUse, ...]
    growth: Growth | None = None

    @property
    def verdict(self) -> str:
        """`no fault`, or how many there are."""
        return verdict_on(self.faults)

    @property
    def unexpectedly_unchecked(self) -> int:
        """How many things were not checked that should have been, whatever was asked for."""
        return sum(each.count for each in self.not_checked if each.why in UNEXPECTED)
