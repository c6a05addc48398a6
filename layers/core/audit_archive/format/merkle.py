"""One Merkle tree over all archived lines, and its proofs (RFC 6962, section 2.1; RFC 9162, section 2.1).

`leaf = SHA-256(0x00 || line)`, `node = SHA-256(0x01 || left || right)`. The frontier is the compact range:
the roots of the perfect subtrees that the tree's size splits into, largest first. With it, a tree grows
without another look at older lines.

An inclusion proof shows that a line is in the tree, a consistency proof that a tree only grew. Each is the
hashes of the neighbours on the path up to the root. `Prover` makes both from the frontier of an older tree
and the lines since, in one pass that keeps a handful of hashes.
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
    """The hash of one archived line (without its newline) as a leaf."""
    return sha256(b"\x00" + line).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two neighbouring subtrees."""
    return sha256(b"\x01" + left + right).digest()


class TreeBuilder:
    """A tree that grows: starts from a recorded frontier and takes lines in archive order."""

    def __init__(self, start: Tree) -> None:
        """Raises ValueError if the frontier does not have one hash for each perfect subtree of the size."""
        if start.size < 0 or len(start.frontier) != start.size.bit_count():
            raise ValueError(f"{len(start.frontier)} hashes are not the frontier of {start.size} leaves")
        self._size = start.size
        self._frontier = [bytes.fromhex(node) for node in start.frontier]

    def extend(self, lines: Iterable[bytes]) -> None:
        """Add lines as the next leaves, in their order: level by level, because that is fast."""
        nodes = [sha256(b"\x00" + line).digest() for line in lines]
        size, frontier = self._size, self._frontier
        self._size += len(nodes)
        lone = list[bytes]()  # the roots of new perfect subtrees, smallest first
        while nodes:
            if size & 1:
                nodes.insert(0, frontier.pop())
            if len(nodes) & 1:
                lone.append(nodes.pop())
            pairs = b"".join(nodes)
            nodes = [sha256(b"\x01" + pairs[at : at + 64]).digest() for at in range(0, len(pairs), 64)]
            size >>= 1
        frontier += reversed(lone)

    def tree(self) -> Tree:
        """The tree over everything appended so far."""
        frontier = tuple(node.hex() for node in self._frontier)
        return Tree(self._size, root_of(self._frontier), frontier)


def root_of(frontier: Iterable[bytes]) -> str:
    """The root (hex) of the tree with a frontier (largest subtree first)."""
    nodes = list(frontier)
    if not nodes:
        return EMPTY_ROOT
    root = nodes.pop()
    while nodes:
        root = node_hash(nodes.pop(), root)
    return root.hex()


@dataclass(frozen=True)
class InclusionProof:
    """Leaf `index` (from 0) is in the tree of `size` leaves: the neighbours on its path up, lowest first."""

    index: int
    size: int
    hashes: tuple[bytes, ...]


@dataclass
class _Path:
    """The neighbours so far on the path up from a leaf, or from a subtree that ends with it."""

    index: int
    hashes: list[bytes] = field(default_factory=list)


class Prover:
    """A tree that grows and keeps the paths up from chosen lines.

    In a tree of a million lines, it keeps about 20 hashes for each chosen line and as many for itself.
    """

    def __init__(self, start: Tree) -> None:
        """Start from a recorded tree. Only lines that are appended later can be chosen."""
        self.size = start.size
        self._subtrees: list[tuple[bytes, list[_Path]]] = [(bytes.fromhex(n), []) for n in start.frontier]

    def append(self, line: bytes, *, choose: bool = False) -> None:
        """Add one line (without its newline) as the next leaf; `choose` it for a proof."""
        self.append_leaf(leaf_hash(line), choose=choose)

    def append_leaf(self, node: bytes, *, choose: bool = False) -> None:
        """Add the leaf hash of a line as the next leaf."""
        size = self.size
        paths = [_Path(size)] if choose else []
        while size & 1:
            left, left_paths = self._subtrees.pop()
            for path in paths:
                path.hashes.append(left)
            for path in left_paths:
                path.hashes.append(node)
            if left_paths:
                paths = left_paths + paths
            node = node_hash(left, node)
            size >>= 1
        self._subtrees.append((node, paths))
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
            node, paths = self._subtrees[at]
            above = (*right, *(left for left, _ in self._subtrees[at - 1 :: -1] if at))
            found += (
                InclusionProof(path.index, self.size, (*path.hashes, *above)) for path in reversed(paths)
            )
            right = (node_hash(node, *right),) if right else (node,)
        return tuple(reversed(found))

    def follow_newest(self) -> None:
        """Choose the smallest subtree of the frontier: its path up is a consistency proof."""
        _, paths = self._subtrees[-1]
        paths.append(_Path(self.size - 1))


def consistency_proof(old: Tree, leaves: Iterable[bytes]) -> tuple[bytes, ...]:
    """The proof that a tree begins with the tree `old` (RFC 6962, section 2.1.2).

    `leaves`: the leaf hashes of the lines since. The proof is empty if there are no such lines, and if the
    old tree has no leaves, because every tree begins with that.
    """
    prover = Prover(old)
    if old.size:
        prover.follow_newest()
    for leaf in leaves:
        prover.append_leaf(leaf)
    if old.size in (0, prover.size):
        return ()
    (path,) = prover.proofs()
    # A verifier has the old root. If the old tree is one perfect subtree, the path begins there.
    begin = () if len(old.frontier) == 1 else (bytes.fromhex(old.frontier[-1]),)
    return (*begin, *path.hashes)


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

    The proof must be empty for the same tree, and for an old tree without leaves: every tree begins with
    that.
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
    """For each neighbour on the path up from a node: whether it stands on the left.

    `last` is the number of the last node on the same level. None if the path does not have so many steps.
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
