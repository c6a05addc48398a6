"""What most people would write: the whole file in memory, `zipfile` over it, `json.load`."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path


def survey(path: str) -> int:
    """Find the largest id. It sees neither a hole, nor an id that comes twice, nor a lost key."""
    content = Path(path).read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(archive.namelist()[0]) as member:
        entries = json.load(member)
    return len(entries) if max(entry["id"] for entry in entries) else 0
