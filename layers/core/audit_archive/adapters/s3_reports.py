"""The bucket for answers, and links: whoever has one downloads one object for a short while, without AWS."""

from base64 import b64encode
from typing import TYPE_CHECKING, Any, BinaryIO

from audit_archive.adapters.aws import AwsFault
from audit_archive.adapters.s3_errors import store_error

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class S3Links:
    """Links to objects of one bucket, signed with this role's own right to read them (s3:GetObject...).

    A link dies with the credentials that signed it, if that is sooner.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """`client` must sign with `s3v4`: older signatures tell no region and no lifetime."""
        self._client = client
        self._bucket = bucket

    def link(self, key: str, version_id: str | None, seconds: int) -> str:
        """A link to one version, or to the latest. A browser saves what it leads to, and shows none of it."""
        name = key.rpartition("/")[2]
        params: dict[str, Any] = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": f'attachment; filename="{name}"',
        }
        if version_id is not None:
            params["VersionId"] = version_id
        try:
            return self._client.generate_presigned_url("get_object", Params=params, ExpiresIn=seconds)
        except AwsFault as error:
            raise store_error(f"No link to {key} could be signed", error) from error


class S3ReportStore:
    """A ReportStore. The role needs s3:PutObject and s3:GetObject on the bucket's objects, and no more."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        """`client` as for S3Links."""
        self._client = client
        self._bucket = bucket
        self._links = S3Links(client, bucket)

    def put(self, key: str, body: BinaryIO, sha256: str, content_type: str) -> None:
        """As the port says, in one request: 5 GB at most."""
        body.seek(0)
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=body,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=b64encode(bytes.fromhex(sha256)).decode("ascii"),
                ContentType=content_type,
            )
        except AwsFault as error:
            raise store_error(f"The answer {key} could not be put", error) from error

    def link(self, key: str, seconds: int) -> str:
        """As the port says."""
        return self._links.link(key, None, seconds)
