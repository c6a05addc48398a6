"""`canary-audit faults`: what the last audit found, and a decision about it that names whole digests."""

import json
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from click.testing import CliRunner, Result

from audit_archive.bookmark import AuditResult
from audit_archive.format.verdicts import Fault, Verdict
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from cli.exits import Exit
from cli.main import main
from tests.support.asking import reader_of
from tests.support.fakes.verifications import audited
from tests.support.on_stack import OnStack
from tests.support.world import CONSOLE

FIRST = Fault(Verdict.MISSING, "entries/x", "v1", 3, "entries/x (version v1) is missing")
OTHER = replace(FIRST, seq=4)
SAID = ("--who", "ada", "--reason", "looked")


class Deployed(OnStack):
    """A stack with an archive, whose archive function is the real one."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__()
        self.world.aged(3)
        self.world.run()
        self.world.is_audited = False
        note = audited(self.world.clock.now(), AuditResult.FAULTS, len(faults), open_faults=faults)
        self.world.notes.save(CONSOLE, note if faults else audited(self.world.clock.now()))
        self.asked: list[Any] = []

    @property
    def reader(self) -> Any:
        return replace(reader_of(self.world), verifications=self.world.notes)

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.asked.append(json.loads(request["Payload"]))
        self.world.clock.left = 900.0
        result = state_decision(self.world.bound(), OperatorRequest.from_event(self.asked[-1]))
        return {"Payload": BytesIO(json.dumps(result.as_dict()).encode())}


def ask(deployed: Deployed, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["faults", *arguments], obj=deployed)


def test_faults_are_listed_accepted_by_the_beginning_of_a_digest_and_listed_as_accepted() -> None:
    deployed = Deployed(FIRST, OTHER)
    listed = ask(deployed, "list", CONSOLE)
    assert listed.exit_code == 0
    assert FIRST.sha256[:12] in listed.output
    assert "found 2 faults. 2 hold purging back." in listed.output
    done = ask(deployed, "accept", CONSOLE, FIRST.sha256[:6], *SAID, "--yes")
    assert done.exit_code == 0, done.output
    assert deployed.asked[-1]["faults"] == [FIRST.sha256]
    again = ask(deployed, "list", CONSOLE)
    assert 'as stated by "ada", because' in again.output
    assert "1 holds purging back" in again.output
    assert ask(deployed, "accept", CONSOLE, "--all", *SAID, "--yes").exit_code == 0
    assert deployed.asked[-1]["faults"] == [OTHER.sha256]
    assert (
        "All of them were accepted: an hour later they hold nothing back"
        in ask(deployed, "list", CONSOLE).output
    )
    nothing = ask(deployed, "accept", CONSOLE, "--all", *SAID, "--yes")
    assert nothing.exit_code == Exit.USAGE


def test_nothing_is_decided_without_an_answer_or_a_fault() -> None:
    deployed = Deployed(FIRST)
    assert ask(deployed, "accept", CONSOLE, "--all", *SAID).exit_code != 0
    for arguments in ([], ["ffff"], [FIRST.sha256[:6], "--all"]):
        refused = ask(deployed, "accept", CONSOLE, *arguments, *SAID, "--yes")
        assert refused.exit_code == Exit.USAGE, arguments
    assert deployed.asked == []


@pytest.mark.parametrize("faults", [(), (FIRST,)])
def test_the_list_for_programs_has_every_fault_in_full(faults: tuple[Fault, ...]) -> None:
    deployed = Deployed(*faults)
    answer = json.loads(CliRunner().invoke(main, ["--json", "faults", "list", CONSOLE], obj=deployed).output)
    assert (answer["fault_count"], answer["unaccepted"]) == (len(faults), len(faults))
    assert [each["digest"] for each in answer["faults"]] == [fault.sha256 for fault in faults]
    said = ask(Deployed(*faults), "list", CONSOLE).output
    assert ("found no fault" in said) == (not faults)
