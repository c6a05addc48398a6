"""One question through both doors, the function's handler and the command: they give the same JSON."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import pytest
from click.testing import CliRunner

from cli.main import main
from local.console import Trail
from tests.functions.world import CONSOLE, Aws, World, worlds
from tests.support.doors import COMMAND_ONLY, FUNCTION_ONLY, OF_A_BUNDLE, OF_ITS_OWN, differences
from tests.support.entries import Json, entry, trail_of
from tests.support.rows import row

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"

QUESTIONS: list[tuple[list[str], Json]] = [
    (["status", CONSOLE], {"request": "status", "console": CONSOLE}),
    (["status", "5678efab"], {"request": "status", "console": "5678efab"}),
    (["entries", CONSOLE], {"request": "entries", "console": CONSOLE, "format": "ndjson"}),
    (
        ["entries", CONSOLE, "--user", "a@example.com", "--from", "2026-07-14", "--tz", "Asia/Kolkata"],
        {"request": "entries", "console": CONSOLE, "format": "ndjson", "user": ["a@example.com"],
         "from": "2026-07-14", "zone": "Asia/Kolkata"},
    ),
    (
        ["entries", CONSOLE, "--format", "ocsf", "--forms", "--to-id", "2"],
        {"request": "entries", "console": CONSOLE, "format": "ocsf", "forms": True, "last_id": 2},
    ),
    (
        ["entries", CONSOLE, "--user", "nobody"],
        {"request": "entries", "console": CONSOLE, "format": "ndjson", "user": ["nobody"]},
    ),
    (
        ["entries", CONSOLE, "--ids", "2-", "--since", "9999d", "--limit", "1"],
        {"request": "entries", "console": CONSOLE, "format": "ndjson", "ids": "2-", "since": "9999d",
         "limit": 1},
    ),
    (
        ["entries", CONSOLE, "--cursor", "1-2"],
        {"request": "entries", "console": CONSOLE, "format": "ndjson", "cursor": "1-2"},
    ),
    (
        ["entries", "--all-consoles"],
        {"request": "entries", "format": "ndjson", "all_consoles": True},
    ),
    (["entries", "5678efab"], {"request": "entries", "console": "5678efab", "format": "ndjson"}),
    (["export", CONSOLE, "--id", "2"], {"request": "export", "console": CONSOLE, "id": 2}),
    (
        ["export", CONSOLE, "--date", "2026-07-14", "--tz", "Europe/London"],
        {"request": "export", "console": CONSOLE, "date": "2026-07-14", "zone": "Europe/London"},
    ),
    (["export", CONSOLE, "--id", "99"], {"request": "export", "console": CONSOLE, "id": 99}),
    (["proof", CONSOLE, "--id", "2"], {"request": "proof", "console": CONSOLE, "id": 2}),
    (["proof", CONSOLE, "--id", "3"], {"request": "proof", "console": CONSOLE, "id": 3}),
    (
        ["evidence", CONSOLE, "--who", "ada", "--reason", "4711", "--from-id", "2"],
        {"request": "evidence", "console": CONSOLE, "who": "ada", "reason": "4711", "first_id": 2},
    ),
    (["evidence", "5678efab"], {"request": "evidence", "console": "5678efab"}),
]  # fmt: skip

AUDITS: list[tuple[list[str], Json]] = [
    (["verify", CONSOLE, "--depth", depth], {"console": CONSOLE, "depth": depth})
    for depth in ("chain", "objects", "content")
]


def deploy(world: World) -> World:
    """An archive with a missing id, and a stack that says where it is."""
    assert world.run()["new_entries"] == 3
    reports = f"{world.name}-reports"
    world.aws.s3.create_bucket(Bucket=reports)
    world.set(REPORTS_BUCKET=reports, LINK_MINUTES="5")
    outputs = {"ArchiveBucket": {"Value": world.name}, "LedgerTable": {"Value": world.name}}
    mode = {"PurgeMode": {"Type": "String", "Default": "on"}}
    template = {"Parameters": mode, "Resources": {"Any": {"Type": "AWS::SNS::Topic"}}, "Outputs": outputs}
    boto3.client("cloudformation").create_stack(StackName=world.name, TemplateBody=json.dumps(template))
    return world


def trail() -> Trail:
    return trail_of(entry(1), entry(2, user="a@example.com"), entry(4))


@pytest.fixture(scope="module")
def asked(aws: Aws, archive_app: ModuleType) -> Iterator[World]:
    """The deployed archive of all tests that only ask it."""
    with pytest.MonkeyPatch.context() as environment, worlds(aws, archive_app, environment) as make:
        yield deploy(make(trail()))


@pytest.fixture
def deployed(asked: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """That archive, and a folder to write into."""
    monkeypatch.chdir(tmp_path)
    return asked


@pytest.fixture
def audited(make_world: Callable[..., World]) -> World:
    """An archive of a test's own, in which an audit leaves notes."""
    return deploy(make_world(trail()))


def commanded(world: World, *arguments: str) -> Json:
    """What the command prints for a program."""
    runner = CliRunner(mix_stderr=False)
    ran = runner.invoke(main, ["--stack", world.name, *arguments, "--json"], prog_name="canary-audit")
    assert not isinstance(ran.exception, AssertionError)
    assert ran.stdout, ran.stderr
    answer: Json = json.loads(ran.stdout)
    assert "error" not in answer, answer
    return answer


