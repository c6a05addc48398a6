"""The page of the fleet: every Console of a stack in one table, those that need a person first. Pure.

It can be read without its script, which searches only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audit_archive.answer_ports import FleetLooks
from audit_archive.audit.fleet_history import DAYS, History
from audit_archive.errors import runbook_url
from audit_archive.format.times import rfc3339
from audit_archive.health import HEALTH_WORDS, NEVER_ARCHIVED, WELL, ConsoleHealth, Judgement, Known
from audit_archive.html_page.frame import sealed_head
from audit_archive.html_page.markup import Markup, Node, around, document, element, joined, program
from audit_archive.html_page.parts import (
    Column,
    bullets,
    code,
    counted,
    moment_text,
    nothing,
    number,
    section,
    table,
    value,
    verdict_sign,
)

_GRAVE = frozenset({Judgement.ABSENT, Judgement.FAULTS})
_HEIGHT, _STEP, _BAR, _LEAST = 24, 4, 3, 1.5
"""Of the picture of a row, in its own units: its height; of a day the step, the bar and the least height."""

SICK = "need a person"
"""What is chosen to see these only. Each other choice is a word of health."""

MAX_PROBLEM = 300
"""Characters of a problem that the page shows."""

_SIGNS = {"good": "good", "quiet": "good", "warn": "warn", "bad": "bad"}

_COLUMNS = (
    Column("Console"),
    Column("Health"),
    Column("Last run, UTC", "short"),
    Column("Last audit, UTC", "short"),
    Column(f"Entries of {DAYS} days", "spark"),
    Column("Statements", "number"),
)


@dataclass(frozen=True)
class FleetRow:
    """A Console on the page. `history`: None if it is not known."""

    health: ConsoleHealth
    known: Known
    history: History | None


@dataclass(frozen=True)
class FleetFacts:
    """What the page shows. `checked_at`: epoch seconds."""

    stack: str
    checked_at: int
    rows: tuple[FleetRow, ...]


def fleet_page(facts: FleetFacts, looks: FleetLooks) -> Iterator[bytes]:
    """The page in pieces of UTF-8. The same facts give the same bytes."""
    for piece in _page(facts, looks):
        yield piece.html.encode()


def ordered(rows: Sequence[FleetRow]) -> list[FleetRow]:
    """Rows with the gravest health first, then by the Console's id."""
    return sorted(rows, key=lambda row: (HEALTH_WORDS.index(row.health.word), row.health.console))


def _page(facts: FleetFacts, looks: FleetLooks) -> Iterator[Markup]:
    title = f"The Consoles of {facts.stack}, {rfc3339(facts.checked_at)}"
    begin, end = document(sealed_head(title, looks.style, looks.script), "en")
    body, body_end = around("body", element("a", "Skip to the Consoles", href="#consoles", class_="skip"))
    main, main_end = around("main", id="main")
    yield from (begin, body, _header(facts), main, _tiles(facts.rows), _consoles(facts), _limits(facts))
    footer = "Made by Canary Audit Archive. This page loads no data and sends no data. It is no evidence."
    yield from (main_end, element("footer", element("p", footer)))
    yield from (program("script", looks.script), body_end, end)


def _header(facts: FleetFacts) -> Markup:
    return element(
        "header",
        element("p", "Fleet of ", facts.stack, class_="eyebrow"),
        element("h1", _headline(facts.rows)),
        element("p", "As of ", moment_text(rfc3339(facts.checked_at)), ", when the fleet was last checked."),
    )


def _headline(rows: Sequence[FleetRow]) -> str:
    """Whether anybody is needed. Nothing is said to be well of a Console that nothing is archived of."""
    sick = sum(not row.health.is_healthy for row in rows)
    new = sum(row.health.word == NEVER_ARCHIVED for row in rows)
    everyone = counted(len(rows), "Console")
    if sick:
        return f"{number(sick)} of {everyone} {'needs' if sick == 1 else 'need'} a person"
    if new:
        were = "was" if new == 1 else "were"
        return f"No Console needs a person. {number(new)} of {everyone} {were} never archived"
    return f"All is well with {everyone}, as far as this check looked"


def _words(rows: Sequence[FleetRow]) -> dict[str, int]:
    """How many Consoles have each word of health, in the order of the rows."""
    words = dict[str, int]()
    for row in ordered(rows):
        words[row.health.word] = words.get(row.health.word, 0) + 1
    return words


def _tiles(rows: Sequence[FleetRow]) -> Markup:
    """A choice of which rows are shown. The style hides the others, so it works without the script."""
    kinds = {row.health.word: _kind(row.health) for row in rows}
    choices = {"all": (len(rows), ""), SICK: (sum(not row.health.is_healthy for row in rows), "")}
    choices |= {word: (count, kinds[word]) for word, count in _words(rows).items()}
    made = (
        element(
            "label",
            element("input", type="radio", name="show", id=f"show-{_class(word)}", checked=word == "all"),
            element("strong", number(count)),
            element("span", word),
            class_=f"tile {kind}".strip(),
        )
        for word, (count, kind) in choices.items()
    )
    return element("fieldset", element("legend", "Show"), *made, class_="tiles no-print")


