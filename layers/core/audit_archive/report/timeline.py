"""What became of the archive, as one picture: from its first statement to its newest, lane by lane."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from audit_archive.domain.evidence import Custody, Milestone, Turn
from audit_archive.report.bins import Bins
from audit_archive.report.chart import AXIS, Axis, lettering, picture
from audit_archive.report.markup import Markup, element
from audit_archive.report.words import counted, number

_TOP, _LABEL, _GAP = 24, 22, 16
_TALL, _FLAT, _NOTHING, _MARK = 44, 16, 2, 10
_USUAL, _CUT = 0.95, 3
"""A bar is cut if it is more than so many times what this share of them stays below: else the first export,
with the years before it, would hide all that came after."""

_OF_PURGES = frozenset({Turn.MISMATCH, Turn.UNKNOWN})

Counts = Mapping[int, int]


@dataclass(frozen=True)
class Lane:
    """One kind of thing: what is said of it, its style, how many there are in each step.

    `top`: the number that is as tall as the lane; None: each is a mark of one size.
    """

    label: str
    kind: str
    counts: Counts
    what: str
    full: int = _FLAT
    top: int | None = None

    @property
    def height(self) -> int:
        """Pixels that it takes; one in which nothing is takes next to none."""
        return self.full if self.counts else _NOTHING


def timeline(custody: Custody, bins: Bins, asked: tuple[date, date] | None) -> Markup:
    """The picture. `asked`: the first day of the question's time, and the first after it."""
    axis, lanes = Axis(bins), list(_lanes(custody, bins))
    bottom = _TOP + sum(_LABEL + lane.height + _GAP for lane in lanes)
    parts = [] if asked is None else list(_asked(axis, asked, bottom))
    parts += axis.drawn(_TOP, bottom)
    base = _TOP
    for lane in lanes:
        base += _LABEL + lane.height
        parts += _drawn(lane, axis, base)
        base += _GAP
    told = f"By {bins.unit.name}, from {bins.label(0)} on. {'. '.join(lane.label for lane in lanes)}."
    return picture("custody", "What became of the archive", told, bottom + AXIS, parts)


def _asked(axis: Axis, asked: tuple[date, date], bottom: int) -> Iterator[Markup]:
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
    """What a reader looks for, from what goes in to what went wrong."""
    archived, purged = _by(custody, bins, "archived"), _by(custody, bins, "purged")
    purges, receipts = _by(custody, bins, "purges"), _by(custody, bins, "receipts")
    foreign, missing = _by(custody, bins, "foreign_purges"), _by(custody, bins, "missing")
    top = _tallest([*archived.values(), *purged.values()])
    cut = f" (a bar is cut at {number(top)})" if top < max([*archived.values(), 0]) else ""
    took = f"{counted(purged.total(), 'entry', 'entries')} in {counted(purges.total(), 'purge')} of ours"
    yield Lane(
        f"Archived: {counted(archived.total(), 'entry', 'entries')}{cut}",
        *("archived", archived, "entries archived", _TALL, top),
    )
    yield Lane(
        f"Purged from the Console: {took if purges else 'nothing'}",
        *("purged", purged, "entries purged", _TALL, top),
    )
    most = max([*receipts.values(), 1])
    yield Lane(
        f"Receipts of our purges: {_or_none(receipts.total())}",
        *("receipts", receipts, "receipts", _FLAT, most),
    )
    yield Lane(f"Foreign purges: {_or_none(foreign.total())}", "grave", foreign, "foreign purges")
    yield Lane(f"Ids missing: {_or_none(missing.total())}", "grave", missing, "ids missing")
    doubtful = [each for each in custody.milestones if each.turn in _OF_PURGES]
    if doubtful:
        many = max(sum(custody.turns.get(turn, 0) for turn in _OF_PURGES), len(doubtful))
        label = f"Purges that differed or whose end is unknown: {number(many)}"
        yield Lane(label, "grave", _events(doubtful, bins), "doubtful purges")
    others = [each for each in custody.milestones if each.turn not in Turn.GRAVE]
    many = max(sum(n for turn, n in custody.turns.items() if turn not in Turn.GRAVE), len(others))
    yield Lane(f"Other milestones: {_or_none(many)}", "event", _events(others, bins), "milestones")


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
    """The number that is as tall as its lane: the highest, or less where that would hide all others."""
    ordered = sorted(count for count in counts if count)
    if not ordered:
        return 1
    usual = ordered[int((len(ordered) - 1) * _USUAL)]
    return max(count for count in ordered if count <= usual * _CUT)


def _or_none(count: int) -> str:
    return number(count) if count else "none"


def _drawn(lane: Lane, axis: Axis, base: int) -> Iterator[Markup]:
    kind = lane.kind if lane.counts else "empty"
    yield lettering(lane.label, "0", base - lane.height - 7, f"lane {kind}")
    yield element("line", class_="base", x1="0", x2=axis.x(axis.bins.count), y1=base, y2=base)

    def told(at: int) -> str:
        return f"{axis.bins.label(at)}: {number(lane.counts[at])} {lane.what}"

    if lane.top is None:
        for at in sorted(lane.counts):
            yield _mark(lane.kind, axis.middle(at), base, told(at))
        return
    heights = {at: lane.height * min(count / lane.top, 1) for at, count in lane.counts.items()}
    yield from axis.bars(heights, base, lane.kind, told)
    for at in sorted(at for at, count in lane.counts.items() if count > lane.top):
        y = base - lane.height + _GAP // 2
        yield element("rect", class_="cut", x=axis.x(at), width=axis.x(1), y=y, height=3)


def _mark(kind: str, x: str, base: int, told: str) -> Markup:
    """A mark of one size: a diamond for what is grave, a disc for what is not."""
    title, y = element("title", told), base - _MARK + 2
    if kind == "grave":
        inner = element("path", title, class_=kind, d="M0-6 6 0 0 6-6 0z")
        return element("svg", inner, class_="mark", x=x, y=y)
    return element("circle", title, class_=kind, cx=x, cy=y, r=4)
