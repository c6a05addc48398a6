"""Tables at a terminal: whatever its width, no number and no moment is cut in two."""

import os
import pty
import re
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from cli.show import widths_of
from tests.support.stack import ROOT

CELLS = st.text(st.sampled_from("ab 東"), max_size=12)
SHOWN = """
from cli.show import show_records
show_records([{"id": 50407, "at": "2026-12-01T06:11:27Z", "state": "the last audit found 8 faults"}],
             {"Console": "id", "last run": "at", "state": "state"})
"""


@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1)))
def test_columns_fit_into_the_room_and_cut_no_word(rows: list[list[str]]) -> None:
    columns = list(zip(*rows, strict=True))
    needed = sum(max(cell_len(word) for cell in c for word in (cell.split() or [""])) for c in columns)
    whole = [max(map(cell_len, column)) for column in columns]
    if needed:
        assert widths_of(rows, needed - 1) is None
    for room in (needed, needed + 3, sum(whole)):
        widths = widths_of(rows, room)
        assert widths is not None
        assert sum(widths) <= room
        for width, column in zip(widths, columns, strict=True):
            assert all(cell_len(word) <= width for cell in column for word in cell.split())
    assert widths_of(rows, sum(whole) + 7) == whole


@pytest.mark.parametrize("width", [20, 30, 40, 60, 80])
def test_a_narrow_terminal_cuts_no_number_and_no_moment(width: int) -> None:
    shown = _at_a_terminal(SHOWN, width)
    assert re.search(r"\b50407\b", shown)
    assert re.search(r"\b2026-12-01\b", shown)
    assert re.search(r"\b06:11:27Z", shown)
    assert "faults" in shown


def _at_a_terminal(program: str, width: int) -> str:
    ours, theirs = pty.openpty()
    environment = {"PATH": os.defpath, "TERM": "dumb", "COLUMNS": str(width), "PYTHONPATH": str(ROOT)}
    environment["PYTHONPATH"] += f"{os.pathsep}{ROOT / 'layers/core'}"
    subprocess.run([sys.executable, "-c", program], stdout=theirs, env=environment, check=True)  # noqa: S603
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        return os.read(terminal.fileno(), 10_000).decode()
