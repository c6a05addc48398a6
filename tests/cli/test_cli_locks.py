"""`canary-audit locks`: one invocation after the other until all is looked at, and what it says then."""

import json
from io import BytesIO
from typing import Any

import pytest
from click.testing import CliRunner, Result

from audit_archive.config import Settings
from audit_archive.errors import runbook_url
from cli.exits import Exit
from cli.main import main
from cli.options import Chosen

SETTINGS = {
    "ARCHIVE_BUCKET": "b",
    "LEDGER_TABLE": "t",
    "SECRET_PREFIX": "p",
    "PURGE_MODE": "off",
    "RETENTION_DAYS": "2555",
    "OBJECT_LOCK_MODE": "COMPLIANCE",
}
REPORT = {
    "outcome": "done",
    "console": "1234abcd",
    "looked_at": 10,
    "extended": 3,
    "refused": 0,
    "unread": 0,
    "retain_until": "2033-12-01T00:00:00Z",
    "refusals": [],
    "warnings": [],
}
REFUSAL = {"key": "statements/x", "version_id": "v1", "error": "AccessDenied"}


class Deployed(Chosen):
    """A stack whose function gives these reports, one after the other."""

    def __init__(self, *reports: dict[str, Any]) -> None:
        super().__init__()
        self.reports = list(reports)
        self.asked: list[Any] = []

    @property
    def stack(self) -> Any:
        return self

    invoker = stack
    settings = Settings.from_environment(SETTINGS)

    def output(self, name: str) -> str:
        return name

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.asked.append(json.loads(request["Payload"]))
        return {"Payload": BytesIO(json.dumps(REPORT | self.reports.pop(0)).encode())}


def locks(deployed: Deployed, *options: str, answer: str | None = None) -> Result:
    runner = CliRunner(mix_stderr=False)
    return runner.invoke(main, ["locks", "1234abcd", *options], obj=deployed, input=answer)


def test_it_goes_on_until_all_is_looked_at_and_adds_up() -> None:
    deployed = Deployed({"outcome": "unfinished"}, {"outcome": "unfinished", "extended": 0}, {"looked_at": 1})
    said = locks(deployed, "--yes", "--json")
    assert said.exit_code == Exit.DONE, said.stderr
    report = json.loads(said.stdout)
    assert (report["outcome"], report["looked_at"], report["extended"]) == ("done", 21, 6)
    assert deployed.asked == [{"console": "1234abcd", "extend_locks": True}] * 3


def test_it_does_not_go_on_for_ever() -> None:
    deployed = Deployed({"outcome": "unfinished"}, {"outcome": "unfinished", "looked_at": 0}, {})
    said = locks(deployed, "--yes")
    assert (said.exit_code, len(deployed.asked)) == (Exit.FAILED, 2)
    assert "had no time" in said.stderr


def test_it_asks_first_and_says_for_how_long_and_in_which_mode() -> None:
    deployed = Deployed({})
    said = locks(deployed, answer="n\n")
    assert said.exit_code == Exit.ABANDONED
    assert "by 2555 days in mode COMPLIANCE?" in said.stderr
    assert deployed.asked == []
    said = locks(deployed, answer="y\n")
    assert "Of 10 locks of Console 1234abcd, 3 were extended, until 2033-12-01T00:00:00Z." in said.stderr


@pytest.mark.parametrize("found", [{"refused": 1, "refusals": [REFUSAL]}, {"unread": 2}])
def test_what_was_not_extended_is_shown_and_is_a_status(found: dict[str, Any]) -> None:
    said = locks(Deployed({"outcome": "unfinished", **found}, {}), "--yes")
    assert said.exit_code == Exit.FAULTS
    assert runbook_url("locknotextended") in said.stderr
    assert ("statements/x" in said.stdout) == ("refusals" in found)
