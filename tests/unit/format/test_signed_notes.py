"""Signed notes against the published ones of other logs, and against what is none."""

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.signing import is_signed
from audit_archive.format.checkpoint import MAX_NOTE, NoteSignature, SignedNote, open_note, parse_note
from audit_archive.format.keys import PublicKey
from tests.support.fakes import FakeSigner
from tests.support.rows import all_rows

# The ECDSA notes in the tests of github.com/transparency-dev/formats: a verifier key and a note by that key.
REKOR = (
    "rekor.sigstore.dev+c0d23d6a+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABNhtmPtrWm3U1eQXBogSMdGvXwBcK5AW5i0hrZLO"
    "C96l+smGNM7nwZ4QvFK/4sueRoVj//QP22Ni4Qt9DPfkWLc=",
    "Rekor\n798034\nf+7CoKgXKE/tNys9TTXcr/ad6U/K3xvznmzew9y6SP0=\n\n"
    "— rekor.sigstore.dev wNI9ajBEAiARInWIWyCdyG27CO6LPnPekyw20qO0YJfoaPaowGp/XgIgc+qEHS3+GKVClgqq20uDLet7MCo"
    "TURUCRdxwWBHHufk=\n",
)
PIXEL = (
    "pixel6_transparency_log+91c16e30+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABN+4x0Jk1yTwvLFI9A4NDdGZcX0aiWVdWM5"
    "XJVy0M4VWD3AvyW5Q6Hs9A0mcDkpUoYgn+KKPNzFC0H3nN3q6JQ8=",
    "DEFAULT\n10\nbsWRucJU5xJPHb5eBdOm6+DM+VelCZBuvtI3sHERJ9Y=\n\n"
    "— pixel6_transparency_log kcFuMDBFAiEAhqMAP8P6qf6QxtUJhzMhbN+MbZ9dwfUHzGQJmffJHtoCIGD0cNe47dHWBoPwYdgBCe"
    "pB06/+g5O1FmYjXl06owL4\n",
)
# The first example of c2sp.org/signed-note: an Ed25519 key's, so only its shape is ours to judge.
EXAMPLE = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n"
    "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99i"
    "hAQwaqP3ZekRwNtIc=\n"
)
NAME, TEXT = "example.com/log", b"one\ntwo\n"
GOOD = "— a AAAAAQE=\n"


def key_of(vkey: str) -> tuple[str, PublicKey]:
    name, _, material = vkey.split("+", 2)
    return name, PublicKey(b64decode(material)[1:])


def line(signer: FakeSigner, name: str = NAME, text: bytes = TEXT) -> NoteSignature:
    return NoteSignature(name, signer.public_key().key_id, signer.sign(text))


@pytest.mark.parametrize(("vkey", "note"), [REKOR, PIXEL], ids=["rekor", "pixel"])
def test_the_published_ecdsa_notes_and_verifier_keys(vkey: str, note: str) -> None:
    name, key = key_of(vkey)
    assert key.vkey(name) == vkey
    assert parse_note(note.encode()).encode() == note.encode()
    assert open_note(note.encode(), name, [key], is_signed) == note.encode().partition(b"\n\n")[0] + b"\n"
    with pytest.raises(ValueError, match="is not valid"):
        open_note(note.encode().replace(b"\n", b"\nx", 1), name, [key], is_signed)
    with pytest.raises(ValueError, match="no known key"):
        open_note(note.encode(), "bananas.sigstore.dev", [key], is_signed)


def test_the_published_example_is_split_at_its_last_empty_line() -> None:
    note = parse_note(EXAMPLE.encode())
    assert note.text.endswith("\n\ned è subito sera.\n".encode())
    (signature,) = note.signatures
    assert (signature.name, signature.key_id.hex()) == ("quasimodo.example/salvatore", "367ba04b")
    assert len(signature.signature) == 64
    assert note.encode() == EXAMPLE.encode()


