"""`status` at a terminal: what it shows of a copy, and how it watches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from click.testing import CliRunner

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.errors import LedgerError, SettingsError
from audit_archive.fleet_ports import Label
from audit_archive.health import HEALTH_WORDS, Limits
from audit_archive.retrieve.known import StackFacts
from audit_archive.retrieve.statements import Reader
from cli.exits import Exit
from cli.main import main
from cli.options import Chosen
from cli.standing import SORTS, Choice, row_of, summary
from tests.cli.golden_tables import EXAMPLE, STATUSES, shown_at_a_terminal
from tests.support.fakes import FakeClock, FakeLedger, FakeScratch

NO_LIMITS = Limits(10**12, 10**12)


class Waiting(FakeClock):
    """A clock that a person watches: after so many waits they press Ctrl-C. Each wait may do something."""

    def __init__(self, *deeds: Callable[[], object]) -> None:
        super().__init__()
        self.deeds = [*deeds]
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        if not self.deeds:
            raise KeyboardInterrupt
        self.deeds.pop(0)()


class Stack:
    """As much of a stack as `status` asks for."""

    def __init__(self, clock: FakeClock) -> None:
        self.ledger = FakeLedger()
        self.reader = Reader(FolderSource(EXAMPLE), self.ledger, clock, FakeScratch())
        self.limits = NO_LIMITS
        self.is_denied = False
        self.fails: Exception | None = None

    def facts(self) -> StackFacts:
        if self.fails is not None:
            raise self.fails
        if self.is_denied:
            raise SettingsError("The schedules can't be listed.")
        return StackFacts({}, self.limits)


def asked(stack: Stack, *arguments: str) -> Callable[[], object]:
    given = Chosen()
    given.stack = stack  # type: ignore[assignment]
    return lambda: main(["status", *arguments], obj=given, standalone_mode=False)


def test_watching_redraws_and_ends_quietly() -> None:
    """What happens between two looks is seen, and an AWS that does not answer once ends nothing."""
    clock = Waiting()
    stack = Stack(clock)

    def fail() -> None:
        stack.fails = LedgerError("The ledger did not answer.")

    def name() -> None:
        stack.fails = None
        stack.ledger.name("1234abcd", Label("Graz"))

    clock.deeds = [fail, name]
    shown, said = shown_at_a_terminal(asked(stack, "--watch", "--interval", "60"), 80)
    first, second, third = shown.split("\x1b[2J")[1:]
    assert ("Graz" in first, "Graz" in second, "Graz" in third) == (False, False, True)
    assert "Not looked at again: The ledger did not answer." in second
    assert "Not looked at again" not in third
    assert (clock.waits, said) == ([60, 60, 60], "")


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_only_a_terminal_is_watched(options: list[str]) -> None:
    answer = CliRunner(mix_stderr=False).invoke(
        main, ["status", "--watch", *options, "--folder", str(EXAMPLE)]
    )
    assert answer.exit_code == Exit.USAGE


def test_without_the_right_to_list_schedules_the_rest_is_told() -> None:
    stack = Stack(FakeClock())
    stack.is_denied = True
    codes = list[object]()
    shown, said = shown_at_a_terminal(lambda: codes.append(asked(stack)()), 100)
    assert "What is wrong with schedules is not told: The schedules can't be listed." in said
    assert "absent" in shown
    assert codes == [Exit.FAULTS]


def test_the_counts_are_of_every_console_and_begin_with_what_is_well() -> None:
    assert summary(STATUSES) == (
        "1 ok, 1 faults, 1 unknown, 1 failing, 1 late, 1 held, 1 removed, 1 never archived"
    )
    words = Counter(str(each["health"]).partition(": ")[0] for each in STATUSES)
    assert words.keys() <= set(HEALTH_WORDS)


@pytest.mark.parametrize("sort", SORTS)
def test_each_order_has_all_of_them(sort: str) -> None:
    assert {each["console"] for each in Choice(sort).of(STATUSES)} == {each["console"] for each in STATUSES}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice("health"), ["5678efab", "unread", "failing", "late", "held", "removed", "new", "1234abcd"]),
        (Choice("lag"), ["failing", "held", "late", "new", "removed", "unread", "5678efab", "1234abcd"]),
        (Choice("last-run", only_problems=True), ["5678efab", "unread", "late", "failing", "held"]),
        (Choice(tags={"site": "graz"}), ["1234abcd"]),
        (Choice(tags={"site": "wien"}), []),
    ],
)
def test_what_was_asked_for_is_shown_in_its_order(choice: Choice, expected: list[str]) -> None:
    assert [each["console"] for each in choice.of(STATUSES)] == expected


def test_what_is_not_known_is_a_question_mark_and_what_never_was_says_so() -> None:
    rows: Mapping[str, Mapping[str, Any]] = {each["console"]: row_of(each) for each in STATUSES}
    numbers = ("highest_archived_id", "missing_ids", "unpurged_entries", "completed_at", "verified_at")
    assert {rows["unread"][name] for name in numbers} == {"?"}
    assert (rows["new"]["completed_at"], rows["new"]["missing_ids"]) == ("never", 0)
    copy = row_of({**STATUSES[0], "needs_person": None, "health": "unknown", "completed_at": None})
    assert copy["completed_at"] == "?"
