"""Entries as a workbook: every entry is in it, or the answer is refused; a bundle says what it leaves out."""

from collections.abc import Sequence
from contextlib import ExitStack
from io import BytesIO
from typing import BinaryIO

import pytest

from audit_archive.adapters.machine import find_zone
from audit_archive.adapters.workbook import XlsxWorkbook
from audit_archive.answer_ports import Cell
from audit_archive.errors import RequestError
from audit_archive.format.canonical import canonical_bytes
from audit_archive.retrieve.formats import CSV, XLSX
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.rows import COLUMNS, LineOrigin, cells_of, typed_cells
from audit_archive.retrieve.search import find_entries
from audit_archive.retrieve.writing import Rows, writing
from tests.support.asking import reader_of
from tests.support.sheets import read
from tests.support.world import CONSOLE, World

HERE = LineOrigin("c", 1)
LINES = [canonical_bytes({"id": n, "message": "m"}) for n in (1, 2, 3)]


class SmallWorkbook:
    """A sheet with room for two rows, which cuts one text of each."""

    def __init__(self, columns: Sequence[str]) -> None:
        assert tuple(columns) == COLUMNS
        self.rows: list[Sequence[Cell]] = []
        self.notes: Sequence[str] = ()
        self.is_closed = False

    def add(self, cells: Sequence[Cell]) -> int | None:
        if len(self.rows) == 2:
            return None
        self.rows.append(cells)
        return 1

    def save(self, file: BinaryIO, notes: Sequence[str]) -> None:
        self.notes = notes

    def close(self) -> None:
        self.is_closed = True


def test_an_answer_that_does_not_fit_on_a_sheet_is_refused() -> None:
    made: list[SmallWorkbook] = []

    def begin(columns: Sequence[str]) -> SmallWorkbook:
        made.append(SmallWorkbook(columns))
        return made[0]

    with pytest.raises(RequestError, match="no room for 1 of the matching entries"), ExitStack() as stack:
        stack.enter_context(writing(XLSX, BytesIO(), begin))(LINES, HERE)
    assert made[0].is_closed


def test_a_bundle_says_what_its_sheet_leaves_out() -> None:
    workbook = SmallWorkbook(COLUMNS)
    rows = Rows(workbook)
    rows.add(LINES, HERE)
    rows.save(BytesIO())
    assert workbook.rows == [typed_cells(line, HERE) for line in LINES[:2]]
    assert "Only the first entries are here: 1 are not. CSV has all of them." in workbook.notes
    assert "A cell holds 32,767 characters: 2 texts were cut. CSV has them whole." in workbook.notes


def test_a_workbook_may_have_fewer_rows_than_a_sheet() -> None:
    workbook = SmallWorkbook(COLUMNS)
    rows = Rows(workbook, 1)
    rows.add(LINES, HERE)
    assert (len(workbook.rows), rows.left_out) == (1, 2)


def test_no_workbook_where_none_can_be_made() -> None:
    with pytest.raises(RequestError, match="no xlsx can be made here"), ExitStack() as stack:
        stack.enter_context(writing(XLSX, BytesIO(), None))


def test_a_large_id_keeps_its_digits() -> None:
    large, zone = 2**63 - 1, find_zone("Europe/Berlin")
    assert zone is not None
    line = canonical_bytes({"id": large, "timestamp": "2026-11-23 09:01:02 UTC+0000"})
    cells = typed_cells(line, LineOrigin("c", 1, zone))
    assert cells[:2] == [1, str(large)]
    assert [f"{cell}" for cell in cells[2:5]] == ["2026-11-23 09:01:02", "2026-11-23 10:01:02", "UTC+01:00"]


def test_the_entries_of_an_answer_as_a_workbook() -> None:
    world = World()
    world.aged(3)
    world.run()
    found, again = (
        find_entries(reader_of(world), Query(CONSOLE), XLSX, open_workbook=XlsxWorkbook) for _ in range(2)
    )
    as_csv = find_entries(reader_of(world), Query(CONSOLE), CSV)
    assert found.body is not None
    assert again.body is not None
    assert as_csv.body is not None
    with found.body.file as file, as_csv.body.file, again.body.file:
        head, *rows = read(file.read())
    assert head == [f'"{name}"' for name in COLUMNS]
    assert [row[1] for row in rows] == ["1", "2", "3"]
    assert found.body.sha256 == again.body.sha256
    assert len(cells_of(LINES[0], HERE)) == len(COLUMNS)
