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

COLUMNS = {
    "Console": "console",
    "archived id": "highest_archived_id",
    "purged id": "highest_purged_id",
    "unpurged": "unpurged_entries",
    "missing": "missing_ids",
    "up to": "up_to",
    "lag (h)": "lag_hours",
    "last run": "completed_at",
    "verified": "verified_at",
    "state": "state",
}


@click.command()
@click.argument("console", type=ConsoleId(), required=False)
@folder_option
@global_options(hidden=True)
@chosen
def status(chosen: Chosen, /, console: str | None, folder: Path | None) -> None:
    """Show where the archive of each Console stands, or of one.

    \b
    archived id  the highest archived id
    purged id    the id up to which we know that a purge was carried out
    unpurged     archived entries that no purge of ours destroyed
    missing      ids that were never archived and may still be filled
    up to        the moment up to which the newest complete export holds all that the Console showed
    lag (h)      since then, or since a run found nothing newer on the Console by the ledger's word
    last run     when a run was last completed; one that found nothing new counts
    verified     when the stack's daily audit last ended; what it found is in `verified_result` of --json
    """
    event = {"request": "status"} | ({"console": console} if console is not None else {})
    request = cast("StatusRequest", question(event))
    reader = chosen.reader(folder)
    answer = status_answer(request, asked_now(request, reader), statuses(reader, request.console))
    found = answer["consoles"]
    if chosen.is_json:
        show_json(answer)
    else:
        show_records(found, COLUMNS)
    if any(each["fault"] is not None for each in found):
        raise Failure("StatusError", "The status of a Console can't be told: see its fault.", Exit.FAULTS)
    if not found:
        say("Nothing is archived yet.")
    elif all(each["statements"] == 0 for each in found):
        say(f"Nothing of Console {console} is archived.")
