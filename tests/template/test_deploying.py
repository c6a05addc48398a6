"""A first create that fails, a stack that is deleted and comes back, and what a deploy is refused for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from audit_archive.events import MAX_CONSOLE_ID, is_console_id
from audit_archive.messages.message import AlertForm
from cli.adopt import STATED
from cli.schedules import KINDS
from tests.support.stack import DEFAULTS, PSEUDO, REQUIRED, ROOT, SOURCE, Rendered, render, translated
from tests.template.judge import BUCKET, bucket_denies, request

ROLE = "arn:aws:iam::111122223333:role/deploy/deployer"
LONGEST_STACK = "Stack-" + "x" * 49
STABLE = {
    "ArchiveBucket": "a deleted stack leaves it; `canary-audit adopt` imports it under this name",
    "ArchiveBucketPolicy": "as the bucket",
    "LedgerTable": "as the bucket",
    "SigningKey": "as the bucket",
    "Fleet": "the group of added Consoles' schedules; another logical id deletes it and all of them",
    "ScheduleRole": "added Consoles' schedules hold its ARN",
    "UndeliveredSchedules": "added Consoles' schedules hold its ARN",
    "ArchiveFunction": "added Consoles' schedules hold its ARN",
    "VerifyFunction": "added Consoles' schedules hold its ARN",
    "FirstSchedule": "another one would have the same name, and be made before this one is removed",
    "FirstVerification": "as FirstSchedule",
    "FirstLocks": "as FirstSchedule",
    "FleetCheck": "as FirstSchedule",
    "ArchiveRole": "the bucket's policy and the key's policy may name it",
    "FailedRuns": "a new queue would be empty: what waits for a person would be lost",
    "AlertTopic": "a new topic has no subscribers",
    "ArchiveLogs": "it is kept, and its name is fixed within a stack's life: a second one would meet it",
    "VerifyLogs": "as ArchiveLogs",
    "RetrieveLogs": "as ArchiveLogs",
    "ReportsBucket": "it is kept: another one would leave this one behind",
    "AccessTrailBucket": "as ReportsBucket",
    "AccessTrailBucketPolicy": "as ReportsBucket",
}
"""The logical ids that must never change, and why."""


def engine() -> Any:
    """The emulator's CloudFormation, loaded when needed as the schemas below."""
    from ministack.services.cloudformation import engine  # type: ignore[import-untyped] # noqa: PLC0415

    return engine


def of(schema: str) -> dict[str, Any]:
    """CloudFormation's schema of a type of resource."""
    # Loading it takes a second, which no worker should need that runs other tests.
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped] # noqa: PLC0415

    found: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", schema).schema
    return found


