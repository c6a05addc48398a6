"""The proof of one entry as a text: its spelling, its size, and what it does not prove."""

from base64 import b64decode
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.signing import is_signed
from audit_archive.format.checkpoint import Checkpoint, EntryProof, check_entry, parse_entry_proof
from audit_archive.format.merkle import EMPTY_TREE, Prover, Tree
from tests.support.fakes import FakeSigner
from tests.support.merkle import grown
from tests.support.rows import all_rows
from tests.unit.format.test_merkle import LINES

CONSOLE, DIGEST = "1234abcd", "a7" * 32
SIGNER = FakeSigner()
KEYS = [SIGNER.public_key()]


def signed(tree: Tree, console: str = CONSOLE, signer: FakeSigner = SIGNER) -> bytes:
    checkpoint = Checkpoint(console, tree.size, tree.root, DIGEST)
    return checkpoint.signed(signer.public_key(), signer.sign(checkpoint.text()))


def proven(index: int, start: int, size: int) -> EntryProof:
    """The proof of a line that was archived by a statement over lines `start` to `size`."""
    prover = Prover(grown(EMPTY_TREE, LINES[:start]))
    for at, line in enumerate(LINES[start:size], start):
        prover.append(line, choose=at == index)
    (path,) = prover.proofs()
    return EntryProof(index, path.hashes, signed(grown(EMPTY_TREE, LINES[:size])))


PROOF = proven(5, 3, 7)
TEXT = PROOF.encode().decode()


def test_the_text_and_how_it_is_checked_without_our_software() -> None:
    head, _, checkpoint = TEXT.partition("\n\n")
    first, index, *hashes = head.split("\n")
    assert (first, index) == ("c2sp.org/tlog-proof@v1", "index 5")
    assert checkpoint.encode() == PROOF.checkpoint
    assert checkpoint.startswith("canary-audit-archive/1234abcd\n7\n")
    # Of seven leaves, the sixth: its left neighbour, the seventh on its right, the first four on its left.
    left, right, four = (b64decode(line) for line in hashes)
    node = sha256(b"\x01" + left + sha256(b"\x00" + LINES[5]).digest()).digest()
    root = sha256(b"\x01" + four + sha256(b"\x01" + node + right).digest()).digest()
    assert root.hex() == grown(EMPTY_TREE, LINES[:7]).root


@given(st.data())
def test_an_entry_is_proven_offline(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LINES)))
    start = data.draw(st.integers(0, size - 1))
    index = data.draw(st.integers(start, size - 1))
    proof = proven(index, start, size)
    assert parse_entry_proof(proof.encode()) == proof
    found = check_entry(LINES[index], proof, CONSOLE, KEYS, is_signed)
    assert found == Checkpoint(CONSOLE, size, grown(EMPTY_TREE, LINES[:size]).root, DIGEST)


@pytest.mark.parametrize(
    ("leaves", "at_most"), [(10**3, 785), (10**4, 970), (10**6, 1_250), (10**7, 1_430), (10**9, 1_700)]
)
def test_its_size_in_bytes(leaves: int, at_most: int) -> None:
    checkpoint = signed(Tree(leaves, "74" * 32, ()))
    longest = EntryProof(leaves - 1, (bytes(32),) * (leaves - 1).bit_length(), checkpoint)
    assert at_most - 40 < len(longest.encode()) <= at_most


@all_rows(
    ("change", "problem"),
    [
        ({"index": 4}, "not leaf 4"),
        ({"index": 12}, "not leaf 12"),
        ({"hashes": PROOF.hashes[:-1]}, "not leaf 5"),
        ({"hashes": PROOF.hashes[::-1]}, "not leaf 5"),
        ({"checkpoint": signed(grown(EMPTY_TREE, LINES[:8]))}, "not leaf 5 of the tree of 8 lines"),
        ({"checkpoint": PROOF.checkpoint.replace(b"\n7\n", b"\n8\n")}, "is not valid"),
        ({"checkpoint": signed(grown(EMPTY_TREE, LINES[:7]), "other")}, "no known key"),
        ({"checkpoint": signed(grown(EMPTY_TREE, LINES[:7]), signer=FakeSigner())}, "no known key"),
        ({"checkpoint": b""}, "not a signed note"),
    ],
)
def test_what_a_changed_proof_proves(change: dict[str, object], problem: str) -> None:
    check_entry(LINES[5], PROOF, CONSOLE, KEYS, is_signed)
    with pytest.raises(ValueError, match=problem):
        check_entry(LINES[5], replace(PROOF, **change), CONSOLE, KEYS, is_signed)  # type: ignore[arg-type]


@pytest.mark.parametrize("line", [LINES[4], LINES[5] + b"\n", LINES[5].replace(b":", b": "), b""])
def test_another_line_is_not_proven(line: bytes) -> None:
    with pytest.raises(ValueError, match="not leaf 5"):
        check_entry(line, PROOF, CONSOLE, KEYS, is_signed)


@all_rows(
    "text",
    [
        "",
        TEXT.replace("@v1", "@v2"),
        TEXT.replace("index 5", "index 05"),
        TEXT.replace("index 5", "index  5"),
        TEXT.replace("index 5", "index -5"),
        TEXT.replace("index 5", "index \N{ARABIC-INDIC DIGIT FIVE}"),
        TEXT.replace("index 5", f"index 1{'0' * 18}"),
        TEXT.replace("index 5", "extra YWJj\nindex 5"),
        TEXT.replace("\n", "\r\n"),
        TEXT.partition("\n\n")[0],
        TEXT.replace("=\n", "\n", 1),
        TEXT.replace("=\n", " =\n", 1),
        f"\n{TEXT}",
        TEXT.replace("index 5\n", f"index 5\n{'A' * 43}=\n" + f"{'A' * 43}=\n" * 63),
    ],
)
def test_what_is_no_proof(text: str) -> None:
    with pytest.raises(ValueError, match="not a proof of an entry"):
        parse_entry_proof(text.encode())


def test_a_hash_has_one_spelling() -> None:
    at = TEXT.index("=\n")
    with pytest.raises(ValueError, match="canonical Base64"):
        parse_entry_proof(f"{TEXT[: at - 1]}{chr(ord(TEXT[at - 1]) + 1)}{TEXT[at:]}".encode())
