"""The daily fleet check: every Console of the schedules, the ledger and the bucket, in one invocation.

Its requests do not grow with the archives. For 500 Consoles they are some 16: one page of the ledger for the
runs and one for the audits (1 MB each), 11 pages of schedules (100 each), one listing of the bucket (1,000
folders), one item read, one written, and one message at most. The page of the fleet takes one small query of
the ledger a Console, and two puts.
"""

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, replace
from typing import Any

import orjson

from audit_archive.audit.fleet import counts, join, news
from audit_archive.audit.fleet_publish import FleetPages, publish_fleet
from audit_archive.errors import runbook_url
from audit_archive.events import is_console_id
from audit_archive.finding import Finding, FindingKind
from audit_archive.fleet_ports import Folders, LastRuns, ScheduleFacts, Schedules, Told
from audit_archive.format.codec import to_json
from audit_archive.format.times import rfc3339
from audit_archive.health import ConsoleHealth, Judgement, Limits, console_of, judge
from audit_archive.messages.advice import SEVERITY, Severity
from audit_archive.ports import Alerts, Clock, Ledger, Verifications

ANSWER_BYTES = 5_000_000
"""A Lambda answer has at most 6 MB."""

MAX_SAID = 10
"""Problems that the sentence of the message says."""
MAX_FACTS = 200
"""Problems that the body of the message lists."""

MAX_TOLD = 10_000
"""Problems that are remembered as told; an item of the ledger has at most 400 KB. More are told every day."""

_GRAVE = frozenset({Judgement.ABSENT, Judgement.FAULTS})
"""Of such Consoles something may be lost or altered. Any other one still holds what is not archived."""

ALL = "all Consoles"
"""What the message about the fleet is about. It can't be the id of a Console."""

_CONSOLE = "console="


@dataclass(frozen=True)
class FleetPorts:
    """The ports that the fleet check takes."""

    bucket: Folders
    ledger: Ledger
    notes: Verifications
    schedules: Schedules
    alerts: Alerts
    clock: Clock
    pages: FleetPages | None = None


@dataclass(frozen=True)
class FleetReport:
    """What the fleet check found. `checked_at`: epoch seconds. `page_fault`: why its page was not written."""

    checked_at: int
    consoles: tuple[ConsoleHealth, ...]
    page_fault: str | None = None

    @property
    def unhealthy(self) -> tuple[ConsoleHealth, ...]:
        """The Consoles that need a person."""
        return tuple(each for each in self.consoles if not each.is_healthy)

    @property
    def counts(self) -> dict[Judgement, int]:
        """How many Consoles have a problem of each kind."""
        return counts(self.consoles)

    def as_dict(self) -> dict[str, Any]:
        """The answer of the function: every Console, those with problems first, as far as it can hold."""
        listed, size = list[dict[str, Any]](), 0
        for each in sorted(self.consoles, key=lambda each: not each.problems):
            size += len(orjson.dumps(row := _row(each))) + 2
            if size > ANSWER_BYTES:
                break
            listed.append(row)
        return self.summary() | {"fleet": listed, "not_listed": len(self.consoles) - len(listed)}

    def summary(self) -> dict[str, Any]:
        """The counts alone."""
        found: dict[str, int] = {str(judgement): count for judgement, count in self.counts.items()}
        return {
            "checked_at": rfc3339(self.checked_at),
            "consoles": len(self.consoles),
            "unhealthy": len(self.unhealthy),
            **found,
            "page_fault": self.page_fault,
        }


KeepFleet = Callable[[FleetReport], None]
"""Takes the report before the message is sent, so that the report is kept if the topic refuses."""


