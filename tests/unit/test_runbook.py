"""The runbook has a section, a row or a word for everything that may stand before somebody at night."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from audit_archive import errors
from audit_archive.errors import runbook_url
from audit_archive.finding import FindingKind
from audit_archive.format.facts import BY_EVENT, HeldBackBy, PurgeOutcome
from audit_archive.health import Judgement
from audit_archive.run.result import RunOutcome
from tests.support.pages import CODE
from tests.support.stack import SOURCE
from tests.unit.test_docs import ROOT, RUNBOOK, constants, first_cells, section
from tests.unit.test_style import strings_of


def test_every_alarm_has_its_section_and_points_to_it() -> None:
    alarms = {n: r for n, r in SOURCE["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    assert alarms
    assert set(re.findall(r"^### (\w+Alarm)$", RUNBOOK.read_text(), re.MULTILINE)) == set(alarms)
    for name, alarm in alarms.items():
        described = alarm["Properties"]["AlarmDescription"]
        assert described.endswith(f" See {runbook_url(name)}"), name


def test_an_address_leads_to_a_section_of_its_own_and_each_section_with_an_anchor_is_led_to() -> None:
    """A heading may be reworded, an anchor may not: years later a message still leads to it."""
    anchored = re.findall(r'^((?:<a id="[\w-]+"></a>)+)\n\n#+ ', RUNBOOK.read_text(), re.MULTILINE)
    ids = [each for line in anchored for each in re.findall(r'"([\w-]+)"', line)]
    assert len(ids) == len(set(ids)) == RUNBOOK.read_text().count("<a id=")
    code = "".join(file.read_text() for file in [*CODE, *(ROOT / "cli").glob("*.py")])
    asked = set(re.findall(r"""runbook_url\(["']([\w-]+)["']\)""", code))
    classes = {name for name, kind in vars(errors).items() if isinstance(kind, type)} | {"CloudError"}
    alarms = {n for n, r in SOURCE["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    assert set(ids) == {name.lower() for name in classes | set(FindingKind) | alarms} | asked


def test_the_address_of_the_pages_has_one_home() -> None:
    found = [path for path in [*CODE, *(ROOT / "cli").glob("*.py")] if errors.SITE in path.read_text()]
    assert [path.name for path in found] == ["errors.py"]
    assert runbook_url("ForeignPurge") == f"{errors.SITE}operations/#foreignpurge"


def test_the_runbook_says_what_to_do_about_every_judgement_of_the_fleet_check() -> None:
    assert first_cells(section(RUNBOOK, "FleetCheck")) == set(Judgement)


def test_the_runbook_has_every_outcome_and_every_reason() -> None:
    outcomes = first_cells(section(RUNBOOK, "Outcomes"))
    assert outcomes == constants(RunOutcome) | constants(PurgeOutcome)
    assert first_cells(section(RUNBOOK, "held_back_by")) == constants(HeldBackBy)


@pytest.mark.parametrize("function", ["archive", "verify", "retrieve"])
def test_the_runbook_has_every_metric(function: str) -> None:
    app = (ROOT / "functions" / function / "app.py").read_text()
    metrics = re.findall(r'"([A-Z]\w+)": ', app)
    assert metrics
    assert set(metrics) <= set(re.findall(r"`(\w+)`", section(RUNBOOK, "Where to look")))


def test_the_runbook_has_every_action() -> None:
    assert first_cells(section(RUNBOOK, "Deciding")) == set(BY_EVENT)


def test_the_first_table_of_the_runbook_has_every_kind_of_message() -> None:
    told = first_cells(re.sub("^ +", "", section(RUNBOOK, "Three in the morning"), flags=re.MULTILINE))
    assert told == set(FindingKind)


@pytest.mark.parametrize("heading", ["Errors", "Warnings", "Getting something back"])
def test_every_message_in_the_runbook_is_one_of_the_code(heading: str) -> None:
    """Between its variable parts: dots, names in angle brackets, numbers, quotes."""
    texts = _texts_of_the_code()
    cells = re.findall(r"^(`[^|]+) \| ", section(RUNBOOK, heading).replace("| `", "\n`"), re.MULTILINE)
    quoted = [one or two for cell in cells for one, two in re.findall(r"`` (.+?) ``|`([^`]+)`", cell)]
    assert len(quoted) > 4
    for message in quoted:
        for piece in re.split(r"\.\.\.|<\w+>|[\d'\[\]]+", message):
            assert any(piece.strip() in text for text in texts), message


@cache
def _texts_of_the_code() -> list[str]:
    return [" ".join(text.split()) for file in CODE for text in strings_of(file.read_text())]


DECIDED = re.compile(rf"events/[\w-]+\.json|`({'|'.join(sorted(BY_EVENT))})`|\"action\"|invoke with ")
"""What a message must not name: each decision has a command, and each file in `events/` is for programs."""


def messages_in(source: str) -> Iterator[str]:
    """Every text of a program that is no docstring, as a reader sees it: dots stand for what varies."""
    tree = ast.parse(source)
    apart = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            apart |= {id(each) for each in node.values}
            yield "".join(
                str(each.value) if isinstance(each, ast.Constant) else "..." for each in node.values
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in apart:
            yield node.value


def test_a_message_names_the_command_and_no_file_or_field_of_an_event() -> None:
    code = [*CODE, *(ROOT / "cli").rglob("*.py"), *(ROOT / "local").rglob("*.py")]
    texts = [(path.name, text) for path in code for text in messages_in(path.read_text())]
    assert len(texts) > 5000
    assert [(name, text) for name, text in texts if DECIDED.search(text)] == []


@pytest.mark.parametrize("said", ["state it with events/resume.json", "until an operator states `accept`"])
def test_a_message_that_names_an_event_is_found(said: str) -> None:
    (found,) = messages_in(f'def f(x):\n    """events/a.json"""\n    g(f\'{said} of {{x}}\')')
    assert found == f"{said} of ..."
    assert DECIDED.search(found)
