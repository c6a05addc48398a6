"""The contract of ArchiveStore, on the fake and on S3ArchiveStore with both emulators.

Where an emulator is left out its lie is named: moto accepts any checksum, shortens locks and
changes their mode, and its conditional writes are not atomic; both take a lock of an
unknown mode or of a past date, which S3 refuses. A check that can't fail is no check.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from itertools import pairwise
from threading import Barrier
from time import sleep, time
from typing import Any
from uuid import uuid4

import pytest

from audit_archive.adapters.aws import CONNECTIONS
from audit_archive.adapters.machine import SystemClock
from audit_archive.adapters.s3 import S3ArchiveStore
from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.format.codec import member_of
from audit_archive.format.facts import LockMode, ObjectRef
from audit_archive.ports import ENCRYPTION, ArchiveStore, NewObject, Retention, Version
from tests.support import aws
from tests.support.fakes import FakeStore

HOUR = 3600
everywhere = pytest.mark.parametrize(
    "endpoint", ["fake", pytest.param("moto", marks=pytest.mark.wide), "ministack"], indirect=True
)
only_fake = pytest.mark.parametrize("endpoint", ["fake"], indirect=True)
not_moto = pytest.mark.parametrize("endpoint", ["fake", "ministack"], indirect=True)


@dataclass
class Subject:
    """A store, a folder in it that is ours alone, and what a stranger can do to it."""

    store: FakeStore | S3ArchiveStore
    folder: str
    mark_deleted: Callable[[str], object]

    def key(self, name: str) -> str:
        return f"{self.folder}{name}"

    def put(self, name: str, data: bytes) -> ObjectRef:
        return self.store.put(self.key(name), BytesIO(data), digest(data), lock(), {})

    def create(self, name: str, data: bytes) -> None:
        self.store.create(self.key(name), data, digest(data), lock())

    def read(self, ref: ObjectRef) -> bytes:
        return b"".join(self.store.read(ref.key, ref.version_id))

    def versions(self, name: str = "") -> list[Version]:
        return list(self.store.versions(self.key(name)))


@pytest.fixture
def subject(endpoint: str | None) -> Subject:
    folder = f"tests/{uuid4().hex}/"
    if endpoint is None:
        fake = FakeStore(SystemClock())
        return Subject(fake, folder, fake.mark_deleted)
    s3, bucket = aws.client("s3", endpoint), aws.locked_bucket(endpoint)
    return Subject(S3ArchiveStore(s3, bucket), folder, lambda key: s3.delete_object(Bucket=bucket, Key=key))


@pytest.fixture
def unlocked(endpoint: str | None) -> ArchiveStore:
    """A bucket that somebody made by hand, without Object Lock."""
    if endpoint is None:
        fake = FakeStore(SystemClock())
        fake.is_locking = False
        return fake
    return S3ArchiveStore(aws.client("s3", endpoint), aws.plain_bucket(endpoint))


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


def lock(seconds: int = HOUR, mode: str = LockMode.GOVERNANCE) -> Retention:
    return Retention(member_of(LockMode, mode), int(time()) + seconds)


@everywhere
@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 20_000], ids=["empty", "byte", "5 MB"])
def test_what_was_put_is_read_back_by_its_version(subject: Subject, data: bytes) -> None:
    ref = subject.put("a", data)
    assert ref.key == subject.key("a")
    assert ref.sha256 == digest(data)
    assert subject.read(ref) == data


@everywhere
def test_the_facts_are_those_of_the_put(subject: Subject) -> None:
    until = lock(mode="COMPLIANCE", seconds=2)
    ref = subject.store.put(subject.key("a"), BytesIO(b"abc"), digest(b"abc"), until, {"console": "c1"})
    facts = subject.store.inspect(ref.key)
    assert facts is not None
    assert (facts.key, facts.version_id, facts.size, facts.sha256) == (*_ids(ref), 3, digest(b"abc"))
    assert facts.retention == until
    assert facts.encryption == ENCRYPTION
    assert subject.store.inspect(ref.key, ref.version_id) == facts


@everywhere
def test_a_body_is_put_from_its_start(subject: Subject) -> None:
    body = BytesIO(b"abc")
    body.seek(0, 2)
    ref = subject.store.put(subject.key("a"), body, digest(b"abc"), lock(), {})
    assert subject.read(ref) == b"abc"


@everywhere
def test_many_objects_are_put_and_every_one_is_there(subject: Subject) -> None:
    texts = [f"text {number}".encode() for number in range(25)]
    files = [NewObject(subject.key(f"{n:02d}"), BytesIO(text), digest(text)) for n, text in enumerate(texts)]
    retention = lock()
    subject.store.put_all(files, retention, {"console": "1234abcd"})
    found = subject.versions()
    assert [subject.read(ObjectRef(each.key, each.version_id, "")) for each in found] == texts
    facts = subject.store.inspect(found[7].key)
    assert facts is not None
    assert facts.retention == retention


@not_moto
def test_one_damaged_object_of_many_is_the_error_of_all(subject: Subject) -> None:
    files = [
        NewObject(subject.key(f"{n:02d}"), BytesIO(b"text"), digest(b"text" if n != 3 else b"other"))
        for n in range(25)
    ]
    with pytest.raises(ArchiveStoreError, match="03"):
        subject.store.put_all(files, lock(), {})
    assert subject.key("03") not in {each.key for each in subject.versions()}
    subject.store.put_all([], lock(), {})


@everywhere
def test_a_second_put_is_a_second_version_and_the_first_stays(subject: Subject) -> None:
    first, second = subject.put("a", b"1"), subject.put("a", b"2")
    assert first.version_id != second.version_id
    assert (subject.read(first), subject.read(second)) == (b"1", b"2")
    latest = subject.store.inspect(first.key)
    assert latest is not None
    assert latest.version_id == second.version_id


@not_moto
def test_damaged_bytes_are_refused(subject: Subject) -> None:
    with pytest.raises(ArchiveStoreError, match=r"(?i)digest|checksum"):
        subject.store.put(subject.key("a"), BytesIO(b"damaged"), digest(b"whole"), lock(), {})
    with pytest.raises(ArchiveStoreError, match=r"(?i)digest|checksum"):
        subject.store.create(subject.key("a"), b"damaged", digest(b"whole"), lock())
    assert subject.versions() == []


@only_fake
@pytest.mark.parametrize("retention", [lock(-HOUR), lock(mode="FOREVER")], ids=["past", "unknown mode"])
def test_a_lock_that_locks_nothing_is_refused(subject: Subject, retention: Retention) -> None:
    with pytest.raises(ArchiveStoreError):
        subject.store.put(subject.key("a"), BytesIO(b""), digest(b""), retention, {})
    with pytest.raises(ArchiveStoreError):
        subject.store.create(subject.key("a"), b"", digest(b""), retention)


@everywhere
def test_a_bucket_without_object_lock_refuses(unlocked: ArchiveStore) -> None:
    with pytest.raises(IntegrityError, match=r"Object ?Lock"):
        unlocked.put("a", BytesIO(b""), digest(b""), lock(), {})
    with pytest.raises(IntegrityError, match=r"Object ?Lock"):
        unlocked.create("a", b"", digest(b""), lock())


@everywhere
def test_create_makes_an_object_where_none_is(subject: Subject) -> None:
    until = lock()
    subject.store.create(subject.key("a"), b"one", digest(b"one"), until)
    facts = subject.store.inspect(subject.key("a"))
    assert facts is not None
    assert (facts.size, facts.sha256, facts.retention) == (3, digest(b"one"), until)
    assert facts.encryption == ENCRYPTION


@everywhere
def test_create_leaves_what_is_there_and_says_nothing(subject: Subject) -> None:
    subject.create("a", b"one")
    subject.create("a", b"two")
    (only,) = subject.versions("a")
    assert subject.read(ObjectRef(only.key, only.version_id, "")) == b"one"


@not_moto
def test_of_many_that_create_at_once_one_wins(subject: Subject) -> None:
    with ThreadPoolExecutor(8) as pool:
        for turn in range(5):
            list(pool.map(lambda n, t=turn: subject.create(f"race{t}", b"%d" % n), range(8)))
    assert len(subject.versions("race")) == 5


@everywhere
def test_what_is_not_there_has_no_facts_and_can_t_be_read(subject: Subject) -> None:
    ref = subject.put("a", b"1")
    assert subject.store.inspect(subject.key("absent")) is None
    with pytest.raises(IntegrityError, match="no version"):
        list(subject.store.read(subject.key("absent"), ref.version_id))


@everywhere
def test_a_delete_marker_hides_the_latest_but_no_version(subject: Subject) -> None:
    ref = subject.put("a", b"1")
    subject.mark_deleted(ref.key)
    assert subject.store.inspect(ref.key) is None
    assert subject.read(ref) == b"1"
    rows = subject.versions()
    assert sorted(row.is_delete_marker for row in rows) == [False, True]
    marker = next(row for row in rows if row.is_delete_marker)
    assert subject.store.inspect(ref.key, marker.version_id) is None
    with pytest.raises(IntegrityError, match="no version"):
        list(subject.store.read(ref.key, marker.version_id))


@everywhere
def test_versions_come_in_the_order_of_keys_after_a_key(subject: Subject) -> None:
    for name in ("b/1", "a/2", "a/1", "a/3", "a/1"):
        subject.put(name, name.encode())
    subject.mark_deleted(subject.key("a/2"))
    names = [row.key.removeprefix(subject.folder) for row in subject.versions("a/")]
    assert names == ["a/1", "a/1", "a/2", "a/2", "a/3"]
    after = subject.store.versions(subject.key("a/"), after_key=subject.key("a/1"))
    assert [row.key.removeprefix(subject.folder) for row in after] == ["a/2", "a/2", "a/3"]
    assert list(subject.store.versions(subject.key("a/"), after_key=subject.key("a/3"))) == []


@pytest.mark.parametrize("endpoint", ["moto", "ministack"], indirect=True)
def test_versions_come_page_by_page(endpoint: str) -> None:
    """Each page is made to hold three of them."""
    s3, bucket = aws.client("s3", endpoint, aws.PLAIN), aws.locked_bucket(endpoint)
    pages: list[int] = []

    def cut(params: dict[str, Any], **_: object) -> dict[str, Any]:
        pages.append(1)
        return params | {"MaxKeys": 3}

    s3.meta.events.register("provide-client-params.s3.ListObjectVersions", cut)
    store = S3ArchiveStore(s3, bucket)
    for name in "abcdefgh":
        store.create(f"x/{name}", b"", digest(b""), lock())
    assert [row.key for row in store.versions("x/")] == [f"x/{name}" for name in "abcdefgh"]
    assert len(pages) == 3


@pytest.mark.parametrize(
    "endpoint", ["fake", pytest.param("ministack", marks=pytest.mark.wide)], indirect=True
)  # moto: not for a lie, it takes 11 s
def test_more_versions_than_one_page_holds(subject: Subject) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: subject.create(f"{n:04d}", b""), range(1_010)))
    rows = subject.versions()
    assert len(rows) == 1_010
    assert all(a.key < b.key for a, b in pairwise(rows))


def _ids(ref: ObjectRef) -> tuple[str, str]:
    return ref.key, ref.version_id


@everywhere
def test_a_lock_is_extended_in_its_own_version(subject: Subject) -> None:
    first, second = subject.put("a", b"1"), subject.put("a", b"2")
    longer = lock(5 * HOUR)
    subject.store.extend(*_ids(first), longer)
    subject.store.extend(*_ids(first), longer)  # as the SDK repeats it
    found = [subject.store.inspect(*_ids(ref)) for ref in (first, second)]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].retention == longer
    assert found[1].retention is not None
    assert found[1].retention.until < longer.until - HOUR
    assert subject.read(first) == b"1"


@not_moto
def test_no_lock_in_force_is_shortened(subject: Subject) -> None:
    ref = subject.put("a", b"1")
    before = subject.store.inspect(*_ids(ref))
    with pytest.raises(ArchiveStoreError, match=r"a.*could not be extended|is locked until"):
        subject.store.extend(*_ids(ref), lock(60))
    assert subject.store.inspect(*_ids(ref)) == before


@not_moto
def test_a_lock_in_force_keeps_its_mode(subject: Subject) -> None:
    until = lock(mode="COMPLIANCE", seconds=HOUR)
    ref = subject.store.put(subject.key("a"), BytesIO(b"1"), digest(b"1"), until, {})
    with pytest.raises(ArchiveStoreError):
        subject.store.extend(*_ids(ref), lock(5 * HOUR))
    found = subject.store.inspect(*_ids(ref))
    assert found is not None
    assert found.retention == until


@everywhere
def test_what_is_not_there_cannot_be_locked(subject: Subject) -> None:
    ref = subject.put("a", b"1")
    for key, version_id in ((subject.key("b"), ref.version_id), (ref.key, "nosuchversion")):
        with pytest.raises(ArchiveStoreError):
            subject.store.extend(key, version_id, lock(5 * HOUR))


@everywhere
def test_the_folders_under_a_prefix_are_named_once_each(subject: Subject) -> None:
    """Also one whose objects are all hidden by delete markers; an object beside them is no folder."""
    for name in ("console=a/1", "console=a/2", "console=a-b/1", "console=b/c/1", "loose"):
        subject.put(name, b"x")
    subject.mark_deleted(subject.key("console=a-b/1"))
    assert sorted(subject.store.folders(subject.folder)) == ["console=a", "console=a-b", "console=b"]
    assert list(subject.store.folders(f"{subject.folder}none/")) == []


class _Bucket:
    """A bucket that answers a put once as many are under way as a client can make at once."""

    def __init__(self) -> None:
        self._together = Barrier(CONNECTIONS)

    def put_object(self, **_: object) -> dict[str, str]:
        self._together.wait(30)
        return {"VersionId": "1"}


class _RefusingBucket:
    """A bucket that refuses one put and takes its time for the others."""

    def __init__(self, refused: str) -> None:
        self.begun, self._refused = list[str](), refused

    def put_object(self, **request: Any) -> dict[str, str]:
        self.begun.append(request["Key"])
        if request["Key"] == self._refused:
            raise ValueError("no answer that can be read")
        sleep(0.05)
        return {"VersionId": "1"}


def _objects(count: int) -> list[NewObject]:
    return [NewObject(f"{n:03d}", BytesIO(b"x"), digest(b"x")) for n in range(count)]


def test_as_many_are_put_at_once_as_a_client_has_connections() -> None:
    bucket: Any = _Bucket()
    S3ArchiveStore(bucket, "bucket").put_all(_objects(3 * CONNECTIONS), lock(), {})


def test_after_the_first_that_failed_no_further_put_is_begun() -> None:
    bucket: Any = _RefusingBucket("004")
    with pytest.raises(ArchiveStoreError, match="The object 004 could not be put"):
        S3ArchiveStore(bucket, "bucket").put_all(_objects(990), lock(), {})
    assert len(bucket.begun) < 990
