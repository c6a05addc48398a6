"""A signing key without KMS."""

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

from audit_archive.adapters.signing import LocalSigner


class FakeSigner(LocalSigner):
    """A LocalSigner with a new key of its own, which is gone when it is."""

    def __init__(self) -> None:
        super().__init__(private_pem(ec.SECP256R1()))


def private_pem(curve: ec.EllipticCurve, encryption: KeySerializationEncryption | None = None) -> bytes:
    """A new private key on a curve, as PEM."""
    key = ec.generate_private_key(curve)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
