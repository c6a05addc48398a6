"""How far the archive reaches: what its exports held, not when its runs ended."""

from dataclasses import replace

import pytest

from audit_archive.format.facts import HeldBackBy, IdSpan, PopulationFacts, Unexported
from audit_archive.format.ids import IdRange
from audit_archive.format.times import rfc3339
from audit_archive.retrieve.outcome import AnswerOutcome
from audit_archive.retrieve.status import statuses
from tests.support.archives import state_archive
from tests.support.asking import ask, at, reader_of
from tests.support.bundles import bundle, manifest_of
from tests.support.world import CONSOLE, DAY, World

SERVED = "2026-11-26T06:00:00Z"


@pytest.fixture
def world() -> World:
    """Six entries on three days, ids 1 to 6; a run on each, the last at SERVED; a day has passed since."""
    world = World()
    world.mode = "off"
    for _ in range(3):
        world.trail.arrive(2)
        world.later(DAY)
        world.run()
    world.later(DAY)
    return world


def stale(world: World, entry_id: int = 7) -> None:
    """A run finds the frozen export again, though the Console showed another entry."""
    world.later(60)
    lacks = Unexported(entry_id, "2026-11-26 12:00:00 UTC+0000")
    state_archive(world, stale=lacks, covered_until=rfc3339(world.clock.now()))
    world.ledger.complete(CONSOLE, world.clock.now(), 1)


def test_a_stale_export_moves_no_archived_up_to(world: World) -> None:
    stale(world)
    coverage = ask(world).coverage
    assert coverage.up_to == SERVED
    assert [(each.lacks_id, each.served_at) for each in coverage.stale] == [(7, SERVED)]
    told = f"the Console showed entry 7, and its export of {SERVED} lacks it"
    assert coverage.not_covered[0].startswith(told)


def test_an_entry_that_an_export_lacks_is_not_just_not_found(world: World) -> None:
    stale(world)
    stale(world)
    stale(world, 8)
    found = ask(world, ids=IdRange(7, 7))
    assert found.outcome == AnswerOutcome.OUTSIDE
    assert [each.lacks_id for each in found.coverage.stale] == [7]
    assert [each.lacks_id for each in ask(world).coverage.stale] == [7, 8]
    assert any("showed entry 7" in gap for gap in found.coverage.not_covered)
    (status,) = statuses(reader_of(world), CONSOLE)
    assert (status.up_to, status.stale_ids) == (SERVED, (7, 8))


def test_what_a_question_does_not_reach_does_not_concern_it(world: World) -> None:
    stale(world)
    assert ask(world, ids=IdRange(1, 6)).coverage.not_covered == ()
    assert ask(world, end=at("2026-11-26")).coverage.not_covered == ()
    assert len(ask(world, end=at("2026-11-27")).coverage.not_covered) == 2


def test_a_whole_export_after_a_stale_one_ends_it(world: World) -> None:
    stale(world)
    state_archive(world, covered_until="2026-11-27T05:00:00Z", stale=None)
    coverage = ask(world).coverage
    assert (coverage.up_to, coverage.stale, coverage.not_covered) == ("2026-11-27T05:00:00Z", (), ())


def test_what_an_unfinished_export_holds_moves_no_archived_up_to(world: World) -> None:
    plan = replace(world.last().plan, held_back_by=HeldBackBy.NOT_YET_RECORDED)
    state_archive(world, plan=plan, covered_until="2026-11-27T05:00:00Z")
    assert ask(world).coverage.up_to == SERVED


def test_covered_until_counts_and_not_when_the_export_was_served(world: World) -> None:
    """The export lacks a young entry: it holds everything up to a moment before that."""
    state_archive(world, covered_until="2026-11-26T04:00:00Z")
    assert ask(world).coverage.up_to == "2026-11-26T04:00:00Z"
    assert ask(world, end=at("2026-11-26T05:00:00Z")).coverage.not_covered == (
        "what happened after 2026-11-26T04:00:00Z is not archived yet",
    )


def test_the_ledger_s_word_is_told_as_what_it_is(world: World) -> None:
    world.run()
    found = ask(world, start=at("2026-11-26T12:00:00Z"), end=at("2026-11-26T18:00:00Z"))
    assert found.outcome == AnswerOutcome.OUTSIDE
    word = "The ledger says that a run at 2026-11-27T05:45:00Z found no newer entry on the Console"
    assert found.coverage.not_covered == (f"what happened after {SERVED} is not archived yet. {word}",)
    assert word in found.sentence
    (status,) = statuses(reader_of(world), CONSOLE)
    assert (status.up_to, status.nothing_newer_at) == (SERVED, "2026-11-27T05:45:00Z")
    world.ledger.complete(CONSOLE, at("2026-11-26T06:10:00Z"), 1)  # the very run that archived
    assert ask(world).coverage.nothing_newer_at is None


def counts(counted: int | None, accounted: int, *unexported: tuple[int, int]) -> PopulationFacts:
    return PopulationFacts(counted, accounted, None, tuple(IdSpan(*span) for span in unexported))


@pytest.mark.parametrize(
    ("population", "sentence"),
    [
        pytest.param(
            counts(5000, 50, (51, 5000)),
            f"the Console counted 5,000 entries, and its export of {SERVED} holds 50. It lacks ids that the "
            "Console showed, 51 to 5000: see miscounted",
            id="capped",
        ),
        pytest.param(
            counts(6, 9),
            f"the Console counted 6 entries, and its export of {SERVED} holds 9: see miscounted",
            id="fewer",
        ),
        pytest.param(
            counts(None, 6, (2, 2), (4, 4)),
            f"the Console showed entries that its export of {SERVED} lacks. It lacks ids that the Console "
            "showed, 2, 4: see miscounted",
            id="no count",
        ),
    ],
)
def test_an_export_that_does_not_fit_the_console_s_count_is_told(
    world: World, population: PopulationFacts, sentence: str
) -> None:
    state_archive(world, population=population)
    found = ask(world, ids=IdRange(1, 2))
    assert found.coverage.not_covered == (sentence,)
    assert "not complete" in found.sentence
    (status,) = statuses(reader_of(world), CONSOLE)
    assert status.miscounted == found.coverage.miscounted[0]
    assert sentence in manifest_of(bundle(world))["coverage"]["not_covered"]


@pytest.mark.parametrize("population", [counts(6, 6), counts(None, 6)], ids=["fits", "no count"])
def test_a_count_that_fits_says_nothing(world: World, population: PopulationFacts) -> None:
    state_archive(world, population=population)
    assert ask(world).coverage.not_covered == ()


def test_a_count_of_then_concerns_only_what_was_archived_then(world: World) -> None:
    world.trail.arrive(2)
    state_archive(world, population=counts(5000, 6))
    world.later(DAY)
    world.run()  # the newest export is whole
    assert ask(world).coverage.not_covered == ()
    assert world.last().population.counted in {None, 8}
