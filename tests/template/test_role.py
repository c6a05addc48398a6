"""The roles: each can do its work, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.stack import Rendered, render
from tests.template.judge import BUCKET, request, role_decides

TABLE = "arn:aws:AWS::DynamoDB::Table:::LedgerTable"
SECRET = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:canary-audit"
RESOURCELESS = {"scheduler:ListSchedules"}

WORK = (
    *(("s3:PutObject", f"{BUCKET}/{f}/x") for f in ("exports", "entries", "statements", "checkpoints")),
    ("s3:PutObject", f"{BUCKET}/rejected/x"),
    *(
        ("s3:PutObjectRetention", f"{BUCKET}/{f}/x")
        for f in ("exports", "entries", "statements", "checkpoints")
    ),
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
    ("xray:PutTraceSegments", "*"),
)


@pytest.fixture(scope="module")
def stack() -> Rendered:
    return render()


NOTES = ("verify/1234abcd", "verify/5678efab")
HEADS = ("1234abcd", "fleet", "verify", "5678efab/verify/")


@pytest.mark.parametrize("action", ["dynamodb:PutItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem"])
def test_the_archive_leaves_the_auditors_notes(stack: Rendered, action: str) -> None:
    for key in NOTES:
        asked = keyed(action, key)
        assert role_decides(stack, "ArchiveRole", asked) == "Deny", key
    for key in HEADS:
        allowed = "ImplicitDeny" if action.endswith("UpdateItem") else "Allow"
        assert role_decides(stack, "ArchiveRole", keyed(action, key)) == allowed, key


def test_one_note_among_many_items_is_enough_to_refuse_a_batch(stack: Rendered) -> None:
    asked = keyed("dynamodb:BatchWriteItem", HEADS[0], NOTES[0])
    assert role_decides(stack, "ArchiveRole", asked) == "Deny"


def test_the_auditor_writes_its_notes_and_nothing_else(stack: Rendered) -> None:
    for key in NOTES:
        assert role_decides(stack, "VerifyRole", keyed("dynamodb:PutItem", key)) == "Allow"
    for key in HEADS:
        assert role_decides(stack, "VerifyRole", keyed("dynamodb:PutItem", key)) == "ImplicitDeny", key
    assert role_decides(stack, "VerifyRole", keyed("dynamodb:PutItem", NOTES[0], HEADS[0])) == "ImplicitDeny"
    assert role_decides(stack, "VerifyRole", request("dynamodb:PutItem", TABLE)) == "ImplicitDeny"


def keyed(action: str, *keys: str) -> Any:
    """A request to the ledger that names items of these partitions."""
    asked = request(action, TABLE)
    asked.service_context["dynamodb:leadingkeys"] = list(keys)
    return asked


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


PARAMETER = "arn:aws:ssm:eu-west-1:111122223333:parameter/canary-audit/1234abcd"


@pytest.mark.parametrize("use", ["read", "purge"])
def test_only_the_chosen_store_of_keys_may_be_read(stack: Rendered, use: str) -> None:
    parameter, secret = f"{PARAMETER}/{use}", f"{SECRET}/1234abcd/{use}-AbCdEf"
    chosen = render(KeyStore="parameter-store")
    assert role_decides(chosen, "ArchiveRole", request("ssm:GetParameter", parameter)) == "Allow"
    asked = request("secretsmanager:GetSecretValue", secret)
    assert role_decides(chosen, "ArchiveRole", asked) == "ImplicitDeny"
    assert role_decides(stack, "ArchiveRole", asked) == "Allow"
    assert role_decides(stack, "ArchiveRole", request("ssm:GetParameter", parameter)) == "ImplicitDeny"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ssm:GetParameter", f"{PARAMETER}/other"),
        ("ssm:GetParameter", f"{PARAMETER.replace('canary-audit', 'elsewhere')}/read"),
        ("ssm:GetParameterHistory", f"{PARAMETER}/read"),
        ("ssm:GetParametersByPath", PARAMETER),
        ("ssm:PutParameter", f"{PARAMETER}/purge"),
        ("ssm:DeleteParameter", f"{PARAMETER}/purge"),
        ("kms:Decrypt", "*"),
    ],
)
def test_of_parameters_the_function_may_read_the_keys_alone(action: str, resource: str) -> None:
    chosen = render(KeyStore="parameter-store")
    assert role_decides(chosen, "ArchiveRole", request(action, resource)) == "ImplicitDeny"


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
    for name in ("OperateFunction", "RetrieveFunction"):
        asked = request("lambda:InvokeFunction", functions + name)
        assert role_decides(stack, "ScheduleRole", asked) == "ImplicitDeny"
    assert role_decides(stack, "ScheduleRole", request("lambda:InvokeFunction", "x")) == "ImplicitDeny"
    (trust,) = stack.properties("ScheduleRole")["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Condition"]["StringEquals"]["aws:SourceAccount"] == "111122223333"


def test_the_verify_function_may_go_on_in_itself_and_invoke_no_other(stack: Rendered) -> None:
    """By its name: the function needs the role, so the role can't refer to the function."""
    functions = "arn:aws:lambda:eu-west-1:111122223333:function:"
    itself = stack.properties("VerifyFunction")["FunctionName"]
    invoke = "lambda:InvokeFunction"
    assert role_decides(stack, "VerifyRole", request(invoke, functions + itself)) == "Allow"
    others = [
        stack.properties(name)["FunctionName"]
        for name in ("ArchiveFunction", "OperateFunction", "RetrieveFunction")
    ]
    for name in (*others, f"{itself}-2", "*"):
        assert role_decides(stack, "VerifyRole", request(invoke, functions + name)) == "ImplicitDeny"


READING = (
    ("s3:GetObjectVersion", f"{BUCKET}/exports/x"),
    ("s3:GetObject", f"{BUCKET}/statements/x"),
    ("s3:GetObjectRetention", f"{BUCKET}/exports/x"),
    ("s3:ListBucketVersions", BUCKET),
    ("dynamodb:GetItem", TABLE),
    ("dynamodb:Query", TABLE),
)
SETTINGS = (
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketVersioning",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
)


@pytest.mark.parametrize("action", SETTINGS)
def test_the_auditor_reads_the_settings_of_the_bucket(stack: Rendered, action: str) -> None:
    assert role_decides(stack, "VerifyRole", request(action, BUCKET)) == "Allow"
    assert role_decides(stack, "VerifyRole", request(action, "arn:aws:s3:::else")) == "ImplicitDeny"


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
