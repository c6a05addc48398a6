"""Amazon S3: the archive bucket (versioned, with Object Lock), the bucket for answers, and links to objects.

Every put is one request.
"""

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import FlexibleChecksumError

from audit_archive.adapters.aws import CONNECTIONS, AwsFault, error_code, failure_sentence, http_status
from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.format.codec import member_of
from audit_archive.format.facts import LockMode, ObjectRef
from audit_archive.format.keys import from_base64
from audit_archive.ports import ENCRYPTION, NewObject, ObjectFacts, Retention, Version

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef


_DAMAGED = "The bytes were damaged on their way to S3. No object was stored. Run again."
_UNLOCKED = "Most likely the bucket has no Object Lock: use the bucket that the template makes."
_ROLE = "Check the function's role and the bucket policy."
_ADVICE = {
    "AccessDenied": _ROLE,
    "403": _ROLE,
    "NoSuchBucket": "The stack's bucket does not exist: check its name, or deploy the stack again.",
    "BadDigest": _DAMAGED,
    "InvalidDigest": _DAMAGED,
    "XAmzContentChecksumMismatch": _DAMAGED,
    "InvalidRequest": _UNLOCKED,
    "ObjectLockConfigurationNotFoundError": _UNLOCKED,
    "EntityTooLarge": "One put carries 5 GB at most: purge the Console more often.",
    "ExpiredToken": "The credentials have expired: log in again.",
    "NoCredentialsError": "There are no AWS credentials: log in, or give the function a role.",
    "SlowDown": "S3 is throttling. The next run tries again.",
}
_NO_LOCKS = {"InvalidRequest", "ObjectLockConfigurationNotFoundError"}
_LOCK = re.compile(r"object ?lock", re.IGNORECASE)
_OTHERWISE = "The next run tries again."

_ABSENT = {"404", "405", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}
"""No such object or version; 405 is how S3 answers a read of a delete marker."""

