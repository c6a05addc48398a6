"""Eight processes at once over one Console, round after round, while entries arrive."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from random import Random

from tests.processes.place import Place
from tests.processes.workers import DiedError, Ended, Worker
from tests.processes.world import EVENT, GOES_WELL, World, new_request
from tests.support import tally

RACERS = 8
HEAD_START = 0.05
"""Seconds from the order to the start: all must have read it by then."""

KILLED = "killed"
QUIET = GOES_WELL | {"busy", "superseded", KILLED}

Start = Callable[[World, list[Worker]], None]


def leased(world: World, workers: list[Worker]) -> None:
    """All at one moment: one gets the lease."""
    at = time.monotonic() + HEAD_START
    for worker in workers:
        worker.start(EVENT, new_request(), at)


def delivered_again(world: World, workers: list[Worker]) -> None:
    """All at one moment, for one event that was delivered several times: the lease is everybody's."""
    at, request_id = time.monotonic() + HEAD_START, new_request()
    for worker in workers:
        worker.start(EVENT, request_id, at)


def robbed(world: World, workers: list[Worker]) -> None:
    """As fast as one can after the other: each gets the lease, because it is taken from the one before."""
    for worker in workers:
        request_id = new_request()
        world.free_lease()
        worker.start(EVENT, request_id)
        while world.lease_holder() != request_id and not worker.has_ended():
            time.sleep(0.001)


STARTS: tuple[Start, ...] = (leased, delivered_again, robbed)


def make_one_chain(here: Place, starts: Sequence[Start], killer: Random | None = None) -> None:
    """Race, and come to rest. Whoever did not find the Console busy ended well, or made way."""
    with here.world() as world:
        rounds = race(world, starts, killer)
        assert [each for ended in rounds for each in ended if each.outcome not in QUIET] == []
        world.come_to_rest()
        assert world.findings() == [], "somebody was woken"
        world.look_at_rebuild()


def race(world: World, starts: Iterable[Start], killer: Random | None = None) -> list[list[Ended]]:
    """One round for each start; how every run of every worker ended. The world is looked at after each.

    Entries arrive before a round, and one in it. A killer kills some workers somewhere in their runs.
    """
    workers = [world.worker() for _ in range(RACERS)]
    rounds: list[list[Ended]] = []
    for start in starts:
        world.trail.arrive(3)
        world.trail.settle()
        meanwhile = threading.Timer(2 * HEAD_START, world.trail.arrive)
        meanwhile.start()
        start(world, workers)
        if killer is not None:
            _kill_some(workers, killer)
        rounds.append([_end(worker) for worker in workers])
        meanwhile.join()
        workers = [
            world.worker() if ended.outcome == KILLED else worker
            for worker, ended in zip(workers, rounds[-1], strict=True)
        ]
        if killer is not None:
            world.go_on()
        world.look()
        tally.add("races")
    return rounds


def _kill_some(workers: list[Worker], killer: Random) -> None:
    for worker in killer.sample(workers, RACERS // 2):
        time.sleep(killer.random() / RACERS)
        if not worker.has_ended():
            worker.kill()


def _end(worker: Worker) -> Ended:
    try:
        return worker.end()
    except DiedError:
        tally.add("kills")
        return Ended(KILLED, {})
