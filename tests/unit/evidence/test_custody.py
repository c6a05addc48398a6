"""What became of an archive, told by its statements; each thing once."""

from collections import Counter
from dataclasses import replace

import pytest

from audit_archive.errors import PurgeMismatchError
from audit_archive.evidence.custody import CustodyLog
from audit_archive.evidence.model import Custody, Turn
from audit_archive.format.facts import Cause, Missing
from audit_archive.retrieve.coverage import LISTED
from tests.support.attacker import twin_world
from tests.support.world import World


def custody_of(world: World) -> Custody:
    log = CustodyLog()
    for said in world.chain():
        log.add(said)
    return log.custody()


def test_the_days_add_up_to_the_archive() -> None:
    world = twin_world()
    found = custody_of(world)
    assert [day.date for day in found.days] == sorted({s.run.started_at[:10] for s in world.chain()})
    assert sum(day.statements for day in found.days) == len(world.chain())
    assert sum(day.archived for day in found.days) == world.head.tree.size
    assert sum(day.purges for day in found.days) == len(world.purges())
    assert sum(day.purged for day in found.days) == sum(said.reported_count or 0 for said in world.purges())
    # purged before the archive began 2, destroyed by somebody else 2, unexplained 1
    assert sum(day.missing for day in found.days) == 5
    assert sum(day.foreign_purges for day in found.days) == 2
    confirmed = [said for said in world.purges() if said.receipt is not None]
    assert sum(day.receipts for day in found.days) == len(confirmed) > 1


def test_a_purge_that_was_not_carried_out_destroyed_nothing() -> None:
    world = World()
    world.aged(2)
    world.purger.answers = world.purger.carries_out = False
    world.run()
    assert world.outcomes() == ["unknown"]
    found = custody_of(world)
    assert sum(day.purges for day in found.days) == 0
    assert found.turns == {Turn.BEGIN: 1, Turn.UNKNOWN: 1}


def test_milestones_have_an_end_and_are_counted_on() -> None:
    world = World()
    world.mode = "off"
    world.aged(1)
    world.run()
    (said,) = world.archives()
    holes = tuple(Missing(2 * n, 2 * n, Cause.UNEXPLAINED, None) for n in range(1, LISTED + 5))
    log = CustodyLog()
    log.add(replace(said, missing=holes))
    found = log.custody()
    assert Counter(each.turn for each in found.milestones) == {Turn.BEGIN: 1, Turn.HOLE: LISTED}
    assert found.turns == {Turn.BEGIN: 1, Turn.HOLE: LISTED + 4}


def test_a_decision_says_who_and_why() -> None:
    world = World()
    world.aged(1)
    world.run()
    world.state("epoch")
    (said,) = (each for each in custody_of(world).milestones if each.turn == Turn.EPOCH)
    assert said.sentence == "somebody stated `epoch`: looked"


def test_a_mismatch_is_a_milestone() -> None:
    world = World()
    world.aged(2)
    world.purger.report = lambda count: count + 1
    with pytest.raises(PurgeMismatchError):
        world.run()
    found = custody_of(world)
    assert found.turns == {Turn.BEGIN: 1, Turn.MISMATCH: 1}
    assert (found.days[0].purges, found.days[0].purged) == (1, 3)
    assert "purged 3 entries up to 2, but only 2 were archived" in found.milestones[-1].sentence
