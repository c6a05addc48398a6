"""Signatures by ECDSA over P-256 with SHA-256: made by a key in AWS KMS, and checked here.

The key is asymmetric, with the spec ECC_NIST_P256 and the usage SIGN_VERIFY.
"""

from functools import cached_property
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from audit_archive.adapters.aws import AwsFault, error_code, failure_sentence
from audit_archive.errors import SettingsError, SigningError
from audit_archive.format.keys import PublicKey

if TYPE_CHECKING:
    from mypy_boto3_kms import KMSClient


_ECDSA = ec.ECDSA(SHA256())


_WANTED = "Use a key with KeySpec ECC_NIST_P256 and KeyUsage SIGN_VERIFY."

_ENABLE = "Enable the key, or cancel its deletion (kms enable-key, cancel-key-deletion)."

_ADVICE = {
    "AccessDeniedException": "Let the function's role use the key: kms:GetPublicKey and kms:Sign.",
    "NotFoundException": "Correct the signing key's ARN: there is no such key in this region.",
    "DisabledException": _ENABLE,
    "KMSInvalidStateException": _ENABLE,
    "UnsupportedOperationException": _WANTED,
    "InvalidKeyUsageException": _WANTED,
}

_ANOTHER_KIND = {"UnsupportedOperationException", "InvalidKeyUsageException"}
"""The errors of KMS for the public half of a symmetric key, and for signing with a key of another usage."""

_OTHERWISE = "The next run, or the next question, tries again."


def is_signed(key: PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (ASN.1 DER) over the SHA-256 of `message` is valid under `key`.

    False as well for a key that is not a point on the curve, and for bytes that are not a signature.
    """
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), key.point)
        point.verify(signature, message, _ECDSA)
    except (InvalidSignature, ValueError):
        return False
    return True


class KmsSigner:
    """Signs with one key in KMS. Its public half is read once, at the first use."""

    def __init__(self, client: "KMSClient", key_arn: str) -> None:
        self._client = client
        self._key_arn = key_arn

    def public_key(self) -> PublicKey:
        """The public half. Raises SettingsError if the key is of another kind."""
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """The signature over the SHA-256 of `message`, in ASN.1 DER, checked before it is returned.

        KMS hashes the message itself (`MessageType=RAW`): no caller can hash it twice by mistake.
        """
        key = self.public_key()
        try:
            answer = self._client.sign(
                KeyId=self._key_arn, Message=message, MessageType="RAW", SigningAlgorithm="ECDSA_SHA_256"
            )
        except AwsFault as error:
            raise self._refused("did not sign", error) from error
        signature = answer["Signature"]
        # A signature is stored under a lock of years: one that is not valid must not be stored.
        if not is_signed(key, message, signature):
            raise SigningError(
                f"The signing key {self._key_arn} gave a signature that is not valid. {_OTHERWISE}"
            )
        return signature

    @cached_property
    def _public_key(self) -> PublicKey:
        try:
            answer = self._client.get_public_key(KeyId=self._key_arn)
        except AwsFault as error:
            raise self._refused("did not give its public half", error) from error
        usage = answer.get("KeyUsage")
        if usage != "SIGN_VERIFY":
            raise SettingsError(f"The signing key {self._key_arn} is for {usage}. {_WANTED}")
        try:
            return PublicKey(answer["PublicKey"])
        except ValueError as error:
            raise SettingsError(f"The signing key {self._key_arn}: {error}. {_WANTED}") from error

    def _refused(self, action: str, error: Exception) -> SettingsError | SigningError:
        sentence = failure_sentence(f"The signing key {self._key_arn} {action}", error, _ADVICE, _OTHERWISE)
        return SettingsError(sentence) if error_code(error) in _ANOTHER_KIND else SigningError(sentence)
