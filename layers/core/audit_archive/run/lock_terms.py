"""Until when an object must be locked, and whether its lock is to be extended. Pure.

Statements and checkpoints are kept for ever, so their locks are extended again and again, always before they
end. Exports and entry files are kept for the retention of the stack: their locks are extended only if it was
raised after they were put.
"""

from dataclasses import dataclass

from audit_archive.format.facts import LockMode
from audit_archive.format.lock_margin import lock_margin_days
from audit_archive.format.times import DAY
from audit_archive.ports import Retention

MAX_LOCK_SHORTFALL = 7 * DAY
"""Seconds by which the lock of a stored export may be shorter than a new one, if a run is to rest on it."""


@dataclass(frozen=True)
class LockTerms:
    """The stack's lock, and the moment of the run that extends locks (`now`, epoch seconds)."""

    retention_days: int
    mode: LockMode
    now: int

    @property
    def margin(self) -> int:
        """A lock that ends within so many seconds is extended."""
        return lock_margin_days(self.retention_days) * DAY

    @property
    def full_term(self) -> int:
        """When a lock ends that is put now: a day later than the owner asked, as for all that is put."""
        return self.now + (self.retention_days + 1) * DAY

    def lasting(self, lock: Retention | None) -> Retention | None:
        """The lock to give to an object that is kept for ever; None: the one that it has is long enough."""
        if lock is not None and lock.until > self.now + self.margin:
            return None
        return self._later(lock, self.full_term)

    def promised(self, lock: Retention | None, put_at: int) -> Retention | None:
        """The lock to give to an object that is kept for the retention; None: the one that it has will do.

        `put_at` comes from a statement, which may be forged: no lock is longer than one that is put now.
        """
        return self._later(lock, min(put_at, self.now) + (self.retention_days + 1) * DAY)

    def falls_short(self, stated: Retention, put_at: int) -> bool:
        """Whether what a run stored under this lock was promised less than the stack promises today."""
        return self.promised(stated, put_at - MAX_LOCK_SHORTFALL) is not None

    def _later(self, lock: Retention | None, until: int) -> Retention | None:
        if until <= self.now or (lock is not None and until <= lock.until):
            return None
        # The mode of a lock in force can't be changed without the right to bypass it.
        is_in_force = lock is not None and lock.until > self.now
        return Retention(lock.mode if lock is not None and is_in_force else self.mode, until)
