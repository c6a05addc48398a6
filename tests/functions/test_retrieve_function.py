"""The retrieve function from event to answer, over an archive that the archive function made."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any
from zipfile import ZipFile

import boto3
import pytest
import requests

from audit_archive.errors import AuditArchiveError, IntegrityError, RequestError, SettingsError
from audit_archive.format.keys import PublicKey
from audit_archive.retrieve.rows import harmless
from local.console import Trail
from tests.functions.world import CONSOLE, Aws, World, worlds
from tests.support.entries import Json, entry, trail_of
from tests.support.sheets import read
from tests.support.verify_program import ask

FORMULA = "=cmd|'/c calc'!A0"
EVENTS = sorted((Path(__file__).parents[2] / "events").glob("retrieve-*.json"))


def story() -> Trail:
    """What the example events ask about; London's clocks went forward in the night of 29 March 2026."""

    def written(entry_id: int, at: str, **fields: object) -> Json:
        return entry(entry_id, **{"timestamp": f"2026-{at} UTC+0000", **fields}, age=None)

    return trail_of(
        written(1000, "03-10 09:00:00", user="Alice@example.com"),
        written(1001, "03-31 23:30:00", user="Alice@example.com"),  # April in London
        written(1002, "03-29 01:30:00", user_browser_agent=FORMULA, message="Created the API Key “x”"),
        written(1234, "03-29 01:30:00", user_browser_agent=FORMULA, user_ip="2001:db8::7"),
    )


def archived(make: Callable[..., World]) -> World:
    """A world with that archive, and a bucket for what is asked of it."""
    archiving = make(story())
    assert archiving.run()["new_entries"] == 4
    reports = f"{archiving.name}-reports"
    archiving.aws.s3.create_bucket(Bucket=reports)
    archiving.set(REPORTS_BUCKET=reports, LINK_MINUTES="5")
    return archiving


@pytest.fixture(scope="module")
def archive(aws: Aws, archive_app: ModuleType) -> Iterator[World]:
    """One for all tests that only ask it."""
    with pytest.MonkeyPatch.context() as environment, worlds(aws, archive_app, environment) as make:
        yield archived(make)


