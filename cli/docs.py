"""`docs`: the pages of this version, without a network."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import click

from audit_archive.errors import SITE
from cli import sources
from cli.exits import Exit, Failure
from cli.options import Chosen, chosen, global_options
from cli.show import is_terminal, say, show_json, show_records
from cli.tables import Column, Shape

COLUMNS = (Column("page", "page"), Column("what it is", "title", 0, Shape.WORDS))
_HEADING = re.compile(r"^(#+) +(.+)$")
_ANCHOR = re.compile(r'<a id="([^"]+)"></a>')
"""An anchor of its own that a heading has before it. It stays when the heading is reworded."""
_LINK = re.compile(r"\[([^\]]+)\]\([^)]+\)")


@click.command()
@click.argument("page", required=False, metavar="[PAGE]")
@global_options(hidden=True)
@chosen
def docs(chosen: Chosen, /, page: str | None) -> None:
    """Show a page of this version, or list the pages. It needs no network.

    PAGE is a name of the list, and may end with the heading to begin at. An address that a message ends with
    is one, too.

    \b
    canary-audit docs                            list the pages
    canary-audit docs deploying                  show one
    canary-audit docs docs/operations.md#held_back_by
    """
    root = sources.root()
    if page is None:
        records = [{"page": name, "title": _title(file)} for name, file in _listed(root).items()]
        show_json(records) if chosen.is_json else show_records(COLUMNS, records)
        return say("Show one with: canary-audit docs PAGE")
    name, _, anchor = page.partition("#")
    file = _page(root, name)
    text = file.read_text(encoding="utf-8")
    if anchor:
        text = _section(text, anchor) or _refuse(name, anchor, text)
    if chosen.is_json:
        return show_json({"page": name, "text": text})
    return _show(text)


def _listed(root: Path) -> dict[str, Path]:
    """The pages by name. Of the decisions there is the index alone."""
    pages = {"readme": root / "README.md", "changelog": root / "CHANGELOG.md"}
    pages |= {file.stem: file for file in sorted(root.glob("docs/*.md"))}
    return pages | {"decisions": root / "docs/decisions/README.md"}


def _page(root: Path, name: str) -> Path:
    """A page by its name, its path, its path as seen from another page, or its address. Raises Failure."""
    bare = re.sub(r"^(\.\./)*(docs/)?|\.md$", "", name.removeprefix(SITE).rstrip("/")).lower() or "readme"
    pages = _listed(root)
    pages |= {f"decisions/{file.stem.lower()}": file for file in root.glob("docs/decisions/*.md")}
    if bare not in pages:
        message = f"There is no page {name}.{_near(bare, pages)} `canary-audit docs` lists them."
        raise Failure("NoPage", message, Exit.USAGE)
    return pages[bare]


def _title(file: Path) -> str:
    with file.open(encoding="utf-8") as lines:
        return next((line.lstrip("# ").rstrip() for line in lines if line.startswith("# ")), file.name)


def anchor_of(heading: str) -> str:
    """The anchor of a heading, as GitHub and the site make it."""
    plain = _LINK.sub(r"\1", heading).lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def _section(text: str, anchor: str) -> str:
    """A page from one heading up to the next of its level or above; empty if there is no such heading."""
    found: list[str] = []
    depth, in_code, anchors = 0, False, list[str]()
    for line in text.splitlines(keepends=True):
        in_code ^= line.lstrip().startswith("```")
        heading = None if in_code else _HEADING.match(line)
        if heading and depth and len(heading[1]) <= depth:
            break
        if heading and not depth and anchor in {anchor_of(heading[2].strip()), *anchors}:
            depth = len(heading[1])
        anchors = _ANCHOR.findall(line) or (anchors if line.isspace() else [])
        if depth and not anchors:
            found.append(line)
    return "".join(found)


def _refuse(name: str, anchor: str, text: str) -> str:
    there = [anchor_of(line.lstrip("# ").rstrip()) for line in text.splitlines() if _HEADING.match(line)]
    near = _near(anchor, [*there, *_ANCHOR.findall(text)])
    message = f"The page {name} has no heading #{anchor}.{near} `canary-audit docs {name}` shows all of it."
    raise Failure("NoHeading", message, Exit.USAGE)


def _near(name: str, names: Iterable[str]) -> str:
    """The nearest name in a sentence; empty if none is near."""
    return "".join(f" Did you mean {near}?" for near in get_close_matches(name, list(names), n=1))


def _show(text: str) -> None:
    """Rendered and page by page for a person at a terminal, as it is written into a pipe."""
    if not is_terminal():
        return click.echo(text, nl=False)
    from rich.console import Console
    from rich.markdown import Markdown

    console = Console()
    with console.pager(styles=True):
        console.print(Markdown(text, hyperlinks=False))
    return None
