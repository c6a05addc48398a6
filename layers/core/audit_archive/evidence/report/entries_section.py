"""The section of entries: a row for each, which opens to the archived line, exactly as it is hashed."""

from collections.abc import Iterable, Iterator

from audit_archive.evidence.model import Report
from audit_archive.format.display import local_moment
from audit_archive.format.entry import members_of
from audit_archive.format.times import OffsetAt
from audit_archive.html_page.markup import Markup, around, element, exact, joined
from audit_archive.html_page.parts import counted, number, value

_COLUMNS = ("Id", "When", "User", "Address", "Action", "Message and line")
PRINTED = 200
"""Entries of the report that a printer prints: some ten pages. The style sheet has the same number."""

_SHORT, _LONG = 120, 300
"""Characters of a cell, and of the message; the archived line in the row has all of them."""


def entries_section(report: Report, lines: Iterable[bytes]) -> Iterator[Markup]:
    """The section in pieces, a row at a time: the rows may not fit into memory together."""
    begin, end = around("section", element("h2", "Entries", id="entries"), aria_labelledby="entries")
    yield begin
    yield from _intro(report)
    if report.shown:
        yield from _table(report, lines)
    yield end


def _intro(report: Report) -> Iterator[Markup]:
    matched, shown = report.coverage.matched, report.shown
    if not matched:
        yield element(
            "p", "No entry is shown, because no entry matches. See ", _link(), " for what this means."
        )
        return
    headline = (
        f"All {number(shown)} entries that match are here."
        if shown > 1
        else "The entry that matches is here."
    )
    if shown < matched:
        headline = (
            f"The first {number(shown)} of {number(matched)} matching entries are here. All of them are in "
            "entries.ndjson and entries.csv, in this bundle."
        )
    yield element("p", element("strong", headline))
    yield element(
        "p",
        f"Entries are in order of id. Times are in the time zone {report.zone}, with their offset from UTC. "
        "Characters that do not print are shown as their codes.",
        element(
            "span",
            " Open a message to see the archived line: proofs are about that line.",
            class_="no-print",
        ),
    )
    if shown > PRINTED:
        yield element(
            "p",
            f"On paper: the first {number(PRINTED)} of these entries. All of them are in entries.ndjson and "
            "entries.csv, in this bundle.",
            class_="print-only",
        )
    yield _check(report)


def _link() -> Markup:
    return element("a", "the coverage", href="#coverage")


def _check(report: Report) -> Markup:
    """The place where the script writes its result. Its input is in the attributes."""
    needs = element("p", "This page can check its own entries if you turn JavaScript on.")
    status = element(
        "p",
        "Not checked yet.",
        id="check",
        role="status",
        class_="check",
        data_sha256=report.shown_sha256,
        data_shown=report.shown,
        data_all="entries.ndjson" if report.shown == report.coverage.matched else False,
    )
    return element("div", status, element("noscript", needs), class_="checks")


def _table(report: Report, lines: Iterable[bytes]) -> Iterator[Markup]:
    caption = element("caption", f"{counted(report.shown, 'entry', 'entries')} of Console {report.console}")
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in _COLUMNS)))
    table, table_end = around("table", caption, head, class_="entries")
    body, body_end = around("tbody")
    yield from (table, body)
    marks = report.sampled.marks
    for at, line in enumerate(lines, 1):
        yield _row(line, report.offset_at, marks.get(at))
    yield from (body_end, table_end)


def _row(line: bytes, zone: OffsetAt, place: int | None) -> Markup:
    entry = members_of(line)
    mark = joined() if place is None else joined(" ", element("small", f"sample {place}"))
    cells = [local_moment(entry.get("timestamp"), zone)]
    cells += [entry.get(name) for name in ("user", "user_ip", "action_type")]
    opened = element(
        "details",
        element("summary", value(entry.get("message"), _LONG)),
        element("code", exact(line.decode()), class_="raw"),
    )
    return element(
        "tr",
        element("th", str(entry.get("id")), mark, scope="row"),
        *(element("td", value(cell, _SHORT)) for cell in cells),
        element("td", opened),
    )
