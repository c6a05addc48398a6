"""Signatures by ECDSA over P-256 with SHA-256, checked: the SignatureCheck."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from audit_archive.domain.public_keys import PublicKey

SIGNING = ec.ECDSA(SHA256())


def is_signed(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (ASN.1 DER) is `key`'s over the SHA-256 of `message`.

    False as well for a key that is no point on the curve, and for bytes that are no signature.
    """
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.point)
        point.verify(signature, message, SIGNING)
    except (InvalidSignature, ValueError):
        return False
    return True
