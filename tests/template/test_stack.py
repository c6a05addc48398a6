"""The rest of the template's promises: what is kept, locked, retried, told, and never written down."""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

import pytest

from audit_archive.config import VerifySettings
from audit_archive.errors import SettingsError
from audit_archive.format.facts import AuthStyle
from tests.support.stack import ROOT, SOURCE, Rendered, render
from tests.template.judge import request, role_decides

SETTINGS = {
    "ARCHIVE_BUCKET": "ArchiveBucket",
    "LEDGER_TABLE": "LedgerTable",
    "SECRET_PREFIX": "canary-audit",
    "PURGE_MODE": "on",
    "KEEP_DAYS": "0",
    "SETTLE_MINUTES": "60",
    "RETENTION_DAYS": "2555",
    "OBJECT_LOCK_MODE": "GOVERNANCE",
    "AUTH_STYLE": "header",
    "ALERT_TOPIC": "AlertTopic",
    "SIGNING_KEY": "arn:aws:AWS::KMS::Key:::SigningKey",
    "BUNDLE_KEY": "arn:aws:AWS::KMS::Key:::BundleKey",
    "CONSOLE_URL_TEMPLATE": "https://{console}.canary.tools",
    "POWERTOOLS_SERVICE_NAME": "archive",
    "POWERTOOLS_METRICS_NAMESPACE": "CanaryAuditArchive",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "POWERTOOLS_TRACER_CAPTURE_RESPONSE": "false",
}


@pytest.fixture(scope="module")
def stack() -> Rendered:
    return render()


@pytest.mark.parametrize("name", ["ArchiveBucket", "ArchiveBucketPolicy", "LedgerTable", "SigningKey"])
def test_the_archive_outlives_the_stack(stack: Rendered, name: str) -> None:
    assert stack.resources[name]["DeletionPolicy"] == "Retain"
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
    assert all(rule["ExpirationInDays"] == "2555" for rule in rules if rule["Id"] in {"exports", "entries"})
    cold = {r["Prefix"]: r["Transitions"] for r in rules if "Transitions" in r}
    assert set(cold) == {"exports/", "entries/"}
    assert all(moves == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 90}] for moves in cold.values())


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


def test_what_fails_is_retried_and_then_kept(stack: Rendered) -> None:
    configs = stack.of_type("AWS::Lambda::EventInvokeConfig").values()
    assert {config["FunctionName"] for config in configs} == {"ArchiveFunction", "VerifyFunction"}
    for config in configs:
        assert config["MaximumRetryAttempts"] == 2
        kept = config["DestinationConfig"]["OnFailure"]["Destination"]
        assert kept == "arn:aws:AWS::SQS::Queue:::FailedRuns"


@pytest.mark.parametrize(
    ("name", "function", "event"),
    [
        ("FirstSchedule", "ArchiveFunction", "schedule"),
        ("FirstVerification", "VerifyFunction", "verify-daily"),
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


def test_every_alarm_tells_the_topic(stack: Rendered) -> None:
    alarms = stack.of_type("AWS::CloudWatch::Alarm")
    assert {a["MetricName"] for a in alarms.values()} == {
        "ApproximateNumberOfMessagesVisible",
        "Errors",
        "StaleConsoles",
        "Throttles",
        "UnexplainedMissingIds",
        "VerifyFaults",
    }
    assert all(alarm["AlarmActions"] == ["AlertTopic"] for alarm in alarms.values())


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


def test_the_template_makes_no_secret_and_takes_none(stack: Rendered) -> None:
    assert not stack.of_type("AWS::SecretsManager::Secret")
    takes = [name for name in SOURCE["Parameters"] if re.search("key|token|password", name, re.IGNORECASE)]
    assert takes == ["SigningKeyArn"]  # by its name, not the key
    assert not re.fullmatch(SOURCE["Parameters"]["SigningKeyArn"]["AllowedPattern"], "abcdef0123456789")


def test_whoever_deploys_chooses_the_purge_mode() -> None:
    assert "Default" not in SOURCE["Parameters"]["PurgeMode"]
    assert SOURCE["Parameters"]["PurgeMode"]["AllowedValues"] == ["off", "dry-run", "on"]


def test_the_styles_of_sending_the_key_are_those_of_the_code() -> None:
    assert SOURCE["Parameters"]["AuthStyle"]["AllowedValues"] == list(AuthStyle)
    assert SOURCE["Parameters"]["AuthStyle"]["Default"] == AuthStyle.HEADER


def test_only_the_console_and_the_purge_mode_must_be_given() -> None:
    assert {n for n, p in SOURCE["Parameters"].items() if "Default" not in p} == {"Console", "PurgeMode"}


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


def test_the_template_passes_its_linter() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the linter's imports, not ours
        from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]  # noqa: PLC0415
    source = (ROOT / "template.yaml").read_text()
    found: list[Any] = lint(source, config=ManualArgs(regions=["eu-west-1", "us-east-1"]))
    assert [str(match) for match in found] == []


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


def test_without_any_verification_somebody_is_told(stack: Rendered) -> None:
    alarm = stack.properties("NotVerifiedAlarm")
    assert alarm["TreatMissingData"] == "breaching"
    assert (alarm["Statistic"], alarm["Period"] * alarm["EvaluationPeriods"]) == ("SampleCount", 2 * 86_400)
