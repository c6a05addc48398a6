"""`canary-audit purging` and `console pause`: what is in force now, and what may still be destroyed."""

import json
import re
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from click.testing import CliRunner, Result

from audit_archive.errors import LedgerError
from audit_archive.format.facts import Mode
from audit_archive.restraint import UNREADABLE, RestraintOf
from audit_archive.retrieve.status import statuses
from audit_archive.run.operate import state_decision
from audit_archive.run.purging import PurgingPorts, PurgingRequest, is_purging_event, set_purging
from audit_archive.run.request import OperatorRequest
from cli.brakes import in_force, sentences, under_way
from cli.exits import Exit
from cli.main import main
from tests.support.asking import reader_of
from tests.support.fakes import CrashError
from tests.support.on_stack import OnStack
from tests.support.world import CONSOLE, Meanwhile

SAID = ("--who", "ann", "--reason", "incident 4711")
NOTHING = "No purge was under way, so nothing more is destroyed."


class Deployed(OnStack):
    """A stack with an archive, whose operate function is the real one."""

    def __init__(self) -> None:
        super().__init__()
        self.world.aged(3)
        self.asked: list[Any] = []
        self.is_readable = True

    @property
    def reader(self) -> Any:
        if not self.is_readable:
            raise LedgerError("the ledger does not answer")
        return replace(reader_of(self.world), stack_mode=Mode.ON)

    def invoke(self, **request: Any) -> dict[str, Any]:
        assert request["FunctionName"] == "OperateFunction"
        event = json.loads(request["Payload"])
        self.asked.append(event)
        self.world.clock.left = 900.0
        ports = PurgingPorts(self.world.ledger, self.world.alerts, self.world.clock)
        result: Any = (
            set_purging(ports, PurgingRequest.from_event(event), "r1", Mode.ON)
            if is_purging_event(event)
            else state_decision(self.world.bound(), OperatorRequest.from_event(event))
        )
        return {"Payload": BytesIO(json.dumps(result.as_dict()).encode())}


@pytest.fixture
def stopped() -> Deployed:
    """A run stated its purge, sent it, and died."""
    deployed = Deployed()

    def die() -> None:
        raise CrashError

    with pytest.raises(CrashError):
        deployed.world.run(Meanwhile("FakeConsole.purge", die, after=True))
    return deployed


def ask(deployed: Deployed, *arguments: str, answer: str | None = None) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, [*arguments], obj=deployed, input=answer)


@pytest.mark.parametrize("mode", ["off", "dry-run"])
@pytest.mark.parametrize("console", [(), (CONSOLE,)])
def test_stopping_is_one_command_that_asks_nothing(mode: str, console: tuple[str, ...]) -> None:
    deployed = Deployed()
    deployed.world.run()
    said = ask(deployed, "purging", mode, *console, *SAID)
    assert said.exit_code == Exit.DONE, said.stderr
    about = f" {CONSOLE}" if console else ""
    assert "It is in force: no run sends a purge from now on." in said.stderr
    assert f"To undo: canary-audit purging on{about}\n" in said.stderr
    assert NOTHING in said.stderr
    deployed.world.trail.arrive()
    assert deployed.world.run().purged_entries == 0


def test_a_purge_that_was_stated_before_is_told_with_how_much_it_may_destroy(stopped: Deployed) -> None:
    (intent,) = stopped.world.head.open_intents
    for command in (("purging", "off"), ("purging", "off", CONSOLE), ("console", "pause", CONSOLE)):
        said = ask(stopped, *command, *SAID)
        assert said.exit_code == Exit.DONE, said.stderr
        about = (
            f"a purge of {intent.expected_count:,} entries, up to id {intent.boundary}, may have been sent"
        )
        assert f"Console {CONSOLE}: {about} before that. It can't be called back" in said.stderr
        assert NOTHING not in said.stderr
    answer = json.loads(ask(stopped, "purging", "off", *SAID, "--json").stdout)
    told = {"seq": intent.seq, "boundary": intent.boundary, "expected_count": intent.expected_count}
    assert answer["under_way"] == [{"console": CONSOLE} | told]
    answer = json.loads(ask(stopped, "console", "pause", CONSOLE, *SAID, "--json").stdout)
    assert (answer["outcome"], len(answer["under_way"])) == ("stated", 1)


def test_the_brake_holds_if_nobody_can_tell_what_was_under_way() -> None:
    deployed = Deployed()
    deployed.is_readable = False
    said = ask(deployed, "purging", "off", *SAID)
    assert (said.exit_code, len(deployed.asked)) == (Exit.DONE, 1)
    assert "It holds. Whether a purge was under way can't be told: the ledger does not answer" in said.stderr
    assert json.loads(ask(deployed, "purging", "off", *SAID, "--json").stdout)["under_way"] is None


