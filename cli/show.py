"""Shows results: tables to a person at a terminal, JSON to a program. Data can't control the terminal."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import BinaryIO

import click

from audit_archive.format.display import visible
from cli import tables
from cli.tables import Column, Record, cards, laid

MAX_ROWS = 1_000
"""Rows of a table at a terminal at most."""
ENDLESS = sys.maxsize
"""The width of a pipe."""


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


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Say at a terminal what takes long, until it is done."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True, highlight=False).status(what):
        yield


def show_facts(facts: Iterable[tuple[str, object]], *, to_stderr: bool = False) -> None:
    """Names and values, one a line, without those that have no value."""
    known = [(name, visible(value)) for name, value in facts if value is not None]
    for line in tables.facts(known, screen_width() if is_terminal() else ENDLESS):
        click.echo(line, err=to_stderr)


def show_records(columns: Sequence[Column], records: Iterable[Record], now: int | None = None) -> None:
    """Records as a table at a terminal, as NDJSON into a pipe. `now`: see `tables.laid`."""
    if is_terminal():
        _show_laid(columns, records, now)
        return
    for record in records:
        show_line(record)


def show_table(columns: Sequence[Column], records: Iterable[Record], now: int | None = None) -> None:
    """A table as a part of a text: at a terminal laid out, into a pipe a line a row, with tabs between."""
    if is_terminal():
        _show_laid(columns, records, now)
    else:
        _show_tabbed(columns, records)


def show_cards(columns: Sequence[Column], records: Iterable[Record]) -> None:
    """The same for rows too long for any table: at a terminal a field a line."""
    if is_terminal():
        _page(cards(columns, records, screen_width()))
    else:
        _show_tabbed(columns, records)


def _show_tabbed(columns: Sequence[Column], records: Iterable[Record]) -> None:
    click.echo("\t".join(column.heading for column in columns))
    for record in records:
        click.echo("\t".join(visible(record.get(column.field)) for column in columns))


def screen_width() -> int:
    """Characters of a line of the terminal."""
    return shutil.get_terminal_size().columns


def screen_height() -> int:
    """Lines of the terminal."""
    return shutil.get_terminal_size().lines


def _show_laid(columns: Sequence[Column], records: Iterable[Record], now: int | None) -> None:
    rows = iter(records)
    table = laid(columns, list(islice(rows, MAX_ROWS)), screen_width(), now)
    _page(table.lines)
    if table.left_out:
        names = ", ".join(table.left_out)
        say(f"Left out at this width: {names}. A wider terminal or --json shows them.")
    more = sum(1 for _ in rows)
    if more:
        say(
            f"The first {MAX_ROWS} of {MAX_ROWS + more} rows are shown: into a pipe or a file all of them go."
        )


def _page(lines: Sequence[str]) -> None:
    """Through the person's pager, if the lines are more than the screen holds."""
    text = "".join(f"{line}\n" for line in lines)
    if len(lines) < screen_height():
        click.echo(text, nl=False)
        return
    os.environ.setdefault("LESS", "FRX")  # as git does: the table stays on the screen
    click.echo_via_pager(text)
