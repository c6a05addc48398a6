"""`zcat | grep`: the least that reading an archive costs. It checks no hash, and compares bytes only."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from bench.retrieve import USER


def user(folder: str, console: str, entries: int) -> int:
    """Every line with these bytes; returns `entries` as it came, as it counts none."""
    return _search(folder, console, f'"user":"{USER}"', entries)


def everything(folder: str, console: str, entries: int) -> int:
    """Every line with a time."""
    return _search(folder, console, '"timestamp":"', entries)


def month(folder: str, entries: int) -> int:
    """`zcat` of the files of one month of an archive of three years, and of no other."""
    files = sorted(Path(folder, "entries").glob("*/dt=2024-03-*/*.gz"))
    with tempfile.TemporaryFile() as found:
        subprocess.run(["zcat", *files], stdout=found, check=True)
    return entries


def _search(folder: str, console: str, bytes_of: str, entries: int) -> int:
    files = sorted(Path(folder, "entries", f"console={console}").rglob("*.gz"))
    with tempfile.TemporaryFile() as found:
        unpacked = subprocess.Popen(["zcat", *files], stdout=subprocess.PIPE)
        with unpacked:
            subprocess.run(["grep", "-F", bytes_of], stdin=unpacked.stdout, stdout=found, check=True)
    if unpacked.returncode:
        raise RuntimeError(f"zcat ended with status {unpacked.returncode}")
    return entries
