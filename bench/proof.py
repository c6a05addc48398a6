"""The proof of one entry out of a statement over very many lines, which are made as they are needed."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from audit_archive.format.merkle import EMPTY_TREE, Prover, TreeBuilder

BEFORE = 12_345
"""Lines that earlier statements archived: the proof starts from their frontier."""

LINE = b'{"action_type":"view_incident","id":%019d,"user_agent":"' + b"x" * 200 + b'"}'


def lines(first: int, last: int) -> Iterator[bytes]:
    """Lines as they are in an entry file, of some 270 bytes."""
    return (LINE % number for number in range(first, last))


def ours(entries: int) -> int:
    """The proof of the line in the middle: every line is read once."""
    before = TreeBuilder(EMPTY_TREE)
    before.extend(lines(0, BEFORE))
    prover = Prover(before.tree())
    for number, line in enumerate(lines(BEFORE, BEFORE + entries)):
        prover.append(line, choose=number == entries // 2)
    (proof,) = prover.proofs()
    return proof.size - BEFORE


def floor(entries: int) -> int:
    """The hashes that no proof can do without, of leaves and of nodes, and forget them."""
    node = bytes(64)
    for line in lines(BEFORE, BEFORE + entries):
        sha256(b"\x00" + line).digest()
        sha256(b"\x01" + node).digest()
    return entries
