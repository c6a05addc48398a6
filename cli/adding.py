"""Adds Consoles: their keys, which the Console is asked about first, their schedules, and their names."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

import click

from audit_archive.config import MAX_PERIOD_HOURS, shortest_period
from audit_archive.errors import AuditArchiveError, SettingsError
from audit_archive.fleet_ports import Label
from cli import schedules
from cli.console_keys import check_keys, id_of
from cli.exits import Exit, Failure
from cli.key_files import key_in, put_key
from cli.schedules import ARCHIVE, AUDIT, LOCKS
from cli.stack import Stack, console_with
from cli.tags import NameOption, TagOption

TAKEN = "the Console takes it"
CREATED = "created"
"""What became of a key, and of a schedule."""
COLUMNS = ("id", "name", "tags", "schedule", "period_hours")
MAX_ROWS_IN_CSV = 10_000


@dataclass(frozen=True)
class Order:
    """A Console to be added, or to be changed. What is None or empty stays as it is.

    `given`: its id, or an address of it. `keys`: by use, `read` and `purge`; `keys_in`: a folder with a
    folder for each Console, and in it the files `read` and `purge`. `name`: "" takes it away, and so does ""
    as the value of a tag. `is_checked`: whether the Console is asked about the keys.
    """

    given: str
    schedule: str | None = None
    period_hours: int | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    is_checked: bool = True
    keys_in: Path | None = None


def add_one(stack: Stack, order: Order) -> tuple[str, dict[str, str]]:
    """Carry out an order. Returns the Console's id, and what became of each part.

    Nothing is written before the keys were checked. Raises AuditArchiveError, click.ClickException.
    """
    if order.schedule is not None and order.period_hours is None:
        raise click.UsageError(
            "A schedule needs its period, --period-hours or the column period_hours: the alert on late runs "
            "depends on it."
        )
    if order.period_hours is not None:
        _check_period(order.schedule or stack.parameters()[ARCHIVE.expression], order.period_hours)
    console = id_of(order.given, stack.settings.console_url_template)
    order = replace(order, keys={**_keys_in(order.keys_in, console), **order.keys})
    there = {kind: schedules.found(stack, kind, console) for kind in schedules.KINDS}
    is_changing = order.schedule is not None or order.period_hours is not None
    if is_changing and any(there.values()) and stack.parameters().get("Console") == console:
        raise Failure(
            "FirstConsole",
            f"The schedules of {console} belong to the stack, which made them: deploy it with "
            "ScheduleExpression and PeriodHours",
            Exit.USAGE,
        )
    label = _label(stack, console, order)
    done = _checked(stack, console, order, is_new=there[ARCHIVE] is None)
    done |= {f"secret {use}": put_key(stack, console, use, key) for use, key in order.keys.items()}
    done |= _schedules(stack, console, order, there)
    if label is not None:
        stack.runs.name(console, label)
        shown = label.name if label.name is not None else "none"
        done["name"] = shown + "".join(f", {key}={value}" for key, value in sorted(label.tags.items()))
    return console, done


def _label(stack: Stack, console: str, order: Order) -> Label | None:
    """The new label; None: it stays as it is. Raises UsageError."""
    if order.name is None and not order.tags:
        return None
    old = stack.runs.last_runs(console).label
    tags = {key: value for key, value in {**old.tags, **order.tags}.items() if value}
    try:
        return Label(old.name if order.name is None else order.name or None, tags)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from error


def _checked(stack: Stack, console: str, order: Order, *, is_new: bool) -> dict[str, str]:
    """Ask the Console with the given keys; with the stored one, if it is new and none is given."""
    if not order.is_checked:
        return {}
    keys = dict(order.keys)
    if not keys and is_new:
        try:
            stored = stack.stored_key(stack.settings, console, "read")
        except SettingsError as error:
            return {"key": f"not checked: {error}"}
        if stored is None:
            return {"key": f"not stored yet: put it into {stack.secret(console, 'read')}"}
        keys = {"read": stored}
    if not keys:
        return {}
    seen = check_keys(lambda what, key: console_with(stack.settings, console, what, key), keys)
    return {"key": f"{TAKEN}: {seen} entries" if seen is not None else TAKEN}


def is_unchecked(done: Mapping[str, str]) -> bool:
    """Whether a Console is new and took no key, so that its id may be mistyped. `done`: of `add_one`."""
    return done[f"schedule {ARCHIVE.name}"] == CREATED and not done.get("key", "").startswith(TAKEN)


def _schedules(
    stack: Stack, console: str, order: Order, there: Mapping[schedules.Kind, Mapping[str, object] | None]
) -> dict[str, str]:
    period = {"period_hours": order.period_hours} if order.period_hours is not None else {}
    done = {}
    for kind, own, when in ((ARCHIVE, {}, order.schedule), (AUDIT, period, None), (LOCKS, {}, None)):
        known, event = there[kind], {"console": console, **kind.asks, **own}
        if known is None:
            is_new = schedules.create(stack, kind, event, when)
            said = CREATED if is_new else "existed already; not changed"
        elif when is None and not own:
            said = f"exists: {known['ScheduleExpression']}, {known.get('State', 'ENABLED')}; not changed"
        else:
            said = schedules.change(stack, known, when, own)
        done[f"schedule {kind.name}"] = said
    return done


def _check_period(schedule: str, hours: int) -> None:
    least = shortest_period(schedule)
    if hours < least:
        raise click.UsageError(
            f"A period of {hours} hours is too short: {schedule} leaves up to {least} hours between two "
            f"runs, and you would be alerted to a healthy Console. Give {least}, or archive more often."
        )


@dataclass(frozen=True)
class Row:
    """A row of a file of Consoles: its line, and its order, or what is wrong with it."""

    line: int
    given: str
    order: Order | None
    problem: str = ""


def rows_in(file: IO[str], keys: Path | None, *, is_checked: bool) -> Iterator[Row]:
    """The orders in a CSV file. Raises UsageError if it is no such file.

    `keys`: as `keys_in` of an Order.
    """
    try:
        text = file.read(16 * 1024 * 1024)
        dialect = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
        reader = csv.DictReader(text.removeprefix("\ufeff").splitlines(), delimiter=dialect, strict=True)
        names = [name.strip().lower() for name in reader.fieldnames or []]
        _check_names(file.name, names)
        reader.fieldnames = names
        rows = [(reader.line_num, row) for row in reader]
    except UnicodeDecodeError as error:
        message = f"{file.name} is not text in UTF-8. A spreadsheet saves it so as `CSV UTF-8`."
        raise click.UsageError(message) from error
    except csv.Error as error:
        raise click.UsageError(f"{file.name} is not a CSV file: {error}.") from error
    if len(rows) > MAX_ROWS_IN_CSV:
        raise click.UsageError(f"{file.name} has {len(rows)} rows: give {MAX_ROWS_IN_CSV} rows at most.")
    for line, row in rows:
        given = (row.get("id") or "").strip()
        try:
            if None in row or None in row.values():
                raise click.UsageError("the row has not as many cells as the first line.")
            if not given:
                raise click.UsageError("the id is missing.")
            yield Row(line, given, _order(row, keys, is_checked=is_checked))
        except (click.ClickException, AuditArchiveError, OSError) as error:
            yield Row(line, given, None, said_of(error))


def _check_names(file: str, names: list[str]) -> None:
    if "id" not in names:
        raise click.UsageError(
            f"{file} needs a first line with the names of its columns, and `id` in it. Between them are "
            "commas or semicolons, as in `id,name,tags`."
        )
    unknown = [name for name in names if name not in COLUMNS]
    if unknown or len(set(names)) < len(names):
        raise click.UsageError(
            f"{file} has columns besides {', '.join(COLUMNS)}, or one twice. Keys never stand in it: "
            "--keys names a folder with them."
        )


def _order(row: Mapping[str, str], keys: Path | None, *, is_checked: bool) -> Order:
    cells = {name: value.strip() for name, value in row.items()}
    tags = [each.strip() for each in (cells.get("tags") or "").replace("|", ";").split(";") if each.strip()]
    pairs = [_cell("tags", TagOption(), each) for each in tags]
    if len(dict(pairs)) < len(pairs):
        raise click.UsageError("tags: a key is there twice.")
    hours = cells.get("period_hours")
    return Order(
        cells["id"],
        cells.get("schedule") or None,
        _cell("period_hours", click.IntRange(1, MAX_PERIOD_HOURS), hours) if hours else None,
        {},
        _cell("name", NameOption(), cells["name"]) if cells.get("name") else None,
        dict(pairs),
        is_checked,
        keys,
    )


def _cell(column: str, kind: click.ParamType, text: str) -> Any:
    """What a cell stands for. Raises UsageError naming the column."""
    try:
        return kind.convert(text, None, None)
    except click.BadParameter as error:
        raise click.UsageError(f"{column}: {error.message}") from error


def _keys_in(folder: Path | None, console: str) -> dict[str, str]:
    found = dict[str, str]()
    if folder is None:
        return found
    for use in ("read", "purge"):
        path = folder / console / use
        if path.is_file():
            with path.open(encoding="ascii") as file:
                found[use] = key_in(file)
    return found


def said_of(error: Exception) -> str:
    """What is wrong, in a sentence; never a key."""
    return error.format_message() if isinstance(error, click.ClickException) else str(error)
