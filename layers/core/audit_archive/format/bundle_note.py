"""The signed note over the list of files in a bundle of evidence (c2sp.org/signed-note).

    canary-audit-archive/<console>/bundles
    SHA256SUMS <SHA-256 of that file, hex>

    — canary-audit-archive/<console>/bundles <base64 of key id and signature>

The key is one of its own, which signs nothing else: whoever may make bundles can sign any bundle. So the note
says that the holder of the key made this bundle, and never that an entry was archived. No checkpoint has such
a text: a Console's id has no slash.
"""

from audit_archive.format.checkpoint import NoteSignature, SignedNote, origin_of
from audit_archive.format.keys import PublicKey

SUMS = "SHA256SUMS"


def bundles_of(console: str) -> str:
    """The first line of a note over a bundle of a Console, and the name of the key in it."""
    return f"{origin_of(console)}/bundles"


def bundle_text(console: str, sums_sha256: str) -> bytes:
    """The exact bytes that are signed."""
    return f"{bundles_of(console)}\n{SUMS} {sums_sha256}\n".encode()


def bundle_note(console: str, sums_sha256: str, key: PublicKey, signature: bytes) -> bytes:
    """The signed note, with the key's signature over `bundle_text` (ASN.1 DER)."""
    line = NoteSignature(bundles_of(console), key.key_id, signature)
    return SignedNote(bundle_text(console, sums_sha256), (line,)).encode()
