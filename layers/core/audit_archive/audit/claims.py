"""What the ledger says of the last completed run, held against the chain.

Whoever may write to the ledger can record a run that never was, and so hide that the archive stands still. A
run that was completed knew the newest statement: this much of a false record can be told.
"""

from dataclasses import dataclass

from audit_archive.audit.tally import AuditTally
from audit_archive.fleet_ports import LastRuns
from audit_archive.format.times import HOUR, rfc3339
from audit_archive.format.verdicts import Fault, Verdict

LEDGER_RUNS = "the ledger's record of runs"

RUN_SPAN = HOUR
"""Seconds. A run that was completed so long after an audit ended began after it."""


@dataclass(frozen=True)
class RunsClaim:
    """What the ledger said of the last runs before the audit read the chain.

    `seen_seq`: the newest statement of the last audit without a fault; `seen_at`: when an audit last ended.
    """

    runs: LastRuns
    seen_seq: int = 0
    seen_at: int = 0


def judge_claim(claim: RunsClaim, newest_seq: int, tally: AuditTally) -> None:
    """Add a fault if the last completed run can't be. `newest_seq`: the newest statement in the bucket."""
    completed, seq = claim.runs.completed_at, claim.runs.seq
    if completed is None:
        return
    if seq > newest_seq:
        why = f"the bucket has {newest_seq}"
    elif seq < claim.seen_seq and completed > claim.seen_at + RUN_SPAN:
        why = f"an earlier audit saw {claim.seen_seq}"
    else:
        return
    sentence = (
        f"{LEDGER_RUNS} of {claim.runs.console} has a run that was completed at {rfc3339(completed)} with "
        f"{seq} statements, but {why}. No such run was made: find out who wrote to the table, and run the "
        "Console"
    )
    tally.fault(Fault(Verdict.MISDESCRIBED, LEDGER_RUNS, None, None, sentence))
