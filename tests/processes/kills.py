"""SIGKILL at a chosen request of a run, and a new process that goes on from there."""

from itertools import cycle

from tests.processes.place import Place
from tests.processes.relay import Striker, When
from tests.processes.workers import DiedError
from tests.processes.world import EVENT, World, new_request
from tests.support import tally

MOMENTS: tuple[When, ...] = ("before", "during", "after")


def make_good(here: Place, every: int, *moments: When) -> None:
    """Kill run after run of one history, at every so manieth request and after the purge; come to rest."""
    striker = Striker()
    with here.world(striker) as world:
        _entries_arrive(world)
        world.go_on()  # the first run has more to say
        whole = _requests_of_a_run(world, striker)
        (purge,) = (number for number, line in enumerate(whole, 1) if "/audit_trail/purge " in line)
        for number, when in zip(range(1, len(whole) + 1, every), cycle(moments), strict=False):
            assert _is_killed(world, striker, number, when)
        assert _is_killed(world, striker, purge, "after")
        assert striker.struck == whole[purge - 1]
        _come_to_rest(world)


def make_good_from_the_start(here: Place, *moments: When) -> None:
    """Kill the very first run over a Console at each of its requests, each time another Console's."""
    striker = Striker()
    for number, when in enumerate(cycle(moments), 1):
        with here.world(striker) as world:
            if not _is_killed(world, striker, number, when):
                return
            _come_to_rest(world)


def _requests_of_a_run(world: World, striker: Striker) -> list[str]:
    """The first lines of all requests of a run over new entries that nobody harms."""
    _entries_arrive(world)
    striker.aim(0, "before", lambda: None)
    assert world.go_on().outcome == "purged"
    return striker.heard


def _is_killed(world: World, striker: Striker, number: int, when: When) -> bool:
    """Kill the run over new entries at its `number`th request, if there are so many; a new process goes on.

    That is Lambda's own retry, which has the same request id; for odd numbers, a run that comes once the dead
    one's lease has run out. Then look.
    """
    _entries_arrive(world)
    worker, request_id = world.worker(), new_request()
    striker.aim(number, when, worker.kill)
    try:
        ended = worker.invoke(EVENT, request_id)
    except DiedError:
        tally.add("kills")
    else:
        assert (ended.outcome, striker.struck) == ("purged", "")
        return False
    world.go_on(None if number % 2 else request_id)
    world.look()
    return True


def _come_to_rest(world: World) -> None:
    world.come_to_rest()
    assert world.findings() == [], "somebody was woken"
    world.look_at_rebuild()


def _entries_arrive(world: World) -> None:
    world.trail.arrive(2)
    world.trail.settle()
