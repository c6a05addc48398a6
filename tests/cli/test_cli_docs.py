"""`docs` shows every page that there is, and each place in it that a message or a page points to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from audit_archive.errors import runbook_url
from cli.exits import Exit
from cli.main import main
from tests.support.pages import CODE, POINTER, anchors

ROOT = Path(__file__).parents[2]


def docs(*arguments: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(main, ["docs", *arguments])


def test_every_page_is_listed_and_shown_as_it_is_written() -> None:
    listed = {each["page"]: each["title"] for each in json.loads(docs("--json").stdout)}
    written = {file.stem for file in (ROOT / "docs").glob("*.md")} | {"readme", "changelog", "decisions"}
    assert set(listed) == written
    assert listed["operations"] == "Runbook"
    for name in ("operations", "docs/operations.md", "../docs/operations.md", "Operations"):
        assert docs(name).stdout == (ROOT / "docs/operations.md").read_text()
    assert docs("README.md").stdout == docs("readme").stdout == (ROOT / "README.md").read_text()
    decision = "decisions/0043-a-workbook-is-written-by-xlsxwriter"
    assert docs(decision).stdout == (ROOT / f"docs/{decision}.md").read_text()


def test_what_a_message_points_to_is_shown_alone() -> None:
    pointed = {found for file in CODE for found in POINTER.findall(file.read_text())}
    assert pointed
    for target in pointed:
        answer = docs(target)
        assert (answer.exit_code, answer.stdout[:1]) == (0, "#"), target
    one = docs("docs/deploying.md#updating").stdout
    assert one.startswith("## Updating\n")
    assert "## A first deploy" not in one


@pytest.mark.parametrize("kind", ["VerifyFault", "ConsoleAuthError"])
def test_the_address_of_a_message_is_shown_without_a_network(kind: str) -> None:
    answer = docs(runbook_url(kind))
    assert answer.exit_code == 0
    assert answer.stdout.startswith("### ")
    assert "<a id" not in answer.stdout


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_every_heading_is_found_by_its_anchor(page: Path) -> None:
    found = {anchor for anchor in anchors(page) if docs(f"{page.name}#{anchor}").exit_code == 0}
    assert found == anchors(page)


@pytest.mark.parametrize(("page", "said"), [("nowhere", "no page nowhere"), ("costs#no", "no heading #no")])
def test_what_is_not_there_is_said(page: str, said: str) -> None:
    answer = docs(page)
    assert answer.exit_code == Exit.USAGE
    assert said in answer.stderr
    assert re.search(r"`canary-audit docs", answer.stderr)


@pytest.mark.parametrize(
    ("page", "meant"), [("opearations", "operations"), ("docs/operations.md#lock", "locks"),
                        ("operations#clouderorr", "clouderror")]
)  # fmt: skip
def test_a_near_name_is_told(page: str, meant: str) -> None:
    assert f"Did you mean {meant}?" in docs(page).stderr


@pytest.mark.parametrize("page", ["../LICENSE", "/etc/passwd", "../../secret.md", "decisions/../../README"])
def test_nothing_but_a_page_is_shown(page: str) -> None:
    assert docs(page).exit_code == Exit.USAGE
