"""The event files: each is an input that the function takes, and that the template's Console may be."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from audit_archive.request import ArchiveRequest, OperatorRequest, is_operator_event
from tests.template.rendered import ROOT, SOURCE

EVENTS = sorted((ROOT / "events").glob("*.json"))


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_an_event_is_one_the_function_takes(path: Path) -> None:
    event = json.loads(path.read_text())
    read = OperatorRequest if is_operator_event(event) else ArchiveRequest
    request = read.from_event(event)
    assert {name: getattr(request, name) for name in event} == event
    assert re.fullmatch(SOURCE["Parameters"]["Console"]["AllowedPattern"], request.console)