def names(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The properties of a resource that name it, with their values."""
    properties = resource.get("Properties", {})
    for path in of(resource["Type"])["primaryIdentifier"]:
        name = path.rpartition("/")[2]
        if isinstance(properties.get(name), str):
            yield name, properties[name]


def kept(stack: Rendered) -> dict[str, dict[str, Any]]:
    """The resources that outlive the stack."""
    return {n: r for n, r in stack.resources.items() if r.get("DeletionPolicy", "Delete") != "Delete"}


def whole() -> Rendered:
    """The stack with everything that is optional."""
    return render(AccessTrail="yes", AlertEmail="soc@example.com")


def test_nothing_that_is_kept_has_a_name_that_a_second_stack_would_meet() -> None:
    other = PSEUDO["AWS::StackId"].replace("abc9dbf0", "0fbd9cba")
    first, second = whole(), render(AccessTrail="yes", **{"AWS::StackId": other})
    fixed = [
        (logical_id, name, value)
        for logical_id, resource in kept(first).items()
        for name, value in names(resource)
        if value not in first.resources and (name, value) in names(second.resources[logical_id])
    ]
    assert fixed == []


def known_by(stack: Rendered) -> set[tuple[str, ...]]:
    """What CloudFormation knows resources by: the type, and an identifier that the template gives."""
    found = set()
    for resource in stack.resources.values():
        given = [value for _, value in names(resource) if value not in stack.resources]
        if given and len(given) == len(of(resource["Type"])["primaryIdentifier"]):
            found.add((resource["Type"], *given))
    return found


def test_two_stacks_in_an_account_have_no_resource_that_cloudformation_takes_for_the_same() -> None:
    """It knows a schedule by its name alone, whatever its group: `already exists in stack`.

    https://github.com/aws/serverless-application-model/issues/3109
    """
    other = PSEUDO["AWS::StackId"].replace("abc9dbf0", "0fbd9cba")
    second = {"AWS::StackName": "second", "AWS::StackId": other, "Console": "5678efab"}
    first = known_by(whole())
    assert first & known_by(render(AccessTrail="yes", AlertEmail="soc@example.com", **second)) == set()
    assert ("AWS::Scheduler::Schedule", "_fleet_abc9dbf0") in first
    assert {"AWS::Lambda::Function", "AWS::CloudTrail::Trail"} <= {kind for kind, *_ in first}


def test_a_failed_first_create_leaves_only_what_would_make_its_rollback_fail() -> None:
    """A protected table, and a bucket that CloudTrail may have written to. Their names are generated."""
    policies = {name: resource["DeletionPolicy"] for name, resource in kept(whole()).items()}
    stays = {name for name, policy in policies.items() if policy == "Retain"}
    assert stays == {"LedgerTable", "AccessTrailBucket", "AccessTrailBucketPolicy"}
    assert set(policies.values()) == {"Retain", "RetainExceptOnCreate"}
    buckets = {name for name, kind in whole().resources.items() if kind["Type"] == "AWS::S3::Bucket"}
    others = {"ArchiveBucketPolicy", "SigningKey", "ArchiveLogs", "VerifyLogs", "RetrieveLogs"}
    assert buckets | others <= set(policies)


def test_the_page_says_of_everything_that_is_kept_that_it_stays() -> None:
    told = {
        "the archive bucket and its policy": {"ArchiveBucket", "ArchiveBucketPolicy"},
        "the ledger": {"LedgerTable"},
        "the signing key": {"SigningKey"},
        "the log groups": {"ArchiveLogs", "VerifyLogs", "RetrieveLogs"},
        "the reports bucket": {"ReportsBucket", "ReportsBucketPolicy"},
        "the access trail's bucket (`AccessTrail=yes`)": {"AccessTrailBucket", "AccessTrailBucketPolicy"},
    }
    page = (ROOT / "docs/deploying.md").read_text()
    rows = set(re.findall(r"^\| (the [^|]+?) \| stays?\b", page, re.MULTILINE))
    assert rows == {*told, "the secrets"}
    assert set().union(*told.values()) == set(kept(whole()))
    assert f"| 3 to {len(LONGEST_STACK)} letters" in page
    assert f"| 1 to {MAX_CONSOLE_ID} lower-case letters" in page


def test_what_is_kept_is_kept_when_it_is_replaced_too() -> None:
    assert {resource.get("UpdateReplacePolicy") for resource in kept(whole()).values()} == {"Retain"}


def test_names_that_are_given_are_the_resources_and_stand_nowhere_else() -> None:
    """Whatever needs a name takes it from the resource: nothing can use another bucket than the stack's."""
    given = {"ArchiveBucketName": "kept-bucket", "LedgerTableName": "kept-table"}
    stack = render(**given)
    assert stack.properties("ArchiveBucket").pop("BucketName") == "kept-bucket"
    assert stack.properties("LedgerTable").pop("TableName") == "kept-table"
    assert not any(value in json.dumps(stack.resources) for value in given.values())
    bare = render()
    assert "BucketName" not in bare.properties("ArchiveBucket")
    assert "TableName" not in bare.properties("LedgerTable")
    assert stack.resources == bare.resources


def test_the_kept_bucket_is_used_by_everything_that_needs_one() -> None:
    stack = render(ArchiveBucketName="kept-bucket", LedgerTableName="kept-table")
    for function in ("ArchiveFunction", "VerifyFunction", "RetrieveFunction"):
        variables = stack.properties(function)["Environment"]["Variables"]
        assert (variables["ARCHIVE_BUCKET"], variables["LEDGER_TABLE"]) == ("ArchiveBucket", "LedgerTable")
    assert stack.properties("ArchiveBucketPolicy")["Bucket"] == "ArchiveBucket"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ArchiveBucket", "AWS::S3::Bucket"),
        ("ArchiveBucketPolicy", "AWS::S3::BucketPolicy"),
        ("LedgerTable", "AWS::DynamoDB::Table"),
        ("SigningKey", "AWS::KMS::Key"),
    ],
)
def test_what_adopt_imports_is_what_the_template_states(name: str, kind: str) -> None:
    resource = SOURCE["Resources"][name]
    assert resource["Type"] == kind
    unreadable = {path.removeprefix("/properties/") for path in of(kind).get("writeOnlyProperties", [])}
    assert set(STATED[kind]) == set(resource["Properties"]) - unreadable
    assert "read" in of(kind)["handlers"]  # an import reads


