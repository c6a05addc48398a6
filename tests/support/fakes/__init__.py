"""Strict in-memory fakes of every port: each at least as strict as the real thing (tests/contracts)."""

from tests.support.fakes.clock import FakeClock
from tests.support.fakes.console import FakeConsole
from tests.support.fakes.crash import CallLog, CrashError, FaultyCalls
from tests.support.fakes.keys import FakeKey
from tests.support.fakes.ledger import FakeLedger
from tests.support.fakes.people import FakeAlerts
from tests.support.fakes.reports import FakeReports
from tests.support.fakes.scratch import FakeScratch
from tests.support.fakes.signer import FakeSigner
from tests.support.fakes.store import FakeStore
from tests.support.fakes.trail import FakeTrail

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
