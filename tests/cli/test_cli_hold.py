"""`canary-audit hold`: the chain never claims less than S3 holds, whenever a command is broken off."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from audit_archive.format.facts import Action
from audit_archive.format.layout import statement_key
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from cli.exits import Exit
from cli.main import main
from tests.support.on_stack import OnStack
from tests.support.world import CONSOLE, DAY, HOUR

SAID = ("--who", "ada", "--reason", "case 7", "--yes")
ALL = ("set", CONSOLE, "--all", *SAID)
FIRST = ("set", CONSOLE, "--from-id", "1", "--to-id", "2", *SAID)
SECOND = ("set", CONSOLE, "--from-id", "3", "--to-id", "4", *SAID)


class Deployed(OnStack):
    """A stack with two archived exports, whose operate function is the real one, and whose S3 holds.

    `before_put`: what happens right before S3 is asked to change a hold.
    """

    def __init__(self) -> None:
        super().__init__()
        self.world.mode = "off"
        for _ in range(2):
            self.archive()
        self.held: set[tuple[str, str]] = set()
        self.refuses: Callable[[str], bool] = lambda key: False
        self.before_put: Callable[[], object] | None = None
        self.says_busy = False

    def archive(self) -> None:
        self.world.aged(2)
        self.world.run()

    def client(self, service: str) -> Any:
        assert service == "s3"
        return self

    def invoke(self, **request: Any) -> dict[str, Any]:
        assert request["FunctionName"] == "OperateFunction"
        self.world.clock.left = 900.0
        bound = self.world.bound()
        if self.says_busy:
            now = self.world.clock.now()
            self.world.ledger.acquire(CONSOLE, "a run", now, now + HOUR)
        result = state_decision(bound, OperatorRequest.from_event(json.loads(request["Payload"])))
        return {"Payload": BytesIO(json.dumps(result.as_dict()).encode())}

    def put_object_legal_hold(self, **request: Any) -> None:
        if self.before_put is not None:
            happens, self.before_put = self.before_put, None
            happens()
        where = (request["Key"], request["VersionId"])
        if self.refuses(request["Key"]):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "PutObjectLegalHold")
        self.held.add(where) if request["LegalHold"]["Status"] == "ON" else self.held.discard(where)

    def get_object_legal_hold(self, **request: Any) -> dict[str, Any]:
        if (request["Key"], request["VersionId"]) not in self.held:
            raise ClientError({"Error": {"Code": "NoSuchObjectLockConfiguration"}}, "GetObjectLegalHold")
        return {"LegalHold": {"Status": "ON"}}

    def get_object_retention(self, **request: Any) -> dict[str, Any]:
        found = self.world.store.inspect(request["Key"], request["VersionId"])
        assert found is not None
        assert found.retention is not None
        return {"Retention": {"RetainUntilDate": datetime.fromtimestamp(found.retention.until, UTC)}}

    @property
    def open_holds(self) -> list[int]:
        return [each.seq for each in self.world.head.legal_holds]

    def unheld(self) -> int:
        """Object versions that the chain states as held and S3 does not hold."""
        return sum(each["unheld"] for each in listed(self, "--check"))


def ask(deployed: Deployed, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["hold", *arguments], obj=deployed)


def listed(deployed: Deployed, *arguments: str) -> list[dict[str, Any]]:
    answer = CliRunner().invoke(main, ["--json", "hold", "list", CONSOLE, *arguments], obj=deployed)
    deployed.is_json = False
    holds: list[dict[str, Any]] = json.JSONDecoder().raw_decode(answer.stdout)[0]["holds"]
    return holds


def test_a_hold_is_set_listed_compared_with_s3_and_released() -> None:
    deployed = Deployed()
    done = ask(deployed, *ALL)
    assert done.exit_code == 0, done.output
    assert "are held by hold 3" in done.output
    (found,) = listed(deployed, "--check")
    assert (found["seq"], found["who"], found["reason"], found["unheld"]) == (3, "ada", "case 7", 0)
    assert {key.partition("/")[0] for key, _ in deployed.held} >= {"exports", "entries", "statements"}
    released = ask(deployed, "release", CONSOLE, "3", *SAID)
    assert released.exit_code == 0, released.output
    assert "None could be deleted at once." in released.output
    assert (deployed.held, deployed.open_holds) == (set(), [])
    assert "0 legal holds are open" in ask(deployed, "list", CONSOLE).output


def test_before_a_release_it_shows_what_could_be_deleted_and_when() -> None:
    deployed = Deployed()
    ask(deployed, *ALL)
    shown = ask(deployed, "release", CONSOLE, "3", *SAID[:-1])
    assert shown.exit_code != 0
    assert "are locked: nothing of these before 20" in shown.output
    assert deployed.open_holds == [3]
    deployed.world.clock.advance(500 * DAY)
    answer = CliRunner().invoke(main, ["--json", "hold", "release", CONSOLE, "3", *SAID], obj=deployed)
    told = json.loads(answer.stdout)
    assert told["freed"] == told["unlocked"] == told["changed"] > 0
    assert told["first_lock_ends"] is None


def test_of_two_holds_that_overlap_the_release_of_one_frees_only_what_the_other_lacks() -> None:
    deployed = Deployed()
    assert ask(deployed, *ALL).exit_code == 0
    assert ask(deployed, *FIRST).exit_code == 0
    nothing = ask(deployed, "release", CONSOLE, "4", *SAID)
    assert "Nothing becomes free. What hold 3 covers too stays held" in nothing.output
    assert deployed.unheld() == 0
    ask(deployed, *SECOND)
    ask(deployed, "release", CONSOLE, "3", *SAID)
    assert deployed.open_holds == [6]
    assert deployed.unheld() == 0
    kept = {key for key, _ in deployed.held if key.startswith("statements/")}
    assert kept == {statement_key(CONSOLE, 2)}


def test_a_set_that_is_broken_off_goes_on_with_the_same_hold() -> None:
    deployed = Deployed()
    deployed.refuses = lambda key: key.startswith("entries/")
    broken = ask(deployed, *FIRST)
    assert broken.exit_code == Exit.FAULTS
    assert "give the same command again" in broken.output
    assert deployed.open_holds == [3]
    assert deployed.unheld() > 0
    assert ask(deployed, "list", CONSOLE, "--check").exit_code == Exit.FAULTS
    deployed.refuses = lambda key: False
    assert ask(deployed, *FIRST).exit_code == 0
    assert deployed.open_holds == [3]
    assert deployed.unheld() == 0


def test_a_hold_is_stated_before_s3_sets_it_and_ends_after_s3_took_it_off() -> None:
    deployed = Deployed()
    seen: list[list[int]] = []
    deployed.before_put = lambda: seen.append(deployed.open_holds)
    ask(deployed, *ALL)
    deployed.before_put = lambda: seen.append(deployed.open_holds)
    ask(deployed, "release", CONSOLE, "3", *SAID)
    assert seen == [[3], [3]]


def test_a_release_that_is_broken_off_leaves_the_hold_open_and_goes_on() -> None:
    deployed = Deployed()
    ask(deployed, *ALL)
    deployed.refuses = lambda key: key.startswith("exports/")
    assert ask(deployed, "release", CONSOLE, "3", *SAID).exit_code == Exit.FAULTS
    assert deployed.open_holds == [3]
    deployed.refuses, deployed.says_busy = (lambda key: False), True
    busy = ask(deployed, "release", CONSOLE, "3", *SAID)
    assert (busy.exit_code, deployed.open_holds, deployed.held) == (Exit.FAILED, [3], set())
    assert "once the run has ended" in busy.output
    deployed.says_busy = False
    deployed.world.free_lease()
    assert ask(deployed, "release", CONSOLE, "3", *SAID).exit_code == 0
    assert deployed.open_holds == []
    assert ask(deployed, "release", CONSOLE, "3", *SAID).exit_code == 0, "a second time changes nothing"


def test_a_hold_that_is_set_while_another_is_released_stays_held() -> None:
    deployed = Deployed()
    ask(deployed, *ALL)
    deployed.before_put = lambda: ask(deployed, *FIRST)
    assert ask(deployed, "release", CONSOLE, "3", *SAID).exit_code == 0
    assert deployed.open_holds == [4]
    assert deployed.unheld() == 0


def test_what_is_archived_after_a_hold_on_all_is_told_and_held_by_the_same_command() -> None:
    deployed = Deployed()
    ask(deployed, *ALL)
    deployed.archive()
    assert "1 statement came after the hold on the whole archive" in ask(deployed, "list", CONSOLE).output
    ask(deployed, *ALL)
    assert deployed.open_holds == [3, 5]
    assert "came after" not in ask(deployed, "list", CONSOLE).output
    ask(deployed, *ALL)
    assert deployed.open_holds == [3, 5], "nothing came since"


def test_other_words_are_another_hold() -> None:
    deployed = Deployed()
    ask(deployed, *ALL)
    ask(deployed, *(each.replace("ada", "bob") for each in ALL))
    assert deployed.open_holds == [3, 4]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("set", CONSOLE, *SAID), Exit.USAGE),
        (("set", CONSOLE, "--all", "--from-id", "1", *SAID), Exit.USAGE),
        (("set", CONSOLE, "--from-id", "1", "--to", "2026-01-01", *SAID), Exit.USAGE),
        (("set", CONSOLE, "--from-id", "99", *SAID), Exit.NOT_THERE),
        (("set", "5678efab", "--all", *SAID), Exit.NOT_THERE),
        (("release", CONSOLE, "1", *SAID), Exit.NOT_THERE),
        (("release", CONSOLE, "99", *SAID), Exit.NOT_THERE),
        (("set", CONSOLE, "--all", "--who", "", "--reason", "x", "--yes"), Exit.USAGE),
    ],
)
def test_what_can_not_be_held_changes_nothing(arguments: tuple[str, ...], status: int) -> None:
    deployed = Deployed()
    answer = ask(deployed, *arguments)
    assert answer.exit_code == status, answer.output
    assert (deployed.held, len(deployed.world.chain())) == (set(), 2)


def test_another_decision_is_no_hold() -> None:
    deployed = Deployed()
    deployed.world.state(Action.EPOCH)
    answer = ask(deployed, "release", CONSOLE, "3", *SAID)
    assert "states no legal hold" in answer.output
