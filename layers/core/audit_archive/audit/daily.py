"""The daily audit of a Console's archive, and the audit by hand. Each fault is announced once.

The daily audit checks what is new in the chain, and a share of the older statements with every byte that
they name. So the whole archive is checked again within so many days. While a fault is open, each audit walks
the whole chain. It also checks whether archive runs still complete.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, chain, islice, takewhile
from typing import Any

import orjson

from audit_archive.alerts import announce_together
from audit_archive.audit.bookmarks import Resume
from audit_archive.audit.claims import RunsClaim
from audit_archive.audit.listing import Listing
from audit_archive.audit.locks import ENDING, NOTICE
from audit_archive.audit.onward import Onward, verify_onward
from audit_archive.audit.question import Audit, AuditQuestion, KnownPoint
from audit_archive.audit.request import MOST_PARTS
from audit_archive.audit.settings import SettingsCheck
from audit_archive.audit.verify import verify_archive
from audit_archive.bookmark import MOST_NOTED, AuditResult, BookmarkKind, Rotation
from audit_archive.finding import Finding, FindingKind
from audit_archive.fleet_ports import LastRuns
from audit_archive.format.codec import to_json
from audit_archive.format.keys import PublicKey, SignatureCheck
from audit_archive.format.times import DAY, rfc3339
from audit_archive.format.verdicts import Depth, Fault, Verdict, Verification
from audit_archive.ports import Alerts, ArchiveSource, AuditorNotes, Clock, Ledger, ScratchFile, Verifications

MAX_ANNOUNCED = 200
"""Faults that one audit announces, all in one message. The next audit announces the next ones."""

ANNOUNCE_RESERVE = 10.0
"""Seconds. With less time left, no further fault is announced: the next audit does it."""

EVERY_CONSOLE = "every Console"
"""In place of a Console in a finding about the bucket, which all of them share. No Console has this id."""

MOST_FAULTS = 1000
"""Faults that the report lists. A Lambda answer has at most 6 MB."""

MOST_OPEN = 100
"""Statements with open faults that are remembered. They are looked at again by each audit."""

MOST_NOTED_BYTES = 200_000
"""Of those faults, as JSON. An item of the ledger's table has 400 KB at most."""


@dataclass(frozen=True)
class Share:
    """The statements whose contents are due today. `is_behind`: the cycle takes too many days.

    `is_first`: whether a cycle begins with it.
    """

    first: int
    last: int
    cycle_started_at: int
    is_behind: bool
    is_first: bool


