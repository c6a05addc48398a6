"""The policies of the archive bucket and of the access log's bucket, judged request by request."""

from __future__ import annotations

import json

import pytest

from tests.support.stack import Rendered, render
from tests.template.judge import BUCKET, bucket_denies, request

ROOT = "arn:aws:iam::111122223333:root"
ADMINISTRATOR = "arn:aws:iam::111122223333:role/Administrator"
ARCHIVE = "arn:aws:AWS::IAM::Role:::ArchiveRole"
BREAK_GLASS = "arn:aws:iam::111122223333:role/break-glass"
DEPLOYER = "arn:aws:iam::111122223333:role/deployer"
OTHERS = (ROOT, ADMINISTRATOR, DEPLOYER, f"{ARCHIVE}2", "arn:aws:iam::999999999999:role/somebody")
LOCK = {"s3__object_lock_mode": "GOVERNANCE", "s3__object_lock_remaining_retention_days": "2556"}
SSE = "s3__x_amz_server_side_encryption"
WHOLE = LOCK | {SSE: "AES256", "s3__if_none_match": "*"}
DESTRUCTIVE = ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:BypassGovernanceRetention")
LOOSENING = (
    "s3:DeleteBucket",
    "s3:DeleteBucketPolicy",
    "s3:PutBucketObjectLockConfiguration",
    "s3:PutBucketOwnershipControls",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutLifecycleConfiguration",
)
LEADING_OUT = ("s3:PutInventoryConfiguration", "s3:PutReplicationConfiguration")
AROUND_A_PUT = ("s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags", "s3:UpdateObjectEncryption")
FOLDERS = ("exports", "entries", "statements", "checkpoints")
WRITES = ("s3:PutObject", "s3:PutObjectRetention")
LOG = "arn:aws:s3:::AccessTrailBucket"
THROUGH = {"aws__CalledVia": "cloudformation.amazonaws.com"}


@pytest.fixture(scope="module")
def stack() -> Rendered:
    return render(BreakGlassRoleArn=BREAK_GLASS, DeployRoleArn=DEPLOYER, AccessTrail="yes")


def test_a_read_is_served_over_tls_only(stack: Rendered) -> None:
    read = ("s3:GetObject", f"{BUCKET}/exports/x")
    assert not bucket_denies(stack, request(*read))
    assert bucket_denies(stack, request(*read, tls="false"))


@pytest.mark.parametrize("folder", [*FOLDERS, "rejected", "else"])
@pytest.mark.parametrize("action", DESTRUCTIVE)
def test_nobody_but_break_glass_deletes_or_unlocks(stack: Rendered, action: str, folder: str) -> None:
    for who in (ARCHIVE, *OTHERS):
        assert bucket_denies(stack, request(action, f"{BUCKET}/{folder}/x", who=who)), who
    assert not bucket_denies(stack, request(action, f"{BUCKET}/{folder}/x", who=BREAK_GLASS))


@pytest.mark.parametrize("action", DESTRUCTIVE)
def test_without_break_glass_nobody_at_all_deletes(action: str) -> None:
    assert bucket_denies(render(), request(action, f"{BUCKET}/exports/x", who=BREAK_GLASS))


@pytest.mark.parametrize("action", [*LOOSENING, *LEADING_OUT])
def test_the_bucket_is_loosened_by_cloudformation_only(stack: Rendered, action: str) -> None:
    for who in (ARCHIVE, ROOT, ADMINISTRATOR):
        assert bucket_denies(stack, request(action, BUCKET, who=who)), who
    assert not bucket_denies(stack, request(action, BUCKET, **THROUGH))
    assert not bucket_denies(stack, request(action, BUCKET, who=DEPLOYER))
    assert not bucket_denies(stack, request(action, BUCKET, who=BREAK_GLASS))


@pytest.mark.parametrize("action", [*LOOSENING, *LEADING_OUT])
def test_the_stack_can_be_updated_without_any_trusted_role(action: str) -> None:
    bare = render()
    assert bucket_denies(bare, request(action, BUCKET))
    assert not bucket_denies(bare, request(action, BUCKET, **THROUGH))


