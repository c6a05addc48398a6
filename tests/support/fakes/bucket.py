"""The versions of objects, and what S3 refuses to take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256 as hash_of

from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.ports import ENCRYPTION, Clock, Retention

MAX_PUT = 5 * 1024**3
MAX_KEY = 1024
MAX_METADATA = 2048


@dataclass(frozen=True)
class Stored:
    """One version of one object; a delete marker has no data."""

    version_id: str
    data: bytes | None
    sha256: str = ""
    retention: Retention | None = None
    metadata: Mapping[str, str] | None = None
    encryption: str = ENCRYPTION


class Bucket:
    """The state of a bucket, and what people, lifecycles and attackers do to it. Not thread-safe.

    `is_versioned` and `is_locking` may be switched off, as by a careless hand; `drops_locks` makes the bucket
    lie: it takes a lock and keeps none. `encrypts_with` has, by key, the encryption that it uses in place of
    the stated one.
    lie: it takes a lock and keeps none. `refuses_extension`: keys of which no lock may be extended.
    """

    def __init__(self, clock: Clock) -> None:
        self.is_versioned = True
        self.is_locking = True
        self.drops_locks = False
        self.encrypts_with: dict[str, str] = {}
        self.refuses_extension: set[str] = set()
        self._clock = clock
        self._objects: dict[str, list[Stored]] = {}
        self._made = 0

    def become(self, other: "Bucket") -> None:
        """Hold what another bucket holds, version by version."""
        self._objects = {key: list(versions) for key, versions in other._objects.items()}
        self._made = other._made

    def keys(self, prefix: str = "") -> list[str]:
        """The keys whose latest version is no delete marker, in order."""
        return sorted(k for k in self._objects if k.startswith(prefix) and self.latest(k) is not None)

    def all_keys(self) -> list[str]:
        """Every key that has a version or a delete marker, in order."""
        return sorted(key for key, versions in self._objects.items() if versions)

    def data(self, key: str) -> bytes:
        """The bytes of the latest version. Raises KeyError if there are none."""
        latest = self.latest(key)
        if latest is None or latest.data is None:
            raise KeyError(key)
        return latest.data

    def files(self, prefix: str = "") -> dict[str, bytes]:
        """The latest versions as a copy of the bucket has them."""
        return {key: self.data(key) for key in self.keys(prefix)}

    def history(self, key: str) -> tuple[Stored, ...]:
        """All versions of a key, oldest first."""
        return tuple(self._objects.get(key, ()))

    def latest(self, key: str) -> Stored | None:
        """The latest version; None if there is none, or it is a delete marker."""
        versions = self._objects.get(key)
        return versions[-1] if versions and versions[-1].data is not None else None

    def find(self, key: str, version_id: str) -> Stored | None:
        """One version, or delete marker."""
        return next((s for s in self._objects.get(key, ()) if s.version_id == version_id), None)

    def mark_deleted(self, key: str) -> None:
        """Put a delete marker: what a plain DELETE does to a versioned bucket, lock or no lock."""
        self.add(key, Stored("", None))

    def delete_version(self, key: str, version_id: str) -> None:
        """Delete one version for good. Raises ArchiveStoreError while it is locked."""
        found = self.find(key, version_id)
        if found and found.retention and found.retention.until > self._clock.now():
            raise ArchiveStoreError(f"AccessDenied: {key} is locked until {found.retention.until}")
        self.lose(key, version_id)

    def lose(self, key: str, version_id: str) -> None:
        """A version vanishes, lock or no lock: somebody had the means."""
        self._objects[key] = [s for s in self._objects[key] if s.version_id != version_id]

    def tamper(self, key: str, data: bytes) -> None:
        """The latest version's bytes change under its old checksum."""
        self._replace_latest(key, lambda stored: replace(stored, data=data))

    def relock(self, key: str, retention: Retention | None) -> None:
        """The latest version has another lock now, or none."""
        self._replace_latest(key, lambda stored: replace(stored, retention=retention))

    def encrypt(self, key: str, encryption: str) -> None:
        """The latest version is encrypted with another key now."""
        self._replace_latest(key, lambda stored: replace(stored, encryption=encryption))

    def add(self, key: str, stored: Stored) -> Stored:
        """A new version, under an id of its own."""
        self._made += 1
        stored = replace(stored, version_id=f"v{self._made:08d}" if self.is_versioned else "null")
        if self.drops_locks:
            stored = replace(stored, retention=None)
        if stored.data is not None:
            stored = replace(stored, encryption=self.encrypts_with.get(key, stored.encryption))
        versions = self._objects.setdefault(key, [])
        versions[:] = [s for s in versions if s.version_id != stored.version_id] + [stored]
        return stored

    def check_put(self, key: str, data: bytes, sha256: str, retention: Retention) -> None:
        """Raise ArchiveStoreError for what S3 refuses to take; IntegrityError if it takes no locks."""
        if hash_of(data).hexdigest() != sha256:
            raise ArchiveStoreError(f"BadDigest: the bytes of {key} do not have the checksum {sha256}")
        if len(data) > MAX_PUT:
            raise ArchiveStoreError(f"EntityTooLarge: {key}")
        if not self.is_locking:
            raise IntegrityError("InvalidRequest: the bucket is missing its Object Lock configuration")
        if retention.mode not in {"GOVERNANCE", "COMPLIANCE"}:
            raise ArchiveStoreError(f"InvalidArgument: unknown lock mode {retention.mode!r}")
        if retention.until <= self._clock.now():
            raise ArchiveStoreError("InvalidArgument: the retain until date must be in the future")
        if not 0 < len(key.encode()) <= MAX_KEY or not key.isprintable() or key.startswith("/"):
            raise ArchiveStoreError(f"KeyTooLongError, or no key of ours: {key!r}")

    def check_extension(self, key: str, version_id: str, retention: Retention) -> None:
        """Raise ArchiveStoreError for what S3 refuses to make of a lock; IntegrityError if it takes none."""
        found = self.find(key, version_id)
        if found is None or found.data is None:
            raise ArchiveStoreError(f"NoSuchVersion: {key} has no version {version_id}")
        if key in self.refuses_extension:
            raise ArchiveStoreError(f"AccessDenied: {key} may not be locked for longer")
        self.check_put(key, found.data, hash_of(found.data).hexdigest(), retention)
        lock = found.retention
        if lock is not None and lock.until > self._clock.now():
            if retention.until < lock.until:
                raise ArchiveStoreError(f"AccessDenied: {key} is locked until {lock.until}")
            if retention.mode != lock.mode:
                raise ArchiveStoreError(f"AccessDenied: {key} is locked in mode {lock.mode}")

    def lock_version(self, key: str, version_id: str, retention: Retention) -> None:
        """One version has this lock now."""
        self._objects[key] = [
            replace(s, retention=retention) if s.version_id == version_id else s for s in self._objects[key]
        ]

    def _replace_latest(self, key: str, change: Callable[[Stored], Stored]) -> None:
        self._objects[key][-1] = change(self._objects[key][-1])


def check_metadata(metadata: Mapping[str, str]) -> None:
    """Raise ArchiveStoreError for metadata that does not travel in HTTP headers as it is."""
    for name, value in metadata.items():
        if not (name.isascii() and value.isascii() and value.isprintable()) or name != name.lower():
            raise ArchiveStoreError(f"metadata {name!r}: {value!r} does not fit into a header")
    if sum(len(name) + len(value) for name, value in metadata.items()) > MAX_METADATA:
        raise ArchiveStoreError("MetadataTooLarge")
