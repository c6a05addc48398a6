"""`run`, and the decisions of an operator: `resume`, `accept`, `epoch`, `ledger rebuild`."""

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from audit_archive.format.facts import Action, Mode
from audit_archive.run.request import ArchiveRequest, OperatorRequest
from audit_archive.run.result import RunOutcome
from cli.exits import Exit, Failure
from cli.groups import Group
from cli.invoke import invoke, invoke_later, result_of
from cli.options import Chosen, chosen, confirm, console_argument, global_options, yes_option
from cli.plan import plan_facts
from cli.show import say, show_facts, show_json, show_table
from cli.tables import Column

F = TypeVar("F", bound=Callable[..., Any])

HARMLESS = frozenset({Mode.OFF, Mode.DRY_RUN})
"""Modes in which a run purges nothing."""


@click.command()
@console_argument
@click.option(
    "--mode",
    type=click.Choice([str(mode) for mode in Mode]),
    help="How far to go. The stack's PurgeMode is the limit.",
)
@click.option(
    "--keep-days", type=int, metavar="DAYS", help="Leave the entries of so many days on the Console."
)
@click.option("--reason", metavar="TEXT", help="Why. The statements of the run keep it for ever.")
@click.option("--async", "is_async", is_flag=True, help="Start the run and do not wait for its end.")
@click.option("--yes", is_flag=True, help="Purge without showing the plan and asking.")
@global_options(hidden=True)
@chosen
def run(chosen: Chosen, /, console: str, mode: str | None, keep_days: int | None, reason: str | None, *,
        is_async: bool, yes: bool) -> None:  # fmt: skip
    """Make a run over a Console now: archive, prove, and purge as far as the stack allows.

    Where it would purge, it first shows what would be destroyed, and asks. Not more than what was shown is
    then destroyed: what comes meanwhile waits for the next run. Without a terminal nothing is purged without
    --yes. At a terminal you see the function's log while it runs, if you may read it.

    \b
    canary-audit run 1234abcd                    show the plan, ask, purge
    canary-audit run 1234abcd --mode dry-run     show the plan, purge nothing
    canary-audit run 1234abcd --mode off         archive, and leave the Console as it is
    """
    given = {"console": console, "purge_mode": mode, "keep_days": keep_days, "reason": reason}
    event = {name: value for name, value in given.items() if value is not None}
    ArchiveRequest.from_event(event)
    if not is_async:
        return show_result(chosen, _carried_out(chosen, event, mode, yes=yes))
    if not yes and mode not in HARMLESS:
        raise Failure(
            "NoAnswer",
            "A run that is not waited for can't show what it would purge: give --yes as well, or --mode off",
            Exit.USAGE,
        )
    return _start(chosen, event)


def _carried_out(chosen: Chosen, event: dict[str, Any], mode: str | None, *, yes: bool) -> dict[str, Any]:
    """The result of a run. If it would purge, its plan is shown first, and a person is asked."""
    if mode == Mode.OFF or (yes and mode != Mode.DRY_RUN):
        return result_of(invoke(chosen.stack, event))
    shown = result_of(invoke(chosen.stack, event | {"plan": True}))
    plan = shown.get("plan")
    if plan is None or plan["mode"] != Mode.ON or not plan["entries"]:
        return shown
    show_facts(plan_facts(shown, is_asked=True), to_stderr=True)
    say("What is new is archived. Nothing is purged yet.")
    confirm(f"Purge these {plan['entries']:,} entries from Console {event['console']}? It can't be undone.",
            yes=yes)  # fmt: skip
    return result_of(invoke(chosen.stack, event | {"up_to": plan["last_id"]}))


def _start(chosen: Chosen, event: dict[str, Any]) -> None:
    console, request_id = event["console"], invoke_later(chosen.stack, event)
    if chosen.is_json:
        return show_json({"outcome": "begun", "console": console, "request_id": request_id})
    say(f"The run was started, as request {request_id}.")
    return say(f"`canary-audit status {console}` shows when it is completed.")


def stated_options(function: F) -> F:
    """Who decides, and why. What is not given is asked for: a message names a command without them."""
    for name, metavar, what in (("--reason", "TEXT", "Why"), ("--who", "NAME", "Who decides")):
        told = f"{what}. It is kept for ever. Without it you are asked."
        function = click.option(name, metavar=metavar, help=told, callback=_asked_for)(function)
    return function


