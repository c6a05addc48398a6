"""What the sections are built of: values, tables, lists of facts, notices."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from audit_archive.domain.coverage import LISTED
from audit_archive.report.markup import Markup, Node, element, joined
from audit_archive.report.words import number

ROWS = 50
"""How many rows a table of the report has; all of them are in a file beside it."""

LONGEST = 200
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


def left_out(there: int, shown: int = ROWS, where: str = "manifest.json") -> str:
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
    headline = element("p", sign(kind), heading, class_="headline")
    return element("div", headline, *content, class_=f"notice {kind}", id=name or False)


def sign(kind: str) -> Markup:
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


def value(told: object, longest: int = LONGEST) -> Markup:
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


def moment(text: str | None) -> Markup:
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
