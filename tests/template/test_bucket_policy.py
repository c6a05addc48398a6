"""The archive bucket's policy, judged request by request."""

from __future__ import annotations

import pytest

from tests.support.stack import Rendered, render
from tests.template.judge import BUCKET, bucket_denies, request

BREAK_GLASS = "arn:aws:iam::111122223333:role/break-glass"
DEPLOYER = "arn:aws:iam::111122223333:role/deployer"
LOCK = {"s3__object_lock_mode": "GOVERNANCE", "s3__object_lock_remaining_retention_days": "2556"}
DESTRUCTIVE = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention")
LOOSENING = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketPolicy",
    "s3:PutBucketVersioning",
    "s3:PutLifecycleConfiguration",
)
FOLDERS = ("exports", "entries", "statements", "checkpoints")


@pytest.fixture(scope="module")
def stack() -> Rendered:
    return render(BreakGlassRoleArn=BREAK_GLASS, DeployRoleArn=DEPLOYER)


def test_a_read_is_served_over_tls_only(stack: Rendered) -> None:
    read = ("s3:GetObject", f"{BUCKET}/exports/x")
    assert not bucket_denies(stack, request(*read))
    assert bucket_denies(stack, request(*read, tls="false"))


@pytest.mark.parametrize("folder", [*FOLDERS, "rejected", "else"])
@pytest.mark.parametrize("action", DESTRUCTIVE)
def test_nobody_but_break_glass_deletes_or_unlocks(stack: Rendered, action: str, folder: str) -> None:
    assert bucket_denies(stack, request(action, f"{BUCKET}/{folder}/x"))
    assert not bucket_denies(stack, request(action, f"{BUCKET}/{folder}/x", who=BREAK_GLASS))


@pytest.mark.parametrize("action", DESTRUCTIVE)
def test_without_break_glass_nobody_at_all_deletes(action: str) -> None:
    assert bucket_denies(render(), request(action, f"{BUCKET}/exports/x", who=BREAK_GLASS))


@pytest.mark.parametrize("action", LOOSENING)
def test_the_bucket_is_loosened_by_cloudformation_only(stack: Rendered, action: str) -> None:
    through = {"aws__CalledVia": "cloudformation.amazonaws.com"}
    assert bucket_denies(stack, request(action, BUCKET))
    assert not bucket_denies(stack, request(action, BUCKET, **through))
    assert not bucket_denies(stack, request(action, BUCKET, who=DEPLOYER))
    assert not bucket_denies(stack, request(action, BUCKET, who=BREAK_GLASS))


@pytest.mark.parametrize("action", LOOSENING)
def test_the_stack_can_be_updated_without_any_trusted_role(action: str) -> None:
    bare = render()
    assert bucket_denies(bare, request(action, BUCKET))
    assert not bucket_denies(bare, request(action, BUCKET, aws__CalledVia="cloudformation.amazonaws.com"))


def test_a_statement_is_put_only_where_there_is_none(stack: Rendered) -> None:
    put = ("s3:PutObject", f"{BUCKET}/statements/console=1234abcd/0000000001.json")
    assert bucket_denies(stack, request(*put, **LOCK))
    assert not bucket_denies(stack, request(*put, s3__if_none_match="*", **LOCK))


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_short_lock_is_refused(stack: Rendered, folder: str) -> None:
    put = ("s3:PutObject", f"{BUCKET}/{folder}/x")
    short = LOCK | {"s3__object_lock_remaining_retention_days": "2554"}
    assert bucket_denies(stack, request(*put, s3__if_none_match="*", **short))
    assert not bucket_denies(stack, request(*put, s3__if_none_match="*", **LOCK))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("chosen", ["GOVERNANCE", "COMPLIANCE"])
def test_a_lock_can_be_extended_to_what_a_raised_retention_promises(chosen: str, folder: str) -> None:
    """Counted from the put, so the days that remain are fewer than RetentionDays; in the mode that it has."""
    stack = render(ObjectLockMode=chosen)
    extension = ("s3:PutObjectRetention", f"{BUCKET}/{folder}/x")
    for mode in {"GOVERNANCE", chosen}:
        lock = {"s3__object_lock_mode": mode, "s3__object_lock_remaining_retention_days": "400"}
        assert not bucket_denies(stack, request(*extension, **lock))
    assert bucket_denies(stack, request("s3:BypassGovernanceRetention", extension[1]))  # so S3 never shortens


@pytest.mark.parametrize(("days", "denied"), [("88", True), ("89", False), ("90", False)])
def test_what_was_rejected_is_locked_for_ninety_days(stack: Rendered, days: str, denied: bool) -> None:
    lock = LOCK | {"s3__object_lock_remaining_retention_days": days}
    assert bucket_denies(stack, request("s3:PutObjectRetention", f"{BUCKET}/rejected/x", **lock)) is denied


def test_break_glass_may_shorten_a_lock(stack: Rendered) -> None:
    short = LOCK | {"s3__object_lock_remaining_retention_days": "1"}
    for folder in ("exports", "rejected"):
        asked = request("s3:PutObjectRetention", f"{BUCKET}/{folder}/x", who=BREAK_GLASS, **short)
        assert not bucket_denies(stack, asked)


@pytest.mark.parametrize(
    ("chosen", "other", "action"),
    [
        ("GOVERNANCE", "COMPLIANCE", "s3:PutObject"),
        ("GOVERNANCE", "COMPLIANCE", "s3:PutObjectRetention"),
        ("COMPLIANCE", "GOVERNANCE", "s3:PutObject"),
    ],
)
def test_only_the_chosen_lock_mode_is_put(action: str, chosen: str, other: str) -> None:
    stack = render(ObjectLockMode=chosen)
    where = (action, f"{BUCKET}/exports/x")
    assert bucket_denies(stack, request(*where, **LOCK | {"s3__object_lock_mode": other}))
    assert not bucket_denies(stack, request(*where, **LOCK | {"s3__object_lock_mode": chosen}))
