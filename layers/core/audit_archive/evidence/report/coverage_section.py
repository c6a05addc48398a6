"""The section on coverage: what was searched, and, at least as visible, what the answer can't vouch for.

`coverage_section` puts it together; the tables of doubts (stale exports, counts that do not match, other
forms, false versions) come last.
"""

from collections.abc import Iterator

from audit_archive.evidence.model import Report
from audit_archive.evidence.report.parts import (
    ABSENCES,
    CAUSE_WORDS,
    CHOICE_WORDS,
    MOST_ROWS,
    SILENT,
    left_out,
    with_links,
)
from audit_archive.format.facts import IdSpan
from audit_archive.format.purges import ForeignPurge
from audit_archive.html_page.markup import Markup, Node, element, joined
from audit_archive.html_page.parts import (
    Column,
    bullets,
    code,
    counted,
    facts,
    moment_text,
    nothing,
    notice,
    number,
    section,
    span,
    table,
    value,
)
from audit_archive.retrieve.coverage import (
    LISTED,
    Amended,
    Coverage,
    Gone,
    Hole,
    Miscounted,
    Overlaid,
    Population,
    StaleExport,
)

_SPANS = 20  # ranges of ids in one cell
_IDS = 20  # ids or ranges of ids in one cell

FOREIGN = "Foreign purges in this range"


def coverage_section(report: Report) -> Markup:
    """What was searched, what is missing, what was not checked."""
    coverage = report.coverage
    return section(
        "coverage",
        "Coverage",
        _completeness(report),
        _notices(coverage),
        facts(*_searched(coverage)),
        table("What is archived", _POPULATION, map(_population, coverage.archived)),
        element("h3", "What is missing"),
        facts(*_missing(coverage), kind="facts counts"),
        *_lists(coverage),
        element("h3", "What this answer did not check"),
        bullets(map(with_links, coverage.not_verified)),
        element("p", "The audit of the chain checked more: see ", _link("audit", "the audit"), "."),
    )


def _completeness(report: Report) -> Markup:
    coverage = report.coverage
    limits = bullets(map(with_links, coverage.not_covered))
    if report.outcome in SILENT:
        return notice("warn", "This answer says nothing about what happened then.", limits)
    if coverage.not_covered:
        return notice("bad", "Not covered: this answer is not complete.", limits, name="not_covered")
    up_to = joined(" up to ", moment_text(coverage.up_to)) if coverage.up_to is not None else joined("")
    return notice(
        "good",
        "This answer is complete as far as the archive goes.",
        element(
            "p",
            "It has every entry that is archived",
            up_to,
            " and matches the question. ",
            _link("statement", "What that rests on"),
            ".",
        ),
    )


def _notices(coverage: Coverage) -> Markup:
    if not coverage.notices:
        return nothing()
    return notice("warn", "Look into this.", bullets(map(with_links, coverage.notices)))


def _searched(coverage: Coverage) -> Iterator[tuple[str, Node]]:
    searched = coverage.searched
    yield "Matched", counted(coverage.matched, "entry", "entries")
    read = (
        f"{counted(searched.entries, 'entry', 'entries')} in {counted(searched.entry_files, 'entry file')}, "
        f"which {counted(searched.statements, 'statement names', 'statements name')}"
    )
    yield "Searched", read
    if searched.first_id is not None:
        yield "Ids searched", span(searched.first_id, searched.last_id)
        yield "Dates searched (UTC)", span(searched.first_date, searched.last_date)
    yield "Archived up to", moment_text(coverage.up_to)
    if coverage.nothing_newer_at is not None:
        checked_at = moment_text(coverage.nothing_newer_at)
        yield "No newer entry on the Console, by the ledger", checked_at
    yield "How statements were chosen", CHOICE_WORDS.get(coverage.rests_on, coverage.rests_on)
    yield "Statements in this archive", number(coverage.statements)
    if coverage.newest_statement is not None:
        yield "Newest statement", code(coverage.newest_statement)
        yield "Its SHA-256", code(coverage.newest_sha256 or "")


_POPULATION = [
    Column("Epoch"),
    Column("Entries", "number"),
    Column("First id", "number"),
    Column("Last id", "number"),
    Column("Dates (UTC)"),
]


def _population(each: Population) -> list[Node]:
    dates = span(each.first_date, each.last_date)
    return [str(each.epoch), number(each.entries), str(each.first_id), str(each.last_id), dates]


def _missing(coverage: Coverage) -> Iterator[tuple[str, Node]]:
    """What was looked for, with how many were found. `none` is an answer too, so no line is left out."""
    unjudged = sum(each.count for each in coverage.unjudged)
    counts = {
        "Holes: ids in this range that are not archived": coverage.missing_ids,
        FOREIGN: len(coverage.foreign_purges),
        "Unjudged: entries with an unreadable field, which may match or not": unjudged,
        "Gone files: archived entries that can no longer be read": coverage.gone_entries,
    }
    for name, count in counts.items():
        more = " or more" if name == FOREIGN and count == LISTED else ""  # no more of them are listed
        yield name, element("strong", f"{number(count)}{more}", class_="grave") if count else "none"


