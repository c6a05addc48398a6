"""Whoever audits an archive day by day, and what that costs."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Lock

from audit_archive.adapters.signing import is_signed
from audit_archive.audit.daily import AuditPorts, AuditReport, DailyAudit, audit_daily, remembered
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.verify import verify_archive
from audit_archive.bookmark import Bookmark, BookmarkKind, Rotation
from audit_archive.format.verdicts import Checked, Depth, Verification, Why
from audit_archive.ports import ArchiveSource, ObjectFacts, Version
from tests.support.attacker import Victim
from tests.support.fakes import FakeAlerts, FakeClock, FakeScratch, FakeSigner
from tests.support.fakes.verifications import FakeVerifications
from tests.support.world import CONSOLE, DAY, World

DAYS = 4
"""Days of a cycle."""


@dataclass
class Counting:
    """A source that counts the requests for objects by prefix. Each under `slow` takes `seconds`."""

    source: ArchiveSource
    clock: FakeClock
    seconds: float = 0
    slow: str = ""
    count: Counter[str] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    def inspect(self, key: str, version_id: str | None = None) -> ObjectFacts | None:
        self._request(key)
        return self.source.inspect(key, version_id)

    def read(self, key: str, version_id: str) -> Iterator[bytes]:
        self._request(key)
        return self.source.read(key, version_id)

    def versions(self, prefix: str, after_key: str = "") -> Iterator[Version]:
        return self.source.versions(prefix, after_key)

    def folders(self, prefix: str) -> Iterator[str]:
        return self.source.folders(prefix)

    def chain_requests(self) -> int:
        """Requests for statements and checkpoints since this was asked last."""
        found = self.count["statements"] + self.count["checkpoints"]
        self.count.clear()
        return found

    def _request(self, key: str) -> None:
        with self.lock:
            self.count[key.partition("/")[0]] += 1
            self.clock.advance(self.seconds if key.startswith(self.slow) else 0)


class Watch:
    """Whoever audits an archive day by day, with the keys that sign it."""

    def __init__(self, victim: Victim | None = None, days: int = DAYS) -> None:
        self.victim = victim or Victim()
        self.notes = FakeVerifications()
        self.alerts = FakeAlerts()
        self.source = Counting(self.victim.store, self.victim.world.clock)
        self.daily = DailyAudit(CONSOLE, DAY, days, self.victim.keys)
        self.left = 900.0
        self.is_going_on = False

    def ports(self) -> AuditPorts:
        """What an audit works with, and the time that an invocation has."""
        world = self.victim.world
        world.clock.left = self.left
        notes, alerts, scratch = self.notes, self.alerts, FakeScratch()
        return AuditPorts(
            self.source, world.ledger, notes, alerts, world.clock, scratch, is_signed, go_on=self._go_on
        )

    def invocation(self, part: int = 1) -> AuditReport:
        """One invocation of an audit."""
        self.is_going_on = False
        return audit_daily(self.ports(), replace(self.daily, part=part), lambda _: None)

    def invocations(self) -> list[AuditReport]:
        """An audit with all invocations that it asks for."""
        reports = [self.invocation()]
        while self.is_going_on:
            reports.append(self.invocation(len(reports) + 1))
        return reports

    def day(self) -> Verification:
        """An audit, and the day after it passes."""
        found = self.invocation().verification
        self.victim.world.later(DAY)
        return found

    def cycle(self) -> list[Verification]:
        """The audits of one cycle."""
        return [self.day() for _ in range(self.daily.content_days)]

    def whole(self) -> Verification:
        """What one audit of everything finds now."""
        ports = self.ports()
        ports.clock.left = 900.0  # type: ignore[attr-defined]  # a fake
        question = AuditQuestion(
            CONSOLE,
            Depth.CONTENT,
            trusted_keys=self.daily.trusted_keys,
            known=remembered(self.notes.last(CONSOLE)),
            must_exist=False,
        )
        audit = Audit(self.victim.store, ports.clock, ports.scratch, is_signed)
        return verify_archive(audit.beside(ports.ledger, CONSOLE), question)

    def bookmark(self, kind: BookmarkKind = BookmarkKind.CHAIN) -> Bookmark:
        """A bookmark that the last audit saved."""
        return self.notes.bookmarks[CONSOLE, kind]

    @property
    def rotation(self) -> Rotation:
        """What the last audit noted."""
        found = self.notes.last(CONSOLE)
        assert found is not None
        return found

    def _go_on(self) -> None:
        self.is_going_on = True


def long_world(days: int = 30, signer: FakeSigner | None = None) -> World:
    """A Console that was archived and purged on so many days."""
    world = World()
    world.retention_days = 2555
    world.signer = signer
    for _ in range(days):
        world.aged()
        world.run()
        world.later(DAY)
    return world


def skipped(found: Verification, what: Checked, why: Why) -> int:
    """How many of a kind were not checked for a reason."""
    return sum(each.count for each in found.not_checked if (each.what, each.why) == (what, why))
