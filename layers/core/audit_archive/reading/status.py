"""`status`: where the archive of each Console stands, by what the ledger and the bucket say."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from audit_archive.domain.facts import ObjectRef
from audit_archive.domain.head import Head
from audit_archive.domain.layout import consoles_after
from audit_archive.domain.ranges import IdSet
from audit_archive.domain.statement import ArchiveStatement, Statement
from audit_archive.domain.times import from_rfc3339, rfc3339
from audit_archive.errors import AuditArchiveError
from audit_archive.reading.chain import beyond, read_statement, recorded_head
from audit_archive.reading.cover import known_up_to
from audit_archive.reading.reader import Reader

_STATEMENTS = "statements/"
_CONSOLE = "console="
_HOUR = 3600


@dataclass(frozen=True)
class OpenIntent:
    """A purge up to `boundary` that statement `seq` planned, and whose end nobody has written up yet."""

    seq: int
    boundary: int
    expected_count: int


@dataclass(frozen=True)
class Status:
    """Where the archive of a Console stands. Moments are RFC 3339 text in UTC.

    `up_to`: the moment up to which the Console's entries are known to be archived; `lag_hours`: how long ago
    that is. `unpurged_entries`: those archived that no purge of ours has destroyed; `lag_ids`: the ids that
    these lie in. `missing`: by cause, how many ids are missing and may still be filled. `is_latched`: purging
    waits for an operator. `fault`: why the rest can't be told; one Console's fault hides no other.
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
    lag_hours: float | None = None
    completed_at: str | None = None
    missing: dict[str, int] | None = None
    open_intents: tuple[OpenIntent, ...] = ()
    is_latched: bool = False
    next_due_at: str | None = None
    verified_at: str | None = None
    fault: str | None = None


def statuses(reader: Reader, console: str | None) -> tuple[Status, ...]:
    """The status of one Console, or of every one of which something is archived, by name."""
    names = [console] if console is not None else sorted(_consoles(reader))
    return tuple(_told(reader, name) for name in names)


def _consoles(reader: Reader) -> Iterator[str]:
    """Every Console that has a statement: one look at the listing for each."""
    after = ""
    while version := next(reader.source.versions(_STATEMENTS, after), None):
        folder = version.key.removeprefix(_STATEMENTS).partition("/")[0]
        if folder.startswith(_CONSOLE):
            yield folder.removeprefix(_CONSOLE)
        after = consoles_after(version.key)


def _told(reader: Reader, console: str) -> Status:
    reader.check_time("console")
    try:
        return _status(reader, console)
    except AuditArchiveError as error:
        return Status(console, fault=f"{type(error).__name__}: {error}")


def _status(reader: Reader, console: str) -> Status:
    head = recorded_head(reader, console)
    for _, _, after in beyond(reader.source, head):
        head = after
    if head.statement is None:
        return Status(console, missing={})
    newest, archive = _newest(reader, head.statement)
    up_to = known_up_to(reader, console, archive)
    completed = reader.ledger.last_completed(console) if reader.ledger is not None else None
    return Status(
        console=console,
        epoch=head.epoch,
        statements=head.seq,
        newest_statement_at=newest.run.started_at,
        highest_archived_id=head.highest_archived_id,
        highest_purged_id=head.highest_purged_id,
        unpurged_entries=_unpurged(head),
        lag_ids=head.highest_archived_id - head.highest_purged_id,
        up_to=up_to,
        lag_hours=round((reader.clock.now() - from_rfc3339(up_to)) / _HOUR, 1) if up_to else None,
        completed_at=rfc3339(completed) if completed is not None else None,
        missing=_missing(head),
        open_intents=tuple(OpenIntent(i.seq, i.boundary, i.expected_count) for i in head.open_intents),
        is_latched=head.is_latched,
        next_due_at=rfc3339(head.next_due_at) if head.next_due_at is not None else None,
    )


def _newest(reader: Reader, ref: ObjectRef) -> tuple[Statement, ArchiveStatement | None]:
    """The newest statement, and the newest that archives: mostly that, or the one before."""
    newest = said = read_statement(reader.source, ref)
    while not isinstance(said, ArchiveStatement) and said.previous is not None:
        said = read_statement(reader.source, said.previous)
    return newest, said if isinstance(said, ArchiveStatement) else None


def _unpurged(head: Head) -> int:
    """The archived ids above the purged watermark, and late ones below it."""
    above = IdSet.of((head.highest_purged_id + 1, head.highest_archived_id))
    return above.minus(head.open_ids).size + len(head.late_ids)


def _missing(head: Head) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for hole in head.holes:
        counts[hole.cause] += hole.last - hole.first + 1
    return dict(sorted(counts.items()))
