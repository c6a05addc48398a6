"""Dead before, after and inside every outside call, in scenarios that the run's own crash tests do not have.

`tests/unit/run/test_crashes.py` kills plain runs; here the purge is watched by a witness, the dead are
restarted at once under the same request id or after a day, and operators die too.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import count

import pytest

from audit_archive.format.times import DAY
from tests.support import tally
from tests.support.fakes import FakeSigner
from tests.support.fakes.crash import When
from tests.support.world import HOUR, LEASE
from tests.torture.chaos import Chaos, crash, fault, fault_of
from tests.torture.hostile import Ended, HostileWorld
from tests.torture.rest import come_to_rest
from tests.torture.troubles import TELLING
from tests.torture.witness import look, watch_posts


def fresh() -> HostileWorld:
    """Five entries, old enough."""
    world = HostileWorld()
    watch_posts(world)
    world.aged(5)
    return world


def signed() -> HostileWorld:
    world = fresh()
    world.signer = FakeSigner()
    world.invoke()
    world.aged(3)
    world.signer = FakeSigner()
    return world


def second_run() -> HostileWorld:
    world = fresh()
    world.invoke()
    world.aged(3)
    world.trail.arrive(2)
    return world


def pending_intent() -> HostileWorld:
    world = second_run()
    number = 0
    while not world.head.open_intents:
        number += 1
        world.free_lease()
        world.invoke(Chaos(number, "before", crash))
    world.free_lease()
    return world


def filled_hole() -> HostileWorld:
    world = HostileWorld()
    watch_posts(world)
    world.trail.arrive(2)
    world.skip(2)
    world.aged(2)
    world.invoke()
    world.later(2 * HOUR)
    world.fill(0)
    world.aged(1)
    return world


def foreign_purge() -> HostileWorld:
    world = second_run()
    world.foreign_purge(world.trail.ids[-2])
    world.excused.add("ForeignPurge")
    world.later()
    return world


def foreign_purge_of_our_boundary() -> HostileWorld:
    world = pending_intent()
    world.foreign_purge(world.head.open_intents[0].boundary)
    world.excused.add("ForeignPurge")
    return world


def answer_lost() -> HostileWorld:
    world = second_run()
    world.hostile.answers = False
    return world


def late_receipt() -> HostileWorld:
    world = second_run()
    world.hostile.is_late = True
    return world


def ledger_lost() -> HostileWorld:
    world = foreign_purge()
    world.invoke()
    world.lose_ledger()
    world.aged(2)
    return world


def latched() -> HostileWorld:
    world = second_run()
    world.hostile.report = lambda number: number + 1
    world.excused.add("PurgeMismatchError")
    world.judge(world.invoke())
    world.hostile.report = lambda number: number
    return world


def reset() -> HostileWorld:
    world = second_run()
    world.replace_console({})
    world.aged(9)
    world.excused.add("RollbackError")
    world.judge(world.invoke())
    return world


def run(world: HostileWorld, log: Chaos) -> Ended:
    return world.invoke(log)


def resume(world: HostileWorld, log: Chaos) -> Ended:
    return world.operate("resume", log)


def epoch(world: HostileWorld, log: Chaos) -> Ended:
    return world.operate("epoch", log)


def rebuild(world: HostileWorld, log: Chaos) -> Ended:
    return world.operate("rebuild", log)


Act = Callable[[HostileWorld, Chaos], Ended]
SCENARIOS: dict[str, tuple[Callable[[], HostileWorld], Act]] = {
    "first archive and purge": (fresh, run),
    "second run": (second_run, run),
    "signed with a new key": (signed, run),
    "pending intent": (pending_intent, run),
    "filled hole": (filled_hole, run),
    "foreign purge": (foreign_purge, run),
    "foreign purge of our boundary": (foreign_purge_of_our_boundary, run),
    "answer lost": (answer_lost, run),
    "late receipt": (late_receipt, run),
    "ledger lost": (ledger_lost, run),
    "resume": (latched, resume),
    "epoch": (reset, epoch),
    "rebuild": (ledger_lost, rebuild),
}
HOW: dict[str, Callable[[str], None]] = {"crash": crash, "fault": fault}
PAUSES = (60, LEASE, 2 * DAY)


def copy_of(made: HostileWorld) -> HostileWorld:
    """A copy that shares only what can't be copied, the locks, and what never changes: the signer, the
    versions in the bucket, and what was read of the chain."""
    ledgers = (made.ledger, made.notes._findings)
    shared: tuple[object, ...] = (
        *(made.signer, made.trail.lock, made.store._lock, *(each._lock for each in ledgers)),
        *(version for key in made.store.all_keys() for version in made.store.history(key)),
        *(*made.reading.statements, *made.reading.refs, *made.trail.destroyed, *made.trail.entries),
        *(index for statement in made.ledger.index.values() for index in statement),
    )
    world = deepcopy(made, {id(each): each for each in shared})
    watch_posts(world)  # the copied hook would look at the other
    return world


def troubled(scenario: str, how: str, when: When, *, twice: bool = False) -> Iterator[HostileWorld]:
    """The scenario's world, once for each outside call, after its act was struck there."""
    make, act = SCENARIOS[scenario]
    made = make()  # once: some take a dozen runs to make
    for number in count(1):
        world = copy_of(made)
        log = Chaos(number, when, HOW[how], twice=twice)
        ended = act(world, log)
        if not log.has_happened:
            return
        tally.add("fault points")
        world.allows_retelling |= log.struck in TELLING
        world.is_muted |= log.struck == "FakeAlerts.publish" and how == "fault"
        world.judge(ended, {type(fault_of(log.struck)).__name__} if how == "fault" else ())
        yield world


NARROW = {
    ("crash", "after"): {
        "first archive and purge",
        "filled hole",
        "pending intent",
        "answer lost",
        "ledger lost",
    },
    ("fault", "after"): {"second run", "pending intent", "resume"},
    ("fault", "before"): {"second run"},
    ("crash", "before"): set[str](),
}
"""By the strike the scenarios that `make test` has. A death before a call is one after the call before it. Of
the faults those tell most whose call did what it should."""
ROWS = [
    pytest.param(
        *(name, how, when),
        marks=() if name in scenarios else pytest.mark.wide,
        id=f"{name}-{how}-{when}",
    )
    for (how, when), scenarios in NARROW.items()
    for name in SCENARIOS
]


@pytest.mark.campaign
@pytest.mark.parametrize(("scenario", "how", "when"), ROWS)
def test_struck_at_any_call_nothing_is_lost_and_all_comes_to_rest(
    scenario: str, how: str, when: When
) -> None:
    struck = 0
    for world in troubled(scenario, how, when, twice=how == "crash" and when == "after"):
        struck += 1
        look(world)
        pause = PAUSES[struck % len(PAUSES)]
        world.later(pause)
        world.judge(world.invoke(again=pause < LEASE))
        look(world)
        come_to_rest(world)
    assert struck >= 5
