"""What S3 can answer that the emulators don't: refusals, lost answers, damage on the way."""

import random
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any

import boto3
import pytest
from botocore.config import Config

from audit_archive.adapters.aws import client_config
from audit_archive.adapters.s3 import READ_BYTES, UNSTATED, S3ArchiveStore, S3ReportStore
from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.format.facts import LockMode, ObjectRef
from audit_archive.ports import Retention
from tests.support.rows import all_rows
from tests.support.scripted import answer, reset, scripted, silence
from tests.support.stubbed import answering, client, failing

DATA = b"the statement"
DIGEST = sha256(DATA).hexdigest()
LOCK = Retention(LockMode.GOVERNANCE, 2_000_000_000)
CHECKSUM = b64encode(sha256(DATA).digest()).decode()
WHOLE = {
    "ContentLength": len(DATA),
    "VersionId": "v1",
    "ChecksumSHA256": CHECKSUM,
    "ObjectLockMode": "GOVERNANCE",
    "ObjectLockRetainUntilDate": datetime.fromtimestamp(LOCK.until, UTC),
    "ServerSideEncryption": "AES256",
}


def create(s3: Any) -> None:
    S3ArchiveStore(s3, "bucket").create("key", DATA, DIGEST, LOCK)


def put(s3: Any) -> None:
    S3ArchiveStore(s3, "bucket").put("key", BytesIO(DATA), DIGEST, LOCK, {})


@all_rows(
    ("code", "status"),
    [
        ("PreconditionFailed", 412),
        ("ConditionalRequestConflict", 409),
        ("OperationAborted", 409),
        ("InternalError", 500),
        ("SlowDown", 503),
        ("502", 502),
    ],
)
def test_create_is_silent_where_only_a_read_tells(code: str, status: int) -> None:
    with failing("s3", "put_object", code, status) as s3:
        create(s3)


def test_create_is_silent_when_no_answer_comes() -> None:
    create(client("s3"))
    for script in (reset, silence):
        with scripted(script) as server:
            create(client("s3", server.url))


def test_create_after_its_own_lost_success_finds_the_object_and_is_silent() -> None:
    patient = Config(retries={"total_max_attempts": 2}, s3={"addressing_style": "path"})
    taken = answer("<Error><Code>PreconditionFailed</Code></Error>", 412)
    with scripted(reset, taken) as server:
        create(client("s3", server.url, patient))
    assert len(server.requests) == 2
    assert all("If-None-Match: *" in request for request in server.requests)


@all_rows(
    ("code", "status", "advice"),
    [
        ("AccessDenied", 403, "role and the bucket policy"),
        ("NoSuchBucket", 404, "bucket does not exist"),
        ("BadDigest", 400, "No object was stored"),
        ("InvalidRequest", 400, "Object Lock"),
        ("EntityTooLarge", 400, "5 GB"),
        ("ExpiredToken", 400, "log in"),
        ("SomethingNew", 400, "next run"),
    ],
)
def test_a_definite_refusal_says_what_to_do(code: str, status: int, advice: str) -> None:
    for act in (create, put):
        with failing("s3", "put_object", code, status) as s3, pytest.raises(ArchiveStoreError, match=advice):
            act(s3)


