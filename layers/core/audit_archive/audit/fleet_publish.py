"""Puts the page of the fleet, and the same as JSON, where people find it: over those of the day before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from audit_archive.answer_ports import FleetLooks, ReportStore
from audit_archive.audit.fleet_history import DAYS, histories
from audit_archive.audit.fleet_page import FleetFacts, FleetRow, fleet_page, ordered
from audit_archive.errors import ArchiveStoreError, SettingsError
from audit_archive.format.codec import to_json
from audit_archive.format.layout import FLEET_DATA_KEY, FLEET_PAGE_KEY
from audit_archive.format.times import rfc3339
from audit_archive.health import ConsoleHealth, Known
from audit_archive.ports import Clock, Ledger, ScratchFile


@dataclass(frozen=True)
class FleetPages:
    """Where the page of the fleet goes, and what it is made with. `stack`: the name of the stack."""

    reports: ReportStore
    scratch: ScratchFile
    looks: FleetLooks
    stack: str


def publish_fleet(
    pages: FleetPages,
    ledger: Ledger,
    clock: Clock,
    checked_at: int,
    fleet: Sequence[tuple[Known, ConsoleHealth]],
) -> str | None:
    """Put page and data. Returns what kept it from that, or None: the check has its answer without a page."""
    found = histories(ledger, (health.console for _, health in fleet), clock)
    rows = tuple(FleetRow(health, known, found.get(health.console)) for known, health in fleet)
    facts = FleetFacts(pages.stack, checked_at, rows)
    try:
        _put(pages, FLEET_DATA_KEY, (orjson.dumps(fleet_data(facts)),), "application/json")
        _put(pages, FLEET_PAGE_KEY, fleet_page(facts, pages.looks), "text/html; charset=utf-8")
    except (ArchiveStoreError, SettingsError) as error:
        return str(error)
    return None


def fleet_data(facts: FleetFacts) -> dict[str, Any]:
    """The same facts for programs, in the order of the page."""
    return {
        "stack": facts.stack,
        "checked_at": rfc3339(facts.checked_at),
        "days": DAYS,
        "consoles": [_plain(row) for row in ordered(facts.rows)],
    }


def _plain(row: FleetRow) -> dict[str, Any]:
    health, runs, history = row.health, row.known.runs, row.history
    return {
        "console": health.console,
        "name": runs.label.name,
        "tags": dict(runs.label.tags),
        "health": health.word,
        "needs_person": not health.is_healthy,
        "problems": [{"judgement": str(p.judgement), "sentence": p.sentence} for p in health.problems],
        "completed_at": _moment(health.completed_at),
        "verified_at": _moment(health.verified_at),
        "open_faults": row.known.rotation.faults if row.known.rotation is not None else None,
        "statements": health.statements,
        "entries": to_json(history) | {"until": history.until.isoformat()} if history is not None else None,
    }


def _moment(at: int | None) -> str | None:
    return rfc3339(at) if at is not None else None


def _put(pages: FleetPages, key: str, pieces: Iterable[bytes], content_type: str) -> None:
    digest = sha256()
    with pages.scratch() as file:
        for piece in pieces:
            file.write(piece)
            digest.update(piece)
        pages.reports.put(key, file, digest.hexdigest(), content_type)
