"""What the product needs of the outside, each with its contract, and the records that cross the border.

In order: the bucket, the Console, the ledger, the signing key, time, people, the audit's notes. Adapters
alone fulfil these contracts, and raise only errors of `audit_archive.errors`. Each is also a test suite of
`tests/contracts`, which runs against the strict fake and the real adapter alike.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple, Protocol, TypeAlias

from audit_archive.bookmark import Bookmark, BookmarkKind, Rotation
from audit_archive.finding import Finding
from audit_archive.fleet_ports import FleetNotes, Folders, Runs
from audit_archive.format.bucket_settings import Setting
from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import LockMode, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.index import Indexed
from audit_archive.format.keys import PublicKey
from audit_archive.format.statement import Statement
from audit_archive.format.times import DAY
from audit_archive.restraint import RestraintNotes, Restraints

NO_VERSION = ""
"""The version id of every object in a copy: a copy keeps neither versions nor locks."""

ENCRYPTION = "AES256"
"""The encryption that every put states: with S3's own keys (SSE-S3), which no person can delete."""


@dataclass(frozen=True)
class Retention:
    """An object lock: its mode, and until when (epoch seconds)."""

    mode: LockMode | UnknownMember
    until: int


@dataclass(frozen=True)
class ObjectFacts:
    """What the store says of one version of an object, without its bytes.

    `sha256` is the checksum (hex) that the store itself verified when the object was put; None without one.
    `encryption`: how the store encrypts it, as S3 names that; None in a copy, which does not show it.
    """

    key: str
    version_id: str
    size: int
    sha256: str | None
    retention: Retention | None
    encryption: str | None


@dataclass(frozen=True)
class NewObject:
    """An object to be put: its key, its bytes in a file, and their SHA-256 (hex)."""

    key: str
    body: BinaryIO
    sha256: str


@dataclass(frozen=True)
class Version:
    """One row of a version listing."""

    key: str
    version_id: str
    is_delete_marker: bool


class ArchiveSource(Folders, Protocol):
    """An archive as it can be read: the bucket, or a copy of it. Raises ArchiveStoreError when it fails."""

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        """The facts of a version, or of the latest one; None if it does not exist or is a delete marker."""

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        """The bytes of one version, in chunks. Raises IntegrityError if the version does not exist."""

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        """Every version and delete marker under a prefix with a key that sorts after `after_key`, by key.

        The versions of one key come newest first, its delete markers anywhere among them.
        """


class ArchiveStore(ArchiveSource, Protocol):
    """A versioned, object-locked bucket. Raises ArchiveStoreError when it does not answer or refuses."""

    def put(
        self, key: str, body: BinaryIO, sha256: str, retention: Retention, metadata: Mapping[str, str]
    ) -> ObjectRef:
        """Put one object in one request, locked, with its SHA-256 (hex), so that damaged bytes are refused.

        The put states ENCRYPTION, whatever the bucket's default is. `body` is read from its start. Returns
        the new version. Raises IntegrityError if the store made no version (versioning is off) or does not
        take locks.
        """

    def put_all(
        self, objects: Iterable[NewObject], retention: Retention, metadata: Mapping[str, str]
    ) -> None:
        """Put objects as `put` does, some of them at once, and return when every one is there.

        If a put fails, no further one is begun, and the error of the first that failed is raised once those
        under way have ended. Which of the others were made is not known then.
        """

    def extend(self, key: str, version_id: str, retention: Retention) -> None:
        """Lock one version for longer, or lock a version that has no lock in force.

        The store refuses to shorten a lock in force and to change its mode: ArchiveStoreError. Raises
        IntegrityError if it takes no locks. A legal hold stays as it is.
        """

    def create(self, key: str, body: bytes, sha256: str, retention: Retention) -> None:
        """Try to put an object, locked and with ENCRYPTION, under a key that is free (`If-None-Match: *`).

        Returns normally if the object was made, if the key was taken, if the store reported a conflict, and
        if the answer was lost: only a read shows which. Raises ArchiveStoreError only on a definite refusal.
        """


class SettingsSource(Protocol):
    """The settings of the archive bucket. Raises ArchiveStoreError when S3 does not answer."""

    def settings(self) -> Mapping[Setting, Mapping[str, Any] | None]:
        """Each setting, as S3's API gives it; None if it is not set. One that may not be read is absent."""


ConsoleEntry: TypeAlias = dict[str, Any]
"""One entry as `fetch` gives it. Its `id` is checked: a positive integer below 2**63."""


