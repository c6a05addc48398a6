"""Public keys: their spellings, and what is none of P-256."""

from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.signing import is_signed
from audit_archive.format.keys import PublicKey, from_base64, to_base64
from tests.support.fakes import FakeSigner
from tests.support.rows import all_rows

SPKI = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
COMPRESSED = (Encoding.X962, PublicFormat.CompressedPoint)
KEY = FakeSigner().public_key()


def test_a_key_is_the_same_after_pem_which_others_read() -> None:
    read = load_pem_public_key(KEY.pem().encode())
    assert read.public_bytes(*SPKI) == KEY.spki
    assert KEY.pem().encode() == read.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert PublicKey.from_pem(KEY.pem()) == KEY
    assert PublicKey.from_pem("\r\n" + KEY.pem().replace("\n", "\r\n")) == KEY


def test_the_key_id_is_of_the_der() -> None:
    assert KEY.key_id == sha256(KEY.spki).digest()[:4]
    assert KEY.vkey("a").startswith(f"a+{KEY.key_id.hex()}+AjBZ")
    assert KEY.point == KEY.spki[-65:]
    assert KEY.point[0] == 4


@all_rows(
    "spki",
    [
        b"",
        KEY.spki[:-1],
        KEY.spki + b"\0",
        KEY.spki[:26] + b"\x02" + KEY.spki[27:],
        ec.generate_private_key(ec.SECP384R1()).public_key().public_bytes(*SPKI),
        ec.generate_private_key(ec.SECP256K1()).public_key().public_bytes(*SPKI),
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(*COMPRESSED),
        ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(*SPKI),
    ],
)
def test_what_is_no_key_on_p256(spki: bytes) -> None:
    with pytest.raises(ValueError, match="P-256"):
        PublicKey(spki)


@all_rows(
    ("text", "problem"),
    [
        ("", "not a PEM file"),
        (KEY.pem().replace("PUBLIC", "PRIVATE"), "not a PEM file"),
        (KEY.pem().replace("-----END PUBLIC KEY-----", ""), "not a PEM file"),
        (KEY.pem()[4:], "not a PEM file"),
        (KEY.pem().replace("MFkw", "MFk!"), "not Base64"),
        (KEY.pem().replace("MFkw", "MFkx"), "P-256"),
        (KEY.pem() * 2, "not Base64"),
    ],
)
def test_what_is_no_pem_file_with_a_public_key(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        PublicKey.from_pem(text)


def test_no_signature_is_good_under_a_key_that_is_no_point_on_the_curve() -> None:
    signer = FakeSigner()
    signature = signer.sign(b"text")
    spki = signer.public_key().spki
    beside = PublicKey(spki[:-1] + bytes([spki[-1] ^ 1]))
    assert is_signed(signer.public_key(), b"text", signature)
    assert not is_signed(beside, b"text", signature)


@given(st.binary(max_size=100))
def test_noise_is_no_signature(signature: bytes) -> None:
    assert not is_signed(KEY, b"text", signature)


def test_a_signature_has_one_spelling() -> None:
    signer = FakeSigner()
    signature = signer.sign(b"text")
    for other in (signature + b"\0", signature[:-1], b"\x30\x81" + signature[1:]):
        assert not is_signed(signer.public_key(), b"text", other)


@given(st.binary(max_size=50))
def test_base64_is_read_as_it_was_written(data: bytes) -> None:
    assert from_base64(to_base64(data)) == data


@all_rows("text", ["YQ", "YQ=", "YR==", "YQ==\n", " YQ==", "Y Q==", "YQ==YQ==", "Y-Q=", "Yé=="])
def test_another_spelling_of_base64_is_refused(text: str) -> None:
    assert from_base64("YQ==") == b"a"
    with pytest.raises(ValueError, match="Base64"):
        from_base64(text)
