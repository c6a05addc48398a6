"""Object locks: the lock that an object must have, and whether the one it has is as strong and as long.

With it goes the encryption: a lock does not protect bytes whose key somebody can delete.
"""

from dataclasses import dataclass

from audit_archive.audit.tally import AuditTally
from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import LockMode
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.format.times import DAY, from_rfc3339, rfc3339
from audit_archive.format.verdicts import Checked, Fault, Verdict, Why
from audit_archive.ports import ENCRYPTION, NO_VERSION, ObjectFacts

CLOCK_ERROR = 60
"""Seconds that a machine's clock may have been set back between two puts of one run."""


@dataclass(frozen=True)
class RequiredLock:
    """The least lock that an object must have: its mode (None: any), and its end (epoch seconds)."""

    mode: LockMode | UnknownMember | None
    until: int


def stated_lock(statement: ArchiveStatement) -> RequiredLock:
    """The lock that a statement states for its export."""
    return RequiredLock(statement.export.lock_mode, from_rfc3339(statement.export.retain_until))


def lock_of_later_puts(required: RequiredLock) -> RequiredLock:
    """The least lock of what a run put after its export. No statement states it, and the clock may err."""
    return RequiredLock(required.mode, required.until - CLOCK_ERROR)


def lock_of_statement(statement: Statement, newest: tuple[str, RequiredLock] | None) -> RequiredLock:
    """The least lock of a statement and its checkpoint.

    It is the lock of the export that the same run stated (`newest`: its run id and that lock). If the run
    stated no export, it is any mode, and a day.
    """
    if isinstance(statement, ArchiveStatement):
        return lock_of_later_puts(stated_lock(statement))
    if newest is not None and newest[0] == statement.run.id:
        return lock_of_later_puts(newest[1])
    return RequiredLock(None, from_rfc3339(statement.run.started_at) + DAY)


def judge_lock(tally: AuditTally, facts: ObjectFacts, required: RequiredLock, seq: int) -> None:
    """Add a fault unless an object has at least the lock that it must have, and is encrypted by S3."""
    if facts.version_id == NO_VERSION:
        tally.skip(Checked.LOCKS, Why.COPY)
        return
    if facts.encryption != ENCRYPTION:
        sentence = (
            f"{facts.key} (version {facts.version_id}) is stored with {facts.encryption}, not {ENCRYPTION}: "
            "whoever can delete its key can destroy it"
        )
        tally.fault(Fault(Verdict.WRONG_ENCRYPTION, facts.key, facts.version_id, seq, sentence))
    tally.checked[Checked.LOCKS] += 1
    why = _weakness(facts, required)
    if why is not None:
        sentence = f"{facts.key} (version {facts.version_id}) {why}"
        tally.fault(Fault(Verdict.UNLOCKED, facts.key, facts.version_id, seq, sentence))


def _weakness(facts: ObjectFacts, required: RequiredLock) -> str | None:
    lock = facts.retention
    if lock is None:
        return "has no object lock"
    if required.mode is not None and lock.mode not in {required.mode, LockMode.COMPLIANCE}:
        return f"is locked in mode {lock.mode}, not {required.mode}"
    if lock.until < required.until:
        return f"is locked only until {rfc3339(lock.until)}, not until {rfc3339(required.until)}"
    return None
