"""The pages as a site: whole, strict, and without another server."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

import pytest

from audit_archive.errors import SITE, runbook_url
from local.site import ROOT, SiteError, astray, build, placed, relinked

PAGE = "operations"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of three pages."""
    root = tmp_path_factory.mktemp("project")
    (root / "docs").mkdir()
    config = (ROOT / "zensical.toml").read_text()
    start, _, theme = config.partition("nav = [")
    (root / "zensical.toml").write_text(start + theme[theme.index("\n[project.theme]") :])
    (root / "README.md").write_text(f"# Start\n\n[one](docs/{PAGE}.md#errorsalarm), [license](LICENSE)\n")
    (root / f"docs/{PAGE}.md").write_text("# One\n\n## ErrorsAlarm\n\n[start](../README.md)\n")
    (root / "LICENSE").write_text("free\n")
    return root


def test_every_page_has_its_place_in_the_site() -> None:
    parts = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]
    listed = [page for part in parts for pages in part.values() for page in pages]
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "docs/decisions/README.md"]
    assert sorted(listed) == sorted(str(placed(page.relative_to(ROOT))) for page in pages)


def test_a_site_is_built_and_loads_nothing_from_elsewhere(small: Path, tmp_path: Path) -> None:
    html = build(tmp_path / "site", small)
    page = html / PAGE / "index.html"
    assert 'id="errorsalarm"' in page.read_text()
    assert runbook_url("ErrorsAlarm") == f"{SITE}{PAGE}/#errorsalarm"
    assert f'href="{PAGE}/#errorsalarm"' in (html / "index.html").read_text()
    assert (html / "search.json").exists()
    assert list(astray(html)) == []
    page.write_text(
        '<script src="https://cdn.example/x.js"></script><a href="gone.html"></a><a href="../LICENSE"></a>'
    )
    assert list(astray(html)) == [
        f"{PAGE}/index.html loads https://cdn.example/x.js",
        f"{PAGE}/index.html: gone.html",
    ]


def test_a_link_leads_to_the_same_page_from_its_new_place() -> None:
    text = "[a](../SECURITY.md) [b](costs.md#x) [c](../README.md#y) [d](#z) [e](https://e.example/f.md)\n"
    code = "```sh\n[a](../SECURITY.md)\n```\n"
    assert relinked(text + code, Path("docs/operations.md")) == (
        "[a](security-policy.md) [b](costs.md#x) [c](index.md#y) [d](#z) [e](https://e.example/f.md)\n" + code
    )
    assert relinked("[a](../operations.md)", Path("docs/decisions/0001.md")) == "[a](../operations.md)"


@pytest.mark.parametrize(
    ("links", "told"),
    [((f"docs/{PAGE}.md#no-heading", "docs/two.md"), "2 issues found"), (("docs/two.txt",), r"two\.txt")],
    ids=["pages", "a file"],
)
def test_a_link_that_leads_nowhere_fails(
    small: Path, tmp_path: Path, links: tuple[str, ...], told: str
) -> None:
    root = shutil.copytree(small, tmp_path / "project")
    (root / "README.md").write_text("# Start\n\n" + "".join(f"[gone]({link})\n" for link in links))
    with pytest.raises(SiteError, match=told):
        build(tmp_path / "site", root)