_IN_THE_WAY = {"PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "412", "409"}
"""The answers to `If-None-Match: *` if an object exists, or is being made at this moment."""

_LOCAL = {"NoCredentialsError", "PartialCredentialsError", "ParamValidationError", "NoRegionError"}
"""Faults found before anything was sent."""


UNSTATED = "no encryption that S3 states"
"""In place of an encryption, where S3's answer names none: it does so for keys of the caller's (SSE-C)."""

READ_BYTES = 1 << 20
"""Bytes of a chunk."""

BODY_READS = 3
"""How often the reading of a body is begun."""


def store_error(action: str, error: Exception) -> ArchiveStoreError | IntegrityError:
    """The error to raise for a failed request. `action`: a clause like 'The object x could not be put'.

    IntegrityError if the bucket takes no locks, since that is not an outage; else ArchiveStoreError.
    """
    sentence = failure_sentence(action, error, _ADVICE, _OTHERWISE)
    takes_no_locks = error_code(error) in _NO_LOCKS and _LOCK.search(sentence.partition(_UNLOCKED)[0])
    return IntegrityError(sentence) if takes_no_locks else ArchiveStoreError(sentence)


def is_absent(error: Exception) -> bool:
    """Whether S3 says that there is no such object or version. False for a missing bucket."""
    return error_code(error) in _ABSENT


def is_definite_refusal(error: Exception) -> bool:
    """Whether a put with `If-None-Match: *` certainly made no object, and its key is not taken.

    Server faults, timeouts and lost connections are not definite: the object may have been made. A taken key
    is not definite either: a repeat by the SDK finds the object that the first attempt made.
    """
    if error_code(error) in _IN_THE_WAY:
        return False
    return error_code(error) in _LOCAL or 400 <= http_status(error) < 500  # noqa: PLR2004 - HTTP's client errors


class S3ArchiveStore:
    """An ArchiveStore over one bucket.

    The role needs s3:ListBucket: without it S3 answers 403 for an absent object.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """`client` should be made with `aws.client_config()`."""
        self._client = client
        self._bucket = bucket

    def put(
        self, key: str, body: BinaryIO, sha256: str, retention: Retention, metadata: Mapping[str, str]
    ) -> ObjectRef:
        """A repeat by the SDK may leave a second, identical version. Both are locked."""
        body.seek(0)
        request = self._locked(key, sha256, retention)
        try:
            answer = self._client.put_object(**request, Body=body, Metadata=dict(metadata))
        except AwsFault as error:
            raise store_error(f"The object {key} could not be put", error) from error
        version_id = answer.get("VersionId") or self._version_with(key, sha256)
        if version_id == "null":
            raise IntegrityError(
                f"S3 made no version of {key}: versioning is off in the bucket {self._bucket}. An object "
                "without a version can be deleted. Restore versioning and Object Lock, then run again."
            )
        return ObjectRef(key, version_id, sha256)

    def put_all(
        self, objects: Iterable[NewObject], retention: Retention, metadata: Mapping[str, str]
    ) -> None:
        """A client of botocore may be used by several threads. A body is read from its file as it is sent."""

        def put(each: NewObject) -> ObjectRef:
            return self.put(each.key, each.body, each.sha256, retention, metadata)

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            puts = [pool.submit(put, each) for each in objects]
            wait(puts, return_when=FIRST_EXCEPTION)
            pool.shutdown(cancel_futures=True)
        for done in puts:
            if not done.cancelled():
                done.result()

    def create(self, key: str, body: bytes, sha256: str, retention: Retention) -> None:
        """S3 makes the object only if the key is free. It answers 412 or 409 otherwise."""
        try:
            self._client.put_object(**self._locked(key, sha256, retention), Body=body, IfNoneMatch="*")
        except AwsFault as error:
            if is_definite_refusal(error):
                raise store_error(f"The object {key} could not be created", error) from error

    def extend(self, key: str, version_id: str, retention: Retention) -> None:
        """The role needs s3:PutObjectRetention. Without s3:BypassGovernanceRetention S3 never shortens."""
        lock: Any = {"Mode": retention.mode, "RetainUntilDate": datetime.fromtimestamp(retention.until, UTC)}
        try:
            self._client.put_object_retention(
                Bucket=self._bucket, Key=key, VersionId=version_id, Retention=lock
            )
        except AwsFault as error:
            action = f"The lock of {key} (version {version_id}) could not be extended"
            raise store_error(action, error) from error

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        # An answer whose head was cut off looks like an object without a lock or encryption: ask again.
        facts = self._head(key, version_id)
        is_whole = facts is None or (facts.retention is not None and facts.encryption != UNSTATED)
        return facts if is_whole else self._head(key, version_id)

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
        """The request is made when the first chunk is asked for.

        The SDK repeats a request only until the body begins. If the body breaks off, it is requested again
        here, and the bytes already given are passed over.
        """
        done = 0
        for left in reversed(range(BODY_READS)):
            body = self._open(key, version_id)
            try:
                with closing(body):
                    for chunk in _beyond(done, body.iter_chunks(READ_BYTES)):
                        done += len(chunk)
                        yield chunk
            except FlexibleChecksumError as error:
                raise IntegrityError(
                    f"The bytes of {key} (version {version_id}) do not match the checksum that S3 keeps: the "
                    "object or its transfer was damaged."
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
        """S3 lists pages in key order. Each page has two lists, which are merged here."""
        pages = self._client.get_paginator("list_object_versions")
        marker: dict[str, Any] = {"KeyMarker": after_key} if after_key else {}
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, **marker):
                found = [Version(v["Key"], v["VersionId"], False) for v in page.get("Versions", ())]
                found += [Version(m["Key"], m["VersionId"], True) for m in page.get("DeleteMarkers", ())]
                yield from sorted((v for v in found if v.key > after_key), key=lambda v: v.key)
        except AwsFault as error:
            raise store_error(f"The versions under {prefix} could not be listed", error) from error

    def folders(self, prefix: str) -> Iterator[str]:
        # By versions: a folder whose objects are all hidden by delete markers is still one.
        pages = self._client.get_paginator("list_object_versions")
        try:
            for page in pages.paginate(Bucket=self._bucket, Prefix=prefix, Delimiter="/"):
                for found in page.get("CommonPrefixes", ()):
                    yield found["Prefix"].removeprefix(prefix).removesuffix("/")
        except AwsFault as error:
            raise store_error(f"The folders under {prefix} could not be listed", error) from error

    def _version_with(self, key: str, sha256: str) -> str:
        """The latest version if it has these bytes, for a put whose answer lacks the version id."""
        facts = self.inspect(key)
        return facts.version_id if facts is not None and facts.sha256 == sha256 else "null"

    def _locked(self, key: str, sha256: str, retention: Retention) -> dict[str, Any]:
        """A put that S3 refuses if the bytes differ from `sha256`. It locks and encrypts what it makes."""
        return {
            "Bucket": self._bucket,
            "Key": key,
            "ChecksumAlgorithm": "SHA256",
            "ChecksumSHA256": b64encode(bytes.fromhex(sha256)).decode("ascii"),
            "ServerSideEncryption": ENCRYPTION,
            "ObjectLockMode": retention.mode,
            "ObjectLockRetainUntilDate": datetime.fromtimestamp(retention.until, UTC),
        }


def _version(version_id: str | None) -> dict[str, Any]:
    return {} if version_id is None else {"VersionId": version_id}


def _beyond(skip: int, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The bytes after the first `skip` ones."""
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
        retention=Retention(member_of(LockMode, mode), int(until.timestamp())) if mode and until else None,
        encryption=answer.get("ServerSideEncryption", UNSTATED),
    )


def _hex(checksum: str) -> str | None:
    """A checksum in hex; None for a checksum of parts (`...-2`), which is not a hash of the bytes."""
    return None if "-" in checksum else from_base64(checksum).hex()


class S3Links:
    """Links to objects of one bucket. Whoever has a link can download its object for a while, without AWS.

    The role itself needs s3:GetObject or s3:GetObjectVersion. A link ends early if the credentials that
    signed it end: `aws.seconds_left` says when.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """`client` should be made with `aws.link_config()`."""
        self._client = client
        self._bucket = bucket

    def link(self, key: str, version_id: str | None, seconds: int, *, shows: bool = False) -> str:
        """A link to one version, or to the latest.

        A browser saves the object and does not display it, unless the link `shows` it: for a page of ours.
        """
        name, how = key.rpartition("/")[2], "inline" if shows else "attachment"
        params: dict[str, Any] = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": f'{how}; filename="{name}"',
        }
        if version_id is not None:
            params["VersionId"] = version_id
        try:
            return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)
        except AwsFault as error:
            raise store_error(f"No link to {key} could be signed", error) from error


class S3ReportStore:
    """A ReportStore. The role needs s3:PutObject and s3:GetObject on the bucket's objects, no more."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """`client` as for S3Links."""
        self._client = client
        self._bucket = bucket
        self._links = S3Links(client, bucket)

    def put(self, key: str, body: BinaryIO, sha256: str, content_type: str) -> None:
        """One request: 5 GB at most."""
        body.seek(0)
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=b64encode(bytes.fromhex(sha256)).decode("ascii"),
                ServerSideEncryption="AES256",
                ContentType=content_type,
            )
        except AwsFault as error:
            raise store_error(f"The answer {key} could not be put", error) from error

    def link(self, key: str, seconds: int) -> str:
        return self._links.link(key, None, seconds)
