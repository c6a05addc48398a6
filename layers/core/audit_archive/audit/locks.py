"""Locks, as they are and as they were promised."""

from dataclasses import dataclass

from audit_archive.audit.tally import AuditTally
from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import LockMode
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.format.times import DAY, from_rfc3339, rfc3339
from audit_archive.format.verdicts import Checked, Fault, Verdict, Why
from audit_archive.ports import NO_VERSION, ObjectFacts

CLOCK_ERROR = 60
"""Seconds that a machine's clock may have been set back between two puts of one run."""


@dataclass(frozen=True)
class Promise:
    """A lock: its mode (None: any), and until when at least (epoch seconds)."""

    mode: LockMode | UnknownMember | None
    until: int


def promise_of(said: ArchiveStatement) -> Promise:
    """The lock that a statement states of its export."""
    return Promise(said.export.lock_mode, from_rfc3339(said.export.retain_until))


def later(promise: Promise) -> Promise:
    """The lock of whatever the same run put later, which it does not state."""
    return Promise(promise.mode, promise.until - CLOCK_ERROR)


def of_a_statement(said: Statement, newest: tuple[str, Promise] | None) -> Promise:
    """The least lock of a statement and of its checkpoint.

    That of the export which the same run stated (`newest`: its run id and lock); of another, a day.
    """
    if isinstance(said, ArchiveStatement):
        return later(promise_of(said))
    if newest is not None and newest[0] == said.run.id:
        return later(newest[1])
    return Promise(None, from_rfc3339(said.run.started_at) + DAY)


def judge_lock(tally: AuditTally, facts: ObjectFacts, promise: Promise, seq: int) -> None:
    """Note a fault unless an object is locked as it was promised."""
    if facts.version_id == NO_VERSION:
        tally.skip(Checked.LOCKS, Why.COPY)
        return
    tally.checked[Checked.LOCKS] += 1
    why = _weakness(facts, promise)
    if why is not None:
        sentence = f"{facts.key} (version {facts.version_id}) {why}"
        tally.fault(Fault(Verdict.UNLOCKED, facts.key, facts.version_id, seq, sentence))


def _weakness(facts: ObjectFacts, promise: Promise) -> str | None:
    lock = facts.retention
    if lock is None:
        return "has no object lock"
    if promise.mode is not None and lock.mode not in {promise.mode, LockMode.COMPLIANCE}:
        return f"is locked in mode {lock.mode}, not {promise.mode}"
    if lock.until < promise.until:
        return f"is locked until {rfc3339(lock.until)} only, not {rfc3339(promise.until)}"
    return None
