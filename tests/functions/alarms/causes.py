"""What each alarm is for: something that really happens, from which it must go off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import boto3

from audit_archive.adapters.ledger import DynamoDbVerifications
from audit_archive.format.times import DAY as DAY_SECONDS
from audit_archive.format.verdicts import Checked
from tests.functions.alarms.account import ARCHIVE, FLEET, VERIFY, Watched
from tests.functions.world import CONSOLE
from tests.support.alarms import DAY, HOUR, MINUTE


@dataclass(frozen=True)
class Cause:
    """One cause, and exactly the alarms that it sets off.

    `within` is how long after it they go off at the latest, in seconds. `messages`: the kinds of the messages
    that the functions themselves send.
    """

    says: str
    happens: Callable[[Watched], None]
    alarms: tuple[str, ...]
    within: float = 5 * MINUTE
    messages: tuple[str, ...] = ()


def revoked_key(watched: Watched) -> None:
    watched.world.aws.secrets.put_secret_value(SecretId=watched.world.secret("read"), SecretString="revoked")
    assert watched.schedule(ARCHIVE) is None
    watched.since = watched.now


def ledger_gone(watched: Watched) -> None:
    watched.world.aws.dynamodb.delete_table(TableName=watched.world.name)
    assert watched.schedule(VERIFY) is None
    watched.since = watched.now


def undelivered(watched: Watched) -> None:
    target = watched.stack.properties("FirstSchedule")["Target"]
    watched.send_message(target["DeadLetterConfig"]["Arn"].rpartition(":")[2])


def revoked_key_and_queue_gone(watched: Watched) -> None:
    watched.gone.add("FailedRuns")
    revoked_key(watched)


def ledger_and_queue_gone(watched: Watched) -> None:
    watched.gone.add("FailedRuns")
    ledger_gone(watched)


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


def deleted_schedule(watched: Watched) -> None:
    assert watched.schedule(ARCHIVE)
    assert watched.schedule(VERIFY)
    boto3.client("scheduler").delete_schedule(Name=CONSOLE, GroupName=watched.world.name)
    report = watched.schedule(VERIFY, FLEET)
    assert report
    assert [each["judgement"] for each in report["fleet"][0]["problems"]] == ["unscheduled"]


def missing_ids(watched: Watched) -> None:
    watched.world.trail.skip(2)
    watched.world.trail.arrive()
    assert watched.schedule(ARCHIVE)


def late_contents(watched: Watched) -> None:
    """The audits of 91 days had not the time for one round of the contents."""
    assert watched.schedule(ARCHIVE)
    assert watched.schedule(VERIFY)
    notes = DynamoDbVerifications(watched.world.aws.dynamodb, watched.world.name)
    rotation = notes.last(CONSOLE)
    assert rotation is not None
    began = int(time.time()) - 91 * DAY_SECONDS
    notes.save(CONSOLE, replace(rotation, next_seq=1, cycle_started_at=began))
    report = watched.schedule(VERIFY)
    assert report
    assert report["is_behind"]


def refused_setting(watched: Watched) -> None:
    assert watched.schedule(ARCHIVE)
    watched.cloud.refused.add("policy")
    report = watched.schedule(VERIFY)
    assert report
    assert report["not_checked"] == [{"what": Checked.SETTINGS, "why": "refused", "count": 1}]


def no_more_audits(watched: Watched) -> None:
    assert watched.schedule(ARCHIVE)
    for _ in range(3):
        watched.now += DAY
        assert watched.schedule(VERIFY)
    watched.since = watched.now


def no_more_checks(watched: Watched) -> None:
    for _ in range(2):
        watched.now += DAY
        assert watched.schedule(VERIFY, FLEET)
    watched.since = watched.now


_FAILED_RUN = "a Console's reading key was revoked, so its run fails three times"
_FAILED_AUDIT = "the ledger is gone, so an audit fails three times"
CAUSES = (
    Cause(_FAILED_RUN, revoked_key, ("FailedRunsAlarm", "ErrorsAlarm", "DroppedRunsAlarm")),
    Cause(_FAILED_AUDIT, ledger_gone, ("FailedRunsAlarm", "DroppedAuditsAlarm")),
    Cause(
        f"the queue was deleted, and {_FAILED_RUN}",
        revoked_key_and_queue_gone,
        ("UnkeptRunsAlarm", "ErrorsAlarm", "DroppedRunsAlarm"),
    ),
    Cause(
        f"the queue was deleted, and {_FAILED_AUDIT}",
        ledger_and_queue_gone,
        ("UnkeptAuditsAlarm", "DroppedAuditsAlarm"),
    ),
    Cause("EventBridge Scheduler can't invoke the function", undelivered, ("UndeliveredSchedulesAlarm",)),
    Cause(
        "the account's concurrency is used up for fifteen minutes",
        concurrency_used_up,
        ("ThrottlesAlarm",),
        15 * MINUTE,
    ),
    Cause(
        "somebody destroyed an archived export, and the audit finds that",
        destroyed_export,
        ("VerifyFaultsAlarm", "NotCheckedAlarm"),
        HOUR,
        messages=("VerifyFault",),
    ),
    Cause(
        "somebody deleted a Console's schedule, and the fleet check finds that",
        deleted_schedule,
        ("UnhealthyConsolesAlarm",),
        messages=("FleetCheck",),
    ),
    Cause("no fleet check is made any more", no_more_checks, ("FleetNotCheckedAlarm",), 33 * HOUR),
    Cause("no audit is made any more", no_more_audits, ("NotVerifiedAlarm",), 51 * HOUR),
    Cause(
        "the audits take longer than `ContentDays` for all contents",
        late_contents,
        ("LateContentsAlarm",),
        HOUR,
    ),
    Cause(
        "the audit may no longer read a setting of the bucket", refused_setting, ("NotCheckedAlarm",), HOUR
    ),
    Cause(
        "ids are missing on the Console, and no receipt explains them",
        missing_ids,
        ("UnexplainedHolesAlarm",),
    ),
)


def cause_of(alarm: str) -> Cause:
    """The cause that is an alarm's own: it names that alarm first. Else the first that sets it off."""
    own = (cause for cause in CAUSES if cause.alarms[0] == alarm)
    return next(own, None) or next(cause for cause in CAUSES if alarm in cause.alarms)
