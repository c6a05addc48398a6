"""The deployed roles, with credentials of their own: what the emulator's IAM allows and refuses them.

`tests/functions/permissions` judges with every condition key. Here is what the emulator judges, on the
policies as its CloudFormation made them. Each act is harmless, should it be done after all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cached_property
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.aws import DeployedStack
from local.aws.clients import CONFIG, REGION
from local.aws.sam import STACK

pytestmark = pytest.mark.timeout(400)  # the first of them builds and deploys the stack

REFUSALS = {
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "AuthorizationErrorException",
    "403",
}
KEY = "exports/console=none/no-such-export"
Deed = Callable[["Actor"], object]


class Actor:
    """One role of the stack, or the emulator's root, and what it can call."""

    def __init__(self, stack: DeployedStack, session: boto3.session.Session, open_: ExitStack) -> None:
        self._stack, self._session, self._open = stack, session, open_
        self.out = stack.outputs
        self.bucket = stack.bucket

    def __getattr__(self, service: str) -> Any:
        """A client; `lambda_` is Lambda."""
        made = self._session.client(service.rstrip("_"), endpoint_url=self._stack.aws.endpoint, config=CONFIG)  # type: ignore[call-overload]
        self._open.enter_context(closing(made))
        setattr(self, service, made)
        return made

    @cached_property
    def key(self) -> str:
        """The signing key of the stack."""
        return self._stack.settings()["SIGNING_KEY"]


def put(key: str) -> Deed:
    return lambda a: a.s3.put_object(Bucket=a.bucket, Key=key, Body=b"x")


def invoke(function: str) -> Deed:
    return lambda a: a.lambda_.invoke(FunctionName=a.out[function], InvocationType="DryRun")


def remove_item(partition: str) -> Deed:
    key = {"console": {"S": partition}, "item": {"S": "none"}}
    return lambda a: a.dynamodb.delete_item(TableName=a.out["LedgerTable"], Key=key)


def write_item(partition: str) -> Deed:
    item = {"console": {"S": partition}, "item": {"S": "of a test"}}
    return lambda a: a.dynamodb.put_item(TableName=a.out["LedgerTable"], Item=item)


SETTINGS = (
    "bucket_encryption",
    "bucket_lifecycle_configuration",
    "bucket_ownership_controls",
    "bucket_policy",
    "bucket_versioning",
    "object_lock_configuration",
    "public_access_block",
)


def see(setting: str) -> Deed:
    return lambda a: getattr(a.s3, f"get_{setting}")(Bucket=a.bucket)


def sign(a: Actor) -> None:
    a.kms.sign(KeyId=a.key, Message=b"x", MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256")


def keep_what_failed(a: Actor) -> None:
    a.sqs.send_message(QueueUrl=a.out["FailedRuns"], MessageBody="of a test")


COMMON: dict[str, Deed] = {
    "hide an object": lambda a: a.s3.delete_object(Bucket=a.bucket, Key=KEY),
    "delete a version": lambda a: a.s3.delete_object(Bucket=a.bucket, Key=KEY, VersionId="none"),
    "put outside the folders": put("elsewhere/x"),
    "delete the bucket": lambda a: a.s3.delete_bucket(Bucket=a.bucket),
    "set the versioning": lambda a: a.s3.put_bucket_versioning(
        Bucket=a.bucket, VersioningConfiguration={"Status": "Enabled"}
    ),
    "scan the ledger": lambda a: a.dynamodb.scan(TableName=a.out["LedgerTable"], Limit=1),
    "delete the ledger": lambda a: a.dynamodb.delete_table(TableName=a.out["LedgerTable"]),
    "read another secret": lambda a: a.secretsmanager.get_secret_value(SecretId="canary-audit/none/other"),
    "take a failed run": lambda a: a.sqs.receive_message(QueueUrl=a.out["FailedRuns"]),
    "ask the retrieve function": invoke("RetrieveFunction"),
    "list the roles": lambda a: a.iam.list_roles(),
}
READERS: dict[str, Deed] = {
    "put an export": put(KEY),
    "read a key": lambda a: a.secretsmanager.get_secret_value(SecretId="canary-audit/none/read"),
    "sign": sign,
    "remove from the ledger": remove_item("none"),
}
REFUSED: dict[str, dict[str, Deed]] = {
    "ArchiveRole": COMMON | {"run": invoke("ArchiveFunction"), "remove a note": remove_item("verify/none")},
    "VerifyRole": COMMON | READERS | {"run": invoke("ArchiveFunction")},
    "RetrieveRole": COMMON
    | READERS
    | {"write a note": write_item("verify/none"), "keep what failed": keep_what_failed},
}
ALLOWED: dict[str, dict[str, Deed]] = {
    "ArchiveRole": {"sign": sign, "keep what failed": keep_what_failed},
    "VerifyRole": {
        "write a note": write_item("verify/none"),
        "keep what failed": keep_what_failed,
        "go on": invoke("VerifyFunction"),
        "list schedules": lambda a: a.scheduler.list_schedules(GroupName=a.out["ScheduleGroup"]),
        **{f"see {name}": see(name) for name in SETTINGS},
    },
    "RetrieveRole": {"list": lambda a: a.s3.list_object_versions(Bucket=a.bucket, MaxKeys=1)},
}
"""What AWS or a function does with the role; so a refusal is not that of credentials which may do nothing."""


@pytest.fixture(scope="module")
def acting(laptop: Any) -> Iterator[Callable[[str], Actor]]:
    """Gives a role's actor; the emulator's root may assume each role, as Lambda and Scheduler may."""
    stack: DeployedStack = laptop.stack
    resources = stack.aws.cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    names = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in resources}
    with ExitStack() as opened:
        root = Actor(stack, stack.aws.session, opened)

        def actor(role: str) -> Actor:
            arn = f"arn:aws:iam::000000000000:role/{names[role]}"
            made = root.sts.assume_role(RoleArn=arn, RoleSessionName="a-test")["Credentials"]
            session = boto3.session.Session(
                made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"], region_name=REGION
            )
            return Actor(stack, session, opened)

        yield actor
        root.sqs.purge_queue(QueueUrl=root.out["FailedRuns"])


@pytest.mark.parametrize("role", REFUSED)
def test_a_role_does_what_it_may_and_is_refused_the_rest(acting: Callable[[str], Actor], role: str) -> None:
    actor = acting(role)
    for deed in ALLOWED[role].values():
        deed(actor)
    done = {}
    for says, deed in REFUSED[role].items():
        try:
            deed(actor)
            done[says] = "done"
        except ClientError as error:
            done[says] = error.response["Error"]["Code"]
    assert {says: code for says, code in done.items() if code not in REFUSALS} == {}


def test_the_schedules_role_is_for_the_schedules_of_the_group_alone(acting: Callable[[str], Actor]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        acting("ScheduleRole")
