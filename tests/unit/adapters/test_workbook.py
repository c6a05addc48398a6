"""Workbooks, read back by the standard library: cells have types, and no text of them is run."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.workbook import SHEET_ROWS, XlsxWorkbook
from audit_archive.answer_ports import Cell
from tests.support.examples import examples
from tests.support.rows import all_rows
from tests.support.sheets import ABOUT, FIRST, MAIN, parts, read

DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - of Excel's calendar


def made(rows: Sequence[Sequence[Cell]], notes: Sequence[str] = ()) -> bytes:
    """The bytes of a workbook with these rows."""
    file = BytesIO()
    with closing(XlsxWorkbook(("a", "b"))) as workbook:
        for row in rows:
            workbook.add(row)
        workbook.save(file, notes)
    return file.getvalue()


def test_cells_have_types_and_the_names_of_the_columns_stay_in_sight() -> None:
    moment = datetime(2026, 11, 23, 9, 1, 2)  # noqa: DTZ001
    data = made([(7, moment), (10**15 - 1, "2026-11-23")])
    head, first, second = read(data)
    assert (head, second) == (['"a"', '"b"'], ["999999999999999", '"2026-11-23"'])
    assert first[0] == "7"
    assert (moment - DAY_ZERO).total_seconds() == pytest.approx(float(first[1]) * 86_400, abs=0.01)
    sheet = parts(data)[FIRST]
    (pane,) = sheet.iter(f"{MAIN}pane")
    assert (pane.get("ySplit"), pane.get("state")) == ("1", "frozen")
    (filtered,) = sheet.iter(f"{MAIN}autoFilter")
    assert filtered.get("ref") == "A1:B3"


ATTACKS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "{=1+1}",
    "@SUM(1)",
    "https://example.com",
    "<r>x</r>",
    "<r></r></is></c><c r='Z9'><f>1+1</f></c><c t='inlineStr'><is><r></r>",
    "]]>",
    "_x003D_1+1",
    "a\x00\x0b\r\nb\ufffe",
]


@all_rows("attack", ATTACKS)
def test_what_an_attacker_chose_is_a_text(attack: str) -> None:
    data = made([(1, attack)], notes=[attack])
    for name, root in parts(data).items():
        assert not list(root.iter(f"{MAIN}f")), name
        assert not list(root.iter(f"{MAIN}hyperlink")), name
    mark = "'" if attack.startswith("<r>") else ""
    for sheet, at in ((FIRST, -1), (ABOUT, 0)):
        assert read(data, sheet)[-1][at] == f'"{mark}{attack}"'
    assert len(read(data)[1]) == 2


@examples(60)
@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_every_text_is_read_again(texts: list[str]) -> None:
    data = made([(text, n) for n, text in enumerate(texts)])
    found = [row[0].removeprefix('"').removesuffix('"') for row in read(data)[1:]]
    assert found == [f"'{text}" if text.startswith("<r>") else text for text in texts]


def test_an_edited_text_becomes_no_formula() -> None:
    """A cell of the form `@` stays a text when somebody opens and closes it."""
    data = made([("=1+1", 1)])
    formats = parts(data)["xl/styles.xml"].find(f"{MAIN}cellXfs")
    (cell, _) = list(parts(data)[FIRST].iter(f"{MAIN}row"))[1]
    assert formats is not None
    assert formats[int(cell.get("s") or 0)].get("numFmtId") == "49"  # the built-in form `@`


def test_the_same_rows_give_the_same_bytes() -> None:
    assert made([(1, "a")], ["n"]) == made([(1, "a")], ["n"])


def test_a_long_text_is_cut_and_counted() -> None:
    with closing(XlsxWorkbook(("a",))) as workbook:
        texts = ("x" * 32_767, "x" * 32_768, "\U0001f600" * 20_000)
        assert [workbook.add([text]) for text in texts] == [0, 1, 1]


def test_a_sheet_has_a_last_row() -> None:
    """Only its number of rows is set here: a million rows take a minute."""
    with closing(XlsxWorkbook(("a",))) as workbook:
        workbook._rows = SHEET_ROWS - 1
        assert [workbook.add(["a"]), workbook.add(["b"])] == [0, None]


def fail() -> None:
    with closing(XlsxWorkbook(("a",))) as workbook:
        workbook.add(["a"])
        raise KeyError


def test_nothing_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    made([(1, "a")])
    with pytest.raises(KeyError):
        fail()
    assert list(tmp_path.iterdir()) == []
