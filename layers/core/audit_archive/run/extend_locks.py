"""Extend the locks of what is archived before they end. `extend_locks` is the whole of it; read it first.

It takes no lease: it adds nothing to the archive, and two of them at once only ask twice for the same lock.
It may stop anywhere. What it has extended stays extended, and the next run goes on at the cursor.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, TypeVar

from audit_archive.alerts import announce
from audit_archive.errors import ArchiveStoreError, IntegrityError
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.codec import to_json
from audit_archive.format.facts import LockMode
from audit_archive.format.layout import (
    checkpoints_prefix,
    entries_prefix,
    exports_prefix,
    statements_prefix,
)
from audit_archive.format.statement import ArchiveStatement, parse_statement
from audit_archive.format.times import from_rfc3339, rfc3339
from audit_archive.ports import Alerts, ArchiveStore, Clock, Ledger, ObjectFacts, Retention
from audit_archive.run.lock_terms import LockTerms
from audit_archive.storage.chain import Listed, listed, read_whole

LOCK_WORKERS = 8
"""Requests that are made at once."""

KEYS_AT_ONCE = 64
"""Keys that are listed and looked at before the cursor moves."""

LOCKS_AT_ONCE = 256
"""Objects that are looked at before the time is looked at."""

TIME_RESERVE = 60.0
"""Seconds. With less time left, no new objects are looked at."""

MOST_REFUSALS = 100
"""Refusals that the answer lists; it counts them all."""

T = TypeVar("T")


class LocksOutcome(StrEnum):
    """How a run that extends locks ended."""

    DONE = "done"
    """It looked at everything."""
    UNFINISHED = "unfinished"
    """Its time was used up. The next one goes on."""


@dataclass(frozen=True)
class LocksOrder:
    """Over which Console, and the lock that the stack gives to what it archives."""

    console: str
    retention_days: int
    lock_mode: LockMode


@dataclass(frozen=True)
class LocksPorts:
    """The ports that it takes."""

    store: ArchiveStore
    ledger: Ledger
    alerts: Alerts
    clock: Clock


@dataclass(frozen=True)
class Refusal:
    """A version that could not be locked for longer, and why."""

    key: str
    version_id: str
    error: str


@dataclass(frozen=True)
class LocksReport:
    """What was done. Versions of objects are counted.

    `retain_until`: when the locks end that this run gave to statements and checkpoints. `unread`: statements
    that can't be read, so that the objects which they name were not looked at.
    """

    outcome: LocksOutcome
    console: str
    looked_at: int
    extended: int
    refused: int
    unread: int
    retain_until: str
    refusals: tuple[Refusal, ...] = ()
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The report for JSON."""
        answer: dict[str, Any] = to_json(self)
        return answer


def extend_locks(ports: LocksPorts, order: LocksOrder) -> LocksReport:
    """Look at every lock of a Console's archive, and extend those that end soon or too early.

    A lock is never shortened, and its mode is kept. What could not be extended is announced once and counted.
    Raises ArchiveStoreError, LedgerError, SettingsError if the topic refuses.
    """
    work = _Work(ports, order)
    outcome = LocksOutcome.UNFINISHED
    with ThreadPoolExecutor(LOCK_WORKERS) as pool:
        if work.look_at_all(pool):
            ports.ledger.note_lock_cursor(order.console, None)
            outcome = LocksOutcome.DONE
    report = work.report(outcome)
    if report.refusals:
        announce(ports, _finding(report))
    return report


@dataclass(frozen=True)
class _Kept:
    """An object to look at: one version of it, or the versions with these bytes (SHA-256).

    `put_at`: when it was put (epoch seconds), if it is kept for the retention; None: it is kept for ever.
    """

    key: str
    version_id: str | None = None
    sha256: str | None = None
    put_at: int | None = None


