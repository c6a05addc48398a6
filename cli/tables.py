"""Tables as lines of text. Whatever the terminal's width, no id, number, date or key is cut in two. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, TypeVar

from audit_archive.format.display import visible
from audit_archive.format.times import DAY, HOUR, MINUTE, from_rfc3339, utc_date

Record = Mapping[str, Any]
T = TypeVar("T")

BETWEEN = 2
"""Blanks between two columns."""
LEAST_WORDS = 16
"""Characters of a column of words at least, unless its longest cell is shorter."""
LONGEST_SENTENCE = 20
LONGEST_NAME = 24
"""Characters of what still stands in its cell. On a wide terminal a name may have a third of the width."""
BELOW = "see below"
NUMBER = re.compile(r"\d*(\.\d+)?|\?")


def cell_len(text: str) -> int:
    """Characters of a terminal that a text takes: those of East Asia take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len as of_other

    return of_other(text)


class Shape(Enum):
    """How the values of a column are shown."""

    WHOLE = auto()  # on one line: ids, numbers, keys
    NAME = (
        auto()
    )  # on one line, or below the table if it is long: strangers choose it, and other rows need room
    MOMENT = auto()  # RFC 3339 text in UTC, shown as "3 h ago"
    WORDS = auto()  # may go on in the next line, between two words
    SENTENCE = auto()  # a short one in its cell; a long one below the table, after the name of its row


@dataclass(frozen=True)
class Column:
    """A column: its heading, and the field of a record that stands under it.

    `rank`: columns of rank 0 are always there. Of the others, those with the highest rank are left out first
    where the terminal is narrow.
    """

    heading: str
    field: str
    rank: int = 0
    shape: Shape = Shape.WHOLE


@dataclass(frozen=True)
class Laid:
    """A table: its lines, and the headings of the columns that it has no room for."""

    lines: list[str]
    left_out: list[str]


def laid(columns: Sequence[Column], records: Sequence[Record], width: int, now: int | None = None) -> Laid:
    """A table for a terminal of so many characters; a field a line, where not even its first columns fit.

    `now`: the moment from which the columns of moments count, in epoch seconds; without it they stand as they
    are. The first column names a row.
    """
    if not records:
        return Laid([], [])
    rows = [[_cell(column, record.get(column.field), now) for column in columns] for record in records]
    shown = [
        [BELOW if _is_long(column, cell, width) else cell for column, cell in zip(columns, row, strict=True)]
        for row in rows
    ]
    chosen = list(range(len(columns)))
    while (widths := widths_of(_of(chosen, columns), [_of(chosen, row) for row in shown], width)) is None:
        last = max(chosen, key=lambda index: (columns[index].rank, index))
        if columns[last].rank == 0:
            return Laid(cards(columns, records, width, now), [])
        chosen.remove(last)
    lines = _table(_of(chosen, columns), [_of(chosen, row) for row in shown], widths)
    below = [
        line
        for row in rows
        for column, cell in zip(_of(chosen, columns), _of(chosen, row), strict=True)
        if _is_long(column, cell, width)
        for line in wrapped(f"{_name_of(row, column)}: {cell}", width, "  ")
    ]
    left_out = [column.heading for index, column in enumerate(columns) if index not in chosen]
    return Laid([*lines, *([""] if below else []), *below], left_out)


def cards(
    columns: Sequence[Column], records: Iterable[Record], width: int, now: int | None = None
) -> list[str]:
    """A field a line, without those that are empty; a blank line between two records."""
    lines = list[str]()
    for record in records:
        values = [(column.heading, _cell(column, record.get(column.field), now)) for column in columns]
        lines += [*([""] if lines else []), *facts([each for each in values if each[1]], width)]
    return lines


def facts(values: Sequence[tuple[str, str]], width: int) -> list[str]:
    """Names, each with its value; a value that would be cut beside its name has a line of its own."""
    room = max((cell_len(name) for name, _ in values), default=0) + BETWEEN
    lines = list[str]()
    for name, value in values:
        if _longest_word([value]) > width - room:
            lines += [name, *("  " + line for line in wrapped(value, width - BETWEEN))]
        else:
            first, *more = wrapped(value, width - room)
            lines += [f"{name:<{room}}{first}", *(" " * room + line for line in more)]
    return lines


