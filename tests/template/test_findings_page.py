"""docs/template-findings.md: what linters find in the template, each finding with a verdict."""

from __future__ import annotations

import re
import warnings
from typing import Any

import pytest

from tests.support.stack import ROOT, SOURCE

PAGE = (ROOT / "docs" / "template-findings.md").read_text()
ROW = re.compile(r"^\| `(\w+)` [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
VERDICTS = {"mended", "not applicable", "accepted"}


def listed(tool: str) -> dict[str, set[str]]:
    """The resources of each finding of a tool, as the page lists them."""
    section = PAGE.partition(f"\n## {tool}\n")[2].partition("\n## ")[0]
    return {name: set(re.findall(r"`(\w+)`", resources)) for name, resources, _, _ in ROW.findall(section)}


def test_every_finding_has_resources_a_verdict_and_a_reason() -> None:
    rows = ROW.findall(PAGE)
    assert len(rows) == len(re.findall(r"^\| `", PAGE, re.MULTILINE)) > 5
    for name, resources, verdict, reason in rows:
        assert set(re.findall(r"`(\w+)`", resources)) <= set(SOURCE["Resources"]), name
        assert set(verdict.strip().split(", ")) <= VERDICTS, name
        assert reason.strip(), name


def test_checkov_found_ten_kinds() -> None:
    assert len(listed("checkov")) == int(re.findall(r"failed, of (\d+) kinds", PAGE)[0])


@pytest.mark.wide
def test_the_linter_finds_what_the_page_lists() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the linter's imports, not ours
        from cfnlint.api import ManualArgs, lint  # type: ignore[import-untyped]  # noqa: PLC0415
    source = (ROOT / "template.yaml").read_text()
    config = ManualArgs(regions=["eu-west-1", "us-east-1"], include_checks=["I"])
    found: dict[str, set[str]] = {}
    matches: list[Any] = lint(source, config=config)
    for match in matches:
        found.setdefault(match.rule.id, set()).add(str(match.path[1]))
    assert found == listed("cfn-lint")
