"""The deployed archive function, from the schedule's event to the Console's receipt."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.aws import DeployedStack
from local.aws.console import PURGE_KEY, READ_KEY
from local.aws.sam import ROOT
from tests.system.conftest import NewConsole, OwnConsole

pytestmark = pytest.mark.timeout(400)  # the first of them builds and deploys the stack

FIELDS = {
    "outcome",
    "console",
    "highest_archived_id",
    "highest_purged_id",
    "new_entries",
    "purged_entries",
    "boundary",
    "held_back_by",
    "holes",
    "foreign_purges",
    "statements",
}


def event(name: str, console: OwnConsole) -> dict[str, Any]:
    """An event file, for this Console."""
    return {**json.loads((ROOT / "events" / f"{name}.json").read_text()), "console": console.id}


def run(
    stack: DeployedStack, name: str, console: OwnConsole, function: str = "ArchiveFunction"
) -> dict[str, Any]:
    """Invoke with an event file; the run must end well, and leave no key in its log."""
    ran = stack.invoke(event(name, console), function)
    assert not ran.failed, ran.error + "\n" + ran.log
    assert READ_KEY not in ran.log
    assert PURGE_KEY not in ran.log
    return ran.result


def is_whole(stack: DeployedStack, console: OwnConsole) -> None:
    """The audit reads every byte, and finds no fault."""
    audited = stack.invoke({"console": console.id, "depth": "content"}, "VerifyFunction")
    assert not audited.failed, audited.error + "\n" + audited.log
    unchecked = [each["what"] for each in audited.result["not_checked"]]
    assert (audited.result["is_valid"], unchecked) == (True, ["settings of the bucket"])


def statements(stack: DeployedStack, console: OwnConsole) -> dict[str, dict[str, Any]]:
    """A Console's statements by their keys, oldest first."""
    found = stack.objects(f"statements/console={console.id}/")
    return {each.key: json.loads(stack.read(each.key, each.version_id)) for each in found}


def test_the_schedule_archives_and_purges_and_nothing_of_it_can_be_deleted(
    stack: DeployedStack, new_console: NewConsole
) -> None:
    console = new_console(entries=300)
    result = run(stack, "schedule", console)
    assert result.keys() >= FIELDS
    assert (result["outcome"], result["new_entries"], result["highest_archived_id"]) == ("purged", 300, 300)
    assert result["held_back_by"] == "settle_window"  # the generated trail ends now
    assert result["purged_entries"] == result["boundary"] == result["highest_purged_id"]

    held = console.newest(100)
    receipts = [entry for entry in held if entry["action_type"] == "audit_trail_purge"]
    assert [str(result["boundary"]) in receipt["message"] for receipt in receipts] == [True]
    assert {entry["id"] for entry in held} == set(range(result["boundary"] + 1, 302))

    chain = statements(stack, console)
    key, archive, purge = chain.values()
    assert (key["kind"], key["action"]) == ("operator", "key")
    assert list(chain)[1:] == result["statements"]
    assert [archive["kind"], purge["kind"]] == ["archive", "purge"]
    assert (purge["outcome"], purge["boundary"]) == ("confirmed", result["boundary"])
    assert purge["receipt"]["action_type"] == "audit_trail_purge"

    for folder in ("exports", "entries", "statements", "checkpoints"):
        for found in stack.objects(f"{folder}/console={console.id}/"):
            with pytest.raises(ClientError, match="AccessDenied"):
                stack.aws.s3.delete_object(Bucket=stack.bucket, Key=found.key, VersionId=found.version_id)
    is_whole(stack, console)


def test_a_second_run_is_idle_and_a_third_archives_what_arrived(
    stack: DeployedStack, new_console: NewConsole
) -> None:
    console = new_console(entries=40)
    first = run(stack, "schedule", console)
    assert run(stack, "schedule", console)["outcome"] == "idle"
    console.arrive(5)
    third = run(stack, "schedule", console)
    assert (third["outcome"], third["new_entries"]) == ("archived", 6)  # five, and our receipt
    assert third["highest_purged_id"] == first["highest_purged_id"]
    is_whole(stack, console)


