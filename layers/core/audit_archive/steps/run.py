"""What a run is told, and what it works with."""

from dataclasses import dataclass

from audit_archive.domain.facts import RunFacts
from audit_archive.domain.plan import Policy
from audit_archive.domain.public_keys import SignatureCheck
from audit_archive.domain.times import DAY, from_rfc3339
from audit_archive.ports import (
    Alerts,
    ArchiveStore,
    Clock,
    Console,
    Ledger,
    OpenPurger,
    Retention,
    ScratchFile,
    Signer,
)

RESERVE = 90.0
"""With fewer seconds than this left, no new slice is begun and no purge is sent."""

REJECTED_DAYS = 90


@dataclass(frozen=True)
class Order:
    """One run over one Console: its id, what the owner allows, how long to keep, and who asked."""

    console: str
    policy: Policy
    retention_days: int
    lock_mode: str
    facts: RunFacts


@dataclass(frozen=True)
class Signing:
    """The key that signs checkpoints, and how a signature is checked."""

    signer: Signer
    is_signed: SignatureCheck


@dataclass(frozen=True)
class Run:
    """An order, and every port that carrying it out takes. `signing`: None where nothing is signed."""

    order: Order
    console: Console
    open_purger: OpenPurger
    store: ArchiveStore
    ledger: Ledger
    alerts: Alerts
    clock: Clock
    scratch: ScratchFile
    signing: Signing | None = None

    def has_time(self) -> bool:
        """Whether there is time left to begin something."""
        return self.clock.remaining() >= RESERVE

    def retention(self) -> Retention:
        """The lock of everything that this run archives: as of its start, a day longer than the owner asked.

        So two deliveries of one event, which may write the same statement, ask for the same lock.
        """
        until = from_rfc3339(self.order.facts.started_at) + (self.order.retention_days + 1) * DAY
        return Retention(self.order.lock_mode, until)

    def rejected_retention(self) -> Retention:
        """The lock of an export that we refuse."""
        return Retention(self.order.lock_mode, self.clock.now() + REJECTED_DAYS * DAY)
