"""The verify function from event to answer, over an archive that the archive function made."""

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import boto3
import pytest

from audit_archive.audit.daily import EVERY_CONSOLE
from audit_archive.bootstrap.clients import forget
from audit_archive.errors import RequestError, SettingsError
from audit_archive.format.bucket_settings import Setting
from audit_archive.format.checkpoint import parse_checkpoint, parse_note
from audit_archive.format.layout import FLEET_DATA_KEY, FLEET_PAGE_KEY
from tests.functions.deployed import SCHEDULES, as_the_template_made_it, lock_by_default, schedule
from tests.functions.world import CONSOLE, READ_KEY, World
from tests.support.entries import Json
from tests.support.fakes import FakeSigner
from tests.support.invocation import Context, Hurried
from tests.support.scripted import answer, scripted

EVENTS = Path(__file__).parents[2] / "events"
COUNTED = {"VerifyFaults", "VerifiedStatements", "VerifiedBytes", "NotChecked"}
DAILY = {"LateContents"}
FLEET = {
    "Consoles",
    "UnhealthyConsoles",
    "AbsentConsoles",
    "FaultyConsoles",
    "FailingConsoles",
    "HeldConsoles",
    "LateConsoles",
    "UnscheduledConsoles",
    "UnverifiedConsoles",
}


@pytest.fixture
def archived(world: World) -> World:
    """The archive function has run."""
    lock_by_default(world)
    world.run()
    return world


@pytest.fixture
def audit(archived: World, verify_app: ModuleType) -> World:
    """The same world, with the verify function in it."""
    for name in ("SECRET_PREFIX", "PURGE_MODE", "CONSOLE_URL_TEMPLATE", "RETENTION_DAYS"):
        archived.unset(name)
    return replace(archived, app=verify_app, output="")


def metrics_of(world: World) -> dict[str, float]:
    """Every metric and its value, added up."""
    found: dict[str, float] = {}
    for record in world.metrics():
        for name in (m["Name"] for each in record["_aws"]["CloudWatchMetrics"] for m in each["Metrics"]):
            found[name] = found.get(name, 0) + sum(record[name])
    return found


def items_of(world: World) -> list[Json]:
    return [dict(item) for item in world.aws.dynamodb.scan(TableName=world.name)["Items"]]


def destroy(world: World, key: str) -> None:
    """Somebody who may bypass governance deletes an object for good."""
    (row,) = world.aws.s3.list_object_versions(Bucket=world.name, Prefix=key)["Versions"]
    world.aws.s3.delete_object(
        Bucket=world.name, Key=key, VersionId=row["VersionId"], BypassGovernanceRetention=True
    )


def test_a_setting_of_the_bucket_that_is_not_the_templates_is_a_fault(audit: World) -> None:
    as_the_template_made_it(audit)
    messages = audit.topic()
    report = audit.invoke({"console": CONSOLE})
    (fault,) = report["faults"]
    assert fault["verdict"] == "changed_setting"
    assert report["checked"]["settings of the bucket"] == len(Setting)
    assert fault["sentence"].startswith(f"the policy of the bucket {audit.name} is not set")
    assert metrics_of(audit)["VerifyFaults"] == 1
    (message,) = messages()
    assert (message["kind"], message["console"]) == ("VerifyFault", EVERY_CONSOLE)


def test_the_daily_audit_of_a_sound_archive(audit: World) -> None:
    report = audit.invoke(json.loads((EVENTS / "verify-daily.json").read_text()))
    assert (report["is_valid"], report["faults"], report["fault_count"]) == (True, [], 0)
    assert (report["from_seq"], report["to_seq"], report["continue_at"]) == (1, 1, None)
    assert report["checked"]["statements"] == len(audit.statements())
    assert (report["is_stale"], report["is_behind"]) == (False, False)
    assert json.loads(json.dumps(report)) == report
    counted = metrics_of(audit)
    assert counted.keys() == COUNTED | DAILY
    assert (counted["VerifyFaults"], counted["LateContents"], counted["NotChecked"]) == (0, 0, len(Setting))
    assert {"what": "settings of the bucket", "why": "unknown", "count": 7} in report["not_checked"]
    assert counted["VerifiedBytes"] == report["checked"]["bytes"] > 0
    (line,) = audit.log_lines()
    assert (line["message"], line["console"], line["summary"]) == (
        "The audit ended",
        CONSOLE,
        report["summary"],
    )


def test_by_hand_every_byte(audit: World) -> None:
    report = audit.invoke({"console": CONSOLE, "depth": "content", "reason": "the auditor asked"})
    assert report["is_valid"]
    assert report["not_checked"] == [
        {"what": "settings of the bucket", "why": "depth", "count": len(Setting)}
    ]
    assert metrics_of(audit)["NotChecked"] == 0
    assert report["checked"]["entries"] == len(audit.archived())
    assert report["is_stale"] is None
    assert metrics_of(audit).keys() == COUNTED


