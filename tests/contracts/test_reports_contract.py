"""The contract of ReportStore, on the fake and on S3ReportStore with both emulators; links by a plain GET.

moto is left out where damage must be refused: it accepts any checksum.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
import requests
from botocore.config import Config

from audit_archive.adapters.s3 import S3ArchiveStore, S3Links, S3ReportStore
from audit_archive.answer_ports import ReportStore
from audit_archive.errors import ArchiveStoreError
from audit_archive.format.facts import LockMode, ObjectRef
from audit_archive.ports import Retention
from tests.support import aws
from tests.support.fakes import FakeReports
from tests.support.stubbed import failing

everywhere = pytest.mark.parametrize("endpoint", ["fake", "moto", "ministack"], indirect=True)
not_moto = pytest.mark.parametrize("endpoint", ["fake", "ministack"], indirect=True)
SIGNED = Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1})


@dataclass
class Subject:
    """A store, and what whoever has a link is given."""

    reports: ReportStore
    fetch: Callable[[str], bytes]

    def put(self, key: str, data: bytes, digest: str | None = None) -> None:
        body = BytesIO(data)
        body.seek(0, 2)
        self.reports.put(key, body, digest or sha256(data).hexdigest(), "text/csv; charset=utf-8")


@pytest.fixture
def subject(endpoint: str | None) -> Subject:
    if endpoint is None:
        fake = FakeReports()
        return Subject(fake, fake.fetch)
    s3 = aws.client("s3", endpoint, SIGNED)
    return Subject(S3ReportStore(s3, aws.plain_bucket(endpoint)), lambda link: get(link).content)


def get(link: str) -> requests.Response:
    answer = requests.get(link, timeout=10)
    answer.raise_for_status()
    return answer


@everywhere
@pytest.mark.parametrize("data", [b"", b"x", bytes(range(256)) * 10_000], ids=["empty", "byte", "2.5 MB"])
def test_whoever_has_a_link_is_given_what_was_put(subject: Subject, data: bytes) -> None:
    key = f"reports/console=a/{uuid4().hex}.csv"
    subject.put(key, data)
    assert subject.fetch(subject.reports.link(key, 60)) == data


@everywhere
def test_the_same_answer_may_be_put_again(subject: Subject) -> None:
    for _ in range(2):
        subject.put("reports/a", b"same")
    assert subject.fetch(subject.reports.link("reports/a", 60)) == b"same"


@not_moto
def test_damaged_bytes_are_refused(subject: Subject) -> None:
    with pytest.raises(ArchiveStoreError, match=r"(?i)digest|checksum"):
        subject.put("reports/a", b"damaged", sha256(b"whole").hexdigest())


def test_a_link_is_signed_for_its_time_and_saves_a_file(moto: str) -> None:
    s3, bucket = aws.client("s3", moto, SIGNED), aws.plain_bucket(moto)
    Subject(S3ReportStore(s3, bucket), lambda link: b"").put("reports/console=a/x.csv", b"=1")
    link = S3ReportStore(s3, bucket).link("reports/console=a/x.csv", 900)
    told = parse_qs(urlsplit(link).query)
    assert told["X-Amz-Expires"] == ["900"]
    assert told["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    answer = get(link)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="x.csv"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_a_link_to_a_version_leads_to_that_version(moto: str) -> None:
    s3, bucket = aws.client("s3", moto, SIGNED), aws.locked_bucket(moto)
    store, lock = S3ArchiveStore(s3, bucket), Retention(LockMode.GOVERNANCE, 4_000_000_000)

    def put(data: bytes) -> ObjectRef:
        return store.put("exports/a.zip", BytesIO(data), sha256(data).hexdigest(), lock, {})

    first, second = put(b"first"), put(b"second")
    links = S3Links(s3, bucket)
    for ref, data in ((first, b"first"), (second, b"second")):
        assert get(links.link(ref.key, ref.version_id, 60)).content == data


@pytest.mark.parametrize(
    ("code", "advice"), [("AccessDenied", "role"), ("NoSuchBucket", "bucket"), ("EntityTooLarge", "5 GB")]
)
def test_a_refusal_says_what_to_do(code: str, advice: str) -> None:
    with failing("s3", "put_object", code) as s3, pytest.raises(ArchiveStoreError, match=advice):
        Subject(S3ReportStore(s3, "bucket"), lambda link: b"").put("reports/a", b"")
