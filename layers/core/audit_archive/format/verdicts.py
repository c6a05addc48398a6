"""What an audit of an archive may find. The verdicts are the format's (`docs/archive-format.md`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.codec import UnknownMember, to_json
from audit_archive.format.facts import Cause


class Verdict(StrEnum):
    """What can be wrong, or worth a note."""

    ALTERED = "altered"
    """Its bytes are not those that a hash names."""
    MISSING = "missing"
    """A statement names it, and it is gone before its retention is over."""
    UNLOCKED = "unlocked"
    """It has no object lock, or one in a weaker mode, or one that ends earlier than stated."""
    WRONG_ENCRYPTION = "wrong_encryption"
    """It is not encrypted with S3's own keys (SSE-S3): whoever can delete its key can destroy it."""
    CHANGED_SETTING = "changed_setting"
    """A setting of the bucket is not the one that the stack's template gives it."""
    ENDING = "ending"
    """It is kept for ever, and its object lock ends within 30 days, or has ended."""
    MISDESCRIBED = "misdescribed"
    """Its content or its key does not fit the statement."""
    BROKEN = "broken"
    """It is a statement that does not follow the one before it."""
    GAP = "gap"
    """An id is in no statement, or in two."""
    FORKED = "forked"
    """It has a second version, a delete marker, or another statement of the same number."""
    UNSIGNED = "unsigned"
    """It has no checkpoint by a known key: a fault if signing is on, otherwise a note."""
    EXPIRED = "expired"
    """A note: it is gone, because its retention is over, or the bucket's expiry hides it."""
    ORPHANED = "orphaned"
    """A note: no statement names it. A run may have died before it could."""
    HOLE = "hole"
    """A note: ids are missing without an explanation, stated as such."""
    FOREIGN_PURGE = "foreign_purge"
    """A note: no statement of ours planned a purge, stated as such."""


class Depth(StrEnum):
    """How deep an audit looks. Each depth includes the one before."""

    CHAIN = "chain"
    """Every statement: its hash, lock and signature, its ids and its tree."""
    OBJECTS = "objects"
    """Besides, each version that a statement names: that it exists, its size, checksum and lock."""
    CONTENT = "content"
    """Besides, every byte: the exports, the lines in them, the tree, the entry files."""


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
    """Exports: that they exist, and what the bucket says of them."""
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
    """Lines of the tree after a kept checkpoint, to prove that the archive only grew since."""
    SETTINGS = "settings of the bucket"
    """Settings of the bucket: its policy, lock, lifecycle and others."""
    STRAYS = "listing of objects that no statement names"
    """The listing of the bucket that finds objects which no statement names."""


class Why(StrEnum):
    """Why something was not checked."""

    DEPTH = "depth"
    """The depth of the audit does not include it."""
    RANGE = "range"
    """It lies outside the range of statements to audit."""
    TIME = "time"
    """The invocation's time was over."""
    EXPIRED = "expired"
    """It is gone, because its retention is over."""
    COPY = "copy"
    """A copy in a folder does not show it."""
    UNKEPT = "unkept"
    """The bucket keeps no such thing."""
    FAULT = "fault"
    """Something that it rests on is missing or can't be trusted."""
    BUNDLE = "bundle"
    """A bundle of evidence does not hold it."""
    REFUSED = "refused"
    """The role may not read it."""
    UNKNOWN = "unknown"
    """What it should be is not known: the template did not set the function's environment."""
    EARLIER = "earlier"
    """An earlier daily audit checked it, and a later one will."""
    UNRECORDED = "unrecorded"
    """Its run is not done, or it died: the next run writes what is absent."""


class KeysFrom(StrEnum):
    """Where the public keys come from that an audit checks signatures with."""

    CALLER = "caller"
    """The caller of the audit gave them."""
    ARCHIVE = "archive"
    """The chain itself names them."""


UNEXPECTED = {Why.TIME, Why.FAULT, Why.UNKEPT, Why.REFUSED, Why.UNKNOWN}
"""Reasons that are unexpected: the thing should have been checked. The other reasons are by design."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: the object, and the statement that it belongs to.

    `version_id` and `seq` can be unknown (None). Each audit gives the same sentence for the same fault.
    """

    verdict: Verdict
    key: str
    version_id: str | None
    seq: int | None
    sentence: str

    @property
    def sha256(self) -> str:
        """SHA-256 (hex) over the canonical JSON of its members: it names this fault, and no other one."""
        return sha256(canonical_bytes(to_json(self))).hexdigest()


def verdict_on(faults: Sequence[Fault]) -> str:
    """`no fault`, or how many there are."""
    return {0: "no fault", 1: "1 fault"}.get(len(faults), f"{len(faults)} faults")


@dataclass(frozen=True)
class AuditNote:
    """Something worth knowing that is not a fault."""

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
    """A public key, by its id (hex), and how many checkpoints have a valid signature by it."""

    key_id: str
    checkpoints: int


@dataclass(frozen=True)
class EpochCoverage:
    """What the chain states of one epoch: how many entries are archived, and the watermarks.

    `missing`: how many ids were missing, by cause; `filled`: how many of them a late writer has filled since.
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
    """What the audited chain covers. The dates are the first and the last event date (UTC), if any."""

    epochs: tuple[EpochCoverage, ...]
    first_date: str | None
    last_date: str | None


@dataclass(frozen=True)
class Growth:
    """Whether an archive only grew since a signed checkpoint that was kept outside of it.

    `unproven_because`: None if it is proven. `signed_by`: the ids (hex) of the keys that signed the kept
    checkpoint. `seq`: the number of its statement; None if the chain does not have that. `size`, `root`,
    `statement_sha256`: the fields of the checkpoint. `newest_...`: the archive as it is now. `hashes`: the
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
        """The result in one sentence."""
        then = f"the checkpoint over {self.size} entries"
        if self.is_proven:
            return (
                f"The archive only grew since {then}: its first {self.seq} of {self.newest_seq} statements "
                f"and its first {self.size} of {self.newest_size} entries are those of the checkpoint. "
                f"{self._read}"
            )
        if self.unproven_because == Why.BUNDLE:
            more = self.newest_size - self.size
            return (
                f"The chain of statements only grew since {then}: its first {self.seq} of {self.newest_seq} "
                "are those of the checkpoint. That the tree of entries only grew is not proven: a bundle "
                f"does not hold the {more} entries since"
            )
        return f"It is not proven that the archive only grew since {then} ({self.unproven_because})"

    @property
    def _read(self) -> str:
        """What the proof of the entries rests on."""
        if self.size == self.newest_size:
            return "No entry was archived since, so none was read"
        return f"All entries archived since were read: {self.newest_size - self.size}"


@dataclass(frozen=True)
class Verification:
    """What an audit found. It covers only what the audit looked at: see `not_checked`.

    `from_seq` to `to_seq`: the statements with the objects to check. `continue_at`: the statement at which to
    go on; None if all were reached. `newest_seq`, `newest_sha256`: the newest statement found. `note_counts`
    counts all notes; `notes` has the first of them. `keys_from`: None if no key was used. `growth`: None
    unless the question has a checkpoint to compare with. `chain_from`: the statement from which the chain was
    walked to its end; those before it were walked by earlier audits, but for the ones that are counted.
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
    chain_from: int = 1

    @property
    def verdict(self) -> str:
        """`no fault`, or how many there are."""
        return verdict_on(self.faults)

    @property
    def unexpectedly_unchecked(self) -> int:
        """How many things were not checked that should have been."""
        return sum(each.count for each in self.not_checked if each.why in UNEXPECTED)