def _lists(coverage: Coverage) -> Iterator[Markup]:
    if coverage.holes:
        columns = [Column("Ids", "short"), Column("How many", "number"), Column("Epoch", "number")]
        columns += [Column("Why they are missing"), Column("Receipt", "number")]
        more = left_out(len(coverage.holes))
        yield table("Holes", columns, map(_hole, coverage.holes[:MOST_ROWS]), more=more, name="holes")
    if coverage.foreign_purges:
        columns = [Column("When"), Column("User"), Column("Address"), Column("Up to id", "number")]
        columns += [Column("Entries", "number"), Column("Ids lost"), Column("Receipt", "number")]
        more = left_out(len(coverage.foreign_purges))
        yield table("Foreign purges", columns, map(_purge, coverage.foreign_purges[:MOST_ROWS]), more=more)
    if coverage.unjudged:
        columns = [Column("Unreadable field"), Column("Entries", "number"), Column("Ids")]
        rows: Iterator[list[Node]] = (
            [value(u.field), number(u.count), _ids(u.ids, u.count)] for u in coverage.unjudged
        )
        yield table("Unjudged entries", columns, rows, name="unjudged")
    if coverage.gone_files:
        columns = [Column("Entry file", "code"), Column("Why it is gone"), Column("Epoch", "number")]
        columns += [Column("Date", "short"), Column("Ids", "short"), Column("Entries", "number")]
        more = left_out(len(coverage.gone_files))
        yield table(
            "Gone files", columns, map(_gone, coverage.gone_files[:MOST_ROWS]), more=more, name="gone_files"
        )
    yield from _doubts(coverage)


def _hole(each: Hole) -> list[Node]:
    receipt = "none" if each.receipt_id is None else str(each.receipt_id)
    many, cause = number(each.last - each.first + 1), CAUSE_WORDS.get(each.cause, each.cause)
    return [span(each.first, each.last), many, str(each.epoch), cause, receipt]


def _purge(each: ForeignPurge) -> list[Node]:
    shown = [span(first, last) for first, last in each.lost[:_IDS]]
    if len(each.lost) > _IDS:
        shown.append(left_out(len(each.lost), _IDS))
    lost = element("strong", ", ".join(shown), class_="grave") if shown else "none"
    return [
        value(each.timestamp),
        value(each.user),
        value(each.user_ip),
        value(each.before_id),
        "unknown" if each.count is None else number(each.count),
        lost,
        str(each.receipt_id),
    ]


def _ids(ids: tuple[int, ...], count: int) -> str:
    shown = ", ".join(map(str, ids[:_IDS]))
    return f"{shown} {left_out(count, min(len(ids), _IDS))}".rstrip()


def _gone(each: Gone) -> list[Node]:
    why = ABSENCES.get(each.cause, each.cause)
    return [each.key, why, str(each.epoch), each.date, span(each.first_id, each.last_id), number(each.count)]


def _link(name: str, text: str) -> Markup:
    return element("a", text, href=f"#{name}")


def _doubts(coverage: Coverage) -> Iterator[Markup]:
    """The tables of what casts doubt on a part of the answer; those without a row are left out."""
    if coverage.stale:
        columns = [Column("Export", "code"), Column("Served"), Column("Id that it lacks", "number")]
        columns += [Column("Time of that entry")]
        rows, more = map(_stale, coverage.stale[:MOST_ROWS]), left_out(len(coverage.stale))
        yield table("Stale exports", columns, rows, more=more, name="stale")
    if coverage.miscounted:
        columns = [Column("Export", "code"), Column("Served"), Column("Counted by the Console", "number")]
        columns += [
            Column("In the export", "number"),
            Column("Ids that the Console showed and the export lacks"),
        ]
        rows, more = map(_miscounted, coverage.miscounted[:MOST_ROWS]), left_out(len(coverage.miscounted))
        yield table(
            "Exports that do not match the Console's count", columns, rows, more=more, name="miscounted"
        )
    if coverage.amended:
        columns = [Column("Export with the other form", "code"), Column("Version", "code")]
        columns += [Column("Epoch", "number"), Column("Ids"), Column("In this answer", "number")]
        rows, more = map(_amended, coverage.amended[:MOST_ROWS]), left_out(len(coverage.amended))
        yield table("Other forms", columns, rows, more=more, name="amended")
    if coverage.overlaid:
        columns = [Column("Entry file", "code"), Column("Version read", "code")]
        columns += [Column("False versions above it", "code")]
        rows, more = map(_overlaid, coverage.overlaid[:MOST_ROWS]), left_out(len(coverage.overlaid))
        yield table("Files under a false version", columns, rows, more=more, name="overlaid")


def _stale(each: StaleExport) -> list[Node]:
    return [each.key, moment_text(each.served_at), str(each.lacks_id), value(each.lacks_timestamp)]


def _miscounted(each: Miscounted) -> list[Node]:
    counted = "not stated" if each.counted is None else number(each.counted)
    return [
        each.key,
        moment_text(each.served_at),
        counted,
        number(each.accounted),
        _spans_text(each.unexported),
    ]


def _amended(each: Amended) -> list[Node]:
    version = code(each.export_version_id)
    return [each.export_key, version, str(each.epoch), _spans_text(each.ids), number(each.shown)]


def _overlaid(each: Overlaid) -> list[Node]:
    return [each.key, code(each.version_id), code(", ".join(each.false_version_ids))]


def _spans_text(spans: tuple[IdSpan, ...]) -> str:
    shown = ", ".join(span(each.first, each.last) for each in spans[:_SPANS])
    return f"{shown} {left_out(len(spans), _SPANS)}".strip() or "none"
