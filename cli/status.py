"""`status`: where the archive of each Console stands."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from audit_archive.format.codec import to_json
from audit_archive.format.times import rfc3339
from audit_archive.ports import Verifications
from audit_archive.retrieve.status import Status, statuses
from cli.exits import Exit, Failure
from cli.options import Chosen, ConsoleId, chosen, folder_option, global_options
from cli.show import say, show_records

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
    notes = chosen.stack.verifications if folder is None else None
    found = [record_of(each, notes) for each in statuses(chosen.reader(folder), console)]
    show_records(found, COLUMNS, as_json=chosen.is_json)
    if any(each["fault"] is not None for each in found):
        raise Failure("StatusError", "The status of a Console can't be told: see its fault.", Exit.FAULTS)
    if not found:
        say("Nothing is archived yet.")
    elif all(each["statements"] == 0 for each in found):
        say(f"Nothing of Console {console} is archived.")


def record_of(status: Status, notes: Verifications | None) -> dict[str, Any]:
    """A status as a plain dict, with what the daily audit last found, and a word on the whole."""
    record: dict[str, Any] = to_json(status)
    last = notes.last(status.console) if notes is not None else None
    if last is not None:
        record |= {"verified_at": rfc3339(last.last_completed_at), "verified_result": last.last_result}
    missing = sum((status.missing or {}).values())
    return record | {"missing_ids": missing, "state": _state(status)}


def _state(status: Status) -> str:
    """The first of what a person should know; `ok` if there is nothing."""
    return status.fault or next(_doubts(status), "ok")


def _doubts(status: Status) -> Iterator[str]:
    if status.is_latched:
        yield "purging waits for `canary-audit resume`"
    if status.unexplained:
        first, more = status.unexplained[0], len(status.unexplained) - 1
        others = f" and {more} more ranges" if more else ""
        yield f"purging waits: no receipt explains the missing ids {first.first} to {first.last}{others}"
    if status.stale_ids:
        yield f"the export lacks the entry {status.stale_ids[-1]}, which the Console showed"
    if status.miscounted is not None:
        yield "the export does not fit the Console's own count: see miscounted of --json"
    if not status.statements:
        yield "nothing archived"
    if status.open_intents:
        yield "a purge's end is not known yet"
