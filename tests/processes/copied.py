"""A copy of a bucket for `tests/support/reading.py`: every version of every object, with its lock."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from audit_archive.format.facts import LockMode
from audit_archive.ports import Retention
from tests.support.fakes import FakeClock
from tests.support.fakes.bucket import Bucket, Stored

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class CopiedBucket(Bucket):
    """Grows with the bucket: what is locked can't change, so that only new versions are fetched."""

    def __init__(self, s3: "S3Client", name: str) -> None:
        super().__init__(FakeClock())
        self._s3 = s3
        self._name = name

    def refresh(self) -> None:
        """Fetch the versions made since. AssertionError for a delete marker."""
        statements = list(self._versions("statements/"))
        # Listed second, so that everything is there that those statements speak of.
        others = [found for found in self._versions("") if not found[0].startswith("statements/")]
        for key, version_id in reversed(statements + others):  # S3 lists the newest version of a key first
            if self.find(key, version_id) is None:
                self._objects.setdefault(key, []).append(self._fetch(key, version_id))

    def _versions(self, prefix: str) -> Iterator[tuple[str, str]]:
        pages = self._s3.get_paginator("list_object_versions")
        for page in pages.paginate(Bucket=self._name, Prefix=prefix):
            assert not page.get("DeleteMarkers"), "somebody deletes"
            yield from ((found["Key"], found["VersionId"]) for found in page.get("Versions", []))

    def _fetch(self, key: str, version_id: str) -> Stored:
        found = self._s3.get_object(Bucket=self._name, Key=key, VersionId=version_id)
        lock = None
        if "ObjectLockMode" in found:
            lock = Retention(
                LockMode(found["ObjectLockMode"]), int(found["ObjectLockRetainUntilDate"].timestamp())
            )
        return Stored(version_id, found["Body"].read(), retention=lock)