@pytest.mark.parametrize(("arguments", "event"), QUESTIONS, ids=lambda each: " ".join(each)[:60])
def test_a_question_has_one_answer(
    deployed: World, retrieve_app: ModuleType, arguments: list[str], event: Json
) -> None:
    function = replace(deployed, app=retrieve_app).invoke(event)
    command = commanded(deployed, *arguments)
    assert command["question"] == event
    assert (command["asked"]["invoked_by"], command["asked"]["request_id"]) == ("canary-audit", None)
    found = set(differences(function, command))
    has_bundle = event["request"] == "evidence" and function["report"] is not None
    assert found == (OF_A_BUNDLE if has_bundle else set())


def test_an_audit_has_one_report(audited: World, verify_app: ModuleType) -> None:
    """Of a sound archive without what the daily audit remembers, and of a damaged one with it."""
    verify = replace(audited, app=verify_app)
    for arguments, event in AUDITS:
        with row(arguments):
            function = verify.invoke(event)
            assert function["is_valid"]
            assert function == commanded(audited, *arguments)
            forget_notes(audited)
    verify.invoke({"console": CONSOLE})
    (export,) = audited.keys("exports/")
    (version,) = audited.aws.s3.list_object_versions(Bucket=audited.name, Prefix=export)["Versions"]
    audited.aws.s3.delete_object(
        Bucket=audited.name, Key=export, VersionId=version["VersionId"], BypassGovernanceRetention=True
    )
    for arguments, event in AUDITS:
        with row((arguments, "damaged")):
            function = verify.invoke(event)
            assert function["is_valid"] == (event["depth"] == "chain")
            assert function == commanded(audited, *arguments)


def forget_notes(world: World) -> None:
    """Remove what the audit has noted."""
    for item in world.aws.dynamodb.scan(TableName=world.name)["Items"]:
        if item["console"]["S"].startswith("verify/"):
            key = {name: item[name] for name in ("console", "item")}
            world.aws.dynamodb.delete_item(TableName=world.name, Key=key)


def test_both_tell_what_the_daily_audit_found(
    audited: World, verify_app: ModuleType, retrieve_app: ModuleType
) -> None:
    replace(audited, app=verify_app).invoke({"console": CONSOLE})
    function = replace(audited, app=retrieve_app).invoke({"request": "status", "console": CONSOLE})
    (told,) = function["consoles"]
    assert told["verified_at"] is not None
    assert (told["verified_result"], told["missing_ids"]) == ("valid", 1)
    assert "canary-audit accept" in told["state"]
    assert list(differences(function, commanded(audited, "status", CONSOLE))) == []


def test_what_the_command_adds_is_what_it_alone_knows(deployed: World, tmp_path: Path) -> None:
    found = commanded(deployed, "entries", CONSOLE)
    assert ([each["id"] for each in found["entries"]], found["report"]["file"]) == ([1, 2, 4], None)
    written = commanded(deployed, "entries", CONSOLE, "--output", "march.ndjson")
    assert ("entries" in written, written["report"]["file"]) == (False, "march.ndjson")
    (export,) = commanded(deployed, "export", CONSOLE, "--id", "2", "--output", ".")["exports"]
    bundle = commanded(deployed, "evidence", CONSOLE)["report"]["file"]
    assert {each.name for each in tmp_path.iterdir()} == {"march.ndjson", export["file"], bundle}
    assert commanded(deployed, "proof", CONSOLE, "--id", "2", "--output", ".")["files"] == []


def fields_of(value: Any, *path: Any) -> Iterator[tuple[Any, ...]]:
    """Where every field of every object in a JSON value is."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        if isinstance(value, dict):
            yield *path, name
        yield from fields_of(each, *path, name)


def name_of(path: tuple[Any, ...]) -> str:
    """The field at a place, whichever item of a list it is in."""
    return "".join("[]" if isinstance(each, int) else f".{each}" for each in path).removeprefix(".")


def without(value: Json, path: tuple[Any, ...]) -> Json:
    """The same, with one field dropped."""
    changed: Any = deepcopy(value)
    at = changed
    for name in path[:-1]:
        at = at[name]
    del at[path[-1]]
    return dict(changed)


@pytest.mark.parametrize(
    ("arguments", "event"), [QUESTIONS[3], QUESTIONS[7], QUESTIONS[12]], ids=["entries", "export", "evidence"]
)
def test_a_field_that_either_door_drops_is_seen(
    deployed: World, retrieve_app: ModuleType, arguments: list[str], event: Json
) -> None:
    function, command = replace(deployed, app=retrieve_app).invoke(event), commanded(deployed, *arguments)
    dropped = 0
    for path in fields_of(function):
        name = name_of(path)
        if name not in FUNCTION_ONLY:
            assert name in differences(without(function, path), command)
            assert name in differences(function, without(command, path))
            dropped += 1
    assert dropped > 30


def test_the_page_names_what_each_door_has_of_its_own() -> None:
    page = PAGE.read_text().partition("## JSON")[2].partition("\n## ")[0]
    for whose, names in (("function", FUNCTION_ONLY), ("command", COMMAND_ONLY), ("own value", OF_ITS_OWN)):
        (line,) = (each for each in page.splitlines() if each.startswith(f"| {whose} |"))
        assert {name.strip("`") for name in line.split("|")[2].replace(",", " ").split()} == names
