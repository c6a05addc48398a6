"""The section on custody, from the first statement to the newest: a picture, its numbers, the milestones.

The picture has a lane for each kind of event, one above the other, with time from left to right.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from audit_archive.evidence.model import GRAVE, Custody, CustodyDay, Milestone, Report, Turn
from audit_archive.evidence.report.charts import AXIS, Axis, Bins, lettering, picture
from audit_archive.evidence.report.parts import MOST_ROWS, TURNS, left_out
from audit_archive.format.times import from_rfc3339, utc_date
from audit_archive.html_page.markup import Markup, Node, element
from audit_archive.html_page.parts import Column, counted, moment_text, nothing, number, section, table

_TOP, _LABEL, _GAP = 24, 22, 16
_TALL, _FLAT, _NOTHING, _MARK = 44, 16, 2, 10

_USUAL, _CUT = 0.95, 3
"""A bar is cut at `_CUT` times the height that the share `_USUAL` of the bars does not exceed. Without a cut
the first export, which holds the years before it, would hide all that came after."""

_OF_PURGES = frozenset({Turn.MISMATCH, Turn.UNKNOWN})

_COUNTS = (
    ("statements", "Statements"),
    ("archived", "Entries archived"),
    ("purges", "Purges of ours"),
    ("purged", "Entries purged"),
    ("receipts", "Receipts"),
    ("foreign_purges", "Foreign purges"),
    ("missing", "Ids missing"),
)
Counts = Mapping[int, int]


class Style(StrEnum):
    """How a lane looks: a class of the style sheet."""

    ARCHIVED = "archived"
    """Bars of entries that were archived."""
    PURGED = "purged"
    """Bars of entries that were purged."""
    RECEIPTS = "receipts"
    """Bars of receipts."""
    GRAVE = "grave"
    """Marks of events that a person should look into."""
    EVENT = "event"
    """Marks of all other events."""
    EMPTY = "empty"
    """A lane without any event."""


@dataclass(frozen=True)
class Lane:
    """One kind of event: its label, its style, how many there are in each step, what they are called.

    `full`: the lane's height in pixels; `top`: the number whose bar has that height; None: a mark of one size
    stands for each step with an event.
    """

    label: str
    style: Style
    counts: Counts
    what: str
    full: int = _FLAT
    top: int | None = None

    @property
    def height(self) -> int:
        """Pixels that the lane takes: almost none without an event."""
        return self.full if self.counts else _NOTHING


def custody_section(report: Report) -> Markup:
    """What came into the archive, what was purged from the Console, what went wrong."""
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
            "What happened to this archive from its first day on, by the UTC date of its statements. A purge "
            "of ours is one that this archive planned, after it had stored the entries. The Console records "
            "every purge in its own audit trail: that record is the receipt, and a later run archives it. A "
            "foreign purge is one that this archive did not plan.",
        ),
        element("figure", timeline(custody, bins, asked), _caption(report, first, asked)),
        _details(custody, bins),
        _milestones(custody),
    )


def _asked(report: Report, last: date) -> tuple[date, date] | None:
    """The first day of the time asked for, and the day after its last."""
    start, end = report.resolved.get("start"), report.resolved.get("end")
    if start is None and end is None:
        return None
    first = date.min if start is None else date.fromisoformat(start[:10])
    after = date.max if end is None else date.fromisoformat(utc_date(from_rfc3339(end) - 1))
    return first, date.fromordinal(min(after, last).toordinal() + 1)


def _caption(report: Report, first: date, asked: tuple[date, date] | None) -> Markup:
    """Why there is no shading for the begin of the time asked for, if it lies before the picture."""
    if asked is None or asked[0] >= first:
        return nothing()
    if report.resolved.get("start") is None:
        return nothing()
    return element(
        "figcaption",
        "The time asked for begins before this archive does. Its first exports held the entries of that "
        "time.",
    )


def timeline(custody: Custody, bins: Bins, asked: tuple[date, date] | None) -> Markup:
    """The picture. `asked`: the first day of the time asked for, and the day after its last."""
    axis, lanes = Axis(bins), list(_lanes(custody, bins))
    bottom = _TOP + sum(_LABEL + lane.height + _GAP for lane in lanes)
    parts = [] if asked is None else list(_asked_band(axis, asked, bottom))
    parts += axis.drawn(_TOP, bottom)
    base = _TOP
    for lane in lanes:
        base += _LABEL + lane.height
        parts += _drawn(lane, axis, base)
        base += _GAP
    description = f"By {bins.unit.name}, from {bins.label(0)} on. {'. '.join(lane.label for lane in lanes)}."
    return picture("custody", "What became of the archive", description, bottom + AXIS, parts)


def _asked_band(axis: Axis, asked: tuple[date, date], bottom: int) -> Iterator[Markup]:
    """The time that the question asks for, shaded, with its name on the side that has room."""
    band = axis.band(*asked, 0, bottom, "asked")
    if band is None:
        return
    left, right = map(axis.bins.position, asked)
    yield band
    if left <= axis.bins.count / 2:
        yield lettering("Time asked for", axis.x(left), 15, "asked-label")
    else:
        yield lettering("Time asked for", axis.x(right), 15, "asked-label end")


def _lanes(custody: Custody, bins: Bins) -> Iterator[Lane]:
    """The lanes in the order in which a reader asks: what came in, what was purged, what went wrong."""
    archived, purged = _by(custody, bins, "archived"), _by(custody, bins, "purged")
    purges, receipts = _by(custody, bins, "purges"), _by(custody, bins, "receipts")
    foreign, missing = _by(custody, bins, "foreign_purges"), _by(custody, bins, "missing")
    top = _tallest([*archived.values(), *purged.values()])
    cut = f" (bars cut at {number(top)})" if top < max([*archived.values(), 0]) else ""
    purged_text = (
        f"{counted(purged.total(), 'entry', 'entries')} in {counted(purges.total(), 'purge')} of ours"
    )
    yield Lane(
        f"Archived: {counted(archived.total(), 'entry', 'entries')}{cut}",
        *(Style.ARCHIVED, archived, "entries archived", _TALL, top),
    )
    yield Lane(
        f"Purged: {purged_text if purges else 'nothing'}",
        *(Style.PURGED, purged, "entries purged", _TALL, top),
    )
    most = max([*receipts.values(), 1])
    yield Lane(
        f"Receipts of our purges: {_or_none(receipts.total())}",
        *(Style.RECEIPTS, receipts, "receipts", _FLAT, most),
    )
    yield Lane(f"Foreign purges: {_or_none(foreign.total())}", Style.GRAVE, foreign, "foreign purges")
    yield Lane(f"Ids missing: {_or_none(missing.total())}", Style.GRAVE, missing, "ids missing")
    doubtful = [each for each in custody.milestones if each.turn in _OF_PURGES]
    if doubtful:
        many = max(sum(custody.turns.get(turn, 0) for turn in _OF_PURGES), len(doubtful))
        label = f"Purges not as planned, or unclear: {number(many)}"
        yield Lane(label, Style.GRAVE, _events(doubtful, bins), "doubtful purges")
    others = [each for each in custody.milestones if each.turn not in GRAVE]
    many = max(sum(n for turn, n in custody.turns.items() if turn not in GRAVE), len(others))
    yield Lane(f"Other milestones: {_or_none(many)}", Style.EVENT, _events(others, bins), "milestones")


def _by(custody: Custody, bins: Bins, field: str) -> Counter[int]:
    counts: Counter[int] = Counter()
    for day in custody.days:
        if many := getattr(day, field):
            counts[bins.at(date.fromisoformat(day.date))] += many
    return counts


def _events(milestones: list[Milestone], bins: Bins) -> Counter[int]:
    at = (bins.at(date.fromisoformat(each.at[:10])) for each in milestones)
    return Counter(each for each in at if 0 <= each < bins.count)


def _tallest(counts: list[int]) -> int:
    """The number whose bar is as tall as its lane: the highest, or less where that would hide the others."""
    ordered = sorted(count for count in counts if count)
    if not ordered:
        return 1
    usual = ordered[int((len(ordered) - 1) * _USUAL)]
    return max(count for count in ordered if count <= usual * _CUT)


def _or_none(count: int) -> str:
    return number(count) if count else "none"


def _drawn(lane: Lane, axis: Axis, base: int) -> Iterator[Markup]:
    style = lane.style if lane.counts else Style.EMPTY
    yield lettering(lane.label, "0", base - lane.height - 7, f"lane {style}")
    yield element("line", class_="base", x1="0", x2=axis.x(axis.bins.count), y1=base, y2=base)

    def tooltip(at: int) -> str:
        return f"{axis.bins.label(at)}: {number(lane.counts[at])} {lane.what}"

    if lane.top is None:
        for at in sorted(lane.counts):
            yield _mark(lane.style, axis.middle(at), base, tooltip(at))
        return
    heights = {at: lane.height * min(count / lane.top, 1) for at, count in lane.counts.items()}
    yield from axis.bars(heights, base, lane.style, tooltip)
    for at in sorted(at for at, count in lane.counts.items() if count > lane.top):
        y = base - lane.height + _GAP // 2
        yield element("rect", class_="cut", x=axis.x(at), width=axis.x(1), y=y, height=3)


def _mark(style: Style, x: str, base: int, tooltip: str) -> Markup:
    """A mark of one size: a diamond for a grave event, a disc for any other."""
    title, y = element("title", tooltip), base - _MARK + 2
    if style == Style.GRAVE:
        inner = element("path", title, class_=style, d="M0-6 6 0 0 6-6 0z")
        return element("svg", inner, class_="mark", x=x, y=y)
    return element("circle", title, class_=style, cx=x, cy=y, r=4)


def _details(custody: Custody, bins: Bins) -> Markup:
    """The numbers of the picture, for readers who can't see it or want them exactly."""
    columns = [Column(f"{bins.unit.name.title()} from"), *(Column(name, "number") for _, name in _COUNTS)]
    rows = _rows(custody.days, bins)
    made = table(f"Custody by {bins.unit.name}", columns, rows)
    return element("details", element("summary", "The numbers behind this picture"), made)


def _rows(days: Iterable[CustodyDay], bins: Bins) -> Iterator[list[Node]]:
    """A row for each step with a statement."""
    sums: dict[int, list[int]] = {}
    for day in days:
        row = sums.setdefault(bins.at(date.fromisoformat(day.date)), [0] * len(_COUNTS))
        for at, (field, _) in enumerate(_COUNTS):
            row[at] += getattr(day, field)
    for at, row in sorted(sums.items()):
        yield [bins.label(at), *map(number, row)]


def _milestones(custody: Custody) -> Markup:
    """The milestones. If they are too many for a table, grave ones are kept before others, and rare kinds
    before frequent ones."""
    if not custody.milestones:
        return nothing()
    many = Counter(custody.turns)

    def rank(each: Milestone) -> tuple[bool, int]:
        return each.turn not in GRAVE, many[each.turn]

    chosen = sorted(custody.milestones, key=rank)[:MOST_ROWS]
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
    kind = "grave" if each.turn in GRAVE else "plain"
    return [moment_text(each.at), str(each.seq), element("strong", what, class_=kind), each.sentence]
