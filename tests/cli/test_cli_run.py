"""`canary-audit run`: what would be destroyed is shown and asked, and no more than that is purged."""

import json
from io import BytesIO
from typing import Any

import pytest
from click.testing import CliRunner, Result

from audit_archive.format.facts import HeldBackBy
from cli.exits import Exit
from cli.main import main
from cli.options import Chosen
from cli.plan import WHY

PLAN = {
    "mode": "on",
    "entries": 4996,
    "first_id": 1,
    "last_id": 4996,
    "first_date": "2026-06-01",
    "last_date": "2026-11-30",
    "stays": 4,
}
SHOWN = {"outcome": "archived", "console": "1234abcd", "boundary": 4996, "held_back_by": "settle_window"}
SHOWN |= {"plan": PLAN, "statements": [], "warnings": []}
PURGED = SHOWN | {"outcome": "purged", "purged_entries": 4996}
QUESTION = "Purge these 4,996 entries from Console 1234abcd? It can't be undone."


class Deployed(Chosen):
    """A stack whose function gives these results, one after the other."""

    def __init__(self, *results: dict[str, Any]) -> None:
        super().__init__()
        self.results = list(results)
        self.asked: list[Any] = []

    @property
    def stack(self) -> Any:
        return self

    invoker = stack

    def output(self, name: str) -> str:
        return name

    def invoke(self, **request: Any) -> dict[str, Any]:
        self.asked.append(json.loads(request["Payload"]))
        if request.get("InvocationType") == "Event":
            return {"ResponseMetadata": {"RequestId": "r1"}}
        return {"Payload": BytesIO(json.dumps(self.results.pop(0)).encode())}


def run(deployed: Deployed, *options: str, answer: str | None = None) -> Result:
    return run_command(deployed, "run", "1234abcd", *options, answer=answer)


def run_command(deployed: Deployed, *words: str, answer: str | None = None) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, words, obj=deployed, input=answer)


def test_the_plan_is_shown_and_what_was_shown_is_the_most() -> None:
    deployed = Deployed(SHOWN, PURGED)
    said = run(deployed, "--reason", "tidy", answer="y\n")
    assert said.exit_code == Exit.DONE, said.stderr
    assert "would destroy   4,996 entries, ids 1 to 4996, 2026-06-01 to 2026-11-30\n" in said.stderr
    assert "stays           4 entries\n" in said.stderr
    assert "settle_window: what comes next is younger than the settle window" in said.stderr
    assert QUESTION in said.stderr
    asked = {"console": "1234abcd", "reason": "tidy"}
    assert deployed.asked == [asked | {"plan": True}, asked | {"up_to": 4996}]
    assert "destroyed       4,996 entries" in said.stdout


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_without_a_yes_nothing_is_purged(answer: str) -> None:
    deployed = Deployed(SHOWN)
    said = run(deployed, answer=answer)
    assert said.exit_code == Exit.ABANDONED
    assert len(deployed.asked) == 1
    assert "What is new is archived. Nothing is purged yet." in said.stderr
    assert "destroyed" not in said.stdout


def test_with_yes_there_is_one_invocation_and_no_question() -> None:
    deployed = Deployed(PURGED)
    said = run(deployed, "--yes", "--json")
    assert (said.exit_code, json.loads(said.stdout), said.stderr) == (Exit.DONE, PURGED, "")
    assert deployed.asked == [{"console": "1234abcd"}]


@pytest.mark.parametrize("options", [("--mode", "dry-run"), ("--mode", "dry-run", "--yes")])
def test_a_dry_run_always_shows_its_plan(options: tuple[str, ...]) -> None:
    shown = SHOWN | {"outcome": "idle", "plan": PLAN | {"mode": "dry-run"}}
    deployed = Deployed(shown)
    said = run(deployed, *options)
    assert said.exit_code == Exit.DONE, said.stderr
    assert deployed.asked == [{"console": "1234abcd", "purge_mode": "dry-run", "plan": True}]
    assert "would destroy   4,996 entries" in said.stdout


@pytest.mark.parametrize(
    "plan", [None, PLAN | {"mode": "dry-run"}, PLAN | {"entries": 0, "last_id": None, "first_date": None}]
)
def test_where_nothing_would_be_purged_nothing_is_asked(plan: dict[str, Any] | None) -> None:
    deployed = Deployed(SHOWN | {"plan": plan})
    said = run(deployed)
    assert (said.exit_code, len(deployed.asked), QUESTION in said.stderr) == (Exit.DONE, 1, False)


def test_a_purge_that_was_not_answered_is_not_told_as_one_that_was_never_sent() -> None:
    unknown = SHOWN | {"plan": PLAN | {"stays": 1}, "warnings": ["the purge up to 4996 ended unknown"]}
    said = run(Deployed(unknown), "--yes")
    assert "was to destroy  4,996 entries, ids 1 to 4996" in said.stdout
    assert "stays           1 entry\n" in said.stdout
    assert "Warning: the purge up to 4996 ended unknown" in said.stderr


@pytest.mark.parametrize("outcome", ["busy", "superseded"])
@pytest.mark.parametrize(
    "decision",
    [("resume",), ("epoch",), ("accept", "--first", "1", "--last", "2"), ("ledger", "rebuild")],
)
def test_a_decision_that_is_not_stated_is_told_and_fails(decision: tuple[str, ...], outcome: str) -> None:
    """Whoever decides at the same moment as somebody else, or as a run, must not believe that it holds."""
    deployed = Deployed(SHOWN | {"outcome": outcome, "plan": None, "statements": ["another's"]})
    said = run_command(deployed, *decision, "1234abcd", "--who", "ann", "--reason", "why", "--yes")
    assert (said.exit_code, said.stdout) == (Exit.FAILED, "")
    assert (
        f"The chain does not state it, since a run or another decision came first ({outcome})" in said.stderr
    )


def test_a_run_that_is_not_waited_for_needs_a_yes() -> None:
    deployed = Deployed()
    assert run(deployed, "--async").exit_code == Exit.USAGE
    assert deployed.asked == []
    assert run(deployed, "--async", "--mode", "off").exit_code == Exit.DONE
    assert run(deployed, "--async", "--yes").exit_code == Exit.DONE
    assert deployed.asked == [{"console": "1234abcd", "purge_mode": "off"}, {"console": "1234abcd"}]


def test_every_reason_is_said_in_words() -> None:
    assert set(WHY) == set(HeldBackBy)
