"""`status`: where the archive of each Console stands."""

from pathlib import Path
from typing import cast

import click

from audit_archive.answers import status_answer
from audit_archive.retrieve.request import StatusRequest
from audit_archive.retrieve.status import statuses
from cli.exits import Exit, Failure
from cli.options import Chosen, ConsoleId, chosen, folder_option, global_options
from cli.questions import asked_now
from cli.show import say, show_json, show_records
from cli.stack import question
from cli.tables import Column, Shape

COLUMNS = (
    Column("Console", "console"),
    Column("archived id", "highest_archived_id"),
    Column("purged id", "highest_purged_id", 1),
    Column("unpurged", "unpurged_entries", 3),
    Column("missing", "missing_ids", 2),
    Column("up to", "up_to", 4, Shape.MOMENT),
    Column("lag (h)", "lag_hours", 5),
    Column("last run", "completed_at", 1, Shape.MOMENT),
    Column("verified", "verified_at", 2, Shape.MOMENT),
    Column("state", "state", 0, Shape.SENTENCE),
)


@click.command()
@click.argument("console", type=ConsoleId(), required=False)
@folder_option
@global_options(hidden=True)
@chosen
def status(chosen: Chosen, /, console: str | None, folder: Path | None) -> None:
    """Show where the archive of each Console stands, or of one.

    \b
    archived id  the highest archived id
    purged id    the Console is known to be purged up to this id
    unpurged     archived entries that no purge of this stack destroyed
    missing      ids that are not archived; a late entry may still fill them
    up to        the newest complete export holds all that the Console showed up to this moment
    lag (h)      hours since then, or since a later run found nothing newer (the ledger says so)
    last run     when a run last completed, with new entries or without
    verified     when the stack's daily audit last ended; `verified_result` of --json says how
    state        what you should know first; `ok` if there is nothing
    """
    event = {"request": "status"} | ({"console": console} if console is not None else {})
    request = cast("StatusRequest", question(event))
    reader = chosen.reader(folder)
    answer = status_answer(request, asked_now(request, reader), statuses(reader, request.console))
    found = answer["consoles"]
    if chosen.is_json:
        show_json(answer)
    else:
        show_records(COLUMNS, found, reader.clock.now())
    if any(each["fault"] is not None for each in found):
        raise Failure(
            "StatusError", "The status of a Console can't be shown: see `fault` of --json.", Exit.FAULTS
        )
    if not found:
        say("Nothing is archived yet.")
    elif all(each["statements"] == 0 for each in found):
        raise Failure("NothingArchived", f"Nothing of Console {console} is archived.", Exit.NOT_THERE)
