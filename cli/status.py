"""`status`: where the archive of each Console stands, and whether anybody is needed."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import click

from audit_archive.answers import Plain, status_answer
from audit_archive.errors import AuditArchiveError, SettingsError
from audit_archive.format.display import visible
from audit_archive.retrieve.known import UNKNOWN_STACK, StackFacts
from audit_archive.retrieve.request import StatusRequest
from audit_archive.retrieve.statements import Reader
from audit_archive.retrieve.status import statuses
from cli.brakes import in_force
from cli.exits import Exit, Failure
from cli.options import Chosen, ConsoleId, chosen, folder_option, global_options
from cli.questions import asked_now
from cli.show import is_terminal, say, screen_height, screen_width, show_json, show_records, waiting
from cli.stack import question
from cli.standing import SORTS, Choice, columns_of, row_of, summary
from cli.tables import Record, laid
from cli.tags import TagOption

LEAST_SECONDS = 5
"""Between two looks of --watch: each look at 500 Consoles is some 1,500 requests."""


@click.command()
@click.argument("console", type=ConsoleId(), required=False)
@click.option("--problems", is_flag=True, help="Only Consoles that need somebody.")
@click.option("--sort", type=click.Choice(list(SORTS)), default="console", show_default=True,
              help="The order; what is worst or longest ago comes first.")  # fmt: skip
@click.option("--tag", "tags", type=TagOption(), multiple=True, metavar="KEY=VALUE",
              help="Only Consoles with this tag. Repeat it for more tags: all must be there.")  # fmt: skip
@click.option("--watch", is_flag=True, help="At a terminal: look again and again, until Ctrl-C.")
@click.option("--interval", type=click.IntRange(LEAST_SECONDS, 3600), default=30, show_default=True,
              metavar="SECONDS", help="Seconds between two looks of --watch.")  # fmt: skip
@folder_option
@global_options(hidden=True)
@chosen
def status(chosen: Chosen, /, console: str | None, interval: int, folder: Path | None, *,
           watch: bool, **choice: Any) -> None:  # fmt: skip
    """Show how each Console is and where its archive stands, or of one.

    The exit status is 0 if no Console needs a person, and 1 if one does. `?` is what is not known.

    \b
    health       ok, or what is wrong first: absent, faults, unknown, failing, late, unscheduled,
                 unverified, held; never archived and removed need no person
    last run     when a run last completed, with new entries or without
    verified     when the stack's daily audit last ended; `verified_result` of --json says how
    archived id  the highest archived id
    purged id    the Console is known to be purged up to this id
    missing      ids that are not archived; a late entry may still fill them
    unpurged     archived entries that no purge of this stack destroyed
    lag (h)      hours since `up to`, or since a later run found nothing newer (the ledger says so)
    up to        the newest complete export holds all that the Console showed up to this moment
    note         what you should know first
    """
    event = {"request": "status"} | ({"console": console} if console is not None else {})
    request, reader = cast("StatusRequest", question(event)), chosen.reader(folder)
    wanted = Choice(choice["sort"], choice["problems"], dict(choice["tags"]))

    def look() -> Plain:
        facts = UNKNOWN_STACK if folder is not None else _facts(chosen)
        answer = status_answer(request, asked_now(request, reader), statuses(reader, request.console, facts))
        return answer | {"consoles": wanted.of(answer["consoles"]), "of": answer["consoles"]}

    if watch:
        _watch(look, reader, interval, is_json=chosen.is_json)
    else:
        with waiting("looking at the Consoles"):
            found = look()
        _show(found, reader, is_json=chosen.is_json)


def _show(found: Plain, reader: Reader, *, is_json: bool) -> None:
    """Show the Consoles, and end with the exit status that they ask for."""
    shown, everyone = found["consoles"], found.pop("of")
    if is_json:
        show_json(found)
    elif is_terminal():
        show_records(columns_of(shown), [row_of(each) for each in shown], reader.clock.now())
    else:
        show_records(columns_of(shown), shown)
    if any(each["is_known"] is False for each in shown):
        console = found["question"]["console"]
        raise Failure("NothingArchived", f"Nothing of Console {console} is archived.", Exit.NOT_THERE)
    say(_closing(shown, everyone))
    held = [each["console"] for each in shown if each["legal_holds"]]
    if held:
        others = f" and {len(held) - 1} more Consoles" if len(held) > 1 else ""
        say(f"Legal holds are open on {held[0]}{others}: `canary-audit hold list {held[0]}` shows them.")
    for line in in_force(everyone):
        say(line)
    if any(each["needs_person"] or each["fault"] is not None for each in shown):
        click.get_current_context().exit(Exit.FAULTS)


def _facts(chosen: Chosen) -> StackFacts:
    """The stack's schedules. Without the right to list them health is judged by the rest, and it is said."""
    try:
        return chosen.stack.facts()
    except SettingsError as error:
        say(f"What is wrong with schedules is not told: {error}")
        return StackFacts(None, chosen.stack.limits)


def _closing(shown: Sequence[Record], everyone: Sequence[Record]) -> str:
    if not everyone:
        return "No Console is known: nothing is archived yet, and nothing is scheduled."
    if not shown:
        return f"No Console to show: {summary(everyone)}."
    needing = sum(bool(each["needs_person"]) for each in everyone)
    needs = f" {needing} of {len(everyone)} need{'s' * (needing == 1)} a person." if needing else ""
    chosen_ones = (
        f"{len(shown)} of {len(everyone)} Consoles shown. Of all: " if len(shown) < len(everyone) else ""
    )
    return f"{chosen_ones}{summary(everyone)}.{needs}"


def _watch(look: Callable[[], Plain], reader: Reader, interval: int, *, is_json: bool) -> None:
    """Redraw what fits the screen, until Ctrl-C."""
    if is_json or not is_terminal():
        raise click.UsageError("--watch redraws a terminal: leave it out for a pipe, a file or --json.")
    found, problem = look(), ""
    try:
        while True:
            click.clear()
            click.echo("\n".join([*_screen(found, reader.clock.now(), interval), *problem.splitlines()]))
            reader.clock.sleep(interval)
            try:
                found, problem = look(), ""
            except AuditArchiveError as error:
                problem = f"Not looked at again: {visible(str(error))}"
    except KeyboardInterrupt:
        click.echo()


def _screen(found: Plain, now: int, interval: int) -> list[str]:
    shown, room = found["consoles"], max(screen_height() - 4 - len(in_force(found["of"])), 3)
    lines = laid(columns_of(shown), [row_of(each) for each in shown], screen_width(), now).lines
    more = [f"{len(lines) - room} more lines: --problems shows fewer."] if len(lines) > room else []
    at = found["asked"]["at"]
    return [
        *lines[:room],
        *more,
        "",
        *in_force(found["of"]),
        f"{summary(found['of'])}. {at}, again in {interval} s, Ctrl-C ends.",
    ]
