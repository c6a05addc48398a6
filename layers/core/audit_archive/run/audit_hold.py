"""What the daily audit found, as a reason to purge nothing: nothing dies unless it found the archive well.

The audit's notes are read, and never written: the archive function may not write them.
"""

from dataclasses import dataclass

from audit_archive.bookmark import AuditResult, Rotation
from audit_archive.errors import IntegrityError, runbook_url
from audit_archive.format.decisions import decided_at
from audit_archive.format.facts import HeldBackBy
from audit_archive.format.head import Head
from audit_archive.format.layout import statement_key
from audit_archive.format.statement import parse_statement
from audit_archive.format.times import any_rfc3339, from_rfc3339
from audit_archive.run.context import Run
from audit_archive.storage.chain import read_whole, statements_from

AUDIT_HOLDS = frozenset({HeldBackBy.VERIFY_FAULTS, HeldBackBy.NOT_VERIFIED})
"""The reasons that the daily audit gives, and that the next audit takes away. No export does."""

NOT_VERIFIED_WAY_OUT = (
    "Nothing is purged until an audit finds the archive well. Look whether the schedule <console>_verify is "
    "there and ENABLED, and why the verify function fails or runs out of time: "
    f"{runbook_url('not_verified')}"
)


@dataclass(frozen=True)
class StandingHold:
    """Why nothing may be purged, whatever an export shows, and the same for a person."""

    reason: HeldBackBy
    sentence: str


def audit_hold(run: Run, head: Head) -> StandingHold | None:
    """As `audited_hold`, by the audit's notes as they are now. Raises LedgerError."""
    try:
        rotation = run.audits.notes.last(run.order.console)
    except IntegrityError as error:
        return _not_verified(run, str(error).rstrip("."))
    return audited_hold(run, head, rotation)


def audited_hold(run: Run, head: Head, rotation: Rotation | None) -> StandingHold | None:
    """Why the daily audit lets nothing be purged; None if it found the archive well, whole, and not long ago.

    An audit that ran out of time may have found no fault because it did not come far. So this asks how far
    the audits came: to the end of the chain of late, and over all contents within their days. A new archive
    may be purged before an audit has come to the end of its chain, until this is overdue.
    """
    if rotation is None:
        return _no_audit(run, head, "no audit is on record")
    return _judged(run, head, rotation)


def _judged(run: Run, head: Head, rotation: Rotation) -> StandingHold | None:
    if rotation.last_result != AuditResult.VALID:
        left = rotation.unaccepted(decided_at(head.acceptances))
        if left or rotation.last_result != AuditResult.FAULTS:
            return _faults_found(run, head, rotation, left)
    late = rotation.overdue(run.clock.now(), run.audits.oldest)
    if late is not None:
        return _not_verified(run, late)
    if not rotation.walked_at:
        return _no_audit(run, head, "no audit has come to the end of its chain")
    return None


def _faults_found(run: Run, head: Head, rotation: Rotation, left: int) -> StandingHold:
    console, ended = run.order.console, rotation.last_completed_at
    of_them = f"{rotation.faults} of them"
    if head.acceptances and left < rotation.faults:
        of_them += f", of which an operator accepted {rotation.faults - left}"
    return StandingHold(
        HeldBackBy.VERIFY_FAULTS,
        f"verify_faults: the daily audit of {any_rfc3339(ended)} found faults in the archive of Console "
        f"{console}: {of_them}. Nothing is purged until a later audit finds it well, or an operator accepts "
        f"each. `canary-audit faults list {console}` lists them. What to do: {runbook_url('verify_faults')}",
    )


def _no_audit(run: Run, head: Head, what: str) -> StandingHold | None:
    """Before the first audit only the age of the archive tells whether it should have been audited by now."""
    if not head.seq:
        return None
    began = _began_at(run)
    if began is None:
        return _not_verified(run, f"{what}, and its first statement can't be read")
    if run.clock.now() - began <= run.audits.oldest:
        return None
    return _not_verified(run, f"{what}, and its archive began at {any_rfc3339(began)}")


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


def _not_verified(run: Run, what: str) -> StandingHold:
    return StandingHold(
        HeldBackBy.NOT_VERIFIED,
        f"not_verified: of Console {run.order.console} {what}. {NOT_VERIFIED_WAY_OUT}",
    )
