"""What is signed, and what is proven with it: signed notes, checkpoints, and proofs of entries.

A signed note is a text and the signatures over it (c2sp.org/signed-note). The text counts only once a
signature was verified under a key that is known from elsewhere.

    <text, which ends in a newline>

    — <key name> <base64 of key id and signature>

A checkpoint is a signed note on a Console's tree after a statement (c2sp.org/tlog-checkpoint). Its extension
line ties the tree to the statement, and through the statement to the whole chain before it.

    canary-audit-archive/<console>
    <number of leaves>
    <base64 of the root>
    statement <SHA-256 of the statement's bytes, hex>

A proof of an entry is a text that shows offline that the entry was archived (c2sp.org/tlog-proof). To check
it takes the archived line, this text and the public key.

    c2sp.org/tlog-proof@v1
    index <number of the line in the Console's tree, from 0>
    <base64 of a neighbour's hash>, one a line, from the leaf's neighbour upwards

    <the signed checkpoint of the statement that archived the entry>
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import starmap

from audit_archive.format.keys import PublicKey, SignatureCheck, from_base64, to_base64
from audit_archive.format.merkle import is_included, leaf_hash

MAX_NOTE = 128 * 1024
"""Bytes: room for 16 signatures of the post-quantum size. Every reader must accept 16 signatures."""

_KEY_ID = 4
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")
_SIGNATURE_LINE = re.compile(r"— ([^\s+]+) (\S+)")


@dataclass(frozen=True)
class NoteSignature:
    """One signature line: the key's name and id (4 bytes), and the signature's bytes."""

    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True)
class SignedNote:
    """A text, which ends in a newline, and the signatures over exactly its bytes."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note as it is stored."""
        lines = (f"— {s.name} {to_base64(s.key_id + s.signature)}\n" for s in self.signatures)
        return self.text + b"\n" + "".join(lines).encode()


def parse_note(data: bytes) -> SignedNote:
    """The note of stored bytes, unverified. Raises ValueError if they are not a signed note."""
    if len(data) > MAX_NOTE:
        raise ValueError(f"the signed note has {len(data)} bytes, more than {MAX_NOTE}")
    if _CONTROL.search(data):
        raise ValueError("the signed note has control characters")
    text, separator, lines = data.rpartition(b"\n\n")
    if not separator or not lines.endswith(b"\n"):
        raise ValueError("it is not a signed note: its signature lines must follow an empty line")
    text.decode()  # the whole of a note is UTF-8
    return SignedNote(text + b"\n", tuple(starmap(_signature, enumerate(lines.decode()[:-1].split("\n"), 1))))


def open_note(data: bytes, name: str, keys: Iterable[PublicKey], is_signed: SignatureCheck) -> bytes:
    """The text of a note with a signature by one of the known keys, which all have the name `name`.

    Signatures by other keys are ignored. Each signature by a known key must be valid. Raises ValueError if
    the bytes are not a note, if no known key signed it, or if a signature is not valid.
    """
    note = parse_note(data)
    ours = _signatures_of(note, name, keys)
    if not ours:
        raise ValueError(f"no known key of {name} signed it")
    for key, each in ours:
        if not is_signed(key, note.text, each.signature):
            raise ValueError(f"the signature of {name} (key {key.key_id.hex()}) is not valid")
    return note.text


def signers_of(note: SignedNote, name: str, keys: Iterable[PublicKey]) -> tuple[PublicKey, ...]:
    """The known keys with a signature on a note; only `open_note` checks that a signature is valid."""
    return tuple(dict.fromkeys(key for key, _ in _signatures_of(note, name, keys)))


def _signatures_of(
    note: SignedNote, name: str, keys: Iterable[PublicKey]
) -> list[tuple[PublicKey, NoteSignature]]:
    return [(key, s) for key in keys for s in note.signatures if (s.name, s.key_id) == (name, key.key_id)]


def _signature(number: int, line: str) -> NoteSignature:
    found = _SIGNATURE_LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"not a signature line: line {number} after the text")
    data = from_base64(found[2])
    if len(data) <= _KEY_ID:
        raise ValueError(f"the signature line {number} has no signature")
    return NoteSignature(found[1], data[:_KEY_ID], data[_KEY_ID:])


ORIGIN = "canary-audit-archive"

_TEXT = re.compile(
    rf"{ORIGIN}/([a-z0-9-]{{1,63}})\n"
    r"(0|[1-9][0-9]{0,17})\n"
    r"([A-Za-z0-9+/]{43}=)\n"
    r"statement ([0-9a-f]{64})\n"
)