def test_without_credentials_nothing_was_made(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    nobody = boto3.Session().client("s3", region_name="eu-west-1")
    with pytest.raises(ArchiveStoreError, match="no AWS credentials"):
        create(nobody)


@pytest.mark.parametrize("code", [500, 503])
def test_a_put_that_was_not_answered_is_an_error(code: int) -> None:
    with (
        failing("s3", "put_object", "Whatever", code) as s3,
        pytest.raises(ArchiveStoreError, match="next run"),
    ):
        put(s3)
    with pytest.raises(ArchiveStoreError, match="next run"):
        put(client("s3"))


@pytest.mark.parametrize(
    "answered",
    [
        [("put_object", {"VersionId": "null"})],
        [
            ("put_object", {}),
            *[("head_object", {"ContentLength": len(DATA), "ChecksumSHA256": CHECKSUM})] * 2,
        ],
        [("put_object", {}), ("head_object", WHOLE | {"ChecksumSHA256": "bm90IG91cnM="})],
    ],
    ids=["suspended", "off", "of-others"],
)
def test_a_put_without_a_version_is_not_whole(answered: list[tuple[str, dict[str, Any]]]) -> None:
    with answering("s3", *answered) as s3, pytest.raises(IntegrityError, match="versioning is off"):
        put(s3)


def test_a_put_whose_answer_was_cut_off_asks_for_the_version() -> None:
    with answering("s3", ("put_object", {}), ("head_object", WHOLE)) as s3:
        ref = S3ArchiveStore(s3, "bucket").put("key", BytesIO(DATA), DIGEST, LOCK, {})
    assert ref == ObjectRef("key", "v1", DIGEST)


def test_a_put_is_one_request_with_checksum_lock_and_encryption() -> None:
    with scripted(answer("", headers={"x-amz-version-id": "v1"})) as server:
        ref = S3ArchiveStore(client("s3", server.url), "bucket").put(
            "a/key", BytesIO(DATA), DIGEST, LOCK, {"console": "c1"}
        )
    assert ref.version_id == "v1"
    (request,) = server.requests
    head = request.lower()
    assert head.startswith("put /bucket/a/key http/1.1")
    checksum = b64encode(sha256(DATA).digest()).decode()
    for line in (
        f"x-amz-checksum-sha256: {checksum}",
        "x-amz-object-lock-mode: GOVERNANCE",
        "x-amz-server-side-encryption: AES256",
        "x-amz-object-lock-retain-until-date: 2033-05-18T03:33:20Z",
        "x-amz-meta-console: c1",
        f"content-length: {len(DATA)}",
    ):
        assert line.lower() in head
    assert request.endswith(DATA.decode())


@pytest.mark.parametrize(("code", "status"), [("404", 404), ("405", 405), ("NoSuchVersion", 404)])
def test_what_is_absent_has_no_facts(code: str, status: int) -> None:
    with failing("s3", "head_object", code, status) as s3:
        assert S3ArchiveStore(s3, "bucket").inspect("key", "v1") is None


@pytest.mark.parametrize(("code", "status"), [("403", 403), ("400", 400), ("503", 503)])
def test_what_can_t_be_inspected_is_not_called_absent(code: str, status: int) -> None:
    with (
        failing("s3", "head_object", code, status) as s3,
        pytest.raises(ArchiveStoreError, match="inspected"),
    ):
        S3ArchiveStore(s3, "bucket").inspect("key")


@pytest.mark.parametrize(
    "garbled",
    [
        WHOLE | {"ChecksumSHA256": "\xff" + CHECKSUM[1:]},
        WHOLE | {"ChecksumSHA256": CHECKSUM[1:]},
        {name: value for name, value in WHOLE.items() if name != "ContentLength"},
    ],
    ids=["no ASCII", "no Base64", "no length"],
)
def test_an_answer_that_makes_no_sense_is_no_fact(garbled: dict[str, Any]) -> None:
    with answering("s3", ("head_object", garbled)) as s3, pytest.raises(ArchiveStoreError, match="inspected"):
        S3ArchiveStore(s3, "bucket").inspect("key")


def test_the_facts_never_claim_more_than_s3_said() -> None:
    """What looks unlocked or unencrypted is asked for twice: a head that was cut off looks so."""
    bare = {"ContentLength": 1}
    parts = {"ContentLength": 1, "VersionId": "v1", "ChecksumSHA256": f"{CHECKSUM}-2"}
    half = {"ContentLength": 1, "VersionId": "v1", "ObjectLockMode": "GOVERNANCE"}
    cut = {name: value for name, value in WHOLE.items() if name != "ServerSideEncryption"}
    answers = (bare, bare, parts, parts, half, half, bare, WHOLE, cut, WHOLE, cut, cut)
    with answering("s3", *(("head_object", each) for each in answers)) as s3:
        store = S3ArchiveStore(s3, "bucket")
        found = [store.inspect("key") for _ in range(6)]
    told = [(f.version_id, f.sha256, f.retention) for f in found if f is not None]
    assert told == [("null", None, None), ("v1", None, None), ("v1", None, None), *[("v1", DIGEST, LOCK)] * 3]
    encrypted = [facts.encryption for facts in found if facts is not None]
    assert encrypted == [*[UNSTATED] * 3, "AES256", "AES256", UNSTATED]


def test_an_answer_to_a_question_is_put_with_the_encryption_by_s3() -> None:
    with scripted(answer("")) as server:
        S3ReportStore(client("s3", server.url), "bucket").put("a.csv", BytesIO(DATA), DIGEST, "text/csv")
    (request,) = server.requests
    assert "x-amz-server-side-encryption: aes256" in request.lower()


@pytest.mark.parametrize(
    ("code", "status"), [("NoSuchKey", 404), ("NoSuchVersion", 404), ("MethodNotAllowed", 405)]
)
def test_reading_what_is_absent_is_an_integrity_error(code: str, status: int) -> None:
    with (
        failing("s3", "get_object", code, status) as s3,
        pytest.raises(IntegrityError, match="no version v1"),
    ):
        list(S3ArchiveStore(s3, "bucket").read("key", "v1"))


@pytest.mark.parametrize(
    ("code", "status"), [("NoSuchBucket", 404), ("AccessDenied", 403), ("SlowDown", 503)]
)
def test_reading_that_fails_is_a_store_error(code: str, status: int) -> None:
    with failing("s3", "get_object", code, status) as s3, pytest.raises(ArchiveStoreError, match="read"):
        list(S3ArchiveStore(s3, "bucket").read("key", "v1"))


def test_a_read_that_breaks_off_is_begun_anew() -> None:
    with scripted(answer(DATA[:4], length=len(DATA)), answer(DATA)) as server:
        found = b"".join(S3ArchiveStore(client("s3", server.url), "bucket").read("key", "v1"))
    assert found == DATA
    assert len(server.requests) == 2


def test_what_was_read_before_a_break_is_not_read_twice() -> None:
    data = random.Random(5).randbytes(2 * READ_BYTES + 7)  # noqa: S311 - any bytes will do
    halves = [answer(data[:n], length=len(data)) for n in (2 * READ_BYTES + 1, READ_BYTES + 1)]
    with scripted(*halves, answer(data)) as server:
        found = list(S3ArchiveStore(client("s3", server.url), "bucket").read("key", "v1"))
    assert b"".join(found) == data
    assert b"" not in found


def test_a_read_that_always_breaks_off_is_a_store_error() -> None:
    with (
        scripted(answer(b"half", length=100)) as server,
        pytest.raises(ArchiveStoreError, match="read"),
    ):
        list(S3ArchiveStore(client("s3", server.url), "bucket").read("key", "v1"))
    assert len(server.requests) == 3


def test_bytes_that_do_not_fit_s3_s_own_checksum_are_damaged() -> None:
    checksum = b64encode(sha256(b"other").digest()).decode()
    said = answer(DATA, headers={"x-amz-checksum-sha256": checksum, "x-amz-checksum-type": "FULL_OBJECT"})
    with scripted(said) as server, pytest.raises(IntegrityError, match="damaged"):
        list(S3ArchiveStore(client("s3", server.url), "bucket").read("key", "v1"))


def test_a_listing_that_fails_is_a_store_error() -> None:
    with (
        failing("s3", "list_object_versions", "AccessDenied", 403) as s3,
        pytest.raises(ArchiveStoreError, match="listed"),
    ):
        list(S3ArchiveStore(s3, "bucket").versions("statements/"))


def test_a_client_of_ours_gives_up_on_silence_and_backs_off() -> None:
    config = client_config(read_timeout=7)
    assert (config.connect_timeout, config.read_timeout) == (20, 7)  # type: ignore[attr-defined]  # stub lacks them
    assert config.retries == {"mode": "adaptive", "total_max_attempts": 6}  # type: ignore[attr-defined]  # as above
