"""The lists of the coverage that tell of doubts: what exports lack, other forms, false versions."""

from collections.abc import Iterator

from audit_archive.domain.coverage import Amended, Coverage, Miscounted, Overlaid, StaleExport
from audit_archive.domain.facts import IdSpan
from audit_archive.report.markup import Markup, Node
from audit_archive.report.parts import ROWS, Column, code, left_out, moment, table, value
from audit_archive.report.words import number, span

_SPANS = 20  # ranges of ids in one cell


def doubts(coverage: Coverage) -> Iterator[Markup]:
    """The tables that have any row."""
    if coverage.stale:
        columns = [Column("Export", "code"), Column("Served"), Column("Lacks the id", "number")]
        columns += [Column("Its time")]
        rows, more = map(_stale, coverage.stale[:ROWS]), left_out(len(coverage.stale))
        yield table("Stale exports", columns, rows, more=more, name="stale")
    if coverage.miscounted:
        columns = [Column("Export", "code"), Column("Served"), Column("Counted", "number")]
        columns += [Column("In the export", "number"), Column("Ids shown, and not in it")]
        rows, more = map(_miscounted, coverage.miscounted[:ROWS]), left_out(len(coverage.miscounted))
        yield table("Exports that do not fit the count", columns, rows, more=more, name="miscounted")
    if coverage.amended:
        columns = [Column("Export with the other form", "code"), Column("Version", "code")]
        columns += [Column("Epoch", "number"), Column("Ids"), Column("In this answer", "number")]
        rows, more = map(_amended, coverage.amended[:ROWS]), left_out(len(coverage.amended))
        yield table("Other forms", columns, rows, more=more, name="amended")
    if coverage.overlaid:
        columns = [Column("Entry file", "code"), Column("Version read", "code")]
        columns += [Column("False versions above it", "code")]
        rows, more = map(_overlaid, coverage.overlaid[:ROWS]), left_out(len(coverage.overlaid))
        yield table("Files under a false version", columns, rows, more=more, name="overlaid")


def _stale(each: StaleExport) -> list[Node]:
    return [each.key, moment(each.served_at), str(each.lacks_id), value(each.lacks_timestamp)]


def _miscounted(each: Miscounted) -> list[Node]:
    counted = "not said" if each.counted is None else number(each.counted)
    return [each.key, moment(each.served_at), counted, number(each.accounted), _ids(each.unexported)]


def _amended(each: Amended) -> list[Node]:
    version = code(each.export_version_id)
    return [each.export_key, version, str(each.epoch), _ids(each.ids), number(each.shown)]


def _overlaid(each: Overlaid) -> list[Node]:
    return [each.key, code(each.version_id), code(", ".join(each.false_version_ids))]


def _ids(spans: tuple[IdSpan, ...]) -> str:
    shown = ", ".join(span(each.first, each.last) for each in spans[:_SPANS])
    return f"{shown} {left_out(len(spans), _SPANS)}".strip() or "none"
