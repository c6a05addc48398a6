"""The contract of Signer, on a key in this process and on KmsSigner with both emulators.

Neither emulator refuses a message of more than 4,096 bytes, which KMS does: what we sign is shorter, and
`test_checkpoint` holds it to that. moto signs with a key that is disabled or about to be deleted.
"""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from audit_archive.adapters.signing import KmsSigner, is_signed
from audit_archive.errors import SettingsError, SigningError
from audit_archive.format.checkpoint import Checkpoint, open_checkpoint
from audit_archive.ports import Signer
from tests.support import aws
from tests.support.fakes import FakeSigner
from tests.support.stubbed import answering
from tests.support.stubbed import client as unreachable

everywhere = pytest.mark.parametrize(
    "endpoint", ["fake", pytest.param("moto", marks=pytest.mark.wide), "ministack"], indirect=True
)
emulated = pytest.mark.parametrize("endpoint", ["moto", "ministack"], indirect=True)
only_ministack = pytest.mark.parametrize("endpoint", ["ministack"], indirect=True)

P256 = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
CHECKPOINT = Checkpoint("1234abcd", 9, "74" * 32, "a7" * 32)

# What an auditor types who has the checkpoint and the PEM file, and no software of ours.
BY_HAND = r"""
sed '/^$/,$d' checkpoint.txt > text
sed -n 's/^— [^ ]* //p' checkpoint.txt | base64 -d | tail -c +5 > signature
openssl dgst -sha256 -verify key.pem -signature signature text
"""


def new_signer(endpoint: str | None, kind: Mapping[str, str] = P256) -> Signer:
    """A signer with a new key."""
    if endpoint is None:
        return FakeSigner()
    kms = aws.client("kms", endpoint)
    return KmsSigner(kms, kms.create_key(**kind)["KeyMetadata"]["Arn"])


@everywhere
def test_what_it_signs_is_good_under_its_key_and_no_other(endpoint: str | None) -> None:
    signer, other = new_signer(endpoint), new_signer(endpoint)
    assert signer.public_key() == signer.public_key() != other.public_key()
    for message in (CHECKPOINT.text(), b"x" * 4096):
        signature = signer.sign(message)
        assert is_signed(signer.public_key(), message, signature)
        assert not is_signed(other.public_key(), message, signature)
        assert not is_signed(signer.public_key(), message + b"\n", signature)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@everywhere
def test_a_signed_checkpoint_is_good_by_hand(endpoint: str | None, tmp_path: Path) -> None:
    signer = new_signer(endpoint)
    key = signer.public_key()
    note = CHECKPOINT.signed(key, signer.sign(CHECKPOINT.text()))
    assert open_checkpoint(note, "1234abcd", [key], is_signed) == CHECKPOINT
    (tmp_path / "key.pem").write_text(key.pem())
    (tmp_path / "checkpoint.txt").write_bytes(note)
    assert by_hand(tmp_path) == "Verified OK\n"
    (tmp_path / "checkpoint.txt").write_bytes(note.replace(b"\n9\n", b"\n8\n"))
    assert by_hand(tmp_path) == "Verification failure\n"


def by_hand(folder: Path) -> str:
    """What openssl says of the checkpoint in a folder."""
    ran = subprocess.run(["sh", "-c", BY_HAND], cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603, S607 - our own words, and sh is everywhere
    return ran.stdout


@emulated
@pytest.mark.parametrize(
    "kind",
    [
        {},
        {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
        pytest.param({"KeySpec": "ECC_NIST_P384", "KeyUsage": "SIGN_VERIFY"}, marks=pytest.mark.wide),
        {"KeySpec": "ECC_SECG_P256K1", "KeyUsage": "SIGN_VERIFY"},
        {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"},
        {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    ],
    ids=lambda kind: "-".join(kind.values()) or "symmetric",
)
def test_another_kind_of_key_is_a_setting_to_correct(endpoint: str, kind: dict[str, str]) -> None:
    signer = new_signer(endpoint, kind)
    for ask in (signer.public_key, lambda: signer.sign(b"text")):
        with pytest.raises(SettingsError, match="Use a key with KeySpec ECC_NIST_P256"):
            ask()


@emulated
def test_a_key_that_is_not_there_is_told_with_its_name(endpoint: str) -> None:
    arn = f"arn:aws:kms:{aws.REGION}:000000000000:key/00000000-0000-0000-0000-000000000000"
    with pytest.raises(SigningError, match=rf"{arn} did not give .* Correct the signing key's ARN"):
        KmsSigner(aws.client("kms", endpoint), arn).public_key()


@only_ministack
@pytest.mark.parametrize("end", ["disable_key", "schedule_key_deletion"])
def test_a_key_that_was_switched_off_can_be_switched_on_again(endpoint: str, end: str) -> None:
    kms = aws.client("kms", endpoint)
    arn = kms.create_key(**P256)["KeyMetadata"]["Arn"]
    signer = KmsSigner(kms, arn)
    signer.sign(b"text")
    getattr(kms, end)(KeyId=arn)
    with pytest.raises(SigningError, match=r"did not sign: .*Enable the key, or cancel its deletion"):
        signer.sign(b"text")


def test_no_answer_is_waited_for() -> None:
    with pytest.raises(SigningError, match="next run"):
        KmsSigner(unreachable("kms"), "arn").sign(b"text")


def test_a_false_signature_goes_no_further() -> None:
    signer = FakeSigner()
    half: dict[str, Any] = {"PublicKey": signer.public_key().spki, "KeyUsage": "SIGN_VERIFY"}
    over_another = {"Signature": signer.sign(b"another text")}
    with (
        answering("kms", ("get_public_key", half), ("sign", over_another)) as kms,
        pytest.raises(SigningError, match="gave a signature that is not valid"),
    ):
        KmsSigner(kms, "arn").sign(b"text")


def test_the_public_half_is_read_once() -> None:
    half = {"PublicKey": FakeSigner().public_key().spki, "KeyUsage": "SIGN_VERIFY"}
    with answering("kms", ("get_public_key", half)) as kms:
        signer = KmsSigner(kms, "arn")
        assert signer.public_key() == signer.public_key()
