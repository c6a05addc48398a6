"""`faults list|accept`: the faults that the daily audit of a Console found last, and what was decided."""

from collections.abc import Mapping, Sequence
from typing import Any

import click

from audit_archive.bookmark import AuditResult
from audit_archive.format.decisions import decided_at
from audit_archive.format.display import stated
from audit_archive.format.facts import Action
from audit_archive.format.times import any_rfc3339
from audit_archive.format.verdicts import Fault
from audit_archive.retrieve.statements import current_head
from cli.exits import Exit, Failure
from cli.groups import Group
from cli.options import Chosen, chosen, console_argument, global_options
from cli.run import decide, decision_options
from cli.show import say, show_cards, show_json
from cli.tables import Column

SHORT = 12
"""Digits of a digest that are shown. A digest may be given by its first ones, as many as tell it apart."""

COLUMNS = (
    Column("fault", "fault"),
    Column("verdict", "verdict"),
    Column("accepted", "accepted"),
    Column("what", "sentence"),
)


@click.group(cls=Group)
def faults() -> None:
    """Show the faults that hold purging back, and decide that they no longer do.

    While the daily audit finds faults, nothing of the Console is purged. A fault that can't be mended, such
    as a version that is lost, would hold for ever. So an operator may accept it: each fault by its digest.
    Another one holds again.
    """


@faults.command("list")
@console_argument
@global_options(hidden=True)
@chosen
def list_(chosen: Chosen, /, console: str) -> None:
    """List what the last daily audit of a Console found, and which faults were accepted, by whom and why."""
    found = _found(chosen, console)
    if chosen.is_json:
        show_json(found)
    elif found["faults"]:
        show_cards(COLUMNS, map(_row, found["faults"]))
    if not chosen.is_json:
        say(_says(found))


@faults.command()
@decision_options
@click.argument("digests", nargs=-1, metavar="[FAULT]...")
@click.option("--all", "is_all", is_flag=True, help="Each fault that the last daily audit found.")
@chosen
def accept(chosen: Chosen, /, console: str, who: str, reason: str, digests: Sequence[str], *, is_all: bool,
           yes: bool) -> None:  # fmt: skip
    """Decide that faults of the daily audit hold purging back no longer.

    Name each by the first digits of its digest, as `faults list` shows them. The statement keeps each fault
    in full. The first purge comes an hour later at the earliest. The fault stays in each audit, report and
    message.

    \b
    canary-audit faults accept 1234abcd 3f6a91 --who ann --reason "the disk of the copy died, see INC-7"
    """
    if is_all == bool(digests):
        raise click.UsageError("Name faults by their digests, or give --all.")
    known = {each["digest"]: each for each in _found(chosen, console)["faults"] if not each["accepted"]}
    named = list(known) if is_all else [_named(known, given) for given in digests]
    if not named:
        raise Failure("NothingToAccept", f"No fault of Console {console} waits for a decision.", Exit.USAGE)
    if not chosen.is_json:
        show_cards(COLUMNS, [_row(known[digest]) for digest in named])
    count = f"{len(named)} faults" if len(named) > 1 else "this fault"
    decide(chosen, console, Action.ACCEPT_FAULTS, who, reason, yes=yes, faults=list(dict.fromkeys(named)),
           question=f"What is purged from Console {console} after this is in its archive only, and the "
           f"archive has {count}. Have you looked into it, and may purging go on beside it?")  # fmt: skip


def _found(chosen: Chosen, console: str) -> dict[str, Any]:
    """What the last daily audit of a Console found, with the decisions about it."""
    reader = chosen.stack.reader
    last = reader.verifications.last(console) if reader.verifications is not None else None
    if last is None:
        raise Failure("NotAudited", f"No audit of Console {console} is on record.", Exit.NOT_THERE)
    head, _ = current_head(reader, console)
    decisions = {
        digest: f"at {any_rfc3339(each.at)}, {stated(each.who, each.reason)}"
        for each in head.acceptances
        for digest in each.faults
    }
    accepted = last.accepted(decided_at(head.acceptances))
    listed = [_fact(f, decisions[f.sha256] if f.sha256 in accepted else None) for f in last.open_faults]
    is_well = last.last_result == AuditResult.VALID
    return {
        "console": console,
        "audited_at": any_rfc3339(last.last_completed_at),
        "result": last.last_result,
        "fault_count": last.faults,
        "unaccepted": 0 if is_well else last.unaccepted(decided_at(head.acceptances)),
        "faults": listed,
    }


def _fact(fault: Fault, accepted: str | None) -> dict[str, Any]:
    return {
        "digest": fault.sha256,
        "verdict": str(fault.verdict),
        "key": fault.key,
        "version_id": fault.version_id,
        "seq": fault.seq,
        "sentence": fault.sentence,
        "accepted": accepted,
    }


def _row(fault: Mapping[str, Any]) -> dict[str, Any]:
    return {**fault, "fault": fault["digest"][:SHORT], "accepted": fault["accepted"] or "no"}


def _says(found: Mapping[str, Any]) -> str:
    audited = f"The daily audit of {found['audited_at']} found"
    if not found["fault_count"]:
        return (
            f"{audited} no fault, as far as it looked: it reads a share of the contents each day. "
            f"`canary-audit verify {found['console']} --depth content` reads all of them now."
        )
    count = f"{audited} {found['fault_count']} fault{'s' * (found['fault_count'] != 1)}."
    more = found["fault_count"] - len(found["faults"])
    unlisted = f" {more} of them are not listed: look again after the next audit." if more > 0 else ""
    if not found["unaccepted"]:
        accepted = "All of them were accepted: an hour later they hold nothing back."
        return f"{count} {accepted}"
    holding = f"{found['unaccepted']} hold{'s' * (found['unaccepted'] == 1)} purging back."
    return f"{count} {holding}{unlisted}"


def _named(known: Mapping[str, Any], given: str) -> str:
    """The digest that begins so. Raises Failure unless it is exactly one."""
    found = [digest for digest in known if digest.startswith(given.lower())]
    if len(found) != 1:
        what = "No open fault has" if not found else "More than one open fault has"
        sentence = f"{what} a digest that begins with {given}: see `faults list`."
        raise Failure("UnknownFault", sentence, Exit.USAGE)
    return found[0]
