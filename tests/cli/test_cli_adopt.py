"""`adopt`: what it takes over from a deleted stack, what it asks CloudFormation for, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from botocore.stub import Stubber
from click.testing import CliRunner, Result

from cli.adopt import Kept, change_set, left_behind, stated_by
from cli.exits import Exit, Failure
from cli.main import main
from cli.options import Chosen
from cli.stack import Stack
from tests.support.stack import SOURCE, render
from tests.support.stubbed import client

BUCKET = {
    "BucketName": "kept-bucket",
    "ObjectLockEnabled": True,
    "VersioningConfiguration": {"Status": "Enabled"},
    "Arn": "arn:aws:s3:::kept-bucket",
    "DomainName": "kept-bucket.s3.amazonaws.com",
    "Tags": [
        {"Key": "aws:cloudformation:stack-name", "Value": "deleted"},
        {"Key": "team", "Value": "soc"},
    ],
}
POLICY = {"Bucket": "kept-bucket", "PolicyDocument": {"Statement": []}}
LEDGER = {
    "TableName": "kept-table",
    "KeySchema": [
        {"AttributeName": "console", "KeyType": "HASH"},
        {"AttributeName": "item", "KeyType": "RANGE"},
    ],
    "StreamArn": "arn",
}
ADMINISTER = {"Sid": "Administer", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}}
GONE = {"Sid": "Sign", "Principal": {"AWS": "AROAEXAMPLE12345678"}}
KEY = {
    "KeyId": "1234",
    "Arn": "arn",
    "KeySpec": "ECC_NIST_P256",
    "KeyUsage": "SIGN_VERIFY",
    "Enabled": True,
    "KeyPolicy": {"Version": "2012-10-17", "Statement": [ADMINISTER, GONE]},
}
ALL: list[tuple[str, str, dict[str, Any]]] = [
    ("AWS::S3::Bucket", "kept-bucket", BUCKET),
    ("AWS::S3::BucketPolicy", "kept-bucket", POLICY),
    ("AWS::DynamoDB::Table", "kept-table", LEDGER),
    ("AWS::KMS::Key", "1234", KEY),
]
OPTIONS = ("--bucket", "kept-bucket", "--ledger", "kept-table", "--key", "arn:aws:kms:eu-west-1:1:key/1234")


@pytest.fixture
def stubs() -> Iterator[Callable[[str], Stubber]]:
    """A scripted client of each service that is asked for; every answer must be used."""
    made: dict[str, Stubber] = {}
    with ExitStack() as opened:

        def stub(service: str) -> Stubber:
            if service not in made:
                made[service] = opened.enter_context(Stubber(client(service)))
            return made[service]

        yield stub
    for each in made.values():
        each.assert_no_pending_responses()


@pytest.fixture
def stack(stubs: Callable[[str], Stubber]) -> Stack:
    """A stack that is not there yet."""
    subject = Stack("new-stack", None, "eu-west-1")
    for service in ("cloudformation", "cloudcontrol"):
        subject._clients[service] = stubs(service).client
    return subject


def there(stubs: Callable[[str], Stubber], *resources: tuple[str, str, Mapping[str, Any]]) -> None:
    """What Cloud Control reads."""
    for kind, name, properties in resources:
        answer = {"TypeName": kind, "ResourceDescription": {"Properties": json.dumps(properties)}}
        stubs("cloudcontrol").add_response("get_resource", answer, {"TypeName": kind, "Identifier": name})


def adopt(stack: Stack, *options: str, answer: str | None = None) -> Result:
    """`canary-audit adopt`."""
    chosen = Chosen(stack_name=stack.name)
    chosen.stack = stack
    return CliRunner(mix_stderr=False).invoke(main, ["adopt", *options], obj=chosen, input=answer)


def no_stack(stubs: Callable[[str], Stubber]) -> None:
    """CloudFormation knows no stack of this name."""
    stubs("cloudformation").add_client_error("describe_stacks", "ValidationError", "does not exist")


def test_what_is_there_is_imported_as_it_is_and_nothing_else(
    stack: Stack, stubs: Callable[[str], Stubber]
) -> None:
    there(stubs, *ALL)
    request = change_set("new-stack", left_behind(stack, "kept-bucket", "kept-table", "1234"))
    template = json.loads(request.pop("TemplateBody"))
    assert request == {
        "StackName": "new-stack",
        "ChangeSetName": "adopt",
        "ChangeSetType": "IMPORT",
        "ResourcesToImport": [
            imported("ArchiveBucket", "AWS::S3::Bucket", BucketName="kept-bucket"),
            imported("ArchiveBucketPolicy", "AWS::S3::BucketPolicy", Bucket="kept-bucket"),
            imported("LedgerTable", "AWS::DynamoDB::Table", TableName="kept-table"),
            imported("SigningKey", "AWS::KMS::Key", KeyId="1234"),
        ],
    }
    resources = template["Resources"]
    assert set(template) == {"Resources"}  # an import may add nothing but what it imports
    assert resources["ArchiveBucket"]["Properties"] == {
        "BucketName": "kept-bucket",
        "ObjectLockEnabled": True,
        "VersioningConfiguration": {"Status": "Enabled"},
    }
    assert resources["ArchiveBucketPolicy"]["Properties"] == POLICY
    assert "StreamArn" not in resources["LedgerTable"]["Properties"]
    assert not {"KeyId", "Arn"} & set(resources["SigningKey"]["Properties"])
    policy = resources["SigningKey"]["Properties"]["KeyPolicy"]
    assert policy == {"Version": "2012-10-17", "Statement": [ADMINISTER]}  # the deleted role is no principal
    for name, resource in resources.items():
        assert resource["Type"] == SOURCE["Resources"][name]["Type"]
        assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_it_ends_when_they_are_imported_and_says_what_comes_next(
    stack: Stack, stubs: Callable[[str], Stubber]
) -> None:
    no_stack(stubs)
    there(stubs, *ALL)
    cloudformation = stubs("cloudformation")
    cloudformation.add_response("create_change_set", {})
    cloudformation.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"})
    cloudformation.add_response(
        "execute_change_set", {}, {"StackName": "new-stack", "ChangeSetName": "adopt"}
    )
    cloudformation.add_response("describe_stacks", {"Stacks": [described("IMPORT_COMPLETE")]})
    ran = adopt(stack, *OPTIONS, "--yes")
    assert ran.exit_code == 0, ran.stderr
    assert 'LOCK=... PARAMETERS="ArchiveBucketName=kept-bucket LedgerTableName=kept-table ..."' in ran.stderr


@pytest.mark.parametrize("mode", [pytest.param("GOVERNANCE", marks=pytest.mark.wide), "COMPLIANCE"])
def test_the_deploy_is_told_what_the_bucket_was_made_with(
    stack: Stack, stubs: Callable[[str], Stubber], mode: str
) -> None:
    """The template's defaults would shorten the lock of what comes, and hide what is locked for longer."""
    given = {"RetentionDays": "3650", "ExpiryDays": "3655", "ObjectLockMode": mode}
    properties = render(**given).properties("ArchiveBucket")
    assert stated_by(Kept("ArchiveBucket", "AWS::S3::Bucket", "BucketName", "b", properties)) == given
    no_stack(stubs)
    there(stubs, ("AWS::S3::Bucket", "kept-bucket", BUCKET | properties), ALL[1])
    cloudformation = stubs("cloudformation")
    cloudformation.add_response("create_change_set", {})
    cloudformation.add_response("describe_change_set", {"Status": "CREATE_COMPLETE"})
    cloudformation.add_response("execute_change_set", {})
    cloudformation.add_response("describe_stacks", {"Stacks": [described("IMPORT_COMPLETE")]})
    ran = adopt(stack, "--bucket", "kept-bucket", "--yes")
    said = f'LOCK={mode} PARAMETERS="ArchiveBucketName=kept-bucket RetentionDays=3650 ExpiryDays=3655 ..."'
    assert said in ran.stderr


