"""The event files: each is an input that its function takes, and that the template's Console may be."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from audit_archive.adapters.machine import find_zone
from audit_archive.audit.question import AuditQuestion
from audit_archive.audit.request import FleetRequest, parse_verify_request
from audit_archive.retrieve.request import EntriesRequest, parse_request
from audit_archive.run.purging import PurgingRequest, is_purging_event
from audit_archive.run.request import (
    ArchiveRequest,
    LocksRequest,
    OperatorRequest,
    is_locks_event,
    is_operator_event,
)
from tests.support.asking import ASKED_AT
from tests.support.stack import ROOT, SOURCE

EVENTS = sorted((ROOT / "events").glob("*.json"))
QUESTIONS = [path for path in EVENTS if path.name.startswith("retrieve-")]
AUDITS = [path for path in EVENTS if path.name.startswith("verify-")]
CONSOLE = SOURCE["Parameters"]["Console"]["AllowedPattern"]


@pytest.mark.parametrize(
    "path", [p for p in EVENTS if p not in QUESTIONS + AUDITS], ids=lambda path: path.stem
)
def test_an_event_is_one_the_archive_or_the_operate_function_takes(path: Path) -> None:
    event = json.loads(path.read_text())
    request: ArchiveRequest | LocksRequest | OperatorRequest | PurgingRequest
    if is_locks_event(event):
        request = LocksRequest.from_event(event)
    elif is_purging_event(event):
        request = PurgingRequest.from_event(event)
    else:
        read = OperatorRequest if is_operator_event(event) else ArchiveRequest
        request = read.from_event(event)
    read_as = {name: getattr(request, name) for name in event}
    assert json.loads(json.dumps(read_as)) == event
    assert request.console is None or re.fullmatch(CONSOLE, request.console)


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_a_question_is_one_the_retrieve_function_takes(path: Path) -> None:
    event = json.loads(path.read_text())
    assert parse_request(event, find_zone, ASKED_AT).question == event
    assert "console" not in event or re.fullmatch(CONSOLE, event["console"])


@pytest.mark.parametrize("path", AUDITS, ids=lambda path: path.stem)
def test_an_audit_is_one_the_verify_function_takes(path: Path) -> None:
    event = json.loads(path.read_text())
    request = parse_verify_request(event)
    assert isinstance(request, AuditQuestion) == ("depth" in event)
    assert isinstance(request, FleetRequest) == ("fleet" in event)
    assert isinstance(request, FleetRequest) or re.fullmatch(CONSOLE, request.console)


def test_there_is_an_event_for_every_kind_of_question() -> None:
    asked = {json.loads(path.read_text())["request"] for path in QUESTIONS}
    assert asked == {"entries", "export", "proof", "evidence", "status"}


def test_the_question_across_a_change_of_the_clocks_is_one() -> None:
    asked = parse_request(
        json.loads((ROOT / "events/retrieve-address.json").read_text()), find_zone, ASKED_AT
    )
    assert isinstance(asked, EntriesRequest)
    event, query = asked.question, asked.query
    assert query.start is not None
    assert query.end is not None
    by_the_clock = datetime.fromisoformat(event["to"]) - datetime.fromisoformat(event["from"])
    assert (
        query.end - query.start == by_the_clock.total_seconds() + 60 - 3600
    )  # the last minute; an hour lost
