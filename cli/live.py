"""`live`: what the Console holds at this moment, asked of the Console itself."""

from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import click

from audit_archive.errors import RequestError
from audit_archive.format.display import visible
from audit_archive.format.times import OffsetAt
from audit_archive.ports import Console, ConsoleEntry
from cli.entries import COLUMNS, row_of
from cli.options import Chosen, chosen, complete_zone, console_argument, global_options
from cli.show import is_terminal, say, show_json, show_line, show_table
from cli.stack import find_zone

FOLLOW_SECONDS = 5.0


@click.command()
@console_argument
@click.option("--limit", type=click.IntRange(1, 100_000), default=20, show_default=True, metavar="N",
              help="Show so many entries, the newest ones.")  # fmt: skip
@click.option("--tz", default="UTC", show_default=True, metavar="ZONE", shell_complete=complete_zone,
              help="The table's time zone.")  # fmt: skip
@click.option("--follow", is_flag=True, help="Then show new entries as they come, until Ctrl-C.")
@global_options(hidden=True)
@chosen
def live(chosen: Chosen, /, console: str, limit: int, tz: str, *, follow: bool) -> None:
    """Show what the Console itself holds now, newest last.

    The command asks the Console with the Read-Only key in Secrets Manager. It archives nothing and purges
    nothing. Into a pipe it prints NDJSON.
    """
    zone = find_zone(tz)
    if zone is None:
        raise RequestError("zone", f"{tz!r:.80} is not a time zone: give a name such as Europe/London or UTC")
    if follow and chosen.is_json:
        raise click.UsageError("--follow has no end, and --json prints one object: use one of the two.")
    trail = chosen.stack.console(console)
    population = trail.peek().population
    newest = list(islice(trail.entries_above(0), limit))[::-1]
    if chosen.is_json:
        return show_json({"console": console, "population": population, "entries": newest})
    if is_terminal():
        show_table(COLUMNS, (row_of(dict(entry), zone) for entry in newest))
    else:
        _show_lines(newest)
    held = "an unknown number of" if population is None else population
    say(f"Console {console} holds {held} entries; the newest {len(newest)} are shown.")
    if follow:
        with suppress(KeyboardInterrupt):
            _show_lines(_following(chosen, trail, newest[-1]["id"] if newest else 0), zone)
    return None


def _following(chosen: Chosen, trail: Console, last_id: int) -> Iterator[ConsoleEntry]:
    """Entries as they come."""
    while True:
        chosen.stack.clock.sleep(FOLLOW_SECONDS)
        for entry in list(trail.entries_above(last_id))[::-1]:
            last_id = entry["id"]
            yield entry


def _show_lines(entries: Any, zone: OffsetAt | None = None) -> None:
    for entry in entries:
        if is_terminal():
            row = row_of(dict(entry), zone)
            click.echo("  ".join(visible(row.get(column.field)) for column in COLUMNS))
        else:
            show_line(entry)
