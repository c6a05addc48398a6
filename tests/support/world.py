"""A whole world for the archive run: a trail, two keys to it, a bucket, a ledger, people and time."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from itertools import count
from typing import Any

from audit_archive.adapters.signing import is_signed
from audit_archive.bookmark import AuditResult, oldest_audit
from audit_archive.finding import FindingKind
from audit_archive.format.codec import member_of
from audit_archive.format.facts import Action, LockMode, Mode, ObjectRef, RunFacts
from audit_archive.format.head import Head
from audit_archive.format.layout import statement_key, statements_prefix
from audit_archive.format.statement import (
    ArchiveStatement,
    PurgeStatement,
    Statement,
    parse_statement,
    statement_bytes,
)
from audit_archive.format.times import DAY, rfc3339
from audit_archive.ports import PurgingConsole, Signer
from audit_archive.run.archive_run import archive_console
from audit_archive.run.commit import commit
from audit_archive.run.context import Audits, Order, Run, Signing
from audit_archive.run.extend_locks import LocksOrder, LocksPorts, LocksReport, extend_locks
from audit_archive.run.operate import state_decision
from audit_archive.run.plan import Policy
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import Result, RunOutcome
from tests.support.fakes import (
    CallLog,
    FakeAlerts,
    FakeClock,
    FakeConsole,
    FakeLedger,
    FakeScratch,
    FakeStore,
    FakeTrail,
)
from tests.support.fakes.console import zip_of
from tests.support.fakes.trail import Entry
from tests.support.fakes.verifications import FakeVerifications, audited
from tests.support.statements import operator_after

CONSOLE = "1234abcd"
HOUR = 3600
LEASE = 960
"""Seconds after which the lease of a run that died is free again."""

_parsed = lru_cache(1000)(parse_statement)
"""The statement that some bytes are: a world is asked for its chain again and again, and none can change."""


@lru_cache(1000)
def _is_spelled_so(data: bytes | None) -> bool:
    """Whether some bytes are those that the product makes of the statement in them."""
    return data is not None and statement_bytes(_parsed(data)) == data


class Meanwhile(CallLog):
    """A log that lets something happen once, right before or right after the first call of a name."""

    def __init__(self, name: str, what: Callable[[], object], *, after: bool = False) -> None:
        super().__init__()
        self._name = name
        self._what: Callable[[], object] | None = what
        self._is_after = after

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        what = self._what if name == self._name else None
        if what is not None:
            self._what = None
            if not self._is_after:
                what()
        result = super().call(name, function, *args, **kwargs)
        if what is not None and self._is_after:
            what()
        return result

    @property
    def has_happened(self) -> bool:
        """Whether the call ever came."""
        return self._what is None


class World:
    """One Console and everything around it. `reader` and `purger` are the two keys' views of `trail`.

    `served` holds every export that the reading key was given. `notes`: the daily audit's; while `is_audited`
    an audit finds the archive well right before each run.
    """

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.trail = FakeTrail(self.clock)
        self.reader = FakeConsole(self.trail)
        self.purger = FakeConsole(self.trail)
        self.store = FakeStore(self.clock)
        self.ledger = FakeLedger()
        self.alerts = FakeAlerts()
        self.notes = FakeVerifications()
        self.is_audited = True
        self.signer: Signer | None = None
        self.bundle_signer: Signer | None = None
        self.mode = "on"
        self.settle = HOUR
        self.keep = 0
        self.up_to: int | None = None
        self.retention_days = 100
        self.expiry_days: int | None = None
        self.lock_mode = "GOVERNANCE"
        self.time_left = 900.0
        self.has_purge_key = True
        self.served: list[bytes] = []
        self.reader.export = self._serve
        self._run_numbers = count(1)

    # -------------------------------------------------------------------------------- what happens

    def free_lease(self) -> None:
        """The lease is taken away from whoever holds it: safety must not rest on it."""
        self.ledger.release(CONSOLE, self.ledger.holder(CONSOLE) or "nobody")

    def later(self, seconds: float = 2 * HOUR) -> None:
        """Let time pass; by default, longer than the settle window."""
        self.clock.advance(seconds)

    def aged(self, number: int = 1, **fields: object) -> list[int]:
        """So many entries are written, and the settle window passes."""
        ids = self.trail.arrive(number, **fields)
        self.later()
        return ids

    def run(self, log: CallLog | None = None) -> Result:
        """One invocation, a Lambda's time long; with a log, every outside call goes through it."""
        self.clock.left = self.time_left
        run = self.bound(log)
        try:
            return archive_console(run)
        finally:
            assert isinstance(run.scratch, FakeScratch)
            assert run.scratch.open_files == []

    def show(self) -> Result:
        """One invocation that shows the plan of a run in this mode, and purges nothing."""
        self.clock.left = self.time_left
        run = self.bound()
        mode = min(Mode(self.mode), Mode.DRY_RUN, key=lambda each: each.reach)
        policy = replace(run.order.policy, mode=mode, shows=Mode(self.mode))
        return archive_console(replace(run, order=replace(run.order, policy=policy)))

    def bound(self, log: CallLog | None = None) -> Run:
        """An order and its ports."""
        log = log or CallLog()
        self.ledger.audits = self.notes
        if self.is_audited:
            self.note()
        return Run(
            order=self.order(),
            console=log.watch(self.reader),
            open_purger=log.watch(lambda: self.open_purger(log)),
            store=log.watch(self.store),
            ledger=log.watch(self.ledger),
            alerts=log.watch(self.alerts),
            clock=self.clock,
            scratch=FakeScratch(),
            audits=Audits(log.watch(self.notes), oldest_audit(DAY)),
            signing=Signing(log.watch(self.signer), is_signed) if self.signer is not None else None,
            bundle_signer=self.bundle_signer,
        )

    def note(self, faults: int = 0) -> None:
        """A daily audit ends, and finds so many faults."""
        result, now = AuditResult.FAULTS if faults else AuditResult.VALID, self.clock.now()
        self.notes.save(CONSOLE, audited(now, result, faults))

    def order(self) -> Order:
        """The next run's order."""
        facts = RunFacts(
            f"run-{next(self._run_numbers)}", "0.1.0", rfc3339(self.clock.now()), "arn:test", None
        )
        return Order(
            CONSOLE,
            Policy(Mode(self.mode), self.settle, self.keep, self.up_to),
            self.retention_days,
            self.expiry_days if self.expiry_days is not None else self.retention_days + 5,
            LockMode(self.lock_mode),
            facts,
        )

    def open_purger(self, log: CallLog) -> PurgingConsole | None:
        """The Console with the purging key."""
        return log.watch(self.purger) if self.has_purge_key else None

    def until_quiet(self, wait: float = LEASE + HOUR, most: int = 8) -> list[Result]:
        """Run after run until one is idle."""
        results: list[Result] = []
        for _ in range(most):
            results.append(self.run())
            if results[-1].outcome == RunOutcome.IDLE:
                return results
            self.later(wait)
        raise AssertionError(f"not quiet after {most} runs: {results[-1]}")

    def extend_locks(self, log: CallLog | None = None) -> LocksReport:
        """The run that extends locks."""
        self.clock.left = self.time_left
        log = log or CallLog()
        ports = LocksPorts(log.watch(self.store), log.watch(self.ledger), self.alerts, self.clock)
        return extend_locks(ports, LocksOrder(CONSOLE, self.retention_days, LockMode(self.lock_mode)))

    def accept(self) -> Result:
        """An operator accepts all missing ids that no receipt explains, and the settle window passes."""
        self.clock.left = self.time_left
        holes = self.head.unexplained
        for hole in holes:
            decision = OperatorRequest(CONSOLE, Action.ACCEPT, "somebody", "looked", hole.first, hole.last)
            result = state_decision(self.bound(), decision)
            assert self.alerts.published.pop().kind == FindingKind.OPERATOR_DECISION, "it is told"
        self.later()
        return result

    def state(self, action: str) -> None:
        """An operator states something, and it is recorded."""
        run, head = self.bound(), self.head
        is_epoch = action == Action.EPOCH
        anew = {"epoch": head.epoch + 1, "highest_archived_id": 0, "highest_purged_id": 0} if is_epoch else {}
        said = operator_after(head, member_of(Action, action), run.order.facts, **anew)
        committed = commit(run, head, said)
        assert committed is not None
        self.ledger.record(committed.head, said)

    def _serve(self, entries: list[Entry]) -> bytes:
        self.served.append(zip_of(entries))
        return self.served[-1]

    # -------------------------------------------------------------------------------- what is there

    @property
    def head(self) -> Head:
        """The recorded head."""
        return self.ledger.head(CONSOLE) or Head(CONSOLE)

    @property
    def posts(self) -> list[int]:
        """The boundaries of every purge sent, by either key."""
        return self.reader.purges + self.purger.purges

    def chain(self) -> list[Statement]:
        """Every statement in the bucket, in order."""
        return [_parsed(self.store.data(key)) for key in self.store.keys(statements_prefix(CONSOLE))]

    def archives(self) -> list[ArchiveStatement]:
        """The statements that archive."""
        return [said for said in self.chain() if isinstance(said, ArchiveStatement)]

    def purges(self) -> list[PurgeStatement]:
        """The statements that write up a purge."""
        return [said for said in self.chain() if isinstance(said, PurgeStatement)]

    def last(self) -> ArchiveStatement:
        """The newest statement that archives."""
        return self.archives()[-1]

    def outcomes(self) -> list[str]:
        """How every purge ended, in order."""
        return [said.outcome for said in self.purges()]

    def newest(self, prefix: str) -> str:
        """The key under a prefix whose version was made last."""
        return max(self.store.keys(prefix), key=lambda key: self.store.history(key)[-1].version_id)

    def refs(self) -> list[ObjectRef]:
        """Every statement's key, version and digest, in order."""
        found = []
        for said in self.chain():
            key = statement_key(CONSOLE, said.seq)
            (version,) = self.store.history(key)
            assert _is_spelled_so(version.data)
            found.append(ObjectRef(key, version.version_id, version.sha256))
        return found


def ready(number: int = 5) -> World:
    """Entries that are old enough, and no others."""
    world = World()
    world.aged(number)
    return world


def with_a_gap() -> World:
    """1, 2, 4 and 5 are archived and old enough, and nothing is purged yet: id 3 may still come."""
    world = World()
    world.mode = "off"
    world.trail.arrive(2)
    world.trail.skip()
    world.aged(2)
    world.run()
    return world


__all__ = ["CONSOLE", "DAY", "HOUR", "LEASE", "Meanwhile", "World", "ready", "with_a_gap"]
