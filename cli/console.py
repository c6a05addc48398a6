"""`console add|list|pause|resume|sync|remove`: which Consoles the stack archives."""

from pathlib import Path
from typing import IO, Any

import click

from audit_archive.config import MAX_PERIOD_HOURS
from audit_archive.errors import AuditArchiveError, LedgerError
from audit_archive.format.facts import Action
from audit_archive.retrieve.known import StackFacts
from audit_archive.retrieve.status import statuses
from cli import first, schedules
from cli.adding import CREATED, Order, Row, add_one, is_unchecked, rows_in, said_of
from cli.brakes import show_pauses, show_under_way
from cli.console_keys import id_of
from cli.exits import Exit, Failure
from cli.groups import Group
from cli.key_files import key_file, key_in
from cli.options import Chosen, chosen, confirm, console_argument, global_options, yes_option
from cli.run import decide, decision_event, decision_options, show_result, state, stated_options
from cli.show import is_terminal, say, show_json, show_records, waiting
from cli.stack import Stack
from cli.standing import columns_of, row_of, summary
from cli.sync import CHANGES, Sync, sync_of
from cli.tables import Column, Shape
from cli.tags import NameOption, TagOption

COLUMNS = (
    Column("Console", "console"),
    Column("name", "name", 1, Shape.NAME),
    Column("health", "health", 0, Shape.WORDS),
    Column("schedule", "schedule", 2),
    Column("on", "schedule_state", 3),
    Column("last run", "completed_at", 4, Shape.MOMENT),
    Column("archived id", "highest_archived_id", 5),
    Column("purged id", "highest_purged_id", 6),
    Column("tags", "tags", 7, Shape.NAME),
    Column("verify", "verify_schedule", 8),
    Column("locks", "locks_schedule", 9),
    Column("note", "state", 0, Shape.SENTENCE),
)

_SCHEDULES = ("schedule", "schedule_state", "verify_schedule", "locks_schedule")
LOCKS_OF_FIRST = "The schedule that extends the locks of {console} belongs to the stack, which made it"


@click.group(cls=Group)
def console() -> None:
    """Add, list, pause, sync and remove the Consoles that the stack archives."""


@console.command()
@click.argument("given", metavar="[CONSOLE]", required=False)
@click.option("--name", type=NameOption(), help='What people call it, shown beside its id. "" takes it away.')
@click.option("--tag", "tags", type=TagOption(), multiple=True, metavar="KEY=VALUE",
              help="A tag. Repeat it for more; KEY= takes one away.")  # fmt: skip
@click.option(
    "--schedule", metavar="EXPR", help="When to archive it, in UTC. [default: as the stack's first Console]"
)
@click.option("--period-hours", type=click.IntRange(1, MAX_PERIOD_HOURS), metavar="N",
              help="Hours between two runs of --schedule. "
              "You are alerted if none completes for twice as long.")  # fmt: skip
@click.option(
    "--read-key-file",
    type=key_file,
    metavar="FILE",
    help="A file with a Read-Only API key, to archive with. `-` is stdin.",
)
@click.option(
    "--purge-key-file", type=key_file, metavar="FILE", help="A file with an Admin API key, to purge with."
)
@click.option("--from", "table", type=click.File("r", encoding="utf-8"), metavar="CSV",
              help="Add the Consoles of this file: id, name, tags, schedule, period_hours.")  # fmt: skip
@click.option(
    "--keys", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIRECTORY",
    help="With --from: the keys, in files CONSOLE/read and CONSOLE/purge of this folder.",
)  # fmt: skip
@click.option("--no-check", is_flag=True, help="Do not ask the Console whether it takes the keys.")
@global_options(hidden=True)
@chosen
def add(chosen: Chosen, /, given: str | None, table: IO[str] | None, keys: Path | None, *, no_check: bool,
        **options: Any) -> None:  # fmt: skip
    """Add a Console, or change its name, tags, schedule or keys.

    CONSOLE is the id, or an address of the Console: https://5678efab.canary.tools/settings. Of a Console that
    is there already, what is not given stays as it is.

    Give keys in files, never on the command line. The Console is asked whether it takes them before they are
    stored. Without --purge-key-file a new Console is archived and never purged. The stack's PurgeMode says
    how far all its Consoles are purged.

    \b
    canary-audit console add 5678efab --read-key-file read.txt --name "Factory Graz" --tag site=graz
    canary-audit console add 5678efab --schedule "rate(7 days)" --period-hours 168
    canary-audit console add --from consoles.csv --keys keys
    """
    if (given is None) == (table is None):
        raise click.UsageError("Give a CONSOLE, or --from with a file of Consoles.")
    if table is not None:
        if any(value for value in options.values()):
            raise click.UsageError("With --from, names, tags, schedules and keys are in the files.")
        return _add_all(chosen, list(rows_in(table, keys, is_checked=not no_check)))
    if keys is not None:
        raise click.UsageError("--keys is for --from: give --read-key-file and --purge-key-file.")
    return _add_single(chosen, str(given), options, is_checked=not no_check)


