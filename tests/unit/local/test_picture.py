"""The picture of the demo is of what the demo prints today."""

from __future__ import annotations

import ast
import re
import xml.etree.ElementTree as ET

from local.aws.sam import ROOT
from local.demo.picture import PICTURE, TEXT, WIDTH, drawn, excerpt


def test_the_picture_is_drawn_from_the_text() -> None:
    assert PICTURE.read_text() == drawn(TEXT.read_text())


def test_the_picture_is_one_that_a_browser_takes_and_loads_nothing() -> None:
    text = PICTURE.read_text()
    shown = [each.text or "" for each in ET.fromstring(text).iter("{http://www.w3.org/2000/svg}text")]  # noqa: S314
    assert shown == TEXT.read_text().splitlines()
    assert max(map(len, shown)) <= WIDTH
    assert "prefers-color-scheme: dark" in text
    assert set(re.findall(r"\w+://[\w.]+", text)) == {"http://www.w3.org"}


def test_each_title_of_the_picture_is_one_of_the_demo() -> None:
    tree = ast.parse((ROOT / "local/demo/story.py").read_text())
    told = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    titles = re.findall(r"^(.+) ───$", TEXT.read_text(), re.MULTILINE)
    assert len(titles) > 2
    assert set(titles) <= told


def test_the_readme_says_of_the_picture_what_is_in_it() -> None:
    found = re.search(r"([\d,]+) new entries archived, ([\d,]+) purged", TEXT.read_text())
    assert found
    said = f"{found[1]} entries are archived and proven, {found[2]} are purged"
    assert said in (ROOT / "README.md").read_text()


def test_an_excerpt_keeps_the_order_marks_what_it_leaves_out_and_cuts_nothing() -> None:
    output = """\
Before ─────
noise
The Console holds 9 entries. The newest:
After ──────
purged in 1 s
more noise
And: what ─────
  exports/x.zip
      version 1
      version 2
  VALID: LONG
"""
    assert excerpt(output.replace("LONG", "word " * 20)).splitlines() == [
        *("Before ───", "…", "The Console holds 9 entries. The newest:"),
        *(
            "",
            "And: what ───",
            "  exports/x.zip",
            "      version 1",
            "…",
            f"  VALID: {'word ' * 17}word",
            "    word word",
        ),
    ]