def imported(name: str, kind: str, **identifier: str) -> dict[str, Any]:
    """A resource as CreateChangeSet is to get it."""
    return {"LogicalResourceId": name, "ResourceType": kind, "ResourceIdentifier": identifier}


def described(status: str) -> dict[str, Any]:
    """A stack as CloudFormation describes it."""
    return {"StackName": "new-stack", "CreationTime": "2026-12-01T00:00:00Z", "StackStatus": status}


@pytest.mark.parametrize("status", ["CREATE_COMPLETE", "REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"])
def test_a_stack_that_is_there_is_not_touched(
    stack: Stack, stubs: Callable[[str], Stubber], status: str
) -> None:
    stubs("cloudformation").add_response("describe_stacks", {"Stacks": [described(status)]})
    ran = adopt(stack, *OPTIONS, "--yes")
    assert ran.exit_code == Exit.USAGE
    assert f"There is a stack new-stack in eu-west-1 already ({status})" in ran.stderr


def test_a_no_asks_for_nothing(stack: Stack, stubs: Callable[[str], Stubber]) -> None:
    no_stack(stubs)
    there(stubs, *ALL)
    assert adopt(stack, *OPTIONS, answer="n\n").exit_code == Exit.ABANDONED


@pytest.mark.parametrize(
    ("kind", "broken", "says"),
    [
        ("AWS::S3::Bucket", {"ObjectLockEnabled": False}, "kept-bucket is not a bucket with Object Lock"),
        ("AWS::DynamoDB::Table", {"KeySchema": []}, "kept-table is not a ledger"),
        ("AWS::KMS::Key", {"KeyUsage": "ENCRYPT_DECRYPT"}, "1234 is not a key that signs checkpoints"),
        ("AWS::KMS::Key", {"Enabled": False}, "1234 is not an enabled key: cancel its deletion"),
    ],
)
def test_what_no_stack_of_ours_left_is_refused(
    stack: Stack, stubs: Callable[[str], Stubber], kind: str, broken: dict[str, Any], says: str
) -> None:
    until = [each[0] for each in ALL].index(kind) + 1
    there(stubs, *((k, name, {**found, **broken} if k == kind else found) for k, name, found in ALL[:until]))
    with pytest.raises(Failure, match=says):
        left_behind(stack, "kept-bucket", "kept-table", "1234")


