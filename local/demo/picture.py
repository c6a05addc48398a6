"""`python -m local.demo.picture FILE` makes docs/images/demo.svg of what a demo printed into the file.

Without a file it draws the kept excerpt anew, docs/images/demo.txt. The picture loads nothing, and follows
the reader's choice of light or dark.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path
from textwrap import wrap

from local.aws.sam import ROOT

TEXT, PICTURE = ROOT / "docs/images/demo.txt", ROOT / "docs/images/demo.svg"
PARTS = r"(Before|The first run|And:).* ───"
"""The parts of the demo that the picture has room for."""
SHOWN = (
    r"purged in ",
    r"  exports/",
    r"The Console's own receipt",
    r"The Console holds",
    r"Console \d+: \d+ statements over",
    r" +[\d,]+ (contents of entry files|contents of exports|entries|locks)$",
    r"[\d,]+ entries match",
    r"  \$ ",
    r"  VALID: ",
)
"""What is shown of these: lines that begin like this. Of a run of others an ellipsis is left."""

WHOLE = r"  exports/|[\d,]+ entries match"
"""Of such a line the next one is shown, too."""
WIDTH = 100
SIZE, LINE, MARGIN = 13, 19, 18
STYLE = f"""\
text {{ font: {SIZE}px ui-monospace, "DejaVu Sans Mono", Menlo, monospace; white-space: pre; fill: #1f2328 }}
.paper {{ fill: #f6f8fa; stroke: #d1d9e0 }} .title {{ fill: #0b5c8a; font-weight: bold }}
.good {{ fill: #116329 }} .bold {{ font-weight: bold }} .dim {{ fill: #59636e }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3 }} .paper {{ fill: #161b22; stroke: #3d444d }} .title {{ fill: #79c0ff }}
.good {{ fill: #56d364 }} .dim {{ fill: #9198a1 }}
}}"""
CLASSES = (
    (r"  ✓ |  VALID: ", "good"),
    (r".* ───", "title"),
    (r"purged in|The Console's own|Console \d+:", "bold"),
    (r"…|  \$ | +version", "dim"),
)


def excerpt(output: str) -> str:
    """The lines of a demo's output that the picture shows."""
    return "\n".join(_shown(output.splitlines())) + "\n"


def _shown(lines: list[str]) -> Iterator[str]:
    is_part, left_out, is_first = False, False, True
    for before, line in pairwise(["", *lines]):
        if "───" in line and not line.startswith(" "):
            is_part, left_out = bool(re.match(PARTS, line)), False
            if is_part:
                yield from ([] if is_first else [""])
                yield f"{line.rstrip('─ ')} ───"
                is_first = False
        elif is_part and (re.match(WHOLE, before) or any(re.match(each, line) for each in SHOWN)):
            if left_out:
                yield "…"
            left_out = False
            yield from wrap(line, WIDTH, subsequent_indent="    ")
        elif line.strip():
            left_out = True


def drawn(text: str) -> str:
    """The picture of such lines."""
    lines = text.splitlines()
    width, height = int(WIDTH * SIZE * 0.61) + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img">',
        "<title>What make demo prints: a run archives, proves and purges, and an auditor checks it</title>",
        f"<style>{STYLE}</style>",
        f'<rect class="paper" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
    ]
    for number, line in enumerate(lines, 1):
        kind = next((name for pattern, name in CLASSES if re.match(pattern, line)), "plain")
        place = f'x="{MARGIN}" y="{MARGIN + number * LINE - 5}"'
        parts.append(f'<text {place} class="{kind}" xml:space="preserve">{escape(line)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def main() -> None:
    """The command."""
    if len(sys.argv) > 1:
        TEXT.write_text(excerpt(Path(sys.argv[1]).read_text()))
    PICTURE.write_text(drawn(TEXT.read_text()))


if __name__ == "__main__":
    main()
