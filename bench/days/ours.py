"""Runs of the real handler in a process that is warm, each request as slow as a real one.

Each returns the entries that it archived, and what the run took: its requests by kind, and its wall time.
"""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any

from audit_archive.run.result import RunOutcome
from bench.days.calls import watched
from bench.run.ours import Context
from functions.archive.app import handler
from functions.verify.app import handler as audit

Taken = tuple[int, dict[str, Any]]


def idle(console: str, aws_port: int, delay: float) -> Taken:
    """A run that finds nothing new."""
    _archive(console)
    return _measured(console, aws_port, delay, RunOutcome.IDLE)


def day(console: str, aws_port: int, delay: float, new: int, settle: float) -> Taken:
    """A run over `new` entries that came since the last one. `settle`: seconds until they may be purged."""
    _archive(console)
    body = json.dumps({"count": new}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{console}/_local/arrive", body, {"Content-Type": "application/json"}
    )
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60).close()
    time.sleep(settle)
    return _measured(console, aws_port, delay, RunOutcome.PURGED if settle else RunOutcome.ARCHIVED)


def first(console: str, aws_port: int, delay: float) -> Taken:
    """The first run over a Console, which archives all that it holds."""
    return _measured(console, aws_port, delay, RunOutcome.PURGED)


def _archive(console: str) -> None:
    """Bring the archive up to the trail, and audit it: else each run asks how old the archive is."""
    handler({"console": console}, Context())
    audit({"console": console}, Context())
    handler({"console": console}, Context())


def _measured(console: str, aws_port: int, delay: float, outcome: RunOutcome) -> Taken:
    before, used = time.monotonic(), time.process_time()
    with watched(aws_port, delay) as calls:
        result = handler({"console": console, "reason": "benchmark"}, Context())
    taken = {
        "wall": time.monotonic() - before,
        "cpu": time.process_time() - used,
        "requests": dict(sorted(calls.by_kind.items())),
    }
    if result["outcome"] != outcome:
        raise RuntimeError(f"the run ended as {result}, not {outcome}")
    return int(result["new_entries"]), taken