def share_of(
    rotation: Rotation | None, newest_seq: int, now: int, content_days: int, *, goes_on: bool = False
) -> Share:
    """Today's share of `newest_seq` statements: those left in the cycle, divided by the days left in it.

    So larger shares make up for a missed day or an unfinished share. `now`: epoch seconds. `goes_on`: what is
    left of the unfinished share is asked for instead, which may be nothing.
    """
    is_new = rotation is None or rotation.round_at > 0 or rotation.next_seq > newest_seq
    first, started_at = (
        (1, now)
        if is_new or rotation is None
        # A clock that ran ahead may have begun the cycle: days that are yet to come are not left in it.
        else (rotation.next_seq, min(rotation.cycle_started_at, now))
    )
    days_left = content_days - (now - started_at) // DAY
    if goes_on and rotation is not None:
        first = rotation.next_seq
        last = max(rotation.share_last, first - 1)
        return Share(first, last, started_at, is_behind=days_left < 1, is_first=False)
    left = newest_seq - first + 1
    count = -(-left // max(days_left, 1))
    return Share(first, first + count - 1, started_at, is_behind=days_left < 1, is_first=is_new)


GoOn = Callable[[], None]
"""Starts another invocation. Raises SettingsError if that is refused."""


@dataclass(frozen=True)
class AuditPorts:
    """The ports that an audit with a ledger takes.

    `notes`: what the daily audits remember. `settings`: as in an Audit; the daily audit alone looks at them.
    `go_on`: starts one more invocation for the rest of a daily audit; None where an audit is not split.
    """

    source: ArchiveSource
    ledger: Ledger
    notes: AuditorNotes
    alerts: Alerts
    clock: Clock
    scratch: ScratchFile
    is_signed: SignatureCheck
    settings: SettingsCheck | None = None
    go_on: GoOn | None = None


@dataclass(frozen=True)
class AuditReport:
    """What an audit found. An audit by hand has the verification alone.

    `is_stale`: whether the Console's last completed run is too old; `freshness`: the same in a sentence.
    `is_behind`: whether it takes longer than `content_days` to read all contents again. `goes_on`: whether
    another invocation does what this one had not the time for. `unchecked`: how many things were not checked
    that should have been, and that it does not do either.
    """

    verification: Verification
    is_stale: bool | None = None
    freshness: str | None = None
    is_behind: bool | None = None
    goes_on: bool | None = None
    unchecked: int | None = None

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
    `trusted_keys`: as in an AuditQuestion. `part`: which invocation of the audit this is, from 1 on.
    """

    console: str
    period: int
    content_days: int
    trusted_keys: tuple[PublicKey, ...] = ()
    part: int = 1


def audit_daily(ports: AuditPorts, daily: DailyAudit, keep: KeepReport) -> AuditReport:
    """Check the chain, read today's share of the contents, and check whether archive runs still complete.

    What there was no time for, another invocation does. Raises SettingsError if the topic or that invocation
    is refused, LedgerError, ArchiveStoreError, and IntegrityError if the notes of the last audit can't be
    read.
    """
    console, now = daily.console, ports.clock.now()
    rotation = ports.notes.last(console)
    runs = ports.ledger.last_runs(console).until(now)  # before the chain: a run may end meanwhile
    audit = replace(_audit(ports, console), settings=ports.settings, claim=_claim(runs, rotation))
    listing = Listing(ports.source, console)
    newest = _newest_to_read(audit, rotation, listing)
    share = share_of(rotation, newest, now, daily.content_days, goes_on=daily.part > 1)
    question = _question(daily, rotation, share, newest)
    resume = _resume(ports.notes, console, rotation)
    found = verify_onward(audit, question, resume, listing)
    is_stale, freshness = _freshness(runs.completed_at, now, daily.period, rotation)
    goes_on = ports.go_on is not None and daily.part < MOST_PARTS and not found.is_done
    goes_on = goes_on and (found.is_stuck or _has_come_on(found, resume))
    left = found.has_passed_over if goes_on else found.verification.unexpectedly_unchecked
    report = AuditReport(found.verification, is_stale, freshness, share.is_behind, goes_on, int(left))
    keep(report)
    for kind, bookmark in found.bookmarks.items():
        ports.notes.save_bookmark(console, kind, bookmark)
    reached = _next_rotation(rotation, share, found, now, daily)
    if found.verification.continue_at is None and share.last >= newest:
        reached = replace(reached, round_at=now)
    ports.notes.save(console, _with_what_others_opened(reached, ports.notes.last(console), rotation))
    announce_faults(ports, found.verification)
    if goes_on and ports.go_on is not None:
        ports.go_on()
    return report


def _claim(runs: LastRuns, rotation: Rotation | None) -> RunsClaim:
    seen = (rotation.newest_seq, rotation.last_completed_at) if rotation is not None else (0, 0)
    return RunsClaim(runs, *seen)


def _newest_to_read(audit: Audit, rotation: Rotation | None, listing: Listing) -> int:
    """The newest statement whose contents are due in this cycle.

    Whoever can write to the ledger can put an older head there, and so can a run that died. What an earlier
    audit found in the chain is due in any case.
    """
    if audit.recorded is None:
        return listing.newest
    seen = rotation.newest_seq if rotation is not None else 0
    return max(audit.recorded.seq, min(seen, listing.newest))


def _question(daily: DailyAudit, rotation: Rotation | None, share: Share, newest: int) -> AuditQuestion:
    return AuditQuestion(
        console=daily.console,
        depth=Depth.CONTENT if newest else Depth.CHAIN,
        from_seq=share.first,
        to_seq=share.last if newest else None,
        trusted_keys=daily.trusted_keys,
        known=remembered(rotation),
        # On the day of its deployment a Console has not been archived yet.
        must_exist=False,
        is_daily=True,
        again=frozenset(rotation.open_seqs if rotation is not None else ()),
        passes_over=rotation is not None and rotation.stuck_at == share.first,
        ending=max(ENDING, daily.content_days * DAY + NOTICE),
    )


def _resume(notes: AuditorNotes, console: str, rotation: Rotation | None) -> Resume:
    """The bookmarks of earlier audits. Without a rotation nothing is known of these: no bookmark counts."""
    if rotation is None:
        return Resume()
    return Resume(
        *(
            notes.bookmark(console, kind)
            for kind in (BookmarkKind.CHAIN, BookmarkKind.SHARE, BookmarkKind.WHOLE)
        )
    )


def _has_come_on(found: Onward, resume: Resume) -> bool:
    """Whether an audit came further. If it did not, another invocation would be in vain."""
    before = {
        BookmarkKind.CHAIN: resume.chain,
        BookmarkKind.SHARE: resume.share,
        BookmarkKind.WHOLE: resume.whole,
    }
    return any(
        bookmark.head.seq > (known.head.seq if (known := before[kind]) is not None else 0)
        for kind, bookmark in found.bookmarks.items()
    )


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


def remembered(rotation: Rotation | None) -> tuple[KnownPoint, ...]:
    """The newest statement of the last daily audit without a fault: the chain must still contain it."""
    if rotation is None or rotation.newest_sha256 is None:
        return ()
    return (KnownPoint("an earlier audit", rotation.newest_sha256, rotation.newest_seq),)


def _with_what_others_opened(reached: Rotation, latest: Rotation | None, read: Rotation | None) -> Rotation:
    """The notes to save, with the faults of another audit that ended since this one read its notes.

    Lambda and Scheduler may each deliver an event twice. What this audit found right, it may have seen before
    the other one did.
    """
    others = set(latest.open_seqs if latest is not None and latest != read else ()) - set(reached.open_seqs)
    if not others:
        return reached
    open_seqs = tuple(sorted({*reached.open_seqs, *others})[:MOST_OPEN])
    faults = reached.faults + len(others)
    return replace(reached, last_result=AuditResult.FAULTS, faults=faults, open_seqs=open_seqs)


def _next_rotation(
    rotation: Rotation | None, share: Share, found: Onward, now: int, daily: DailyAudit
) -> Rotation:
    """A fault that the audit did not look at again stays open.

    What it had not the time for is not done: the note says how far the audits have come.
    """
    verification = found.verification
    seq, sha256 = verification.newest_seq, verification.newest_sha256
    if not verification.is_valid:
        seq, sha256 = (rotation.newest_seq, rotation.newest_sha256) if rotation is not None else (0, None)
    faulty = {fault.seq for fault in verification.faults if fault.seq is not None}
    left = set(rotation.open_seqs if rotation is not None else ()) - found.examined - faulty
    still, since = _still(rotation, left, verification.faults), rotation.since if rotation is not None else {}
    noted = _noted((*verification.faults, *still))
    continue_at = verification.continue_at
    return Rotation(
        next_seq=continue_at if continue_at is not None else share.last + 1,
        cycle_started_at=share.cycle_started_at,
        last_completed_at=now,
        last_result=AuditResult.VALID if verification.is_valid and not left else AuditResult.FAULTS,
        faults=len(verification.faults) + len(still) + len(left - {fault.seq for fault in still}),
        newest_seq=seq,
        newest_sha256=sha256,
        share_last=share.last if continue_at is not None else 0,
        stuck_at=share.first if found.is_stuck else 0,
        open_seqs=tuple(sorted(faulty | left)[:MOST_OPEN]),
        period=daily.period,
        round_at=rotation.round_at if rotation is not None and not share.is_first else 0,
        walked_at=now if found.is_walked else rotation.walked_at if rotation is not None else 0,
        unread_since=_unread_since(rotation, share, now),
        content_days=daily.content_days,
        open_faults=noted,
        open_since=tuple(since.get(fault.sha256, now) for fault in noted),
        passed_over=share.first if found.has_passed_over else _passed_over(rotation, share),
    )


def _still(rotation: Rotation | None, left: set[int], found: Sequence[Fault]) -> list[Fault]:
    """The noted faults of statements that this audit did not look at again: they are there still."""
    noted = rotation.open_faults if rotation is not None else ()
    return [fault for fault in noted if fault.seq in left and fault not in found]


def _noted(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """The first faults, as many as the note has room for."""
    sizes = accumulate(len(orjson.dumps(to_json(fault))) for fault in faults)
    room = takewhile(lambda pair: pair[1] <= MOST_NOTED_BYTES, zip(faults, sizes, strict=True))
    return tuple(fault for fault, _ in islice(room, MOST_NOTED))


def _passed_over(rotation: Rotation | None, share: Share) -> int:
    """The statement that earlier shares of this cycle passed over; 0 without one."""
    return rotation.passed_over if rotation is not None and not share.is_first else 0


def _unread_since(rotation: Rotation | None, share: Share, now: int) -> int:
    """When the oldest cycle began that has not read all contents: one that passed over some has not."""
    if rotation is None or (share.is_first and not rotation.passed_over):
        return share.cycle_started_at
    return min(rotation.unread_since, now)


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
    pending = chain(*(ports.notes.pending(name, clock.now()) for name in (console, EVERY_CONSOLE)))
    faults = (_finding(console, fault) for fault in verification.faults)
    in_time = takewhile(lambda _: clock.remaining() >= ANNOUNCE_RESERVE, faults)
    announce_together(announcer, chain(pending, in_time), MAX_ANNOUNCED)


def _finding(console: str, fault: Fault) -> Finding:
    """A fault as a finding. Every Console's audit meets a changed setting: it is announced once for all."""
    if fault.verdict == Verdict.CHANGED_SETTING:
        console = EVERY_CONSOLE
    return Finding(FindingKind.VERIFY_FAULT, console, f"{fault.verdict}: {fault.sentence}", to_json(fault))
