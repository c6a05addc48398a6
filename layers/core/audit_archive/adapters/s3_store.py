"""The archive bucket: Amazon S3 versioned, locked; every put one request."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import FlexibleChecksumError

from audit_archive.adapters.aws import AwsFault
from audit_archive.adapters.s3_errors import is_absent, is_definite_refusal, store_error
from audit_archive.domain.base64_text import from_base64
from audit_archive.domain.facts import ObjectRef
from audit_archive.errors import IntegrityError
from audit_archive.ports import ObjectFacts, Retention, Version

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

CHUNK = 1 << 20
READS = 3
"""How often a body is begun."""


class S3ArchiveStore:
    """One bucket. The role needs s3:ListBucket, or S3 answers 403 where an object is merely absent."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """`client` should be made with `aws.client_config()`."""
        self._client = client
        self._bucket = bucket

    def put(
        self, key: str, body: BinaryIO, sha256: str, retention: Retention, metadata: Mapping[str, str]
    ) -> ObjectRef:
        """As the port says. A repeat by the SDK may leave a second, identical version: both are locked."""
        body.seek(0)
        request = self._locked(key, sha256, retention)
        try:
            answer = self._client.put_object(**request, Body=body, Metadata=dict(metadata))
        except AwsFault as error:
            raise store_error(f"The object {key} could not be put", error) from error
        version_id = answer.get("VersionId") or self._version_with(key, sha256)
        if version_id == "null":
            raise IntegrityError(
                f"S3 made no version of {key}: the bucket {self._bucket} has versioning off. Nothing "
                "stored so is safe: restore its versioning and Object Lock, then run again."
            )
        return ObjectRef(key, version_id, sha256)

    def create(self, key: str, body: bytes, sha256: str, retention: Retention) -> None:
        """As the port says: S3 makes the object only if none has the key, else it answers 412 or 409."""
        try:
            self._client.put_object(**self._locked(key, sha256, retention), Body=body, IfNoneMatch="*")
        except AwsFault as error:
            if is_definite_refusal(error):
                raise store_error(f"The object {key} could not be created", error) from error

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        """As the port says.

        An answer whose head was cut off looks like one about an object without a lock: that is asked twice.
        """
        facts = self._head(key, version_id)
        return facts if facts is None or facts.retention else self._head(key, version_id)

    def _head(self, key: str, version_id: str | None) -> ObjectFacts | None:
        try:
            answer = self._client.head_object(
                Bucket=self._bucket, Key=key, ChecksumMode="ENABLED", **_version(version_id)
            )
            return _facts(key, answer)
        except AwsFault as error:
            if is_absent(error):
                return None
            raise store_error(f"The object {key} could not be inspected", error) from error

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        """As the port says; the request is made when the first chunk is asked for.

        The SDK repeats only what comes before a body: one that breaks off is asked for anew.
        """
        done = 0
        for left in reversed(range(READS)):
            body = self._open(key, version_id)
            try:
                with closing(body):
                    for chunk in _beyond(done, body.iter_chunks(CHUNK)):
                        done += len(chunk)
                        yield chunk
            except FlexibleChecksumError as error:
                raise IntegrityError(
                    f"The bytes of {key} (version {version_id}) do not have the checksum that S3 keeps for "
                    "them: the object is damaged, or the transfer was."
                ) from error
            except AwsFault as error:
                if not left:
                    raise store_error(f"The object {key} could not be read", error) from error
            else:
                return

    def _open(self, key: str, version_id: str) -> "StreamingBody":
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=key, VersionId=version_id, ChecksumMode="ENABLED"
            )
        except AwsFault as error:
            if is_absent(error):
                raise IntegrityError(f"There is no version {version_id} of {key} any more.") from error
            raise store_error(f"The object {key} could not be read", error) from error
        return answer["Body"]

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        """As the port says; S3 lists pages in key order, each page in two lists that are merged here."""
        pages = self._client.get_paginator("list_object_versions")
        marker: dict[str, Any] = {"KeyMarker": after_key} if after_key else {}
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, **marker):
                found = [Version(v["Key"], v["VersionId"], False) for v in page.get("Versions", ())]
                found += [Version(m["Key"], m["VersionId"], True) for m in page.get("DeleteMarkers", ())]
                yield from sorted((v for v in found if v.key > after_key), key=lambda v: v.key)
        except AwsFault as error:
            raise store_error(f"The versions under {prefix} could not be listed", error) from error

    def _version_with(self, key: str, sha256: str) -> str:
        """The latest version if it has these bytes: for the answer to a put whose head was cut off."""
        facts = self.inspect(key)
        return facts.version_id if facts is not None and facts.sha256 == sha256 else "null"

    def _locked(self, key: str, sha256: str, retention: Retention) -> dict[str, Any]:
        """A put that S3 refuses if the bytes differ from `sha256`, and that locks what it makes."""
        return {
            "Bucket": self._bucket,
            "Key": key,
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": b64encode(bytes.fromhex(sha256)).decode("ascii"),
            "ObjectLockMode": retention.mode,
            "ObjectLockRetainUntilDate": datetime.fromtimestamp(retention.until, UTC),
        }


def _version(version_id: str | None) -> dict[str, Any]:
    return {} if version_id is None else {"VersionId": version_id}


def _beyond(skip: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """What comes after the first bytes."""
    for chunk in chunks:
        if len(chunk) > skip:
            yield chunk[skip:]
        skip = max(0, skip - len(chunk))


def _facts(key: str, answer: "HeadObjectOutputTypeDef") -> ObjectFacts:
    checksum = answer.get("ChecksumSHA256")
    mode, until = answer.get("ObjectLockMode"), answer.get("ObjectLockRetainUntilDate")
    return ObjectFacts(
        key=key,
        version_id=answer.get("VersionId", "null"),
        size=answer["ContentLength"],
        sha256=_hex(checksum) if checksum else None,
        retention=Retention(mode, int(until.timestamp())) if mode and until else None,
    )


def _hex(checksum: str) -> str | None:
    """The checksum as we write it; None for one of parts (`...-2`), which is no hash of the bytes."""
    return None if "-" in checksum else from_base64(checksum).hex()
