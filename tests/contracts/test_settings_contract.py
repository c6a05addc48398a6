"""The contract of SettingsSource, on the fake and on S3SettingsSource with moto and ministack.

Left out, because the emulator lies: a new bucket of moto has no encryption and no owner, and one of ministack
has a public access block that no request put. Every new bucket of S3 has all three.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from audit_archive.adapters.bucket_settings import S3SettingsSource
from audit_archive.errors import ArchiveStoreError
from audit_archive.format.bucket_settings import BucketFacts, Setting, expected_settings, setting_difference
from audit_archive.format.facts import LockMode
from audit_archive.ports import SettingsSource
from tests.support import aws
from tests.support.fakes.settings import FakeSettings
from tests.support.rows import row
from tests.support.stubbed import failing

everywhere = pytest.mark.parametrize(
    "endpoint", ["fake", pytest.param("moto", marks=pytest.mark.wide), "ministack"], indirect=True
)
ROLE = "arn:aws:iam::000000000000:role/archive"


@dataclass
class Subject:
    """A source, and the hand that sets the settings."""

    source: SettingsSource
    bucket: str
    put: Callable[[Setting, dict[str, Any]], object]

    @property
    def facts(self) -> BucketFacts:
        return BucketFacts(self.bucket, ROLE, 400, 405, LockMode.GOVERNANCE)


@pytest.fixture
def subject(endpoint: str | None) -> Subject:
    if endpoint is None:
        fake = FakeSettings({Setting.VERSIONING: {"Status": "Enabled"}})
        return Subject(fake, "bucket", fake.put)
    s3, bucket = aws.client("s3", endpoint), aws.locked_bucket(endpoint)
    puts: dict[Setting, Callable[[dict[str, Any]], object]] = {
        Setting.POLICY: lambda value: s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(value)),
        Setting.LOCK: lambda value: s3.put_object_lock_configuration(
            Bucket=bucket, ObjectLockConfiguration=value
        ),
        Setting.LIFECYCLE: lambda value: s3.put_bucket_lifecycle_configuration(
            Bucket=bucket, LifecycleConfiguration=value
        ),
        Setting.ENCRYPTION: lambda value: s3.put_bucket_encryption(
            Bucket=bucket, ServerSideEncryptionConfiguration=value
        ),
        Setting.VERSIONING: lambda value: s3.put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration=value
        ),
        Setting.PUBLIC_ACCESS: lambda value: s3.put_public_access_block(
            Bucket=bucket, PublicAccessBlockConfiguration=value
        ),
        Setting.OWNERSHIP: lambda value: s3.put_bucket_ownership_controls(
            Bucket=bucket, OwnershipControls=value
        ),
    }
    return Subject(S3SettingsSource(s3, bucket), bucket, lambda setting, value: puts[setting](value))


@everywhere
def test_what_is_not_set_is_none(subject: Subject) -> None:
    found = subject.source.settings()
    assert found.keys() == set(Setting)
    assert found[Setting.POLICY] is None
    assert found[Setting.LIFECYCLE] is None
    assert found[Setting.VERSIONING] == {"Status": "Enabled"}


POLICY_LAST = sorted(Setting, key=lambda setting: setting == Setting.POLICY)
"""moto obeys a Deny, whatever its conditions say: nothing is put after it."""


@everywhere
def test_a_setting_is_found_as_it_was_put(subject: Subject) -> None:
    for setting in POLICY_LAST:
        with row(setting):
            expected = expected_settings(subject.facts)[setting]
            subject.put(setting, expected)
            assert setting_difference(setting, expected, subject.source.settings()[setting]) is None


@everywhere
def test_a_changed_setting_is_found_as_it_is(subject: Subject) -> None:
    of_all = expected_settings(subject.facts)
    others: dict[Setting, dict[str, Any]] = {
        Setting.LOCK: {
            "ObjectLockEnabled": "Enabled",
            "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}},
        },
        Setting.LIFECYCLE: {"Rules": of_all[Setting.LIFECYCLE]["Rules"][1:]},
        Setting.ENCRYPTION: {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]},
        Setting.PUBLIC_ACCESS: {**of_all[Setting.PUBLIC_ACCESS], "BlockPublicPolicy": False},
        Setting.OWNERSHIP: {"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
        Setting.POLICY: {
            **of_all[Setting.POLICY],
            "Statement": of_all[Setting.POLICY]["Statement"][1:],
        },
    }
    assert others.keys() == set(Setting) - {Setting.VERSIONING}
    for setting, other in others.items():
        with row(setting):
            subject.put(setting, of_all[setting])
            subject.put(setting, other)
            found = subject.source.settings()[setting]
            assert setting_difference(setting, other, found) is None
            assert setting_difference(setting, of_all[setting], found) is not None


READS = {
    "get_bucket_policy": Setting.POLICY,
    "get_object_lock_configuration": Setting.LOCK,
    "get_bucket_lifecycle_configuration": Setting.LIFECYCLE,
    "get_bucket_encryption": Setting.ENCRYPTION,
    "get_bucket_versioning": Setting.VERSIONING,
    "get_public_access_block": Setting.PUBLIC_ACCESS,
    "get_bucket_ownership_controls": Setting.OWNERSHIP,
}


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
def test_a_setting_that_may_not_be_read_is_absent(endpoint: str) -> None:
    s3, bucket = aws.client("s3", endpoint), aws.locked_bucket(endpoint)
    for operation, setting in READS.items():
        with (
            row(setting),
            failing("s3", operation, "AccessDenied", 403) as refused,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(s3, operation, getattr(refused, operation))
            assert S3SettingsSource(s3, bucket).settings().keys() == set(Setting) - {setting}


def test_a_source_that_may_read_nothing_knows_nothing() -> None:
    fake = FakeSettings()
    fake.hidden = set(Setting)
    assert fake.settings() == {}


@pytest.mark.parametrize(("code", "status"), [("SlowDown", 503), ("NoSuchBucket", 404)])
def test_no_answer_is_an_error(code: str, status: int) -> None:
    with (
        failing("s3", "get_bucket_policy", code, status) as s3,
        pytest.raises(ArchiveStoreError, match="The policy of the bucket could not be read"),
    ):
        S3SettingsSource(s3, "bucket").settings()
    fake = FakeSettings()
    fake.is_down = True
    with pytest.raises(ArchiveStoreError):
        fake.settings()
