"""Fleets to look at: of most words of health, hostile ones, and one of 500 Consoles."""

from collections.abc import Iterable
from datetime import date

from audit_archive.adapters.machine import fleet_looks
from audit_archive.audit.fleet_history import DAYS, History
from audit_archive.audit.fleet_page import FleetFacts, FleetRow, fleet_page
from audit_archive.bookmark import AuditResult, Rotation
from audit_archive.fleet_ports import NO_LABEL, Failure, Label, LastRuns, ScheduleFacts
from audit_archive.format.times import DAY, HOUR
from audit_archive.health import Known, Limits, judge

NOW = 1_796_111_220  # 2026-12-01T07:47:00Z
UNTIL = date(2026, 12, 1)
LIMITS = Limits(DAY, 3 * DAY)
PLACES = ("Berlin", "Cape Town", "Lima", "Osaka", "Perth", "Quito", "Turin")


def console(
    name: str,
    label: Label = NO_LABEL,
    *,
    ran: int = 4 * HOUR,
    audited: int = 2 * HOUR,
    failure: str | None = None,
    faults: int = 0,
    held_by: str | None = None,
    is_scheduled: bool = True,
    entries: Iterable[int] | None = None,
    is_whole: bool = True,
) -> FleetRow:
    """A Console, and how long ago (seconds) its last run and its last audit were."""
    schedule = ScheduleFacts(name, is_scheduled, NOW - 90 * DAY)
    failed = Failure(NOW - HOUR, "ConsoleAuthError", failure, "r") if failure is not None else None
    result = AuditResult.FAULTS if faults else AuditResult.VALID
    known = Known(
        console=name,
        archiving=schedule,
        auditing=schedule,
        extending=schedule,
        runs=LastRuns(name, NOW - ran, 412, failed, held_by=held_by, label=label),
        rotation=Rotation(
            1,
            NOW - DAY,
            NOW - audited,
            result,
            faults,
            1,
            "ab",
            walked_at=NOW - audited,
            unread_since=NOW - DAY,
            period=DAY,
            content_days=90,
        ),
        has_statements=True,
    )
    history = History(UNTIL, tuple(entries), is_whole) if entries is not None else None
    return FleetRow(judge(known, LIMITS, NOW), known, history)


def days(seed: int) -> list[int]:
    """Entries of each of the last days: fewer at weekends."""
    return [(seed * 7 + at * 13) % 40 + (0 if at % 7 in (5, 6) else 60 + seed % 90) for at in range(DAYS)]


def mixed(hostile: str | None = None) -> list[FleetRow]:
    """A Console of most words of health. `hostile`: what others write wherever they can."""
    named = Label(hostile or "Berlin office", {"site": hostile or "berlin", "tier": "1"})
    refused = hostile or "The Console refused the key. Check the key and its role."
    return [
        console("1234abcd", named, entries=days(3)),
        console("2345bcde", Label("Cape Town warehouse"), failure=refused, ran=30 * HOUR, entries=days(9)),
        console("3456cdef", Label("Lima"), faults=3, entries=days(21)),
        console("4567defa", ran=9 * DAY, entries=[*[0] * 20, *days(1)[:10]]),
        console("5678efab", is_scheduled=False, entries=[0] * DAYS),
        console("6789fabc", audited=8 * DAY),
        console("789abcde", held_by=hostile or "unexplained_hole", entries=[1] * DAYS, is_whole=False),
    ]


def five_hundred() -> list[FleetRow]:
    """A fleet of 500, a few of which need a person."""
    rows = mixed()
    for at in range(500 - len(rows)):
        place = PLACES[at % 7]
        label = Label(f"{place} {at}", {"site": place.lower().replace(" ", "-")})
        rows.append(console(f"{at:04x}beef", label if at % 5 else NO_LABEL, entries=days(at)))
    return rows


def page_of(rows: Iterable[FleetRow]) -> bytes:
    """The page of some Consoles."""
    return b"".join(fleet_page(FleetFacts("canary-audit-archive", NOW, tuple(rows)), fleet_looks()))
