"""What the product needs of the outside, each with its contract. Adapters fulfil them; nothing else does.

Every contract is also a test suite (`tests/contracts`) that runs against the strict fake and the real adapter
alike. Adapters raise only errors of `audit_archive.errors`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, BinaryIO, Protocol, TypeAlias

from audit_archive.finding import Finding
from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import LockMode, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.index import Indexed
from audit_archive.format.keys import PublicKey
from audit_archive.format.statement import Statement
from audit_archive.format.times import DAY, OffsetAt

# The bucket: a versioned, object-locked archive, to read and to add to.

NO_VERSION = ""
"""The version id of everything in a source that keeps no versions: a copy. It knows no locks either."""


@dataclass(frozen=True)
class Retention:
    """An object lock: its mode, and until when (epoch seconds)."""

    mode: LockMode | UnknownMember
    until: int


@dataclass(frozen=True)
class ObjectFacts:
    """What the store says of one version of an object, without its bytes.

    `sha256` is the checksum (hex) that the store itself verified when it was put, None if it has none.
    """

    key: str
    version_id: str
    size: int
    sha256: str | None
    retention: Retention | None


@dataclass(frozen=True)
class Version:
    """One row of a version listing."""

    key: str
    version_id: str
    is_delete_marker: bool


class ArchiveSource(Protocol):
    """An archive as it can be read: the bucket, or a copy of it. Raises ArchiveStoreError when it fails."""

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        """The facts of a version, or of the latest one; None if there is none (or a delete marker)."""

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        """The bytes of one version, in chunks. Raises IntegrityError if there is no such version."""

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        """Every version and delete marker under a prefix whose key sorts after `after_key`, by key.

        The versions of one key come newest first, its delete markers anywhere among them.
        """


class ArchiveStore(ArchiveSource, Protocol):
    """A versioned, object-locked bucket. Raises ArchiveStoreError when it does not answer or refuses."""

    def put(
        self, key: str, body: BinaryIO, sha256: str, retention: Retention, metadata: Mapping[str, str]
    ) -> ObjectRef:
        """Put one object in one request with its SHA-256, so that damaged bytes are refused, and lock it.

        `body` is read from its start. Returns the version made. Raises IntegrityError if the store made no
        version (versioning is off) or takes no locks.
        """

    def create(self, key: str, body: bytes, sha256: str, retention: Retention) -> None:
        """Try to put an object where none is (`If-None-Match: *`), locked.

        Returns alike whether it was made, one was there already, a conflict was reported or the answer was
        lost: only a read tells. Raises ArchiveStoreError only on a definite refusal.
        """


# The Console: its audit trail, and the key that can purge it.

ConsoleEntry: TypeAlias = dict[str, Any]
"""One entry as `fetch` gives it; its `id` is checked to be a positive integer below 2**63."""


@dataclass(frozen=True)
class Peek:
    """What one page of one entry tells: the newest entry (None: the trail is empty), and how many there are.

    The newest entry is as it came, its id unchecked. `population` is the number of entries that the key can
    see; None if the Console did not say.
    """

    newest: ConsoleEntry | None
    population: int | None


@dataclass(frozen=True)
class Download:
    """A completely received export: size in bytes, SHA-256 (hex), and the Console's clock when it answered.

    `served_at` is epoch seconds from the `Date` header, or None if there was none that can be read.
    """

    size: int
    sha256: str
    served_at: int | None


@dataclass(frozen=True)
class PurgeAnswer:
    """The Console's answer to a purge: its text, and the number of entries that it says it destroyed.

    `count` is None if the text gives no number that can be read for sure.
    """

    text: str | None
    count: int | None


NO_ANSWER = PurgeAnswer(None, None)
"""No answer came, or none that says anything sure: whether the purge was carried out is unknown."""


class Console(Protocol):
    """The audit trail of one Console, read with one key.

    GETs are repeated on 408, 425, 429, 5xx, network faults, and a 403 that has `Retry-After` or is not in the
    API's own words, while time allows. Raises ConsoleAuthError (401, any other 403, or the Console's words
    for them), ConsoleUnavailableError (repeats used up, or a cache answered), ConsoleError (any other error
    answer, HTML, a redirect to elsewhere, an answer that is not the API's).
    """

    def peek(self) -> Peek:
        """The newest entry and the population, by one page of one entry."""

    def entries_above(self, entry_id: int) -> Iterator[ConsoleEntry]:
        """Every live entry with a higher id, newest first, following the cursors."""

    def download(self, spool: BinaryIO) -> Download:
        """Write the export into `spool` (at its start), hashing on the way, never whole in memory.

        Raises InvalidExportError if the body ends early or is over 5 GB; ConsoleError for HTML or an error
        in its place, ConsoleUnavailableError if it is still being prepared.
        """


class PurgingConsole(Console, Protocol):
    """The same Console, with the key that can purge."""

    def purge(self, boundary: int) -> PurgeAnswer:
        """Delete every entry up to and including id `boundary`. Sent at most once.

        A 401 is a definite refusal and permits one retry with the re-read secret. Raises ConsoleAuthError if
        definitely refused (nothing was purged), ConsoleUnavailableError on 429 or if it never left,
        ConsoleError for another error answer. No verdict (silence, 5xx, 408, 425, a 403 as above, a web page,
        a cache's words): an answer without text.
        """


OpenPurger: TypeAlias = Callable[[], PurgingConsole | None]
"""Reads the purging key, at this moment and not before; None if there is no such secret."""


MOST_STALE = 3
"""So many stale exports in a row are an error, and so is a day of them."""


@dataclass(frozen=True)
class Lack:
    """What runs have noted so far: an entry that `fetch` showed and no export held, and how often since.

    `seen_at`: when `fetch` showed it first; `exports`: how many stale exports came in a row without a new
    entry; `since`: when the first of them came (epoch seconds), None while none was stale.
    """

    entry_id: int
    seen_at: int
    exports: int = 0
    since: int | None = None

    def is_lasting(self, now: int) -> bool:
        """Whether it has lasted so long that a person must look."""
        return self.exports >= MOST_STALE or (self.since is not None and now - self.since >= DAY)


# The ledger: leases, heads, findings, and an index of the archive.


class Findings(Protocol):
    """Which findings were told to a person, so that each is told once."""

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        """Take it upon us to announce a finding, unless it was announced or another's claim still holds.

        A claim that runs out without `announced` leaves the finding pending.
        """

    def announced(self, finding: Finding) -> None:
        """Note for ever that a finding was announced."""

    def pending(self, console: str, now: int) -> list[Finding]:
        """Findings that somebody was about to announce and did not; their claims have run out at `now`."""


class Ledger(Findings, Protocol):
    """The index of the archive. Raises LedgerError when it does not answer or refuses."""

    def acquire(self, console: str, owner: str, now: int, expires_at: int) -> bool:
        """Take the Console's lease, unless another owner holds one that has not expired at `now`."""

    def release(self, console: str, owner: str) -> None:
        """Give the lease back if `owner` still holds it."""

    def complete(self, console: str, at: int) -> None:
        """Note that a run over the Console was completed at a moment (epoch seconds)."""

    def last_completed(self, console: str) -> int | None:
        """When a run over the Console was last completed (epoch seconds); None if that is not known."""

    def lack(self, console: str) -> Lack | None:
        """What earlier runs noted of an entry that exports lack; None if there is no such note."""

    def note_lack(self, console: str, lack: Lack | None) -> None:
        """Note it for the next run, or take the note away."""

    def head(self, console: str) -> Head | None:
        """The recorded head, read consistently; None if there is none. IntegrityError if it is damaged."""

    def note(self, console: str) -> bytes:
        """The signed checkpoint beside the recorded head; nothing if there is no head, or it is unsigned."""

    def record(self, head: Head, statement: Statement, note: bytes = b"") -> None:
        """Move the ledger to `head` and index the statement that led there; `note`: its signed checkpoint.

        A sequence number only rises: where the ledger already stands at this statement or beyond it, that is
        success. A head of another release counts as none. What the index says of the statement is replaced.
        Raises IntegrityError if the ledger stands at another statement of the same number.
        """

    def disown(self, console: str) -> None:
        """Set the recorded head aside, readable or not, so that it can be made anew from the first statement.

        No head is recorded then, unless another run has recorded a newer one meanwhile.
        """

    def disowned(self, console: str) -> Head | None:
        """The head that was set aside; an empty one if it can't be read; None if none is."""

    def forget_disowned(self, console: str) -> None:
        """Drop the head that was set aside."""

    def statements(self, console: str) -> Iterator[Indexed]:
        """The index of a Console's statements, in order of their numbers, read consistently.

        It may be ahead of the head: a statement is indexed right before the head moves to it. Raises
        IntegrityError if it is damaged.
        """


# Where answers go, and what else retrieval needs of the outside.

FindZone: TypeAlias = Callable[[str], OffsetAt | None]
"""The time zone of a name; None if there is none."""

LinkExport: TypeAlias = Callable[[str, str, int], str | None]
"""A link to one version of an archived object (key, version id), for so many seconds and for whoever has it.

None if there can be none: what is read is a copy.
"""


@dataclass(frozen=True)
class Handouts:
    """What every bundle of evidence carries: the verifier, and the style and the script of its report."""

    verifier: bytes
    style: str
    script: str


class ReportStore(Protocol):
    """A bucket for answers, which vanish after a while. Raises ArchiveStoreError when it fails or refuses."""

    def put(self, key: str, body: BinaryIO, sha256: str, content_type: str) -> None:
        """Put one object, `body` from its start, with its SHA-256 (hex): damaged bytes are refused."""

    def link(self, key: str, seconds: int) -> str:
        """A link by which whoever has it can download the object for so many seconds, as a file."""


# The key that signs checkpoints.


class Signer(Protocol):
    """An ECDSA key on the curve P-256. SigningError: no answer or a refusal; SettingsError: another kind."""

    def public_key(self) -> PublicKey:
        """Its public half."""

    def sign(self, message: bytes) -> bytes:
        """The signature (ASN.1 DER) over the SHA-256 of at most 4,096 bytes, good under `public_key()`."""


# Time, people, and room to work in.

ScratchFile: TypeAlias = Callable[[], BinaryIO]
"""Opens an empty temporary file for reading and writing, which vanishes when it is closed."""


class Clock(Protocol):
    """Time, and how much of it this invocation has left."""

    def now(self) -> int:
        """Epoch seconds."""

    def remaining(self) -> float:
        """Seconds until this invocation is cut off."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Alerts(Protocol):
    """Where findings go: one message a finding. Raises SettingsError if the topic refuses."""

    def publish(self, finding: Finding) -> None:
        """Tell a person."""


class AuditResult(StrEnum):
    """How a daily audit ended."""

    VALID = "valid"
    """It found no fault."""
    FAULTS = "faults"
    """It found faults."""


@dataclass(frozen=True)
class Rotation:
    """How far the daily audits of a Console are, and how the last one ended.

    `next_seq`: the statement at which the next share begins; `cycle_started_at`: when the first share of this
    cycle was due. `newest_seq`, `newest_sha256`: the newest statement of the last audit without a fault: from
    then on the chain can't do without it. Moments in epoch seconds.
    """

    next_seq: int
    cycle_started_at: int
    last_completed_at: int
    last_result: AuditResult | UnknownMember
    faults: int
    newest_seq: int
    newest_sha256: str | None


# What the daily audit remembers of a Console.


class Verifications(Findings, Protocol):
    """The audit's own notes, apart from the ledger. Raises LedgerError when they don't answer or refuse."""

    def last(self, console: str) -> Rotation | None:
        """How far the daily audits are; None before the first. IntegrityError if it can't be read."""

    def save(self, console: str, rotation: Rotation) -> None:
        """Note how far they are."""
