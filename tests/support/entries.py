"""Entries as a Console writes them, and trails of them for the Console on this machine."""

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from local.console import Trail

LONG_AGO = 1_784_000_000
"""2026-07-14 03:33:20 UTC: older than every window that a test sets."""

Json: TypeAlias = dict[str, Any]


def entry(entry_id: object, age: timedelta | None = None, **fields: object) -> Json:
    """An entry as a Console writes it, with nothing unusual but what `fields` say; by default long ago."""
    moment = LONG_AGO if age is None else int(time.time() - age.total_seconds())
    usual: Mapping[str, object] = {
        "id": entry_id,
        "timestamp": datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC+0000"),
        "action_type": "user_login",
        "message": f"User logged in ({entry_id!r})",
        "user": "somebody@example.com",
        "user_ip": "192.0.2.7",
        "user_browser_agent": "Mozilla/5.0",
        "user_browser_language": "en",
        "flock_id": "flock:default",
        "additional_information": None,
    }
    return {**usual, **fields}


def trail_of(*entries: Mapping[str, object] | bytes) -> Trail:
    """A trail that holds these; bytes take the next id, whatever is in them."""
    trail = Trail()
    for each in entries:
        trail.put(each)
    return trail


def ordinary(count: int = 3) -> Trail:
    """A trail of so many entries, all long ago, with nothing unusual in them."""
    return trail_of(*(entry(number) for number in range(1, count + 1)))


def text_of(entry: Mapping[str, object]) -> bytes:
    """The entry as the Console would serve it."""
    return json.dumps(entry, separators=(",", ":")).encode()
