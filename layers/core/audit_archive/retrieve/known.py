"""What is known of a Console beside its chain: notes of runs and audits, and the stack's schedules."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from audit_archive.bookmark import LEAST_AUDIT_AGE, Rotation
from audit_archive.errors import AuditArchiveError
from audit_archive.fleet_ports import LastRuns, ScheduleFacts
from audit_archive.format.facts import Cause, HeldBackBy
from audit_archive.format.head import Head
from audit_archive.format.times import DAY
from audit_archive.health import AUDIT_SUFFIX, LOCKS_SUFFIX, Known, Limits
from audit_archive.ports import ArchiveSource, ObjectFacts, Version
from audit_archive.retrieve.statements import Reader

_BY_HEAD = frozenset(
    {HeldBackBy.LATCHED_MISMATCH, HeldBackBy.UNEXPLAINED_HOLE, HeldBackBy.BEFORE_ARCHIVE, HeldBackBy.PAUSE}
)
"""Holds that an operator lifts by a statement. The head knows at once, and the note of the last run later."""


@dataclass(frozen=True)
class StackFacts:
    """What is known of the stack beside its archive.

    `schedules`: by their names; None: they were not looked for. `limits`: when a Console is late.
    """

    schedules: Mapping[str, ScheduleFacts] | None = None
    limits: Limits = field(default_factory=lambda: Limits(DAY, LEAST_AUDIT_AGE))


UNKNOWN_STACK = StackFacts()


class ReadOnce:
    """An ArchiveSource that reads each version once: head, reach and date ask for the same one."""

    def __init__(self, source: ArchiveSource) -> None:
        self._source = source
        self._read: dict[tuple[str, str], bytes] = {}

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        return self._source.inspect(key, version_id)

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        known = (key, version_id)
        if known not in self._read:
            self._read[known] = b"".join(self._source.read(key, version_id))
        yield self._read[known]

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        return self._source.versions(prefix, after_key)

    def folders(self, prefix: str) -> Iterator[str]:
        return self._source.folders(prefix)


@dataclass(frozen=True)
class Notes:
    """What runs and audits noted of Consoles, by their names. `unread`: why it can't be read.

    `rotations`: None for a note that can't be read.
    """

    runs: Mapping[str, LastRuns]
    rotations: Mapping[str, Rotation | None]
    unread: AuditArchiveError | None = None

    @staticmethod
    def of_one(reader: Reader, console: str) -> "Notes":
        """Of one Console."""
        runs = dict[str, LastRuns]()
        try:
            if reader.ledger is not None:
                runs[console] = reader.ledger.last_runs(console)
            last = reader.verifications.last(console) if reader.verifications is not None else None
        except AuditArchiveError as error:
            return Notes(runs, {}, error)
        return Notes(runs, {console: last} if last is not None else {})

    @staticmethod
    def of_all(reader: Reader) -> "Notes":
        """In one query each, however many Consoles there are."""
        runs = dict[str, LastRuns]()
        try:
            if reader.ledger is not None:
                runs |= {each.console: each for each in reader.ledger.fleet()}
            rotations = reader.verifications.rotations() if reader.verifications is not None else {}
        except AuditArchiveError as error:
            return Notes(runs, {}, error)
        return Notes(runs, rotations)


def known_of(
    console: str, stack: StackFacts, runs: LastRuns, rotation: Rotation | None, head: Head | None
) -> Known:
    """All that is known. `head`: that to which the chain leads; None if it could not be read."""
    schedules = stack.schedules or {}
    return Known(
        console=console,
        archiving=schedules.get(console),
        auditing=schedules.get(f"{console}{AUDIT_SUFFIX}"),
        extending=schedules.get(f"{console}{LOCKS_SUFFIX}"),
        runs=replace(runs, held_by=_held_by(head, runs)),
        rotation=rotation,
        has_statements=bool(head.seq if head is not None else runs.seq),
        are_schedules_known=stack.schedules is not None,
    )


def _held_by(head: Head | None, runs: LastRuns) -> str | None:
    """Why the newest plan purges no further, by the chain where it knows."""
    if head is None:
        return runs.held_by
    if head.is_latched:
        return HeldBackBy.LATCHED_MISMATCH
    if head.pause is not None:
        return HeldBackBy.PAUSE
    if head.unexplained:
        is_older = head.unexplained[0].cause == Cause.BEFORE_ARCHIVE
        return HeldBackBy.BEFORE_ARCHIVE if is_older else HeldBackBy.UNEXPLAINED_HOLE
    return runs.held_by if runs.held_by not in _BY_HEAD else None
