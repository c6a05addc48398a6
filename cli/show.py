"""Shows results: tables to a person at a terminal, JSON to a program. Data can't control the terminal."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, BinaryIO

import click
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from audit_archive.format.display import visible

Record = Mapping[str, Any]


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

    `columns`: the table's headings, each with the field that stands under it.
    """
    if is_terminal():
        show_table(list(columns), ([record.get(name) for name in columns.values()] for record in records))
    else:
        for record in records:
            show_line(record)