@pytest.mark.parametrize("name", ["by-hand", pytest.param("dry-run", marks=pytest.mark.wide)])
def test_a_lowered_mode_archives_and_purges_nothing(
    stack: DeployedStack, new_console: NewConsole, name: str
) -> None:
    console = new_console(entries=60)
    result = run(stack, name, console)
    assert (result["outcome"], result["new_entries"], result["purged_entries"]) == ("archived", 60, 0)
    assert console.count() == 60
    key, archive = statements(stack, console).values()
    assert key["action"] == "key"
    assert archive["run"]["reason"] == event(name, console)["reason"]
    is_whole(stack, console)


def test_days_to_keep_stay_on_the_console(stack: DeployedStack, new_console: NewConsole) -> None:
    console = new_console(entries=400, years=0.1)
    result = run(stack, "keep-days", console)
    assert (result["outcome"], result["held_back_by"]) == ("purged", "keep_window")
    assert 0 < result["boundary"] < 390
    is_whole(stack, console)


def test_without_a_purge_key_nothing_is_purged(stack: DeployedStack, new_console: NewConsole) -> None:
    console = new_console(entries=30, keys={"read": READ_KEY})
    ran = stack.invoke(event("schedule", console))
    assert ran.failed
    assert "no purge key" in ran.error
    assert console.count() == 30
    dry = stack.invoke(event("dry-run", console))
    told = [dry.result[name] for name in ("outcome", "highest_archived_id", "purged_entries")]
    assert told == ["idle", 30, 0]
    assert '"cold_start":false' in dry.log  # as on Lambda, the environment outlives what its handler raised


def test_a_wrong_key_fails_and_is_not_told(stack: DeployedStack, new_console: NewConsole) -> None:
    console = new_console(keys={"read": "wrong-key", "purge": PURGE_KEY})
    ran = stack.invoke(event("schedule", console))
    assert ran.failed
    assert "ConsoleAuthError" in ran.log
    assert "wrong-key" not in ran.log + ran.error


def test_a_wrong_event_names_its_field(stack: DeployedStack) -> None:
    ran = stack.invoke({"console": "1234abcd", "purge_mode": "always"})
    assert ran.failed
    assert ran.error.startswith("purge_mode: ")


def test_the_ledger_is_rebuilt_from_the_bucket(stack: DeployedStack, new_console: NewConsole) -> None:
    console = new_console(entries=20)
    run(stack, "schedule", console)
    before = stack.ledger(console.id)
    for item in before:
        key = {"console": {"S": console.id}, "item": {"S": item["item"]}}
        stack.aws.dynamodb.delete_item(TableName=stack.outputs["LedgerTable"], Key=key)
    assert run(stack, "rebuild", console, "OperateFunction")["outcome"] == "stated"
    after = stack.ledger(console.id)  # as it was, and the rebuilding itself is one statement more
    assert index(after)[:-1] == index(before)
    is_whole(stack, console)


def index(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of the ledger's items that are its index of statements."""
    return [item for item in items if item["item"].startswith("statement#")]


def test_parallel_runs_make_one_chain_and_one_purge(stack: DeployedStack, new_console: NewConsole) -> None:
    console = new_console(entries=200)
    with ThreadPoolExecutor(2) as pool:
        ran = list(pool.map(lambda _: stack.invoke(event("schedule", console)), range(2)))
    assert [one.error for one in ran if one.failed] == []
    outcomes = [one.result["outcome"] for one in ran]
    assert outcomes.count("purged") == 1
    assert set(outcomes) <= {"purged", "busy", "superseded", "idle"}
    receipts = [e for e in console.newest(100) if e["action_type"] == "audit_trail_purge"]
    assert len(receipts) == 1
    is_whole(stack, console)
