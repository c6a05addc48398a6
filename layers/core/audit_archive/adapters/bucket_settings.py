"""The settings of the archive bucket, as S3 gives them."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from audit_archive.adapters.aws import AwsFault, error_code
from audit_archive.adapters.s3 import store_error
from audit_archive.format.bucket_settings import Setting

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_REFUSED = {"AccessDenied", "403"}
_NOT_SET = {
    "NoSuchBucketPolicy",
    "NoSuchLifecycleConfiguration",
    "NoSuchPublicAccessBlockConfiguration",
    "ObjectLockConfigurationNotFoundError",
    "OwnershipControlsNotFoundError",
    "ServerSideEncryptionConfigurationNotFoundError",
}

_Read: TypeAlias = Callable[["S3Client", str], Any]
_READS: dict[Setting, _Read] = {
    Setting.POLICY: lambda s3, bucket: json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]),
    Setting.LOCK: lambda s3, bucket: s3.get_object_lock_configuration(Bucket=bucket)[
        "ObjectLockConfiguration"
    ],
    Setting.LIFECYCLE: lambda s3, bucket: {
        "Rules": s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    },
    Setting.ENCRYPTION: lambda s3, bucket: s3.get_bucket_encryption(Bucket=bucket)[
        "ServerSideEncryptionConfiguration"
    ],
    Setting.VERSIONING: lambda s3, bucket: _without_metadata(s3.get_bucket_versioning(Bucket=bucket)),
    Setting.PUBLIC_ACCESS: lambda s3, bucket: s3.get_public_access_block(Bucket=bucket)[
        "PublicAccessBlockConfiguration"
    ],
    Setting.OWNERSHIP: lambda s3, bucket: s3.get_bucket_ownership_controls(Bucket=bucket)[
        "OwnershipControls"
    ],
}


class S3SettingsSource:
    """A SettingsSource. One request a setting.

    The role needs s3:GetBucketPolicy, s3:GetBucketObjectLockConfiguration, s3:GetLifecycleConfiguration,
    s3:GetEncryptionConfiguration, s3:GetBucketVersioning, s3:GetBucketPublicAccessBlock and
    s3:GetBucketOwnershipControls.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """`client` should be made with `aws.client_config()`."""
        self._client = client
        self._bucket = bucket

    def settings(self) -> dict[Setting, dict[str, Any] | None]:
        found: dict[Setting, dict[str, Any] | None] = {}
        for setting, read in _READS.items():
            try:
                found[setting] = read(self._client, self._bucket) or None
            except AwsFault as error:
                if error_code(error) in _NOT_SET:
                    found[setting] = None
                elif error_code(error) not in _REFUSED:
                    raise store_error(f"The {setting} of the bucket could not be read", error) from error
        return found


def _without_metadata(answer: Any) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
