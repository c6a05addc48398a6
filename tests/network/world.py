"""A run whose every outside call crosses a network: real parts on loopback, each behind a fault proxy."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from types import TracebackType
from typing import Any, Self

from botocore.config import Config

from audit_archive.adapters.aws import client_config, reject_partial_answers
from audit_archive.adapters.console.http import HttpConsole, HttpPurgingConsole
from audit_archive.adapters.console.retry import Patience
from audit_archive.adapters.ledger import DynamoDbLedger, DynamoDbVerifications
from audit_archive.adapters.machine import scratch_file
from audit_archive.adapters.s3 import S3ArchiveStore
from audit_archive.adapters.secrets import Secret, StoredKey, find_key
from audit_archive.adapters.signing import KmsSigner, is_signed
from audit_archive.bookmark import oldest_audit
from audit_archive.errors import (
    ArchiveStoreError,
    AuditArchiveError,
    ConsoleUnavailableError,
    InvalidExportError,
    LedgerError,
    SigningError,
)
from audit_archive.format.facts import AuthStyle, LockMode, Mode, RunFacts
from audit_archive.format.times import rfc3339
from audit_archive.ports import PurgingConsole
from audit_archive.run.archive_run import archive_console
from audit_archive.run.context import Audits, Order, Run, Signing
from audit_archive.run.plan import Policy
from audit_archive.run.result import Result, RunOutcome
from local.console import ConsoleServer, Trail
from tests.network.proxy import FaultProxy, Seen
from tests.network.proxy import Order as Strike
from tests.support import aws
from tests.support.fakes import FakeAlerts, FakeClock
from tests.support.world import CONSOLE, DAY, HOUR, LEASE

KEYS = {"read": "5d1f3b7a9c0e2468aceb1357d9f80246", "purge": "e7c4a1908b6d2f53c0ffee42badf00d1"}
WAITS = (ConsoleUnavailableError, InvalidExportError, ArchiveStoreError, LedgerError, SigningError)
"""What a network may make of a run: the next one does it, and nobody is woken."""

SILENCE = 1.5
"""Seconds of silence that a client of a test bears."""

PATIENCE = Patience(fetch_timeout=SILENCE, download_timeout=SILENCE, purge_timeout=SILENCE)
TRIES = Config(read_timeout=SILENCE, retries={"mode": "adaptive", "total_max_attempts": 3})
CONSOLES_OWN = ("fetch", "download/json", "purge")


@dataclass(frozen=True)
class Aws:
    """An emulator, the proxy before it, the product's clients, which know only the proxy, ours, and a key."""

    endpoint: str
    proxy: FaultProxy
    clients: Mapping[str, Any]
    direct: Mapping[str, Any]
    key_arn: str


@contextmanager
def behind_a_proxy(endpoint: str) -> Iterator[Aws]:
    """The emulator at this address."""
    with FaultProxy(endpoint) as proxy:
        config = client_config().merge(TRIES)
        names = ("s3", "dynamodb", "secretsmanager", "kms")
        clients = {name: reject_partial_answers(aws.client(name, proxy.url, config)) for name in names}
        direct = {name: aws.client(name, endpoint) for name in names}
        key = direct["kms"].create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
        yield Aws(endpoint, proxy, clients, direct, key["Arn"])


