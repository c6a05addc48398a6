"""Sets of ids as ranges do what Python's sets do."""

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.ids import IdRange, IdSet, IdSetBuilder, id_set, span_set

IDS = st.sets(st.integers(1, 40))
BOUND = st.integers(-3, 45)


def plain(ids: IdSet) -> set[int]:
    """As a Python set; checks on the way that the ranges are ascending, disjoint and never touch."""
    for range_ in ids.ranges:
        assert range_.first <= range_.last
    for left, right in zip(ids.ranges, ids.ranges[1:], strict=False):
        assert left.last + 1 < right.first
    return {n for first, last in ids.ranges for n in range(first, last + 1)}


@given(IDS)
def test_it_holds_what_was_put_in(ids: set[int]) -> None:
    made = id_set(ids)
    assert plain(made) == ids
    assert made.size == len(ids)
    assert bool(made) == bool(ids)
    assert {n for n in range(-2, 45) if n in made} == ids


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)).map(lambda pair: (min(pair), max(pair)))))
def test_ranges_in_any_order_touching_and_overlapping_unite(ranges: list[tuple[int, int]]) -> None:
    expected = {n for first, last in ranges for n in range(first, last + 1)}
    assert plain(IdSet.of(*ranges)) == expected
    assert span_set(IdRange(*each) for each in ranges) == IdSet.of(*ranges)


@given(IDS, BOUND, BOUND)
def test_within(ids: set[int], first: int, last: int) -> None:
    assert plain(id_set(ids).within(first, last)) == {n for n in ids if first <= n <= last}


@given(IDS, BOUND, BOUND)
def test_gaps(ids: set[int], first: int, last: int) -> None:
    assert plain(id_set(ids).gaps(first, last)) == set(range(first, last + 1)) - ids


@given(IDS, IDS)
def test_minus(ids: set[int], others: set[int]) -> None:
    assert plain(id_set(ids).minus(id_set(others))) == ids - others


@given(IDS, IDS)
def test_intersection(ids: set[int], others: set[int]) -> None:
    assert plain(id_set(ids).intersection(id_set(others))) == ids & others


@given(IDS)
def test_equal_sets_are_equal_however_they_were_built(ids: set[int]) -> None:
    builder = IdSetBuilder()
    for number in sorted(ids):
        builder.add(number)
        builder.add(number)
    assert builder.build() == id_set(ids) == IdSet.of(*((n, n) for n in ids))


@given(IDS, IDS)
def test_a_builder_goes_on_after_build(ids: set[int], later: set[int]) -> None:
    builder = IdSetBuilder()
    for number in sorted(ids):
        builder.add(number)
    first = builder.build()
    for number in sorted(later):
        builder.add(number + 100)
    assert plain(first) == ids
    assert plain(builder.build()) == ids | {number + 100 for number in later}


def test_a_dense_trail_of_a_million_is_one_range() -> None:
    builder = IdSetBuilder()
    for number in range(5, 1_000_005):
        builder.add(number)
    assert builder.build().ranges == (IdRange(5, 1_000_004),)


def test_the_largest_ids() -> None:
    top = 2**63 - 1
    ids = id_set([top - 1, top])
    assert ids.ranges == (IdRange(top - 1, top),)
    assert top in ids
    assert ids.gaps(top - 2, top).ranges == (IdRange(top - 2, top - 2),)
