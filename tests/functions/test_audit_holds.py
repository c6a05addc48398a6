"""Both functions on one ledger: what the daily audit finds holds the purges of the archive function back."""

from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import pytest

from tests.functions.world import CONSOLE, World
from tests.support.entries import Json


@pytest.fixture
def audited(world: World, verify_app: ModuleType) -> Callable[[], Json]:
    """The archive has its first statement; what is given makes the daily audit over it."""
    world.run(purge_mode="off")
    auditor = replace(world, app=verify_app)
    return lambda: auditor.invoke({"console": CONSOLE})


def hide(world: World) -> str:
    """Somebody puts a delete marker over an entry file; returns its version id."""
    return world.aws.s3.delete_object(Bucket=world.name, Key=world.keys("entries/")[0])["VersionId"]


def test_what_an_audit_found_holds_until_an_audit_finds_it_well(
    world: World, audited: Callable[[], Json]
) -> None:
    marker, key = hide(world), world.keys("entries/")[0]
    assert audited()["fault_count"] == 1
    result = world.run()
    assert (result["outcome"], result["held_back_by"], world.posts) == ("idle", "verify_faults", [])
    (warning,) = result["warnings"]
    assert f"`canary-audit faults list {CONSOLE}` lists them" in warning
    assert "verify_faults: " in world.output

    live = len(world.live_ids)
    result = world.run(purge_mode="dry-run")
    assert result["held_back_by"] == "verify_faults"
    assert len(world.live_ids) == live

    world.aws.s3.delete_object(Bucket=world.name, Key=key, VersionId=marker)
    assert world.run()["held_back_by"] == "verify_faults", "only an audit lifts it"
    assert audited()["fault_count"] == 0
    result = world.run()
    assert (result["outcome"], result["held_back_by"], result["warnings"]) == ("purged", None, [])
    assert len(world.posts) == 1


def test_new_entries_are_archived_while_faults_hold(world: World, audited: Callable[[], Json]) -> None:
    hide(world)
    audited()
    world.trail.arrive()
    result = world.run()
    assert (result["outcome"], result["new_entries"], result["boundary"]) == ("archived", 1, None)
    assert world.statements("archive")[-1]["plan"]["held_back_by"] == "verify_faults"
    assert world.posts == []


def test_a_note_that_cannot_be_read_holds(world: World, audited: Callable[[], Json]) -> None:
    audited()
    world.aws.dynamodb.update_item(
        TableName=world.name,
        Key={"console": {"S": "verify/_fleet"}, "item": {"S": CONSOLE}},
        UpdateExpression="SET last_completed_at = :never",
        ExpressionAttributeValues={":never": {"S": "never"}},
    )
    result = world.run()
    assert (result["held_back_by"], world.posts) == ("not_verified", [])
    assert "can't be read" in result["warnings"][0]
