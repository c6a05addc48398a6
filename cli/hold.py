"""`hold set|list|release`: legal holds, stated in the chain with who and why, and set in S3.

The chain never claims less than is held: a hold is stated before S3 sets it, and its end after S3 took it
off. Each command may be given again: it goes on where it was broken off.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, cast

import click

from audit_archive.format.codec import to_json
from audit_archive.format.decisions import LegalHold, holds_after
from audit_archive.format.facts import Action, IdSpan
from audit_archive.format.head import Head
from audit_archive.format.ids import id_set
from audit_archive.format.statement import OperatorStatement
from audit_archive.format.times import utc_date
from audit_archive.ports import Version
from audit_archive.retrieve.legal_holds import freed_by, kept_by, statement_of
from audit_archive.retrieve.request import EntriesRequest
from audit_archive.retrieve.selection import select_statements
from audit_archive.retrieve.statements import Reader, answered, current_head
from audit_archive.retrieve.status import holds_of
from audit_archive.run.request import MOST_HELD
from cli.exits import Exit, Failure
from cli.groups import Group
from cli.held import OnOff, lock_ends, put, unheld, versions_of
from cli.options import Chosen, F, chosen, complete_zone, confirm, console_argument, global_options
from cli.questions import event_of
from cli.run import decision_event, decision_options, state
from cli.show import say, show_cards, show_json, show_table
from cli.stack import question
from cli.tables import Column, Shape

FOLDERS = ("exports", "entries", "statements", "checkpoints")
COVERED = (Column("what", "what"), Column("versions", "versions"))
FAILED = (
    Column("not changed", "key"),
    Column("version", "version_id", 1),
    Column("why", "error", 0, Shape.SENTENCE),
)
OPEN = (
    Column("hold", "seq"),
    Column("since", "since"),
    Column("who, as stated", "who"),
    Column("why", "reason"),
    Column("statements", "statements"),
    Column("not held by S3", "unheld"),
)


def range_options(function: F) -> F:
    """The range that a hold is about."""
    for option in (
        click.option(
            "--tz",
            metavar="ZONE",
            shell_complete=complete_zone,
            help="The time zone of --from and --to. [default: UTC]",
        ),
        click.option(
            "--to", metavar="TIME", help="To this date or time, inclusive. A date means its whole day."
        ),
        click.option("--from", "from_", metavar="TIME", help="From this date or time, inclusive."),
        click.option("--to-id", type=int, metavar="ID", help="To this id, inclusive."),
        click.option("--from-id", type=int, metavar="ID", help="From this id, inclusive."),
        click.option("--all", "is_all", is_flag=True, help="All that the archive has now."),
    ):
        function = option(function)
    return function


@click.group(cls=Group)
def hold() -> None:
    """Set, list or release legal holds, which keep objects whatever their retention.

    A hold is on the exports, entry files, statements and checkpoints, in every version, of each run that
    archived any of a range of ids or times. So it covers more than the range, never less. The chain states
    who set and who released it, and why. Holds may overlap: an object is free once no hold covers it.
    """


@hold.command("set")
@decision_options
@range_options
@chosen
def set_(chosen: Chosen, /, console: str, who: str, reason: str, *, yes: bool, is_all: bool,
         **asked: Any) -> None:  # fmt: skip
    """Hold what covers a range of ids or times, or all there is, until you release it.

    The hold is stated first, then S3 sets it. If the command is broken off, give it again: it goes on with
    the same hold. What is archived later is not held: give the command again for that.

    \b
    canary-audit hold set 1234abcd --from 2026-03-01 --to 2026-03-31 --who ann --reason "case 4711"
    canary-audit hold set 1234abcd --all --who ann --reason "case 4711"
    """
    _check_range(asked, is_all=is_all)
    reader, stack = chosen.stack.reader, chosen.stack
    head = _head(reader, console)
    held = (IdSpan(1, head.seq),) if is_all else _statements(reader, console, asked)
    own = None if is_all else to_json(held)
    event = decision_event(console, Action.LEGAL_HOLD, who, reason, held=own)
    stated = _stated_as(head, who, reason, None if is_all else held)
    if stated is not None and is_all and stated.seq < head.seq:
        stated = None
    versions = versions_of(reader, kept_by(reader, head, stated.held if stated is not None else held))
    if not chosen.is_json:
        _show_versions(versions)
    confirm(f"Hold these {len(versions)} object versions of Console {console}?", yes=yes)
    if stated is None:
        _state(chosen, event)
        head = _head(reader, console)
        stated = _stated_as(head, who, reason, None if is_all else held)
        if stated is None:
            raise Failure("Released", "Somebody released the hold at once: see `hold list`.", Exit.FAILED)
        versions = versions_of(reader, kept_by(reader, head, stated.held))
    failed = put(stack, versions, OnOff.ON)
    done = {"console": console, "hold": stated.seq, "held": to_json(stated.held)}
    _end(chosen, done, len(versions), failed, f"held by hold {stated.seq}")


@hold.command("list")
@console_argument
@click.option("--check", is_flag=True, help="Ask S3 whether it holds each object version of each hold.")
@global_options(hidden=True)
@chosen
def list_(chosen: Chosen, /, console: str, *, check: bool) -> None:
    """List the open legal holds of a Console, as its chain states them.

    With --check the exit status is 1 if S3 does not hold an object version that it should.
    """
    reader = chosen.stack.reader
    head = _head(reader, console)
    holds: list[dict[str, Any]] = [to_json(each) for each in holds_of(head)]
    for each, kept in zip(holds, head.legal_holds, strict=True):
        versions = versions_of(reader, kept_by(reader, head, kept.held)) if check else []
        each["unheld"] = len(unheld(chosen.stack, versions)) if check else None
    if chosen.is_json:
        show_json({"console": console, "holds": holds})
    elif holds:
        show_cards(OPEN, [each | {"statements": _spans(each["held"])} for each in holds])
    if not chosen.is_json:
        say(f"{len(holds)} legal hold{'s are' if len(holds) != 1 else ' is'} open on Console {console}.")
        _say_later(console, holds)
    loose = sum(each["unheld"] or 0 for each in holds)
    if loose:
        raise Failure(
            "NotHeld",
            f"S3 does not hold {loose} object versions that the chain says are held. Find out who released "
            "them. Then give `hold set` again, with the same range, --who and --reason.",
            Exit.FAULTS,
        )


@hold.command()
@decision_options
@click.argument("hold", type=click.IntRange(1))
@chosen
def release(chosen: Chosen, /, console: str, hold: int, who: str, reason: str, *, yes: bool) -> None:
    """Release the legal hold with this number, as `hold list` shows it.

    It first shows what becomes free, and from when on it could be deleted. What another open hold covers too
    stays held. S3 takes the hold off first, then its end is stated: if the command is broken off, give it
    again.

    \b
    canary-audit hold release 1234abcd 812 --who ann --reason "case 4711 is closed"
    """
    reader, stack = chosen.stack.reader, chosen.stack
    head = _head(reader, console)
    kept, is_open = _hold_of(reader, head, hold)
    event = decision_event(console, Action.END_LEGAL_HOLD, who, reason, released=hold)
    versions = versions_of(reader, freed_by(reader, head, kept))
    freed = _freed(chosen, versions)
    if not chosen.is_json:
        _show_versions(versions)
        say(_says_freed(head, hold, freed))
    confirm(f"Release hold {hold} of Console {console}?", yes=yes)
    failed = put(stack, versions, OnOff.OFF)
    if not failed:
        failed = _hold_again(chosen, console, head, versions)
    if not failed and is_open:
        _state(chosen, event)
    done = {"console": console, "hold": hold, **freed, "is_released": not failed}
    _end(chosen, done, len(versions), failed, f"free of hold {hold}")


def _check_range(asked: dict[str, Any], *, is_all: bool) -> None:
    given = {name for name, value in asked.items() if value is not None} - {"tz"}
    if is_all == bool(given):
        raise click.UsageError("Give a range: --from-id and --to-id, or --from and --to. Or give --all.")
    if given & {"from_id", "to_id"} and given & {"from_", "to"}:
        raise click.UsageError("Give a range of ids or of times, not of both.")


def _head(reader: Reader, console: str) -> Head:
    """The head that the chain leads to. Raises Failure if nothing is archived."""
    head, _ = current_head(reader, console)
    if head.statement is None:
        sentence = f"Nothing of Console {console} is archived: give another Console."
        raise Failure("NothingArchived", sentence, Exit.NOT_THERE, has_answer=False)
    return head


def _statements(reader: Reader, console: str, asked: dict[str, Any]) -> tuple[IdSpan, ...]:
    """The numbers of the statements that cover a range, in few ranges. Raises Failure without any."""
    query = cast("EntriesRequest", question(event_of("entries", console, asked))).query
    selected = answered(reader, console, lambda known: select_statements(reader, known, query))
    seqs = sorted(each.row.seq for part in selected for each in part.read)
    if not seqs:
        raise Failure(
            "NothingCovered",
            f"No archived object of Console {console} covers this range: give another range, or Console.",
            Exit.NOT_THERE,
            has_answer=False,
        )
    spans = tuple(IdSpan(each.first, each.last) for each in id_set(seqs).ranges)
    return spans if len(spans) <= MOST_HELD else (IdSpan(seqs[0], seqs[-1]),)


def _stated_as(head: Head, who: str, reason: str, held: Sequence[IdSpan] | None) -> LegalHold | None:
    """The newest open hold that was stated with the same words; without `held`, on the whole archive."""
    same = (each for each in reversed(head.legal_holds) if (each.who, each.reason) == (who, reason))
    return next((each for each in same if (each.is_whole if held is None else each.held == held)), None)


def _hold_of(reader: Reader, head: Head, seq: int) -> tuple[LegalHold, bool]:
    """The hold that a statement states, and whether it is open. Raises Failure if it states none."""
    for each in head.legal_holds:
        if each.seq == seq:
            return each, True
    said = statement_of(reader, head, seq)
    made = holds_after((), said) if isinstance(said, OperatorStatement) else ()
    if not made:
        sentence = f"Statement {seq} of Console {head.console} states no legal hold: see `hold list`."
        raise Failure("UnknownHold", sentence, Exit.NOT_THERE, has_answer=False)
    return made[0], False


def _hold_again(chosen: Chosen, console: str, before: Head, freed: list[Version]) -> list[dict[str, str]]:
    """Hold again what a hold covers that was stated meanwhile. Returns what failed."""
    reader = chosen.stack.reader
    head, known = _head(reader, console), {each.seq for each in before.legal_holds}
    new = [each.held for each in head.legal_holds if each.seq not in known]
    keys = set(kept_by(reader, head, chain.from_iterable(new))) if new else set()
    return put(chosen.stack, [each for each in freed if each.key in keys], OnOff.ON) if keys else []


def _state(chosen: Chosen, event: dict[str, Any]) -> None:
    """Have a decision stated. Raises Failure if something else came first."""
    for warning in state(chosen, event)["warnings"]:
        say(f"Warning: {warning}")


def _freed(chosen: Chosen, versions: list[Version]) -> dict[str, Any]:
    """How many versions become free, and when their locks end."""
    now = chosen.stack.clock.now()
    locked = sorted(end for end in lock_ends(chosen.stack, versions) if end is not None and end > now)
    first, last = (utc_date(locked[0]), utc_date(locked[-1])) if locked else (None, None)
    return {"freed": len(versions), "unlocked": len(versions) - len(locked), "first_lock_ends": first,
            "last_lock_ends": last}  # fmt: skip


def _says_freed(head: Head, hold: int, freed: dict[str, Any]) -> str:
    others = [str(each.seq) for each in head.legal_holds if each.seq != hold]
    which = f"holds {', '.join(others)} cover" if len(others) > 1 else f"hold {''.join(others)} covers"
    stays = f" What {which} too stays held, and is not counted." if others else ""
    count, unlocked = freed["freed"], freed["unlocked"]
    if not count:
        return f"Nothing becomes free.{stays}"
    at_once = f"{unlocked} of them could be deleted at once" if unlocked else "None could be deleted at once"
    first, last = freed["first_lock_ends"], freed["last_lock_ends"]
    then = f"the last from {last} on" if last != first else "all from then on"
    locked = f" {count - unlocked} are locked: nothing of these before {first}, {then}."
    until = locked if first else ""
    return f"{count} object versions become free. {at_once}.{until}{stays}"


def _show_versions(versions: list[Version]) -> None:
    counts = {folder: sum(v.key.startswith(f"{folder}/") for v in versions) for folder in FOLDERS}
    show_table(COVERED, [{"what": name, "versions": count} for name, count in counts.items()])


def _end(chosen: Chosen, done: dict[str, Any], count: int, failed: list[dict[str, str]], become: str) -> None:
    """Show what was done. Raises Failure if it was not all."""
    if chosen.is_json:
        show_json(done | {"changed": count - len(failed), "failed": failed})
    else:
        show_table(FAILED, [_in_short(each) for each in failed]) if failed else None
        say(f"{count - len(failed)} of {count} object versions are {become}.")
    if failed:
        raise Failure(
            "NotAll",
            f"{len(failed)} object versions were not changed. The hold is open in the chain: give the same "
            "command again.",
            Exit.FAULTS,
        )


def _in_short(failed: dict[str, str]) -> dict[str, str]:
    """What failed, without the key in the sentence."""
    return failed | {"error": failed["error"].removeprefix(failed["key"]).strip()}


def _spans(held: list[dict[str, int]]) -> str:
    spans = ((each["first"], each["last"]) for each in held)
    return ", ".join(f"{first} to {last}" if first != last else str(first) for first, last in spans)


def _say_later(console: str, holds: list[dict[str, Any]]) -> None:
    """Say what came after the newest hold on the whole archive."""
    later = min((each["later"] for each in holds if each["later"] is not None), default=0)
    if later:
        say(f"{later} statement{'s' * (later != 1)} came after the hold on the whole archive, and what they "
            f"name is not held: give `canary-audit hold set {console} --all` again.")  # fmt: skip
