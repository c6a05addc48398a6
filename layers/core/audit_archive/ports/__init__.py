"""What the product needs of the outside, each with its contract. Adapters fulfil them; nothing else does.

Every contract is also a test suite (`tests/contracts`) that runs against the strict fake and the real adapter
alike. Adapters raise only errors of `audit_archive.errors`.
"""

from audit_archive.ports.archive import (
    NO_VERSION,
    ArchiveSource,
    ArchiveStore,
    ObjectFacts,
    Retention,
    Version,
)
from audit_archive.ports.console import (
    Console,
    ConsoleEntry,
    Download,
    OpenPurger,
    Peek,
    PurgeAnswer,
    PurgingConsole,
)
from audit_archive.ports.ledger import Findings, Ledger
from audit_archive.ports.reports import FindZone, Handouts, LinkExport, ReportStore
from audit_archive.ports.signing import Signer
from audit_archive.ports.surroundings import Alerts, Clock, ScratchFile
from audit_archive.ports.verification import Verifications

__all__ = [
    "NO_VERSION",
    "Alerts",
    "ArchiveSource",
    "ArchiveStore",
    "Clock",
    "Console",
    "ConsoleEntry",
    "Download",
    "FindZone",
    "Findings",
    "Handouts",
    "Ledger",
    "LinkExport",
    "ObjectFacts",
    "OpenPurger",
    "Peek",
    "PurgeAnswer",
    "PurgingConsole",
    "ReportStore",
    "Retention",
    "ScratchFile",
    "Signer",
    "Verifications",
    "Version",
]
