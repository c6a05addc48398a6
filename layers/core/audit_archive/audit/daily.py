"""The daily audit of a Console's archive, and the audit by hand. Each fault is announced once.

The daily audit checks the whole chain and reads a share of the contents, so that every byte is read again
within so many days. It also checks whether archive runs still complete.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import chain, takewhile
from typing import Any

from audit_archive.alerts import announce_together
from audit_archive.audit.question import Audit, AuditQuestion, KnownPoint
from audit_archive.audit.verify import verify_archive
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.codec import to_json
from audit_archive.format.keys import PublicKey, SignatureCheck
from audit_archive.format.times import DAY, rfc3339
from audit_archive.format.verdicts import Depth, Fault, Verification
from audit_archive.ports import (
    Alerts,
    ArchiveSource,
    AuditResult,
    Clock,
    Ledger,
    Rotation,
    ScratchFile,
    Verifications,
)
from audit_archive.storage.chain import statements_from

MAX_ANNOUNCED = 200
"""Faults that one audit announces, all in one message. The next audit announces the next ones."""

ANNOUNCE_RESERVE = 10.0
"""Seconds. With less time left, no further fault is announced: the next audit does it."""

MOST_FAULTS = 1000
"""Faults that the report lists. A Lambda answer has at most 6 MB."""


@dataclass(frozen=True)
class Share:
    """The statements whose contents are due today. `is_behind`: the cycle takes too many days."""

    first: int
    last: int
    cycle_started_at: int
    is_behind: bool


def share_of(rotation: Rotation | None, newest_seq: int, now: int, content_days: int) -> Share:
    """Today's share of `newest_seq` statements: those left in the cycle, divided by the days left in it.

    So larger shares make up for a missed day or an unfinished share. `now`: epoch seconds.
    """
    is_new = rotation is None or rotation.next_seq > newest_seq
    first, started_at = (
        (1, now) if is_new or rotation is None else (rotation.next_seq, rotation.cycle_started_at)
    )
    days_left = content_days - (now - started_at) // DAY
    left = newest_seq - first + 1
    count = -(-left // max(days_left, 1))
    return Share(first, first + count - 1, started_at, is_behind=days_left < 1)


@dataclass(frozen=True)
class AuditPorts:
    """The ports that an audit with a ledger takes. `notes`: what the daily audits remember."""

    source: ArchiveSource
    ledger: Ledger
    notes: Verifications
    alerts: Alerts
    clock: Clock
    scratch: ScratchFile
    is_signed: SignatureCheck


@dataclass(frozen=True)
class AuditReport:
    """What an audit found. An audit by hand has the verification alone.

    `is_stale`: whether the Console's last completed run is too old; `freshness`: the same in a sentence.
    `is_behind`: whether it takes longer than `content_days` to read all contents again.
    """

    verification: Verification
    is_stale: bool | None = None
    freshness: str | None = None
    is_behind: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report as a plain dict, for JSON, with the count of faults and the first MOST_FAULTS of them.

        The verify function returns it, and `canary-audit verify --json` prints it.
        """
        report: dict[str, Any] = to_json(self)
        plain: dict[str, Any] = report.pop("verification")
        faults = plain["faults"]
        return plain | report | {"fault_count": len(faults), "faults": faults[:MOST_FAULTS]}


KeepReport = Callable[[AuditReport], None]
"""Takes the report before any fault is announced, so that the report is kept if announcing fails."""


@dataclass(frozen=True)
class DailyAudit:
    """What is audited daily.

    `period`: seconds between archive runs. `content_days`: within how many days every byte is read again.
    `trusted_keys`: as in an AuditQuestion.
    """

    console: str
    period: int
    content_days: int
    trusted_keys: tuple[PublicKey, ...] = ()


