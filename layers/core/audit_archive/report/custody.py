"""The section on custody: the picture, what stands out, and the numbers behind both."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date

from audit_archive.domain.evidence import Custody, CustodyDay, Milestone, Report, Turn
from audit_archive.domain.times import from_rfc3339, utc_date
from audit_archive.report.bins import Bins
from audit_archive.report.markup import Markup, Node, element
from audit_archive.report.parts import ROWS, Column, left_out, moment, nothing, section, table
from audit_archive.report.timeline import timeline
from audit_archive.report.words import TURNS, number

_COUNTS = (
    ("statements", "Statements"),
    ("archived", "Entries archived"),
    ("purges", "Purges of ours"),
    ("purged", "Entries purged"),
    ("receipts", "Receipts"),
    ("foreign_purges", "Foreign purges"),
    ("missing", "Ids missing"),
)


def custody_section(report: Report) -> Markup:
    """From the first statement to the newest: what went in, what was purged, what went wrong."""
    custody = report.custody
    if not custody.days:
        return section("custody", "Custody", element("p", "There is no statement of this Console yet."))
    first, last = (date.fromisoformat(custody.days[at].date) for at in (0, -1))
    bins = Bins.between(first, last)
    asked = _asked(report, last)
    return section(
        "custody",
        "Custody",
        element(
            "p",
            "What the archive's statements tell of its whole life, by the UTC date of each. The Console "
            "answers every purge of ours with a receipt of its own, which a later run archives. A foreign "
            "purge is one that no statement here planned.",
        ),
        element("figure", timeline(custody, bins, asked), _caption(report, first, asked)),
        _details(custody, bins),
        _milestones(custody),
    )


def _asked(report: Report, last: date) -> tuple[date, date] | None:
    """The days that the question's time spans: its first, and the first after it."""
    start, end = report.resolved.get("start"), report.resolved.get("end")
    if start is None and end is None:
        return None
    first = date.min if start is None else date.fromisoformat(start[:10])
    after = date.max if end is None else date.fromisoformat(utc_date(from_rfc3339(end) - 1))
    return first, date.fromordinal(min(after, last).toordinal() + 1)


def _caption(report: Report, first: date, asked: tuple[date, date] | None) -> Markup:
    """What the shading means, where it does not show."""
    if asked is None or asked[0] >= first:
        return nothing()
    if report.resolved.get("start") is None:
        return nothing()
    told = (
        "The time asked for begins before this archive does: what happened then came with its first exports."
    )
    return element("figcaption", told)


def _details(custody: Custody, bins: Bins) -> Markup:
    """The numbers of the picture, for who can't see it or wants them exactly."""
    columns = [Column(f"{bins.unit.name.title()} from"), *(Column(name, "number") for _, name in _COUNTS)]
    rows = _rows(custody.days, bins)
    made = table(f"Custody by {bins.unit.name}", columns, rows)
    return element("details", element("summary", "The numbers behind this picture"), made)


def _rows(days: Iterable[CustodyDay], bins: Bins) -> Iterator[list[Node]]:
    """The steps in which something happened, with what."""
    sums: dict[int, list[int]] = {}
    for day in days:
        row = sums.setdefault(bins.at(date.fromisoformat(day.date)), [0] * len(_COUNTS))
        for at, (field, _) in enumerate(_COUNTS):
            row[at] += getattr(day, field)
    for at, row in sorted(sums.items()):
        yield [bins.label(at), *map(number, row)]


def _milestones(custody: Custody) -> Markup:
    """What stands out; if there is too much of it, what is grave goes first, and of that what is rare."""
    if not custody.milestones:
        return nothing()
    many = Counter(custody.turns)

    def rank(each: Milestone) -> tuple[bool, int]:
        return each.turn not in Turn.GRAVE, many[each.turn]

    chosen = sorted(custody.milestones, key=rank)[:ROWS]
    rows = (_milestone(each) for each in sorted(chosen, key=lambda each: (each.at, each.seq)))
    total = max(sum(custody.turns.values()), len(custody.milestones))
    columns = [
        Column("When", "short"),
        Column("Statement", "number"),
        Column("What", "short"),
        Column("In full"),
    ]
    return table("Milestones", columns, rows, more=left_out(total))


def _milestone(each: Milestone) -> list[Node]:
    what = TURNS.get(each.turn, each.turn)
    kind = "grave" if each.turn in Turn.GRAVE else "plain"
    return [moment(each.at), str(each.seq), element("strong", what, class_=kind), each.sentence]
