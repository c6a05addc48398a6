"""One Merkle tree over all archived lines (RFC 6962, section 2.1; RFC 9162, section 2.1).

`leaf = SHA-256(0x00 || line)`, `node = SHA-256(0x01 || left || right)`. The frontier is the compact range:
the roots of the perfect subtrees that the tree's size splits into, largest first, so that appending never
rereads history.
"""

from collections.abc import Iterable
from dataclasses import dataclass
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
