"""A Console over HTTP with the real adapter, and fakes in the place of AWS: a run takes a tenth of the time.

The run is composed as `bootstrap` composes it. `tests/contracts` hold the fakes to what AWS does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import uuid4

import pytest

from audit_archive.adapters.console.http import HttpConsole, HttpPurgingConsole
from audit_archive.adapters.machine import LambdaClock, SystemClock, scratch_file
from audit_archive.bookmark import oldest_audit
from audit_archive.config import Settings
from audit_archive.format.facts import RunFacts
from audit_archive.format.times import rfc3339
from audit_archive.run.archive_run import archive_console
from audit_archive.run.context import Audits, Order, Run
from audit_archive.run.request import ArchiveRequest
from local.console import ConsoleServer
from tests.functions.world import CONSOLE, DAY, PURGE_KEY, READ_KEY, Kept
from tests.support.entries import Json
from tests.support.fakes import FakeAlerts, FakeKey, FakeLedger, FakeStore
from tests.support.fakes.verifications import FakeVerifications
from tests.support.invocation import Context


@dataclass
class KeptInMemory(Kept):
    """A Console, and a bucket and a ledger in memory; the settings come from the environment."""

    console: ConsoleServer
    monkeypatch: pytest.MonkeyPatch
    store: FakeStore = field(default_factory=lambda: FakeStore(LambdaClock(Context(900.0))))
    ledger: FakeLedger = field(default_factory=FakeLedger)
    alerts: FakeAlerts = field(default_factory=FakeAlerts)
    notes: FakeVerifications = field(default_factory=FakeVerifications)

    def run(self) -> Json:
        return archive_console(self._bound()).as_dict()

    def _bound(self) -> Run:
        settings, clock = Settings.from_environment(), LambdaClock(Context(900.0))
        url, style = settings.console_url(CONSOLE), settings.auth_style
        facts = RunFacts(str(uuid4()), "0.1.0", rfc3339(clock.now()), "arn:test", None)
        return Run(
            order=Order(
                CONSOLE,
                ArchiveRequest(CONSOLE).policy(settings),
                settings.retention_days,
                settings.expiry_days,
                settings.object_lock_mode,
                facts,
            ),
            console=HttpConsole(url, FakeKey(READ_KEY), style, clock),
            open_purger=lambda: HttpPurgingConsole(url, FakeKey(PURGE_KEY), style, clock),
            store=self.store,
            ledger=self.ledger,
            alerts=self.alerts,
            clock=clock,
            scratch=scratch_file,
            audits=Audits(self.notes, oldest_audit(settings.audit_gap)),
        )

    def keys(self, prefix: str = "") -> list[str]:
        return [key for key in self.store.keys(prefix) for _ in self.store.history(key)]

    def get(self, key: str) -> bytes:
        return self.store.data(key)

    def versions(self, prefix: str) -> Iterator[bytes]:
        for key in self.store.keys(prefix):
            for version in self.store.history(key):
                assert version.data is not None, "somebody deletes"
                yield version.data

    def lock_of(self, key: str) -> tuple[str, float]:
        version = self.store.latest(key)
        assert version is not None
        assert version.retention is not None
        return version.retention.mode, (version.retention.until - SystemClock().now()) / DAY