def test_a_fault_is_no_error_but_counted_logged_and_told_once(audit: World) -> None:
    messages = audit.topic()
    (export,) = audit.keys("exports/")
    destroy(audit, export)
    for _ in range(2):
        report = audit.invoke({"console": CONSOLE, "depth": "objects"})
        (fault,) = report["faults"]
        assert (fault["verdict"], fault["key"], report["is_valid"]) == ("missing", export, False)
    assert metrics_of(audit)["VerifyFaults"] == 2
    (message,) = messages()
    assert (message["kind"], message["console"]) == ("VerifyFault", CONSOLE)
    assert message["facts"] == fault
    errors = [line for line in audit.log_lines() if line["level"] == "ERROR"]
    assert [(line["verdict"], line["key"]) for line in errors] == [("missing", export)] * 2


def test_it_writes_nothing_but_its_own_notes(audit: World) -> None:
    before, items = audit.keys(), items_of(audit)
    audit.invoke({"console": CONSOLE})
    assert audit.keys() == before
    new = [item for item in items_of(audit) if item not in items]
    added = {(item["console"]["S"], item["item"]["S"]) for item in new}
    bookmarks = {f"bookmark#{kind}{part}" for kind in ("chain", "share") for part in ("", "#0000")}
    assert added == {("verify/_fleet", CONSOLE), *((f"verify/{CONSOLE}", name) for name in bookmarks)}


def test_an_older_copy_is_told_apart_by_what_was_kept(audit: World) -> None:
    kept = audit.invoke({"console": CONSOLE, "depth": "chain"})["newest_sha256"]
    asked = json.loads((EVENTS / "verify-known.json").read_text())
    assert audit.invoke(asked | {"known_checkpoint": kept})["is_valid"]
    report = audit.invoke(asked)
    assert [fault["verdict"] for fault in report["faults"]] == ["missing"]
    assert asked["known_checkpoint"] in report["faults"][0]["sentence"]


def test_an_archive_is_proven_to_have_grown_from_a_kept_checkpoint(
    world: World, verify_app: ModuleType
) -> None:
    key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")
    world.set(SIGNING_KEY=key["KeyMetadata"]["Arn"])
    world.run()
    audit = replace(world, app=verify_app, output="")
    note = audit.get(audit.keys("checkpoints/")[0]).decode()
    asked = json.loads((EVENTS / "verify-since.json").read_text()) | {"console": CONSOLE}
    report = audit.invoke(asked | {"since": note})
    growth = report["growth"]
    assert (report["is_valid"], growth["is_proven"], growth["seq"]) == (True, True, 1)
    assert growth["newest_size"] == len(audit.archived())
    assert "The archive only grew since the checkpoint over " in report["summary"]
    signer = FakeSigner()
    kept = parse_checkpoint(parse_note(note.encode()).text)
    forged = kept.signed(signer.public_key(), signer.sign(kept.text()))
    report = audit.invoke(asked | {"since": forged.decode()})
    assert (report["is_valid"], report["growth"]["is_proven"]) == (False, False)
    assert [fault["verdict"] for fault in report["faults"]] == ["unsigned"]


def test_little_time_says_where_to_go_on(audit: World) -> None:
    report = audit.invoke({"console": CONSOLE, "depth": "content"}, seconds=29.0)
    assert report["continue_at"] == 1
    assert metrics_of(audit)["NotChecked"] > 0


def test_what_it_has_no_time_for_it_asks_itself_to_do(audit: World) -> None:
    """In an invocation that nobody waits for, with the same event and the number of the part."""
    event = {"console": CONSOLE, "period_hours": 24}
    with scripted(answer(status=202)) as functions:
        audit.set(AWS_ENDPOINT_URL_LAMBDA=functions.url)
        report = audit.app.handler(event, Hurried(len(audit.statements()) + 1))
    assert (report["goes_on"], report["unchecked"], report["continue_at"]) == (True, 0, 1)
    (asked,) = functions.requests
    head, _, body = asked.partition("\r\n\r\n")
    assert head.startswith(
        f"POST /2015-03-31/functions/{quote(Context.invoked_function_arn, safe='')}/invocations "
    )
    assert "x-amz-invocation-type: event" in head.lower()
    assert json.loads(body) == event | {"part": 2}
    report = audit.invoke(json.loads(body))
    assert (report["goes_on"], report["continue_at"], report["checked"]["contents of exports"]) == (
        False,
        None,
        1,
    )


@pytest.mark.parametrize(
    ("event", "field"), [({}, "console"), ({"console": CONSOLE, "depth": "x"}, "depth"), ([], "event")]
)
def test_a_bad_request_is_an_error(audit: World, event: Any, field: str) -> None:
    with pytest.raises(RequestError) as error:
        audit.invoke(event)
    assert error.value.field == field
    assert metrics_of(audit) == {"FailedRequestError": 1}


