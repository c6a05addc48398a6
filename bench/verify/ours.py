"""The audit at the depth of content, over a copy in a folder."""

from __future__ import annotations

from pathlib import Path

from audit_archive.auditing.question import Audit, Question
from audit_archive.domain.verdicts import Depth
from audit_archive.verify import verify
from cli.bootstrap import folder_reader, is_signed


def audit(folder: str, console: str) -> int:
    """Audit the copy. RuntimeError if it is not found valid."""
    reader = folder_reader(Path(folder))
    ports = Audit(reader.source, reader.clock, reader.scratch, is_signed)
    found = verify(ports, Question(console, Depth.CONTENT))
    if not found.is_valid:
        raise RuntimeError(found.summary)
    return found.checked["entries"]
