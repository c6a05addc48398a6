"""Merkle proofs against RFC 6962 word for word, and against the published vectors."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.merkle import (
    EMPTY_ROOT,
    EMPTY_TREE,
    InclusionProof,
    Prover,
    consistency_proof,
    is_consistent,
    is_included,
    leaf_hash,
)
from tests.support.merkle import grown, mth
from tests.support.rows import all_rows
from tests.unit.format.test_merkle import CT_LEAVES, CT_ROOTS, LINES

# The paths and proofs in the tests of the Certificate Transparency reference implementation; leaves from 0.
N10, N11, N12, N20, N21 = (
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
)
N13 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N00, N01, N04 = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
)
CT_PATHS = [
    (0, 1, []),
    (0, 8, [N01, N11, N21]),
    (5, 8, [N04, N13, N20]),
    (2, 3, [N10]),
    (1, 5, [N00, N11, N04]),
]
CT_PROOFS = [(1, 1, []), (1, 8, [N01, N11, N21]), (6, 8, [N12, N13, N20]), (2, 5, [N11, N04])]

ROOTS = [mth(LINES[:size]).hex() for size in range(len(LINES) + 1)]
OTHER = leaf_hash(b"other")


def path(m: int, lines: list[bytes]) -> tuple[bytes, ...]:
    """PATH(m, D[n]) word for word (RFC 6962, section 2.1.1)."""
    n = len(lines)
    if n == 1:
        return ()
    k = 1 << (n - 1).bit_length() - 1
    if m < k:
        return (*path(m, lines[:k]), mth(lines[k:]))
    return (*path(m - k, lines[k:]), mth(lines[:k]))


def proof(m: int, lines: list[bytes]) -> tuple[bytes, ...]:
    """PROOF(m, D[n]) word for word (RFC 6962, section 2.1.2)."""
    return subproof(m, lines, b=True)


def subproof(m: int, lines: list[bytes], *, b: bool) -> tuple[bytes, ...]:
    n = len(lines)
    if m == n:
        return () if b else (mth(lines),)
    k = 1 << (n - 1).bit_length() - 1
    if m <= k:
        return (*subproof(m, lines[:k], b=b), mth(lines[k:]))
    return (*subproof(m - k, lines[k:], b=False), mth(lines[:k]))


def proofs_of(chosen: set[int], start: int, lines: list[bytes]) -> tuple[InclusionProof, ...]:
    """The proofs of some lines that came after the tree of the first `start` lines."""
    prover = Prover(grown(EMPTY_TREE, lines[:start]))
    for index, line in enumerate(lines[start:], start):
        prover.append(line, choose=index in chosen)
    return prover.proofs()


@pytest.mark.parametrize(("index", "size", "hashes"), CT_PATHS)
def test_the_published_paths(index: int, size: int, hashes: list[str]) -> None:
    for start in range(index + 1):
        (found,) = proofs_of({index}, start, CT_LEAVES[:size])
        assert (found.index, found.size) == (index, size)
        assert [node.hex() for node in found.hashes] == hashes
        assert is_included(leaf_hash(CT_LEAVES[index]), index, size, CT_ROOTS[size], found.hashes)


@pytest.mark.parametrize(("old", "new", "hashes"), CT_PROOFS)
def test_the_published_consistency_proofs(old: int, new: int, hashes: list[str]) -> None:
    found = consistency_proof(grown(EMPTY_TREE, CT_LEAVES[:old]), map(leaf_hash, CT_LEAVES[old:new]))
    assert [node.hex() for node in found] == hashes
    assert is_consistent(old, CT_ROOTS[old], new, CT_ROOTS[new], found)


@all_rows("size", range(1, 34))
def test_all_lines_of_a_small_tree_have_the_rfcs_paths_in_one_pass(size: int) -> None:
    lines = LINES[:size]
    found = proofs_of(set(range(size)), 0, lines)
    assert [(each.index, each.size) for each in found] == [(index, size) for index in range(size)]
    assert [each.hashes for each in found] == [path(index, lines) for index in range(size)]


@all_rows("new", range(1, 34))
def test_all_smaller_trees_have_the_rfcs_consistency_proofs(new: int) -> None:
    for old in range(1, new + 1):
        found = consistency_proof(grown(EMPTY_TREE, LINES[:old]), map(leaf_hash, LINES[old:new]))
        assert found == proof(old, LINES[:new])
        assert is_consistent(old, ROOTS[old], new, ROOTS[new], found)


@given(st.data())
def test_a_proof_from_a_recorded_frontier_is_that_of_the_whole_tree(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LINES)))
    start = data.draw(st.integers(0, size - 1))
    chosen = data.draw(st.sets(st.integers(start, size - 1), max_size=5))
    lines = LINES[:size]
    for each, index in zip(proofs_of(chosen, start, lines), sorted(chosen), strict=True):
        assert each == InclusionProof(index, size, path(index, lines))
        assert is_included(leaf_hash(lines[index]), index, size, ROOTS[size], each.hashes)
    if start:
        found = consistency_proof(grown(EMPTY_TREE, lines[:start]), map(leaf_hash, lines[start:]))
        assert found == proof(start, lines)
        assert is_consistent(start, ROOTS[start], size, ROOTS[size], found)


def test_proofs_may_be_asked_for_while_the_tree_grows() -> None:
    prover = Prover(grown(EMPTY_TREE, LINES[:3]))
    assert prover.proofs() == ()
    for size, line in enumerate(LINES[3:40], 4):
        prover.append(line, choose=True)
        assert prover.proofs() == prover.proofs() == proofs_of(set(range(3, size)), 3, LINES[:size])


@all_rows("size", [1, 2, 3, 7, 8, 21])
def test_whatever_is_changed_about_a_path_it_proves_nothing(size: int) -> None:
    for each in proofs_of(set(range(size)), 0, LINES[:size]):
        leaf, index, good = leaf_hash(LINES[each.index]), each.index, each.hashes
        assert is_included(leaf, index, size, ROOTS[size], good)
        assert not is_included(OTHER, index, size, ROOTS[size], good)
        assert not is_included(leaf, index, size, ROOTS[size - 1], good)
        for other in {-1, *range(size + 2), index + (1 << 60)} - {index}:
            assert not is_included(leaf, other, size, ROOTS[size], good)
        assert not is_included(leaf, index, 2 * size, ROOTS[size], good)
        assert not is_included(leaf, index, 0, ROOTS[size], good)
        for changed in altered(good):
            assert not is_included(leaf, index, size, ROOTS[size], changed)


@pytest.mark.parametrize("new", [2, 3, 7, 8, 21])
def test_whatever_is_changed_about_a_consistency_proof_it_proves_nothing(new: int) -> None:
    for old in range(1, new):
        good = proof(old, LINES[:new])
        assert is_consistent(old, ROOTS[old], new, ROOTS[new], good)
        assert not is_consistent(old, OTHER.hex(), new, ROOTS[new], good)
        assert not is_consistent(old, ROOTS[old], new, OTHER.hex(), good)
        assert not is_consistent(new, ROOTS[new], old, ROOTS[old], good)
        for other in range(1, new + 1):
            if other != old:
                assert not is_consistent(other, ROOTS[old], new, ROOTS[new], good)
        for changed in altered(good):
            assert not is_consistent(old, ROOTS[old], new, ROOTS[new], changed)


def altered(good: tuple[bytes, ...]) -> list[tuple[bytes, ...]]:
    """A proof with a hash replaced, left out, put in, or two swapped."""
    replaced = [(*good[:at], OTHER, *good[at + 1 :]) for at in range(len(good))]
    left_out = [(*good[:at], *good[at + 1 :]) for at in range(len(good))]
    put_in = [(*good[:at], OTHER, *good[at:]) for at in range(len(good) + 1)]
    swapped = [(*good[:a], good[b], good[a], *good[b + 1 :]) for a, b in pairwise(range(len(good)))]
    return replaced + left_out + put_in + swapped


def test_a_tree_is_consistent_with_itself_and_with_none() -> None:
    for size in (0, 1, 5):
        assert is_consistent(size, ROOTS[size], size, ROOTS[size], ())
        assert is_consistent(0, EMPTY_ROOT, size, ROOTS[size], ())
        assert not is_consistent(size, ROOTS[size], size, OTHER.hex(), ())
        assert not is_consistent(0, OTHER.hex(), size, ROOTS[size], ())
        assert not is_consistent(size, ROOTS[size], size, ROOTS[size], (OTHER,))
    assert not is_consistent(3, ROOTS[3], 5, ROOTS[5], ())
    assert not is_consistent(0, EMPTY_ROOT, -1, ROOTS[1], ())
    assert consistency_proof(EMPTY_TREE, map(leaf_hash, LINES[:5])) == ()
    assert consistency_proof(grown(EMPTY_TREE, LINES[:5]), []) == ()