@pytest.mark.parametrize("kind", ["AWS::S3::Bucket", "AWS::S3::BucketPolicy"])
def test_the_policy_that_is_left_lets_a_new_stack_import_and_then_change_the_bucket(kind: str) -> None:
    """An import reads, whoever asks; the deploy after it changes what CloudFormation's handlers change."""
    left, handlers = render(), of(kind)["handlers"]
    reads = [action for action in handlers["read"]["permissions"] if action.startswith("s3:")]
    changes = [action for action in handlers["update"]["permissions"] if action.startswith("s3:")]
    assert {"s3:GetBucketPolicy"} <= set(reads) or len(reads) > 10
    assert [action for action in reads if bucket_denies(left, request(action, BUCKET))] == []
    through = {"aws__CalledVia": "cloudformation.amazonaws.com"}
    assert [action for action in changes if bucket_denies(left, request(action, BUCKET, **through))] == []
    assert any(bucket_denies(left, request(action, BUCKET)) for action in changes)


def test_logical_ids_that_others_hold_never_change() -> None:
    assert set(STABLE) <= set(SOURCE["Resources"])
    schedules = {n for n, r in SOURCE["Resources"].items() if r["Type"] == "AWS::Scheduler::Schedule"}
    outlive = {n for n, r in SOURCE["Resources"].items() if "DeletionPolicy" in r}
    policies = {"ReportsBucketPolicy", "AccessTrailBucketPolicy"}  # named by their buckets
    assert schedules | (outlive - policies) <= set(STABLE)


def test_the_stack_policy_refuses_to_replace_what_can_not_be_had_again() -> None:
    """Of what must never change: all that holds something no deploy makes again, and no more.

    The signing key is no part of it: whoever takes a key of their own removes it, and it stays.
    """
    allow, deny = json.loads((ROOT / "docs/stack-policy.json").read_text())["Statement"]
    assert (allow["Effect"], allow["Action"], allow["Resource"]) == ("Allow", "Update:*", "*")
    assert (deny["Effect"], deny["Action"]) == ("Deny", ["Update:Replace", "Update:Delete"])
    named = {each.removeprefix("LogicalResourceId/") for each in deny["Resource"]}
    assert named == {"ArchiveBucket", "LedgerTable", "Fleet", "AlertTopic"}
    assert named <= set(STABLE)
    renamed = render(ArchiveBucketName="another", LedgerTableName="another").resources
    assert not any("Condition" in SOURCE["Resources"][name] for name in named)
    assert named <= set(renamed)


@pytest.mark.parametrize(
    ("parameter", "resource"), [("ScheduleState", "FirstSchedule"), ("VerifyState", "FirstVerification")]
)
def test_the_state_of_the_first_schedules_is_the_stacks(parameter: str, resource: str) -> None:
    """UpdateSchedule enables a schedule whose state it is not told."""
    assert render().properties(resource)["State"] == "ENABLED"
    assert render(**{parameter: "DISABLED"}).properties(resource)["State"] == "DISABLED"


# ---- names ----


def misfits(stack: Rendered) -> list[tuple[str, str]]:
    """The names that CloudFormation's schemas do not take. A function's is limited by its pattern."""
    found = []
    for logical_id, resource in stack.resources.items():
        properties = of(resource["Type"])["properties"]
        for name, value in names(resource):
            rule = properties[name]
            fits = len(value) <= rule.get("maxLength", 1024) and len(value) >= rule.get("minLength", 1)
            if not fits or not re.search(rule.get("pattern", ""), value):
                found.append((logical_id, value))
    return found


@pytest.mark.parametrize("stack", ["abc", "My-Stack-2", LONGEST_STACK])
@pytest.mark.parametrize("console", ["a", "x" * MAX_CONSOLE_ID])
def test_every_name_made_of_a_stack_and_a_console_fits(stack: str, console: str) -> None:
    assert misfits(render(AccessTrail="yes", Console=console, **{"AWS::StackName": stack})) == []


def test_the_limits_are_not_lower_than_they_need_be() -> None:
    assert len(LONGEST_STACK) == 55
    too_long = render(**{"AWS::StackName": LONGEST_STACK + "x"}, Console="x" * 58)
    assert {name for name, _ in misfits(too_long)} == {"RetrieveFunction", "FirstVerification"}


def test_the_database_fits_a_stack_in_upper_case() -> None:
    database = render(**{"AWS::StackName": "My-Stack"}).properties("EntriesDatabase")
    assert re.fullmatch("[a-z][a-z0-9_]*", database["DatabaseInput"]["Name"])


# ---- parameters ----


def refusal(**parameters: str) -> str:
    """What CloudFormation says to a deploy with these parameters; empty if it takes them."""
    given = [{"Key": name, "Value": value} for name, value in (REQUIRED | parameters).items()]
    try:
        values = engine()._resolve_parameters(SOURCE, given)
        engine()._evaluate_rules(SOURCE, values, {})
    except ValueError as error:
        return str(error)
    return ""