def _add_single(chosen: Chosen, given: str, options: dict[str, Any], *, is_checked: bool) -> None:
    files = {"read": options["read_key_file"], "purge": options["purge_key_file"]}
    order = Order(
        given,
        options["schedule"],
        options["period_hours"],
        {use: key_in(file) for use, file in files.items() if file is not None},
        options["name"],
        dict(options["tags"]),
        is_checked,
    )
    console, done = add_one(chosen.stack, order)
    if chosen.is_json:
        return show_json({"console": console, "done": done})
    for what, outcome in done.items():
        say(f"{what}: {outcome}")
    if done[f"schedule {schedules.ARCHIVE.name}"] != CREATED:
        return None
    if is_unchecked(done):
        say(f"No key was checked, so there may be no Console {console}. If the id is wrong, undo this: "
            f"canary-audit console remove {console} --also-locks")  # fmt: skip
    return say(f"Look at its plan before its first purge: canary-audit run {console} --mode dry-run")


def _add_all(chosen: Chosen, rows: list[Row]) -> None:
    """Add each Console of a file. One that fails leaves the others as they are."""
    told, lines = list[dict[str, Any]](), dict[str, int]()
    for row in rows:
        console, done, problem = row.given, None, row.problem
        try:
            if row.order is not None:
                console = id_of(row.given, chosen.stack.settings.console_url_template)
                if lines.setdefault(console, row.line) != row.line:
                    raise click.UsageError(f"the id is there twice: line {lines[console]} has it, too.")
                console, done = add_one(chosen.stack, row.order)
        except (click.ClickException, AuditArchiveError, OSError) as error:
            problem = said_of(error)
        told.append({"line": row.line, "console": console, "done": done, "error": problem or None})
        what = "done" if done is None or not is_unchecked(done) else "done, but no key was checked"
        say(f"Line {row.line}, {console or '?'}: {problem or what}")
    failed = sum(each["error"] is not None for each in told)
    if chosen.is_json:
        show_json(told)
    if failed:
        message = (
            f"Not added: {failed} of {len(told)} Consoles. See their lines. As the file says: "
            f"{len(told) - failed}."
        )
        raise Failure("NotAdded", message, Exit.FAULTS)
    say(f"As the file says: {len(told)} Console{'s' * (len(told) != 1)}.")


@console.command("list")
@global_options(hidden=True)
@chosen
def list_(chosen: Chosen, /) -> None:
    """List the Consoles, their schedules, and how each is.

    A Console is listed if it has a schedule, an archive or a completed run.
    """
    stack = chosen.stack
    with waiting("looking at the Consoles"):
        there = list(schedules.listed(stack))
        facts = StackFacts({each["Name"]: schedules.facts_of(each) for each in there}, stack.limits)
        found = {each.console: each.as_dict() for each in statuses(stack.reader, None, facts)}
    for each in there:
        owner = schedules.owner_of(each["Name"])
        if owner is None:
            continue
        name, kind = owner
        if kind is schedules.ARCHIVE:
            found[name] |= {"schedule": each["ScheduleExpression"], "schedule_state": each.get("State")}
        else:
            found[name][f"{kind.name}_schedule"] = each["ScheduleExpression"]
    nothing = dict.fromkeys(column.field for column in COLUMNS)
    records = [nothing | record for record in found.values()]
    if chosen.is_json:
        show_json(records)
    elif is_terminal():
        rows = [row_of(each) | {name: each[name] or "none" for name in _SCHEDULES} for each in records]
        show_records(columns_of(records, COLUMNS), rows, stack.clock.now())
    else:
        show_records(COLUMNS, records)
    if records:
        say(f"{summary(records)}.")
    else:
        say("No Console has a schedule or an archive: add one with `canary-audit console add`.")


@console.command()
@console_argument
@stated_options
@global_options(hidden=True)
@chosen
def pause(chosen: Chosen, /, console: str, who: str, reason: str) -> None:
    """Pause purging of one Console, until somebody ends the pause. Archiving goes on.

    It takes effect at once, also for a run that is under way, and it is stated in the chain: whoever loses or
    alters the ledger does not lift it. A purge that is on its way can't be called back. A pause is no legal
    hold: that keeps archived objects (`canary-audit hold`).

    \b
    canary-audit console pause 1234abcd --who ann --reason "we look into a foreign purge"
    """
    _show_pause(chosen, state(chosen, decision_event(console, Action.PAUSE, who, reason)))


