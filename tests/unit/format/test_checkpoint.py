"""Checkpoints: their exact text, and whose they are."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.signing import is_signed
from audit_archive.format.checkpoint import (
    Checkpoint,
    NoteSignature,
    SignedNote,
    open_checkpoint,
    origin_of,
    parse_checkpoint,
    parse_note,
)
from audit_archive.format.merkle import EMPTY_ROOT
from tests.support.fakes import FakeSigner
from tests.support.rows import all_rows

ROOT, DIGEST = "74" * 32, "a7" * 32
CHECKPOINT = Checkpoint("1234abcd", 9, ROOT, DIGEST)
TEXT = f"canary-audit-archive/1234abcd\n9\n{b64encode(b't' * 32).decode()}\nstatement {DIGEST}\n"
SIGNER = FakeSigner()
KEY = SIGNER.public_key()

hashes = st.binary(min_size=32, max_size=32).map(bytes.hex)
consoles = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)
checkpoints = st.builds(Checkpoint, consoles, st.integers(0, 10**18 - 1), hashes, hashes)


def signed(checkpoint: Checkpoint) -> bytes:
    return checkpoint.signed(KEY, SIGNER.sign(checkpoint.text()))


def test_the_text() -> None:
    assert CHECKPOINT.text() == TEXT.encode()
    assert (
        b"\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"
        in Checkpoint("c", 0, EMPTY_ROOT, DIGEST).text()
    )


def test_the_note_is_signed_by_the_origin() -> None:
    note = parse_note(signed(CHECKPOINT))
    assert note.text == TEXT.encode()
    (signature,) = note.signatures
    assert (signature.name, signature.key_id) == ("canary-audit-archive/1234abcd", KEY.key_id)
    assert is_signed(KEY, TEXT.encode(), signature.signature)


@given(checkpoints)
def test_every_checkpoint_is_read_as_it_was_written_and_short_enough_for_kms(checkpoint: Checkpoint) -> None:
    assert parse_checkpoint(checkpoint.text()) == checkpoint
    assert len(checkpoint.text()) < 300
    assert open_checkpoint(signed(checkpoint), checkpoint.console, [KEY], is_signed) == checkpoint


@all_rows(
    ("part", "instead"),
    [
        ("canary-audit-archive/", "canary-audit-archive2/"),
        ("1234abcd", ""),
        ("1234abcd", "1234ABCD"),
        ("1234abcd", "a" * 64),
        ("\n9\n", "\n09\n"),
        ("\n9\n", "\n+9\n"),
        ("\n9\n", "\n\N{ARABIC-INDIC DIGIT NINE}\n"),
        ("\n9\n", f"\n1{'0' * 18}\n"),
        ("dHR0dHQ=", "dHR0dHR="),
        ("dHR0dHQ=", "dHR0"),
        ("statement ", "statement  "),
        ("a7" * 32, "A7" * 32),
        ("a7" * 32, "a7" * 31),
        (TEXT, TEXT + "\n"),
        (TEXT, TEXT + "more\n"),
        (TEXT, TEXT.rstrip("\n")),
        (TEXT, TEXT.partition("statement")[0]),
    ],
)
def test_what_is_no_checkpoint_of_this_format(part: str, instead: str) -> None:
    assert part in TEXT
    with pytest.raises(ValueError, match=r"not a checkpoint of this format|canonical Base64"):
        parse_checkpoint(TEXT.replace(part, instead, 1).encode())


def test_a_checkpoint_of_one_console_is_none_of_another_under_the_same_key() -> None:
    mine = parse_note(signed(CHECKPOINT))
    (signature,) = mine.signatures
    with pytest.raises(ValueError, match="no known key"):
        open_checkpoint(mine.encode(), "other", [KEY], is_signed)
    renamed = SignedNote(
        mine.text, (NoteSignature(origin_of("other"), signature.key_id, signature.signature),)
    )
    with pytest.raises(ValueError, match="a checkpoint of 1234abcd, not of other"):
        open_checkpoint(renamed.encode(), "other", [KEY], is_signed)


def test_a_changed_checkpoint_is_refused() -> None:
    note = signed(CHECKPOINT)
    for part, instead in [(b"\n9\n", b"\n8\n"), (b"a7a7", b"a7a8"), (b"dHR0", b"dHR1")]:
        with pytest.raises(ValueError, match="is not valid"):
            open_checkpoint(note.replace(part, instead, 1), "1234abcd", [KEY], is_signed)
