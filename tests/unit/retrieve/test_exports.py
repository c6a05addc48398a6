"""Exports: the original zips behind an entry or a date, checked before anybody is given a link to them."""

from typing import Any

import pytest

from audit_archive.errors import IntegrityError
from audit_archive.format.facts import Action
from audit_archive.format.ids import IdRange
from audit_archive.retrieve.coverage import Absence
from audit_archive.retrieve.exports import FoundExports, find_exports
from audit_archive.retrieve.outcome import AnswerOutcome
from audit_archive.retrieve.query import Query
from tests.support.asking import at, reader_of
from tests.support.world import CONSOLE, DAY, World


@pytest.fixture
def world() -> World:
    """Three runs: ids 1 and 2, nothing of 3, ids 4 and 5, id 3 and 6."""
    world = World()
    world.mode = "off"
    world.aged(2)
    world.run()
    world.later(DAY)
    world.trail.skip()
    world.aged(2)
    world.run()
    world.later(DAY)
    world.trail.put(3)
    world.aged(1)
    world.run()
    return world


def of_id(world: World, entry_id: int, **filters: Any) -> FoundExports:
    return find_exports(reader_of(world), Query(CONSOLE, ids=IdRange(entry_id, entry_id), **filters))


def of_day(world: World, day: str) -> FoundExports:
    return find_exports(reader_of(world), Query(CONSOLE, start=at(day), end=at(day) + DAY))


@pytest.mark.parametrize(("entry_id", "statement"), [(1, 1), (2, 1), (3, 3), (4, 2), (5, 2), (6, 3)])
def test_the_export_of_an_entry_is_the_one_that_it_was_archived_from(
    world: World, entry_id: int, statement: int
) -> None:
    found = of_id(world, entry_id)
    (original,) = found.originals
    assert original.statements == (statement,)
    assert original.facts == world.archives()[statement - 1].export
    assert (found.outcome, original.absence) == (AnswerOutcome.FOUND, None)
    assert found.sentence == f"1 export holds entry {entry_id}."


def test_the_exports_of_a_date(world: World) -> None:
    assert [o.statements for o in of_day(world, "2026-11-24").originals] == [(2,)]
    assert [o.statements for o in of_day(world, "2026-11-25").originals] == [(3,)]
    assert of_day(world, "2026-11-24").sentence == "1 export holds entries of these dates."


def test_statements_that_rest_on_one_export_share_it() -> None:
    world = World()
    world.mode = "off"
    for day in range(500):
        world.trail.arrive(
            timestamp=f"{2024 + day // 250}-{day % 250 // 25 + 1:02d}-{day % 25 + 1:02d} 10:00:00 UTC+0000"
        )
    world.later()
    world.run()
    assert len(world.archives()) == 2
    found = find_exports(reader_of(world), Query(CONSOLE, start=at("2024-01-01"), end=at("2026-01-01")))
    assert [original.statements for original in found.originals] == [(1, 2)]


def test_an_id_of_two_epochs_has_two_exports(world: World) -> None:
    world.trail.reset()
    world.state(Action.EPOCH)
    world.aged(1)
    world.run()
    assert [o.epoch for o in of_id(world, 1).originals] == [1, 2]
    assert [o.epoch for o in of_id(world, 1, epoch=2).originals] == [2]


def test_what_is_not_archived_has_no_export(world: World) -> None:
    world.trail.skip()
    world.aged(1)
    world.run()
    hole, beyond, nothing = of_id(world, 7), of_id(world, 9), find_exports(reader_of(World()), Query(CONSOLE))
    assert (hole.outcome, hole.originals) == (AnswerOutcome.NONE_FOUND, ())
    assert [(h.first, h.last) for h in hole.coverage.holes] == [(7, 7)]
    assert hole.sentence == "The archive of Console 1234abcd does not have entry 7: see holes."
    assert (beyond.outcome, beyond.originals) == (AnswerOutcome.OUTSIDE, ())
    assert "does not reach entry 9" in beyond.sentence
    assert (nothing.outcome, nothing.sentence) == (
        AnswerOutcome.NOTHING_ARCHIVED,
        "Nothing of Console 1234abcd is archived.",
    )
    assert of_day(world, "2026-11-20").outcome == AnswerOutcome.OUTSIDE


def test_an_export_that_is_gone_is_told_with_its_cause(world: World) -> None:
    facts = world.archives()[0].export
    world.store.lose(facts.key, facts.version_id)
    found = of_id(world, 1)
    assert (found.outcome, found.originals[0].absence) == (AnswerOutcome.NOTHING_LEFT, Absence.REMOVED)
    assert "no longer there" in found.sentence
    world.later(200 * DAY)
    assert of_id(world, 1).originals[0].absence == Absence.EXPIRED


def test_an_altered_export_is_never_handed_out(world: World) -> None:
    key = world.archives()[0].export.key
    world.store.tamper(key, world.store.data(key)[:-1])
    with pytest.raises(IntegrityError, match=key):
        of_id(world, 1)
    assert of_id(world, 4).outcome == AnswerOutcome.FOUND
