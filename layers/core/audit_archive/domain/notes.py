"""Signed notes: a text and the signatures over it (c2sp.org/signed-note).

    <text, which ends in a newline>

    — <key name> <base64 of key id and signature>

The text is worth nothing until a signature was verified under a key that is known from elsewhere.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.domain.base64_text import from_base64, to_base64
from audit_archive.domain.public_keys import PublicKey, SignatureCheck

MAX_NOTE = 128 * 1024
"""Bytes: room for 16 signatures, which every reader must accept, of the size of post-quantum ones."""

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
class Note:
    """A text, which ends in a newline, and the signatures over exactly its bytes."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note as it is stored."""
        lines = (f"— {s.name} {to_base64(s.key_id + s.signature)}\n" for s in self.signatures)
        return self.text + b"\n" + "".join(lines).encode()


def parse_note(data: bytes) -> Note:
    """The note of stored bytes, its signatures unverified. Raises ValueError if they are no signed note."""
    if len(data) > MAX_NOTE:
        raise ValueError(f"a note of {len(data)} bytes: more than {MAX_NOTE}")
    if _CONTROL.search(data):
        raise ValueError("a note with control characters")
    text, separator, lines = data.rpartition(b"\n\n")
    if not separator or not lines.endswith(b"\n"):
        raise ValueError("no signed note: its signature lines must follow an empty line")
    text.decode()  # the whole of a note is UTF-8
    return Note(text + b"\n", tuple(_signature(line) for line in lines.decode()[:-1].split("\n")))


def open_note(data: bytes, name: str, keys: Iterable[PublicKey], is_signed: SignatureCheck) -> bytes:
    """The text of a note that one of the known keys, which all go by `name`, has signed.

    Signatures by others are ignored; every one by a known key must be good.
    Raises ValueError if the bytes are no note, if none of the keys signed it, or if a signature is false.
    """
    note = parse_note(data)
    ours = [(key, s) for key in keys for s in note.signatures if (s.name, s.key_id) == (name, key.key_id)]
    if not ours:
        raise ValueError(f"no known key {name} signed it")
    for key, each in ours:
        if not is_signed(key, note.text, each.signature):
            raise ValueError(f"the signature of {name} (key {key.key_id.hex()}) is false")
    return note.text


def _signature(line: str) -> NoteSignature:
    found = _SIGNATURE_LINE.fullmatch(line)
    if found is None:
        raise ValueError(f"no signature line: {line[:100]!r}")
    data = from_base64(found[2])
    if len(data) <= _KEY_ID:
        raise ValueError(f"a signature line without a signature: {line[:100]!r}")
    return NoteSignature(found[1], data[:_KEY_ID], data[_KEY_ID:])
