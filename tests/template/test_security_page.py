"""The table of who can destroy what, and the service control policy, on docs/security.md, judged."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from ministack.core import iam_evaluator as engine  # type: ignore[import-untyped]

from tests.support.stack import ROOT as REPOSITORY
from tests.support.stack import Rendered, render
from tests.template.judge import BUCKET, bucket_denies, request, role_decides

PAGE = REPOSITORY / "docs/security.md"
ACCOUNT = "arn:aws:iam::111122223333"
BREAK_GLASS = f"{ACCOUNT}:role/break-glass"
DEPLOYER = f"{ACCOUNT}:role/deployer"
ARCHIVE = "arn:aws:AWS::IAM::Role:::ArchiveRole"
COLUMNS = {
    "any other user or role": (f"{ACCOUNT}:role/Administrator", {}),
    "the root user": (f"{ACCOUNT}:root", {}),
    "who deploys with CloudFormation": (
        f"{ACCOUNT}:role/Administrator",
        {"aws__CalledVia": "cloudformation.amazonaws.com"},
    ),
    "the break-glass role": (BREAK_GLASS, {}),
    "the archive role": (ARCHIVE, {}),
}
POWERFUL = ("the root user", "who deploys with CloudFormation", "the break-glass role")
"""They may replace the bucket policy: root by a rule of S3's own, the others by the policy itself."""

EXPORT, STATEMENT = f"{BUCKET}/exports/x", f"{BUCKET}/statements/console=1234abcd/0000000009.json"
PUT = {"s3__x_amz_server_side_encryption": "AES256", "s3__if_none_match": "*"}


def _lock(days: str) -> dict[str, str]:
    return {"s3__object_lock_remaining_retention_days": days}


ACTS: dict[str, tuple[str, str, dict[str, str]]] = {
    "delete an archived version before its time": ("s3:DeleteObjectVersion", EXPORT, {}),
    # S3 asks for it beside PutObjectRetention if the lock would end earlier.
    "shorten its lock": ("s3:BypassGovernanceRetention", EXPORT, {}),
    "hide it behind a delete marker": ("s3:DeleteObject", EXPORT, {}),
    "encrypt it anew, with a key that can be deleted": ("s3:UpdateObjectEncryption", EXPORT, {}),
    "put a forged next statement": ("s3:PutObject", STATEMENT, PUT | _lock("2556")),
    "put over a statement": ("s3:PutObject", STATEMENT, {k: PUT[k] for k in list(PUT)[:1]} | _lock("2556")),
    "lock junk for a century": ("s3:PutObject", f"{BUCKET}/junk", PUT | _lock("36500")),
    "replicate junk or deletions into the bucket": ("s3:ReplicateObject", EXPORT, {}),
    "change the policy of the bucket": ("s3:PutBucketPolicy", BUCKET, {}),
    "change its lock, lifecycle, encryption, versioning": ("s3:PutLifecycleConfiguration", BUCKET, {}),
    "copy the archive elsewhere by a replication rule": ("s3:PutReplicationConfiguration", BUCKET, {}),
    "delete the bucket, once it is empty": ("s3:DeleteBucket", BUCKET, {}),
    "extend a lock, up to `ExpiryDays`": ("s3:PutObjectRetention", EXPORT, _lock("2556")),
    "set or release a legal hold": ("s3:PutObjectLegalHold", EXPORT, {}),
}
HELD_BY_THE_LOCK = ("delete an archived version before its time", "shorten its lock")
"""In COMPLIANCE the lock itself refuses them, whatever a policy says."""

FIRST = "after changing the policy"


def _can(stack: Rendered, mode: str, act: str, column: str) -> str:
    action, resource, keys = ACTS[act]
    who, via = COLUMNS[column]
    mode_key = {"s3__object_lock_mode": mode} if action in {"s3:PutObject", "s3:PutObjectRetention"} else {}
    asked = request(action, resource, who=who, **keys, **mode_key, **via)
    is_denied = bucket_denies(stack, asked)
    if column == "the archive role" and role_decides(stack, "ArchiveRole", asked) != "Allow":
        is_denied = True
    if mode == "COMPLIANCE" and act in HELD_BY_THE_LOCK:
        return "no"
    if column == "the root user" and action == "s3:PutBucketPolicy":
        return "yes"
    if is_denied:
        return FIRST if column in POWERFUL else "no"
    return "yes"