def test_signatures_of_others_are_ignored() -> None:
    ours, other = FakeSigner(), FakeSigner()
    namesake = NoteSignature(NAME, other.public_key().key_id, b"what do we know")
    same_id = NoteSignature("other.example", ours.public_key().key_id, b"what do we know")
    note = SignedNote(TEXT, (namesake, same_id, line(ours))).encode()
    assert open_note(note, NAME, [ours.public_key()], is_signed) == TEXT
    with pytest.raises(ValueError, match="no known key"):
        open_note(SignedNote(TEXT, (namesake, same_id)).encode(), NAME, [ours.public_key()], is_signed)


def test_one_known_key_is_enough_but_a_false_signature_of_a_known_key_spoils_the_note() -> None:
    old, new = FakeSigner(), FakeSigner()
    keys = [old.public_key(), new.public_key()]
    assert open_note(SignedNote(TEXT, (line(new),)).encode(), NAME, keys, is_signed) == TEXT
    assert open_note(SignedNote(TEXT, (line(old), line(new))).encode(), NAME, iter(keys), is_signed) == TEXT
    for spoiled in [(line(new), line(old, text=b"other\n")), (line(new), line(new, text=b"other\n"))]:
        with pytest.raises(ValueError, match="is not valid"):
            open_note(SignedNote(TEXT, spoiled).encode(), NAME, keys, is_signed)


def test_nothing_is_signed_under_no_key() -> None:
    with pytest.raises(ValueError, match="no known key"):
        open_note(SignedNote(TEXT, (line(FakeSigner()),)).encode(), NAME, [], is_signed)


@all_rows(
    ("data", "problem"),
    [
        ("", "empty line"),
        ("text\n", "empty line"),
        ("text\n\n", "empty line"),
        (f"text\n{GOOD}", "empty line"),
        (f"text\n\n{GOOD}\n", "empty line"),
        (f"text\n\n{GOOD}".rstrip("\n"), "empty line"),
        (f"text\r\n\r\n{GOOD}", "control"),
        (f"te\txt\n\n{GOOD}", "control"),
        (f"te\x00xt\n\n{GOOD}", "control"),
        (f"text\n\n{GOOD}and more\n", "not a signature line: line 2 after the text"),
        ("text\n\n- a AAAAAQE=\n", "not a signature line"),
        ("text\n\n—  AAAAAQE=\n", "not a signature line"),
        ("text\n\n— a+b AAAAAQE=\n", "not a signature line"),
        ("text\n\n— a\u00a0b AAAAAQE=\n", "not a signature line"),
        ("text\n\n— a AAAAAQE= \n", "not a signature line"),
        ("text\n\n— a  AAAAAQE=\n", "not a signature line"),
        ("text\n\n— a AAAA\u2028AQE=\n", "not a signature line"),
        ("text\n\n— a AAAAAQ==\n", "has no signature"),
        ("text\n\n— a AAAAAQF=\n", "canonical Base64"),
        ("text\n\n— a AAAAAQE\n", "not Base64"),
        ("text\n\n— a AAAA_QE=\n", "not Base64"),
        (f"{'x' * MAX_NOTE}\n\n{GOOD}", "more than 131072"),
    ],
)
def test_what_is_no_note(data: str, problem: str) -> None:
    assert parse_note(f"text\n\n{GOOD}".encode()).text == b"text\n"
    with pytest.raises(ValueError, match=problem):
        parse_note(data.encode())


@pytest.mark.parametrize("data", [b"te\xffxt\n\n" + GOOD.encode(), b"text\n\n\xe2\x80 a AAAAAQE=\n"])
def test_what_is_no_utf8(data: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        parse_note(data)


def test_sixteen_signatures_of_the_largest_kind_are_read() -> None:
    signatures = tuple(NoteSignature(f"log{n}.example", bytes(4), bytes(4800)) for n in range(16))
    assert parse_note(SignedNote(TEXT, signatures).encode()).signatures == signatures


texts = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.just("\n")).map(
    lambda t: f"{t}\n".encode()
)
names = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="+"), min_size=1)
lines = st.builds(NoteSignature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=80))


@given(texts, st.lists(lines, min_size=1, max_size=4))
def test_every_note_is_read_as_it_was_written(text: bytes, signatures: list[NoteSignature]) -> None:
    note = SignedNote(text, tuple(signatures))
    assert parse_note(note.encode()) == note
