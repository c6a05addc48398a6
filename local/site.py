"""`python -m local.site` makes the pages into a site, in .site/html. It fails if a link leads nowhere.

Pages and the files that they link to are copied. Those of docs/ come to the top, because the addresses in
messages and alarms name them there (`audit_archive.errors.runbook_url`); links between pages follow.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
COPIED: tuple[str, ...] = ("*.md", "LICENSE", "docs/**/*.md", "docs/images/*", "docs/*.json", "events/*.json")
COPIED += ("layers/core/audit_archive/evidence/handout/verify.py",)


class SiteError(RuntimeError):
    """The site could not be built, or a link of it leads nowhere."""


def build(folder: Path, root: Path = ROOT) -> Path:
    """Build the site of `root` below `folder`; give the folder of its HTML. Raises SiteError."""
    shutil.rmtree(folder, ignore_errors=True)
    for pattern in COPIED:
        for path in root.glob(pattern):
            page = path.relative_to(root)
            copy = folder / "pages" / placed(page)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if path.suffix == ".md":
                copy.write_text(relinked(path.read_text(encoding="utf-8"), page), encoding="utf-8")
            else:
                shutil.copy(path, copy)
    config = folder / "zensical.toml"
    config.write_text((root / "zensical.toml").read_text().replace('".site/', '"'))
    command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "--config-file", str(config)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SiteError(f"The site can't be built:\n{done.stdout}{done.stderr}")
    html = folder / "html"
    if wrong := list(astray(html)):
        raise SiteError("Links that lead nowhere:\n" + "\n".join(wrong))
    return html


def placed(page: Path) -> Path:
    """Where a file of the repository lies in the site."""
    inner = page.relative_to("docs") if page.parts[0] == "docs" else page
    if inner == Path("SECURITY.md"):
        return Path("security-policy.md")  # some disks can't tell it from docs/security.md
    return inner.with_name("index.md") if inner.name == "README.md" else inner


def relinked(text: str, page: Path) -> str:
    """A page's text with its links as they lead between the places of the site. Blocks of code stay."""
    here = placed(page).parent

    def relink(found: re.Match[str]) -> str:
        path, mark, anchor = found[1].partition("#")
        if not path or urlsplit(path).scheme:
            return found[0]
        there = Path(os.path.normpath(page.parent / path))
        return f"]({Path(os.path.relpath(placed(there), here)).as_posix()}{mark}{anchor})"

    parts = re.split(r"(^ *```.*?^ *```)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(
        part if number % 2 else re.sub(r"\]\(([^)\s]+)\)", relink, part) for number, part in enumerate(parts)
    )


def astray(html: Path) -> Iterator[str]:
    """What a page of the site loads from another server, and its links to what is not in the site."""
    for page in sorted(html.rglob("*.html")):
        read = _Links()
        read.feed(page.read_text(encoding="utf-8"))
        for tag, target in read.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                if tag != "a" and parts.scheme != "data":
                    yield f"{page.relative_to(html)} loads {target}"
            elif parts.path and page.name != "404.html":
                there = (page.parent / unquote(parts.path)).resolve()
                if not (there.is_file() or (there / "index.html").is_file()):
                    yield f"{page.relative_to(html)}: {target}"


class _Links(HTMLParser):
    """The tags of a page that name something else, with what they name."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "link" and re.search("canonical|next|prev", dict(attrs).get("rel") or ""):
            return
        self.targets += [(tag, value) for name, value in attrs if name in {"href", "src"} and value]


def main() -> int:
    """The command; gives its exit status."""
    try:
        html = build(ROOT / ".site")
    except SiteError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"The site is in {html}. To look at it: python3 -m http.server -b 127.0.0.1 -d {html}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
