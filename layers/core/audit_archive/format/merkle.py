"""One Merkle tree over all archived lines (RFC 6962, section 2.1; RFC 9162, section 2.1).

`leaf = SHA-256(0x00 || line)`, `node = SHA-256(0x01 || left || right)`. The frontier is the compact range:
the roots of the perfect subtrees that the tree's size splits into, largest first, so that appending never
rereads history.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

EMPTY_ROOT = sha256(b"").hexdigest()


@dataclass(frozen=True)
class Tree:
    """A tree as a statement records it: number of leaves, root and frontier (lower-case hex)."""

    size: int
    root: str
    frontier: tuple[str, ...]


EMPTY_TREE = Tree(0, EMPTY_ROOT, ())


def leaf_hash(line: bytes) -> bytes:
    """The hash of one archived line, without its newline."""
    return sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbouring subtrees."""
    return sha256(b"\x01" + left + right).digest()


class TreeBuilder:
    """A tree that grows: starts from a recorded frontier and takes lines in archive order."""

    def __init__(self, start: Tree) -> None:
        """Raises ValueError if the frontier is not the hashes of as many perfect subtrees as the size has."""
        if start.size < 0 or len(start.frontier) != start.size.bit_count():
            raise ValueError(f"{len(start.frontier)} hashes are not the frontier of {start.size} leaves")
        self._size = start.size
        self._frontier = [bytes.fromhex(node) for node in start.frontier]

    def append(self, line: bytes) -> None:
        """Add one line as the next leaf."""
        node = sha256(b"\x00" + line).digest()
        size = self._size
        frontier = self._frontier
        while size & 1:
            node = sha256(b"\x01" + frontier.pop() + node).digest()
            size >>= 1
        frontier.append(node)
        self._size += 1

    def tree(self) -> Tree:
        """The tree over everything appended so far."""
        frontier = tuple(node.hex() for node in self._frontier)
        return Tree(self._size, root_of(self._frontier), frontier)


def root_of(frontier: Iterable[bytes]) -> str:
    """The root that a frontier (largest subtree first) stands for, in hex."""
    nodes = list(frontier)
    if not nodes:
        return EMPTY_ROOT
    root = nodes.pop()
    while nodes:
        root = node_hash(nodes.pop(), root)
    return root.hex()


# That a line is in the tree, and that a tree only grew: Merkle proofs (RFC 6962, 2.1; RFC 9162, 2.1).
#
# A proof is the hashes of the neighbours on the way up to the root. It is made from the frontier of an older
# tree and the lines since, in one pass that keeps a handful of hashes: nothing older is read again.


@dataclass(frozen=True)
class InclusionProof:
    """Leaf `index` (from 0) is in the tree of `size` leaves: the neighbours on its way up, lowest first."""

    index: int
    size: int
    hashes: tuple[bytes, ...]


@dataclass
class _Way:
    """The neighbours met so far on the way up from a leaf, or from a subtree that ends with it."""

    index: int
    hashes: list[bytes] = field(default_factory=list)


class Prover:
    """A tree that grows and remembers the ways up from chosen lines.

    It keeps some 20 hashes for a chosen line and as many for itself, in a tree of a million lines.
    """

    def __init__(self, start: Tree) -> None:
        """Goes on from a recorded tree. Only lines that are still to come can be chosen."""
        self.size = start.size
        self._subtrees: list[tuple[bytes, list[_Way]]] = [(bytes.fromhex(n), []) for n in start.frontier]

    def append(self, line: bytes, *, choose: bool = False) -> None:
        """Add one line (without its newline) as the next leaf; `choose` it for a proof."""
        self.append_leaf(leaf_hash(line), choose=choose)

    def append_leaf(self, node: bytes, *, choose: bool = False) -> None:
        """The same by the line's leaf hash."""
        size = self.size
        ways = [_Way(size)] if choose else []
        while size & 1:
            left, left_ways = self._subtrees.pop()
            for way in ways:
                way.hashes.append(left)
            for way in left_ways:
                way.hashes.append(node)
            if left_ways:
                ways = left_ways + ways
            node = node_hash(left, node)
            size >>= 1
        self._subtrees.append((node, ways))
        self.size += 1

    @property
    def root(self) -> str:
        """The root (hex) of the tree as it is now."""
        return root_of(node for node, _ in self._subtrees)

    def proofs(self) -> tuple[InclusionProof, ...]:
        """The proofs of the chosen lines, in their order, in the tree as it is now."""
        found = list[InclusionProof]()
        right: tuple[bytes, ...] = ()
        for at in reversed(range(len(self._subtrees))):
            node, ways = self._subtrees[at]
            above = (*right, *(left for left, _ in self._subtrees[at - 1 :: -1] if at))
            found += (InclusionProof(way.index, self.size, (*way.hashes, *above)) for way in reversed(ways))
            right = (node_hash(node, *right),) if right else (node,)
        return tuple(reversed(found))

    def follow_newest(self) -> None:
        """Choose the smallest subtree of the frontier: a consistency proof is its way up."""
        _, ways = self._subtrees[-1]
        ways.append(_Way(self.size - 1))


