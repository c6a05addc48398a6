"""The fastest parser we know of, over the whole text in memory: what parsing alone costs."""

from __future__ import annotations

import zipfile

import orjson


def survey(path: str) -> int:
    """Inflate all, parse all, look at nothing."""
    with zipfile.ZipFile(path) as archive:
        return len(orjson.loads(archive.read(archive.namelist()[0])))
