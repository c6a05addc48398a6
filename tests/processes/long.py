"""The long races and kills of `python -m tests.long_torture`."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from tests.processes.kills import MOMENTS, make_good, make_good_from_the_start
from tests.processes.place import Place
from tests.processes.races import RACERS, STARTS, make_one_chain

ROUNDS = 20


def acts(here: Place, seed: int) -> Iterator[tuple[str, Callable[[], None]]]:
    """What to do, and what it is called."""
    for start in STARTS:
        name, killer = f"{RACERS} processes at once, {start.__name__}", Random(seed)  # noqa: S311 - no secrets
        yield f"{ROUNDS} times {name}", partial(make_one_chain, here, [start] * ROUNDS)
        yield f"{name}, half of them killed", partial(make_one_chain, here, [start] * (ROUNDS // 2), killer)
    for when in MOMENTS:
        yield f"SIGKILL {when} every request of a run", partial(make_good, here, 1, when)
    yield "SIGKILL at every request of a first run", partial(make_good_from_the_start, here, *MOMENTS)