@dataclass
class _Work:
    """One run in progress, and its counts."""

    ports: LocksPorts
    order: LocksOrder
    looked_at: int = 0
    extended: int = 0
    unread: int = 0
    is_begun_anew: bool = False
    refusals: list[Refusal] = field(default_factory=list)

    def __post_init__(self) -> None:
        now = self.ports.clock.now()
        self.terms = LockTerms(self.order.retention_days, self.order.lock_mode, now)

    def look_at_all(self, pool: ThreadPoolExecutor) -> bool:
        """Whether there was time for everything."""
        for batch in _in_parts(self._listed(), KEYS_AT_ONCE):
            kept = list[_Kept]()
            for found in pool.map(self._kept, batch):
                kept += [each for each in found if each is not None]
                self.unread += found.count(None)
            for chunk in _in_parts(kept, LOCKS_AT_ONCE):
                if self.ports.clock.remaining() < TIME_RESERVE:
                    return False
                for results in pool.map(self._look, chunk):
                    self._count(results)
            self.ports.ledger.note_lock_cursor(self.order.console, batch[-1].key)
        return True

    def report(self, outcome: LocksOutcome) -> LocksReport:
        refusals = sorted(self.refusals, key=lambda each: (each.key, each.version_id))
        return LocksReport(
            outcome,
            self.order.console,
            self.looked_at,
            self.extended,
            len(refusals),
            self.unread,
            rfc3339(self.terms.full_term),
            tuple(refusals[:MOST_REFUSALS]),
            tuple(self._warnings(refusals)),
        )

    def _listed(self) -> Iterator[Listed]:
        """Every checkpoint and statement after the cursor; all of them, if there is nothing after it."""
        after, has_any = self.ports.ledger.lock_cursor(self.order.console) or "", False
        for at in self._listed_after(after):
            has_any = True
            yield at
        if after and not has_any:
            self.is_begun_anew = True
            yield from self._listed_after("")

    def _listed_after(self, after: str) -> Iterator[Listed]:
        """Every checkpoint and statement after a key, in the order of the keys."""
        console, store = self.order.console, self.ports.store
        for prefix, suffix in ((checkpoints_prefix(console), ".txt"), (statements_prefix(console), ".json")):
            if after < prefix or after.startswith(prefix):
                yield from listed(store, prefix, suffix, after if after.startswith(prefix) else "")

    def _kept(self, at: Listed) -> list[_Kept | None]:
        """Every version of a key, and what the first one names, if it is a statement (None: unreadable)."""
        versions = [each.version_id for each in at.versions if not each.is_delete_marker]
        kept = list[_Kept | None](_Kept(at.key, version_id) for version_id in versions)
        if versions and at.key.startswith(statements_prefix(self.order.console)):
            kept += self._named_by(at.key, versions[0])
        return kept

    def _named_by(self, key: str, version_id: str) -> Iterator[_Kept | None]:
        """The export and the entry files of a statement whose stated lock is shorter than those of today."""
        try:
            statement = parse_statement(read_whole(self.ports.store, key, version_id).data)
            if not isinstance(statement, ArchiveStatement):
                return
            put_at = from_rfc3339(statement.run.started_at)
            stated = Retention(statement.export.lock_mode, from_rfc3339(statement.export.retain_until))
        except ValueError:
            yield None
            return
        if not self.terms.falls_short(stated, put_at):
            return
        export, console = statement.export, self.order.console
        # A forged statement could name objects of others.
        if export.key.startswith(exports_prefix(console)):
            yield _Kept(export.key, export.version_id, put_at=put_at)
        for file in statement.entries:
            if file.key.startswith(entries_prefix(console)):
                yield _Kept(file.key, sha256=file.sha256, put_at=put_at)

    def _look(self, kept: _Kept) -> list[Refusal | bool]:
        """For each version looked at: whether its lock was extended, or why not."""
        facts = self.ports.store.inspect(kept.key, kept.version_id)
        is_other = facts is None or kept.sha256 not in {None, facts.sha256}
        if is_other and kept.version_id is None:
            return [self._extend(kept, each) for each in self._below(kept)]
        return [self._extend(kept, facts)] if facts is not None else []

    def _below(self, kept: _Kept) -> Iterator[ObjectFacts]:
        """Every version of a key whose latest one is hidden, or is not what its statement names."""
        for each in self.ports.store.versions(kept.key):
            if each.key == kept.key and not each.is_delete_marker:
                facts = self.ports.store.inspect(each.key, each.version_id)
                if facts is not None:
                    yield facts

    def _extend(self, kept: _Kept, facts: ObjectFacts) -> Refusal | bool:
        lock = (
            self.terms.lasting(facts.retention)
            if kept.put_at is None
            else self.terms.promised(facts.retention, kept.put_at)
        )
        if lock is None:
            return False
        try:
            self.ports.store.extend(facts.key, facts.version_id, lock)
        except (ArchiveStoreError, IntegrityError) as error:
            return Refusal(facts.key, facts.version_id, str(error))
        return True

    def _count(self, results: Iterable[Refusal | bool]) -> None:
        for result in results:
            self.looked_at += 1
            if isinstance(result, Refusal):
                self.refusals.append(result)
            else:
                self.extended += result

    def _warnings(self, refusals: list[Refusal]) -> Iterator[str]:
        if refusals:
            yield f"{len(refusals)} locks could not be extended. The first: {refusals[0].error}"
        if self.unread:
            yield (
                f"{self.unread} statements can't be read, and what they name was not looked at. "
                "Verify the archive"
            )
        if self.is_begun_anew:
            yield (
                "The ledger's cursor lay behind the last statement: the last run died at its end, or "
                "somebody wrote to the table. This run looked at every lock anew"
            )


def _in_parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


def _finding(report: LocksReport) -> Finding:
    """The same sentence as long as the same version is the first that is refused, so it is told once."""
    first = report.refusals[0]
    sentence = (
        f"The lock of {first.key} (version {first.version_id}) of Console {report.console} could not be "
        f"extended. {first.error}"
    )
    facts = {"refused": report.refused, "key": first.key, "version_id": first.version_id}
    return Finding(FindingKind.LOCK_NOT_EXTENDED, report.console, sentence, facts)
