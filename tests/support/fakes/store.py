"""A versioned, object-locked bucket in memory."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from threading import RLock
from typing import BinaryIO

from audit_archive.errors import IntegrityError
from audit_archive.format.facts import ObjectRef
from audit_archive.ports import Clock, NewObject, ObjectFacts, Retention, Version
from tests.support.fakes.bucket import Bucket, Stored, check_metadata

CHUNK = 1 << 16


class FakeStore(Bucket):
    """An ArchiveStore, strict: it refuses what S3 refuses, and what an emulator might let pass.

    `calls` counts them by name. Its puts are atomic under threads, as S3's are. What can happen to a bucket
    from other hands (`tamper`, `mark_deleted`, ...) is its base class.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.calls: Counter[str] = Counter()
        self._lock = RLock()

    def put(
        self, key: str, body: BinaryIO, sha256: str, retention: Retention, metadata: Mapping[str, str]
    ) -> ObjectRef:
        body.seek(0)
        data = body.read()
        with self._lock:
            self.calls["put"] += 1
            self.check_put(key, data, sha256, retention)
            check_metadata(metadata)
            stored = self.add(key, Stored("", data, sha256, retention, dict(metadata)))
        if not self.is_versioned:
            raise IntegrityError(f"no version of {key} was made")
        return ObjectRef(key, stored.version_id, sha256)

    def put_all(
        self, objects: Iterable[NewObject], retention: Retention, metadata: Mapping[str, str]
    ) -> None:
        """One after the other, so that a run can be killed between any two of them."""
        for each in objects:
            self.put(each.key, each.body, each.sha256, retention, metadata)

    def create(self, key: str, body: bytes, sha256: str, retention: Retention) -> None:
        with self._lock:
            self.calls["create"] += 1
            self.check_put(key, body, sha256, retention)
            if self.latest(key) is None:
                self.add(key, Stored("", bytes(body), sha256, retention))

    def extend(self, key: str, version_id: str, retention: Retention) -> None:
        with self._lock:
            self.calls["extend"] += 1
            self.check_extension(key, version_id, retention)
            self.lock_version(key, version_id, retention)

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        with self._lock:
            self.calls["inspect"] += 1
            found = self.latest(key) if version_id is None else self.find(key, version_id)
        if found is None or found.data is None:
            return None
        return ObjectFacts(
            key, found.version_id, len(found.data), found.sha256, found.retention, found.encryption
        )

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        with self._lock:
            self.calls["read"] += 1
            found = self.find(key, version_id)
        if found is None or found.data is None:
            raise IntegrityError(f"there is no version {version_id} of {key}")
        for at in range(0, len(found.data), CHUNK):
            yield found.data[at : at + CHUNK]

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        with self._lock:
            self.calls["versions"] += 1
            keys = [key for key in self.all_keys() if key.startswith(prefix) and key > after_key]
            rows = [Version(k, s.version_id, s.data is None) for k in keys for s in self.history(k)[::-1]]
        yield from rows

    def folders(self, prefix: str) -> Iterator[str]:
        with self._lock:
            self.calls["folders"] += 1
            keys = [key.removeprefix(prefix) for key in self.all_keys() if key.startswith(prefix)]
        yield from sorted({key.partition("/")[0] for key in keys if "/" in key})
