"""Strict in-memory fakes of every port: each at least as strict as the real thing (tests/contracts)."""

from tests.fakes.clock import FakeClock
from tests.fakes.console import FakeConsole
from tests.fakes.crash import CallLog, CrashError, FaultyCalls
from tests.fakes.keys import FakeKey
from tests.fakes.ledger import FakeLedger
from tests.fakes.people import FakeAlerts
from tests.fakes.reports import FakeReports
from tests.fakes.scratch import FakeScratch
from tests.fakes.signer import FakeSigner
from tests.fakes.store import FakeStore
from tests.fakes.trail import FakeTrail

__all__ = [
    "CallLog",
    "CrashError",
    "FakeAlerts",
    "FakeClock",
    "FakeConsole",
    "FakeKey",
    "FakeLedger",
    "FakeReports",
    "FakeScratch",
    "FakeSigner",
    "FakeStore",
    "FakeTrail",
    "FaultyCalls",
]
