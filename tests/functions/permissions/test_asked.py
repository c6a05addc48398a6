"""What is read off a request: the actions, the resource and the condition keys that AWS judges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from tests.functions.permissions.asked import Asked, Http, UnknownRequestError, asked_by, sees_locks, signer

WHERE = "arn:aws:s3:::b/exports/x"
YEAR = (datetime.now(UTC) + timedelta(days=365, hours=12)).isoformat()


def http(
    method: str, path: str = "/", service: str = "s3", body: bytes = b"", **more: Mapping[str, str]
) -> Http:
    scope = f"AWS4-HMAC-SHA256 Credential=ArchiveRole/20261201/eu-west-1/{service}/aws4_request, Signature=0"
    headers = {"authorization": scope, **more.get("headers", {})}
    return Http(method, path, more.get("query", {}), headers, body)


@pytest.mark.parametrize(
    ("request_", "actions", "resource"),
    [
        (http("GET", "/b/exports/x"), ["s3:GetObject"], WHERE),
        (http("HEAD", "/b/exports/x"), ["s3:GetObject"], WHERE),
        (http("HEAD", "/b/exports/x", query={"versionId": "v"}), ["s3:GetObjectVersion"], WHERE),
        (http("PUT", "/b/exports/x"), ["s3:PutObject"], WHERE),
        (http("DELETE", "/b/exports/x"), ["s3:DeleteObject"], WHERE),
        (http("DELETE", "/b/exports/x", query={"versionId": "v"}), ["s3:DeleteObjectVersion"], WHERE),
        (http("GET", "/b", query={"versions": ""}), ["s3:ListBucketVersions"], "arn:aws:s3:::b"),
        (http("GET", "/b", query={"list-type": "2"}), ["s3:ListBucket"], "arn:aws:s3:::b"),
        (http("GET", "/b", query={"policy": ""}), ["s3:GetBucketPolicy"], "arn:aws:s3:::b"),
        (
            http("GET", "/schedules", "scheduler", query={"ScheduleGroup": "g"}),
            ["scheduler:ListSchedules"],
            "*",
        ),
        (
            http("POST", "/2015-03-31/functions/arn:f/invocations", "lambda"),
            ["lambda:InvokeFunction"],
            "arn:f",
        ),
        (http("POST", "/", "sns", b"Action=Publish&TopicArn=arn%3At"), ["sns:Publish"], "arn:t"),
    ],
)
def test_a_request_asks_for_its_actions(request_: Http, actions: list[str], resource: str) -> None:
    found = asked_by(request_)
    assert ([each.action for each in found], {each.resource for each in found}) == (actions, {resource})


def test_a_put_with_a_lock_asks_for_both_and_tells_the_lock() -> None:
    lock = {
        "x-amz-object-lock-mode": "GOVERNANCE",
        "x-amz-object-lock-retain-until-date": YEAR,
        "x-amz-server-side-encryption": "AES256",
        "if-none-match": "*",
    }
    put, retention = asked_by(http("PUT", "/b/exports/x", headers=lock))
    assert (put.action, retention.action, put.keys) == (
        "s3:PutObject",
        "s3:PutObjectRetention",
        retention.keys,
    )
    assert put.keys == {
        "s3:object-lock-mode": "GOVERNANCE",
        "s3:object-lock-retain-until-date": YEAR,
        "s3:object-lock-remaining-retention-days": "365",
        "s3:x-amz-server-side-encryption": "AES256",
        "s3:if-none-match": "*",
    }


def test_a_longer_lock_tells_its_days() -> None:
    body = f"<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{YEAR}</RetainUntilDate></Retention>"
    (asked,) = asked_by(
        http("PUT", "/b/exports/x", query={"retention": "", "versionId": "v"}, body=body.encode())
    )
    assert asked.action == "s3:PutObjectRetention"
    assert asked.keys["s3:object-lock-remaining-retention-days"] == "365"


@pytest.mark.parametrize(
    "said",
    [
        {"Item": {"console": {"S": "verify/1"}, "item": {"S": "progress"}}},
        {"Key": {"console": {"S": "verify/1"}, "item": {"S": "progress"}}},
        {"ExpressionAttributeValues": {":console": {"S": "verify/1"}, ":prefix": {"S": "p"}}},
    ],
)
def test_the_ledgers_partition_is_a_condition_key(said: dict[str, object]) -> None:
    target = {"x-amz-target": "DynamoDB_20120810.PutItem"}
    body = json.dumps({"TableName": "t", **said}).encode()
    assert asked_by(http("POST", "/", "dynamodb", body, headers=target)) == [
        Asked("dynamodb:PutItem", "t", {"dynamodb:leadingkeys": ["verify/1"]})
    ]


def test_a_batch_is_of_every_partition_that_it_reads() -> None:
    keys = [{"console": {"S": name}, "item": {"S": "head"}} for name in ("1", "verify/_fleet")]
    body = json.dumps({"RequestItems": {"t": {"Keys": keys}}}).encode()
    target = {"x-amz-target": "DynamoDB_20120810.BatchGetItem"}
    assert asked_by(http("POST", "/", "dynamodb", body, headers=target)) == [
        Asked("dynamodb:BatchGetItem", "t", {"dynamodb:leadingkeys": ["1", "verify/_fleet"]})
    ]


def test_a_signature_tells_its_algorithm_and_whether_kms_hashes() -> None:
    said = {"KeyId": "k", "MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}
    target = {"x-amz-target": "TrentService.Sign"}
    keys = {"kms:messagetype": "DIGEST", "kms:signingalgorithm": "ECDSA_SHA_256"}
    asked = asked_by(http("POST", "/", "kms", json.dumps(said).encode(), headers=target))
    assert asked == [Asked("kms:Sign", "k", keys)]


def test_a_link_is_its_signers() -> None:
    scope = {"X-Amz-Credential": "RetrieveRole/20261201/eu-west-1/s3/aws4_request"}
    link = Http("GET", "/b/exports/x", {**scope, "versionId": "v"}, {})
    assert signer(link) == ("RetrieveRole", "s3")
    assert asked_by(link) == [Asked("s3:GetObjectVersion", WHERE)]
    assert sees_locks(link) == Asked("s3:GetObjectRetention", WHERE)


@pytest.mark.parametrize(
    "unknown",
    [
        http("PUT", "/b", query={"policy": ""}),
        http("PUT", "/b/exports/x", query={"tagging": ""}),
        http("POST", "/", "sns", b"Action=Subscribe"),
        http("GET", "/schedules/one", "scheduler"),
        http("GET", "/2015-03-31/functions/f", "lambda"),
        http("POST", "/", "kms", b"{}", headers={"x-amz-target": "Unheard.Of"}),
        Http("GET", "/b/exports/x", {}, {}),
    ],
)
def test_what_no_rule_knows_is_not_guessed(unknown: Http) -> None:
    with pytest.raises(UnknownRequestError):
        asked_by(unknown)
