"""What a deploy makes besides bucket, table and secrets: the bucket's settings, and schedules."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3

from audit_archive.format.bucket_settings import BucketFacts, Setting, expected_settings
from audit_archive.format.facts import LockMode
from tests.functions.world import CONSOLE, World

if TYPE_CHECKING:
    from mypy_boto3_scheduler import EventBridgeSchedulerClient

ROLE = "arn:aws:iam::123456789012:role/archive"
SCHEDULES = (CONSOLE, f"{CONSOLE}_verify", f"{CONSOLE}_locks", "_fleet")


def template_made(world: World) -> dict[Setting, Any]:
    """The settings that the template gives the bucket."""
    return dict(expected_settings(BucketFacts(world.name, ROLE, 2555, 2560, LockMode.GOVERNANCE)))


def lock_by_default(world: World) -> None:
    """Set the default lock. moto takes it while the bucket is empty only."""
    lock = template_made(world)[Setting.LOCK]
    world.aws.s3.put_object_lock_configuration(Bucket=world.name, ObjectLockConfiguration=lock)


def as_the_template_made_it(world: World) -> None:
    """The bucket has the settings of the template, without policy and lock, and the function knows them all.

    moto obeys a Deny whatever its conditions say, so with the policy it would refuse every read. `Cloud`
    keeps it.
    """
    world.set(ARCHIVE_ROLE=ROLE)
    s3, bucket, made = world.aws.s3, world.name, template_made(world)
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration=made[Setting.LIFECYCLE])
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=made[Setting.ENCRYPTION])
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=made[Setting.PUBLIC_ACCESS])
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls=made[Setting.OWNERSHIP])


def policy_of(world: World) -> bytes:
    """The policy that the template gives the bucket."""
    return json.dumps(template_made(world)[Setting.POLICY]).encode()


def schedule(world: World, *names: str, client: EventBridgeSchedulerClient | None = None) -> None:
    """The group of the stack, with schedules of these names."""
    scheduler = client or boto3.client("scheduler")
    scheduler.create_schedule_group(Name=world.name)
    world.set(SCHEDULE_GROUP=world.name)
    for name in names:
        scheduler.create_schedule(
            Name=name,
            GroupName=world.name,
            ScheduleExpression="rate(1 day)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={
                "Arn": "arn:aws:lambda:eu-west-1:123456789012:function:f",
                "RoleArn": "arn:aws:iam::123456789012:role/r",
            },
        )
