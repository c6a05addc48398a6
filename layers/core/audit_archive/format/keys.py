"""The public half of the key that signs checkpoints (ECDSA over NIST P-256), and canonical Base64.

Base64 has one canonical spelling (RFC 4648, section 4). Text that does not encode back alike is refused.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypeAlias

# Messages never quote what has another form than expected: it may be a private key, given by mistake.


def to_base64(data: bytes) -> str:
    """The standard Base64 of bytes, padded, on one line."""
    return b64encode(data).decode()


def from_base64(text: str) -> bytes:
    """The bytes that `to_base64` made `text` of. Raises ValueError for any other spelling."""
    try:
        data = b64decode(text, validate=True)
    except ValueError as error:
        raise ValueError(f"not Base64: {error}") from error
    if to_base64(data) != text:  # the unused bits of the last character must be zero
        raise ValueError("not canonical Base64")
    return data


_SPKI_START = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
"""How the DER of every uncompressed P-256 key begins (RFC 5480, section 2): id-ecPublicKey, secp256r1, 04."""

_COORDINATES = 64
_PEM_BEGIN, _PEM_END = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"
_PEM_WIDTH = 64

_ECDSA = b"\x02"
"""The signature type of ECDSA in a signed note (c2sp.org/signed-note)."""


@dataclass(frozen=True)
class PublicKey:
    """A public key as its DER SubjectPublicKeyInfo, which is how KMS hands it out.

    Raises ValueError if `spki` is not that of an uncompressed P-256 key. Whether the point lies on the curve
    is not checked: under a point that does not, no signature is valid.
    """

    spki: bytes

    def __post_init__(self) -> None:
        if not self.spki.startswith(_SPKI_START) or len(self.spki) != len(_SPKI_START) + _COORDINATES:
            raise ValueError("it is not a P-256 public key as a DER SubjectPublicKeyInfo")

    @classmethod
    def from_pem(cls, text: str) -> "PublicKey":
        """The key in a PEM file (RFC 7468, section 13). Raises ValueError if the file holds no P-256 key."""
        lines = text.split()
        if " ".join(lines[:3]) != _PEM_BEGIN or " ".join(lines[-3:]) != _PEM_END:
            raise ValueError(
                f"it is not a PEM file with a public key: that goes from {_PEM_BEGIN} to {_PEM_END}"
            )
        return cls(from_base64("".join(lines[3:-3])))

    @property
    def point(self) -> bytes:
        """The uncompressed point: 0x04 and both coordinates, 65 bytes (SEC 1, section 2.3.3)."""
        return self.spki[len(_SPKI_START) - 1 :]

    @property
    def key_id(self) -> bytes:
        """The id of the key in a signature line: the first 4 bytes of the SHA-256 of its DER.

        This rule is for ECDSA keys alone (c2sp.org/signed-note, signature type 0x02).
        """
        return sha256(self.spki).digest()[:4]

    def pem(self) -> str:
        """The key as a PEM file, for `openssl`."""
        body = to_base64(self.spki)
        lines = [body[at : at + _PEM_WIDTH] for at in range(0, len(body), _PEM_WIDTH)]
        return "\n".join([_PEM_BEGIN, *lines, _PEM_END, ""])

    def vkey(self, name: str) -> str:
        """The key under its name, as tools for signed notes take it: `<name>+<key id>+<base64>`."""
        return f"{name}+{self.key_id.hex()}+{to_base64(_ECDSA + self.spki)}"


SignatureCheck: TypeAlias = Callable[[PublicKey, bytes, bytes], bool]
"""Whether a signature (the last, ASN.1 DER) over the SHA-256 of a message is valid under a key."""
