"""SIGKILL at a chosen request of a run, and a new process that goes on from there."""

from itertools import cycle

from tests.processes.place import Place
from tests.processes.relay import Striker, When
from tests.processes.workers import DiedError
from tests.processes.world import EVENT, World, new_request
from tests.torture import tally

MOMENTS: tuple[When, ...] = ("before", "during", "after")


def make_good(here: Place, every: int, *moments: When) -> None:
    """Kill run after run of one history, at every so manieth request and after the purge; come to rest."""
    striker = Striker()
    with here.world(striker) as world:
        _requests_of_a_run(world, striker)  # the first of all: it names the signing key besides
        whole = _requests_of_a_run(world, striker)
        (purge,) = (number for number, line in enumerate(whole, 1) if "/audit_trail/purge " in line)
        for number, when in zip(range(1, len(whole) + 1, every), cycle(moments), strict=False):
            _kill_at(world, striker, number, when)
        _kill_at(world, striker, purge, "after")
        assert striker.struck == whole[purge - 1]
        world.come_to_rest()
        world.look_at_rebuild()
        assert world.findings() == [], "somebody was woken"


def _requests_of_a_run(world: World, striker: Striker) -> list[str]:
    """The first lines of all requests of a run over new entries that nobody harms."""
    _entries_arrive(world)
    striker.aim(0, "before", lambda: None)
    ended = world.worker().invoke(EVENT, new_request())
    assert ended.outcome == "purged", ended
    return striker.heard


def _kill_at(world: World, striker: Striker, number: int, when: When) -> None:
    """Kill the run over new entries at its `number`th request; a new process goes on. Then look.

    That is Lambda's own retry, which has the same request id; for odd numbers, a run that comes once the dead
    one's lease has run out.
    """
    _entries_arrive(world)
    worker, request_id = world.worker(), new_request()
    striker.aim(number, when, worker.kill)
    try:
        ended = worker.invoke(EVENT, request_id)
    except DiedError:
        tally.add("kills")
    else:
        raise AssertionError(f"request {number} never came: {ended}")
    world.go_on(None if number % 2 else request_id)
    world.look()


def _entries_arrive(world: World) -> None:
    world.trail.arrive(2)
    world.trail.settle()
