"""The pages as readers meet them: prose without code, anchors of headings, and what the code points to."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = [*(ROOT / "layers/core/audit_archive").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
POINTER = re.compile(r"docs/[\w./-]+\.md(?:#[\w-]+)?")
"""How a message or a docstring names a page, and a heading of it."""


def text_of(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@cache
def anchors(page: Path) -> frozenset[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ +(.+)$", text_of(page), re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
