"""The audit at the depth of content, over a copy in a folder."""

from __future__ import annotations

from pathlib import Path

from audit_archive.adapters.clock import SystemClock
from audit_archive.adapters.ecdsa import is_signed
from audit_archive.adapters.folder_source import FolderSource
from audit_archive.adapters.scratch import scratch_file
from audit_archive.auditing.question import Audit, Question
from audit_archive.domain.verdicts import Depth
from audit_archive.verify import verify


def audit(folder: str, console: str) -> int:
    """Audit the copy. RuntimeError if it is not found valid."""
    ports = Audit(FolderSource(Path(folder)), SystemClock(), scratch_file, is_signed)
    found = verify(ports, Question(console, Depth.CONTENT))
    if not found.is_valid:
        raise RuntimeError(found.summary)
    return found.checked["entries"]
