"""The daily audit of a Console's archive, and the audit by hand: what they find, a person is told once.

Daily, the whole chain is judged, and a share of the contents read: within so many days every byte is read
again. Besides, it looks whether the archive runs still come to their end.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from audit_archive.auditing.load import statements_from
from audit_archive.auditing.question import Audit, KnownPoint, Question
from audit_archive.domain.finding import Finding
from audit_archive.domain.public_keys import PublicKey, SignatureCheck
from audit_archive.domain.records import to_json
from audit_archive.domain.rotation import Rotation, Share, share_of
from audit_archive.domain.times import rfc3339
from audit_archive.domain.verdicts import Depth, Fault, Verification
from audit_archive.ports import Alerts, ArchiveSource, Clock, Ledger, ScratchFile, Verifications
from audit_archive.steps.announce import announce
from audit_archive.verify import verify

MAX_TOLD = 20
"""Faults that one audit tells a person of, one message each; the next one tells the next."""


@dataclass(frozen=True)
class Watch:
    """Everything that an audit with a ledger takes."""

    source: ArchiveSource
    ledger: Ledger
    notes: Verifications
    alerts: Alerts
    clock: Clock
    scratch: ScratchFile
    is_signed: SignatureCheck


@dataclass(frozen=True)
class Watched:
    """What an audit found. The rest is None of one by hand.

    `is_stale`: whether the Console's last completed run lies too long back; `freshness` says it in a
    sentence. `is_behind`: whether the contents are read again later than they should be.
    """

    verification: Verification
    is_stale: bool | None = None
    freshness: str | None = None
    is_behind: bool | None = None

    def as_dict(self) -> dict[str, Any]:
        """The report as a plain dict, for JSON."""
        watched: dict[str, Any] = to_json(self)
        plain: dict[str, Any] = watched.pop("verification")
        return plain | watched


Tell = Callable[[Watched], None]
"""Is given the report before any person is told, so that it is not lost if that fails."""


@dataclass(frozen=True)
class Daily:
    """What is audited daily. `period`: seconds between archive runs; `content_days`: within how many days
    every byte is read again; `trusted_keys`: as in a Question."""

    console: str
    period: int
    content_days: int
    trusted_keys: tuple[PublicKey, ...] = ()


def audit_daily(watch: Watch, daily: Daily, tell: Tell) -> Watched:
    """Judge the chain, read today's share, look whether archive runs still come to their end.

    Raises SettingsError if the topic refuses, LedgerError, ArchiveStoreError, IntegrityError for unreadable
    notes.
    """
    console, now = daily.console, watch.clock.now()
    rotation, audit = watch.notes.last(console), _audit(watch, console)
    newest = audit.recorded.seq if audit.recorded is not None else _count(watch.source, console)
    share = share_of(rotation, newest, now, daily.content_days)
    question = Question(
        console=console,
        depth=Depth.CONTENT if newest else Depth.CHAIN,
        from_seq=share.first,
        to_seq=share.last if newest else None,
        trusted_keys=daily.trusted_keys,
        known=_remembered(rotation),
        must_exist=False,  # on the day of its deployment a Console has not been archived yet
    )
    found = verify(audit, question)
    is_stale, freshness = _freshness(watch.ledger.last_completed(console), now, daily.period, rotation)
    watched = Watched(found, is_stale, freshness, share.is_behind)
    tell(watched)
    watch.notes.save(console, _moved(rotation, share, found, now))
    _announce(watch, found)
    return watched


def audit_by_hand(watch: Watch, question: Question, tell: Tell) -> Watched:
    """Answer a question; the daily rotation is left as it is. Raises as `audit_daily` does."""
    known = question.known + _remembered(watch.notes.last(question.console))
    watched = Watched(verify(_audit(watch, question.console), replace(question, known=known)))
    tell(watched)
    _announce(watch, watched.verification)
    return watched


def _audit(watch: Watch, console: str) -> Audit:
    audit = Audit(watch.source, watch.clock, watch.scratch, watch.is_signed)
    return audit.beside(watch.ledger, console)


def _count(source: ArchiveSource, console: str) -> int:
    """The number of the newest statement, where the ledger does not know it."""
    return max((listed.number for listed in statements_from(source, console, 1)), default=0)


def _remembered(rotation: Rotation | None) -> tuple[KnownPoint, ...]:
    """What the last audit without a fault saw: another place than the ledger that knows the chain."""
    if rotation is None or rotation.newest_sha256 is None:
        return ()
    return (KnownPoint("an earlier audit", rotation.newest_sha256, rotation.newest_seq),)


def _moved(rotation: Rotation | None, share: Share, found: Verification, now: int) -> Rotation:
    seq, sha256 = found.newest_seq, found.newest_sha256
    if not found.is_valid:
        seq, sha256 = (rotation.newest_seq, rotation.newest_sha256) if rotation is not None else (0, None)
    return Rotation(
        next_seq=found.continue_at if found.continue_at is not None else share.last + 1,
        cycle_started_at=share.cycle_started_at,
        last_completed_at=now,
        last_result="valid" if found.is_valid else "faults",
        faults=len(found.faults),
        newest_seq=seq,
        newest_sha256=sha256,
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


def _announce(watch: Watch, found: Verification) -> None:
    """Tell a person of every fault that nobody was told of yet, but of not too many at once."""
    announcer = _Announcer(watch.notes, watch.alerts, watch.clock)
    for pending in watch.notes.pending(found.console, watch.clock.now()):
        announce(announcer, pending)
    told = 0
    for fault in found.faults:
        told += announce(announcer, _finding(found.console, fault))
        if told == MAX_TOLD:
            return


def _finding(console: str, fault: Fault) -> Finding:
    return Finding("VerifyFault", console, f"{fault.verdict}: {fault.sentence}", to_json(fault))
