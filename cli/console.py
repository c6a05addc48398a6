"""`console add|list|sync|remove`: which Consoles the stack archives."""

from typing import IO, Any

import click

from audit_archive.config import MAX_PERIOD_HOURS, Settings, shortest_period
from audit_archive.errors import LedgerError, SettingsError, runbook_url
from audit_archive.retrieve.status import statuses
from cli import schedules
from cli.exits import Exit, Failure
from cli.groups import Group
from cli.options import Chosen, chosen, confirm, console_argument, global_options, yes_option
from cli.show import say, show_json, show_records
from cli.stack import Stack, asking, checked_key
from cli.sync import CHANGES, Sync, sync_of
from cli.tables import Column, Shape

COLUMNS = (
    Column("Console", "console"),
    Column("schedule", "schedule", 1),
    Column("on", "schedule_state", 2),
    Column("verify", "verify_schedule", 5),
    Column("locks", "locks_schedule", 6),
    Column("last run", "completed_at", 1, Shape.MOMENT),
    Column("archived id", "highest_archived_id", 3),
    Column("purged id", "highest_purged_id", 4),
    Column("state", "state", 0, Shape.SENTENCE),
)

_MAX_KEY = 1000
"""Characters of an API key at most; one has some 50."""

key_file = click.File("r", encoding="ascii")


@click.group(cls=Group)
def console() -> None:
    """Add, list, sync and remove the Consoles that the stack archives."""


@console.command()
@console_argument
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
@global_options(hidden=True)
@chosen
def add(chosen: Chosen, /, console: str, schedule: str | None, period_hours: int | None,
        **files: IO[str] | None) -> None:  # fmt: skip
    """Add a Console: its schedules, and its API keys if files with them are given.

    Give keys in files, never on the command line. Without --purge-key-file a new Console is archived and
    never purged. The stack's PurgeMode says how far all its Consoles are purged.

    \b
    canary-audit console add 5678efab --read-key-file read.txt
    canary-audit console add 5678efab --schedule "rate(7 days)" --period-hours 168
    """
    if schedule is not None and period_hours is None:
        raise click.UsageError("--schedule needs --period-hours: the alert on late runs depends on it.")
    stack = chosen.stack
    if period_hours is not None:
        _check_period(schedule or stack.parameters()[schedules.ARCHIVE.expression], period_hours)
    keys = {name.removesuffix("_key_file"): key_in(file) for name, file in files.items() if file is not None}
    done = {f"secret {use}": put_key(stack, console, use, key) for use, key in keys.items()}
    period = {"period_hours": period_hours} if period_hours is not None else {}
    for kind, own, when in (
        (schedules.ARCHIVE, {}, schedule),
        (schedules.AUDIT, period, None),
        (schedules.LOCKS, {}, None),
    ):
        is_new = schedules.create(stack, kind, {"console": console, **kind.asks, **own}, when)
        done[f"schedule {kind.name}"] = "created" if is_new else "existed already; not changed"
    if chosen.is_json:
        return show_json({"console": console, "done": done})
    for what, outcome in done.items():
        say(f"{what}: {outcome}")
    return say(f"Look at its plan before its first purge: canary-audit run {console} --mode dry-run")


@console.command("list")
@global_options(hidden=True)
@chosen
def list_(chosen: Chosen, /) -> None:
    """List the Consoles, and how far each is archived and purged.

    A Console is listed if it has a schedule or an archive.
    """
    stack = chosen.stack
    found: dict[str, dict[str, Any]] = {each.console: each.as_dict() for each in statuses(stack.reader, None)}
    for each in schedules.listed(stack):
        owner = schedules.owner_of(each["Name"])
        if owner is None:
            continue
        name, kind = owner
        record = found.setdefault(name, {})
        if kind is schedules.ARCHIVE:
            record |= {"schedule": each["ScheduleExpression"], "schedule_state": each.get("State")}
        else:
            record[f"{kind.name}_schedule"] = each["ScheduleExpression"]
    for name in sorted(found):
        if "state" not in found[name]:
            (status,) = statuses(stack.reader, name)
            found[name] = status.as_dict() | found[name]
    nothing = dict.fromkeys(column.field for column in COLUMNS)
    records = [nothing | record | {"console": name} for name, record in sorted(found.items())]
    if chosen.is_json:
        show_json(records)
    else:
        show_records(COLUMNS, records, stack.clock.now())
    if not records:
        say("No Console has a schedule or an archive: add one with `canary-audit console add`.")


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
    """Remove a Console's schedules. Its archive stays, and so do its secrets.

    The schedule that extends locks stays: without it the locks of statements end before those of the exports
    that they prove. Remove it with --also-locks when the archive need not be proven any longer.
    """
    stack = chosen.stack
    if stack.parameters().get("Console") == console:
        raise Failure(
            "FirstConsole",
            f"The schedules of {console} belong to the stack, which made them: deploy it with "
            f"ScheduleState=DISABLED, or with another Console: {runbook_url('stopping-one-console')}",
            Exit.USAGE,
        )
    confirm(f"Stop archiving Console {console}? What is archived stays.", yes=yes)
    kinds = [kind for kind in schedules.KINDS if also_locks or kind is not schedules.LOCKS]
    done = {kind.name: schedules.remove(stack, kind, console) for kind in kinds}
    if not any(done.values()):
        raise Failure(
            "NoSchedule",
            f"Console {console} has no schedule in this stack.",
            Exit.NOT_THERE,
            has_answer=False,
        )
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


def _check_period(schedule: str, hours: int) -> None:
    least = shortest_period(schedule)
    if hours < least:
        raise click.UsageError(
            f"--period-hours is {hours}, but {schedule} leaves up to {least} hours between two runs: you "
            f"would be alerted to a healthy Console. Give --period-hours {least}, or archive more often."
        )


def key_in(file: IO[str]) -> str:
    """The key in a file. Raises UsageError if the file holds anything that the functions would refuse."""
    try:
        key = checked_key(file.name, file.read(_MAX_KEY + 1))
    except (UnicodeDecodeError, SettingsError):
        key = ""
    if not key or len(key) > _MAX_KEY or not key.isprintable() or any(each.isspace() for each in key):
        raise click.UsageError(f"{file.name} must hold the API key and nothing else.")
    return key


def put_key(stack: Stack, console: str, use: str, key: str) -> str:
    """Put a Console's key where the stack reads it. Returns what became of it. Raises CloudError."""
    return put_secret(stack, stack.settings, stack.secret(console, use), key)


def put_secret(stack: Stack, settings: Settings, name: str, key: str) -> str:
    """Put a key under a name, as `put_key` does, for a stack that may not be there yet."""
    if settings.in_parameter_store:
        return _put_parameter(stack, name, key)
    secrets = stack.client("secretsmanager")
    with asking(f"The secret {name} can't be written"):
        try:
            secrets.create_secret(Name=name, SecretString=key, Description="An API key of a Canary Console")
        except secrets.exceptions.ResourceExistsException:
            secrets.put_secret_value(SecretId=name, SecretString=key)
            return "has a new value"
    return "created"


def _put_parameter(stack: Stack, name: str, key: str) -> str:
    """Encrypted with the key aws/ssm: every role of the account that may read the parameter may use it."""
    with asking(f"The parameter {name} can't be written"):
        put = stack.client("ssm").put_parameter(
            Name=name,
            Value=key,
            Type="SecureString",
            Tier="Standard",
            Overwrite=True,
            Description="An API key of a Canary Console",
        )
    return "created" if put["Version"] == 1 else "has a new value"
