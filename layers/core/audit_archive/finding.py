"""A finding: something that a person must look at now."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Any

from audit_archive.errors import runbook_url
from audit_archive.format.codec import UnknownMember


class FindingKind(StrEnum):
    """Why a person must look now. `docs/operations.md` has a section for each."""

    FOREIGN_PURGE = "ForeignPurge"
    """A purge that no statement of ours planned."""
    UNREADABLE_RECEIPT = "UnreadableReceipt"
    """A receipt that does not say what was destroyed."""
    ACCEPTED_IDS_LIVE = "AcceptedIdsLive"
    """Ids that an operator accepted as gone are live."""
    PURGE_HELD_BACK = "PurgeHeldBack"
    """An entry has waited too long to be purged."""
    AMENDED_ENTRY = "AmendedEntry"
    """An archived entry has another content on the Console now."""
    LEDGER_DIFFERS = "LedgerDiffers"
    """The ledger's head did not match the chain."""
    OPERATOR_DECISION = "OperatorDecision"
    """Somebody stated an operator's decision, or set how far purging may go."""
    LOCK_NOT_EXTENDED = "LockNotExtended"
    """An object's lock ends too early, and it could not be extended."""
    VERIFY_FAULT = "VerifyFault"
    """An audit found a fault."""
    FLEET_CHECK = "FleetCheck"
    """The daily fleet check found Consoles that are not archived or not audited as they should be."""
    PURGE_MISMATCH = "PurgeMismatchError"
    """A purge destroyed more than was planned."""
    ROLLBACK = "RollbackError"
    """The Console's trail went backwards."""
    POPULATION_MISMATCH = "PopulationMismatchError"
    """The purging key sees a number of entries that does not fit the export."""
    INTEGRITY = "IntegrityError"
    """A stored object does not match what was put, or another writer wrote to the archive."""


@dataclass(frozen=True)
class Finding:
    """Something that a person must look at now: its kind, one sentence, and the facts behind it."""

    kind: FindingKind | UnknownMember
    console: str
    sentence: str
    facts: Mapping[str, Any]

    @property
    def url(self) -> str:
        """Where the published runbook says what to do about a finding of this kind."""
        return runbook_url(str(self.kind))

    @property
    def digest(self) -> str:
        """What identifies a finding: the SHA-256 (hex) of its kind and its sentence."""
        return sha256(f"{self.kind}\n{self.sentence}".encode()).hexdigest()
