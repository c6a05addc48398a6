"""`locks`: extend the locks of a Console's archive now."""

from typing import Any

import click

from audit_archive.errors import runbook_url
from audit_archive.run.extend_locks import LocksOutcome
from cli.exits import Exit, Failure
from cli.invoke import invoke, result_of
from cli.options import Chosen, chosen, confirm, console_argument, global_options, yes_option
from cli.show import say, show_json, show_table
from cli.tables import Column, Shape

COUNTED = ("looked_at", "extended", "refused", "unread")
REFUSED = (
    Column("not extended", "key"),
    Column("version", "version_id", 1),
    Column("why", "error", 0, Shape.SENTENCE),
)


@click.command()
@console_argument
@yes_option
@global_options(hidden=True)
@chosen
def locks(chosen: Chosen, /, console: str, *, yes: bool) -> None:
    """Extend the locks of a Console's archive that end soon, as the stack's schedule does.

    Statements and checkpoints are kept for ever, so their locks are extended by another RetentionDays in
    their last year. The locks of exports and entry files are extended only if RetentionDays was raised.
    No lock is ever shortened. In COMPLIANCE an extension is final: not even root can take it back.

    If the time of one invocation is not enough, the command starts the next one until all is looked at.
    """
    event = {"console": console, "extend_locks": True}
    settings = chosen.stack.settings
    days, mode = settings.retention_days, settings.object_lock_mode
    confirm(f"Extend the locks of Console {console} that end soon, by {days} days in mode {mode}?", yes=yes)
    done = _until_done(chosen, event)
    if chosen.is_json:
        show_json(done)
    else:
        _show(done)
    if done["refused"] or done["unread"]:
        raise Failure(
            "NotAllLocks",
            f"{done['refused']} locks were not extended, {done['unread']} statements can't be read: "
            f"{runbook_url('locknotextended')}",
            Exit.FAULTS,
        )


def _until_done(chosen: Chosen, event: dict[str, Any]) -> dict[str, Any]:
    """The report of one invocation after the other, added up."""
    done: dict[str, Any] = {}
    while True:
        report = result_of(invoke(chosen.stack, event))
        done = report | {name: report[name] + done.get(name, 0) for name in COUNTED} | {
            "refusals": done.get("refusals", []) + report["refusals"]
        }  # fmt: skip
        if report["outcome"] != LocksOutcome.UNFINISHED:
            return done
        if not report["looked_at"]:
            raise Failure(
                "NoProgress",
                "The function had no time to look at a single lock: raise MemoryMb, then run this again.",
                Exit.FAILED,
            )
        say(f"{done['looked_at']} locks are looked at, {done['extended']} extended. It goes on.")


def _show(done: dict[str, Any]) -> None:
    if done["refusals"]:
        show_table(REFUSED, done["refusals"])
    looked_at, extended = done["looked_at"], done["extended"]
    until = f", until {done['retain_until']}" if extended else ""
    say(f"Of {looked_at} locks of Console {done['console']}, {extended} were extended{until}.")
