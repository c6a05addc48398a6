"""What a request to AWS asks for: IAM's actions, the resource, and the condition keys, read off its HTTP.

Only requests that the functions make are known. Another one raises `UnknownRequestError`: look its actions up
and add it. Sources, all under docs.aws.amazon.com:

- service-authorization/latest/reference: list_amazons3.html, list_amazondynamodb.html,
  list_awskeymanagementservice.html, list_awssecretsmanager.html, list_amazonsns.html,
  list_awssystemsmanager.html, list_awslambda.html, list_amazoneventbridgescheduler.html: actions and
  condition keys
- AmazonS3/latest/API/API_PutObject.html: a put that carries a lock needs s3:PutObjectRetention as well
- AmazonS3/latest/API/API_HeadObject.html: HEAD needs s3:GetObject, with a version s3:GetObjectVersion; the
  headers of the lock are in the answer only with s3:GetObjectRetention; 404 only with s3:ListBucket
- AmazonS3/latest/userguide/object-lock-managing.html: s3:object-lock-remaining-retention-days
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

DAY = 86_400
ACCOUNT = "arn:aws:{service}:eu-west-1:111122223333"
_SCOPE = re.compile(r"Credential=([^/,]+)/\d{8}/[^/]+/([^/]+)/aws4_request")

_OF_A_BUCKET = {
    "versions": "s3:ListBucketVersions",
    "policy": "s3:GetBucketPolicy",
    "object-lock": "s3:GetBucketObjectLockConfiguration",
    "versioning": "s3:GetBucketVersioning",
    "lifecycle": "s3:GetLifecycleConfiguration",
    "encryption": "s3:GetEncryptionConfiguration",
    "replication": "s3:GetReplicationConfiguration",
    "inventory": "s3:GetInventoryConfiguration",
    "publicAccessBlock": "s3:GetBucketPublicAccessBlock",
    "ownershipControls": "s3:GetBucketOwnershipControls",
    "location": "s3:GetBucketLocation",
}
"""The action of a GET of a bucket, by its subresource. Without one it is a listing."""

_OF_AN_OBJECT = {
    ("GET", "retention"): "s3:GetObjectRetention",
    ("PUT", "retention"): "s3:PutObjectRetention",
    ("GET", "legal-hold"): "s3:GetObjectLegalHold",
    ("PUT", "legal-hold"): "s3:PutObjectLegalHold",
}

_OF_A_PUT = {
    "x-amz-object-lock-mode": "s3:object-lock-mode",
    "x-amz-object-lock-retain-until-date": "s3:object-lock-retain-until-date",
    "x-amz-object-lock-legal-hold": "s3:object-lock-legal-hold",
    "x-amz-server-side-encryption": "s3:x-amz-server-side-encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-customer-algorithm": "s3:x-amz-server-side-encryption-customer-algorithm",
    "x-amz-storage-class": "s3:x-amz-storage-class",
    "x-amz-acl": "s3:x-amz-acl",
    "if-none-match": "s3:if-none-match",
    "if-match": "s3:if-match",
}
"""The condition key that a header of a put sets."""

_TARGETS = {
    "DynamoDB_20120810": "dynamodb",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
    "AmazonSSM": "ssm",
}
"""The service whose name stands before the dot in `X-Amz-Target`."""


_BY_PATH = {"lambda", "scheduler"}
_INVOCATION = re.compile(r"/2015-03-31/functions/(.+)/invocations")


class UnknownRequestError(Exception):
    """No rule here says what the request asks for."""


@dataclass(frozen=True)
class Http:
    """A request. Names of headers are in lower case; `path` is not escaped."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Asked:
    """One action on one resource. `keys` are the condition keys of the service, in lower case."""

    action: str
    resource: str
    keys: Mapping[str, Any] = field(default_factory=dict)


def signer(request: Http) -> tuple[str, str]:
    """Whose access key signed a request, or a link, and for which service."""
    said = request.headers.get("authorization", "")
    if "X-Amz-Credential" in request.query:
        said = f"Credential={request.query['X-Amz-Credential']}"
    found = _SCOPE.search(said)
    if found is None:
        raise UnknownRequestError(f"{request.method} {request.path} is not signed")
    return found[1], found[2]


def asked_by(request: Http) -> list[Asked]:
    """All that a request asks for; AWS refuses it if one of them is not allowed."""
    if signer(request)[1] == "s3":
        bucket, _, key = request.path.lstrip("/").partition("/")
        return _object(request, bucket, key) if key else [_bucket(request, bucket)]
    if signer(request)[1] in _BY_PATH:
        return [_path(request, signer(request)[1])]
    if target := request.headers.get("x-amz-target"):
        prefix, _, operation = target.partition(".")
        return [_target(_TARGETS.get(prefix, prefix), operation, json.loads(request.body))]
    fields = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
    if fields.get("Action") == "GetCallerIdentity":
        return []  # AWS answers it whatever the policies say
    if fields.get("Action") == "Publish":
        return [Asked("sns:Publish", fields["TopicArn"])]
    raise UnknownRequestError(f"{request.method} {request.path} {sorted(fields)}")


