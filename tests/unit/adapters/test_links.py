"""Links: to the bucket's own host in its region, and for no longer than the credentials that signed them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials

from audit_archive.adapters.aws import link_config, seconds_left
from audit_archive.adapters.s3 import S3Links
from audit_archive.errors import ArchiveStoreError


def link_in(region: str, bucket: str = "my-archive", endpoint: str | None = None) -> str:
    s3 = boto3.client(
        "s3",
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=link_config().merge(Config(ignore_configured_endpoint_urls=True)),  # type: ignore[call-arg]
    )
    return S3Links(s3, bucket).link("exports/a.zip", "v1", 60)


@pytest.mark.parametrize(
    "region", ["us-east-1", "eu-west-1", "af-south-1", "ap-southeast-5", "us-gov-west-1"]
)
def test_a_link_leads_to_the_bucket_in_its_region(region: str) -> None:
    told = urlsplit(link_in(region))
    assert (told.scheme, told.netloc) == ("https", f"my-archive.s3.{region}.amazonaws.com")
    assert (told.path, f"%2F{region}%2Fs3%2F" in told.query) == ("/exports/a.zip", True)


def test_a_link_in_china_leads_to_its_own_domain() -> None:
    assert urlsplit(link_in("cn-north-1")).netloc == "my-archive.s3.cn-north-1.amazonaws.com.cn"


def test_a_link_of_an_emulator_is_one_that_resolves() -> None:
    """No name before an address: it would not be an address."""
    told = urlsplit(link_in("us-east-1", endpoint="http://127.0.0.1:4566"))
    assert (told.netloc, told.path) == ("127.0.0.1:4566", "/my-archive/exports/a.zip")


def ending_in(seconds: int) -> RefreshableCredentials:
    """Credentials that say when they end, as those of a role or of a login."""
    return RefreshableCredentials(
        "key",
        "secret",
        "token",
        expiry_time=datetime.now(UTC) + timedelta(seconds=seconds),
        refresh_using=lambda: {},
        method="test",
        advisory_timeout=0,
        mandatory_timeout=0,
    )


@pytest.mark.parametrize(("left", "stated"), [(3_600, 900), (300, 300), (2, 2)])
def test_a_link_ends_with_credentials_that_say_when_they_end(left: int, stated: int) -> None:
    assert stated - 1 <= seconds_left(ending_in(left), 900, sure=10) <= stated


def test_credentials_that_are_refreshed_count_as_refreshed() -> None:
    fresh = {
        "access_key": "key",
        "secret_key": "secret",
        "token": "token",
        "expiry_time": (datetime.now(UTC) + timedelta(seconds=600)).isoformat(),
    }
    old = RefreshableCredentials(
        "key", "secret", "token", datetime.now(UTC), refresh_using=lambda: fresh, method="test"
    )
    assert 599 <= seconds_left(old, 900, sure=10) <= 600


def test_a_link_ends_with_the_invocation_if_the_session_does_not_say_when_it_ends() -> None:
    session = Credentials("key", "secret", "token")
    assert [seconds_left(session, 900, sure=left) for left in (899.9, 3_600.0)] == [899, 900]


def test_keys_of_a_user_do_not_end() -> None:
    assert seconds_left(Credentials("key", "secret"), 900, sure=1) == 900
    assert seconds_left(None, 900, sure=1) == 900  # signing says what is wrong


def test_no_link_is_signed_with_what_ends_now() -> None:
    with pytest.raises(ArchiveStoreError, match="Ask again"):
        seconds_left(Credentials("key", "secret", "token"), 900, sure=0.9)
    with pytest.raises(ArchiveStoreError, match="No link can be signed"):
        seconds_left(ending_in(-1), 900, sure=900)
