"""The measured rows beside each other: every ratio is of two rows of the same run over the same entries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from bench.plan import Row

BAR_ENTRIES = 1_000_000
BAR = 100.0
"""Megabytes that the whole process of a run over BAR_ENTRIES may take at its peak."""

MEASURABLE = 0.001
"""Seconds: less CPU time than that is noise, and no ratio is made of it."""

_COLUMNS = (
    ("entries", "entries", ",d"),
    ("CPU s", "cpu_s", ".3f"),
    ("entries/s", "entries_per_s", ",.0f"),
    ("peak MB", "peak_mb", ",.1f"),
    ("CPU/floor", "cpu_to_floor", ".2f"),
    ("CPU/peer", "cpu_to_peer", ".2f"),
    ("peak/peer", "peak_to_peer", ".2f"),
    ("wall s", "wall_s", ".2f"),
    ("requests", "request_count", ",d"),
)


def records(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with their ratios to the floor and to the peer; None without such a row."""
    return [_record(row, rows) for row in rows]


def _record(row: Row, rows: Iterable[Row]) -> dict[str, Any]:
    beside = {r.role: r.usage for r in rows if (r.subject, r.entries) == (row.subject, row.entries)}
    floor, peer = beside.get("floor"), beside.get("peer")
    cpu, peak = row.usage.cpu, row.usage.peak
    return {
        "subject": row.subject,
        "role": row.role,
        "entries": row.entries,
        "cpu_s": cpu,
        "entries_per_s": row.entries / cpu if cpu >= MEASURABLE else None,
        "peak_mb": peak,
        "cpu_to_floor": cpu / floor.cpu if floor and floor.cpu >= MEASURABLE else None,
        "cpu_to_peer": cpu / peer.cpu if peer and peer.cpu >= MEASURABLE else None,
        "peak_to_peer": peak / peer.peak if peer else None,
        "cpu_to_peer_spread": _spread(row, rows, "peer"),
        "cpu_to_floor_spread": _spread(row, rows, "floor"),
        "wall_s": row.usage.wall or None,
        "requests": dict(row.usage.requests),
        "request_count": sum(row.usage.requests.values()) or None,
    }


def _spread(row: Row, rows: Iterable[Row], role: str) -> list[float] | None:
    """The least and the largest ratio of CPU of two workloads that ran in the same round."""
    others = (r for r in rows if (r.subject, r.entries, r.role) == (row.subject, row.entries, role))
    pairs = [(a.cpu, b.cpu) for other in others for a, b in zip(row.rounds, other.rounds, strict=False)]
    ratios = [ours / other for ours, other in pairs if other >= MEASURABLE]
    return [min(ratios), max(ratios)] if ratios else None


def table(rows: Sequence[Row]) -> str:
    """The records as text, a block for each number of entries and each subject."""
    lines = [["", *(title for title, _, _ in _COLUMNS)]]
    before = None
    for row, record in zip(rows, records(rows), strict=True):
        if before not in (None, (row.subject, row.entries)):
            lines.append([""] * len(lines[0]))
        before = (row.subject, row.entries)
        cells = (_cell(record[name], form) for _, name, form in _COLUMNS)
        lines.append([f"{row.subject}: {row.role}", *cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(cells, widths) for cells in lines)


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = widths
    numbers = (cell.rjust(width) for cell, width in zip(cells[1:], others, strict=True))
    return "  ".join([cells[0].ljust(first), *numbers]).rstrip()


def verdict(rows: Iterable[Row]) -> tuple[bool, str]:
    """Whether every measured run over BAR_ENTRIES or more stayed under the bar, and a sentence on it."""
    runs = [r for r in rows if (r.subject, r.role) == ("whole run", "ours") and r.entries >= BAR_ENTRIES]
    if not runs:
        return True, f"No run over {BAR_ENTRIES:,} entries was measured, so the bar of {BAR:.0f} MB was not."
    peak = max(run.usage.peak for run in runs)
    return peak <= BAR, (
        f"A whole run over {BAR_ENTRIES:,} entries peaks at {peak:.1f} MB: "
        f"{'under' if peak <= BAR else 'OVER'} the bar of {BAR:.0f} MB."
    )
