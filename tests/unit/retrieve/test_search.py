"""Whatever is archived and whatever is asked: the answer is what a plain reader finds, in its order."""

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.retrieve.coverage import INDEX_ONLY, Coverage, RestsOn
from audit_archive.retrieve.query import Query
from tests.support import folders
from tests.support.archives import archives, queries
from tests.support.asking import Plain, find, lines_of, reader_of
from tests.support.examples import examples
from tests.support.world import World

UNLIMITED = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(examples(40), suppress_health_check=UNLIMITED)
@given(archives(), st.lists(queries, min_size=8, max_size=8))
def test_an_answer_is_complete(world: World, asked: list[Query]) -> None:
    """It has what a plain reader finds, and tells of every hole, and of all that can't be judged."""
    plain = Plain(world)
    for query in asked:
        found = find(reader_of(world), query)
        assert lines_of(found) == plain.matching(query)
        check_holes(plain, query, found.coverage)
        check_undecided(plain, query, found.coverage)


def check_holes(plain: Plain, query: Query, coverage: Coverage) -> None:
    """No hole is left out, and none is made up."""
    told = {(hole.epoch, i) for hole in coverage.holes for i in range(hole.first, hole.last + 1)}
    assert coverage.missing_ids == len(told)
    assert plain.holes(query) <= told <= plain.missing(query)


def check_undecided(plain: Plain, query: Query, coverage: Coverage) -> None:
    """Whatever has no readable time, and may belong to the time asked for, is counted."""
    told = {each.field: each for each in coverage.unjudged}
    assert all(len(each.ids) == each.count for each in told.values())
    ids = set(told["timestamp"].ids) if "timestamp" in told else set()
    assert plain.undecided(query) <= ids


@settings(examples(15), suppress_health_check=UNLIMITED)
@given(archives(), queries)
def test_a_copy_and_an_archive_without_its_ledger_tell_the_same(world: World, query: Query) -> None:
    """But for the moment of the last run, which only the ledger knows."""
    answer = find(reader_of(world), query)
    lines = lines_of(answer)
    with TemporaryDirectory() as folder:
        for source in (None, FolderSource(folders.put(world.store.files(), Path(folder)))):
            other = find(reader_of(world, source, ledger=False), query)
            assert lines_of(other) == lines
            told, known = other.coverage, answer.coverage
            assert told.rests_on == RestsOn.STATEMENTS
            assert INDEX_ONLY not in told.not_verified
            told = replace(told, rests_on=known.rests_on, not_verified=known.not_verified)
            told = replace(told, nothing_newer_at=known.nothing_newer_at, not_covered=known.not_covered)
            assert told == known
