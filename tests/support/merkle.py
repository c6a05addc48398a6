"""Merkle trees: as RFC 6962 has them, without the product's code, and as the product grows them."""

from hashlib import sha256

from audit_archive.format.merkle import Tree, TreeBuilder


def mth(lines: list[bytes]) -> bytes:
    """MTH(D[n]) word for word (RFC 6962, section 2.1): k is the largest power of two smaller than n."""
    n = len(lines)
    if n == 0:
        return sha256().digest()
    if n == 1:
        return sha256(b"\x00" + lines[0]).digest()
    k = 1 << (n - 1).bit_length() - 1
    return sha256(b"\x01" + mth(lines[:k]) + mth(lines[k:])).digest()


def grown(start: Tree, lines: list[bytes]) -> Tree:
    """The tree with some lines more."""
    builder = TreeBuilder(start)
    builder.extend(lines)
    return builder.tree()
