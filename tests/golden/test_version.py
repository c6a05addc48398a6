"""The version is the same wherever it stands, and the changelog knows it."""

import re
import tomllib
from pathlib import Path

from audit_archive import __version__
from tests.golden import released

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
HEADINGS = re.findall(r"^## \[([^\]]+)\]", CHANGELOG, re.MULTILINE)


def test_the_project_has_the_version_of_the_package() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


def test_the_changelog_has_an_entry_for_the_version_or_for_what_is_not_released() -> None:
    assert {__version__, "Unreleased"} & set(HEADINGS)
    assert HEADINGS.count(__version__) <= 1


def test_only_a_heading_with_a_date_is_a_release() -> None:
    assert released("## [Unreleased]\n\n## [0.2.0]\n\n## [0.1.0] - 2026-12-24\n") == ["0.1.0"]
    assert set(released(CHANGELOG)) <= set(HEADINGS)
