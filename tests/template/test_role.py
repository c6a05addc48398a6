"""The roles: each can do its work, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.stack import Rendered, render
from tests.template.judge import BUCKET, request, role_decides

TABLE = "arn:aws:AWS::DynamoDB::Table:::LedgerTable"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:canary-audit"
RESOURCELESS = {"scheduler:ListSchedules", "xray:PutTraceSegments", "xray:PutTelemetryRecords"}

WORK = (
    *(("s3:PutObject", f"{BUCKET}/{f}/x") for f in ("exports", "entries", "statements", "checkpoints")),
    ("s3:PutObject", f"{BUCKET}/rejected/x"),
    ("s3:PutObjectRetention", f"{BUCKET}/exports/x"),
    ("s3:GetObject", f"{BUCKET}/statements/x"),
    ("s3:GetObjectVersion", f"{BUCKET}/exports/x"),
    ("s3:GetObjectRetention", f"{BUCKET}/exports/x"),
    ("s3:ListBucketVersions", BUCKET),
    ("s3:ListBucket", BUCKET),
    ("dynamodb:GetItem", TABLE),
    ("dynamodb:PutItem", TABLE),
    ("dynamodb:DeleteItem", TABLE),
    ("dynamodb:Query", TABLE),
    ("secretsmanager:GetSecretValue", f"{SECRET}/1234abcd/read-AbCdEf"),
    ("secretsmanager:GetSecretValue", f"{SECRET}/1234abcd/purge-AbCdEf"),
    ("sns:Publish", "AlertTopic"),
    ("sqs:SendMessage", "arn:aws:AWS::SQS::Queue:::FailedRuns"),
    ("xray:PutTraceSegments", "*"),
)
FORBIDDEN = (
    ("s3:DeleteObject", f"{BUCKET}/exports/x"),
    ("s3:DeleteObjectVersion", f"{BUCKET}/exports/x"),
    ("s3:BypassGovernanceRetention", f"{BUCKET}/exports/x"),
    ("s3:PutObjectLegalHold", f"{BUCKET}/exports/x"),
    ("s3:PutBucketObjectLockConfiguration", BUCKET),
    ("s3:PutBucketPolicy", BUCKET),
    ("s3:PutBucketVersioning", BUCKET),
    ("s3:PutLifecycleConfiguration", BUCKET),
    ("s3:DeleteBucket", BUCKET),
    ("s3:DeleteBucketPolicy", BUCKET),
)
UNHEARD_OF = (
    ("s3:PutObject", f"{BUCKET}/elsewhere/x"),
    ("s3:PutObject", "arn:aws:s3:::another-bucket/exports/x"),
    ("s3:GetObject", "arn:aws:s3:::another-bucket/exports/x"),
    ("dynamodb:DeleteTable", TABLE),
    ("dynamodb:Scan", TABLE),
    ("dynamodb:PutItem", f"{TABLE}2"),
    ("secretsmanager:GetSecretValue", f"{SECRET}/1234abcd/other-AbCdEf"),
    ("secretsmanager:GetSecretValue", f"{SECRET}-else/1234abcd/read-AbCdEf"),
    ("secretsmanager:PutSecretValue", f"{SECRET}/1234abcd/purge-AbCdEf"),
    ("sqs:ReceiveMessage", "arn:aws:AWS::SQS::Queue:::FailedRuns"),
    ("kms:Decrypt", "*"),
)


@pytest.fixture(scope="module")
def stack() -> Rendered:
    return render()


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@pytest.mark.parametrize(("action", "resource"), WORK)
def test_the_function_can_do_its_work(stack: Rendered, action: str, resource: str) -> None:
    assert role_decides(stack, "ArchiveRole", request(action, resource)) == "Allow"


@pytest.mark.parametrize(("action", "resource"), FORBIDDEN)
def test_what_would_be_final_is_denied_outright(stack: Rendered, action: str, resource: str) -> None:
    assert role_decides(stack, "ArchiveRole", request(action, resource)) == "Deny"


@pytest.mark.parametrize(("action", "resource"), UNHEARD_OF)
def test_the_function_can_do_nothing_else(stack: Rendered, action: str, resource: str) -> None:
    assert role_decides(stack, "ArchiveRole", request(action, resource)) == "ImplicitDeny"


def test_no_role_is_allowed_a_wildcard(stack: Rendered) -> None:
    roles = stack.of_type("AWS::IAM::Role")
    known = {"ArchiveRole", "RetrieveRole", "ScheduleRole", "VerifyRole"}
    assert set(roles) == known  # a further role is a further review
    for role, properties in roles.items():
        assert not properties.get("ManagedPolicyArns"), role
        for allowed in (s for s in stack.statements(role) if s["Effect"] == "Allow"):
            actions = set(_listed(allowed["Action"]))
            assert not any("*" in action for action in actions), (role, actions)
            assert "*" not in _listed(allowed["Resource"]) or actions <= RESOURCELESS, (role, actions)


def test_no_role_may_delete_anything_but_items_of_the_ledger(stack: Rendered) -> None:
    for role in stack.of_type("AWS::IAM::Role"):
        for allowed in (s for s in stack.statements(role) if s["Effect"] == "Allow"):
            deleting = {action for action in _listed(allowed["Action"]) if "Delete" in action}
            assert deleting <= {"dynamodb:DeleteItem"}, role


def test_the_scheduler_may_invoke_two_functions_only(stack: Rendered) -> None:
    functions = "arn:aws:AWS::Lambda::Function:::"
    for name in ("ArchiveFunction", "VerifyFunction"):
        asked = request("lambda:InvokeFunction", functions + name)
        assert role_decides(stack, "ScheduleRole", asked) == "Allow"
    asked = request("lambda:InvokeFunction", functions + "RetrieveFunction")
    assert role_decides(stack, "ScheduleRole", asked) == "ImplicitDeny"
    assert role_decides(stack, "ScheduleRole", request("lambda:InvokeFunction", "x")) == "ImplicitDeny"
    (trust,) = stack.properties("ScheduleRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == "111122223333"


READING = (
    ("s3:GetObjectVersion", f"{BUCKET}/exports/x"),
    ("s3:GetObject", f"{BUCKET}/statements/x"),
    ("s3:GetObjectRetention", f"{BUCKET}/exports/x"),
    ("s3:ListBucketVersions", BUCKET),
    ("dynamodb:GetItem", TABLE),
    ("dynamodb:Query", TABLE),
)


@pytest.mark.parametrize("role", ["VerifyRole", "RetrieveRole"])
def test_who_reads_the_archive_can_change_nothing_in_it(stack: Rendered, role: str) -> None:
    for action, resource in READING:
        assert role_decides(stack, role, request(action, resource)) == "Allow", action
    for action, resource in (*FORBIDDEN, *(each for each in WORK if each[0].startswith("s3:Put"))):
        assert role_decides(stack, role, request(action, resource)) == "Deny", action
    for action in ("dynamodb:DeleteItem", "dynamodb:Scan", "dynamodb:DeleteTable"):
        assert role_decides(stack, role, request(action, TABLE)) == "ImplicitDeny", action
    for name in ("read", "purge"):
        asked = request("secretsmanager:GetSecretValue", f"{SECRET}/1234abcd/{name}-AbCdEf")
        assert role_decides(stack, role, asked) == "ImplicitDeny"


def test_the_audits_role_may_list_schedules_and_change_none(stack: Rendered) -> None:
    """ListSchedules knows no resources (Service Authorization Reference, Amazon EventBridge Scheduler)."""
    schedule = "arn:aws:scheduler:eu-west-1:111122223333:schedule/archive-stack/1234abcd"
    assert role_decides(stack, "VerifyRole", request("scheduler:ListSchedules", "*")) == "Allow"
    for action in ("GetSchedule", "UpdateSchedule", "DeleteSchedule", "CreateSchedule"):
        assert role_decides(stack, "VerifyRole", request(f"scheduler:{action}", schedule)) == "ImplicitDeny"
    for role in ("ArchiveRole", "RetrieveRole"):
        assert role_decides(stack, role, request("scheduler:ListSchedules", "*")) == "ImplicitDeny"


@pytest.mark.parametrize("partition", ["verify/1234abcd", "verify/_fleet"])
def test_the_audits_role_writes_its_own_notes(stack: Rendered, partition: str) -> None:
    asked = request("dynamodb:PutItem", TABLE, dynamodb__LeadingKeys=partition)
    assert role_decides(stack, "VerifyRole", asked) == "Allow"


@pytest.mark.parametrize("partition", ["1234abcd", "_fleet", "verify", "Verify/1234abcd"])
def test_the_audits_role_writes_nothing_else_of_the_ledger(stack: Rendered, partition: str) -> None:
    asked = request("dynamodb:PutItem", TABLE, dynamodb__LeadingKeys=partition)
    assert role_decides(stack, "VerifyRole", asked) == "ImplicitDeny"
