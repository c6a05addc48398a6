"""Which job needs which permission: found by doing the job without it."""

from __future__ import annotations

from tests.functions.permissions.account import Permission
from tests.functions.permissions.jobs import JOBS, Job
from tests.functions.permissions.stage import Stage

BY_AWS = {
    (
        "ArchiveRole",
        "sqs:SendMessage",
    ): "Lambda, when a run failed through its retries (`tests/system/test_stack.py`)",
    ("VerifyRole", "sqs:SendMessage"): "Lambda, when an audit failed through its retries",
    ("ScheduleRole", "sqs:SendMessage"): "EventBridge Scheduler, when it can't invoke a function",
    ("ScheduleRole", "lambda:InvokeFunction"): "EventBridge Scheduler, for each schedule of the group",
    ("*", "logs:CreateLogStream"): "Lambda, for the log of the function",
    ("*", "logs:PutLogEvents"): "Lambda, for the log of the function",
}
"""Permissions that AWS itself uses in the role's name: no code of ours makes these requests, so no job shows
the need. `tests/system/test_roles.py` sends to the queue as the deployed roles. The emulator judges logs by
an ARN without the `:*` at the end of AWS's. For these there is AWS's documentation alone
(AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html)."""


def used_by_aws(permission: Permission) -> str | None:
    """For what AWS uses a permission in the role's name; None if it does not."""
    keys = ((permission.role, permission.action), ("*", permission.action))
    return next((BY_AWS[key] for key in keys if key in BY_AWS), None)


def needs(stage: Stage, role: str) -> dict[Permission, str]:
    """What needs each permission of a role; empty for a permission that nothing needs."""
    used = {job: _done(stage, job) for job in JOBS if job.role == role}
    found = {}
    for permission in (each for each in stage.gateway.account.permissions if each.role == role):
        candidates = [job for job, needed in used.items() if permission in needed]
        first = next((job for job in candidates if suffers(stage, job, permission)), None)
        others = [job for job in candidates if permission.action in job.also and job is not first]
        shown = [
            job.says for job in (first, *others) if job and (job is first or suffers(stage, job, permission))
        ]
        found[permission] = "; ".join(shown) or used_by_aws(permission) or ""
    return found


def refusals(stage: Stage, role: str) -> dict[Permission, dict[str, Job]]:
    """By each permission of a role the jobs, by name, of which a request would be refused without it.

    Each job is done once. That a job fails for it is shown by doing it without the permission: `suffers`.
    """
    found: dict[Permission, dict[str, Job]] = {
        each: {} for each in stage.gateway.account.permissions if each.role == role
    }
    for job in (each for each in JOBS if each.role == role):
        stage.gateway.alone.clear()
        job.do(stage)
        for permission in stage.gateway.alone & found.keys():
            found[permission][job.says] = job
    return found


def _done(stage: Stage, job: Job) -> set[Permission]:
    """Do a job under its whole role; the permissions of the role that were used."""
    stage.gateway.used.clear()
    job.do(stage)
    return {each for each in stage.gateway.used if each.role == job.role}


def suffers(stage: Stage, job: Job, permission: Permission) -> bool:
    """Whether a job can't be done, or is done badly, without a permission, and for the want of it."""
    gateway = stage.gateway
    gateway.refused.clear()
    gateway.without = {permission}
    try:
        job.do(stage)
    except Exception:  # noqa: BLE001 - whatever it is: the job is not done
        return any(permission in gateway.account.judge(job.role, each).by for each in gateway.refused)
    finally:
        gateway.without = set()
    return False
