"""Object locks: the lock that an object must have, and whether the one it has is as strong and as long.

With it goes the encryption: a lock does not protect bytes whose key somebody can delete.
"""

from dataclasses import dataclass

from audit_archive.audit.tally import AuditTally
from audit_archive.errors import runbook_url
from audit_archive.format.codec import UnknownMember
from audit_archive.format.facts import LockMode
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.lock_margin import NOTICE_DAYS
from audit_archive.format.statement import ArchiveStatement, Statement
from audit_archive.format.times import DAY, from_rfc3339, rfc3339
from audit_archive.format.verdicts import Checked, Fault, Verdict, Why
from audit_archive.ports import ENCRYPTION, NO_VERSION, ArchiveSource, ObjectFacts

ENDING = 30 * DAY
"""Seconds. The lock of a statement that ends so soon should have been extended long before."""

NOTICE = NOTICE_DAYS * DAY
"""Seconds between an audit that tells of a lock and its end, at least. The daily audit looks at each lock
once in a cycle, so it tells of those that end before the next look."""

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


def judge_lock(tally: AuditTally, facts: ObjectFacts, required: RequiredLock, seq: int) -> bool:
    """Whether an object has at least the lock that it must have. Adds a fault if it has not.

    An object that is not encrypted by S3 is a fault of its own.
    """
    if facts.version_id == NO_VERSION:
        tally.skip(Checked.LOCKS, Why.COPY)
        return True
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
    return why is None


class EndingLocks:
    """Tells of statements and checkpoints, which are kept for ever, whose lock ends soon or has ended.

    Statements come in order, so the first of them stands for all: one fault, with the same sentence each day.
    """

    def __init__(self, tally: AuditTally, before: int) -> None:
        """`before`: the moment (epoch seconds) up to which no lock may end."""
        self._tally = tally
        self._before = before
        self._is_told = False

    def judge(self, facts: ObjectFacts, seq: int) -> None:
        """Add a fault for the first lock that ends soon. An object without a lock is judged elsewhere."""
        lock = facts.retention
        if self._is_told or lock is None or lock.until > self._before:
            return
        self._is_told = True
        # Not "has ended": the sentence must be the same before and after, so that it is told once.
        sentence = (
            f"{facts.key} (version {facts.version_id}) is locked until {rfc3339(lock.until)} only, and no "
            "run has extended the lock. Later ones may end as soon. Extend them with `canary-audit locks`: "
            f"{runbook_url('locknotextended')}"
        )
        self._tally.fault(Fault(Verdict.ENDING, facts.key, facts.version_id, seq, sentence))


def judge_first_locks(source: ArchiveSource, console: str, tally: AuditTally, before: int) -> None:
    """Judge the locks of the first statement and its checkpoint: where none is extended, they end first.

    An audit that does not walk the whole chain sees so each day whether locks are extended at all. `before`:
    as in EndingLocks.
    """
    ending = EndingLocks(tally, before)
    for key in (statement_key(console, 1), checkpoint_key(console, 1)):
        facts = source.inspect(key)
        if facts is not None and tally.is_blamed(key, facts.version_id):
            return  # the walk told of it
        if facts is not None:
            ending.judge(facts, 1)


def _weakness(facts: ObjectFacts, required: RequiredLock) -> str | None:
    lock = facts.retention
    if lock is None:
        return "has no object lock"
    if required.mode is not None and lock.mode not in {required.mode, LockMode.COMPLIANCE}:
        return f"is locked in mode {lock.mode}, not {required.mode}"
    if lock.until < required.until:
        return f"is locked only until {rfc3339(lock.until)}, not until {rfc3339(required.until)}"
    return None