@dataclass(frozen=True)
class Peek:
    """What one page of one entry shows: the newest entry (None if the trail is empty), and the population.

    The newest entry is as it came: its id is not checked. `population` is the number of entries that the key
    can see; None if the Console did not give it.
    """

    newest: ConsoleEntry | None
    population: int | None


@dataclass(frozen=True)
class Download:
    """A completely received export: size in bytes, SHA-256 (hex), and the Console's clock when it answered.

    `served_at` is epoch seconds from the `Date` header; None if that is missing or can't be read.
    """

    size: int
    sha256: str
    served_at: int | None


@dataclass(frozen=True)
class PurgeAnswer:
    """The Console's answer to a purge: its text, and the number of entries that it says it destroyed.

    `count`: None if the text gives no number that can be read for sure.
    """

    text: str | None
    count: int | None


NO_ANSWER = PurgeAnswer(None, None)
"""No answer came, or none that says anything sure: whether the purge was carried out is unknown."""


class Console(Protocol):
    """The audit trail of one Console, read with one key.

    GETs are repeated, while time allows, on 408, 425, 429, 5xx, network faults, and a 403 that has
    `Retry-After` or does not come from the API itself. Raises ConsoleAuthError (401, any other 403, or the
    Console's own words for them), ConsoleUnavailableError (repeats used up, or a cache answered),
    ConsoleError (any other error, HTML, a redirect, an answer that is not the API's).
    """

    def peek(self) -> Peek:
        """The newest entry and the population, by one page of one entry."""

    def entries_above(self, entry_id: int) -> Iterator[ConsoleEntry]:
        """Every live entry with a higher id, newest first, following the cursors."""

    def download(self, spool: BinaryIO) -> Download:
        """Write the export into `spool`, from its start. It is hashed on the way, and never whole in memory.

        Raises InvalidExportError if the body ends early or has more than 5 GB, ConsoleError for HTML or an
        error in its place, ConsoleUnavailableError if the export is still being prepared.
        """


class PurgingConsole(Console, Protocol):
    """The same Console, with the key that can purge."""

    def purge(self, boundary: int) -> PurgeAnswer:
        """Delete every entry up to and including id `boundary`. The request is sent at most once.

        A 401 is a definite refusal and permits one retry with the secret read again. Raises ConsoleAuthError
        if the purge was definitely refused, ConsoleUnavailableError on 429 or if the request was never sent:
        no entry was purged. Raises ConsoleError for another error of the API. Returns NO_ANSWER if the answer
        does not decide it: silence, 5xx, 408, 425, a 403 as above, a web page, the answer of a cache.
        """


OpenPurger: TypeAlias = Callable[[], PurgingConsole | None]
"""Opens the Console with the purging key, which is read only now; None if there is no such secret."""


MOST_STALE = 3
"""So many stale exports in a row are an error. A day of stale exports is an error, too."""


@dataclass(frozen=True)
class Lack:
    """An entry that `fetch` showed and that exports lack, as runs have noted it so far.

    `seen_at`: when `fetch` showed it first. `exports`: how many stale exports came in a row without a new
    entry. `since`: when the first of them came; None before the first. Moments in epoch seconds.
    """

    entry_id: int
    seen_at: int
    exports: int = 0
    since: int | None = None

    def is_lasting(self, now: int) -> bool:
        """Whether exports have lacked the entry for so long that a person must look."""
        return self.exports >= MOST_STALE or (self.since is not None and now - self.since >= DAY)


class Look(NamedTuple):
    """The recorded head, what persons set, and how far the audits are."""

    head: Head
    restraints: Restraints
    audited: Rotation | None


class Findings(Protocol):
    """Which findings were announced to a person, so that each is announced once."""

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        """Claim a finding in order to announce it. False if it was announced, or another claim is in force.

        A claim is in force until `expires_at` (epoch seconds). If it expires before `announced` was called,
        the finding is pending.
        """

    def announced(self, finding: Finding) -> None:
        """Record, for ever, that a finding was announced."""

    def pending(self, console: str, now: int) -> list[Finding]:
        """Findings that were claimed and never announced; their claims have expired at `now`."""