def consistency_proof(old: Tree, leaves: Iterable[bytes]) -> tuple[bytes, ...]:
    """The proof that the tree of `old` and the leaves since begins with `old` (RFC 6962, section 2.1.2).

    `leaves`: the hashes of the lines since, as leaves. Empty if there are none, and for an old tree without
    leaves, with which every tree begins.
    """
    prover = Prover(old)
    if old.size:
        prover.follow_newest()
    for leaf in leaves:
        prover.append_leaf(leaf)
    if old.size in (0, prover.size):
        return ()
    (way,) = prover.proofs()
    # Whoever checks has the old root. If the old tree is one perfect subtree, the way begins there.
    begin = () if len(old.frontier) == 1 else (bytes.fromhex(old.frontier[-1]),)
    return (*begin, *way.hashes)


def is_included(leaf: bytes, index: int, size: int, root: str, hashes: tuple[bytes, ...]) -> bool:
    """Whether a proof leads from a leaf's hash at `index` to the root (hex) (RFC 9162, section 2.1.3.2)."""
    sides = _left_or_right(index, size - 1, len(hashes)) if 0 <= index < size else None
    if sides is None:
        return False
    node = leaf
    for neighbour, is_left in zip(hashes, sides, strict=True):
        node = node_hash(neighbour, node) if is_left else node_hash(node, neighbour)
    return node.hex() == root


def is_consistent(
    old_size: int, old_root: str, new_size: int, new_root: str, hashes: tuple[bytes, ...]
) -> bool:
    """Whether a proof shows that the new tree begins with the old one (RFC 9162, section 2.1.4.2).

    With a tree without leaves every tree begins: there is nothing to prove, as with the same tree.
    """
    if not 0 < old_size < new_size:
        is_same = (old_size, old_root) == (new_size, new_root)
        return not hashes and (is_same or (old_size == 0 < new_size and old_root == EMPTY_ROOT))
    if not old_size & (old_size - 1):  # a perfect tree: its root stands for itself
        hashes = (bytes.fromhex(old_root), *hashes)
    subtree, last = old_size - 1, new_size - 1
    while subtree & 1:
        subtree, last = subtree >> 1, last >> 1
    sides = _left_or_right(subtree, last, len(hashes) - 1)
    if sides is None:
        return False
    old_node = new_node = hashes[0]
    for neighbour, is_left in zip(hashes[1:], sides, strict=True):
        old_node = node_hash(neighbour, old_node) if is_left else old_node
        new_node = node_hash(neighbour, new_node) if is_left else node_hash(new_node, neighbour)
    return (old_node.hex(), new_node.hex()) == (old_root, new_root)


def _left_or_right(node: int, last: int, steps: int) -> list[bool] | None:
    """For each neighbour on the way up from a node whether it stands on the left.

    `last` is the number of the last node on the same level. None unless the way has so many steps.
    """
    sides = list[bool]()
    for _ in range(steps):
        if not last:
            return None
        sides.append(bool(node & 1) or node == last)
        while sides[-1] and node and not node & 1:  # the last node of a level need not have a neighbour
            node, last = node >> 1, last >> 1
        node, last = node >> 1, last >> 1
    return None if last else sides
