"""`fleet`: how all Consoles of the stack were when the fleet was last checked, and the page that shows it."""

import json
import webbrowser
from typing import Any

import click

from audit_archive.format.layout import FLEET_DATA_KEY, FLEET_PAGE_KEY
from audit_archive.format.times import rfc3339
from cli.exits import Exit, Failure
from cli.invoke import result_of
from cli.options import Chosen, chosen, global_options
from cli.show import is_terminal, say, show_json, show_records
from cli.stack import CloudError, Stack, asking, error_code_of
from cli.tables import Column, Shape

COLUMNS = (
    Column("Console", "console"),
    Column("name", "name", 1, Shape.NAME),
    Column("health", "health"),
    Column("last run", "completed_at", 1, Shape.MOMENT),
    Column("verified", "verified_at", 2, Shape.MOMENT),
    Column("entries", "entries", 3),
    Column("why", "why", 0, Shape.SENTENCE),
)


@click.command()
@click.option("--now", is_flag=True, help="Check the fleet now, and do not wait for the daily check.")
@click.option("--open", "opens", is_flag=True, help="Print a link to the page, and open it in a browser.")
@global_options(hidden=True)
@chosen
def fleet(chosen: Chosen, /, *, now: bool, opens: bool) -> None:
    """Show how all Consoles are, as the daily fleet check found them.

    The check writes a page that shows the same, with a picture of the last 30 days. --open prints a link
    to it. Whoever has the link can read the page without AWS, as long as the link works. The exit status
    is 1 if a Console needs a person, but not with --open.

    \b
    canary-audit fleet --open
    canary-audit fleet --now --json
    """
    stack = chosen.stack
    if now:
        _check(stack)
    found = _data(stack)
    if opens:
        _open(stack, is_json=chosen.is_json, found=found)
    elif chosen.is_json:
        show_json(found)
    elif is_terminal():
        show_records(COLUMNS, [row_of(each) for each in found["consoles"]], stack.clock.now())
    else:
        show_records(COLUMNS, found["consoles"])
    if not chosen.is_json:
        say(_sentence(found))
    if not opens and any(each["needs_person"] for each in found["consoles"]):
        click.get_current_context().exit(Exit.FAULTS)


def _check(stack: Stack) -> None:
    name = stack.output("VerifyFunction")
    with asking(f"The function {name} can't be invoked"):
        answer = stack.invoker.invoke(FunctionName=name, Payload=b'{"fleet": true}')
        result = json.loads(answer["Payload"].read())
    checked = result_of({"result": result, "failed": "FunctionError" in answer})
    if checked.get("page_fault") is not None:
        raise Failure(
            "NoPage", f"The fleet was checked, its page not written: {checked['page_fault']}", Exit.FAILED
        )


def _data(stack: Stack) -> dict[str, Any]:
    bucket = stack.output("ReportsBucket")
    try:
        with asking("The data of the fleet can't be read"):
            answer = stack.client("s3").get_object(Bucket=bucket, Key=FLEET_DATA_KEY)
            found: dict[str, Any] = json.loads(answer["Body"].read())
    except CloudError as error:
        if error_code_of(error) != "NoSuchKey":
            raise
        raise Failure(
            "NoFleetCheck",
            "The fleet was not checked in the last 30 days. Check it now with `canary-audit fleet --now`.",
            Exit.NOT_THERE,
        ) from error
    return found


def _open(stack: Stack, *, is_json: bool, found: dict[str, Any]) -> None:
    link, until = stack.page_link(FLEET_PAGE_KEY)
    if is_json:
        show_json({"link": link, "works_until": rfc3339(until), "checked_at": found["checked_at"]})
        return
    click.echo(link)
    say(f"The link works until {rfc3339(until)} at most, for whoever has it.")
    if is_terminal() and not opened_in_browser(link):
        say("No browser could be opened here: open the link yourself.")


def opened_in_browser(link: str) -> bool:
    """Whether a browser of this machine took the link."""
    try:
        return webbrowser.open(link)
    except webbrowser.Error:
        return False


def _sentence(found: dict[str, Any]) -> str:
    consoles = found["consoles"]
    sick = sum(bool(each["needs_person"]) for each in consoles)
    return f"{sick} of {len(consoles)} Consoles need a person, as of {found['checked_at']}."


def row_of(each: dict[str, Any]) -> dict[str, Any]:
    """A row of the table: the problems as a sentence, the days as their sum."""
    why = "; ".join(problem["sentence"] for problem in each["problems"]) or None
    days = each["entries"]
    return each | {"why": why, "entries": sum(days["entries"]) if days is not None else None}