def test_every_refused_pattern_says_what_is_wanted() -> None:
    patterns = {n: p for n, p in SOURCE["Parameters"].items() if "AllowedPattern" in p}
    assert len(patterns) > 9
    for name, parameter in patterns.items():
        assert parameter["ConstraintDescription"].startswith("must be "), name
        said = refusal(**{name: "*\n*"})
        assert said == f"Parameter '{name}' {parameter['ConstraintDescription']}", name


@pytest.mark.parametrize(
    ("name", "accepted", "refused"),
    [
        ("Console", ["a", "1234abcd", "a-b", "x" * 57], ["", "-a", "a-", "A", "a_b", "a.b", "x" * 58]),
        (
            "BreakGlassRoleArn",
            ["", ROLE, "arn:aws-us-gov:iam::111122223333:role/Break.Glass_1+=,@-"],
            [
                "arn:aws:iam::111122223333:role/*",
                "arn:aws:iam::111122223333:role/break-*",
                "arn:aws:iam::111122223333:role/break-glas?",
                "arn:aws:iam::111122223333:role/${aws:username}",
                "arn:aws:iam::111122223333:role/",
                "arn:aws:iam::111122223333:role/path/",
                "arn:aws:iam::*:role/break-glass",
                "arn:aws:iam::111122223333:user/me",
                "arn:aws:iam::111122223333:root",
                "arn:aws:sts::111122223333:assumed-role/break-glass/me",
                "arn:aws:iam::111122223333:role/" + "x" * 65,
                "*",
            ],
        ),
        (
            "SigningKeyArn",
            ["", "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
            [
                "arn:aws:kms:eu-west-1:111122223333:key/*",
                "arn:aws:kms:eu-west-1:111122223333:alias/mine",
                "mine",
            ],
        ),
        ("ArchiveBucketName", ["", "abc", "x" * 63], ["ab", "Abc", "a.b", "-ab", "ab-", "a_b", "x" * 64]),
        ("LedgerTableName", ["", "abc", "Stack-Ledger_1.2"], ["ab", "a b", "a/b", "x" * 256]),
        ("AlertEmail", ["", "soc@example.com"], ["soc", "@", "a@b c", "a@b,c@d"]),
        ("AlertFormat", [str(form) for form in AlertForm], ["", "slack"]),
        (
            "ScheduleExpression",
            ["rate(1 day)", "cron(17 3 * * ? *)"],
            ["", "daily", "at(2026-01-01T00:00:00)"],
        ),
        ("ObjectLockMode", ["GOVERNANCE", "COMPLIANCE"], ["", "governance"]),
        ("ScheduleState", ["ENABLED", "DISABLED"], ["", "off"]),
    ],
)
def test_a_parameter_takes_what_it_should(name: str, accepted: list[str], refused: list[str]) -> None:
    assert [value for value in accepted if refusal(**{name: value})] == []
    for value in refused:
        assert refusal(**{name: value}).startswith(f"Parameter '{name}' "), value


def test_the_deploy_role_is_checked_as_the_break_glass_role_is() -> None:
    parameters = SOURCE["Parameters"]
    assert parameters["DeployRoleArn"]["AllowedPattern"] == parameters["BreakGlassRoleArn"]["AllowedPattern"]


@pytest.mark.parametrize("length", range(55, 61))
@pytest.mark.parametrize("form", ["{}", "-{}", "{}-", "a-{}", "{}_", "{}."])
def test_template_events_and_command_take_the_same_ids(form: str, length: int) -> None:
    console = form.format("x" * (length - len(form) + 2))
    assert len(console) == length
    assert is_console_id(console) is (refusal(Console=console) == "")


def test_the_longest_id_has_room_for_every_kind_of_schedule() -> None:
    assert max(MAX_CONSOLE_ID + len(kind.suffix) for kind in KINDS) <= 64


@pytest.mark.parametrize(
    ("deployed_by", "role", "says"),
    [
        ("caller", "", ""),
        ("service-role", ROLE, ""),
        ("service-role", "", "DeployedBy=service-role needs DeployRoleArn"),
        ("caller", ROLE, "DeployRoleArn is only for DeployedBy=service-role"),
    ],
)
def test_a_service_role_is_named(deployed_by: str, role: str, says: str) -> None:
    said = refusal(DeployedBy=deployed_by, DeployRoleArn=role)
    assert (says in said) if says else said == ""


def test_sam_hands_the_rules_on_as_they_are() -> None:
    assert translated(DEFAULTS | REQUIRED)["Rules"] == SOURCE["Rules"]
    engine()._check_rules_section(SOURCE)  # it knows the functions that a rule may use