def widths_of(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int) -> list[int] | None:
    """The widths of columns side by side, in which nothing is cut. None if they do not fit."""
    room = width - BETWEEN * (len(columns) - 1)
    cells = [[column.heading, *(row[index] for row in rows)] for index, column in enumerate(columns)]
    whole = [max(map(cell_len, each)) for each in cells]
    least = [
        _least(each, most) if column.shape is Shape.WORDS else most
        for column, each, most in zip(columns, cells, whole, strict=True)
    ]
    if sum(least) > room:
        return None

    def levelled(level: int) -> list[int]:
        return [min(most, max(few, level)) for few, most in zip(least, whole, strict=True)]

    return levelled(max(level for level in range(room + 1) if sum(levelled(level)) <= room))


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """A text in lines of so many characters at most; later ones are indented. A longer word stays whole."""
    lines, line = list[str](), ""
    for word in text.split(" "):
        longer = f"{line} {word}" if line else word
        if line.strip() and cell_len(longer) > width:
            lines.append(line)
            longer = indent + word
        line = longer
    return [*lines, line]


def ago(moment: int, now: int) -> str:
    """How long ago a moment was, or how soon it comes; the date of a moment more than 60 days away."""
    seconds = abs(now - moment)
    for unit, name, least in (
        (DAY, "d", 2 * DAY),
        (HOUR, "h", 90 * MINUTE),
        (MINUTE, "min", 90),
        (1, "s", 0),
    ):
        if seconds >= least:
            count = f"{seconds // unit} {name}"
            break
    if seconds > 60 * DAY:
        return utc_date(moment)
    return f"{count} ago" if moment <= now else f"in {count}"


def _least(cells: Sequence[str], most: int) -> int:
    return max(_longest_word(cells), min(most, LEAST_WORDS))


def _longest_word(cells: Sequence[str]) -> int:
    return max(cell_len(word) for cell in cells for word in cell.split() or [""])


def _of(chosen: Sequence[int], items: Sequence[T]) -> list[T]:
    return [items[index] for index in chosen]


def _is_long(column: Column, cell: str, width: int) -> bool:
    """Whether a value stands below the table, and not in its cell."""
    if column.shape is Shape.SENTENCE:
        return cell_len(cell) > LONGEST_SENTENCE
    if column.shape is Shape.WORDS:
        return _longest_word([cell]) > width // 2
    return column.shape is Shape.NAME and cell_len(cell) > max(LONGEST_NAME, width // 3)


def _name_of(row: Sequence[str], column: Column) -> str:
    return row[0] if column.shape is Shape.SENTENCE else f"{row[0]}, {column.heading}"


def _cell(column: Column, value: object, now: int | None) -> str:
    if value is None:
        return ""
    if column.shape is not Shape.MOMENT:
        return visible(value)
    try:
        moment = from_rfc3339(str(value))
    except ValueError:
        return visible(value)
    return ago(moment, now) if now is not None else str(value)


def _table(columns: Sequence[Column], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """Heading, rule and rows; columns of numbers to the right."""
    by_column = [[row[index] for row in rows] for index in range(len(columns))]
    numbers = [any(cells) and all(NUMBER.fullmatch(cell) for cell in cells) for cells in by_column]
    lines = [
        _line([column.heading for column in columns], widths, numbers),
        (" " * BETWEEN).join("-" * width for width in widths),
    ]
    for row in rows:
        folded = [
            wrapped(cell, width) if column.shape is Shape.WORDS else [cell]
            for column, cell, width in zip(columns, row, widths, strict=True)
        ]
        for number in range(max(map(len, folded))):
            cells = [each[number] if number < len(each) else "" for each in folded]
            lines.append(_line(cells, widths, numbers))
    return lines


def _line(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    padded = []
    for cell, width, is_number in zip(cells, widths, numbers, strict=True):
        blanks = " " * (width - cell_len(cell))
        padded.append(blanks + cell if is_number else cell + blanks)
    return (" " * BETWEEN).join(padded).rstrip()
