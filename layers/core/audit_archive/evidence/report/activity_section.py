"""The section on activity: how many entries of the answer there are over time, by user and by action."""

from collections import Counter
from collections.abc import Iterator
from datetime import date

from audit_archive.evidence.model import Ranking, Report
from audit_archive.evidence.report.charts import AXIS, Axis, Bins, lettering, percent, picture
from audit_archive.format.times import from_rfc3339, utc_date
from audit_archive.html_page.markup import Markup, Node, element, joined
from audit_archive.html_page.parts import Column, counted, nothing, number, section, table, value

_TOP, _HEIGHT = 22, 150


def activity_section(report: Report) -> Markup:
    """When, who and what. Empty if no entry matched: the section on the question says so."""
    activity = report.activity
    if not report.coverage.matched:
        return nothing()
    return section(
        "activity",
        "Activity",
        element("p", f"The matching entries in numbers. Dates are in the time zone {report.zone}."),
        _over_time(report),
        element(
            "div",
            _ranking("By user", "User", activity.users, "no user named"),
            _ranking("By action", "Action", activity.actions, "no action named"),
            class_="columns",
        ),
    )


def _over_time(report: Report) -> Markup:
    activity = report.activity
    untimed = counted(activity.untimed, "entry has", "entries have") + " no readable time, and no bar here."
    note = element("figcaption", untimed) if activity.untimed else nothing()
    if not activity.days:
        return element("figure", note)
    bins = Bins.between(*_span(report))
    counts: Counter[int] = Counter()
    for day, count in activity.days:
        counts[bins.at(date.fromisoformat(day))] += count
    columns = [Column(f"{bins.unit.name.title()} from"), Column("Entries", "number")]
    rows = ((bins.label(at), number(count)) for at, count in sorted(counts.items()))
    return joined(
        element("h3", f"By {bins.unit.name}"),
        element("figure", _histogram(counts, bins), note),
        element(
            "details",
            element("summary", "The numbers behind this picture"),
            table(f"Entries by {bins.unit.name}", columns, rows),
        ),
    )


def _histogram(counts: Counter[int], bins: Bins) -> Markup:
    def tooltip(at: int) -> str:
        return f"{bins.label(at)}: {counted(counts[at], 'entry', 'entries')}"

    axis, base, most = Axis(bins), _TOP + _HEIGHT, max(counts.values())
    heights = {at: _HEIGHT * count / most for at, count in counts.items()}
    parts = [
        *axis.drawn(_TOP, base),
        element("line", class_="grid", x1="0", x2=axis.x(bins.count), y1=_TOP, y2=_TOP),
        lettering(counted(most, "entry", "entries"), "0", _TOP - 7, "tick"),
        *axis.bars(heights, base, "activity", tooltip),
    ]
    busiest = max(sorted(counts), key=lambda at: counts[at])
    description = (
        f"By {bins.unit.name}, from {bins.label(0)} to {bins.label(bins.count - 1)}. "
        f"The most are in {bins.label(busiest)}: {counted(most, 'entry', 'entries')}."
    )
    return picture("activity", "Entries over time", description, base + AXIS, parts)


def _span(report: Report) -> tuple[date, date]:
    """The days that the picture spans: the days asked for, without those that no archived entry reaches."""
    days = [date.fromisoformat(day) for day, _ in report.activity.days]
    first, last = days[0], days[-1]
    dates = [day for each in report.coverage.archived for day in (each.first_date, each.last_date)]
    if (start := _day(report, "start", 0)) is not None and dates:
        first = min(first, max(start, date.fromisoformat(min(dates))))
    if (end := _day(report, "end", -1)) is not None and report.coverage.up_to is not None:
        last = max(last, min(end, date.fromisoformat(report.coverage.up_to[:10])))
    return first, last


def _day(report: Report, edge: str, beside: int) -> date | None:
    """The day of an edge of the time asked for, in the question's zone."""
    text = report.resolved.get(edge)
    if text is None:
        return None
    at = from_rfc3339(text) + beside
    return date.fromisoformat(utc_date(at + report.offset_at(at)))


def _ranking(caption: str, name: str, ranking: Ranking, none: str) -> Markup:
    """The most frequent values, each with its bar: a table and a picture in one."""
    columns = [Column(name), Column("Entries", "number"), Column("Share of all", "bar")]
    return table(caption, columns, _ranked(ranking, none), kind="ranking")


def _ranked(ranking: Ranking, none: str) -> Iterator[list[Node]]:
    total = sum(count for _, count in ranking.top) + ranking.others
    for name, count in ranking.top:
        shown = element("span", none, class_="none") if name is None else value(name)
        yield [shown, number(count), _bar(count / total, "activity")]
    if ranking.others:
        rest = element("span", "all others", class_="none")
        yield [rest, number(ranking.others), _bar(ranking.others / total, "others")]


def _bar(share: float, kind: str) -> Markup:
    """A bar as wide as a share of all. Its label says the share in words."""
    inner = element("rect", class_=kind, width=percent(max(share, 0.004)), height="100%")
    return element("svg", inner, role="img", aria_label=f"{100 * share:.1f}%", width="100%", height=12)
