"""Workbooks (Office Open XML, for Excel and LibreOffice), by XlsxWriter. A row at a time is in memory."""

from collections.abc import Sequence
from datetime import datetime
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import XlsxFileError  # type: ignore[import-untyped]

from audit_archive.adapters.machine import scratch_file
from audit_archive.answer_ports import Cell

SHEET_ROWS = 1_048_576
"""Rows of a sheet, the names of the columns included (Excel specifications and limits)."""

_FIXED_MOMENT = (1980, 1, 1, 0, 0, 0)
_CUT = -2
"""What XlsxWriter returns for a text that it cut: a cell holds 32,767 UTF-16 units."""

_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
    "use_zip64": True,
}
_WIDTHS = {"epoch": 7, "id": 10, "time_utc": 19, "time_local": 19, "local_offset": 11, "timestamp": 28}
_TEXT, _WHOLE = 49, 1
"""Built-in forms of cells (ECMA-376, part 1, section 18.8.30): `@`, a text, and `0`."""

_WIDTH, _WIDTH_OF_NOTES = 24, 110


class XlsxWorkbook:
    """A workbook in temporary files, which `close` removes."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._folder, self._file = TemporaryDirectory(), scratch_file()
        self._book: Any = xlsxwriter.Workbook(self._file, _OPTIONS | {"tmpdir": self._folder.name})
        self._book.set_properties({"created": datetime(*_FIXED_MOMENT)})  # noqa: DTZ001 - the same each time
        self._text = self._book.add_format({"num_format": _TEXT})  # an edited text becomes no formula either
        self._whole = self._book.add_format({"num_format": _WHOLE})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._bold = self._book.add_format({"bold": True, "num_format": _TEXT})
        self._sheet: Any = self._book.add_worksheet("entries")
        self._sheet.freeze_panes(1, 0)
        self._columns = len(columns)
        for at, name in enumerate(columns):
            self._sheet.set_column(at, at, _WIDTHS.get(name, _WIDTH))
            self._sheet.write_string(0, at, name, self._bold)
        self._rows = 1

    def add(self, cells: Sequence[Cell]) -> int | None:
        """Add a row. Returns how many of its texts were cut; None if the sheet is full."""
        if self._rows == SHEET_ROWS:
            return None
        cut = 0
        for at, cell in enumerate(cells):
            if isinstance(cell, str):
                cut += bool(cell) and _write(self._sheet, (self._rows, at), cell, self._text) == _CUT
            elif isinstance(cell, int):
                self._sheet.write_number(self._rows, at, cell, self._whole)
            else:
                self._sheet.write_datetime(self._rows, at, cell, self._moment)
        self._rows += 1
        return cut

    def close(self) -> None:
        """Remove the temporary files."""
        for sheet in self._book.worksheets():
            sheet.row_data_fh.close()
        self._file.close()
        self._folder.cleanup()

    def save(self, file: BinaryIO, notes: Sequence[str]) -> None:
        """Write the workbook into a file, with fixed times and rights in its zip."""
        self._sheet.autofilter(0, 0, self._rows - 1, self._columns - 1)
        about = self._book.add_worksheet("about")
        about.set_column(0, 0, _WIDTH_OF_NOTES)
        for row, note in enumerate(notes):
            _write(about, (row, 0), note, self._text)
        try:
            self._book.close()
        except XlsxFileError as error:
            raise OSError(None, f"a workbook can't be written: {error}") from error
        with ZipFile(self._file) as made, ZipFile(file, "w", ZIP_DEFLATED) as target:
            for name in made.namelist():
                info = ZipInfo(name, _FIXED_MOMENT)
                info.compress_type, info.external_attr = ZIP_DEFLATED, 0o644 << 16
                with made.open(name) as source, target.open(info, "w", force_zip64=True) as member:
                    while chunk := source.read(1 << 18):
                        member.write(chunk)


def _write(sheet: Any, where: tuple[int, int], text: str, form: Any) -> int:
    """Write a text as a text.

    XlsxWriter takes a text from `<r>` to `</r>` for its own markup, and writes it unescaped: whoever chose it
    could write a formula. So an apostrophe goes in front.
    """
    told: int = sheet.write_string(*where, f"'{text}" if text.startswith("<r>") else text, form)
    return told