def _table() -> str:
    stacks = {
        mode: render(BreakGlassRoleArn=BREAK_GLASS, DeployRoleArn=DEPLOYER, ObjectLockMode=mode)
        for mode in ("GOVERNANCE", "COMPLIANCE")
    }
    lines = [f"| act | {' | '.join(COLUMNS)} |", "|---|" + "---|" * len(COLUMNS)]
    for act in ACTS:
        cells = []
        for column in COLUMNS:
            weak, strict = (_can(stack, mode, act, column) for mode, stack in stacks.items())
            cells.append(weak if weak == strict else f"{weak} / {strict}")
        lines.append(f"| {act} | {' | '.join(cells)} |")
    return "\n".join(lines)


def test_the_table_of_who_can_destroy_what_is_what_the_policies_say() -> None:
    """If it fails, this prints the true table: put it on the page, and look at what has changed."""
    assert _table() in PAGE.read_text(), "\n" + _table()


@pytest.fixture(scope="module")
def control() -> list[Any]:
    """The service control policy on the page, with whatever else the account allows."""
    (text,) = re.findall(r"```json\n(\{.+?\n\})\n```", PAGE.read_text(), re.DOTALL)
    document = json.loads(text)
    assert len(json.dumps(document, separators=(",", ":"))) < 5120  # the longest that Organizations takes
    allow = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    return [engine.parse_policy_document(each) for each in (document, allow)]


OURS = "arn:aws:s3:::canary-audit-archive-archivebucket-example"
ROLES = f"{ACCOUNT}:role/canary-audit-archive-ArchiveRole-Example"
REFUSED = (
    ("s3:DeleteObject", f"{OURS}/exports/x"),
    ("s3:DeleteObjectVersion", f"{OURS}/exports/x"),
    ("s3:BypassGovernanceRetention", f"{OURS}/exports/x"),
    ("s3:DeleteBucket", OURS),
    ("s3:DeleteBucketPolicy", OURS),
    ("s3:PutBucketPolicy", OURS),
    ("s3:PutBucketObjectLockConfiguration", OURS),
    ("s3:PutBucketVersioning", OURS),
    ("s3:PutEncryptionConfiguration", OURS),
    ("s3:PutLifecycleConfiguration", OURS),
    ("iam:UpdateAssumeRolePolicy", ROLES),
    ("iam:PutRolePolicy", ROLES),
    ("iam:AttachRolePolicy", BREAK_GLASS),
    ("iam:DeleteRole", ROLES),
    (
        "lambda:UpdateFunctionCode",
        "arn:aws:lambda:eu-west-1:111122223333:function:canary-audit-archive-archive",
    ),
    (
        "dynamodb:DeleteTable",
        "arn:aws:dynamodb:eu-west-1:111122223333:table/canary-audit-archive-LedgerTable-X",
    ),
    ("kms:ScheduleKeyDeletion", "arn:aws:kms:eu-west-1:111122223333:key/1"),
    ("organizations:LeaveOrganization", "*"),
)
WHO = (f"{ACCOUNT}:root", f"{ACCOUNT}:role/Administrator", BREAK_GLASS)


@pytest.mark.parametrize(("action", "resource"), REFUSED)
def test_the_service_control_policy_refuses_everybody_but_the_deployer(
    control: list[Any], action: str, resource: str
) -> None:
    for who in WHO:
        assert engine.evaluate(request(action, resource, who=who), control).decision == "Deny", who
    if action != "organizations:LeaveOrganization":
        assert engine.evaluate(request(action, resource, who=DEPLOYER), control).decision == "Allow"


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:PutObject", f"{OURS}/exports/x"),
        ("s3:GetObject", f"{OURS}/exports/x"),
        ("s3:DeleteObject", "arn:aws:s3:::another-bucket/x"),
        ("iam:DeleteRole", f"{ACCOUNT}:role/another"),
        (
            "lambda:InvokeFunction",
            "arn:aws:lambda:eu-west-1:111122223333:function:canary-audit-archive-archive",
        ),
    ],
)
def test_the_service_control_policy_leaves_the_rest_alone(
    control: list[Any], action: str, resource: str
) -> None:
    asked = request(action, resource, who=f"{ACCOUNT}:role/Administrator")
    assert engine.evaluate(asked, control).decision == "Allow"
