"""A signing key in this process: for an archive without KMS, and for tests."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from audit_archive.adapters.ecdsa import SIGNING
from audit_archive.domain.public_keys import PublicKey
from audit_archive.errors import SettingsError

_ADVICE = "Make one: openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem"


class LocalSigner:
    """Signs with a private P-256 key out of a PEM file (PKCS #8 or SEC 1) without a passphrase."""

    def __init__(self, pem: bytes) -> None:
        """Raises SettingsError if `pem` is anything else."""
        self._key = _private_key(pem)

    def public_key(self) -> PublicKey:
        """The public half."""
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return PublicKey(spki)

    def sign(self, message: bytes) -> bytes:
        """The signature over the SHA-256 of `message`, in ASN.1 DER."""
        return self._key.sign(message, SIGNING)


def _private_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:  # TypeError: it has a passphrase
        raise SettingsError(f"The signing key can't be read: {error}. {_ADVICE}") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SettingsError(f"The signing key is no private key on the curve P-256. {_ADVICE}")
    return key