@pytest.mark.parametrize("name", ["ARCHIVE_BUCKET", "LEDGER_TABLE"])
def test_a_missing_setting_is_named(audit: World, name: str) -> None:
    audit.unset(name)
    with pytest.raises(SettingsError, match=name):
        audit.invoke({"console": CONSOLE})


# ------------------------------------------------------------------------------------------ the fleet


def test_a_healthy_fleet_is_counted_and_nothing_is_told(audit: World) -> None:
    messages = audit.topic()
    schedule(audit, *SCHEDULES)
    audit.invoke({"console": CONSOLE})
    audit = replace(audit, output="")
    answer = audit.invoke(json.loads((EVENTS / "verify-fleet.json").read_text()))
    assert (answer["consoles"], answer["unhealthy"], answer["not_listed"]) == (1, 0, 0)
    (row,) = answer["fleet"]
    assert (row["console"], row["problems"], row["statements"]) == (CONSOLE, [], len(audit.statements()))
    assert row["completed_at"].endswith("Z")
    assert row["verified_at"].endswith("Z")
    assert metrics_of(audit) == dict.fromkeys(FLEET, 0) | {"Consoles": 1}
    assert [line["message"] for line in audit.log_lines()] == ["The fleet check ended"]
    assert messages() == []
    assert answer["page_fault"] is None  # without a bucket for it there is no page


def test_the_page_of_the_fleet_is_put_where_the_command_finds_it(audit: World) -> None:
    schedule(audit, *SCHEDULES)
    reports = f"{audit.name}-reports"
    audit.set(REPORTS_BUCKET=reports, STACK_NAME="a-stack")
    audit = replace(audit, output="")
    answer = audit.invoke({"fleet": True})
    assert "could not be put" in answer["page_fault"]
    (line,) = [each for each in audit.log_lines() if each["level"] == "ERROR"]
    assert (line["message"], line["why"]) == ("The page of the fleet was not written", answer["page_fault"])
    audit.aws.s3.create_bucket(Bucket=reports)
    assert audit.invoke({"fleet": True})["page_fault"] is None
    page = audit.aws.s3.get_object(Bucket=reports, Key=FLEET_PAGE_KEY)
    assert page["ContentType"] == "text/html; charset=utf-8"
    assert b"Fleet of a-stack" in page["Body"].read()
    data = json.loads(audit.aws.s3.get_object(Bucket=reports, Key=FLEET_DATA_KEY)["Body"].read())
    (row,) = data["consoles"]
    assert (row["console"], row["health"], row["entries"]["is_whole"]) == (CONSOLE, "ok", True)


def test_a_failed_run_and_a_schedule_that_is_gone_are_named_once(
    audit: World, archive_app: ModuleType
) -> None:
    messages = audit.topic()
    schedule(audit, CONSOLE, f"{CONSOLE}_locks")
    audit.set(SECRET_PREFIX=audit.name, PURGE_MODE="on", CONSOLE_URL_TEMPLATE=audit.console.url)
    audit.aws.secrets.delete_secret(SecretId=audit.secret("read"), ForceDeleteWithoutRecovery=True)
    forget()  # a process that has read the key does not look for it
    with pytest.raises(SettingsError):
        replace(audit, app=archive_app).run()
    audit = replace(audit, output="")
    for _ in range(2):
        answer = audit.invoke({"fleet": True})
    (row,) = answer["fleet"]
    assert [each["judgement"] for each in row["problems"]] == ["failing", "unscheduled"]
    assert "failed with SettingsError: The secret " in row["problems"][0]["sentence"]
    assert READ_KEY not in str(items_of(audit))
    (message,) = messages()
    assert message["sentence"].startswith("1 of 1 Consoles need a person. New: 1234abcd is failing: ")
    counted = {name: count for name, count in metrics_of(audit).items() if count}
    expected = ("Consoles", "UnhealthyConsoles", "FailingConsoles", "UnscheduledConsoles")
    assert counted == dict.fromkeys(expected, 2)
    logged = [line for line in audit.log_lines() if line["level"] == "ERROR"]
    assert [line["console"] for line in logged] == [CONSOLE, CONSOLE]


def test_without_a_group_the_setting_is_named(audit: World) -> None:
    with pytest.raises(SettingsError, match="SCHEDULE_GROUP"):
        audit.invoke({"fleet": True})


@pytest.mark.parametrize("event", [{"fleet": False}, {"fleet": 1}, {"fleet": True, "console": CONSOLE}])
def test_a_fleet_check_takes_no_console_and_only_true(audit: World, event: Json) -> None:
    with pytest.raises(RequestError):
        audit.invoke(event)
