"""`entries`: the archived entries that match, and what the answer rests on."""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO, cast

import click

from audit_archive.answers import entries_answer, unknown_in
from audit_archive.format.display import local_moment
from audit_archive.format.entry import members_of
from audit_archive.format.times import OffsetAt
from audit_archive.retrieve.formats import CSV, FORMATS, NDJSON, XLSX
from audit_archive.retrieve.request import UTC, EntriesRequest, EveryConsoleRequest
from audit_archive.retrieve.search import FoundEntries, entries_of, find_entries
from cli.all_consoles import ask_fleet
from cli.options import Chosen, ConsoleId, chosen, folder_option, global_options
from cli.outputs import CHUNK, check_free, written
from cli.questions import asked_now, check_presence, event_of, query_options, show_coverage
from cli.show import binary_stdout, is_terminal, say, show_json, show_table
from cli.stack import find_zone, open_workbook, question
from cli.tables import Column, Shape

TABLE = "table"
COLUMNS = (
    Column("id", "id"),
    Column("when", "when"),
    Column("user", "user", 1, Shape.NAME),
    Column("address", "user_ip", 4, Shape.NAME),
    Column("action", "action_type", 2, Shape.NAME),
    Column("message", "message", 3, Shape.WORDS),
)


@click.command()
@click.argument("console", type=ConsoleId(), metavar="[CONSOLE]", required=False)
@query_options
@click.option("--all-consoles", is_flag=True, help="Ask every Console; --output writes a file for each.")
@click.option("--limit", type=int, metavar="N", help="Only the first N of them; the answer has a cursor.")
@click.option("--cursor", metavar="CURSOR", help="Go on after an answer with a limit.")
@click.option(
    "--format",
    "form",
    type=click.Choice([TABLE, *FORMATS]),
    help="How to write the entries. [default: table at a terminal, else ndjson: the lines as archived]",
)
@click.option(
    "--forms", is_flag=True, help="Show both forms of an entry that the Console later showed in another form."
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write the entries into this new file."
)
@folder_option
@global_options(hidden=True)
@chosen
def entries(
    chosen: Chosen, /, console: str | None, form: str | None, output: Path | None, **asked: Any
) -> None:
    """Find archived entries: by time, user, action, address, text or id.

    An entry must match all filters. The command checks the hash of all that it reads before it prints the
    first entry. On stderr it says what it searched, what matched and what is missing. With --json everything
    is one object.

    \b
    canary-audit entries 1234abcd --user alice@example.com --from 2026-03-01 --to 2026-03-31
    canary-audit entries 1234abcd --address 192.0.2.0/24 --format csv --output march.csv
    """
    if console is None and not asked["all_consoles"]:
        raise click.UsageError("Name a CONSOLE, or ask every one with --all-consoles.")
    is_table = form == TABLE or (form is None and output is None and not chosen.is_json and is_terminal())
    _check_form(form, output, is_json=chosen.is_json)
    folder = asked.pop("folder")
    event = event_of("entries", console, asked)
    event["format"] = NDJSON.name if is_table else form or NDJSON.name
    request = cast("EntriesRequest | EveryConsoleRequest", question(event))
    check_free(*filter(None, [output]))
    reader = chosen.reader(folder)
    if isinstance(request, EveryConsoleRequest):
        return ask_fleet(reader, request, output, is_json=chosen.is_json)
    asked_by = asked_now(request, reader)
    how: dict[str, Any] = {"with_forms": request.with_forms, "offset_at": request.offset_at}
    found = find_entries(reader, request.query, request.form, **how, open_workbook=open_workbook)
    answer = entries_answer(request, asked_by, found, _place(output), unknown_in(request, found))
    if found.body is not None:
        with closing(found.body.file) as file:
            if is_table and output is None:
                show_table(COLUMNS, _rows(file, find_zone(asked["tz"] or UTC)))
            else:
                _hand_out(file, answer, output, is_json=chosen.is_json)
    if not chosen.is_json:
        _show(found, output, answer.get("unknown_actions"))
    elif found.body is None or output is not None:
        show_json(answer)
    return check_presence(found.outcome, found.sentence, request.query)


def _hand_out(file: BinaryIO, answer: dict[str, Any], output: Path | None, *, is_json: bool) -> None:
    """Put the entries where they go: into a file, into the answer, or on stdout."""
    if output is not None:
        _write(file, output)
    elif is_json:
        _show_whole(answer, file)
    else:
        copyfileobj(file, binary_stdout(), CHUNK)


def _place(output: Path | None) -> dict[str, str | None]:
    return {"file": str(output) if output is not None else None}


def _check_form(form: str | None, output: Path | None, *, is_json: bool) -> None:
    """Refuse a form that does not fit where the entries go."""
    if output is not None and form == TABLE:
        raise click.UsageError("A table is for a terminal: give another --format with --output.")
    if output is None and is_json and form in {TABLE, CSV.name, XLSX.name}:
        raise click.UsageError(f"--json can't hold the format {form}: write that into a file with --output.")
    if output is None and form == XLSX.name and is_terminal():
        raise click.UsageError("A workbook is for a file: give --output.")


def _write(file: BinaryIO, output: Path) -> None:
    with written(output) as target:
        copyfileobj(file, target, CHUNK)


def _show(found: FoundEntries, output: Path | None, unknown: Mapping[str, int] | None) -> None:
    show_coverage(found.outcome, found.sentence, found.coverage)
    if unknown:
        counts = ", ".join(f"{name} ({count})" for name, count in unknown.items())
        say(f"Actions that no rule of OCSF knows, which are API Activity: Other: {counts}.")
    for each in found.forms or ():
        say(f"Entry {each.id} of epoch {each.epoch}, as it is archived: {each.archived}")
        other = each.other or "the export is no longer there"
        say(f"Entry {each.id} of epoch {each.epoch}, in {each.export_key}: {other}")
    if output is not None and found.body is not None:
        say(f"{output}: {found.body.size} bytes, SHA-256 {found.body.sha256}")


def _show_whole(answer: dict[str, Any], file: BinaryIO) -> None:
    """The answer as one object with the entries in it, of which no more than one is in memory."""
    for line in file if answer["report"]["format"] == NDJSON.name else ():
        with entries_of("An entry file of this Console"):  # all of them, before a part is printed
            members_of(line)
    file.seek(0)
    target = binary_stdout()
    target.write(json.dumps(answer)[:-1].encode() + b', "entries": [\n')
    for number, line in enumerate(file):
        target.write((b",\n" if number else b"") + line.rstrip(b"\n"))
    target.write(b"\n]}\n")


def _rows(file: BinaryIO, zone: OffsetAt | None) -> Iterator[dict[str, Any]]:
    for line in file:
        with entries_of("An entry file of this Console"):
            members = members_of(line)
        yield row_of(members, zone)


def row_of(entry: dict[str, Any], zone: OffsetAt | None) -> dict[str, Any]:
    """An entry for a table, with its moment in a time zone."""
    return entry | {"when": local_moment(entry.get("timestamp"), zone)}
