"""What a run works with: its order, its ports, and the lease of its Console.

The lease only keeps parallel runs from doing the same work. The chain is what keeps them safe.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict

from audit_archive.alerts import announce, announce_all
from audit_archive.errors import LedgerError, PageError, SettingsError
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.codec import member_of
from audit_archive.format.facts import LockMode, ObjectRef, RunFacts
from audit_archive.format.head import Head
from audit_archive.format.keys import SignatureCheck
from audit_archive.format.times import DAY, from_rfc3339
from audit_archive.ports import (
    Alerts,
    ArchiveStore,
    AuditNotes,
    Clock,
    Console,
    Ledger,
    OpenPurger,
    Retention,
    ScratchFile,
    Signer,
)
from audit_archive.run.plan import Policy

RUN_RESERVE = 90.0
"""Seconds. With less time left, no new slice is begun and no purge is sent."""

REJECTED_DAYS = 90
"""How long an export that was refused stays locked."""

LEASE_MARGIN = 60
"""Seconds by which a lease outlives the invocation that took it."""

MAX_INVOCATION_SECONDS = 900
"""Seconds that a Lambda invocation can last."""


class SupersededError(Exception):
    """Another run has taken the chain further, so this run stops. This is an outcome, not a failure."""


class Link(TypedDict):
    """The members of a statement that link it to the one before it, and name the run that makes it."""

    console: str
    seq: int
    previous: ObjectRef | None
    run: RunFacts


@dataclass(frozen=True)
class Order:
    """What to do in one run: over which Console, within which limits, for how long to keep, and who asked.

    `retention_days`: for how long what is archived can't be deleted. `expiry_days`: after how many days S3
    hides it.
    """

    console: str
    policy: Policy
    retention_days: int
    expiry_days: int
    lock_mode: LockMode
    facts: RunFacts

    def link(self, head: Head) -> Link:
        """The link of a statement that comes next after a head."""
        return {
            "console": self.console,
            "seq": head.seq + 1,
            "previous": head.statement,
            "run": self.facts,
        }


@dataclass(frozen=True)
class Signing:
    """The key that signs checkpoints, and how a signature is checked."""

    signer: Signer
    is_signed: SignatureCheck


@dataclass(frozen=True)
class Audits:
    """The daily audit's notes, and after how many seconds the last audit is too old."""

    notes: AuditNotes
    oldest: int


@dataclass(frozen=True)
class Run:
    """An order, and the ports to carry it out.

    `signing`: None if no statement is signed. `bundle_signer`: the key that signs bundles, which a run only
    names; None if they are not signed.
    """

    order: Order
    console: Console
    open_purger: OpenPurger
    store: ArchiveStore
    ledger: Ledger
    alerts: Alerts
    clock: Clock
    scratch: ScratchFile
    audits: Audits
    signing: Signing | None = None
    bundle_signer: Signer | None = None

    def has_time(self) -> bool:
        """Whether there is time left to begin another step."""
        return self.clock.remaining() >= RUN_RESERVE

    def retention(self) -> Retention:
        """The lock of all that this run archives: counted from its start, a day longer than the owner asked.

        Two deliveries of one event may write the same statement. Both then ask for the same lock.
        """
        until = from_rfc3339(self.order.facts.started_at) + (self.order.retention_days + 1) * DAY
        return Retention(self.order.lock_mode, until)

    def rejected_retention(self) -> Retention:
        """The lock of an export that this run refuses."""
        return Retention(self.order.lock_mode, self.clock.now() + REJECTED_DAYS * DAY)


@contextmanager
def lease(run: Run) -> Iterator[bool]:
    """Hold the Console's lease if it is free. Yields whether this run holds it."""
    console, owner, now = run.order.console, run.order.facts.id, run.clock.now()
    expires_at = now + int(min(run.clock.remaining(), MAX_INVOCATION_SECONDS)) + LEASE_MARGIN
    is_ours = run.ledger.acquire(console, owner, now, expires_at)
    try:
        yield is_ours
    finally:
        if is_ours:
            run.ledger.release(console, owner)


@contextmanager
def paging(run: Run) -> Iterator[None]:
    """Announce a PageError before it goes on. A topic that refuses must not hide the error."""
    try:
        yield
    except PageError as error:
        try:
            kind = member_of(FindingKind, type(error).__name__)
            announce(run, Finding(kind, run.order.console, str(error), {}))
        except (SettingsError, LedgerError) as failure:
            error.add_note(str(failure))
        raise


def announce_pending(run: Run) -> None:
    """Send what an earlier run could not send. Raises SettingsError if the topic still refuses."""
    announce_all(run, run.ledger.pending(run.order.console, run.clock.now()))
