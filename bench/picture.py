"""The bench as a picture that the README shows: what a run takes. It reads well on white and on black."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

PATH = Path(__file__).resolve().parents[1] / "docs" / "images" / "bench.svg"
WIDTH, LEFT, RIGHT, LINE = 860, 250, 240, 26

STYLE = """
text { font: 14px system-ui, sans-serif; fill: #1f2328 }
.head { font-weight: 600 } .small { font-size: 12px; fill: #59636e }
.ours { fill: #1f883d } .other { fill: #8c959f }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 } .ours { fill: #3fb950 } .other { fill: #6e7681 }
}
"""


def picture(found: Mapping[str, Any]) -> str:
    """The SVG of a document of `bench.record`."""
    lines: list[str] = []
    height = 20
    for title, bars in _blocks(found["rows"]):
        lines.append(f'<text class="head" x="10" y="{height + 6}">{escape(title)}</text>')
        height += LINE
        most = max(value for _, value, _, _ in bars) or 1.0
        for label, value, said, is_ours in bars:
            wide = max(2.0, value / most * (WIDTH - LEFT - RIGHT))
            lines += [
                f'<text x="{LEFT - 10}" y="{height + 5}" text-anchor="end">{escape(label)}</text>',
                f'<rect class="{"ours" if is_ours else "other"}" x="{LEFT}" y="{height - 9}" '
                f'width="{wide:.0f}" height="18" rx="2"/>',
                f'<text x="{LEFT + wide + 8:.0f}" y="{height + 5}">{escape(said)}</text>',
            ]
            height += LINE
        height += 14
    on = found["machine"]
    said = f"{on['processor']}, {on['cores']} cores, {on['system']}, Python {on['python']}"
    lines.append(f'<text class="small" x="10" y="{height}">{escape(said)}</text>')
    size = f'width="{WIDTH}" height="{height + 16}" viewBox="0 0 {WIDTH} {height + 16}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" aria-label="What a run takes">',
            f"<style>{STYLE}</style>",
            *lines,
            "</svg>\n",
        ]
    )


Bar = tuple[str, float, str, bool]


def _blocks(rows: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, list[Bar]]]:
    most = max((row["entries"] for row in rows if row["subject"] == "whole run"), default=0)
    whole = [row for row in rows if (row["subject"], row["entries"]) == ("whole run", most)]
    shown = [row for row in whole if row["role"] in _NAMES]
    if shown:
        yield f"CPU of a whole run over {most:,} entries", [_bar(row, row["cpu_s"], "s") for row in shown]
        yield "Peak memory of the same", [_bar(row, row["peak_mb"], "MB") for row in shown]
    days = [row for row in rows if row["requests"]]
    if days:
        yield (
            "Wall time, if each request takes 20 ms; requests to AWS + to the Console",
            [(row["subject"], row["wall_s"], _requests(row), True) for row in days],
        )
    cold = [row for row in rows if row["subject"] == "cold start"]
    if cold:
        yield "CPU of a cold start", [_bar(row, row["cpu_s"], "s") for row in cold]


_NAMES = {
    "ours": "this archive",
    "peer": "a short script without proof",
    "floor": "copy, hash and read back",
    "boto3 alone": "boto3 and one client alone",
}


_DIGITS = ((10, 2), (100, 1), (float("inf"), 0))
"""Below which value a figure has so many digits after the point: three digits say enough."""


def _bar(row: Mapping[str, Any], value: float, unit: str) -> Bar:
    digits = next(digits for most, digits in _DIGITS if value < most)
    return _NAMES[row["role"]], value, f"{value:,.{digits}f} {unit}", row["role"] == "ours"


def _requests(row: Mapping[str, Any]) -> str:
    console = sum(count for kind, count in row["requests"].items() if kind.startswith("Console"))
    aws = sum(row["requests"].values()) - console
    return f"{row['wall_s']:.2f} s, {aws:,} + {console} requests"