class Ledger(Findings, Runs, RestraintNotes, Protocol):
    """The index of the archive. Raises LedgerError when it does not answer or refuses."""

    def look(self, console: str) -> Look | None:
        """What an idle run asks for; None if the head can't be read, or a run or a finding is not done."""

    def acquire(self, console: str, owner: str, now: int, expires_at: int) -> bool:
        """Take the Console's lease, unless another owner holds one that has not expired at `now`."""

    def release(self, console: str, owner: str) -> None:
        """Give the lease back if `owner` still holds it."""

    def lack(self, console: str) -> Lack | None:
        """What earlier runs noted of an entry that exports lack; None without such a note."""

    def note_lack(self, console: str, lack: Lack | None) -> None:
        """Note it for the next run; None removes the note."""

    def lock_cursor(self, console: str) -> str | None:
        """The last key that an unfinished extension of locks has done; None without one. It may be lost."""

    def note_lock_cursor(self, console: str, key: str | None) -> None:
        """Note it for the next run; None removes the note."""

    def head(self, console: str) -> Head | None:
        """The recorded head, read consistently; None without one. Raises IntegrityError if it is damaged."""

    def remnant(self, console: str) -> Head:
        """What an unreadable head still says: its number and its statement's key and hash, without a version.

        An empty head if it does not say these, or if no head is recorded.
        """

    def note(self, console: str) -> bytes:
        """The signed checkpoint beside the recorded head; `b""` without a head, or if it is unsigned."""

    def record(self, head: Head, statement: Statement, note: bytes = b"") -> None:
        """Move the ledger to `head` and index the statement that led there; `note`: its signed checkpoint.

        A sequence number only rises: if the ledger is already at this statement or beyond, the call succeeds
        without a change. A recorded head of another release is replaced, and so is the row of the statement
        in the index. Raises IntegrityError if the ledger is at another statement of the same number.
        """

    def disown(self, console: str) -> None:
        """Set the recorded head aside, readable or not, so that it can be rebuilt from the first statement.

        Afterwards no head is recorded, unless another run has recorded a newer one meanwhile.
        """

    def disowned(self, console: str) -> Head | None:
        """The head that was set aside; None without one. If it can't be read, what `remnant` says of it."""

    def forget_disowned(self, console: str) -> None:
        """Delete the head that was set aside."""

    def statements(self, console: str) -> Iterator[Indexed]:
        """The index of a Console's statements, in order of their numbers, read consistently.

        It may be ahead of the head: a statement is indexed right before the head moves to it. Raises
        IntegrityError if it is damaged.
        """

    def recent_statements(self, console: str, most: int) -> Sequence[Indexed]:
        """The newest of them, the newest first, in one request: for a picture, not for an answer.

        It may lack what was written a moment ago. Raises IntegrityError if it is damaged.
        """


class Signer(Protocol):
    """An ECDSA key on the curve P-256 that signs checkpoints.

    Raises SigningError if it does not answer or refuses, SettingsError if it is another kind of key.
    """

    def public_key(self) -> PublicKey:
        """Its public half."""

    def sign(self, message: bytes) -> bytes:
        """The signature (ASN.1 DER) over the SHA-256 of at most 4,096 bytes, valid under `public_key()`."""


ScratchFile: TypeAlias = Callable[[], BinaryIO]
"""Opens an empty temporary file for reading and writing. It is deleted when it is closed."""


class Clock(Protocol):
    """Time, and how much of it this invocation has left."""

    def now(self) -> int:
        """Epoch seconds."""

    def remaining(self) -> float:
        """Seconds until this invocation is cut off."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class Alerts(Protocol):
    """Where findings go: one message for each. Raises SettingsError if the topic refuses."""

    def publish(self, finding: Finding) -> None:
        """Send a finding to a person."""


class AuditNotes(Protocol):
    """How the daily audits of each Console ended, for whoever may only read it. Raises LedgerError."""

    def last(self, console: str) -> Rotation | None:
        """How far the daily audits are; None before the first. Raises IntegrityError if it can't be read."""


class Verifications(AuditNotes, Findings, FleetNotes, Protocol):
    """The daily audit's own notes, apart from the ledger.

    Raises LedgerError when the store of the notes does not answer or refuses.
    """

    def save(self, console: str, rotation: Rotation) -> None:
        """Record how far the daily audits are."""

    def rotations(self) -> dict[str, Rotation | None]:
        """How far the daily audits of every Console are, by its name; None for a note that can't be read."""


class AuditorNotes(Verifications, Protocol):
    """The same with the bookmarks, from which the next audit goes on."""

    def bookmark(self, console: str, kind: BookmarkKind) -> Bookmark | None:
        """How far they have come along the chain; None without a bookmark, or if it can't be read."""

    def save_bookmark(self, console: str, kind: BookmarkKind, bookmark: Bookmark) -> None:
        """Record how far they have come along the chain."""
