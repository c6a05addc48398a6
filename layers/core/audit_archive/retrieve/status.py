"""`status`: where the archive of each Console stands, from the ledger and the bucket."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from audit_archive.errors import AuditArchiveError
from audit_archive.events import is_console_id
from audit_archive.fleet_ports import LastRuns
from audit_archive.format.codec import UnknownMember, to_json
from audit_archive.format.facts import Cause, IdSpan
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet
from audit_archive.format.layout import consoles_after
from audit_archive.format.times import from_rfc3339, rfc3339
from audit_archive.retrieve.coverage import LISTED, Miscounted
from audit_archive.retrieve.covering import reach
from audit_archive.retrieve.statements import Reader, current_head
from audit_archive.storage.chain import read_known

_STATEMENTS = "statements/"
_CONSOLE = "console="
_HOUR = 3600


@dataclass(frozen=True)
class OpenIntent:
    """A purge up to `boundary` that statement `seq` planned. No statement has recorded its outcome yet."""

    seq: int
    boundary: int
    expected_count: int


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
    how many it found. `last_failure`: how the last run failed, if none was completed since. `fault`: why the
    other fields are empty, or what the ledger has and the chain lacks. A fault of one Console leaves the
    others as they are.
    """

    console: str
    epoch: int = 1
    statements: int = 0
    newest_statement_at: str | None = None
    highest_archived_id: int = 0
    highest_purged_id: int = 0
    unpurged_entries: int = 0
    lag_ids: int = 0
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
    audit_faults: int = 0
    last_failure: str | None = None
    fault: str | None = None

    @property
    def state(self) -> str:
        """The most urgent thing that a person should know; `ok` without one."""
        return self.fault or next(self._doubts(), "ok")

    def as_dict(self) -> dict[str, Any]:
        """The fields of an answer."""
        plain: dict[str, Any] = to_json(self)
        return plain | {"missing_ids": sum((self.missing or {}).values()), "state": self.state}

    def _doubts(self) -> Iterator[str]:
        if self.audit_faults:
            count = f"{self.audit_faults} fault{'s' * (self.audit_faults != 1)}"
            yield f"the last audit found {count}: `canary-audit verify` lists them"
        if self.is_latched:
            yield "purging waits for `canary-audit resume`"
        if self.last_failure is not None:
            yield f"{self.last_failure.partition(': ')[0]}: see last_failure of --json"
        if self.unexplained:
            first, more = self.unexplained[0], len(self.unexplained) - 1
            others = f" and {more} more ranges" if more else ""
            yield f"purging waits for `canary-audit accept`: ids {first.first} to {first.last}{others}"
        if self.stale_ids:
            yield f"the export lacks entry {self.stale_ids[-1]}, which the Console showed"
        if self.miscounted is not None:
            yield "the export does not match the Console's own count: see miscounted of --json"
        if not self.statements:
            yield "nothing archived"
        if self.open_intents:
            yield "the outcome of a purge is not known yet: the next run finds out"


def statuses(reader: Reader, console: str | None) -> tuple[Status, ...]:
    """The status of one Console; without a name, of every Console in the archive, in order of name."""
    names = [console] if console is not None else sorted(consoles_in(reader))
    return tuple(_status_or_fault(reader, name) for name in names)


def consoles_in(reader: Reader) -> Iterator[str]:
    """Every Console with a statement. A listing from behind the last one finds the next, one request each."""
    after = ""
    while version := next(reader.source.versions(_STATEMENTS, after), None):
        folder, slash, _ = version.key.removeprefix(_STATEMENTS).partition("/")
        name = folder.removeprefix(_CONSOLE)
        is_console = bool(slash) and folder.startswith(_CONSOLE) and is_console_id(name)
        if is_console:
            yield name
        after = consoles_after(name) if is_console else version.key


def _status_or_fault(reader: Reader, console: str) -> Status:
    reader.check_time("console")
    status = Status(console)
    try:
        status = _status(reader, console)
        return replace(status, **_verified(reader, console))
    except AuditArchiveError as error:
        return replace(status, fault=status.fault or f"{type(error).__name__}: {error}")


def _status(reader: Reader, console: str) -> Status:
    head, contradiction = current_head(reader, console)
    runs = reader.ledger.last_runs(console) if reader.ledger is not None else LastRuns(console)
    failure = runs.open_failure.says if runs.open_failure is not None else None
    if head.statement is None:
        return Status(console, missing={}, last_failure=failure, fault=contradiction)
    reached = reach(reader, head)
    return Status(
        console=console,
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
        last_failure=failure,
        fault=contradiction,
    )


def _verified(reader: Reader, console: str) -> dict[str, Any]:
    """When the daily audit of a Console last ended, and with which result."""
    last = reader.verifications.last(console) if reader.verifications is not None else None
    if last is None:
        return {}
    return {
        "verified_at": rfc3339(last.last_completed_at),
        "verified_result": last.last_result,
        "audit_faults": last.faults,
    }


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
