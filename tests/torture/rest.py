"""Rest: the faults are gone, everything is old enough, and what a person must decide is decided."""

from audit_archive.format.facts import IdSpan
from tests.support.world import CONSOLE, DAY, HOUR, LEASE
from tests.torture.hostile import HostileWorld
from tests.torture.witness import look, look_at_rest

MOST_RUNS = 16


def come_to_rest(world: HostileWorld) -> None:
    """Run until idle, and once more. Rollbacks and latches must end by the operator's way out."""
    world.behave()
    world.reading.catch_up(lenient=True)
    if world.reading.is_paused or world.ledger.restraints(CONSOLE).pause is not None:
        assert world.operate("end_pause").outcome == "stated"
    world.later(8 * DAY)
    world.trail.arrive()
    world.later(LEASE + DAY + HOUR)
    for _ in range(MOST_RUNS):
        ended = world.invoke()
        world.judge(ended)
        if ended.outcome == "idle" and not world.head.unexplained:
            break
        _decide(world, ended.outcome)
        world.later(LEASE + HOUR)
    else:
        raise AssertionError(f"no rest after {MOST_RUNS} runs: {ended}")
    look(world)
    look_at_rest(world)
    statements = len(world.reading.statements)
    world.later(DAY)
    assert world.invoke().outcome == "idle"
    world.reading.catch_up()
    assert len(world.reading.statements) == statements
    world.excused.clear()
    world.unissued &= world.reading.epoch.missing.keys()  # what a reset nobody noticed left is no hole


def _decide(world: HostileWorld, outcome: str) -> None:
    """What the runbook says."""
    world.reading.catch_up(lenient=True)
    if outcome == "RollbackError":
        assert world.operate("epoch").outcome == "stated"
        world.reading.catch_up(lenient=True)
    if world.reading.is_latched:
        assert world.operate("resume").outcome == "stated"
    for hole in world.head.unexplained:
        span = IdSpan(hole.first, hole.last)
        if not world.hidden(span):
            assert world.operate("accept", span=span).outcome == "stated"
