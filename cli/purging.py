"""`purging`: the brake. How far purging may go, for all Consoles of the stack or for one."""

from typing import Any

import click

from audit_archive.format.facts import Mode
from audit_archive.retrieve.status import statuses
from audit_archive.run.purging import PURGING, PurgingRequest
from cli.brakes import show_under_way
from cli.invoke import invoke, result_of
from cli.options import Chosen, ConsoleId, chosen, confirm, global_options, yes_option
from cli.run import stated_options
from cli.show import say, show_facts, show_json, show_records
from cli.tables import Column, Shape

FOLLOWS = (
    Column("Console", "console"),
    Column("unpurged", "unpurged_entries"),
    Column("purged id", "highest_purged_id", 1),
    Column("held back", "held", 0, Shape.SENTENCE),
)


@click.command()
@click.argument("mode", type=click.Choice([str(mode) for mode in Mode]))
@click.argument("console", type=ConsoleId(), required=False)
@stated_options
@yes_option
@global_options(hidden=True)
@chosen
def purging(chosen: Chosen, /, mode: str, console: str | None, who: str, reason: str, *, yes: bool) -> None:
    """Set how far purging may go: off, dry-run or on. Without a Console: for all of them.

    It takes effect at once, also for a run that is under way: each run looks right before it sends a purge.
    A purge that is on its way to a Console can't be called back. Archiving goes on. It needs no deploy, and a
    deploy does not change it. It never goes above the PurgeMode that the stack was deployed with.

    `on` shows what would follow, and asks. The first purge then comes an hour later at the earliest.

    \b
    canary-audit purging off --who ann --reason "incident 4711"
    canary-audit purging dry-run 5678efab --who ann --reason "a new Console: look at its plan first"
    canary-audit purging on --who ann --reason "incident 4711 is closed"
    """
    given = {"action": PURGING, "mode": mode, "who": who, "reason": reason, "console": console}
    event = {name: value for name, value in given.items() if value is not None}
    PurgingRequest.from_event(event)
    if mode == Mode.ON:
        _show_what_follows(chosen, console)
        about = f"Console {console}" if console is not None else "every Console of the stack"
        confirm(f"Let {about} be purged as far as the stack allows?", yes=yes)
    report = result_of(invoke(chosen.stack, event, "OperateFunction"))
    if mode == Mode.ON:
        return show_json(report) if chosen.is_json else _show(report)
    if not chosen.is_json:
        _show(report)
    return show_under_way(chosen, report, console)


def _show_what_follows(chosen: Chosen, console: str | None) -> None:
    if chosen.is_json:
        return
    found = [each.as_dict() for each in statuses(chosen.stack.reader, console)]
    held = [each | {"held": (each["paused"] or {}).get("reason") or each["state"]} for each in found]
    show_records(FOLLOWS, held, chosen.stack.clock.now())
    limit = chosen.stack.reader.stack_mode
    if limit == Mode.ON:
        say("The stack's PurgeMode is on. What is unpurged and not held back is purged by the next runs.")
    else:
        say(f"The stack's PurgeMode is {limit}: nothing is purged until it is deployed with PurgeMode=on.")


def _show(report: dict[str, Any]) -> None:
    lists = ("warnings",)
    show_facts((name.replace("_", " "), report[name]) for name in report if name not in lists)
    for warning in report["warnings"]:
        say(f"Warning: {warning}")
    if report["mode"] != Mode.ON:
        about = f" {report['console']}" if report["console"] else ""
        say(f"It is in force: no run sends a purge from now on. To undo: canary-audit purging on{about}")
    elif report["first_purge_at"] is not None:
        say(f"No purge is sent before {report['first_purge_at']}.")
    else:
        say(f"Nothing is purged: the stack's PurgeMode is {report['stack_mode']}. Deploy with PurgeMode=on.")
