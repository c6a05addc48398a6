"""The Merkle tree against RFC 6962 itself, and against the published Certificate Transparency vectors."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.merkle import (
    EMPTY_ROOT,
    EMPTY_TREE,
    Tree,
    TreeBuilder,
    leaf_hash,
    node_hash,
    root_of,
)
from tests.support.merkle import grown, mth
from tests.support.rows import all_rows

# The test data of the Certificate Transparency reference implementation: eight leaves, and the roots of the
# trees over the first 0 to 8 of them.
CT_LEAVES = [
    bytes.fromhex(text)
    for text in [
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    ]
]
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]

LINES = [f'{{"id":{number}}}'.encode() for number in range(1, 131)]


def peaks(lines: list[bytes]) -> tuple[str, ...]:
    """The roots of the perfect subtrees of a tree, largest first: one for each bit set in its size."""
    found, at = [], 0
    for bit in reversed(range(len(lines).bit_length())):
        if len(lines) >> bit & 1:
            found.append(mth(lines[at : at + (1 << bit)]).hex())
            at += 1 << bit
    return tuple(found)


@all_rows("size", range(9))
def test_the_published_vectors(size: int) -> None:
    tree = grown(EMPTY_TREE, CT_LEAVES[:size])
    assert (tree.size, tree.root) == (size, CT_ROOTS[size])
    assert mth(CT_LEAVES[:size]).hex() == CT_ROOTS[size], "the oracle itself"


@all_rows("size", range(len(LINES) + 1))
def test_root_and_frontier_of_every_size_are_those_of_the_rfc(size: int) -> None:
    expected = Tree(size, mth(LINES[:size]).hex(), peaks(LINES[:size]))
    assert grown(EMPTY_TREE, LINES[:size]) == expected


@all_rows("size", [0, 1, 2, 3, 7, 8, 9, 31, 64, 100, 130])
def test_a_tree_that_goes_on_from_any_recorded_frontier_is_the_same_tree(size: int) -> None:
    whole = grown(EMPTY_TREE, LINES[:size])
    for split in range(size + 1):
        recorded = grown(EMPTY_TREE, LINES[:split])
        assert grown(recorded, LINES[split:size]) == whole


@given(st.lists(st.lists(st.binary(max_size=40), max_size=9), max_size=9))
def test_any_number_of_sessions_over_any_lines_gives_the_rfcs_tree(sessions: list[list[bytes]]) -> None:
    tree = EMPTY_TREE
    for session in sessions:
        tree = grown(tree, session)
    lines = [line for session in sessions for line in session]
    assert tree == Tree(len(lines), mth(lines).hex(), peaks(lines))


def test_looking_at_a_tree_does_not_change_it() -> None:
    builder = TreeBuilder(EMPTY_TREE)
    for line in LINES[:5]:
        builder.extend((line,))
        assert builder.tree() == builder.tree()
    assert builder.tree() == grown(EMPTY_TREE, LINES[:5])


def test_leaves_and_nodes_are_hashed_apart() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert left == sha256(b"\x00a").digest()
    assert node_hash(left, right) == sha256(b"\x01" + left + right).digest()
    assert node_hash(left, right) != leaf_hash(left + right)
    assert node_hash(left, right) != node_hash(right, left)


def test_the_root_of_a_frontier() -> None:
    assert root_of([]) == EMPTY_ROOT == CT_ROOTS[0]
    assert root_of([leaf_hash(b"")]) == CT_ROOTS[1]
    assert root_of(iter([mth(CT_LEAVES[:4]), mth(CT_LEAVES[4:6]), mth(CT_LEAVES[6:7])])) == CT_ROOTS[7]


@all_rows(("size", "hashes"), [(1, 0), (0, 1), (3, 1), (4, 2), (-1, 1), (-1, 0)])
def test_a_frontier_of_another_length_than_the_size_gives_is_refused(size: int, hashes: int) -> None:
    """To go on from it would take a hash that is not there."""
    with pytest.raises(ValueError, match=f"{hashes} hashes are not the frontier of {size} leaves"):
        TreeBuilder(Tree(size, EMPTY_ROOT, (EMPTY_ROOT,) * hashes))
