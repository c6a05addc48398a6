"""The key that signs checkpoints."""

from typing import Protocol

from audit_archive.domain.public_keys import PublicKey


class Signer(Protocol):
    """An ECDSA key on the curve P-256. SigningError: no answer or a refusal; SettingsError: another kind."""

    def public_key(self) -> PublicKey:
        """Its public half."""

    def sign(self, message: bytes) -> bytes:
        """The signature (ASN.1 DER) over the SHA-256 of at most 4,096 bytes, good under `public_key()`."""
