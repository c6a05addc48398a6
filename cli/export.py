"""`export`: the original zips, as the Console served them, that hold an entry or the entries of a day."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import click

from audit_archive.answers import exports_answer
from audit_archive.errors import IntegrityError
from audit_archive.retrieve.exports import Original, find_exports
from audit_archive.retrieve.outcome import AnswerOutcome
from audit_archive.retrieve.request import ExportRequest
from audit_archive.retrieve.statements import Reader
from cli.exits import Exit, Failure
from cli.options import Chosen, chosen, complete_zone, console_argument, folder_option, global_options
from cli.outputs import written
from cli.questions import asked_now
from cli.show import is_terminal, say, show_json, show_line, show_table
from cli.stack import question
from cli.tables import Column, Shape

COLUMNS = (
    Column("first id", "first_id"),
    Column("last id", "last_id"),
    Column("entries", "entry_count", 2),
    Column("served at", "served_at", 1, Shape.MOMENT),
    Column("size", "size", 4),
    Column("SHA-256", "sha256", 5),
    Column("there", "absence", 3, Shape.SENTENCE),
)


@click.command()
@console_argument
@click.option("--id", "entry_id", type=int, metavar="ID", help="Find the exports that hold this entry.")
@click.option("--date", metavar="DATE", help="Find the exports that hold entries of this day.")
@click.option(
    "--tz", metavar="ZONE", shell_complete=complete_zone, help="The time zone of --date. [default: UTC]"
)
@click.option("--epoch", type=int, metavar="N", help="Only this epoch, if the Console was ever reset.")
@click.option(
    "--output",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Write the zips into this folder.",
)
@folder_option
@global_options(hidden=True)
@chosen
def export(chosen: Chosen, /, console: str, output: Path | None, folder: Path | None, **asked: Any) -> None:
    """Find the original exports that hold an entry, or the entries of a day.

    An export is the zip as the Console served it. The command checks the hash of each against its statement.

    \b
    canary-audit export 1234abcd --id 1200 --output .
    canary-audit export 1234abcd --date 2026-03-01 --tz Europe/London
    """
    names = {"entry_id": "id", "tz": "zone"}
    given = {names.get(name, name): value for name, value in asked.items() if value is not None}
    event = {"request": "export", "console": console, **given}
    request = cast("ExportRequest", question(event))
    reader = chosen.reader(folder)
    asked_by = asked_now(request, reader)
    found = find_exports(reader, request.query)
    files = [
        {"file": _write(reader, each, output) if output is not None else None} for each in found.originals
    ]
    answer = exports_answer(request, asked_by, found, files)
    if chosen.is_json:
        show_json(answer)
    else:
        _show(answer, reader.clock.now())
    if found.outcome != AnswerOutcome.FOUND:
        raise Failure("NotThere", found.sentence, Exit.NOT_THERE)


def _write(reader: Reader, original: Original, output: Path) -> str | None:
    """Put one zip into a folder, hashed once more; None if it is no longer there."""
    if original.absence is not None:
        return None
    facts, digest = original.facts, sha256()
    path = output / facts.key.rpartition("/")[2]
    with written(path) as target:
        for chunk in reader.source.read(facts.key, facts.version_id):
            digest.update(chunk)
            target.write(chunk)
        if digest.hexdigest() != facts.sha256:
            raise IntegrityError(f"{facts.key} does not have the hash {facts.sha256}: nothing was written")
    return str(path)


def _show(answer: Mapping[str, Any], now: int) -> None:
    exports = answer["exports"]
    if exports and is_terminal():
        show_table(COLUMNS, (each | {"absence": each["absence"] or "yes"} for each in exports), now)
    else:
        for each in exports:
            show_line(each)
    say(answer["sentence"])
    for path in filter(None, (each["file"] for each in exports)):
        say(f"Written: {path}")