def origin_of(console: str) -> str:
    """The first line of a Console's checkpoints, and the name of its signing key in them."""
    return f"{ORIGIN}/{console}"


@dataclass(frozen=True)
class Checkpoint:
    """The tree after a statement: its size in leaves, its root (hex), and the statement's SHA-256 (hex)."""

    console: str
    size: int
    root: str
    statement_sha256: str

    def text(self) -> bytes:
        """The exact bytes that are signed: about 200 (KMS takes 4,096)."""
        root = to_base64(bytes.fromhex(self.root))
        return f"{origin_of(self.console)}\n{self.size}\n{root}\nstatement {self.statement_sha256}\n".encode()

    def signed(self, key: PublicKey, signature: bytes) -> bytes:
        """The signed note, with the key's signature over `text()` (ASN.1 DER)."""
        line = NoteSignature(origin_of(self.console), key.key_id, signature)
        return SignedNote(self.text(), (line,)).encode()


def parse_checkpoint(text: bytes) -> Checkpoint:
    """The checkpoint of a note's text. Raises ValueError unless `text` writes the same bytes for it."""
    found = _TEXT.fullmatch(text.decode())
    if found is None:
        raise ValueError("it is not a checkpoint of this format")
    return Checkpoint(found[1], int(found[2]), from_base64(found[3]).hex(), found[4])


def open_checkpoint(
    data: bytes, console: str, keys: Iterable[PublicKey], is_signed: SignatureCheck
) -> Checkpoint:
    """A Console's checkpoint with a valid signature by one of the known keys.

    Raises ValueError if the bytes are not a checkpoint, if no known key signed it, if a signature is not
    valid, or if it is another Console's.
    """
    checkpoint = parse_checkpoint(open_note(data, origin_of(console), keys, is_signed))
    if checkpoint.console != console:
        raise ValueError(f"it is a checkpoint of {checkpoint.console}, not of {console}")
    return checkpoint


_FORMAT = "c2sp.org/tlog-proof@v1"
_FAMILY = b"c2sp.org/tlog-proof@"
_HEAD = re.compile(re.escape(_FORMAT) + r"\nindex (0|[1-9][0-9]{0,17})((?:\n[A-Za-z0-9+/]{43}=){0,63})")


@dataclass(frozen=True)
class EntryProof:
    """A line's index in the tree, its inclusion proof, and the signed checkpoint as it is stored."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: bytes

    def encode(self) -> bytes:
        """The proof as it is handed out, in a file that ends in `.tlog-proof`."""
        hashes = "".join(f"{to_base64(node)}\n" for node in self.hashes)
        return f"{_FORMAT}\nindex {self.index}\n{hashes}\n".encode() + self.checkpoint


def parse_entry_proof(data: bytes) -> EntryProof:
    """The proof that `encode` wrote, unchecked. Raises ValueError if the bytes are not such a proof.

    The specification allows a line `extra`, which no signature covers. We neither write nor accept it.
    """
    head, separator, checkpoint = data.partition(b"\n\n")
    if b"\r\n" in data:
        raise ValueError(
            "it is not a proof of an entry: it has CR LF line ends. Take the file as it was written"
        )
    if data.startswith(_FAMILY) and not data.startswith(_FORMAT.encode() + b"\n"):
        raise ValueError(f"it is not a proof of an entry of this version, {_FORMAT}, but of another one")
    found = _HEAD.fullmatch(head.decode(errors="replace"))
    if found is None or not separator:
        raise ValueError(f"it is not a proof of an entry: that has the form of {_FORMAT}")
    return EntryProof(int(found[1]), tuple(from_base64(line) for line in found[2].split()), checkpoint)


def check_entry(
    line: bytes, proof: EntryProof, console: str, keys: Iterable[PublicKey], is_signed: SignatureCheck
) -> Checkpoint:
    """The checkpoint that proves that a line (without its newline) was archived.

    1. One of the known keys has signed the checkpoint, and it is this Console's.
    2. The hashes of the line and of its neighbours lead to the root that the checkpoint names.

    Raises ValueError, which says why, if either step fails.
    """
    checkpoint = open_checkpoint(proof.checkpoint, console, keys, is_signed)
    if not is_included(leaf_hash(line), proof.index, checkpoint.size, checkpoint.root, proof.hashes):
        raise ValueError(f"the line is not leaf {proof.index} of the tree of {checkpoint.size} lines")
    return checkpoint
