"""At which of its outside calls a run can die so that each death leaves something else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.support.fakes import CallLog
from tests.support.fakes.crash import When
from tests.support.world import World


@dataclass(frozen=True)
class Death:
    """At which call of a run to die, and when."""

    number: int
    name: str
    when: When


def deaths(scenario: Callable[[], World], *, in_rows: bool = False) -> list[Death]:
    """Every death of a scenario's run after which something else is there: before the first call, and after
    each that changes anything; if `in_rows`, after the last one of a row of equal calls.

    A death before another call, or after one that only reads, is one after the change before it: whoever is
    dead remembers nothing.
    """
    world = scenario()
    log = _Changes(world, in_rows=in_rows)
    world.run(log)
    log.look()
    return [Death(1, log.calls[0], "before"), *log.found]


class _Changes(CallLog):
    """Notes the calls after which the world differs from what it was before them."""

    def __init__(self, world: World, *, in_rows: bool) -> None:
        super().__init__()
        self.found: list[Death] = []
        self._world = world
        self._known = _what_outlives_a_run(world)
        self._in_rows = in_rows

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self._in_rows and self.calls and self.calls[-1] != name:
            self.look()
        result = super().call(name, function, *args, **kwargs)
        if not self._in_rows:
            self.look()
        return result

    def look(self) -> None:
        """Note the last call, if it changed anything."""
        state = _what_outlives_a_run(self._world)
        if state != self._known:
            self._known = state
            self.found.append(Death(len(self.calls), self.calls[-1], "after"))


def _what_outlives_a_run(world: World) -> str:
    """All that a later run can find: bucket, trail, ledger, notes, messages and purges."""
    notes = {name: value for name, value in vars(world.notes).items() if name != "_findings"}
    kept = (vars(world.store), vars(world.trail), vars(world.ledger), vars(world.notes._findings), notes)
    passing = ("calls", "audits", "clock", "_clock", "_lock")
    each = [{name: value for name, value in of.items() if name not in passing} for of in kept]
    return repr((each, world.alerts.published, world.reader.purges, world.purger.purges))
