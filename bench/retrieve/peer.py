"""What most people would write: every file unpacked and every line parsed. Nothing is checked."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.retrieve import USER

START, END = datetime.fromtimestamp(0).astimezone(), datetime.fromtimestamp(4_000_000_000).astimezone()
MONTH = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)


def user(folder: str, console: str) -> int:
    """What one user did, if the name is spelled just so."""
    return _search(folder, console, lambda entry: entry["user"] == USER)


def everything(folder: str, console: str) -> int:
    """Whatever happened in a time that holds all."""

    def is_asked_for(entry: dict[str, Any]) -> bool:
        return START <= datetime.strptime(entry["timestamp"], "%Y-%m-%d %H:%M:%S UTC%z") < END

    return _search(folder, console, is_asked_for)


def _search(folder: str, console: str, is_asked_for: Callable[[dict[str, Any]], bool]) -> int:
    count = 0
    with tempfile.TemporaryFile() as found:
        for path in sorted(Path(folder, "entries", f"console={console}").rglob("*.gz")):
            with gzip.open(path) as lines:
                for line in lines:
                    count += 1
                    if is_asked_for(json.loads(line)):
                        found.write(line)
    return count


def month(folder: str, entries: int) -> int:
    """One month of an archive of three years: every time is compared. Returns what it was told."""
    start, end = MONTH
    with tempfile.TemporaryFile() as found:
        for path in sorted(Path(folder, "entries").rglob("*.gz")):
            with gzip.open(path) as lines:
                for line in lines:
                    at = datetime.strptime(json.loads(line)["timestamp"], "%Y-%m-%d %H:%M:%S UTC%z")
                    if start <= at < end:
                        found.write(line)
    return entries