def _asked_for(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """What was given, or what a person answers. Raises MissingParameter without a terminal."""
    if value is not None or context.resilient_parsing:
        return value
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.MissingParameter(ctx=context, param=option)
    what = "Who decides" if option.name == "who" else "Why"
    return str(click.prompt(f"{what} (kept for ever)", err=True))


def decision_options(function: F) -> F:
    """The options that every decision needs."""
    for option in (
        global_options(hidden=True),
        yes_option,
        stated_options,
        console_argument,
    ):
        function = option(function)
    return function


@click.command()
@decision_options
@chosen
def resume(chosen: Chosen, /, console: str, who: str, reason: str, *, yes: bool) -> None:
    """Decide that purging goes on, after you looked into a mismatch.

    After a purge that destroyed more entries than were archived, no purge is sent until an operator decides
    so.
    """
    decide(chosen, console, Action.RESUME, who, reason, yes=yes,
            question=f"Send purges to Console {console} again?")  # fmt: skip


@click.command()
@decision_options
@chosen
def epoch(chosen: Chosen, /, console: str, who: str, reason: str, *, yes: bool) -> None:
    """Decide that a Console was reset or replaced on purpose.

    From then on its ids start again. What is archived stays, in an epoch of its own.
    """
    decide(chosen, console, Action.EPOCH, who, reason, yes=yes,
            question=f"Begin a new epoch of Console {console}? It can't be taken back.")  # fmt: skip


@click.command()
@click.option("--first", type=int, required=True, metavar="ID", help="The first of the missing ids.")
@click.option("--last", type=int, required=True, metavar="ID", help="The last of the missing ids.")
@decision_options
@chosen
def accept(chosen: Chosen, /, console: str, who: str, reason: str, *, yes: bool, **ids: int) -> None:
    """Decide that missing ids are gone, so that a purge may go above them.

    It takes ids that no receipt of the Console explains. `status` and the warnings of a run list them.

    \b
    canary-audit accept 1234abcd --first 1 --last 40 --who ann --reason "the trail began at 41, says Thinkst"
    """
    question = (
        f"The ids {ids['first']} to {ids['last']} of Console {console} are gone already, or hidden from both "
        "API keys. If they are hidden, the next purge above them destroys them, and no archive has them.\n"
        "Have you looked on the Console itself, and do you accept that they are gone?"
    )
    decide(chosen, console, Action.ACCEPT, who, reason, yes=yes, question=question, **ids)


@click.command("bundle-key")
@decision_options
@chosen
def bundle_key(chosen: Chosen, /, console: str, who: str, reason: str, *, yes: bool) -> None:
    """State in the chain which key signs bundles of evidence.

    From then on whoever trusts the archive's key can check who made a bundle. State it once for each Console,
    and again after the key was replaced.
    """
    decide(chosen, console, Action.BUNDLE_KEY, who, reason, yes=yes,
            question=f"Name the stack's bundle key in the chain of Console {console}, for ever?")  # fmt: skip


@click.group(cls=Group)
def ledger() -> None:
    """Repair the ledger, the index of the archive."""


@ledger.command()
@click.option("--lost-after", type=int, metavar="N", help="The last statement in the bucket, if the "
              "ledger names a later one that is lost. The chain then states the loss.")  # fmt: skip
@decision_options
@chosen
def rebuild(chosen: Chosen, /, console: str, who: str, reason: str, lost_after: int | None, *,
            yes: bool) -> None:  # fmt: skip
    """Rebuild a Console's ledger from the bucket, after it was lost or damaged."""
    decide(chosen, console, Action.REBUILD, who, reason, yes=yes, lost_after=lost_after,
            question=f"Rebuild the ledger of Console {console} from the bucket?")  # fmt: skip


def decide(chosen: Chosen, console: str, action: str, who: str, reason: str, *, question: str | None,
            yes: bool, **own: int | list[str] | None) -> None:  # fmt: skip
    """Ask, have the function state the decision, and show the result. `own`: further fields of the event."""
    event = decision_event(console, action, who, reason, **own)
    if question is not None:
        confirm(question, yes=yes)
    show_result(chosen, state(chosen, event))


def decision_event(console: str, action: str, who: str, reason: str, **own: object) -> dict[str, Any]:
    """The event of a decision, checked before anybody is asked. `own`: its further fields, None for none."""
    event: dict[str, Any] = {"console": console, "action": action, "who": who, "reason": reason}
    event |= {name: value for name, value in own.items() if value is not None}
    OperatorRequest.from_event(event)
    return event


def state(chosen: Chosen, event: dict[str, Any]) -> dict[str, Any]:
    """Have the function state a decision. Returns its result. Raises Failure if it is not stated."""
    result = result_of(invoke(chosen.stack, event, "OperateFunction"))
    if result["outcome"] != RunOutcome.STATED:
        raise Failure(
            "NotStated",
            f"The chain does not state it, since a run or another decision came first ({result['outcome']}). "
            "Look what it was with `canary-audit status`, and give the command again once the run has ended.",
            Exit.FAILED,
        )
    return result


def show_result(chosen: Chosen, result: dict[str, Any]) -> None:
    """The result of a run or a decision."""
    if chosen.is_json:
        return show_json(result)
    lists = ("statements", "warnings")
    tables = ("holes", "foreign_purges")
    in_plan = ("plan", "boundary", "held_back_by") if result.get("plan") else ("plan",)
    show_facts(
        (name.replace("_", " "), result[name]) for name in result if name not in lists + tables + in_plan
    )
    if result.get("plan"):
        show_facts(plan_facts(result))
    for name in tables:
        rows = result.get(name) or []
        if rows:
            click.echo(f"\n{name.replace('_', ' ')}")
            show_table([Column(field, field) for field in rows[0]], rows)
    for statement in result.get("statements", []):
        say(f"New statement: {statement}")
    for warning in result.get("warnings", []):
        say(f"Warning: {warning}")
    return None
