"""The folder that the emulator and the stack write to: in memory if the machine allows."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108 - Linux's file system in memory; what is made there is ours alone
NO_EXEC = getattr(os, "ST_NOEXEC", 0)  # Linux alone tells
ROOM = 2 * 1024**3
"""Bytes: several times what a demo or the system tests leave there."""


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A new folder, gone at the end of its `with`.

    The layer is built and unpacked there, and thousands of small files that come and go may take a disk
    tens of seconds. A container's memory is too small, or may not hold libraries that run.
    """
    return tempfile.TemporaryDirectory(prefix="canary-audit-", dir=MEMORY if is_fit(MEMORY, ROOM) else None)


def is_fit(folder: Path, room: int) -> bool:
    """Whether a folder is there, is ours to write, has so many bytes left, and what lies in it may be run."""
    return (
        folder.is_dir()
        and os.access(folder, os.W_OK | os.X_OK)
        and not os.statvfs(folder).f_flag & NO_EXEC
        and shutil.disk_usage(folder).free >= room
    )
