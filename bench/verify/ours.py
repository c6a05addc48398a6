"""The audit at the depth of content, over a copy in a folder."""

from __future__ import annotations

from pathlib import Path

from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.verify import verify_archive
from audit_archive.format.verdicts import Checked, Depth
from cli.stack import folder_reader, is_signed


def audit(folder: str, console: str) -> int:
    """Audit the copy. RuntimeError if it is not found valid."""
    reader = folder_reader(Path(folder))
    ports = Audit(reader.source, reader.clock, reader.scratch, is_signed)
    found = verify_archive(ports, AuditQuestion(console, Depth.CONTENT))
    if not found.is_valid:
        raise RuntimeError(found.summary)
    return found.checked[Checked.ENTRIES]
