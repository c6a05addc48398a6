"""What a page is built of: sections, tables, notices, and values that others chose."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from audit_archive.html_page.markup import Markup, Node, element, joined

MAX_VALUE_CHARACTERS = 200
"""Characters of a value that are shown; an attacker may have chosen a million."""

_RFC3339 = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})Z")
_TAGS = re.compile("<[^>]*>")
_EMPTY = joined()


class Column(NamedTuple):
    """A column: its heading, and the kind of its cells: `number`, `code`, `short`, `bar`, or any (empty)."""

    name: str
    kind: str = ""


def number(count: int) -> str:
    """A count with its thousands set apart. Ids are names: they are written as they are."""
    return f"{count:,}"


def counted(count: int, one: str, many: str | None = None) -> str:
    """A count and what is counted: `1 entry`, `1,200 entries`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def span(first: object, last: object, to: str = "to") -> str:
    """From the first to the last; one of them if they are the same."""
    return str(first) if first == last else f"{first} {to} {last}"


def section(name: str, heading: str, *content: Node) -> Markup:
    """A section of the page. Links lead to its heading by `name`."""
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
    row_kinds: Iterable[str] = (),
) -> Markup:
    """A table. Its first column names the row, `more` says what it leaves out, links lead to `name`.

    `row_kinds`: the class of each row, for the style.
    """
    kinds = iter(row_kinds)
    head = (element("th", column.name, scope="col", class_=column.kind or False) for column in columns)
    body = (element("tr", *_cells(columns, row), class_=next(kinds, False)) for row in rows)
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
            yield element("th", cell, scope="row", class_=kind, data_label=_row_label(column, cell))
        else:
            yield element("td", cell, class_=kind, data_label=column.name)


def _row_label(column: Column, cell: Node) -> str | bool:
    """The label of a row's name on a narrow screen: a name needs none, a number does."""
    text = cell if isinstance(cell, str) else _TAGS.sub("", cell.html)
    return column.name if text[:1].isdigit() else False


def facts(*pairs: tuple[str, Node], kind: str = "facts") -> Markup:
    """Names, each with its value."""
    rows = (element("div", element("dt", name), element("dd", content)) for name, content in pairs)
    return element("dl", *rows, class_=kind)


def notice(kind: str, heading: str, *content: Node, name: str = "") -> Markup:
    """A box that stands out: `good`, `warn` or `bad`. Its sign says so too, for readers who see no colour."""
    headline = element("p", verdict_sign(kind), heading, class_="headline")
    return element("div", headline, *content, class_=f"notice {kind}", id=name or False)


def verdict_sign(kind: str) -> Markup:
    """The sign of a verdict. Words beside it say the same, so a screen reader skips it."""
    return element("span", {"good": "✓", "warn": "!", "bad": "✕"}[kind], class_="sign", aria_hidden="true")


def bullets(items: Iterable[Node]) -> Markup:
    """A plain list."""
    return element("ul", *(element("li", item) for item in items))


def code(text: str) -> Markup:
    """A text to be read letter by letter: a hash, a key, a name of a file."""
    return element("code", text)


def value(content: object, longest: int = MAX_VALUE_CHARACTERS) -> Markup:
    """A value of an entry or of a question. Null reads `none`, an empty text reads `empty`."""
    if content is None:
        return element("span", "none", class_="none")
    if content == "":
        return element("span", "empty", class_="none")
    text = content if isinstance(content, str) else _json(content)
    if len(text) <= longest:
        return joined(text)
    rest = element("span", f"… {number(len(text))} characters", class_="none")
    return joined(text[:longest], rest)


def moment_text(text: str | None) -> Markup:
    """A moment in RFC 3339 and UTC, with a space and `UTC` for people; any other text as it is."""
    read = _RFC3339.fullmatch(text or "")
    if text is None or read is None:
        return value(text)
    return element("time", f"{read[1]} {read[2]} UTC", datetime=text)


def nothing() -> Markup:
    """Empty markup."""
    return _EMPTY


def _json(content: object) -> str:
    return orjson.dumps(content, default=str).decode()
