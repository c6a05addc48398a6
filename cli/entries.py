"""`entries`: the archived entries that match, and what the answer rests on."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO, cast

import click

from audit_archive import __version__
from audit_archive.domain.forms import CSV, FORMS, NDJSON
from audit_archive.domain.judge import members_of
from audit_archive.domain.local_time import OffsetAt
from audit_archive.domain.records import to_json
from audit_archive.domain.times import rfc3339
from audit_archive.domain.timestamps import read_timestamp
from audit_archive.reading.entries import Body, Found, find_entries
from audit_archive.retrieve_fields import UTC
from audit_archive.retrieve_request import EntriesRequest
from cli.bootstrap import find_zone, question
from cli.options import Chosen, chosen, console_argument, folder_option, global_options
from cli.outputs import written
from cli.show import binary_stdout, is_terminal, say, show_json, show_table

TABLE = "table"
CHUNK = 1 << 20
MAX_HOLES = 10
"""Holes that are told to a person."""

COLUMNS = ("id", "when", "user", "address", "action", "message")
FIELDS = {"from_": "from", "tz": "zone", "action": "action_type", "from_id": "first_id", "to_id": "last_id"}
MAX_ROWS = 10_000
"""A table is laid out as a whole: what is longer is for a file."""


@click.command()
@console_argument
@click.option("--from", "from_", metavar="TIME", help="From this date or time on, which is included.")
@click.option("--to", metavar="TIME", help="Until this date or time, which is included: a date wholly.")
@click.option("--tz", metavar="ZONE", help="The time zone of --from, --to and the table. [default: UTC]")
@click.option("--user", multiple=True, metavar="NAME", help="Only entries of this user; repeat for more.")
@click.option("--action", multiple=True, metavar="TYPE", help="Only this action_type; repeat for more.")
@click.option("--address", multiple=True, metavar="CIDR", help="Only from this address or block; repeatable.")
@click.option(
    "--flock", multiple=True, metavar="FLOCK", help="Only of this flock, by id or name; repeat for more."
)
@click.option("--text", metavar="TEXT", help="Only entries with this text in any field, ignoring case.")
@click.option("--from-id", type=int, metavar="ID", help="From this id on.")
@click.option("--to-id", type=int, metavar="ID", help="Up to this id.")
@click.option("--epoch", type=int, metavar="N", help="Only of this epoch, if the Console was ever reset.")
@click.option(
    "--format",
    "form",
    type=click.Choice([TABLE, *FORMS]),
    help="How to write them. [default: table at a terminal, else ndjson: the very lines of the archive]",
)
@click.option(
    "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write them into this new file."
)
@folder_option
@global_options(hidden=True)
@chosen
def entries(
    chosen: Chosen, /, console: str, form: str | None, output: Path | None, folder: Path | None, **asked: Any
) -> None:
    """Find archived entries: by time, user, action, address, text or id.

    All filters must match. Nothing is handed out before all of it was hashed and agrees with the statements.
    What was searched, what matched and what is missing is told beside the entries, on stderr; with --json
    everything is one object.

    \b
    canary-audit entries 1234abcd --user alice@example.com --from 2026-03-01 --to 2026-03-31
    canary-audit entries 1234abcd --address 192.0.2.0/24 --format csv --output march.csv
    """
    is_table = form == TABLE or (form is None and output is None and not chosen.is_json and is_terminal())
    if output is None and chosen.is_json and form in {TABLE, CSV.name}:
        raise click.UsageError(f"--json can't hold the format {form}: write it into a file with --output.")
    event = event_of(console, asked) | {"format": NDJSON.name if is_table else form or NDJSON.name}
    request = cast("EntriesRequest", question(event))
    reader = chosen.reader(folder)
    asked_at = rfc3339(reader.clock.now())
    found = find_entries(reader, request.query, request.form)
    answer = _answer(found, event, asked_at, output)
    if found.body is not None:
        with closing(found.body.file) as file:
            if output is not None:
                _write(file, output)
            elif chosen.is_json:
                _show_whole(answer, file)
            elif is_table:
                _show_table(file, find_zone(asked["tz"] or UTC), found.coverage.matched)
            else:
                copyfileobj(file, binary_stdout(), CHUNK)
    if not chosen.is_json:
        _tell(found, output)
    elif found.body is None or output is not None:
        show_json(answer)


def event_of(console: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The question as an event asks it, which is what the functions take too."""
    given = {FIELDS.get(name, name): value for name, value in asked.items() if value not in (None, ())}
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
    return {"request": "entries", "console": console, **lists}


def _answer(found: Found, event: dict[str, Any], asked_at: str, output: Path | None) -> dict[str, Any]:
    return {
        "question": event,
        "asked": {"at": asked_at, "version": __version__},
        "outcome": found.outcome,
        "sentence": found.sentence,
        "coverage": to_json(found.coverage),
        "report": _report(found.body, output, event["format"]),
    }


def _report(body: Body | None, output: Path | None, form: str) -> dict[str, Any] | None:
    if body is None:
        return None
    return {"file": str(output) if output else None, "format": form, "size": body.size, "sha256": body.sha256}


def _write(file: BinaryIO, output: Path) -> None:
    with written(output) as target:
        copyfileobj(file, target, CHUNK)


def _tell(found: Found, output: Path | None) -> None:
    """What the answer rests on."""
    say(found.sentence)
    for each in found.coverage.not_covered:
        say(f"Not covered: {each}.")
    for hole in found.coverage.holes[:MAX_HOLES]:
        say(f"Missing: ids {hole.first} to {hole.last} of epoch {hole.epoch}: {hole.cause}.")
    if len(found.coverage.holes) > MAX_HOLES:
        say("There are more holes: --json lists them.")
    if output is not None and found.body is not None:
        say(f"{output}: {found.body.size} bytes, SHA-256 {found.body.sha256}")


def _show_whole(answer: dict[str, Any], file: BinaryIO) -> None:
    """The answer as one object with the entries in it, of which no more than one is in memory."""
    target = binary_stdout()
    target.write(json.dumps(answer)[:-1].encode() + b', "entries": [\n')
    for number, line in enumerate(file):
        target.write((b",\n" if number else b"") + line.rstrip(b"\n"))
    target.write(b"\n]}\n")


def _show_table(file: BinaryIO, zone: OffsetAt | None, matched: int) -> None:
    show_table(COLUMNS, _rows(file, zone))
    if matched > MAX_ROWS:
        say(f"The first {MAX_ROWS} of {matched} are shown: use --output for all of them.")


def _rows(file: BinaryIO, zone: OffsetAt | None) -> Iterator[tuple[object, ...]]:
    for _, line in zip(range(MAX_ROWS), file, strict=False):
        yield row_of(members_of(line), zone)


def row_of(entry: dict[str, Any], zone: OffsetAt | None) -> tuple[object, ...]:
    """What a table shows of an entry; its moment by the clocks of a zone."""
    texts = [entry.get(name) for name in ("user", "user_ip", "action_type", "message")]
    return (str(entry.get("id")), local_time(entry.get("timestamp"), zone), *texts)


def local_time(timestamp: object, zone: OffsetAt | None) -> object:
    """An entry's moment, with its offset from UTC; as it stands in the entry if that can't be read."""
    at = read_timestamp(timestamp)
    if at is None or zone is None:
        return timestamp
    offset = zone(at)
    sign, minutes = "-" if offset < 0 else "+", abs(offset) // 60
    return f"{rfc3339(at + offset)[:-1].replace('T', ' ')} {sign}{minutes // 60:02}:{minutes % 60:02}"
