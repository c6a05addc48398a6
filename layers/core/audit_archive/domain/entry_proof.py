"""The proof that one entry was archived: a text that is checked offline (c2sp.org/tlog-proof).

    c2sp.org/tlog-proof@v1
    index <number of the line in the Console's tree, from 0>
    <base64 of a neighbour's hash>, one a line, from the leaf's neighbour upwards

    <the signed checkpoint of the statement that archived it>

It takes nothing but the archived line, this text and the public key.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.domain.base64_text import from_base64, to_base64
from audit_archive.domain.checkpoint import Checkpoint, open_checkpoint
from audit_archive.domain.proofs import is_included
from audit_archive.domain.public_keys import PublicKey, SignatureCheck
from audit_archive.domain.tree import leaf_hash

_FORMAT = "c2sp.org/tlog-proof@v1"
_HEAD = re.compile(re.escape(_FORMAT) + r"\nindex (0|[1-9][0-9]{0,17})((?:\n[A-Za-z0-9+/]{43}=){0,63})")


@dataclass(frozen=True)
class EntryProof:
    """A line's index in the tree, its inclusion proof, and the signed checkpoint as it is stored."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """The proof as it is handed out; such files end in `.tlog-proof`."""
        hashes = "".join(f"{to_base64(node)}\n" for node in self.hashes)
        return f"{_FORMAT}\nindex {self.index}\n{hashes}\n".encode() + self.checkpoint


def parse_entry_proof(data: bytes) -> EntryProof:
    """The proof that `encode` wrote, unchecked. Raises ValueError if it is none.

    The specification allows a line `extra`, which nothing signs: we write none, and accept none.
    """
    head, separator, checkpoint = data.partition(b"\n\n")
    found = _HEAD.fullmatch(head.decode())
    if found is None or not separator:
        raise ValueError(f"no proof of an entry: {head[:100]!r}")
    return EntryProof(int(found[1]), tuple(from_base64(line) for line in found[2].split()), checkpoint)


def check_entry(
    line: bytes, proof: EntryProof, console: str, keys: Iterable[PublicKey], is_signed: SignatureCheck
) -> Checkpoint:
    """The checkpoint under which a line (without its newline) is proven to have been archived.

    1. One of the known keys has signed the checkpoint, and it is this Console's.
    2. The line's hash leads, by way of its neighbours', to the root that the checkpoint names.

    Raises ValueError, which says why, if either fails.
    """
    checkpoint = open_checkpoint(proof.checkpoint, console, keys, is_signed)
    if not is_included(leaf_hash(line), proof.index, checkpoint.size, checkpoint.root, proof.hashes):
        raise ValueError(f"the line is not leaf {proof.index} of the tree of {checkpoint.size} lines")
    return checkpoint
