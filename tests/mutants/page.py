"""docs/mutants.md: the rules that were taken out, and the test that noticed each."""

import re
from collections.abc import Iterable
from pathlib import Path

from tests.mutants.hunt import Ending
from tests.mutants.mutant import ROOT

PAGE = ROOT / "docs/mutants.md"
SURVIVED = "**no test**"

_RULE = "|---|---|---|\n"
_ROW = re.compile(r"^\| `([^`]+)` \| (.+) \| (?:`([^`]+)`|\*\*no test\*\*) \|$", re.MULTILINE)


def write_page(endings: Iterable[Ending], page: Path = PAGE) -> None:
    """Write the table's rows; what stands above them stays."""
    head, rule, _ = page.read_text().partition(_RULE)
    page.write_text(head + rule + "".join(map(_row, endings)))


def rows_of(page: Path = PAGE) -> list[tuple[str, str, str]]:
    """The table's rows: name, rule, killer (empty: none)."""
    return _ROW.findall(page.read_text())


def _row(ending: Ending) -> str:
    killer = f"`{ending.killer}`" if ending.killer else SURVIVED
    return f"| `{ending.mutant.name}` | {ending.mutant.rule} | {killer} |\n"
