"""The command against the deployed stack: what it says is so, and what it does is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from audit_archive.errors import runbook_url
from cli.main import main
from local.aws import DeployedStack, Laptop
from local.aws.console import PURGE_KEY, READ_KEY
from local.aws.sam import STACK
from local.aws.stack import ArchivedObject
from tests.system.conftest import OwnConsole

Command = Callable[..., Result]
ENTRIES = 20
SCHEDULED = ("ScheduleExpression", "FlexibleTimeWindow", "GroupName", "State")


@pytest.fixture(scope="module")
def command(laptop: Laptop) -> Command:
    """`canary-audit`, with the environment that `make local` tells."""
    env = laptop.aws.env() | {"CANARY_AUDIT_STACK": STACK}

    def run(*arguments: str, input: str | None = None) -> Result:  # noqa: A002 - click's own name
        runner = CliRunner(mix_stderr=False, env=env)
        return runner.invoke(main, arguments, input=input, prog_name="canary-audit")

    return run


@pytest.fixture(scope="module")
def told(command: Command) -> Callable[..., Any]:
    """What a command that is done says to a program."""

    def run(*arguments: str) -> Any:
        answer = command(*arguments, "--json")
        assert answer.exit_code == 0, answer.output + answer.stderr
        return json.loads(answer.stdout)

    return run


@pytest.fixture(scope="module")
def archived(laptop: Laptop, told: Callable[..., Any]) -> Iterator[OwnConsole]:
    """A Console after a run that the command made."""
    with OwnConsole(ENTRIES, years=0.02) as console:
        for use, key in (("read", READ_KEY), ("purge", PURGE_KEY)):
            laptop.stack.put_key(console.id, use, key)
        result = told("run", console.id, "--yes", "--reason", "a test")
        assert (result["outcome"], result["new_entries"]) == ("purged", ENTRIES)
        yield console


def test_what_was_archived_is_told_found_and_verified(
    archived: OwnConsole, command: Command, told: Callable[..., Any], stack: DeployedStack, tmp_path: Path
) -> None:
    console = archived.id
    (status,) = status_of(command, console)
    assert (status["highest_archived_id"], status["health"]) == (ENTRIES, "unscheduled")
    assert any(each["console"] == console for each in told("console", "list"))

    found = told("entries", console, "--from-id", "10", "--to-id", "12")
    assert [entry["id"] for entry in found["entries"]] == [10, 11, 12]
    (export,) = told("export", console, "--id", "10", "--output", str(tmp_path))["exports"]
    assert sha256(Path(export["file"]).read_bytes()).hexdigest() == export["sha256"]

    assert told("verify", console, "--depth", "content")["checked"]["entries"] == ENTRIES
    keys = told("keys", console)
    assert keys["agrees"] is True
    assert [key["pem"] for key in keys["chain"]] == [keys["stack"]["pem"]]
    assert keys["bundles_named"] is None
    told("bundle-key", console, "--who", "ada", "--reason", "from here on", "--yes")
    keys = told("keys", console)
    assert keys["bundles_named"] == keys["bundles"] != keys["stack"]

    live = told("live", console, "--limit", "5")
    assert live["population"] == archived.count()
    assert live["entries"] == archived.newest(5)[::-1]


def test_a_hold_is_on_all_that_covers_the_range_and_ends_with_its_release(
    archived: OwnConsole, command: Command, told: Callable[..., Any], laptop: Laptop
) -> None:
    def held(folder: str) -> set[str]:
        """The statuses of the holds on what is in a folder."""
        objects = laptop.stack.objects(f"{folder}/console={archived.id}/")
        return {_hold(laptop, each) for each in objects}

    of_one = (archived.id, "--from-id", "10", "--to-id", "10", "--who", "ada", "--reason", "case")
    assert command("hold", "set", *of_one, input="n\n").exit_code == 130
    assert held("exports") == {"OFF"}

    held_by = told("hold", "set", *of_one, "--yes")["hold"]
    assert held("exports") == held("entries") == {"ON"}
    # The statement that names the key covers no entry.
    assert held("statements") == held("checkpoints") == {"ON", "OFF"}

    said = ("--who", "ada", "--reason", "closed", "--yes")
    (listed,) = told("hold", "list", archived.id, "--check")["holds"]
    assert (listed["seq"], listed["unheld"]) == (held_by, 0)
    released = told("hold", "release", archived.id, str(held_by), *said)
    assert (released["unlocked"], released["is_released"]) == (0, True)
    assert held("exports") == held("entries") == {"OFF"}


def test_locks_are_looked_at_by_the_deployed_function(
    archived: OwnConsole, command: Command, told: Callable[..., Any]
) -> None:
    assert command("locks", archived.id, input="n\n").exit_code == 130
    report = told("locks", archived.id, "--yes")
    assert (report["outcome"], report["extended"], report["refused"]) == ("done", 0, 0)
    assert report["looked_at"] >= 4


def test_a_console_is_added_as_the_template_adds_the_first_and_removed_again(
    laptop: Laptop, command: Command, told: Callable[..., Any], tmp_path: Path
) -> None:
    read, purge = tmp_path / "read", tmp_path / "purge"
    read.write_text(READ_KEY + "\n")
    purge.write_text(PURGE_KEY)
    files = ("--read-key-file", str(read), "--purge-key-file", str(purge))
    done = told("console", "add", "added", *files, "--no-check")["done"]
    assert set(done.values()) == {"created"}

    for suffix, asks in (("", {}), ("_verify", {}), ("_locks", {"extend_locks": True})):
        ours, first = (_schedule(laptop, f"{name}{suffix}") for name in ("added", laptop.console.id))
        assert {n: ours[n] for n in SCHEDULED} == {n: first[n] for n in SCHEDULED}
        assert json.loads(ours["Target"].pop("Input")) == {"console": "added", **asks}
        assert json.loads(first["Target"].pop("Input")) == {"console": laptop.console.id, **asks}
        assert ours["Target"] == first["Target"]
    for use, key in (("read", READ_KEY), ("purge", PURGE_KEY)):
        secret = laptop.aws.secrets.get_secret_value(SecretId=f"canary-audit/added/{use}")
        assert secret["SecretString"] == key

    again = told("console", "add", "added", *files, "--no-check", "--name", "Factory Graz")["done"]
    assert again["schedule archive"] == "exists: cron(17 3 * * ? *), ENABLED; not changed"
    (row,) = [each for each in told("console", "list") if each["console"] == "added"]
    assert (row["name"], row["health"]) == ("Factory Graz", "never archived")
    assert row["schedule"]
    assert row["verify_schedule"]
    assert row["locks_schedule"] == "cron(17 7 1 * ? *)"
    assert told("console", "remove", "added", "--yes")["removed"] == {"archive": True, "verify": True}
    (row,) = [each for each in told("console", "list") if each["console"] == "added"]
    assert (row["schedule"], row["locks_schedule"]) == (None, "cron(17 7 1 * ? *)")
    removed = told("console", "remove", "added", "--also-locks", "--yes")["removed"]
    assert removed == {"archive": False, "verify": False, "locks": True}
    assert "added" not in {each["console"] for each in told("console", "list")}


def test_a_key_is_checked_before_it_is_stored(laptop: Laptop, command: Command, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    wrong.write_text("a-wrong-key-1")
    before = laptop.aws.secrets.get_secret_value(SecretId=f"canary-audit/{laptop.console.id}/read")
    address = f"http://127.0.0.1:{laptop.console.id}/settings"
    answer = command("console", "add", address, "--read-key-file", str(wrong))
    assert (answer.exit_code, "a-wrong-key-1" in answer.output) == (3, False)
    assert "The Read-Only key was refused by the Console" in answer.stderr
    after = laptop.aws.secrets.get_secret_value(SecretId=f"canary-audit/{laptop.console.id}/read")
    assert after["SecretString"] == before["SecretString"]


def test_the_first_console_is_removed_by_an_update_of_the_stack(
    laptop: Laptop, command: Command, told: Callable[..., Any]
) -> None:
    first = laptop.console.id
    (described,) = laptop.aws.cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    parameters = {each["ParameterKey"] for each in described["Parameters"]}
    try:
        assert told("console", "remove", first, "--yes")["removed"] == {"archive": True, "verify": True}
        states = [_schedule(laptop, f"{first}{suffix}")["State"] for suffix in ("", "_verify", "_locks")]
        assert states == ["DISABLED", "DISABLED", "ENABLED"]
        (row,) = [each for each in told("console", "list") if each["console"] == first]
        assert "removed" in {each["judgement"] for each in row["problems"]}
        assert command("console", "remove", first, "--also-locks", "--yes").exit_code == 2
    finally:
        on = {"ScheduleState": "ENABLED", "VerifyState": "ENABLED"}
        laptop.aws.cloudformation.update_stack(
            StackName=STACK,
            UsePreviousTemplate=True,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": on[name]}
                if name in on
                else {"ParameterKey": name, "UsePreviousValue": True}
                for name in sorted(parameters)
            ],
        )
    assert _schedule(laptop, first)["State"] == "ENABLED"


def test_a_decision_asks_first_and_is_stated_with_who_and_why(
    archived: OwnConsole, command: Command, told: Callable[..., Any], stack: DeployedStack
) -> None:
    rebuild = ("ledger", "rebuild", archived.id, "--who", "ada", "--reason", "restored")
    (before,) = status_of(command, archived.id)
    assert command(*rebuild, input="n\n").exit_code == 130
    assert status_of(command, archived.id)[0]["statements"] == before["statements"]

    result = told(*rebuild, "--yes")
    (key,) = result["statements"]
    (newest,) = (each for each in stack.objects(key))
    said = json.loads(stack.read(key, newest.version_id))
    assert (said["action"], said["who"], said["reason"]) == ("rebuild", "ada", "restored")


def test_what_the_function_refuses_is_a_line_its_page_and_a_status(
    archived: OwnConsole, command: Command
) -> None:
    answer = command("resume", archived.id, "--who", "ada", "--reason", "none", "--yes")
    assert answer.exit_code != 0
    assert answer.stdout == ""
    said, page = answer.stderr.splitlines()
    assert "nothing to resume" in said
    assert page == f"What to do: {runbook_url('RequestError')}"


def test_a_stack_that_is_not_there_is_told_so(command: Command) -> None:
    answer = command("status", "--stack", "no-such-stack")
    assert answer.exit_code == 3
    assert "There is no stack no-such-stack" in answer.stderr


def status_of(command: Command, console: str) -> list[dict[str, Any]]:
    """The status of a Console without schedules: it needs a person."""
    answer = command("status", console, "--json")
    assert answer.exit_code == 1, answer.output + answer.stderr
    found: list[dict[str, Any]] = json.loads(answer.stdout)["consoles"]
    return found


def _schedule(laptop: Laptop, name: str) -> dict[str, Any]:
    """A schedule of the stack's group."""
    scheduler = laptop.aws.session.client("scheduler", endpoint_url=laptop.aws.endpoint)
    return dict(scheduler.get_schedule(Name=name, GroupName=STACK))


def _hold(laptop: Laptop, found: ArchivedObject) -> str:
    """The status of the legal hold on a version; S3 tells none for one that never had any."""
    head = laptop.aws.s3.head_object(Bucket=laptop.stack.bucket, Key=found.key, VersionId=found.version_id)
    return head.get("ObjectLockLegalHoldStatus", "OFF")