class World:
    """One Console, an account, and time that moves only when told, days behind the real; a context manager.

    `served` holds every entry that the Console ever had, by id; `signs` says whether checkpoints are signed.
    """

    def __init__(self, account: Aws) -> None:
        self.aws = account
        self.clock = FakeClock(now=time.time() - 10 * DAY)
        self.alerts = FakeAlerts()
        self.signs = False
        self.trail = Trail(clock=lambda: datetime.fromtimestamp(self.clock.moment, UTC))
        self.bucket = aws.locked_bucket(account.endpoint)
        self.table = aws.ledger_table(account.endpoint)
        self.served: dict[int, dict[str, Any]] = {}
        self._numbers = count(1)
        self._open = ExitStack()
        for which, key in KEYS.items():
            account.direct["secretsmanager"].create_secret(Name=self.secret(which), SecretString=key)

    def __enter__(self) -> Self:
        server = ConsoleServer(self.trail, read_key=KEYS["read"], admin_key=KEYS["purge"])
        self.console = self._open.enter_context(server)
        self.proxy = self._open.enter_context(FaultProxy(self.console.url))
        self.aws.proxy.strike(None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.aws.proxy.strike(None)
        self._open.close()
        assert [*self.console.crashes, *self.proxy.crashes, *self.aws.proxy.crashes] == []

    def secret(self, which: str) -> str:
        """The name of a key's secret."""
        return f"{self.bucket}/{CONSOLE}/{which}"

    # -------------------------------------------------------------------------------- what happens

    def aged(self, number: int) -> None:
        """So many entries are written, on two days, and the settle window passes."""
        self.trail.arrive(number)
        self.clock.advance(DAY)
        self.trail.arrive(number)
        self.clock.advance(2 * HOUR)

    def strike(self, strike: Strike | None) -> None:
        """From now on this happens on one of the two ways, and what was seen is forgotten."""
        is_console = strike is not None and strike.name.partition(" ")[2] in CONSOLES_OWN
        self.proxy.strike(strike if is_console else None)
        self.aws.proxy.strike(None if is_console else strike)

    def run(self) -> Result:
        """One invocation, which sends one purge at most."""
        self._remember()
        self.clock.left = 900.0
        before = len(self.posts)
        try:
            return archive_console(self._bound())
        finally:
            self._remember()
            assert len(self.posts) <= before + 1, "a purge was sent twice"

    def until_quiet(self, most: int = 8) -> None:
        """Run after run, with time for a lease to run out before each, until one is idle."""
        results: list[Result | AuditArchiveError] = []
        for _ in range(most):
            self.clock.advance(LEASE + HOUR)
            try:
                results.append(self.run())
            except WAITS as error:
                results.append(
                    error
                )  # even on loopback an answer may be late, on a machine that has much to do
            if isinstance(results[-1], Result) and results[-1].outcome == RunOutcome.IDLE:
                return
        raise AssertionError(f"not quiet after {most} runs: {results}")

    # -------------------------------------------------------------------------------- what is there

    @property
    def seen(self) -> list[Seen]:
        """Every request since the last `strike`, the Console's first."""
        return [*self.proxy.seen, *self.aws.proxy.seen]

    @property
    def has_struck(self) -> bool:
        """Whether the fault happened."""
        return self.proxy.has_struck or self.aws.proxy.has_struck

    @property
    def posts(self) -> list[Seen]:
        """The purges that were sent since the last `strike`."""
        return [seen for seen in self.proxy.seen if seen.name == "POST purge"]

    def _remember(self) -> None:
        snapshot = self.trail.snapshot()
        self.served |= {number: json.loads(snapshot.line(number)) for number in snapshot.ids}

    def _bound(self) -> Run:
        url, clients, clock = self.proxy.url, self.aws.clients, self.clock
        facts = RunFacts(f"run-{next(self._numbers)}", "0.1.0", rfc3339(clock.now()), "arn:test", None)
        read = StoredKey(Secret(clients["secretsmanager"], self.secret("read")))

        def open_purger() -> PurgingConsole | None:
            key = find_key(clients["secretsmanager"], self.secret("purge"))
            return (
                None
                if key is None
                else HttpPurgingConsole(url, key, AuthStyle.HEADER, clock, patience=PATIENCE)
            )

        return Run(
            order=Order(CONSOLE, Policy(Mode.ON, HOUR, 0), 100, 105, LockMode.GOVERNANCE, facts),
            console=HttpConsole(url, read, AuthStyle.HEADER, clock, patience=PATIENCE),
            open_purger=open_purger,
            store=S3ArchiveStore(clients["s3"], self.bucket),
            ledger=DynamoDbLedger(clients["dynamodb"], self.table),
            alerts=self.alerts,
            clock=clock,
            scratch=scratch_file,
            audits=Audits(DynamoDbVerifications(clients["dynamodb"], self.table), oldest_audit(0)),
            signing=Signing(KmsSigner(clients["kms"], self.aws.key_arn), is_signed) if self.signs else None,
        )
