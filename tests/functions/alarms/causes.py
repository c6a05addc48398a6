"""What each alarm is for: something that really happens, from which it must go off."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from audit_archive.adapters.ledger import DynamoDbLedger
from tests.functions.alarms.account import ARCHIVE, DAY, HOUR, VERIFY, Watched
from tests.functions.world import CONSOLE


@dataclass(frozen=True)
class Cause:
    """One cause. `within` is how long after it the alarm goes off at the latest, in seconds."""

    says: str
    happens: Callable[[Watched], None]
    within: float = 2 * HOUR


def revoked_key(watched: Watched) -> None:
    watched.world.aws.secrets.put_secret_value(SecretId=watched.world.secret("read"), SecretString="revoked")
    assert watched.schedule(ARCHIVE) is None


def undelivered(watched: Watched) -> None:
    target = watched.stack.properties("FirstSchedule")["Target"]
    watched.send_message(target["DeadLetterConfig"]["Arn"].rpartition(":")[2])


def concurrency_used_up(watched: Watched) -> None:
    watched.throttle(ARCHIVE, 15)


def destroyed_export(watched: Watched) -> None:
    world = watched.world
    assert watched.schedule(ARCHIVE)
    (row,) = world.aws.s3.list_object_versions(Bucket=world.name, Prefix="exports/")["Versions"]
    world.aws.s3.delete_object(
        Bucket=world.name, Key=row["Key"], VersionId=row["VersionId"], BypassGovernanceRetention=True
    )
    report = watched.schedule(VERIFY)
    assert report
    assert [fault["verdict"] for fault in report["faults"]] == ["missing"]


def no_run_completes(watched: Watched) -> None:
    assert watched.schedule(ARCHIVE)
    ledger = DynamoDbLedger(watched.world.aws.dynamodb, watched.world.name)
    ledger.complete(CONSOLE, int(time.time() - 2.1 * DAY), 1)
    report = watched.schedule(VERIFY)
    assert report
    assert report["is_stale"]


def missing_ids(watched: Watched) -> None:
    watched.world.trail.skip(2)
    watched.world.trail.arrive()
    assert watched.schedule(ARCHIVE)


def silence(watched: Watched) -> None:
    assert watched.schedule(ARCHIVE)
    for _ in range(3):
        watched.now += DAY
        assert watched.schedule(VERIFY)
    watched.since = watched.now


CAUSES: Mapping[str, Cause] = {
    "FailedRunsAlarm": Cause(
        "a Console's reading key was revoked: a run fails through its retries", revoked_key
    ),
    "UndeliveredSchedulesAlarm": Cause("EventBridge Scheduler can't invoke the function", undelivered),
    "ErrorsAlarm": Cause("a Console's reading key was revoked: a run fails three times", revoked_key),
    "ThrottlesAlarm": Cause("the account's concurrency is used up for fifteen minutes", concurrency_used_up),
    "VerifyFaultsAlarm": Cause("somebody destroyed an archived export, and the audit runs", destroyed_export),
    "StaleConsolesAlarm": Cause(
        "no run of a Console completes, for more than twice its period", no_run_completes
    ),
    "NotVerifiedAlarm": Cause("no audit is made any more", silence, within=4 * DAY + 12 * HOUR),
    "UnexplainedHolesAlarm": Cause(
        "ids are missing on the Console, and no receipt explains them", missing_ids
    ),
}