def audit_daily(ports: AuditPorts, daily: DailyAudit, keep: KeepReport) -> AuditReport:
    """Check the chain, read today's share of the contents, and check whether archive runs still complete.

    Raises SettingsError if the topic refuses, LedgerError, ArchiveStoreError, and IntegrityError if the notes
    of the last audit can't be read.
    """
    console, now = daily.console, ports.clock.now()
    rotation, audit = ports.notes.last(console), _audit(ports, console)
    newest = audit.recorded.seq if audit.recorded is not None else _newest_number(ports.source, console)
    share = share_of(rotation, newest, now, daily.content_days)
    question = AuditQuestion(
        console=console,
        depth=Depth.CONTENT if newest else Depth.CHAIN,
        from_seq=share.first,
        to_seq=share.last if newest else None,
        trusted_keys=daily.trusted_keys,
        known=remembered(rotation),
        # On the day of its deployment a Console has not been archived yet.
        must_exist=False,
    )
    verification = verify_archive(audit, question)
    is_stale, freshness = _freshness(
        ports.ledger.last_runs(console).completed_at, now, daily.period, rotation
    )
    report = AuditReport(verification, is_stale, freshness, share.is_behind)
    keep(report)
    ports.notes.save(console, _next_rotation(rotation, share, verification, now, daily.period))
    announce_faults(ports, verification)
    return report


def audit_by_hand(ports: AuditPorts, question: AuditQuestion, keep: KeepReport) -> AuditReport:
    """Answer a question. The daily rotation does not move. Raises as `audit_daily` does."""
    known = question.known + remembered(ports.notes.last(question.console))
    report = AuditReport(verify_archive(_audit(ports, question.console), replace(question, known=known)))
    keep(report)
    announce_faults(ports, report.verification)
    return report


def _audit(ports: AuditPorts, console: str) -> Audit:
    audit = Audit(ports.source, ports.clock, ports.scratch, ports.is_signed)
    return audit.beside(ports.ledger, console)


def _newest_number(source: ArchiveSource, console: str) -> int:
    """The number of the newest statement, where the ledger does not know it."""
    return max((listed.number for listed in statements_from(source, console, 1)), default=0)


def remembered(rotation: Rotation | None) -> tuple[KnownPoint, ...]:
    """The newest statement of the last daily audit without a fault: the chain must still contain it."""
    if rotation is None or rotation.newest_sha256 is None:
        return ()
    return (KnownPoint("an earlier audit", rotation.newest_sha256, rotation.newest_seq),)


def _next_rotation(
    rotation: Rotation | None, share: Share, verification: Verification, now: int, period: int
) -> Rotation:
    seq, sha256 = verification.newest_seq, verification.newest_sha256
    if not verification.is_valid:
        seq, sha256 = (rotation.newest_seq, rotation.newest_sha256) if rotation is not None else (0, None)
    return Rotation(
        next_seq=verification.continue_at if verification.continue_at is not None else share.last + 1,
        cycle_started_at=share.cycle_started_at,
        last_completed_at=now,
        last_result=AuditResult.VALID if verification.is_valid else AuditResult.FAULTS,
        faults=len(verification.faults),
        newest_seq=seq,
        newest_sha256=sha256,
        period=period,
    )


def _freshness(completed: int | None, now: int, period: int, rotation: Rotation | None) -> tuple[bool, str]:
    if completed is None:
        # On the day of its deployment a Console has not been archived yet.
        return rotation is not None, "no archive run was ever completed"
    is_stale = now - completed > 2 * period
    sentence = f"the last archive run was completed at {rfc3339(completed)}"
    return is_stale, f"{sentence}, which is longer ago than twice its period" if is_stale else sentence


@dataclass(frozen=True)
class _Announcer:
    ledger: Verifications
    alerts: Alerts
    clock: Clock


def announce_faults(ports: AuditPorts, verification: Verification) -> None:
    """Announce the faults that were not announced yet in one message, at most MAX_ANNOUNCED of them."""
    console, clock = verification.console, ports.clock
    announcer = _Announcer(ports.notes, ports.alerts, clock)
    pending = ports.notes.pending(console, clock.now())
    faults = (_finding(console, fault) for fault in verification.faults)
    in_time = takewhile(lambda _: clock.remaining() >= ANNOUNCE_RESERVE, faults)
    announce_together(announcer, chain(pending, in_time), MAX_ANNOUNCED)


def _finding(console: str, fault: Fault) -> Finding:
    return Finding(FindingKind.VERIFY_FAULT, console, f"{fault.verdict}: {fault.sentence}", to_json(fault))
