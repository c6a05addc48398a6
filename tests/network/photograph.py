"""A copy in memory of what a bucket, a table and a Console hold, for those who audit worlds in memory."""

from hashlib import sha256
from typing import Any

from audit_archive.adapters.ledger import DynamoDbLedger
from audit_archive.adapters.signing import KmsSigner
from audit_archive.ports import Clock, Retention
from tests.network.world import World
from tests.support import world as in_memory
from tests.support.audit import audit_quiet
from tests.support.fakes import FakeStore
from tests.support.fakes.bucket import Stored
from tests.support.fakes.console import OURS
from tests.support.fakes.trail import Destroyed
from tests.support.reading import Reading
from tests.support.world import CONSOLE


class _Copy(FakeStore):
    """A bucket whose versions keep their ids."""

    def add(self, key: str, stored: Stored) -> Stored:
        self._objects.setdefault(key, []).append(stored)
        return stored


def photograph(world: World) -> in_memory.World:
    """The same archive, ledger and trail; whatever is no longer live, our purges destroyed."""
    copy = in_memory.World()
    copy.signer = KmsSigner(world.aws.direct["kms"], world.aws.key_arn) if world.signs else None
    copy.store = _bucket(world, copy.clock)
    live = world.trail.snapshot().ids
    copy.trail.reset({number: entry for number, entry in world.served.items() if number in live})
    copy.trail.destroyed += [Destroyed(e, OURS) for number, e in world.served.items() if number not in live]
    head = DynamoDbLedger(world.aws.direct["dynamodb"], world.table).head(CONSOLE)
    if head is not None:
        copy.ledger.record(head, copy.chain()[head.seq - 1])
    return copy


def look_at_rest(world: World) -> in_memory.World:
    """Everything served is archived once or a receipt of ours, nothing else is gone, and all of it proves."""
    copy = photograph(world)
    Reading(copy.store).catch_up()
    audit_quiet(copy)
    assert copy.head.open_intents == ()
    return copy


def _bucket(world: World, clock: Clock) -> FakeStore:
    s3 = world.aws.direct["s3"]
    copy = _Copy(clock)
    pages = s3.get_paginator("list_object_versions").paginate(Bucket=world.bucket)
    rows = [row for page in pages for row in page.get("Versions", ())]
    assert not any(page.get("DeleteMarkers") for page in pages), "somebody deletes"
    for row in reversed(rows):  # S3 lists the newest version of a key first
        copy.add(row["Key"], _version(s3, world.bucket, row))
    return copy


def _version(s3: Any, bucket: str, row: dict[str, Any]) -> Stored:
    answer = s3.get_object(Bucket=bucket, Key=row["Key"], VersionId=row["VersionId"])
    until = answer["ObjectLockRetainUntilDate"]
    lock = Retention(answer["ObjectLockMode"], int(until.timestamp()))
    data = answer["Body"].read()
    return Stored(row["VersionId"], data, sha256(data).hexdigest(), lock)
