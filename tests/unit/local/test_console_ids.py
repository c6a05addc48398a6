"""Id sets against plain Python sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.console.ids import IdSet

IDS = st.sets(st.integers(1, 60))
EDGES = st.tuples(st.integers(1, 60), st.integers(0, 30)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def assert_is(found: IdSet, expected: set[int]) -> None:
    assert list(found) == sorted(expected)
    assert len(found) == len(expected)
    # Canonical: disjoint, rising, never touching, so that equal sets are equal values.
    assert found == IdSet.of(expected)


@given(IDS, EDGES)
def test_adding_and_taking_out_spans(ids: set[int], edges: tuple[int, int]) -> None:
    span = set(range(edges[0], edges[1] + 1))
    assert_is(IdSet.of(ids).with_span(*edges), ids | span)
    assert_is(IdSet.of(ids).without_span(*edges), ids - span)


@given(IDS, IDS, st.integers(0, 70))
def test_difference_and_newest(ids: set[int], others: set[int], count: int) -> None:
    assert_is(IdSet.of(ids).minus(IdSet.of(others)), ids - others)
    assert_is(IdSet.of(ids).newest(count), set(sorted(ids, reverse=True)[:count]))


def test_difference_of_very_scattered_sets() -> None:
    odd = IdSet.of(range(1, 401, 2))
    assert_is(IdSet.of(range(1, 401)).minus(odd), set(range(2, 401, 2)))


@given(IDS)
def test_order_rank_and_membership(ids: set[int]) -> None:
    found, rising = IdSet.of(ids), sorted(ids)
    assert list(reversed(found)) == rising[::-1]
    assert [found[rank] for rank in range(len(rising))] == rising
    for probe in range(62):
        assert (probe in found) == (probe in ids)
        assert found.rank(probe) == sum(entry_id < probe for entry_id in ids)
    for rank in (-1, len(rising)):
        with pytest.raises(IndexError, match="of"):
            found[rank]


def test_a_million_ids_are_one_span() -> None:
    assert IdSet().with_span(1, 1_000_000).with_span(1_000_001, 1_000_002).spans == ((1, 1_000_002),)
