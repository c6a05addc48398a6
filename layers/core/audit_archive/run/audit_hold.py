"""What the daily audit found, as a reason to purge nothing: nothing dies unless it found the archive well.

The audit's notes are read, and never written: the archive function may not write them.
"""

from dataclasses import dataclass

from audit_archive.bookmark import AuditResult, Rotation
from audit_archive.errors import IntegrityError, runbook_url
from audit_archive.format.facts import HeldBackBy
from audit_archive.format.head import Head
from audit_archive.format.layout import statement_key
from audit_archive.format.statement import parse_statement
from audit_archive.format.times import from_rfc3339, rfc3339
from audit_archive.run.context import Run
from audit_archive.storage.chain import read_whole, statements_from

AUDIT_HOLDS = frozenset({HeldBackBy.VERIFY_FAULTS, HeldBackBy.NOT_VERIFIED})
"""The reasons that the daily audit gives, and that the next audit takes away. No export does."""

NOT_VERIFIED_WAY_OUT = (
    "Nothing is purged until an audit finds the archive well. Look whether the schedule <console>_verify is "
    "there and ENABLED, and why the verify function fails: "
    f"{runbook_url('not_verified')}"
)


@dataclass(frozen=True)
class AuditHold:
    """Why nothing may be purged, and the same for a person."""

    reason: HeldBackBy
    sentence: str


def audit_hold(run: Run, head: Head) -> AuditHold | None:
    """Why the daily audit lets nothing be purged; None if it last found the archive well, and not long ago.

    A new archive may be purged before its first audit, until this is overdue. Raises LedgerError.
    """
    console = run.order.console
    try:
        rotation = run.audits.notes.last(console)
    except IntegrityError as error:
        return _not_verified(str(error).rstrip("."))
    return _no_audit(run, head) if rotation is None else _judged(run, rotation)


def _judged(run: Run, rotation: Rotation) -> AuditHold | None:
    console, ended = run.order.console, rotation.last_completed_at
    if rotation.last_result != AuditResult.VALID:
        return AuditHold(
            HeldBackBy.VERIFY_FAULTS,
            f"verify_faults: the daily audit of {_moment(ended)} found faults in the archive of Console "
            f"{console}: {rotation.faults} of them. Nothing is purged until a later audit finds it well. "
            f"`canary-audit verify {console}` lists them. What to do: {runbook_url('verify_faults')}",
        )
    # A note of the future would be fresh for ever.
    if abs(run.clock.now() - ended) > run.audits.oldest:
        return _not_verified(f"the last audit of {console} is of {_moment(ended)}")
    return None


def _no_audit(run: Run, head: Head) -> AuditHold | None:
    """Before the first audit only the age of the archive tells whether it should have been audited by now."""
    if not head.seq:
        return None
    console, began = run.order.console, _began_at(run)
    if began is None:
        return _not_verified(f"no audit of {console} is on record, and its first statement can't be read")
    if run.clock.now() - began <= run.audits.oldest:
        return None
    return _not_verified(f"no audit of {console} is on record, and its archive began at {_moment(began)}")


def _began_at(run: Run) -> int | None:
    """When the first statement was made; None if it can't be read. The oldest version of its key counts."""
    console = run.order.console
    first = next(statements_from(run.store, console, 1), None)
    if first is None or first.key != statement_key(console, 1):
        return None
    made = next((version for version in first.versions if not version.is_delete_marker), None)
    if made is None:
        return None
    try:
        return from_rfc3339(
            parse_statement(read_whole(run.store, made.key, made.version_id).data).run.started_at
        )
    except ValueError:
        return None


def _not_verified(what: str) -> AuditHold:
    return AuditHold(HeldBackBy.NOT_VERIFIED, f"not_verified: {what}. {NOT_VERIFIED_WAY_OUT}")


def _moment(at: int) -> str:
    try:
        return rfc3339(at)
    except (ValueError, OverflowError, OSError):
        return f"second {at}"  # a damaged note may have any number
