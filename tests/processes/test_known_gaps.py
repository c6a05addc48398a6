"""What the races found and nobody has mended yet, each as the shortest story that tells it.

Until then `races.KNOWN` excuses it where no lease keeps runs apart; whoever mends it takes both away.
"""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from audit_archive.domain.checkpoint import parse_checkpoint
from audit_archive.domain.layout import checkpoint_key
from audit_archive.domain.times import DAY
from audit_archive.errors import IntegrityError, PopulationMismatchError
from audit_archive.ports import Retention
from audit_archive.result import Outcome
from tests.fakes import CallLog, CrashError, FakeSigner
from tests.unit.run.world import CONSOLE, Meanwhile, World


class DiesBeforeThePurge(CallLog):
    """The process is gone, and its purge is still on its way. `boundary` is up to where."""

    boundary = 0

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.boundary or name == "FakeConsole.purge":
            self.boundary = self.boundary or args[0]
            raise CrashError
        return super().call(name, function, *args, **kwargs)


@pytest.mark.xfail(
    strict=True,
    raises=PopulationMismatchError,
    reason="a purge of ours that reaches the Console late, while the next run counts the population, is "
    "taken for somebody else's, and wakes a person. A receipt of an earlier intent means that this run is "
    "superseded",
)
def test_a_purge_of_ours_that_comes_late_supersedes_the_next_run() -> None:
    world = World()
    world.aged(4)
    dead = DiesBeforeThePurge()
    with pytest.raises(CrashError):
        world.run(dead)
    world.free_lease()
    late = Meanwhile("<lambda>", lambda: world.purger.purge(dead.boundary))  # the purging key is opened
    assert world.run(late).outcome == Outcome.SUPERSEDED
    assert world.alerts.kinds == []


class Overtaken(FakeSigner):
    """While it signs, another run puts its checkpoint, with a lock that it asked for a second before."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def sign(self, message: bytes) -> bytes:
        note = parse_checkpoint(message).signed(self.public_key(), super().sign(message))
        until = self._world.clock.now() + (self._world.retention_days + 1) * DAY - 1
        key, retention = checkpoint_key(CONSOLE, 1), Retention("GOVERNANCE", until)
        self._world.store.create(key, note, sha256(note).hexdigest(), retention)
        return super().sign(message)


@pytest.mark.xfail(
    strict=True,
    raises=IntegrityError,
    reason="two runs that sign one statement ask for locks a second apart: the one that comes second wakes a "
    "person with an IntegrityError. Only its own checkpoint must have the lock that it asked for",
)
def test_a_checkpoint_by_a_parallel_run_may_be_locked_a_second_less() -> None:
    world = World()
    world.aged(4)
    world.signer = Overtaken(world)
    assert world.run().outcome == Outcome.PURGED


class DeliveredTwice(CallLog):
    """The same event is carried out beside this run, begun in the same second and under the same request id:
    its purge statement, the same, is there a second before ours."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if name == "FakeConsole.purge":
            self._world.later(1)
        if name == "FakeStore.create" and b'"kind":"purge"' in args[1]:
            key, data, digest, retention = args
            function(key, data, digest, replace(retention, until=retention.until - 1))
        return super().call(name, function, *args, **kwargs)


@pytest.mark.xfail(
    strict=True,
    raises=IntegrityError,
    reason="Lambda may deliver an event twice, and the lease is by request id: both runs may write the same "
    "purge or key statement, and the second wakes a person. Enough is a lock as from the run's start, which "
    "the statement tells",
)
def test_the_same_statement_by_a_twin_may_be_locked_a_second_less() -> None:
    world = World()
    world.aged(4)
    assert world.run(DeliveredTwice(world)).outcome == Outcome.PURGED
