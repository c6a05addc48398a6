"""A fault, a run that meets it, and what must hold: during that run, and once the network is well again."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pytest

from audit_archive.errors import ArchiveStoreError, AuditArchiveError
from audit_archive.run.result import Result, RunOutcome
from tests.network.faults import Fault, Stage
from tests.network.photograph import look_at_rest
from tests.network.proxy import Order
from tests.network.world import WAITS, Aws, World
from tests.support.world import HOUR, LEASE

ALWAYS = 1_000
"""Times."""

DOWN = Fault("reset", stage=Stage.REFUSED)
FINE = {RunOutcome.IDLE, RunOutcome.ARCHIVED, RunOutcome.PURGED}
LIES = {"garble", "noise"}
"""Faults that may tell what is not so, as TLS would not let them: those may wake somebody."""


def first(world: World) -> None:
    """Nothing is archived yet."""
    world.aged(2)


def later(world: World) -> None:
    """An earlier run archived and purged."""
    first(world)
    world.run()
    world.aged(2)


def settling(world: World) -> None:
    """An earlier run purged, and could not write up how that ended."""
    _broken(world, Order(DOWN, "PUT statements", nth=2, times=ALWAYS))


def rolling(world: World) -> None:
    """An earlier run committed a statement, and could not publish its entry files."""
    _broken(world, Order(DOWN, "PUT entries", times=ALWAYS))


def signed(world: World) -> None:
    """Nothing is archived yet, and checkpoints are signed."""
    world.signs = True
    first(world)


def _broken(world: World, order: Order) -> None:
    first(world)
    world.strike(order)
    with pytest.raises(ArchiveStoreError):
        world.run()
    world.clock.advance(LEASE + HOUR)
    world.aged(2)


Scenario = Callable[[World], None]
SCENARIOS: Final[Mapping[str, Scenario]] = {
    each.__name__: each for each in (first, later, settling, rolling, signed)
}


@dataclass(frozen=True)
class Suffered:
    """How the struck run ended, whether it came to the struck call, and how all purges ended at last."""

    ended: str
    has_struck: bool
    purges: list[str]


def calls_of(account: Aws, scenario: Scenario) -> list[tuple[str, int, int]]:
    """Every outside call of a healthy run: its name, which of that name it is, the lines of its answer's
    head."""
    counts: Counter[str] = Counter()
    with World(account) as world:
        scenario(world)
        world.strike(None)
        world.run()
        calls = []
        for seen in world.seen:
            counts[seen.name] += 1
            calls.append((seen.name, counts[seen.name], seen.lines))
        return calls


def suffer(account: Aws, scenario: Scenario, order: Order) -> Suffered:
    """A run meets a fault, and the runs after it don't: the archive is as it must be, and comes to rest."""
    with World(account) as world:
        scenario(world)
        world.strike(order)
        ended = _struck(world, order.fault)
        has_struck = world.has_struck
        world.strike(None)
        world.until_quiet()
        return Suffered(ended, has_struck, look_at_rest(world).outcomes())


def _struck(world: World, fault: Fault) -> str:
    """How the struck run ended: no network can make it wake anybody, nor make it believe in another run."""
    ended: Result | AuditArchiveError
    try:
        ended = world.run()
    except AuditArchiveError as error:
        ended = error
    name = ended.outcome if isinstance(ended, Result) else type(ended).__name__
    if fault.do not in LIES:
        assert isinstance(ended, WAITS) or name in FINE, f"{fault} made it {ended!r}"
        assert world.alerts.published == [], "somebody was woken for the network's sake"
    return name
