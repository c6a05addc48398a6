"""What a run is told, and what it works with."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypedDict

from audit_archive.alerts import announce
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
"""With fewer seconds than this left, no new slice is begun and no purge is sent."""

REJECTED_DAYS = 90


class Link(TypedDict):
    """What makes a statement the next one in its chain, and which run makes it."""

    console: str
    seq: int
    previous: ObjectRef | None
    run: RunFacts


@dataclass(frozen=True)
class Order:
    """One run over one Console: its id, what the owner allows, how long to keep, and who asked."""

    console: str
    policy: Policy
    retention_days: int
    lock_mode: LockMode
    facts: RunFacts

    def link(self, head: Head) -> Link:
        """What every statement of this run says to follow a head."""
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
        return self.clock.remaining() >= RUN_RESERVE

    def retention(self) -> Retention:
        """The lock of everything that this run archives: as of its start, a day longer than the owner asked.

        So two deliveries of one event, which may write the same statement, ask for the same lock.
        """
        until = from_rfc3339(self.order.facts.started_at) + (self.order.retention_days + 1) * DAY
        return Retention(self.order.lock_mode, until)

    def rejected_retention(self) -> Retention:
        """The lock of an export that we refuse."""
        return Retention(self.order.lock_mode, self.clock.now() + REJECTED_DAYS * DAY)


# The Console's lease: it keeps parallel runs quiet; what keeps them safe is the chain.

MARGIN = 60
"""Seconds that a lease outlives the invocation that took it."""

MAX_INVOCATION_SECONDS = 900
"""Seconds that a Lambda invocation can last."""


@contextmanager
def lease(run: Run) -> Iterator[bool]:
    """Hold the lease, if nobody else does; whether we do."""
    console, owner, now = run.order.console, run.order.facts.id, run.clock.now()
    expires_at = now + int(min(run.clock.remaining(), MAX_INVOCATION_SECONDS)) + MARGIN
    is_ours = run.ledger.acquire(console, owner, now, expires_at)
    try:
        yield is_ours
    finally:
        if is_ours:
            run.ledger.release(console, owner)


# What happens inside a run when another one was faster.


class SupersededError(Exception):
    """Another run has taken the chain further, so this one steps back: an outcome, never a failure."""


def announce_pending(run: Run) -> None:
    """Tell what an earlier run could not. Raises SettingsError if the topic still refuses."""
    for finding in run.ledger.pending(run.order.console, run.clock.now()):
        announce(run, finding)


@contextmanager
def paging(run: Run) -> Iterator[None]:
    """Wake somebody for an error that asks for it; a topic that refuses must not hide the error."""
    try:
        yield
    except PageError as error:
        try:
            kind = member_of(FindingKind, type(error).__name__)
            announce(run, Finding(kind, run.order.console, str(error), {}))
        except (SettingsError, LedgerError) as failure:
            error.add_note(str(failure))
        raise