def _path(request: Http, service: str) -> Asked:
    """A request whose operation is its method and path."""
    found = _INVOCATION.fullmatch(request.path)
    if service == "lambda" and request.method == "POST" and found:
        return Asked("lambda:InvokeFunction", found[1])
    if service == "scheduler" and (request.method, request.path) == ("GET", "/schedules"):
        return Asked("scheduler:ListSchedules", "*")  # it knows no resources
    raise UnknownRequestError(f"{request.method} {request.path}")


def sees_locks(request: Http) -> Asked | None:
    """What is needed to see the lock in the answer to a request, if it is of an object."""
    bucket, _, key = request.path.lstrip("/").partition("/")
    is_read = request.method in {"GET", "HEAD"} and signer(request)[1] == "s3" and bool(key)
    return Asked("s3:GetObjectRetention", f"arn:aws:s3:::{bucket}/{key}") if is_read else None


def sees_absence(request: Http) -> Asked:
    """What is needed to be told that there is no such object, and not that access is denied."""
    return Asked("s3:ListBucket", f"arn:aws:s3:::{request.path.lstrip('/').partition('/')[0]}")


def _bucket(request: Http, bucket: str) -> Asked:
    known = [action for name, action in _OF_A_BUCKET.items() if name in request.query]
    if request.method not in {"GET", "HEAD"} or len(known) > 1:
        raise UnknownRequestError(f"{request.method} {request.path} {sorted(request.query)}")
    keys = {f"s3:{name}": request.query[name] for name in ("prefix", "delimiter") if name in request.query}
    return Asked(known[0] if known else "s3:ListBucket", f"arn:aws:s3:::{bucket}", keys)


def _object(request: Http, bucket: str, key: str) -> list[Asked]:
    where, version = f"arn:aws:s3:::{bucket}/{key}", request.query.get("versionId")
    for (method, name), action in _OF_AN_OBJECT.items():
        if name in request.query and method == request.method:
            return [Asked(action, where, _lock_of_a_body(request.body) if method == "PUT" else {})]
    if request.method in {"GET", "HEAD"}:
        return [Asked("s3:GetObject" if version is None else "s3:GetObjectVersion", where)]
    if request.method == "DELETE":
        return [Asked("s3:DeleteObject" if version is None else "s3:DeleteObjectVersion", where)]
    if request.method != "PUT" or request.query:
        raise UnknownRequestError(f"{request.method} {request.path} {sorted(request.query)}")
    return _put(request, where)


def _put(request: Http, where: str) -> list[Asked]:
    keys = {key: request.headers[name] for name, key in _OF_A_PUT.items() if name in request.headers}
    if until := keys.get("s3:object-lock-retain-until-date"):
        keys["s3:object-lock-remaining-retention-days"] = _days_until(until)
    actions = ["s3:PutObject"]
    actions += ["s3:PutObjectRetention"] if "s3:object-lock-mode" in keys else []
    actions += ["s3:PutObjectLegalHold"] if "s3:object-lock-legal-hold" in keys else []
    return [Asked(action, where, keys) for action in actions]


def _lock_of_a_body(body: bytes) -> dict[str, str]:
    said = {each.tag.rpartition("}")[2]: each.text or "" for each in ET.fromstring(body)}  # noqa: S314 - our own
    until = said.get("RetainUntilDate")
    if until is None:
        return {"s3:object-lock-legal-hold": said["Status"]} if "Status" in said else {}
    return {
        "s3:object-lock-mode": said["Mode"],
        "s3:object-lock-retain-until-date": until,
        "s3:object-lock-remaining-retention-days": _days_until(until),
    }


def _days_until(moment: str) -> str:
    """Whole days that remain."""
    left = datetime.fromisoformat(moment.replace("Z", "+00:00")) - datetime.now(UTC)
    return str(int(left.total_seconds() // DAY))


def _target(service: str, operation: str, said: dict[str, Any]) -> Asked:
    """A request whose body is JSON and whose operation is named in a header."""
    action, account = f"{service}:{operation}", ACCOUNT.format(service=service)
    if operation == "BatchGetItem":
        ((table, batch),) = said["RequestItems"].items()
        partitions = [each["console"]["S"] for each in batch["Keys"]]
        return Asked(action, table, {"dynamodb:leadingkeys": partitions})
    if service == "dynamodb":
        return Asked(action, said["TableName"], {"dynamodb:leadingkeys": _leading_keys(said)})
    if service == "kms":
        named = {"kms:signingalgorithm": "SigningAlgorithm", "kms:messagetype": "MessageType"}
        return Asked(action, said["KeyId"], {key: said[name] for key, name in named.items() if name in said})
    if service == "secretsmanager":
        return Asked(action, f"{account}:secret:{said['SecretId']}")
    if service == "ssm" and operation == "GetParameter":
        return Asked(action, f"{account}:parameter/{said['Name'].lstrip('/')}")
    raise UnknownRequestError(action)


def _leading_keys(said: dict[str, Any]) -> list[str]:
    """The partition that an item, a key or a query is of: the ledger's partition key is `console`."""
    found = said.get("Item") or said.get("Key")
    if found is None:
        found = {"console": said["ExpressionAttributeValues"][":console"]}
    return [found["console"]["S"]]
