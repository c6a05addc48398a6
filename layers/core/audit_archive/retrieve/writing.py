"""Writes the matching lines of an answer into a file: as bytes, or as the rows of a workbook."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import BinaryIO, TypeAlias

from audit_archive.answer_ports import OpenWorkbook, Workbook
from audit_archive.errors import RequestError
from audit_archive.retrieve.formats import Form
from audit_archive.retrieve.rows import COLUMNS, LineOrigin, typed_cells

Write: TypeAlias = Callable[[Sequence[bytes], LineOrigin], None]

_ABOUT = (
    "Each row on the sheet `entries` is one archived entry, made from its archived line.",
    "time_utc and time_local are made from timestamp, the text that the Console wrote; time_local is by the "
    "clocks of the time zone of the question.",
    "Proofs are about the archived lines (NDJSON). Of this workbook nothing but its hash can be signed.",
    "An id of more than 15 digits is a text, because a spreadsheet keeps no more digits of a number. A text "
    "that begins with <r> has an apostrophe in front.",
)


@contextmanager
def writing(form: Form, file: BinaryIO, open_workbook: OpenWorkbook | None) -> Iterator[Write]:
    """Write lines in a form. The file is complete when the context ends.

    Raises RequestError if a workbook can't hold all of them.
    """
    render = form.render
    if render is not None:
        file.write(form.header)
        yield lambda lines, origin: _write(file, [render(line, origin) for line in lines])
        return
    if open_workbook is None:
        raise RequestError("format", f"no {form.name} can be made here: ask for csv")
    with closing(open_workbook(COLUMNS)) as workbook:
        rows = Rows(workbook)
        yield rows.add
        if rows.left_out:
            raise RequestError(
                "format",
                f"a sheet has no room for {rows.left_out} of the matching entries: ask for csv, or for a "
                "shorter time",
            )
        rows.save(file)


class Rows:
    """The rows of a workbook: at most `most`, if given, and no more than a sheet holds."""

    def __init__(self, workbook: Workbook, most: int | None = None) -> None:
        self._workbook = workbook
        self._left = most
        self._cut = 0
        self.left_out = 0

    def add(self, lines: Sequence[bytes], origin: LineOrigin) -> None:
        """Add a row for each line, as long as the sheet has room."""
        for line in lines:
            cut = None if self.left_out or self._left == 0 else self._workbook.add(typed_cells(line, origin))
            self._cut += cut or 0
            self.left_out += cut is None
            self._left = self._left and self._left - 1

    def save(self, file: BinaryIO) -> None:
        """Write the workbook, and what a reader must know of it."""
        notes = list(_ABOUT)
        if self.left_out:
            notes.append(f"Only the first entries are here: {self.left_out} are not. CSV has all of them.")
        if self._cut:
            notes.append(f"A cell holds 32,767 characters: {self._cut} texts were cut. CSV has them whole.")
        self._workbook.save(file, notes)


def _write(file: BinaryIO, parts: Sequence[bytes]) -> None:
    file.write(b"".join(parts))