def _show_pause(chosen: Chosen, result: dict[str, Any]) -> None:
    if not chosen.is_json:
        show_result(chosen, result)
        say(f"It is in force: no run sends a purge of Console {result['console']} from now on.")
    show_under_way(chosen, result, result["console"])


@console.command()
@decision_options
@chosen
def resume(chosen: Chosen, /, console: str, who: str, reason: str, *, yes: bool) -> None:
    """End every pause of one Console. The next purge comes an hour later at the earliest.

    It names each pause first, and asks: one may be another person's. It ends nothing else: after a mismatch
    `canary-audit resume` is needed as well.
    """
    if not yes:
        show_pauses(chosen.stack.reader, console)
    decide(chosen, console, Action.END_PAUSE, who, reason, yes=yes,
           question=f"End every pause of Console {console}? Runs may then purge it again.")  # fmt: skip


@console.command()
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@yes_option
@global_options(hidden=True)
@chosen
def sync(chosen: Chosen, /, *, dry_run: bool, yes: bool) -> None:
    """Bring the schedules of added Consoles to what the stack is now.

    Do it after each update of the stack: the schedules that `console add` made hold copies of its
    functions, role, queue, retries and window. Missing schedules of a Console that is archived are made.
    When a Console is due, whether its schedule is on, and what else its event asks for stay as they are.
    """
    stack = chosen.stack
    plan = sync_of(stack)
    if not chosen.is_json:
        show_records(CHANGES, [record for each in plan.changes for record in each.records()])
    for left in plan.left_alone:
        say(f"{left.schedule} is not changed: {left.reason}")
    if plan.changes and not dry_run:
        confirm(f"Change {_schedules(len(plan.changes))} of this stack?", yes=yes)
        for each in plan.changes:
            each.carry_out(stack)
    if chosen.is_json:
        show_json(plan.as_dict() | {"done": not dry_run})
    say(_outcome(plan, dry_run=dry_run))
    if plan.left_alone:
        raise Failure("NotSynced", f"{_schedules(len(plan.left_alone))} not changed.", Exit.FAULTS)


def _outcome(plan: Sync, *, dry_run: bool) -> str:
    verb = "is" if plan.same == 1 else "are"
    if not plan.changes:
        return f"{_schedules(plan.same)} {verb} as the stack makes them."
    said = "to be changed" if dry_run else "changed"
    return f"{_schedules(len(plan.changes))} {said}; {plan.same} {verb} as the stack makes them."


def _schedules(count: int) -> str:
    return f"{count} schedule{'s' * (count != 1)}"


@console.command()
@console_argument
@click.option("--also-locks", is_flag=True, help="Let the locks of its statements end, too.")
@yes_option
@global_options(hidden=True)
@chosen
def remove(chosen: Chosen, /, console: str, *, yes: bool, also_locks: bool) -> None:
    """Stop archiving a Console: remove its schedules. Its archive stays, and so do its secrets.

    The schedule that extends locks stays: without it the locks of statements end before those of the exports
    that they prove. Remove it with --also-locks when the archive need not be proven any longer.

    The schedules of the stack's first Console are the stack's, so they are switched off by an update of the
    stack, and a later deploy leaves them off.
    """
    stack = chosen.stack
    is_first = first.is_first(stack, console)
    if is_first and also_locks:
        raise click.UsageError(f"{LOCKS_OF_FIRST.format(console=console)}: leave --also-locks out.")
    how = f"Update the stack {stack.name}, and stop" if is_first else "Stop"
    confirm(f"{how} archiving Console {console}? What is archived stays.", yes=yes)
    if is_first:
        done = dict.fromkeys(("archive", "verify"), first.switch_off(stack))
    else:
        kinds = [kind for kind in schedules.KINDS if also_locks or kind is not schedules.LOCKS]
        done = {kind.name: schedules.remove(stack, kind, console) for kind in kinds}
        if not any(done.values()):
            raise Failure("NoSchedule", f"Console {console} has no schedule in this stack.", Exit.USAGE)
    _retire(stack, console)
    if chosen.is_json:
        return show_json({"console": console, "removed": done})
    ending = "end in time" if also_locks else "are still extended"
    return say(
        f"Console {console} is no longer archived. Its archive and its secrets stay. Its locks {ending}."
    )


def _retire(stack: Stack, console: str) -> None:
    """Tell the fleet check that this was on purpose. Without the right to, it reminds once a week."""
    try:
        stack.runs.retire(console, stack.clock.now())
    except LedgerError as error:
        say(f"The daily fleet check will miss this Console and remind you once a week: {error}")
