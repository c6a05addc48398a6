"""What S3's refusals mean to us, and what to do about each."""

import re

from audit_archive.adapters.aws import error_code, http_status, told
from audit_archive.errors import ArchiveStoreError, IntegrityError

_DAMAGED = "The bytes were damaged on their way to S3 and nothing was stored. Run again."
_UNLOCKED = "Most likely the bucket has no Object Lock: use the bucket that the template makes."
_ROLE = "Check the function's role and the bucket policy."
_ADVICE = {
    "AccessDenied": _ROLE,
    "403": _ROLE,
    "NoSuchBucket": "The stack's bucket is not there: check its name, or deploy the stack again.",
    "BadDigest": _DAMAGED,
    "InvalidDigest": _DAMAGED,
    "XAmzContentChecksumMismatch": _DAMAGED,
    "InvalidRequest": _UNLOCKED,
    "ObjectLockConfigurationNotFoundError": _UNLOCKED,
    "EntityTooLarge": "One put carries 5 GB at most: purge the Console more often.",
    "ExpiredToken": "The credentials have expired: log in again.",
    "NoCredentialsError": "There are no AWS credentials: log in, or give the function a role.",
    "SlowDown": "S3 is throttling; the next run does it.",
}
_NO_LOCKS = {"InvalidRequest", "ObjectLockConfigurationNotFoundError"}
_LOCK = re.compile(r"object ?lock", re.IGNORECASE)
_OTHERWISE = "The next run tries again."

_ABSENT = {"404", "405", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed"}
"""No such object or version; 405 is how S3 answers a read of a delete marker."""

_IN_THE_WAY = {"PreconditionFailed", "ConditionalRequestConflict", "OperationAborted", "412", "409"}
"""The answers to `If-None-Match: *` where an object is there, or is just being made."""

_LOCAL = {"NoCredentialsError", "PartialCredentialsError", "ParamValidationError", "NoRegionError"}
"""Faults found before anything was sent."""


def store_error(action: str, error: Exception) -> ArchiveStoreError | IntegrityError:
    """The error to raise for a failed request; `action` is a clause like 'The object x could not be put'.

    That a bucket takes no locks is no outage: IntegrityError. Everything else is ArchiveStoreError.
    """
    sentence = told(action, error, _ADVICE, _OTHERWISE)
    takes_no_locks = error_code(error) in _NO_LOCKS and _LOCK.search(sentence.partition(_UNLOCKED)[0])
    return IntegrityError(sentence) if takes_no_locks else ArchiveStoreError(sentence)


def is_absent(error: Exception) -> bool:
    """Whether S3 said that there is no such object or version. A missing bucket is not that."""
    return error_code(error) in _ABSENT


def is_definite_refusal(error: Exception) -> bool:
    """Whether a put with `If-None-Match: *` certainly made nothing, and not because something is there.

    Server faults, timeouts and lost connections are not definite: the object may have been made.
    """
    if error_code(error) in _IN_THE_WAY:
        return False
    return error_code(error) in _LOCAL or 400 <= http_status(error) < 500  # noqa: PLR2004 - HTTP's client errors
