"""S3's legal holds and locks on versions of archived objects, asked and set with the caller's own rights."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any, TypeVar

from audit_archive.ports import Version
from audit_archive.retrieve.statements import Reader
from cli.stack import CloudError, Stack, asking, error_code_of

T = TypeVar("T")

WORKERS = 8
_NONE_EVER = "NoSuchObjectLockConfiguration"
"""S3's answer about a version that never had a hold, or a lock."""


class OnOff(StrEnum):
    """The statuses of S3's legal hold."""

    ON = "ON"
    """The version can't be deleted."""
    OFF = "OFF"
    """It can be deleted once its lock has ended."""


def versions_of(reader: Reader, keys: Iterable[str]) -> list[Version]:
    """Every version of each object, without delete markers."""
    return [
        version
        for key in keys
        for version in reader.source.versions(key)
        if version.key == key and not version.is_delete_marker
    ]


def put(stack: Stack, versions: Sequence[Version], status: OnOff) -> list[dict[str, str]]:
    """Set the status on each version. Returns those that failed, with the error."""
    s3, bucket = stack.client("s3"), stack.output("ArchiveBucket")

    def put_one(version: Version) -> dict[str, str] | None:
        try:
            with asking(f"{version.key} was not changed"):
                s3.put_object_legal_hold(
                    Bucket=bucket, Key=version.key, VersionId=version.version_id, LegalHold={"Status": status}
                )
        except CloudError as error:
            return {"key": version.key, "version_id": version.version_id, "error": str(error)}
        return None

    return [failure for failure in _each(put_one, versions) if failure is not None]


def unheld(stack: Stack, versions: Sequence[Version]) -> list[Version]:
    """Those that S3 does not hold. Raises CloudError if one can't be asked about."""
    s3, bucket = stack.client("s3"), stack.output("ArchiveBucket")

    def is_held(version: Version) -> bool:
        where = {"Bucket": bucket, "Key": version.key, "VersionId": version.version_id}
        answer = _known(version, lambda: s3.get_object_legal_hold(**where)["LegalHold"])
        return answer is not None and answer.get("Status") == OnOff.ON

    return [each for each, holds in zip(versions, _each(is_held, versions), strict=True) if not holds]


def lock_ends(stack: Stack, versions: Sequence[Version]) -> list[int | None]:
    """When the lock of each ends (epoch s); None without one. Raises CloudError if S3 does not tell."""
    s3, bucket = stack.client("s3"), stack.output("ArchiveBucket")

    def ends(version: Version) -> int | None:
        where = {"Bucket": bucket, "Key": version.key, "VersionId": version.version_id}
        answer = _known(version, lambda: s3.get_object_retention(**where)["Retention"])
        return int(answer["RetainUntilDate"].timestamp()) if answer and "RetainUntilDate" in answer else None

    return _each(ends, versions)


def _known(version: Version, ask: Callable[[], Any]) -> Any:
    """What S3 says of a version; None if it never had any."""
    try:
        with asking(f"{version.key} (version {version.version_id}) can't be asked about"):
            return ask()
    except CloudError as error:
        if error_code_of(error) == _NONE_EVER:
            return None
        raise


def _each(act: Callable[[Version], T], versions: Sequence[Version]) -> list[T]:
    """The result for each version, in order. A person sees how far it is."""
    from rich.console import Console
    from rich.progress import track

    terminal = Console(stderr=True)
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(track(pool.map(act, versions), "legal hold", len(versions), console=terminal,
                          disable=not terminal.is_terminal, transient=True))  # fmt: skip