@pytest.mark.parametrize("folder", [*FOLDERS, "rejected", "else"])
@pytest.mark.parametrize("action", WRITES)
def test_only_the_archive_and_break_glass_write(stack: Rendered, action: str, folder: str) -> None:
    days = {"s3__object_lock_remaining_retention_days": "90"} if folder == "rejected" else {}
    asked = (action, f"{BUCKET}/{folder}/x")
    for who in OTHERS:
        assert bucket_denies(stack, request(*asked, who=who, **WHOLE | days)), who
    for who in (ARCHIVE, BREAK_GLASS):
        assert not bucket_denies(stack, request(*asked, who=who, **WHOLE | days)), who
    assert bucket_denies(render(), request(*asked, who=BREAK_GLASS, **WHOLE | days))


@pytest.mark.parametrize("name", ["ArchiveBucketPolicy", "AccessTrailBucketPolicy"])
def test_a_policy_is_not_longer_than_s3_takes(stack: Rendered, name: str) -> None:
    longest = render(
        BreakGlassRoleArn=f"{BREAK_GLASS}{'x' * 480}",
        DeployRoleArn=f"{DEPLOYER}{'x' * 480}",
        AccessTrail="yes",
    )
    for rendered in (stack, longest):
        assert len(json.dumps(rendered.properties(name)["PolicyDocument"])) < 20 * 1024 - 1024


def test_a_legal_hold_stays_the_callers_own_act(stack: Rendered) -> None:
    assert not bucket_denies(stack, request("s3:PutObjectLegalHold", f"{BUCKET}/exports/x"))


@pytest.mark.parametrize("who", [ARCHIVE, BREAK_GLASS, *OTHERS])
@pytest.mark.parametrize("action", AROUND_A_PUT)
def test_nothing_is_written_around_a_put(stack: Rendered, action: str, who: str) -> None:
    assert bucket_denies(stack, request(action, f"{BUCKET}/statements/x", who=who))


@pytest.mark.parametrize("who", [ARCHIVE, BREAK_GLASS])
def test_a_put_must_state_the_encryption_by_s3(stack: Rendered, who: str) -> None:
    put = ("s3:PutObject", f"{BUCKET}/exports/x")
    bare = {name: value for name, value in WHOLE.items() if name != SSE}
    assert not bucket_denies(stack, request(*put, who=who, **WHOLE))
    assert bucket_denies(stack, request(*put, who=who, **bare))
    for other in ("aws:kms", "aws:kms:dsse", "aws:fsx", "aes256"):
        assert bucket_denies(stack, request(*put, who=who, **bare | {SSE: other})), other
    own_key = {f"{SSE}_customer_algorithm": "AES256"}
    assert bucket_denies(stack, request(*put, who=who, **bare | own_key))
    assert bucket_denies(stack, request(*put, who=who, **WHOLE | own_key))


def test_a_statement_is_put_only_where_there_is_none(stack: Rendered) -> None:
    put = ("s3:PutObject", f"{BUCKET}/statements/console=1234abcd/0000000001.json")
    over = {name: value for name, value in WHOLE.items() if name != "s3__if_none_match"}
    for who in (ARCHIVE, BREAK_GLASS):
        assert bucket_denies(stack, request(*put, who=who, **over))
        assert not bucket_denies(stack, request(*put, who=who, **WHOLE))


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("action", WRITES)
@pytest.mark.parametrize(
    ("days", "denied"),
    # The archive locks, and extends, for 2556 days less a moment: floored or rounded, that passes.
    [("1", True), ("2554", True), ("2555", False), ("2556", False), ("2560", False), ("2561", True)],
)
def test_a_lock_is_neither_short_nor_long(
    stack: Rendered, action: str, folder: str, days: str, denied: bool
) -> None:
    lock = WHOLE | {"s3__object_lock_remaining_retention_days": days}
    asked = request(action, f"{BUCKET}/{folder}/x", who=ARCHIVE, **lock)
    is_short = action == "s3:PutObjectRetention" and int(days) < 2555
    assert bucket_denies(stack, asked) is (denied and not is_short)


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("chosen", ["GOVERNANCE", "COMPLIANCE"])
def test_a_lock_can_be_extended_to_what_a_raised_retention_promises(chosen: str, folder: str) -> None:
    """Counted from the put, so the days that remain are fewer than RetentionDays; in the mode that it has."""
    stack = render(ObjectLockMode=chosen)
    extension = ("s3:PutObjectRetention", f"{BUCKET}/{folder}/x", ARCHIVE)
    for mode in {"GOVERNANCE", chosen}:
        lock = {"s3__object_lock_mode": mode, "s3__object_lock_remaining_retention_days": "400"}
        assert not bucket_denies(stack, request(*extension, **lock))
    assert bucket_denies(stack, request("s3:BypassGovernanceRetention", extension[1]))  # so S3 never shortens