def check_fleet(ports: FleetPorts, limits: Limits, keep: KeepFleet) -> FleetReport:
    """Judge every Console, and send one message if something is new or a week has passed. Then put the page.

    Raises SettingsError if the schedules can't be listed or the topic refuses, LedgerError,
    ArchiveStoreError.
    """
    now = ports.clock.now()
    known = join(
        _schedules(ports.schedules), _run(ports.ledger), ports.notes.rotations(), _archived(ports.bucket)
    )
    fleet = [(each, judge(each, limits, now)) for each in known if each.is_console]
    report = FleetReport(now, tuple(health for _, health in fleet))
    keep(report)
    try:
        _tell(ports, report)
    finally:
        if ports.pages is not None:
            fault = publish_fleet(ports.pages, ports.ledger, ports.clock, now, fleet)
            report = replace(report, page_fault=fault)
    return report


def _schedules(schedules: Schedules) -> Iterator[ScheduleFacts]:
    """The schedules of Consoles. The group has others: that of this check, and what somebody put there."""
    for each in schedules.listed():
        if is_console_id(console_of(each.name)):
            yield each


def _run(ledger: Ledger) -> Iterator[LastRuns]:
    """The runs over Consoles. Whoever can write to the ledger can name anything else there."""
    for each in ledger.fleet():
        if is_console_id(each.console):
            yield each


def _archived(bucket: Folders) -> Iterator[str]:
    for folder in bucket.folders("statements/"):
        name = folder.removeprefix(_CONSOLE)
        if folder.startswith(_CONSOLE) and is_console_id(name):
            yield name


def _tell(ports: FleetPorts, report: FleetReport) -> None:
    """Send the message that is due, then note what it told. A problem that comes back is new again."""
    told, now = ports.notes.told(), report.checked_at
    current = frozenset(digest for each in report.consoles for digest in each.digests())
    new = news(told, current, now, is_healthy=not report.unhealthy)
    if new is not None:
        ports.alerts.publish(_message(report, new, told))
        ports.notes.tell(Told(now, frozenset(sorted(current)[:MAX_TOLD])))
    elif told is not None and told.problems != current:
        ports.notes.tell(Told(told.at, current))


def _message(report: FleetReport, new: frozenset[str], told: Told | None) -> Finding:
    problems = [
        {"console": each.console, "judgement": str(problem.judgement), "sentence": problem.sentence,
         "is_new": digest in new}
        for each in report.consoles
        for problem, digest in zip(each.problems, each.digests(), strict=True)
    ]  # fmt: skip
    order = list(Judgement)
    problems.sort(key=lambda each: (not each["is_new"], order.index(Judgement(str(each["judgement"])))))
    said = [each for each in problems if each["is_new"]] or problems
    what = "; ".join(
        f"{each['console']} is {each['judgement']}: {str(each['sentence']).removesuffix('.')}"
        for each in said[:MAX_SAID]
    )
    more = f"; and {len(said) - MAX_SAID} more" if len(said) > MAX_SAID else ""
    since = "New" if new else f"Unchanged since {rfc3339(told.at if told is not None else report.checked_at)}"
    sentence = (
        f"{len(report.unhealthy)} of {len(report.consoles)} Consoles need a person. {since}: {what}{more}. "
        f"Look each word up in {runbook_url('fleetcheck')}"
    )
    facts = report.summary() | {
        SEVERITY: _how_soon(report, {each["judgement"] for each in said}),
        "problems": problems[:MAX_FACTS],
        "not_listed": max(0, len(problems) - MAX_FACTS),
    }
    return Finding(FindingKind.FLEET_CHECK, ALL, sentence, facts)


def _how_soon(report: FleetReport, judgements: Set[object]) -> Severity:
    if not report.unhealthy:
        return Severity.INFO
    return Severity.CRITICAL if judgements & _GRAVE else Severity.WARNING


def _row(health: ConsoleHealth) -> dict[str, Any]:
    plain: dict[str, Any] = to_json(health)
    for name in ("completed_at", "verified_at"):
        plain[name] = rfc3339(plain[name]) if plain[name] is not None else None
    plain["problems"] = [{"judgement": str(p.judgement), "sentence": p.sentence} for p in health.problems]
    return plain
