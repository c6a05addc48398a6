"""`status`: where the archive of each Console stands, from the ledger and the bucket."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

from audit_archive.bookmark import AuditResult, Rotation
from audit_archive.errors import AuditArchiveError, LedgerError, PageError
from audit_archive.events import is_console_id
from audit_archive.fleet_ports import LastRuns
from audit_archive.format.codec import UnknownMember, to_json
from audit_archive.format.decisions import Acceptance, LegalHold, decided_at
from audit_archive.format.facts import Cause, IdSpan, Mode
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet
from audit_archive.format.times import from_rfc3339, rfc3339
from audit_archive.health import WELL, ConsoleHealth, Judgement, console_of, judge
from audit_archive.restraint import Restraint, by_whom
from audit_archive.retrieve.coverage import LISTED, Miscounted
from audit_archive.retrieve.covering import reach
from audit_archive.retrieve.known import UNKNOWN_STACK, Notes, ReadOnce, StackFacts, known_of
from audit_archive.retrieve.statements import Reader, current_head
from audit_archive.storage.chain import read_known

_STATEMENTS = "statements/"
_CONSOLE = "console="
_HOUR = 3600

AT_ONCE = 10
"""Consoles that are looked at at once: as many requests as a client of AWS sends at once."""

_COUNTS = ("statements", "highest_archived_id", "highest_purged_id", "unpurged_entries", "lag_ids")


@dataclass(frozen=True)
class OpenIntent:
    """A purge up to `boundary` that statement `seq` planned. No statement has recorded its outcome yet."""

    seq: int
    boundary: int
    expected_count: int


@dataclass(frozen=True)
class SetMode:
    """A mode that a person set: which, who (as stated), why, since when (RFC 3339), in which request.

    `since`: None if the item in the ledger can't be read. It holds all the same.
    """

    mode: Mode
    who: str
    reason: str
    since: str | None
    request_id: str


@dataclass(frozen=True)
class Paused:
    """A pause: who (as stated), why, since when (RFC 3339), in which request, and by which statement.

    `seq`: None if only the ledger has it; `since` too, if its item can't be read.
    """

    who: str
    reason: str
    since: str | None
    request_id: str
    seq: int | None


@dataclass(frozen=True)
class Held:
    """An open legal hold: who (as stated), why, since when (RFC 3339), in which request, which statements.

    `seq`: its statement. `later`: how many statements a hold on the whole archive does not name, since they
    came after it; None for a hold on a part.
    """

    seq: int
    who: str
    reason: str
    since: str
    request_id: str
    held: tuple[IdSpan, ...]
    later: int | None


@dataclass(frozen=True)
class Status:
    """Where the archive of a Console stands. Moments are RFC 3339 text in UTC.

    `up_to`: the moment up to which the newest complete export holds everything that the Console showed.
    `nothing_newer_at`: a later moment at which, by the ledger, a run found no newer entry on the Console.
    `lag_hours`: hours since the later of the two. `stale_ids`: entries that the Console showed since then and
    its exports lack. `miscounted`: the newest complete export, if it does not match the Console's own count.
    `unpurged_entries`: archived entries that no purge of ours has destroyed; `lag_ids`: the width of their
    range of ids. `missing`: by cause, how many ids are missing and may still be filled; `unexplained`: the
    first ranges that hold purging back until an operator accepts them. `is_latched`: purging waits for an
    operator. `verified_at`: when the stack's daily audit last ended; `verified_result`: how; `audit_faults`:
    how many it found; `unaccepted_faults`: how many of them no operator accepted; `acceptances`: each
    decision that accepted some, with who, as stated. `last_failure`: how the last run failed, if none was
    completed since. `name`, `tags`: what people call it. `is_known`: whether it has a schedule, an archive or
    a completed run. `health`: how it is, judged from all of this; None in a copy, which does not tell.
    `stack_mode`: the PurgeMode of the stack; `set_mode`, `console_mode`: what persons set for all Consoles,
    and for this one; `mode`: the lowest of these. `paused`: the first pause that holds purging back;
    `paused_again`: the newest, if it is another one. `legal_holds`: those that are open, by the chain.
    `fault`: why other fields are None, or what the ledger has and the chain lacks. What is not known is None.
    A fault of one Console leaves the others as they are.
    """

    console: str
    epoch: int | None = None
    statements: int | None = None
    newest_statement_at: str | None = None
    highest_archived_id: int | None = None
    highest_purged_id: int | None = None
    unpurged_entries: int | None = None
    lag_ids: int | None = None
    up_to: str | None = None
    nothing_newer_at: str | None = None
    stale_ids: tuple[int, ...] = ()
    miscounted: Miscounted | None = None
    lag_hours: float | None = None
    completed_at: str | None = None
    missing: dict[Cause | UnknownMember, int] | None = None
    unexplained: tuple[IdSpan, ...] = ()
    open_intents: tuple[OpenIntent, ...] = ()
    is_latched: bool = False
    next_due_at: str | None = None
    verified_at: str | None = None
    verified_result: str | None = None
    audit_faults: int | None = None
    unaccepted_faults: int | None = None
    acceptances: tuple[Acceptance, ...] = ()
    last_failure: str | None = None
    name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    stack_mode: Mode | None = None
    set_mode: SetMode | None = None
    console_mode: SetMode | None = None
    mode: Mode | None = None
    paused: Paused | None = None
    paused_again: Paused | None = None
    legal_holds: tuple[Held, ...] = ()
    fault: str | None = None
    is_known: bool | None = None
    health: ConsoleHealth | None = None

    @property
    def state(self) -> str:
        """The most urgent thing that a person should know; `ok` without one."""
        return self.fault or next(self._doubts(), WELL)

    def as_dict(self) -> dict[str, Any]:
        """The fields of an answer."""
        plain: dict[str, Any] = to_json(replace(self, health=None))
        missing = sum(self.missing.values()) if self.missing is not None else None
        return plain | {"missing_ids": missing, "state": self.state} | self._judged()

    def _judged(self) -> dict[str, Any]:
        if self.health is None:
            return {"health": str(Judgement.UNKNOWN), "needs_person": None, "problems": []}
        return {
            "health": self.health.says,
            "needs_person": not self.health.is_healthy,
            "problems": [
                {"judgement": str(each.judgement), "sentence": each.sentence} for each in self.health.problems
            ],
        }

    def _doubts(self) -> Iterator[str]:
        if self.audit_faults and self.unaccepted_faults != 0:
            count = f"{self.audit_faults} fault{'s' * (self.audit_faults != 1)}"
            yield f"the last audit found {count}: `canary-audit faults list` shows them"
        yield from self._brakes()
        if self.is_latched:
            yield "purging waits for `canary-audit resume`"
        if self.last_failure is not None:
            yield self.last_failure
        if self.unexplained:
            first, more = self.unexplained[0], len(self.unexplained) - 1
            others = f" and {more} more range{'s' * (more != 1)}" if more else ""
            yield f"purging waits for `canary-audit accept`: ids {first.first} to {first.last}{others}"
        if self.stale_ids:
            yield f"the export lacks entry {self.stale_ids[-1]}, which the Console showed"
        if self.miscounted is not None:
            yield "the export does not match the Console's own count: see miscounted of --json"
        if self.statements == 0:
            yield "nothing archived"
        if self.open_intents:
            yield "the outcome of a purge is not known yet: the next run finds out"
        if self.health is not None:
            yield from (each.sentence for each in self.health.problems)

    def _brakes(self) -> Iterator[str]:
        """What a person set to keep purging back."""
        if self.paused is not None:
            both = [each for each in (self.paused, self.paused_again) if each is not None]
            by = ", and again ".join(by_whom(each.since, each.who, each.reason) for each in both)
            what = "it" if len(both) == 1 else "every pause"
            yield f"purging is paused {by}. `canary-audit console resume {self.console}` ends {what}"
        for each, which in ((self.set_mode, ""), (self.console_mode, f" {self.console}")):
            if each is not None and self.mode != self.stack_mode and each.mode == self.mode:
                by = by_whom(each.since, each.who, each.reason)
                yield f"purging is set to {each.mode} {by}. `canary-audit purging on{which}` lifts it"


def statuses(reader: Reader, console: str | None, stack: StackFacts = UNKNOWN_STACK) -> tuple[Status, ...]:
    """The status of one Console; without a name, of every Console that is known, in order of name.

    Known is whoever has statements, or a schedule, or runs.
    """
    if console is not None:
        return (_judged(reader, console, stack, Notes.of_one(reader, console)),)
    notes = Notes.of_all(reader)
    names = sorted(_names(reader, stack, notes))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return tuple(pool.map(_judged, repeat(reader), names, repeat(stack), repeat(notes)))


def consoles_in(reader: Reader) -> Iterator[str]:
    """Every Console with a statement, in order of the keys."""
    for folder in reader.source.folders(_STATEMENTS):
        name = folder.removeprefix(_CONSOLE)
        if folder.startswith(_CONSOLE) and is_console_id(name):
            yield name


def _names(reader: Reader, stack: StackFacts, notes: "Notes") -> set[str]:
    scheduled = {console_of(name) for name in stack.schedules or ()}
    # A run by hand over a mistyped name leaves a failure, and makes no Console.
    ran = {name for name, runs in notes.runs.items() if runs.completed_at is not None}
    return {name for name in {*scheduled, *ran, *consoles_in(reader)} if is_console_id(name)}


def _judged(reader: Reader, console: str, stack: StackFacts, notes: Notes) -> Status:
    reader.check_time("console")
    reader = replace(reader, source=ReadOnce(reader.source))
    runs, rotation = notes.runs.get(console, LastRuns(console)), notes.rotations.get(console)
    label = runs.label
    status, head, unread = Status(console, name=label.name, tags=label.tags), None, notes.unread
    if console in notes.rotations and rotation is None:
        unread = LedgerError(f"The audit's notes on {console} can't be read.")
    try:
        status, head = _status(reader, status, runs)
        status = replace(status, **_restrained(reader, console, status.paused))
    except AuditArchiveError as error:
        unread = error
    status = replace(status, **_verified(rotation, status.acceptances))
    if unread is not None and status.fault is None:
        status = replace(status, fault=f"{type(unread).__name__}: {unread}")
    if reader.ledger is None and stack.schedules is None and status.fault is None:
        # A copy of the bucket says nothing of runs, audits and schedules.
        return replace(status, is_known=bool(status.statements))
    is_doubt = status.fault is not None and (unread is None or isinstance(unread, PageError))
    known = known_of(console, stack, runs, rotation, head)
    doubt, unreadable = (status.fault, None) if is_doubt else (None, status.fault)
    known = replace(known, doubt=doubt, unread=unreadable)
    status = replace(status, is_known=known.is_console or (None if stack.schedules is None else False))
    return replace(status, health=judge(known, stack.limits, reader.clock.now()))


def _status(reader: Reader, status: Status, runs: LastRuns) -> tuple[Status, Head]:
    """What the archive tells, and the head that the chain leads to."""
    head, contradiction = current_head(reader, status.console)
    failure = runs.open_failure.says if runs.open_failure is not None else None
    status = replace(status, last_failure=failure, fault=contradiction)
    if head.statement is None:
        nothing: dict[str, Any] = {**dict.fromkeys(_COUNTS, 0), "epoch": 1, "missing": {}}
        return replace(status, **nothing), head
    reached = reach(reader, head, runs)
    status = replace(
        status,
        epoch=head.epoch,
        statements=head.seq,
        newest_statement_at=read_known(reader.source, head.statement).run.started_at,
        highest_archived_id=head.highest_archived_id,
        highest_purged_id=head.highest_purged_id,
        unpurged_entries=_unpurged(head),
        lag_ids=head.highest_archived_id - head.highest_purged_id,
        up_to=reached.up_to,
        nothing_newer_at=reached.nothing_newer_at,
        stale_ids=tuple(each.lacks_id for each in reached.stale),
        miscounted=reached.miscounted,
        lag_hours=_lag(reader, reached.nothing_newer_at or reached.up_to),
        completed_at=rfc3339(runs.completed_at) if runs.completed_at is not None else None,
        missing=_missing(head),
        unexplained=tuple(IdSpan(hole.first, hole.last) for hole in head.unexplained[:LISTED]),
        open_intents=tuple(OpenIntent(i.seq, i.boundary, i.expected_count) for i in head.open_intents),
        is_latched=head.is_latched,
        next_due_at=rfc3339(head.next_due_at) if head.next_due_at is not None else None,
        acceptances=head.acceptances,
        paused=_paused(head),
        legal_holds=holds_of(head),
    )
    return status, head


def _verified(last: Rotation | None, acceptances: Iterable[Acceptance]) -> dict[str, Any]:
    """When the daily audit of a Console last ended, and with which result."""
    if last is None:
        return {}
    decided = decided_at(acceptances)
    return {
        "unaccepted_faults": last.unaccepted(decided) if last.last_result != AuditResult.VALID else 0,
        "verified_at": rfc3339(last.last_completed_at),
        "verified_result": last.last_result,
        "audit_faults": last.faults,
    }


def _restrained(reader: Reader, console: str, paused: Paused | None) -> dict[str, Any]:
    """How far the Console may be purged, and by whose word."""
    if reader.ledger is None:
        return {}
    found = reader.ledger.restraints(console)
    newest = _by_ledger(found.pause) if found.pause is not None else None
    again = newest if paused and newest and newest.request_id != paused.request_id else None
    lowest = found.lowers(reader.stack_mode) if reader.stack_mode is not None else None
    return {
        "stack_mode": reader.stack_mode,
        "set_mode": _set_mode(found.stack),
        "console_mode": _set_mode(found.console),
        "mode": lowest.mode if lowest is not None else reader.stack_mode,
        "paused": paused or newest,
        "paused_again": again,
    }


def _by_ledger(kept: Restraint) -> Paused:
    return Paused(kept.who, kept.reason, kept.since, kept.request_id, None)


def _set_mode(kept: Restraint | None) -> SetMode | None:
    if kept is None:
        return None
    return SetMode(kept.mode, kept.who, kept.reason, kept.since, kept.request_id)


def _paused(head: Head) -> Paused | None:
    """The pause that the chain states."""
    kept = head.pause
    if kept is None:
        return None
    return Paused(kept.who, kept.reason, rfc3339(kept.since), kept.request_id, kept.seq)


def holds_of(head: Head) -> tuple[Held, ...]:
    """The open legal holds."""
    return tuple(_held(head, each) for each in head.legal_holds)


def _held(head: Head, kept: LegalHold) -> Held:
    later = head.seq - kept.seq if kept.is_whole else None
    since = rfc3339(kept.since)
    return Held(kept.seq, kept.who, kept.reason, since, kept.request_id, kept.held, later)


def _lag(reader: Reader, moment: str | None) -> float | None:
    return round((reader.clock.now() - from_rfc3339(moment)) / _HOUR, 1) if moment is not None else None


def _unpurged(head: Head) -> int:
    """Archived ids above the purged watermark, and late ones below it."""
    above = IdSet.of((head.highest_purged_id + 1, head.highest_archived_id))
    return above.minus(head.open_ids).size + len(head.late_ids)


def _missing(head: Head) -> dict[Cause | UnknownMember, int]:
    counts: Counter[Cause | UnknownMember] = Counter()
    for hole in head.holes:
        counts[hole.cause] += hole.last - hole.first + 1
    return dict(sorted(counts.items()))
