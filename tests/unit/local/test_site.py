"""The pages as a site: whole, strict, and without another server."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from local.site import ROOT, SiteError, astray, build


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three pages."""
    root = tmp_path_factory.mktemp("project")
    (root / "docs").mkdir()
    config = (ROOT / "zensical.toml").read_text()
    start, _, theme = config.partition("nav = [")
    (root / "zensical.toml").write_text(start + theme[theme.index("\n[project.theme]") :])
    (root / "README.md").write_text("# Start\n\n[one](docs/one.md#a-heading), [license](LICENSE)\n")
    (root / "docs/one.md").write_text("# One\n\n## A heading\n\n[start](../README.md)\n")
    (root / "LICENSE").write_text("free\n")
    return root


def test_every_page_has_its_place_in_the_site() -> None:
    parts = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    placed = [page for part in parts for pages in part.values() for page in pages]
    decisions = "docs/decisions/README.md"
    pages = [str(each.relative_to(ROOT)) for each in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))]
    assert sorted(placed) == sorted([*pages, decisions])


def test_a_site_is_built_and_loads_nothing_from_elsewhere(small: Path, tmp_path: Path) -> None:
    html = build(tmp_path / "site", small)
    assert "docs/one.html#a-heading" in (html / "index.html").read_text()
    assert (html / "search.json").exists()
    assert list(astray(html)) == []
    page = html / "docs" / "one.html"
    page.write_text(
        '<script src="https://cdn.example/x.js"></script><a href="gone.html"></a><a href="../LICENSE"></a>'
    )
    assert list(astray(html)) == [
        "docs/one.html loads https://cdn.example/x.js",
        "docs/one.html: gone.html",
    ]


@pytest.mark.parametrize("link", ["docs/one.md#no-heading", "docs/two.md", "docs/two.txt"])
def test_a_link_that_leads_nowhere_fails(small: Path, tmp_path: Path, link: str) -> None:
    root = shutil.copytree(small, tmp_path / "project")
    (root / "README.md").write_text(f"# Start\n\n[gone]({link})\n")
    with pytest.raises(SiteError):
        build(tmp_path / "site", root)
