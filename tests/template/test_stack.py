"""The rest of the template's promises: what is kept, locked, retried, told, and never written down."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from audit_archive.audit.locks import ENDING
from audit_archive.config import RetrieveSettings, VerifySettings, longest_gap
from audit_archive.errors import SettingsError
from audit_archive.format.facts import AuthStyle, LockMode
from audit_archive.format.times import DAY
from audit_archive.run.lock_terms import LockTerms
from tests.support.stack import ROOT, SOURCE, Rendered, render
from tests.template.judge import request, role_decides

SETTINGS = {
    "ARCHIVE_BUCKET": "ArchiveBucket",
    "LEDGER_TABLE": "LedgerTable",
    "SECRET_PREFIX": "canary-audit",
    "KEY_STORE": "secrets-manager",
    "PURGE_MODE": "on",
    "KEEP_DAYS": "0",
    "SETTLE_MINUTES": "60",
    "RETENTION_DAYS": "2555",
    "EXPIRY_DAYS": "2560",
    "OBJECT_LOCK_MODE": "GOVERNANCE",
    "AUTH_STYLE": "header",
    "ALERT_TOPIC": "AlertTopic",
    "ALERT_FORMAT": "text",
    "STACK_NAME": "archive-stack",
    "VERIFY_EXPRESSION": "cron(17 5 * * ? *)",
    "SIGNING_KEY": "arn:aws:AWS::KMS::Key:::SigningKey",
    "BUNDLE_KEY": "arn:aws:AWS::KMS::Key:::BundleKey",
    "CONSOLE_URL_TEMPLATE": "https://{console}.canary.tools",
    "POWERTOOLS_SERVICE_NAME": "archive",
    "POWERTOOLS_METRICS_NAMESPACE": "CanaryAuditArchive/archive-stack",
    "POWERTOOLS_LOG_LEVEL": "INFO",
}


@pytest.fixture(scope="module")
def stack() -> Rendered:
    return render()


@pytest.mark.parametrize("name", ["ArchiveBucket", "ArchiveBucketPolicy", "LedgerTable", "SigningKey"])
def test_the_archive_outlives_the_stack(stack: Rendered, name: str) -> None:
    assert stack.resources[name]["DeletionPolicy"] in {"Retain", "RetainExceptOnCreate"}
    assert stack.resources[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_the_bucket_is_versioned_locked_private_and_encrypted(mode: str) -> None:
    bucket = render(ObjectLockMode=mode, RetentionDays="400").properties("ArchiveBucket")
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["ObjectLockEnabled"] is True
    lock = bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"]
    assert lock == {"Mode": mode, "Days": "400"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    (encryption,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


def test_only_what_may_expire_expires(stack: Rendered) -> None:
    rules = stack.properties("ArchiveBucket")["LifecycleConfiguration"]["Rules"]
    removing = {"ExpirationInDays", "NoncurrentVersionExpiration", "ExpiredObjectDeleteMarker"}
    touched = {rule.get("Prefix", "everything") for rule in rules if removing & rule.keys()}
    assert touched == {"exports/", "entries/", "rejected/"}
    assert all(rule["ExpirationInDays"] == "2560" for rule in rules if rule["Id"] in {"exports", "entries"})
    cold = {r["Prefix"]: r["Transitions"] for r in rules if "Transitions" in r}
    assert set(cold) == {"exports/", "entries/"}
    assert all(moves == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}] for moves in cold.values())


def test_no_prefix_has_two_rules(stack: Rendered) -> None:
    """S3 refuses two rules of one prefix with the same kind of action, with InvalidRequest."""
    for name in ("ArchiveBucket", "ReportsBucket"):
        rules = stack.properties(name)["LifecycleConfiguration"]["Rules"]
        prefixes = [rule.get("Prefix", "") for rule in rules]
        assert len(set(prefixes)) == len(prefixes), name


def test_lowering_the_retention_hides_nothing() -> None:
    """The expiry is a parameter of its own: what was locked for longer stays in sight."""
    lowered = render(RetentionDays="100")
    rules = lowered.properties("ArchiveBucket")["LifecycleConfiguration"]["Rules"]
    days = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "ExpirationInDays" in rule}
    assert days == {"exports/": "2560", "entries/": "2560", "rejected/": 91}


def test_the_ledger_is_protected(stack: Rendered) -> None:
    table = stack.properties("LedgerTable")
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert [key["AttributeName"] for key in table["KeySchema"]] == ["console", "item"]


def _verify_settings(**parameters: str) -> VerifySettings:
    variables = render(**parameters).properties("VerifyFunction")["Environment"]["Variables"]
    return VerifySettings.from_environment(variables)


def test_the_period_of_the_stack_is_held_to_its_schedule() -> None:
    weekly = {"ScheduleExpression": "cron(17 3 ? * MON *)"}
    assert _verify_settings().period_hours == 24
    assert _verify_settings(**weekly, PeriodHours="168").period_hours == 168
    with pytest.raises(SettingsError, match="Set PeriodHours to 168"):
        _verify_settings(**weekly)


def test_the_function_gets_every_setting_and_no_other(stack: Rendered) -> None:
    assert stack.properties("ArchiveFunction")["Environment"]["Variables"] == SETTINGS
    door = stack.properties("OperateFunction")["Environment"]["Variables"]
    assert door == SETTINGS | {"POWERTOOLS_SERVICE_NAME": "operate"}


def test_what_fails_is_retried_and_then_kept(stack: Rendered) -> None:
    configs = {
        each["FunctionName"]: each for each in stack.of_type("AWS::Lambda::EventInvokeConfig").values()
    }
    # A decision that was retried, or waited for hours, could undo what a person decided since.
    door = configs.pop("OperateFunction")
    assert (door["MaximumRetryAttempts"], door["MaximumEventAgeInSeconds"]) == (0, 60)
    assert set(configs) == {"ArchiveFunction", "VerifyFunction"}
    for config in configs.values():
        assert config["MaximumRetryAttempts"] == 2
        kept = config["DestinationConfig"]["OnFailure"]["Destination"]
        assert kept == "arn:aws:AWS::SQS::Queue:::FailedRuns"


@pytest.mark.parametrize(
    ("name", "function", "event"),
    [
        ("FirstSchedule", "ArchiveFunction", "schedule"),
        ("FirstVerification", "VerifyFunction", "verify-daily"),
        ("FirstLocks", "ArchiveFunction", "extend-locks"),
    ],
)
def test_a_schedule_invokes_its_function_with_the_console(
    stack: Rendered, name: str, function: str, event: str
) -> None:
    schedule = stack.properties(name)
    target = schedule["Target"]
    assert target["Arn"] == f"arn:aws:AWS::Lambda::Function:::{function}"
    assert json.loads(target["Input"]) == json.loads((ROOT / "events" / f"{event}.json").read_text())
    assert target["DeadLetterConfig"]["Arn"] == "arn:aws:AWS::SQS::Queue:::UndeliveredSchedules"
    assert schedule["FlexibleTimeWindow"]["Mode"] == "FLEXIBLE"


def test_the_dashboard_is_json(stack: Rendered) -> None:
    body = json.loads(stack.properties("Dashboard")["DashboardBody"])
    assert [widget["type"] for widget in body["widgets"]] == ["metric"] * 4 + ["alarm"]


def test_options_are_off_until_asked_for(stack: Rendered) -> None:
    assert not stack.of_type("AWS::SNS::Subscription")
    assert not stack.of_type("AWS::CloudTrail::Trail")
    asked = render(AlertEmail="soc@example.com", AccessTrail="yes")
    assert asked.properties("AlertSubscription")["Endpoint"] == "soc@example.com"
    (selector,) = asked.properties("AccessTrailOfArchive")["AdvancedEventSelectors"]
    assert {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::ArchiveBucket/"]} in selector[
        "FieldSelectors"
    ]


@pytest.mark.parametrize("mode", ["GOVERNANCE", "COMPLIANCE"])
def test_the_log_of_accesses_is_kept_as_the_archive_is(mode: str) -> None:
    stack = render(AccessTrail="yes", ObjectLockMode=mode, RetentionDays="400", ExpiryDays="402")
    for name in ("AccessTrailBucket", "AccessTrailBucketPolicy"):
        assert stack.resources[name]["DeletionPolicy"] == "Retain", name
        assert stack.resources[name]["UpdateReplacePolicy"] == "Retain", name
    bucket = stack.properties("AccessTrailBucket")
    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"]["Rule"]["DefaultRetention"] == {"Mode": mode, "Days": "400"}
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert rule["ExpirationInDays"] == "402"


def test_the_template_makes_no_secret_and_takes_none(stack: Rendered) -> None:
    assert not stack.of_type("AWS::SecretsManager::Secret")
    takes = [name for name in SOURCE["Parameters"] if re.search("key|token|password", name, re.IGNORECASE)]
    assert takes == ["KeyStore", "SigningKeyArn"]  # where keys are, and the name of one
    assert not re.fullmatch(SOURCE["Parameters"]["SigningKeyArn"]["AllowedPattern"], "abcdef0123456789")


def test_whoever_deploys_chooses_the_purge_mode() -> None:
    assert "Default" not in SOURCE["Parameters"]["PurgeMode"]
    assert SOURCE["Parameters"]["PurgeMode"]["AllowedValues"] == ["off", "dry-run", "on"]


def test_the_styles_of_sending_the_key_are_those_of_the_code() -> None:
    assert SOURCE["Parameters"]["AuthStyle"]["AllowedValues"] == list(AuthStyle)
    assert SOURCE["Parameters"]["AuthStyle"]["Default"] == AuthStyle.HEADER


def test_what_can_not_be_taken_back_must_be_given() -> None:
    given = {n for n, p in SOURCE["Parameters"].items() if "Default" not in p}
    assert given == {"Console", "PurgeMode", "ObjectLockMode", "DeployedBy"}


def test_every_parameter_is_shown_in_a_group() -> None:
    groups = SOURCE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = [name for group in groups for name in group["Parameters"]]
    assert sorted(shown) == sorted(SOURCE["Parameters"])


@pytest.mark.parametrize(
    ("url", "accepted"),
    [
        ("https://{console}.canary.tools", True),
        ("https://{console}.canaries.example.com:8443", True),
        ("http://127.0.0.1:{console}", True),
        ("http://{console}.canary.tools", False),
        ("http://localhost.example.com:{console}", False),
        ("https://canary.tools", False),
        ("https://user@{console}.canary.tools", False),
        ("https://canary.tools/{console}", False),
        ("ftp://127.0.0.1:{console}", False),
    ],
)
def test_a_key_never_travels_in_the_clear(url: str, accepted: bool) -> None:
    pattern = SOURCE["Parameters"]["ConsoleUrlTemplate"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, url)) is accepted


@pytest.mark.parametrize(("variable", "parameter"), [("RUNTIME", "Runtime"), ("ARCH", "Architecture")])
def test_the_layer_is_built_for_what_the_function_runs_on(variable: str, parameter: str) -> None:
    makefile = (ROOT / "layers" / "core" / "Makefile").read_text()
    (default,) = re.findall(rf"^LAYER_{variable} *\?= *(\S+)$", makefile, re.MULTILINE)
    assert default == SOURCE["Parameters"][parameter]["Default"]


def test_only_the_archive_function_signs(stack: Rendered) -> None:
    key = stack.properties("SigningKey")
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    signs = [said for said in key["KeyPolicy"]["Statement"] if {"kms:Sign", "kms:*"} & set(said["Action"])]
    assert [said["Principal"] for said in signs] == [{"AWS": "arn:aws:AWS::IAM::Role:::ArchiveRole"}]


def test_only_the_retrieve_function_signs_bundles_and_nothing_else(stack: Rendered) -> None:
    key = stack.properties("BundleKey")
    assert (key["KeySpec"], key["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    role = {"AWS": "arn:aws:AWS::IAM::Role:::RetrieveRole"}
    (sign,) = [each for each in key["KeyPolicy"]["Statement"] if {"kms:Sign", "kms:*"} & {*_listed(each)}]
    assert sign["Principal"] == role
    only = {"kms:SigningAlgorithm": "ECDSA_SHA_256", "kms:MessageType": "RAW"}
    assert sign["Condition"] == {"StringEquals": only}
    variables = stack.properties("RetrieveFunction")["Environment"]["Variables"]
    assert variables["BUNDLE_KEY"] == "arn:aws:AWS::KMS::Key:::BundleKey"
    for archive_key in ("SigningKey", "anything"):
        arn = f"arn:aws:AWS::KMS::Key:::{archive_key}"
        assert role_decides(stack, "RetrieveRole", request("kms:Sign", arn)) == "ImplicitDeny"


def _listed(said: dict[str, Any]) -> list[str]:
    return [said["Action"]] if isinstance(said["Action"], str) else list(said["Action"])


@pytest.mark.parametrize("parameters", [{"SignBundles": "false"}, {"SignCheckpoints": "false"}])
def test_bundles_can_be_left_unsigned(parameters: dict[str, str]) -> None:
    stack = render(**parameters)
    assert "BundleKey" not in stack.resources
    assert stack.properties("RetrieveFunction")["Environment"]["Variables"]["BUNDLE_KEY"] == ""


def test_a_key_of_the_owners_is_used_in_place_of_one_of_the_stacks() -> None:
    own = "arn:aws:kms:eu-west-1:111122223333:key/mine"
    stack = render(SigningKeyArn=own)
    assert "SigningKey" not in stack.resources
    assert stack.properties("ArchiveFunction")["Environment"]["Variables"]["SIGNING_KEY"] == own
    assert role_decides(stack, "ArchiveRole", request("kms:Sign", own)) == "Allow"
    assert role_decides(stack, "ArchiveRole", request("kms:Sign", own + "2")) != "Allow"


def test_without_signing_there_is_no_key() -> None:
    stack = render(SignCheckpoints="false", SigningKeyArn="arn:aws:kms:eu-west-1:111122223333:key/mine")
    assert not stack.of_type("AWS::KMS::Key")
    assert stack.properties("ArchiveFunction")["Environment"]["Variables"]["SIGNING_KEY"] == ""


def test_no_function_is_traced(stack: Rendered) -> None:
    for name, function in stack.of_type("AWS::Lambda::Function").items():
        assert "TracingConfig" not in function, name


def test_a_link_lasts_no_longer_than_the_invocation_that_signs_it() -> None:
    """Lambda does not say when its credentials end, but it runs an invocation to its end with them."""
    longest = SOURCE["Parameters"]["LinkMinutes"]["MaxValue"]
    assert longest * 60 == SOURCE["Globals"]["Function"]["Timeout"]
    environment = {"ARCHIVE_BUCKET": "b", "LEDGER_TABLE": "t", "REPORTS_BUCKET": "r"}
    with pytest.raises(SettingsError, match=f"LINK_MINUTES.* from 1 to {longest}"):
        RetrieveSettings.from_environment(environment | {"LINK_MINUTES": str(longest + 1)})


def test_the_locks_are_extended_often_enough_for_the_shortest_retention() -> None:
    parameters = SOURCE["Parameters"]
    terms = LockTerms(parameters["RetentionDays"]["MinValue"], LockMode.GOVERNANCE, 0)
    gap = longest_gap(parameters["LocksExpression"]["Default"])
    assert 28 * DAY <= gap <= 31 * DAY
    assert terms.margin >= gap + ENDING
