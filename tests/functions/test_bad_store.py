"""A bucket or a table that is not what it must be.

What an emulator would let pass whatever we do comes from the strict fakes, through the use case itself.
"""

import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import BinaryIO

import botocore.endpoint
import pytest

from audit_archive import bootstrap
from audit_archive.errors import ArchiveStoreError, AuditArchiveError, IntegrityError, LedgerError
from audit_archive.format.facts import LockMode, Mode, ObjectRef, RunFacts
from audit_archive.format.times import rfc3339
from audit_archive.ports import Retention
from audit_archive.run.archive_run import archive_console
from audit_archive.run.context import Order, Run
from audit_archive.run.plan import Policy
from tests.functions.world import CONSOLE, World
from tests.support.fakes import (
    FakeAlerts,
    FakeClock,
    FakeConsole,
    FakeLedger,
    FakeScratch,
    FakeStore,
    FakeTrail,
)

HOUR = 3600

# Through the use case, over the strict fakes


class Store(FakeStore):
    """A bucket with which something happens between a put and its reading back.

    `meddle` names what, `prefix` to whose objects.
    """

    def __init__(self, clock: FakeClock, meddle: str, prefix: str) -> None:
        super().__init__(clock)
        self.meddle = meddle
        self.prefix = prefix

    def put(
        self, key: str, body: BinaryIO, sha256: str, retention: Retention, metadata: Mapping[str, str]
    ) -> ObjectRef:
        ref = super().put(key, body, sha256, retention, metadata)
        self._meddle(key, retention)
        return ref

    def create(self, key: str, body: bytes, sha256: str, retention: Retention) -> None:
        super().create(key, body, sha256, retention)
        self._meddle(key, retention)

    def _meddle(self, key: str, retention: Retention) -> None:
        if not key.startswith(self.prefix):
            return
        if self.meddle == "alter":
            self.tamper(key, self.data(key)[:-1] + b"?")
        elif self.meddle == "shorten":
            self.tamper(key, self.data(key)[:-1])
        elif self.meddle == "unlock":
            self.relock(key, None)
        elif self.meddle == "lock-too-short":
            self.relock(key, Retention(retention.mode, retention.until - 1))
        elif self.meddle == "lock-another-mode":
            self.relock(key, Retention(LockMode.GOVERNANCE, retention.until))
        elif self.meddle == "remove":
            self.lose(key, self.history(key)[-1].version_id)


class Scene:
    """One Console with three entries that are long due, and a run over it in mode `on`."""

    def __init__(self, meddle: str = "", prefix: str = "") -> None:
        self.clock = FakeClock()
        self.trail = FakeTrail(self.clock)
        self.trail.arrive(3)
        self.clock.advance(3 * HOUR)
        self.clock.left = 900.0
        self.console = FakeConsole(self.trail)
        self.store = Store(self.clock, meddle, prefix)
        self.ledger = FakeLedger()
        self.alerts = FakeAlerts()
        self.scratch = FakeScratch()
        self.runs = 0

    def run(self, lock_mode: LockMode = LockMode.COMPLIANCE) -> str:
        self.runs += 1
        facts = RunFacts(f"run-{self.runs}", "test", rfc3339(self.clock.now()), "test", None)
        order = Order(CONSOLE, Policy(Mode.ON, HOUR, 0), 30, lock_mode, facts)
        run = Run(
            order=order,
            console=self.console,
            open_purger=lambda: self.console,
            store=self.store,
            ledger=self.ledger,
            alerts=self.alerts,
            clock=self.clock,
            scratch=self.scratch,
        )
        return archive_console(run).outcome

    def page(self, *says: str) -> None:
        """Run, which must wake a person once, purge nothing, and leave nothing open."""
        with pytest.raises(AuditArchiveError) as caught:
            self.run()
        assert type(caught.value) is IntegrityError, repr(caught.value)
        for words in says:
            assert words in str(caught.value)
        assert [(found.kind, found.sentence) for found in self.alerts.published] == [
            ("IntegrityError", str(caught.value))
        ]
        assert self.console.purges == []
        assert self.trail.ids == [1, 2, 3]
        assert self.scratch.open_files == []
        assert self.ledger.holder(CONSOLE) is None


def test_nothing_meddled_with_is_purged() -> None:
    """Else the tests below would prove nothing."""
    scene = Scene()
    assert scene.run() == "purged"
    assert (scene.console.purges, scene.alerts.published) == ([3], [])


@pytest.mark.parametrize(
    ("meddle", "says"),
    [
        ("alter", "reads back as"),
        ("shorten", "reads back as"),
        ("unlock", "without an object lock"),
        ("lock-too-short", "1 s less than was asked for"),
        ("lock-another-mode", "locked in mode GOVERNANCE, not COMPLIANCE"),
        ("remove", "no version"),
    ],
)
def test_an_export_that_is_not_what_was_put(meddle: str, says: str) -> None:
    scene = Scene(meddle, "exports/")
    scene.page(says)
    assert scene.store.keys("statements/") == []
    assert scene.ledger.head(CONSOLE) is None