def _consoles(facts: FleetFacts) -> Markup:
    search = element(
        "p",
        element("label", "Search ", for_="search"),
        element("input", type="search", id="search", autocomplete="off", spellcheck="false"),
        element("span", id="found", role="status"),
        id="searching",
        class_="no-print",
        hidden=True,
    )
    rows = ordered(facts.rows)
    made = table(
        f"{counted(len(rows), 'Console')}, the gravest first",
        _COLUMNS,
        map(_cells, rows),
        kind="fleet",
        row_kinds=[f"{_kind(row.health)} is-{_class(row.health.word)}" for row in rows],
    )
    return section("consoles", "Consoles", search, made)


def _cells(row: FleetRow) -> tuple[Node, ...]:
    health = row.health
    return (
        _name(row),
        _health(health),
        _moment(health.completed_at, "none completed"),
        _audit(row),
        _spark(row.history),
        number(health.statements),
    )


def _name(row: FleetRow) -> Node:
    label, console = row.known.runs.label, row.health.console
    tags = " ".join(f"{key}={value}" for key, value in sorted(label.tags.items()))
    small = element("small", tags) if tags else nothing()
    if label.name is None:
        return joined(code(console), small)
    return joined(element("strong", label.name), element("small", code(console)), small)


def _health(health: ConsoleHealth) -> Node:
    sign = verdict_sign(_SIGNS[_kind(health)])
    if not health.problems:
        return element("strong", sign, health.word, class_="word")
    link = element("a", health.word, href=runbook_url("fleetcheck"), rel="noreferrer")
    said = (_problem(health.word, str(p.judgement), p.sentence) for p in health.problems)
    return joined(element("strong", sign, link, class_="word"), bullets(said))


def _problem(word: str, judgement: str, sentence: str) -> Node:
    """A sentence, which may hold what others chose."""
    return joined("" if judgement == word else f"{judgement}: ", value(sentence, MAX_PROBLEM))


def _moment(at: int | None, missing: str) -> Node:
    if at is None:
        return element("span", missing, class_="none")
    text = rfc3339(at)
    return element("time", f"{text[:10]} {text[11:16]}", datetime=text)


def _audit(row: FleetRow) -> Node:
    rotation = row.known.rotation
    when = _moment(row.health.verified_at, "none on record")
    if rotation is None or not rotation.faults:
        return when
    return joined(when, element("small", counted(rotation.faults, "open fault"), class_="grave"))


def _spark(history: History | None) -> Node:
    if history is None:
        return element("span", "not known", class_="none")
    said = f"{'' if history.is_whole else 'at least '}{counted(history.total, 'entry', 'entries')}"
    highest = max(history.entries)
    if not highest:
        return element("span", said, class_="none")
    at = history.entries.index(highest)
    day = history.until.fromordinal(history.until.toordinal() - len(history.entries) + 1 + at).isoformat()
    title = f"{said} of {DAYS} days up to {history.until.isoformat()}, most of {day}: {number(highest)}"
    bars = "".join(
        f"M{at * _STEP} {_HEIGHT}v-{max(count / highest * _HEIGHT, _LEAST):.1f}h{_BAR}V{_HEIGHT}z"
        for at, count in enumerate(history.entries)
        if count
    )
    drawn = element(
        "svg",
        element("title", title),
        element("path", d=f"M0 {_HEIGHT}h{DAYS * _STEP}", class_="base"),
        element("path", d=bars),
        viewBox=f"0 0 {DAYS * _STEP} {_HEIGHT}",
        role="img",
        class_="sparkline",
    )
    return joined(drawn, element("small", said))


def _limits(facts: FleetFacts) -> Markup:
    unknown = sum(row.history is None for row in facts.rows)
    lines: list[Node] = [
        "What was after its moment. It is written once a day. If it is older than that, no check is made any "
        "more, and an alarm tells so.",
        "Whether the counts are right. They are those of the ledger's newest statements, by the day of the "
        "event. The entries of a statement over several days are spread evenly over these. The audits hold "
        "the ledger against the chain. Each picture has a scale of its own.",
        joined(
            "What a Console holds now, what waits to be purged, and which ids are missing: ask ",
            code("canary-audit status"),
            ".",
        ),
    ]
    if unknown:
        lines.append(f"The entries of {counted(unknown, 'Console')}: the ledger did not tell them in time.")
    return section("limits", "What this page does not know", bullets(lines))


def _kind(health: ConsoleHealth) -> str:
    if health.is_healthy:
        return "good" if health.word == WELL else "quiet"
    return "bad" if any(p.judgement in _GRAVE for p in health.problems) else "warn"


def _class(word: str) -> str:
    return word.replace(" ", "-")
