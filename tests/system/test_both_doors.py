"""Each action through both doors of the deployed stack, Lambda and the command: they give the same JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from audit_archive.format.layout import statement_key
from cli.main import main
from local.aws import Laptop
from local.aws.sam import STACK
from tests.support.doors import OF_A_BUNDLE, differences
from tests.system.conftest import NewConsole

pytestmark = pytest.mark.timeout(400)  # the first of them builds and deploys the stack

ENTRIES = 40


def command(laptop: Laptop, *arguments: str) -> Any:
    """What the command prints for a program."""
    runner = CliRunner(mix_stderr=False, env=laptop.aws.env() | {"CANARY_AUDIT_STACK": STACK})
    ran = runner.invoke(main, [*arguments, "--json"], prog_name="canary-audit")
    # A Console without schedules needs a person, and `status` says so.
    assert ran.exit_code == (arguments[0] == "status"), ran.stdout + ran.stderr
    return json.loads(ran.stdout)


def function(laptop: Laptop, event: dict[str, Any], name: str) -> dict[str, Any]:
    """What the function returns."""
    ran = laptop.stack.invoke(event, name)
    assert ran.error == ""
    return ran.result


@pytest.mark.wide  # tests/functions/test_both_doors.py: the same of the functions that are not deployed
def test_every_action_has_one_answer(
    laptop: Laptop, new_console: NewConsole, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    console = new_console(entries=ENTRIES).id
    assert function(laptop, {"console": console}, "ArchiveFunction")["outcome"] == "purged"
    monkeypatch.chdir(tmp_path)
    questions: dict[tuple[str, ...], dict[str, Any]] = {
        ("status", console): {},
        ("entries", console, "--from-id", "10", "--tz", "Asia/Kolkata"): {
            "format": "ndjson",
            "first_id": 10,
            "zone": "Asia/Kolkata",
        },
        ("export", console, "--id", "10"): {"id": 10},
        ("proof", console, "--id", "10"): {"id": 10},
        ("evidence", console, "--to-id", "3", "--who", "ada"): {"last_id": 3, "who": "ada"},
    }
    for arguments, fields in questions.items():
        event = {"request": arguments[0], "console": console, **fields}
        answered, printed = function(laptop, event, "RetrieveFunction"), command(laptop, *arguments)
        allowed = OF_A_BUNDLE if arguments[0] == "evidence" else set()
        assert set(differences(answered, printed)) == allowed, arguments
        assert printed["question"] == event
    assert len(command(laptop, "proof", console, "--id", "10")["proofs"]) == 1

    audit = {"console": console, "depth": "content"}
    asked = ("verify", console, "--depth", "content")
    assert function(laptop, audit, "VerifyFunction") == command(laptop, *asked)


def test_a_run_and_a_decision_are_told_as_the_function_tells_them(
    laptop: Laptop, new_console: NewConsole
) -> None:
    console = new_console(entries=ENTRIES).id
    archived = function(laptop, {"console": console, "purge_mode": "off"}, "ArchiveFunction")
    assert archived["new_entries"] == ENTRIES
    idle = function(laptop, {"console": console, "purge_mode": "off"}, "ArchiveFunction")
    assert command(laptop, "run", console, "--mode", "off") == idle
    assert idle["outcome"] == "idle"

    decision = {"console": console, "action": "rebuild", "who": "ada", "reason": "4711"}
    stated = function(laptop, decision, "OperateFunction")
    rebuild = ("ledger", "rebuild", console, "--who", "ada", "--reason", "4711", "--yes")
    (key,) = stated["statements"]
    next_one = statement_key(console, int(Path(key).stem) + 1)
    assert command(laptop, *rebuild) == stated | {"statements": [next_one]}
