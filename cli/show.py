"""Shows results: tables to a person at a terminal, JSON to a program. Data can't control the terminal."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

import click
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit_archive.format.display import visible

Record = Mapping[str, Any]

_BETWEEN = 3
"""Characters between two columns of a table."""
_MOMENT = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\dZ)")


def is_terminal() -> bool:
    """Whether a person sees stdout."""
    return sys.stdout.isatty()


def binary_stdout() -> BinaryIO:
    """Stdout for bytes, after all text that was written to it before."""
    sys.stdout.flush()
    return click.get_binary_stream("stdout")


def show_json(value: object) -> None:
    """One value on stdout, indented; in ASCII, so that it can't control a terminal."""
    click.echo(json.dumps(value, indent=2))


def show_line(value: object) -> None:
    """One value on stdout, on one line."""
    click.echo(json.dumps(value))


def say(sentence: str) -> None:
    """A sentence to the person, on stderr: stdout has data only."""
    click.echo(visible(sentence), err=True)


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on stdout; long cells are folded."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    Console(highlight=False, soft_wrap=False).print(table)


def show_facts(facts: Iterable[tuple[str, object]]) -> None:
    """Names and values, one a line, without those that have no value."""
    known = [(name, visible(value)) for name, value in facts if value is not None]
    width = max((len(name) for name, _ in known), default=0)
    for name, value in known:
        click.echo(f"{name:<{width}}  {value}")


def show_records(records: Sequence[Record], columns: Mapping[str, str]) -> None:
    """Records as a table at a terminal, as NDJSON into a pipe.

    `columns`: the table's headings, each with the field that stands under it. A table that would cut a number
    or a moment in two is not shown: each record stands for itself then, a field a line.
    """
    if not is_terminal():
        for record in records:
            show_line(record)
        return
    rows = [[_cell(record.get(name)) for name in columns.values()] for record in records]
    terminal = Console(highlight=False, soft_wrap=False)
    widths = widths_of([list(columns), *rows], terminal.width - 2 - _BETWEEN * (len(columns) - 1))
    if widths is None:
        for row in rows:
            show_facts(zip(columns, (cell or None for cell in row), strict=True))
            click.echo()
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, width in zip(columns, widths, strict=True):
        table.add_column(column, width=width)
    for row in rows:
        table.add_row(*map(Text, row))
    terminal.print(table)


def widths_of(rows: Sequence[Sequence[str]], room: int) -> list[int] | None:
    """The widths of columns in so much room, in which no word is cut. None in too little room."""
    columns = list(zip(*rows, strict=True))
    words = [max(cell_len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
    whole = [max(map(cell_len, column)) for column in columns]
    if sum(words) > room:
        return None

    def levelled(level: int) -> list[int]:
        return [min(all_of_it, max(word, level)) for word, all_of_it in zip(words, whole, strict=True)]

    return levelled(max(level for level in range(room + 1) if sum(levelled(level)) <= room))


def _cell(value: object) -> str:
    """A value as a person reads it. A moment may stand on two lines: its day and its time."""
    return _MOMENT.sub(r"\1 \2", visible(value)) if value is not None else ""
