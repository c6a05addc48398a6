"""What an audit of an archive may find, and how it says so. The verdicts are the format's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from audit_archive.format.codec import to_json


class Verdict:
    """One word for each thing that can be wrong (`FAULTS`), or that is worth a note (`NOTES`)."""

    ALTERED = "altered"  # its bytes are not those that a hash names
    MISSING = "missing"  # named, and not there before its time
    UNLOCKED = "unlocked"  # no object lock, a weaker one, or one that ends earlier than stated
    MISDESCRIBED = "misdescribed"  # what it holds, or where it lies, does not fit what is stated
    BROKEN = "broken"  # a statement that does not follow the one before it
    GAP = "gap"  # an id that is in no statement, or in two
    FORKED = "forked"  # a second version, a delete marker, or another statement of the same number
    UNSIGNED = "unsigned"  # no checkpoint by a known key: a fault where signing is on, else a note
    FAULTS = (ALTERED, MISSING, UNLOCKED, MISDESCRIBED, BROKEN, GAP, FORKED, UNSIGNED)

    EXPIRED = "expired"  # gone, as its retention is over
    ORPHANED = "orphaned"  # no statement names it: a run may have died before it could
    HOLE = "hole"  # ids missing without an explanation, stated as such
    FOREIGN_PURGE = "foreign_purge"  # a purge that was not ours, stated as such
    NOTES = (EXPIRED, UNSIGNED, ORPHANED, HOLE, FOREIGN_PURGE)


class Depth:
    """How deep an audit looks; each does what the one before does."""

    CHAIN = "chain"  # every statement, its hash, lock and signature, and what it says of ids and tree
    OBJECTS = "objects"  # besides, that each named version exists, its size, checksum and lock
    CONTENT = "content"  # besides, every byte: exports, the lines they give, the tree, the entry files
    ORDER = (CHAIN, OBJECTS, CONTENT)


class Why:
    """Why something was not checked."""

    DEPTH = "depth"  # the depth that was asked for does not look at it
    RANGE = "range"  # it lies outside of the statements that were asked for
    TIME = "time"  # the invocation's time was over
    EXPIRED = "expired"  # it is gone, as its retention is over
    COPY = "copy"  # a copy in a folder does not show it
    UNKEPT = "unkept"  # the bucket keeps none
    FAULT = "fault"  # something that it rests on is missing or not to be trusted
    BUNDLE = "bundle"  # a bundle of evidence does not hold it
    UNRECORDED = "unrecorded"  # its run is not done, or died: the next one writes what is absent


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong, once: the object, and the statement that it belongs to.

    `version_id` and `seq` are None where they are not known. The sentence is the same every time.
    """

    verdict: str
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

    verdict: str
    key: str
    seq: int | None
    sentence: str


@dataclass(frozen=True)
class Unchecked:
    """How many things of a kind were not checked, for one reason."""

    what: str
    why: str
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
    missing: dict[str, int]
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

    `unproven_because`: of `Why`; None if it is proven. `signed_by`: the ids (hex) of the keys that signed the
    kept checkpoint. `seq`: the number of the statement that it is over, None if that is not in the chain;
    `size`, `root`, `statement_sha256`: what it says. `newest_...`: the archive as it is now. `hashes`: the
    consistency proof between the two trees (RFC 9162, section 2.1.4), each in Base64.
    """

    is_proven: bool
    unproven_because: str | None
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
    `note_counts` counts all notes, of which `notes` has the first. `keys_from`: `caller` or `archive`, whence
    the keys are; None without any. `growth`: None unless the question names a checkpoint to have grown from.
    """

    console: str
    depth: str
    is_valid: bool
    summary: str
    from_seq: int
    to_seq: int
    continue_at: int | None
    newest_seq: int
    newest_sha256: str | None
    checked: dict[str, int]
    faults: tuple[Fault, ...]
    notes: tuple[AuditNote, ...]
    note_counts: dict[str, int]
    not_checked: tuple[Unchecked, ...]
    coverage: AuditedCoverage
    keys_from: str | None
    keys: tuple[KeyUse, ...]
    growth: Growth | None = None

    @property
    def verdict(self) -> str:
        """`no fault`, or how many there are."""
        return verdict_on(self.faults)

    def as_dict(self) -> dict[str, Any]:
        """The report as a plain dict, for JSON."""
        plain: dict[str, Any] = to_json(self)
        return plain
