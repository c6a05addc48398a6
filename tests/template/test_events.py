"""The event files: each is an input of the function as documented."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.template.rendered import ROOT, SOURCE

EVENTS = sorted((ROOT / "events").glob("*.json"))
FIELDS = {"console": str, "purge_mode": str, "keep_days": int, "reason": str}


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_an_event_is_one_the_function_takes(path: Path) -> None:
    event = json.loads(path.read_text())
    assert {name: type(value) for name, value in event.items()}.items() <= FIELDS.items()
    assert re.fullmatch(SOURCE["Parameters"]["Console"]["AllowedPattern"], event["console"])
    assert event.get("purge_mode", "off") in SOURCE["Parameters"]["PurgeMode"]["AllowedValues"]
