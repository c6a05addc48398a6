"""What the daily audit remembers of a Console."""

from typing import Protocol

from audit_archive.domain.rotation import Rotation
from audit_archive.ports.ledger import Findings


class Verifications(Findings, Protocol):
    """The audit's own notes, apart from the ledger. Raises LedgerError when they don't answer or refuse."""

    def last(self, console: str) -> Rotation | None:
        """How far the daily audits are; None before the first. IntegrityError if it can't be read."""

    def save(self, console: str, rotation: Rotation) -> None:
        """Note how far they are."""
