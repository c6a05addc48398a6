"""The bucket: a versioned, object-locked archive, to read and to add to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Protocol

from audit_archive.domain.facts import ObjectRef

NO_VERSION = ""
"""The version id of everything in a source that keeps no versions: a copy. It knows no locks either."""


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