@pytest.fixture
def world(archive: World, retrieve_app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """That world, in which to ask."""
    asking = replace(archive, app=retrieve_app, monkeypatch=monkeypatch, output="")
    yield asking
    asking.check_no_key_leaked()


@pytest.fixture
def own_world(make_world: Callable[..., World], retrieve_app: ModuleType) -> World:
    """Another, in which to ask what somebody altered."""
    return replace(archived(make_world), app=retrieve_app, output="")


def report_of(answer: Json) -> bytes:
    """What the link of an answer leads to."""
    report = answer["report"]
    fetched = requests.get(report["link"], timeout=10)
    fetched.raise_for_status()
    data = fetched.content
    assert (len(data), sha256(data).hexdigest()) == (report["size"], report["sha256"])
    return data


FOUND = {
    "retrieve-entries": [1000],
    "retrieve-address": [1002, 1234],
    "retrieve-ids": [1002],
    "retrieve-pages": [1001, 1002, 1234],
    "retrieve-all-consoles": [1000],
    "retrieve-evidence": [1000],
}


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_every_example_event_is_answered(world: World, path: Path) -> None:
    event = json.loads(path.read_text())
    answer = world.invoke(event)
    assert json.loads(json.dumps(answer)) == answer
    assert answer["question"] == event
    assert answer["asked"]["reason"] == event.get("reason")
    if event["request"] == "status":
        assert [told["console"] for told in answer["consoles"] if told["console"] == CONSOLE] == [CONSOLE]
        return
    assert answer["outcome"] == "found", answer["sentence"]
    if event["request"] == "proof":
        assert (answer["proofs"], answer["unproven_because"]) == ([], ["no signed checkpoint covers them"])
        assert "can't be proven" in answer["sentence"]
    elif event["request"] == "evidence":
        with ZipFile(BytesIO(report_of(answer))) as bundle:
            lines = bundle.read("entries.ndjson").splitlines()
            assert json.loads(bundle.read("manifest.json"))["asked"] == answer["asked"]
        assert [json.loads(line)["id"] for line in lines] == FOUND[path.stem]
        assert (answer["verification"]["is_valid"], answer["proven"]) == (True, 0)
    elif event["request"] == "export":
        (export,) = answer["exports"]
        assert sha256(requests.get(export["link"], timeout=10).content).hexdigest() == export["sha256"]
    elif event.get("format") == "csv":
        rows = report_of(answer).decode().splitlines()
        assert [int(row.split(",")[1].strip('"')) for row in rows[1:]] == FOUND[path.stem]
        assert rows[1].count(f'"{harmless(FORMULA)}"') == 1
    else:
        parts = answer["consoles"] if event.get("all_consoles") else [answer]
        lines = [line for part in parts if part["report"] for line in report_of(part).splitlines()]
        assert [json.loads(line)["id"] for line in lines] == FOUND[path.stem]


def test_asking_changes_nothing_but_the_reports(own_world: World) -> None:
    before = state(own_world)
    own_world.invoke({"request": "entries", "console": CONSOLE})
    own_world.invoke({"request": "export", "console": CONSOLE, "id": 1000})
    own_world.invoke({"request": "proof", "console": CONSOLE, "id": 1000})
    own_world.invoke({"request": "evidence", "console": CONSOLE})
    own_world.invoke({"request": "status", "console": CONSOLE})
    assert state(own_world) == before
    reports = own_world.aws.s3.list_objects_v2(Bucket=f"{own_world.name}-reports")
    assert {found["Key"].rpartition(".")[2] for found in reports["Contents"]} == {"ndjson", "zip"}


def test_a_bundle_is_signed_by_the_bundle_key_of_the_stack(world: World, tmp_path: Path) -> None:
    kms = boto3.client("kms")
    arn = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["Arn"]
    world.set(BUNDLE_KEY=arn)
    answer = world.invoke({"request": "evidence", "console": CONSOLE, "zone": "Europe/London"})
    with ZipFile(BytesIO(report_of(answer))) as bundle:
        bundle.extractall(tmp_path / "bundle")
        assert {"entries.xlsx", "SHA256SUMS.note", "bundle-key.pem"} <= set(bundle.namelist())
    key = tmp_path / "key.pem"
    key.write_text(PublicKey(kms.get_public_key(KeyId=arn)["PublicKey"]).pem())
    told = ask(tmp_path / "bundle", "--bundle-key", key, "--without-proofs")
    assert told.checked[14] == {"signature": 1}
    assert told.said["verdict"].endswith("; every file is in a list signed by the bundle key")


def test_entries_come_as_a_workbook(world: World) -> None:
    answer = world.invoke({"request": "entries", "console": CONSOLE, "format": "xlsx"})
    assert answer["report"]["key"].endswith(".xlsx")
    assert [row[1] for row in read(report_of(answer))[1:]] == ["1000", "1001", "1002", "1234"]


def state(world: World) -> Any:
    """Every version in the archive, and every item of the ledger."""
    items = world.aws.dynamodb.scan(TableName=world.name)["Items"]
    return world.keys(), sorted(items, key=lambda item: item["item"]["S"])


def test_an_answer_is_logged_and_counted_without_its_link(world: World) -> None:
    world.invoke({"request": "entries", "console": CONSOLE, "who": "ada@example.com"})
    (line,) = world.log_lines()
    assert (line["message"], line["outcome"]) == ("The question was answered", "found")
    assert line["question"]["who"] == "ada@example.com"
    assert "X-Amz" not in world.output
    (metric,) = world.metrics()
    assert metric["AnsweredQuestions"] == [1.0]
    world.check_no_key_leaked()


def refused(world: World, event: object, error: type[AuditArchiveError]) -> str:
    """The error, which is raised, logged and counted."""
    world.output = ""
    with pytest.raises(error) as raised:
        world.invoke(event)
    assert [line["error_class"] for line in world.log_lines()] == [error.__name__]
    assert f"Failed{error.__name__}" in world.metrics()[0]
    return str(raised.value)


def test_a_bad_question_is_refused_by_its_field(world: World) -> None:
    assert refused(
        world, {"request": "entries", "console": CONSOLE, "from": "March"}, RequestError
    ).startswith("from:")
    assert refused(world, {"console": CONSOLE}, RequestError).startswith("request:")
    assert refused(world, "entries", RequestError).startswith("request:")


def test_nothing_archived_is_an_answer(world: World) -> None:
    answer = world.invoke({"request": "entries", "console": "another"})
    assert (answer["outcome"], answer["report"]) == ("nothing_archived", None)
    assert answer["coverage"]["statements"] == 0


def test_an_altered_entry_file_is_an_error_and_nothing_is_put(own_world: World) -> None:
    key = own_world.keys("entries/")[0]
    good = own_world.aws.s3.head_object(Bucket=own_world.name, Key=key)["VersionId"]
    own_world.aws.s3.put_object(Bucket=own_world.name, Key=key, Body=b"other lines")
    own_world.aws.s3.delete_object(
        Bucket=own_world.name, Key=key, VersionId=good, BypassGovernanceRetention=True
    )
    assert key in refused(own_world, {"request": "entries", "console": CONSOLE}, IntegrityError)
    assert "Contents" not in own_world.aws.s3.list_objects_v2(Bucket=f"{own_world.name}-reports")


def test_an_entry_file_under_a_false_version_is_read_and_the_answer_says_so(own_world: World) -> None:
    key = own_world.keys("entries/")[0]
    good = own_world.aws.s3.head_object(Bucket=own_world.name, Key=key)["VersionId"]
    own_world.aws.s3.put_object(Bucket=own_world.name, Key=key, Body=b"other lines")
    answer = own_world.invoke({"request": "entries", "console": CONSOLE})
    assert [(each["key"], each["version_id"]) for each in answer["coverage"]["overlaid"]] == [(key, good)]
    assert answer["outcome"] == "found"
    assert key in answer["coverage"]["notices"][0]


def test_a_missing_setting_is_named(world: World) -> None:
    world.unset("REPORTS_BUCKET")
    assert "REPORTS_BUCKET" in refused(world, {"request": "status"}, SettingsError)
