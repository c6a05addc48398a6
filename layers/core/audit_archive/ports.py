"""What the product needs of the outside, each with its contract. Adapters fulfil them; nothing else does.

Every contract is also a test suite (`tests/contracts`) that runs against the strict fake and the real adapter
alike. Adapters raise only errors of `audit_archive.errors`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, Protocol, TypeAlias

from audit_archive.domain.facts import ObjectRef
from audit_archive.domain.finding import Finding
from audit_archive.domain.head import Head
from audit_archive.domain.public_keys import PublicKey
from audit_archive.domain.statement import Statement

ConsoleEntry: TypeAlias = dict[str, Any]
"""One entry as `fetch` gives it; its `id` is checked to be a positive integer below 2**63."""

ScratchFile: TypeAlias = Callable[[], BinaryIO]
"""Opens an empty temporary file for reading and writing, which vanishes when it is closed."""


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
    """The Console's answer to a purge: its text, and the number of entries it says it destroyed.

    Both None: no answer came, so nobody knows whether the purge was carried out.
    """

    text: str | None
    count: int | None


class Console(Protocol):
    """The audit trail of one Console, read with one key.

    GETs are repeated on 429, 5xx and network faults while time allows. Raises ConsoleAuthError (401, 403, or
    the Console's words for them), ConsoleUnavailableError (repeats used up), ConsoleError (any other error
    answer, HTML, a redirect to elsewhere, an answer that is not the API's).
    """

    def peek(self) -> Peek:
        """The newest entry and the population, by one page of one entry."""

    def entries_above(self, entry_id: int) -> Iterator[ConsoleEntry]:
        """Every live entry with a higher id, newest first, following the cursors."""

    def download(self, spool: BinaryIO) -> Download:
        """Write the export into `spool` (at its start), hashing on the way, never whole in memory.

        Raises InvalidExportError if the body ends early or is over 5 GB; ConsoleError for HTML or an error
        in its place.
        """


class PurgingConsole(Console, Protocol):
    """The same Console, with the key that can purge."""

    def purge(self, boundary: int) -> PurgeAnswer:
        """Delete every entry up to and including id `boundary`. Sent at most once.

        A 401 is a definite refusal and permits one retry with the re-read secret. Raises ConsoleAuthError if
        definitely refused (nothing was purged), ConsoleUnavailableError on 429 or if it never left,
        ConsoleError for another error answer. No verdict (silence, 5xx, a web page): an answer without text.
        """


OpenPurger: TypeAlias = Callable[[], PurgingConsole | None]
"""Reads the purging key, at this moment and not before; None if there is no such secret."""


@dataclass(frozen=True)
class Retention:
    """An object lock: mode GOVERNANCE or COMPLIANCE, and until when (epoch seconds)."""

    mode: str
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
        """Every version and delete marker under a prefix whose key sorts after `after_key`, by key."""


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


class Ledger(Protocol):
    """The index of the archive. Raises LedgerError when it does not answer or refuses."""

    def acquire(self, console: str, owner: str, now: int, expires_at: int) -> bool:
        """Take the Console's lease, unless another owner holds one that has not expired at `now`."""

    def release(self, console: str, owner: str) -> None:
        """Give the lease back if `owner` still holds it."""

    def claim(self, finding: Finding, now: int, expires_at: int) -> bool:
        """Take it upon us to announce a finding, unless it was announced or another's claim still holds.

        A claim that runs out without `announced` leaves the finding pending.
        """

    def announced(self, finding: Finding) -> None:
        """Note for ever that a finding was announced."""

    def pending(self, console: str, now: int) -> list[Finding]:
        """Findings that somebody was about to announce and did not; their claims have run out at `now`."""

    def head(self, console: str) -> Head | None:
        """The recorded head, read consistently; None if there is none. IntegrityError if it is damaged."""

    def record(self, head: Head, statement: Statement) -> None:
        """Move the ledger to `head` and index the statement that led there.

        A sequence number only rises: where the ledger already stands at this statement or beyond it, that is
        success. Raises IntegrityError if it stands at another statement of the same number.
        """


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


class Signer(Protocol):
    """An ECDSA key on the curve P-256. SigningError: no answer or a refusal; SettingsError: another kind."""

    def public_key(self) -> PublicKey:
        """Its public half."""

    def sign(self, message: bytes) -> bytes:
        """The signature (ASN.1 DER) over the SHA-256 of at most 4,096 bytes, good under `public_key()`."""
