"""A finding: something that a person must look at now."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from audit_archive.format.codec import UnknownMember


class FindingKind(StrEnum):
    """What a person is woken up for; `docs/operations.md` says of each what to do."""

    FOREIGN_PURGE = "ForeignPurge"
    """A purge that no statement of ours planned."""
    UNREADABLE_RECEIPT = "UnreadableReceipt"
    """A receipt that does not say what was destroyed."""
    ACCEPTED_IDS_LIVE = "AcceptedIdsLive"
    """Ids that an operator accepted as gone are live."""
    PURGE_HELD_BACK = "PurgeHeldBack"
    """An entry has waited too long to be purged."""
    AMENDED_ENTRY = "AmendedEntry"
    """An archived entry says something else on the Console now."""
    LEDGER_DIFFERS = "LedgerDiffers"
    """The ledger's head was not the chain's."""
    VERIFY_FAULT = "VerifyFault"
    """An audit found a fault."""
    PURGE_MISMATCH = "PurgeMismatchError"
    """A purge destroyed more than was planned."""
    ROLLBACK = "RollbackError"
    """The Console shows less than it did."""
    POPULATION_MISMATCH = "PopulationMismatchError"
    """The purging key sees other entries than were exported."""
    INTEGRITY = "IntegrityError"
    """What is stored is not what was put, or somebody else wrote in the archive."""


@dataclass(frozen=True)
class Finding:
    """Something that a person must look at now: its kind, in one sentence, and the facts."""

    kind: FindingKind | UnknownMember
    console: str
    sentence: str
    facts: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """By what a finding is known again: the same thing said in the same words."""
        return sha256(f"{self.kind}\n{self.sentence}".encode()).hexdigest()
