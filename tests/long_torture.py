"""The long torture: `python -m tests.long_torture [--minutes M] [--seed S]`; exits with 1 at a loss.

It drives the folders torture, processes and network, so it is in none of them.
"""

import sys
import traceback
from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from itertools import product
from time import monotonic

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

import tests.support  # noqa: F401 - puts the layer on the path, as pytest does
from tests.network.sweep import sweep
from tests.processes.long import acts
from tests.processes.place import place
from tests.support import tally
from tests.torture.exports.campaign import fuzz_and_unfold
from tests.torture.machine import DoubtedTorture
from tests.torture.test_crash_matrix import HOW, SCENARIOS
from tests.torture.test_crash_matrix import (
    test_struck_at_any_call_nothing_is_lost_and_all_comes_to_rest as strike,
)
from tests.torture.troubles import WHENS

EXAMPLES = 25
STEPS = 30
ROWS = (
    *("seeds", "schedules", "runs", "fault points", "races", "kills"),
    *("network faults", "fuzzed exports", "losses"),
)
NETWORK = 0.3
"""The share of the time that network faults get."""


def main() -> int:
    """Strike every call once, race and kill real processes, then run seed after seed until the time is up."""
    parser = ArgumentParser(prog="python -m tests.long_torture", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default: 10)")
    parser.add_argument("--seed", type=int, default=1, help="the first seed (default: 1)")
    asked = parser.parse_args()
    end = monotonic() + asked.minutes * 60
    for scenario, how, when in product(SCENARIOS, HOW, WHENS):
        _watch(f"{how} {when} every call: {scenario}", partial(strike, scenario, how, when))
    with place() as here:
        for what, act in acts(here, asked.seed):
            _watch(what, act)
    _watch("network faults", partial(_network, monotonic() + asked.minutes * 60 * NETWORK, asked.seed))
    number = asked.seed
    while number == asked.seed or monotonic() < end:
        _watch(f"seed {number}", partial(_machine, number))
        _watch(f"hostile exports, seed {number}", partial(fuzz_and_unfold, number))
        number += 1
    return _close(number - asked.seed)


def _watch(what: str, act: Callable[[], None]) -> None:
    started = monotonic()
    try:
        act()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what we look for
        tally.add("losses")
        print(f"LOSS  {what}")  # noqa: T201
        traceback.print_exception(error)
    else:
        print(f"ok    {what}  ({monotonic() - started:.1f} s)", flush=True)  # noqa: T201


def _network(deadline: float, number: int) -> None:
    tally.add("network faults", sweep(deadline, number)["cases"])


def _machine(number: int) -> None:
    machine = seed(number)(type("Torture", (DoubtedTorture,), {}))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            print_blob=False,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _close(seeds: int) -> int:
    """The closing table."""
    tally.add("seeds", seeds)
    for name in ROWS:
        print(f"{name:>14}  {tally.counts[name]:>9,}")  # noqa: T201
    return 1 if tally.counts["losses"] else 0


if __name__ == "__main__":
    sys.exit(main())