@pytest.mark.parametrize("action", WRITES)
@pytest.mark.parametrize(("days", "denied"), [("88", True), ("89", False), ("90", False), ("92", True)])
def test_what_was_rejected_is_locked_for_ninety_days(
    stack: Rendered, action: str, days: str, denied: bool
) -> None:
    lock = WHOLE | {"s3__object_lock_remaining_retention_days": days}
    assert bucket_denies(stack, request(action, f"{BUCKET}/rejected/x", who=ARCHIVE, **lock)) is denied


def test_break_glass_may_set_any_lock(stack: Rendered) -> None:
    for days in ("1", "36500"):
        lock = LOCK | {"s3__object_lock_remaining_retention_days": days}
        for folder in ("exports", "rejected"):
            asked = request("s3:PutObjectRetention", f"{BUCKET}/{folder}/x", who=BREAK_GLASS, **lock)
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
    where = (action, f"{BUCKET}/exports/x", ARCHIVE)
    assert bucket_denies(stack, request(*where, **WHOLE | {"s3__object_lock_mode": other}))
    assert not bucket_denies(stack, request(*where, **WHOLE | {"s3__object_lock_mode": chosen}))


def _log_denies(stack: Rendered, action: str, resource: str, who: str, **keys: str) -> bool:
    return bucket_denies(stack, request(action, resource, who=who, **keys), "AccessTrailBucketPolicy")


@pytest.mark.parametrize("action", [*DESTRUCTIVE, "s3:PutObjectRetention", "s3:UpdateObjectEncryption"])
def test_nobody_but_break_glass_deletes_from_the_log_of_accesses(stack: Rendered, action: str) -> None:
    for who in (ARCHIVE, *OTHERS):
        assert _log_denies(stack, action, f"{LOG}/AWSLogs/x", who), who
    assert not _log_denies(stack, action, f"{LOG}/AWSLogs/x", BREAK_GLASS)
    assert _log_denies(render(AccessTrail="yes"), action, f"{LOG}/AWSLogs/x", BREAK_GLASS)


@pytest.mark.parametrize("action", [*LOOSENING, *LEADING_OUT])
def test_the_bucket_of_the_log_is_loosened_by_cloudformation_only(stack: Rendered, action: str) -> None:
    for who in (ARCHIVE, ROOT, ADMINISTRATOR):
        assert _log_denies(stack, action, LOG, who), who
        assert not _log_denies(stack, action, LOG, who, **THROUGH), who
    for who in (DEPLOYER, BREAK_GLASS):
        assert not _log_denies(stack, action, LOG, who), who


def test_the_trail_itself_may_write_its_log(stack: Rendered) -> None:
    (sid,) = [each for each in stack.statements("AccessTrailBucketPolicy") if each["Sid"] == "TrailWrites"]
    trail = {"aws__SourceArn": sid["Condition"]["StringEquals"]["aws:SourceArn"]}
    key = f"{LOG}/AWSLogs/111122223333/x"
    assert not _log_denies(stack, "s3:PutObject", key, "cloudtrail.amazonaws.com", **trail)
    another = {"aws__SourceArn": f"{trail['aws__SourceArn']}2"}
    assert _log_denies(stack, "s3:PutObject", key, "cloudtrail.amazonaws.com", **another)


@pytest.mark.parametrize(
    "action", ["s3:PutObject", "s3:ReplicateDelete", "s3:ReplicateObject", "s3:ReplicateTags"]
)
def test_nobody_writes_over_the_log_of_accesses_nor_locks_junk_in_it(stack: Rendered, action: str) -> None:
    for who in (ARCHIVE, BREAK_GLASS, *OTHERS):
        for lock in ({}, LOCK | {"s3__object_lock_remaining_retention_days": "36500"}):
            assert _log_denies(stack, action, f"{LOG}/AWSLogs/x", who, **lock), who
