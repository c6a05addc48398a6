"""What the daily audit expects of the bucket is what the template makes of it, whatever the parameters."""

from __future__ import annotations

from typing import Any

import pytest

from audit_archive.config import VerifySettings
from audit_archive.format.bucket_settings import BucketFacts, Setting, expected_settings, setting_difference
from tests.support.stack import Rendered, render

BREAK_GLASS = "arn:aws:iam::111122223333:role/break-glass"
DEPLOYER = "arn:aws:iam::111122223333:role/deployer"
PARAMETERS: tuple[dict[str, str], ...] = (
    {},
    {"RetentionDays": "91", "ExpiryDays": "93", "ObjectLockMode": "COMPLIANCE"},
    {"BreakGlassRoleArn": BREAK_GLASS, "RetentionDays": "3650", "ExpiryDays": "4000"},
    {"DeployRoleArn": DEPLOYER},
    {"BreakGlassRoleArn": BREAK_GLASS, "DeployRoleArn": DEPLOYER, "ObjectLockMode": "COMPLIANCE"},
)


@pytest.fixture(scope="module", params=PARAMETERS, ids=str)
def stack(request: pytest.FixtureRequest) -> Rendered:
    return render(**request.param)


def facts_of(stack: Rendered) -> BucketFacts:
    """What the verify function knows, from the environment that the template gives it."""
    variables = stack.properties("VerifyFunction")["Environment"]["Variables"]
    facts = VerifySettings.from_environment(variables).bucket
    assert facts is not None
    return facts


def made_by(stack: Rendered) -> dict[Setting, dict[str, Any]]:
    """The settings of the rendered bucket, in the form in which CloudFormation gives them to S3."""
    bucket = stack.properties("ArchiveBucket")
    encryption = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return {
        Setting.POLICY: stack.properties("ArchiveBucketPolicy")["PolicyDocument"],
        Setting.LOCK: bucket["ObjectLockConfiguration"],
        Setting.LIFECYCLE: {"Rules": [_rule(each) for each in bucket["LifecycleConfiguration"]["Rules"]]},
        Setting.ENCRYPTION: {
            "Rules": [
                {"ApplyServerSideEncryptionByDefault": each["ServerSideEncryptionByDefault"]}
                for each in encryption
            ]
        },
        Setting.VERSIONING: bucket["VersioningConfiguration"],
        Setting.PUBLIC_ACCESS: bucket["PublicAccessBlockConfiguration"],
        Setting.OWNERSHIP: bucket["OwnershipControls"],
    }


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    taken = {"Id": "ID", "Status": "Status", "Prefix": "Prefix"}
    same = ("NoncurrentVersionExpiration", "AbortIncompleteMultipartUpload")
    made = {taken[name]: value for name, value in rule.items() if name in taken}
    made |= {name: rule[name] for name in same if name in rule}
    if "ExpirationInDays" in rule:
        made["Expiration"] = {"Days": int(rule["ExpirationInDays"])}
    if "Transitions" in rule:
        made["Transitions"] = [
            {"StorageClass": each["StorageClass"], "Days": each["TransitionInDays"]}
            for each in rule["Transitions"]
        ]
    known = {*taken, *same, "ExpirationInDays", "Transitions"}
    assert rule.keys() <= known, f"a property of a rule that this test does not know: {rule.keys() - known}"
    return made


@pytest.mark.parametrize("setting", Setting)
def test_the_audit_expects_what_the_template_makes(stack: Rendered, setting: Setting) -> None:
    assert (
        setting_difference(setting, expected_settings(facts_of(stack))[setting], made_by(stack)[setting])
        is None
    )


def test_no_setting_of_another_stack_passes_for_ours() -> None:
    """Each parameter that the settings are made from makes a difference that the audit sees."""
    expected = expected_settings(facts_of(render()))
    for other in PARAMETERS[1:]:
        made = made_by(render(**other))
        assert (
            setting_difference(Setting.POLICY, expected[Setting.POLICY], made[Setting.POLICY]) is not None
        ), other


def test_every_member_of_the_bucket_is_compared_or_cannot_be_changed() -> None:
    """A new property of the bucket needs a setting, or a reason here."""
    assert render().properties("ArchiveBucket").keys() == {
        "VersioningConfiguration",
        "ObjectLockEnabled",  # for ever, once the bucket is made
        "ObjectLockConfiguration",
        "BucketEncryption",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "LifecycleConfiguration",
    }
