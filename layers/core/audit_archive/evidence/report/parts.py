"""What the sections are built of: values, tables, lists of facts, notices."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import orjson

from audit_archive.evidence.model import Turn
from audit_archive.evidence.report.markup import Markup, Node, element, joined
from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import Cause
from audit_archive.format.verdicts import Depth, Verdict, Why
from audit_archive.retrieve.coverage import LISTED, Absence
from audit_archive.retrieve.outcome import AnswerOutcome

# The words for what an answer, an audit and an archive may hold; a reader has never seen the product.

SILENT = frozenset({AnswerOutcome.OUTSIDE, AnswerOutcome.NOTHING_LEFT, AnswerOutcome.NOTHING_ARCHIVED})
"""Outcomes that say nothing of what happened."""

CAUSE_WORDS: Mapping[Cause | UnknownMember, str] = {
    Cause.PURGED: "gone by a purge of ours before it was archived",
    Cause.FOREIGN_PURGE: "destroyed by somebody else's purge before it was archived",
    Cause.BEFORE_ARCHIVE: "gone before this archive began",
    Cause.UNEXPLAINED: "missing without an explanation",
}
ABSENCES = {
    Absence.EXPIRED: "its retention is over",
    Absence.REMOVED: "removed before its retention was over",
    Absence.NOT_PUBLISHED: "not written yet: its run is not done, or died",
}
TURNS: Mapping[Turn | UnknownMember, str] = {
    Turn.BEGIN: "Archive begins",
    Turn.KEY: "Signing key named",
    Turn.EPOCH: "New epoch",
    Turn.RESUME: "Resumed by a person",
    Turn.REBUILD: "Ledger rebuilt",
    Turn.FOREIGN_PURGE: "Foreign purge",
    Turn.MISMATCH: "A purge differed from its plan",
    Turn.UNKNOWN: "How a purge ended is unknown",
    Turn.HOLE: "Ids missing",
}
VERDICT_WORDS = {
    Verdict.ALTERED: "its bytes are not those that a hash names",
    Verdict.MISSING: "named, and not there before its time",
    Verdict.UNLOCKED: "not locked against deletion as stated",
    Verdict.MISDESCRIBED: "what it holds does not fit what is stated",
    Verdict.BROKEN: "a statement that does not follow the one before it",
    Verdict.GAP: "an id that is in no statement, or in two",
    Verdict.FORKED: "two histories, or a second version",
    Verdict.UNSIGNED: "no checkpoint by a known key",
    Verdict.EXPIRED: "gone, as its retention is over",
    Verdict.ORPHANED: "no statement names it",
    Verdict.HOLE: "ids missing without an explanation, stated as such",
    Verdict.FOREIGN_PURGE: "a purge that was not ours, stated as such",
}
DEPTHS = {
    Depth.CHAIN: "every statement of the chain, its hash and its signature",
    Depth.OBJECTS: "every statement, and of each object that one names its presence, size, checksum and lock",
    Depth.CONTENT: "every statement, and every byte of the exports and entry files behind them",
}
REASONS = {
    Why.DEPTH: "this audit does not look that deep",
    Why.RANGE: "outside of the statements that were audited",
    Why.TIME: "the time was over",
    Why.EXPIRED: "gone, as its retention is over",
    Why.COPY: "a copy does not show it",
    Why.UNKEPT: "the bucket keeps none",
    Why.FAULT: "something that it rests on is missing or not to be trusted",
    Why.UNRECORDED: "its run is not done, or died",
}


def number(count: int) -> str:
    """A count with its thousands set apart. Ids are names: they are written as they are."""
    return f"{count:,}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count and what is counted: `1 entry`, `1,200 entries`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def span(first: object, last: object, to: str = "to") -> str:
    """From the first to the last; one of them if they are the same."""
    return str(first) if first == last else f"{first} {to} {last}"


MOST_ROWS = 50
"""How many rows a table of the report has; all of them are in a file beside it."""

MAX_VALUE_CHARACTERS = 200
"""Characters of a value that are shown; an attacker may have chosen a million."""

LISTS = {
    "not_covered": "what is not covered",
    "holes": "the holes",
    "gone_files": "the gone files",
    "unjudged": "the unjudged entries",
    "stale": "the stale exports",
    "miscounted": "the exports that do not fit the Console's count",
    "amended": "the other forms",
    "overlaid": "the files under a false version",
}
"""What sentences send a program to by the names of fields, and what a person finds on the page."""

_NAMES = re.compile(rf"`([^`]+)`|(?<=see )({'|'.join(LISTS)})")
_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})Z")
_EMPTY = joined()


class Column(NamedTuple):
    """A column: its heading, and what stands in it: `number`, `code`, `short`, or nothing special."""

    name: str
    kind: str = ""


def section(name: str, heading: str, *content: Node) -> Markup:
    """A section of the page under a heading, which links lead to."""
    title = element("h2", heading, id=name)
    return element("section", title, *content, aria_labelledby=name)


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Node]],
    *,
    more: str = "",
    kind: str = "",
    name: str = "",
) -> Markup:
    """A table whose first column names the row. `more` says what it leaves out, links lead to `name`."""
    head = (element("th", column.name, scope="col", class_=column.kind or False) for column in columns)
    body = (element("tr", *_cells(columns, row)) for row in rows)
    made = element(
        "table",
        element("caption", caption),
        element("thead", element("tr", *head)),
        element("tbody", *body),
        class_=kind or False,
        id=name or False,
    )
    return joined(made, element("p", more, class_="more")) if more else made


def _cells(columns: Sequence[Column], row: Sequence[Node]) -> Iterable[Markup]:
    for at, (column, cell) in enumerate(zip(columns, row, strict=True)):
        kind = column.kind or False
        if at == 0:
            yield element("th", cell, scope="row", class_=kind)
        else:
            yield element("td", cell, class_=kind, data_label=column.name)


def left_out(there: int, shown: int = MOST_ROWS, where: str = "manifest.json") -> str:
    """What a list of so many leaves out, in words; nothing if it leaves out nothing."""
    if there <= shown:
        return ""
    least = "at least " if there == LISTED else ""
    return f"and {least}{number(there - shown)} more, in {where}"


def facts(*pairs: tuple[str, Node], kind: str = "facts") -> Markup:
    """Names and what they stand for."""
    rows = (element("div", element("dt", name), element("dd", told)) for name, told in pairs)
    return element("dl", *rows, class_=kind)


def notice(kind: str, heading: str, *content: Node, name: str = "") -> Markup:
    """What nobody may miss: `good`, `warn` or `bad`. The sign says so too, not the colour alone."""
    headline = element("p", verdict_sign(kind), heading, class_="headline")
    return element("div", headline, *content, class_=f"notice {kind}", id=name or False)


def verdict_sign(kind: str) -> Markup:
    """The sign of a verdict; the words beside it say the same."""
    return element("span", {"good": "✓", "warn": "!", "bad": "✕"}[kind], class_="sign", aria_hidden="true")


def bullets(items: Iterable[Node]) -> Markup:
    """A plain list."""
    return element("ul", *(element("li", item) for item in items))


def code(text: str) -> Markup:
    """What is written to the letter: a hash, a key, a name of a file."""
    return element("code", text)


def spoken(sentence: str) -> Markup:
    """A sentence of ours, with no value in it that others chose: names in backticks, and links to lists."""
    told: list[Node] = []
    for at, part in enumerate(_NAMES.split(sentence)):
        if part:  # in turn what is neither, a name, a list
            told.append((part, code(part), _link(part))[at % 3])
    return joined(*told)


def _link(place: str) -> Markup:
    return element("a", LISTS.get(place, place), href=f"#{place}")


def value(told: object, longest: int = MAX_VALUE_CHARACTERS) -> Markup:
    """A value of an entry or of a question: what is none is told apart from what is empty."""
    if told is None:
        return element("span", "none", class_="none")
    if told == "":
        return element("span", "empty", class_="none")
    text = told if isinstance(told, str) else _json(told)
    if len(text) <= longest:
        return joined(text)
    rest = element("span", f"… {number(len(text))} characters", class_="none")
    return joined(text[:longest], rest)


def moment_text(text: str | None) -> Markup:
    """A moment that is RFC 3339 in UTC, as one reads it; any other text as it is."""
    read = _RFC3339.fullmatch(text or "")
    if text is None or read is None:
        return value(text)
    return element("time", f"{read[1]} {read[2]} UTC", datetime=text)


def nothing() -> Markup:
    """No markup at all."""
    return _EMPTY


def _json(told: object) -> str:
    return orjson.dumps(told, default=str).decode()