def test_an_id_that_nobody_archived_is_taken_and_doubted() -> None:
    """A first run may be about to begin; but at night it is more likely a typing error."""
    deployed = Deployed()
    deployed.world.run()
    said = ask(deployed, "purging", "off", "1234abce", *SAID)
    assert (said.exit_code, len(deployed.asked)) == (Exit.DONE, 1)
    assert "Warning: the ledger knows no archive of Console 1234abce. Check the id" in said.stderr
    assert "Check the id" not in ask(deployed, "purging", "off", CONSOLE, *SAID).stderr


def test_a_console_that_can_not_be_read_is_not_taken_for_quiet() -> None:
    (told,) = under_way([{"console": CONSOLE, "open_intents": [], "fault": "LedgerError: no answer"}])
    assert told["boundary"] is None
    assert sentences([told]) == [
        f"Console {CONSOLE}: whether a purge was under way is not known. Look with `status`."
    ]


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_going_on_shows_what_follows_and_is_asked(answer: str) -> None:
    deployed = Deployed()
    deployed.world.run()
    said = ask(deployed, "purging", "on", *SAID, answer=answer)
    assert (said.exit_code, deployed.asked) == (Exit.ABANDONED, [])
    assert "The stack's PurgeMode is on." in said.stderr
    done = ask(deployed, "purging", "on", *SAID, "--yes")
    assert done.exit_code == Exit.DONE, done.stderr
    assert "No purge is sent before " in done.stderr
    assert NOTHING not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("off",),
        ("of", *SAID),
        ("off", "BAD ID", *SAID),
        ("off", "--who", "", "--reason", "x"),
        ("off", "--who", "a"),
    ],
)
def test_what_is_not_a_command_stops_nothing_and_says_so(arguments: tuple[str, ...]) -> None:
    deployed = Deployed()
    said = ask(deployed, "purging", *arguments)
    assert (said.exit_code, deployed.asked) == (Exit.USAGE, [])
    assert "Error: " in said.stderr


def test_ending_a_pause_names_every_pause_first_and_status_the_first_and_the_newest() -> None:
    deployed = Deployed()
    deployed.world.run()
    for who in ("ann", "bob", "cy"):
        ask(deployed, "console", "pause", CONSOLE, "--who", who, "--reason", "why")
    (status,) = statuses(deployed.reader, CONSOLE)
    assert 'by "ann", because "why", and again since' in status.state
    assert f"`canary-audit console resume {CONSOLE}` ends every pause" in status.state
    said = ask(deployed, "console", "resume", CONSOLE, *SAID, answer="n\n")
    assert said.exit_code == Exit.ABANDONED
    assert re.findall(
        r"^Paused since .* by \"(\w+)\", because \"why\" \(statement \d+\)\.$", said.stderr, re.M
    ) == [*("cy", "bob", "ann")]


def test_a_brake_that_can_not_be_read_holds_and_says_what_to_do() -> None:
    deployed = Deployed()
    deployed.world.run()
    for of, command in (
        (RestraintOf.STACK, "purging on`"),
        (RestraintOf.PAUSE, f"console resume {CONSOLE}`"),
    ):
        deployed.world.ledger.restrain(of, CONSOLE, UNREADABLE)
        (status,) = statuses(deployed.reader, CONSOLE)
        assert "by an unreadable item of the ledger, which holds: find out who wrote it" in status.state
        assert f"`canary-audit {command}" in status.state
        assert "1970" not in json.dumps(status.as_dict())
    (line, _) = in_force([status.as_dict()])
    assert line.endswith("find out who wrote it, then set it anew with `canary-audit purging on`.")


def test_every_brake_is_in_a_line_of_its_own() -> None:
    """A note has room for one thing, and a fault of the audit comes before a brake."""
    off = {"mode": "off", "who": "ann", "since": "2026-12-01T03:00:00Z", "reason": "why"}
    dry, on = off | {"mode": "dry-run"}, off | {"mode": "on"}
    none = {"set_mode": None, "console_mode": None, "paused": None}
    records = [none | {"console": f"c{n}", "console_mode": dry} for n in range(6)]
    assert (
        in_force([none | {"console": "a"}, none | {"console": "b", "console_mode": on, "set_mode": on}]) == []
    )
    assert in_force([none | {"console": "a", "set_mode": off, "paused": off}, *records]) == [
        "Purging of every Console is set to off since 2026-12-01T03:00:00Z, "
        'as stated by "ann", because "why".',
        "Purging is stopped for a (paused), c0 (dry-run), c1 (dry-run), c2 (dry-run), c3 (dry-run) "
        "and 2 more.",
    ]