@pytest.mark.parametrize("meddle", ["unlock", "lock-too-short", "lock-another-mode"])
def test_a_statement_that_is_not_locked_as_asked(meddle: str) -> None:
    scene = Scene(meddle, "statements/")
    scene.page("statements/")
    assert scene.ledger.head(CONSOLE) is None


def test_a_bucket_that_takes_locks_and_keeps_none() -> None:
    scene = Scene()
    scene.store.drops_locks = True
    scene.page("without an object lock", "Object Lock setting")
    assert scene.store.keys("statements/") == []


def test_a_bucket_without_versions() -> None:
    scene = Scene()
    scene.store.is_versioned = False
    scene.page("version")
    assert scene.store.keys("statements/") == []


def test_a_bucket_without_object_lock() -> None:
    scene = Scene()
    scene.store.is_locking = False
    scene.page("Object Lock")
    assert scene.store.all_keys() == []


@pytest.mark.parametrize(
    "happens", ["second-version", "delete-marker", "removed", "altered", "unlocked-and-unrecorded"]
)
def test_a_chain_that_somebody_touched(happens: str) -> None:
    """Found by the next run, before it downloads anything."""
    scene = Scene()
    scene.run()
    key = scene.store.keys("statements/")[-1]
    last = scene.store.history(key)[-1]
    if happens == "second-version":
        scene.store.add(key, last)
    elif happens == "delete-marker":
        scene.store.mark_deleted(key)
    elif happens == "removed":
        scene.store.lose(key, last.version_id)
    elif happens == "altered":
        scene.ledger.forget(CONSOLE)
        scene.store.tamper(key, scene.store.data(key).replace(b'"boundary":3', b'"boundary":9'))
        first = scene.store.keys("statements/")[0]
        scene.store.tamper(first, scene.store.data(first).replace(b'"seq":1', b'"seq":2'))
    else:
        scene.ledger.forget(CONSOLE)
        scene.store.relock(key, None)
    downloads = scene.console.calls["download"]
    scene.trail.arrive()
    with pytest.raises(IntegrityError):
        scene.run()
    assert [found.kind for found in scene.alerts.published] == ["IntegrityError"]
    assert scene.console.purges == [3]
    assert scene.console.calls["download"] == downloads


# Through the real handler


def test_a_bucket_without_object_lock_over_http(world: World) -> None:
    name = f"{world.name}-plain"
    world.aws.s3.create_bucket(Bucket=name)
    world.set(ARCHIVE_BUCKET=name)
    messages = world.topic()
    with pytest.raises(IntegrityError, match="Object Lock"):
        world.run()
    assert [message["kind"] for message in messages()] == ["IntegrityError"]
    assert (world.posts, world.live_ids) == ([], [1, 2, 3])
    assert "Contents" not in world.aws.s3.list_objects_v2(Bucket=name)


def test_a_bucket_that_is_not_there(world: World) -> None:
    world.set(ARCHIVE_BUCKET="nobody-has-this-bucket")
    with pytest.raises(ArchiveStoreError, match="The stack's bucket is not there"):
        world.run()
    assert (list(world.console.requests), world.live_ids) == ([], [1, 2, 3])


def test_a_table_that_is_not_there(world: World) -> None:
    world.set(LEDGER_TABLE="nobody-has-this-table")
    with pytest.raises(LedgerError, match="LedgerTable"):
        world.run()
    assert (list(world.console.requests), world.live_ids, world.keys()) == ([], [1, 2, 3], [])


class _Throttling(BaseHTTPRequestHandler):
    """An AWS service that has no capacity left, in S3's words and in DynamoDB's."""

    def do_POST(self) -> None:
        name = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"
        self._answer(400, f'{{"__type":"{name}","message":"too fast"}}'.encode())

    def do_GET(self) -> None:
        self._answer(503, b"<Error><Code>SlowDown</Code><Message>Reduce your request rate</Message></Error>")

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - named by http.server
        """Nothing is logged."""


@pytest.fixture(params=["throttling", "closed"])
def unwell(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a service that throttles, or of a port at which nobody listens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Throttling) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        if request.param == "closed":
            server.shutdown()
            server.server_close()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("service", "kind"), [("S3", ArchiveStoreError), ("DYNAMODB", LedgerError)])
def test_a_service_that_is_down_or_throttles(
    world: World, monkeypatch: pytest.MonkeyPatch, unwell: str, service: str, kind: type[AuditArchiveError]
) -> None:
    """The SDK repeats (its pauses are only noted down here, or this would take a minute), then we say so."""
    pauses: list[float] = []
    with monkeypatch.context() as patch:
        patch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=pauses.append))
        patch.setenv(f"AWS_ENDPOINT_URL_{service}", unwell)
        bootstrap._client.cache_clear()
        with pytest.raises(AuditArchiveError) as caught:
            world.run()
    bootstrap._client.cache_clear()
    assert type(caught.value) is kind
    assert "next run" in str(caught.value)
    assert len(pauses) >= 5
    assert (world.posts, world.live_ids, world.keys()) == ([], [1, 2, 3], [])
    if service == "DYNAMODB":
        assert world.run()["outcome"] == "purged"
