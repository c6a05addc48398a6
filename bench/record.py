"""What was measured, with the machine and the versions that it was measured on, as a file that is kept."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.plan import Row
from bench.table import records

FOLDER = Path(__file__).with_name("results")
LIBRARIES = ("boto3", "cryptography", "isal", "orjson", "requests")


def machine() -> dict[str, Any]:
    """The processor and the versions; neither a name nor a path of this machine."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in LIBRARIES},
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown"
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "unknown")


def document(rows: Sequence[Row], verdict: str) -> dict[str, Any]:
    """Everything of one run of the bench."""
    return {"machine": machine(), "rows": records(rows), "verdict": verdict}


def write(found: dict[str, Any], folder: Path = FOLDER) -> Path:
    """Keep it as a file of today."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{datetime.now(UTC):%Y-%m-%d}.json"
    path.write_text(json.dumps(found, indent=1) + "\n")
    return path