@pytest.mark.parametrize(
    ("principal", "stays"),
    [
        ({"AWS": ["arn:aws:iam::1:role/AROA1", "AIDAEXAMPLE"]}, False),
        ({"AWS": ["arn:aws:iam::111122223333:role/AROAEXAMPLE"]}, True),
        ({"Service": "cloudtrail.amazonaws.com"}, True),
        ("*", True),
    ],
)
def test_a_key_policy_keeps_what_is_about_the_living(
    stack: Stack, stubs: Callable[[str], Stubber], principal: Any, stays: bool
) -> None:
    policy = json.dumps({"Statement": [{"Principal": principal}]})  # AWS may give it as a text
    there(stubs, ALL[0], ALL[1], ("AWS::KMS::Key", "1234", KEY | {"KeyPolicy": policy}))
    key = left_behind(stack, "kept-bucket", None, "1234")[-1].in_template()["Properties"]["KeyPolicy"]
    assert (key["Statement"] == [{"Principal": principal}]) is stays


def test_a_bucket_without_a_policy_gets_one_from_the_deploy(
    stack: Stack, stubs: Callable[[str], Stubber]
) -> None:
    there(stubs, ALL[0])
    stubs("cloudcontrol").add_client_error("get_resource", "ResourceNotFoundException")
    assert [kept.logical_id for kept in left_behind(stack, "kept-bucket", None, None)] == ["ArchiveBucket"]


def test_a_policy_that_can_not_be_read_is_no_missing_one(
    stack: Stack, stubs: Callable[[str], Stubber]
) -> None:
    no_stack(stubs)
    there(stubs, ALL[0])
    stubs("cloudcontrol").add_client_error("get_resource", "AccessDeniedException", "Why")
    ran = adopt(stack, *OPTIONS, "--yes")
    assert ran.exit_code == Exit.FAILED
    assert "kept-bucket (AWS::S3::BucketPolicy) can't be looked at" in ran.stderr


def test_why_cloudformation_refuses_is_told(stack: Stack, stubs: Callable[[str], Stubber]) -> None:
    no_stack(stubs)
    there(stubs, *ALL)
    cloudformation = stubs("cloudformation")
    cloudformation.add_response("create_change_set", {})
    for _ in range(2):
        answer = {"Status": "FAILED", "StatusReason": "kept-bucket already exists in stack another"}
        cloudformation.add_response("describe_change_set", answer)
    ran = adopt(stack, *OPTIONS, "--yes")
    assert ran.exit_code == Exit.FAILED
    assert "kept-bucket already exists in stack another. Delete the stack new-stack" in ran.stderr
