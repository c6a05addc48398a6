"""What commands that ask the archive share: the filters, and how the coverage of an answer is shown."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

import click

from audit_archive import __version__
from audit_archive.answers import Asked, Invocation, asked_of
from audit_archive.evidence.report.parts import CAUSE_WORDS, CHOICE_WORDS
from audit_archive.html_page.parts import span
from audit_archive.retrieve.coverage import Coverage
from audit_archive.retrieve.outcome import AnswerOutcome
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.request import RetrieveRequest
from audit_archive.retrieve.statements import Reader
from cli.exits import Exit, Failure
from cli.options import complete_zone
from cli.show import say

F = TypeVar("F", bound=Callable[..., Any])

FIELDS = {"from_": "from", "tz": "zone", "action": "action_type", "from_id": "first_id", "to_id": "last_id"}
"""What the options are called in an event; the others have the same name."""
_SEARCHED = {AnswerOutcome.FOUND, AnswerOutcome.NONE_FOUND}
MAX_HOLES = 10
"""Items of each list of the coverage that a person sees."""

HERE = Invocation("canary-audit", None, __version__)


def _only(_: click.Context, param: click.Parameter, values: tuple[Any, ...]) -> Any:
    if len(values) > 1:
        raise click.BadParameter("give it once: only one of several would count.", param=param)
    return next(iter(values), None)


once = partial(click.option, multiple=True, callback=_only)
"""An option with one value. click takes the last of several, and says nothing of the others: then an answer
would be narrower than the question."""

TIMES = (
    once("--from", "from_", metavar="TIME", help="Only entries of this date or time, or later."),
    once(
        "--to",
        metavar="TIME",
        help="Only entries of this date or time, or earlier. A date means its whole day.",
    ),
    once(
        "--since",
        metavar="TIME",
        help="Like --from. All three also take 60d, 12h, 8w, today, yesterday, 'this week', 'last month', "
        "quarter or year: whole days, but for hours.",
    ),
    once("--during", metavar="TIME", help="Only entries within this: 'last month', or a date."),
    once(
        "--tz",
        metavar="ZONE",
        shell_complete=complete_zone,
        help="The time zone of these, and of the table. [default: UTC]",
    ),
)
NAMES = (
    click.option(
        "--user",
        multiple=True,
        metavar="NAME",
        help="Only entries of this user: the whole name, in any case. Repeat it for more users.",
    ),
    click.option(
        "--action",
        multiple=True,
        metavar="TYPE",
        help="Only entries of this action_type. Repeat it for more.",
    ),
    click.option(
        "--address",
        multiple=True,
        metavar="CIDR",
        help="Only entries from this address or network. Repeat it for more.",
    ),
    click.option(
        "--flock",
        multiple=True,
        metavar="FLOCK",
        help="Only entries of this flock, by its id or name. Repeat it for more.",
    ),
    once("--text", metavar="TEXT", help="Only entries with this text in any field, in any case."),
)
IDS = (
    once("--from-id", type=int, metavar="ID", help="Only entries of this id or a higher one."),
    once("--to-id", type=int, metavar="ID", help="Only entries of this id or a lower one."),
    once("--ids", metavar="RANGE", help="Only entries of these ids: 100-200, 100-, -200, or one id."),
    once("--epoch", type=int, metavar="N", help="Only this epoch, if the Console was ever reset."),
)


def query_options(function: F) -> F:
    """The filters: all that are given must match."""
    for option in reversed((*TIMES, *NAMES, *IDS)):
        function = option(function)
    return function


def event_of(request: str, console: str | None, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The question as an event, in the form that the retrieve function takes."""
    named = {"console": console} if console is not None else {}
    given = {FIELDS.get(name, name): value for name, value in asked.items() if _is_given(value)}
    lists = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
    return {"request": request, **named, **lists}


def asked_now(request: RetrieveRequest, reader: Reader) -> Asked:
    """When the question was asked, by whom and why, for the answer."""
    return asked_of(request.question, reader.clock.now(), HERE)


def _is_given(value: object) -> bool:
    return value is not None and value is not False and value != ()


def show_coverage(outcome: AnswerOutcome, sentence: str, coverage: Coverage) -> None:
    """Say the answer in a sentence, then what was searched, and what is missing or in doubt."""
    say(sentence)
    say(f"How statements were chosen: {CHOICE_WORDS.get(coverage.rests_on, coverage.rests_on)}.")
    for each in coverage.notices:
        say(f"Look into this: {each}.")
    for each in coverage.not_covered:
        say(f"Not covered: {each}.")
    for hole in coverage.holes[:MAX_HOLES]:
        why = CAUSE_WORDS.get(hole.cause, hole.cause)
        ids = "id" if hole.first == hole.last else "ids"
        say(f"Missing: {ids} {span(hole.first, hole.last)} of epoch {hole.epoch} ({hole.cause}): {why}.")
    for other in coverage.amended[:MAX_HOLES]:
        ids = ", ".join(span(each.first, each.last) for each in other.ids[:MAX_HOLES])
        place = f"{other.export_key} (version {other.export_version_id})"
        name = "id" if ids.isdecimal() else "ids"
        say(f"Another form of {name} {ids} of epoch {other.epoch} is in {place}. `entries --forms` shows it.")
    if len(coverage.holes) > MAX_HOLES:
        say("More ids are missing: --json lists them.")
    for purge in coverage.foreign_purges[:MAX_HOLES]:
        who = f"{purge.user} from {purge.user_ip} at {purge.timestamp}"
        say(f"Foreign purge: up to id {purge.before_id}, {purge.count} entries, by {who}.")
    is_whole = not (coverage.missing_ids or coverage.foreign_purges or coverage.not_covered)
    if is_whole and coverage.searched.entries and outcome in _SEARCHED:
        say("No id in this range is missing, and no foreign purge touched it.")


def check_presence(outcome: AnswerOutcome, sentence: str, query: Query) -> None:
    """Raise Failure if the one entry that was asked for is not there, or nothing of the Console."""
    is_lacking = query.ids.first == query.ids.last and outcome != AnswerOutcome.FOUND
    if is_lacking or outcome == AnswerOutcome.NOTHING_ARCHIVED:
        raise Failure("NotThere", sentence, Exit.NOT_THERE)
