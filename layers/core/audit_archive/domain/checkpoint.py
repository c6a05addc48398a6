"""Checkpoints: what a Console's tree was after a statement, signed (c2sp.org/tlog-checkpoint).

    canary-audit-archive/<console>
    <number of leaves>
    <base64 of the root>
    statement <SHA-256 of the statement's bytes, hex>

    — canary-audit-archive/<console> <base64 of key id and signature>

The extension line ties the tree to the statement, and through it to the whole chain before it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.domain.base64_text import from_base64, to_base64
from audit_archive.domain.notes import Note, NoteSignature, open_note
from audit_archive.domain.public_keys import PublicKey, SignatureCheck

ORIGIN = "canary-audit-archive"

_TEXT = re.compile(
    rf"{ORIGIN}/([a-z0-9-]{{1,63}})\n"
    r"(0|[1-9][0-9]{0,17})\n"
    r"([A-Za-z0-9+/]{43}=)\n"
    r"statement ([0-9a-f]{64})\n"
)


def origin_of(console: str) -> str:
    """The first line of a Console's checkpoints, and the name that its signing key goes by in them."""
    return f"{ORIGIN}/{console}"


@dataclass(frozen=True)
class Checkpoint:
    """The tree after a statement: its size in leaves, its root (hex), and the statement's SHA-256 (hex)."""

    console: str
    size: int
    root: str
    statement_sha256: str

    def text(self) -> bytes:
        """The exact bytes that are signed. Some 200: KMS takes 4,096."""
        root = to_base64(bytes.fromhex(self.root))
        return f"{origin_of(self.console)}\n{self.size}\n{root}\nstatement {self.statement_sha256}\n".encode()

    def signed(self, key: PublicKey, signature: bytes) -> bytes:
        """The signed note: `signature` is the key's over `text()`, in ASN.1 DER."""
        line = NoteSignature(origin_of(self.console), key.key_id, signature)
        return Note(self.text(), (line,)).encode()


def parse_checkpoint(text: bytes) -> Checkpoint:
    """The checkpoint of a note's text. Raises ValueError unless it is, to the byte, as `text` writes it."""
    found = _TEXT.fullmatch(text.decode())
    if found is None:
        raise ValueError(f"no checkpoint of this format: {text[:300]!r}")
    return Checkpoint(found[1], int(found[2]), from_base64(found[3]).hex(), found[4])


def open_checkpoint(
    data: bytes, console: str, keys: Iterable[PublicKey], is_signed: SignatureCheck
) -> Checkpoint:
    """A Console's checkpoint that one of the known keys has signed.

    Raises ValueError if it is not signed by one of the keys, falsely signed, or another Console's.
    """
    checkpoint = parse_checkpoint(open_note(data, origin_of(console), keys, is_signed))
    if checkpoint.console != console:
        raise ValueError(f"a checkpoint of {checkpoint.console}, not of {console}")
    return checkpoint
