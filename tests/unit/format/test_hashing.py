"""Bytes that are hashed and counted as they pass."""

from hashlib import sha256
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.hashing import Hasher, chunks_of, hash_all


@given(st.lists(st.binary(max_size=50)), st.binary(max_size=50))
def test_what_was_written_is_what_was_hashed(chunks: list[bytes], before: bytes) -> None:
    file = BytesIO()
    hashed = hash_all(chunks, file.write)
    assert file.getvalue() == b"".join(chunks)
    assert (hashed.sha256, hashed.size) == (sha256(file.getvalue()).hexdigest(), len(file.getvalue()))
    assert hash_all(chunks).sha256 == hashed.sha256
    hasher = Hasher()
    hasher.add(before)
    assert list(hasher.passing(chunks)) == chunks
    assert hasher.sha256 == sha256(before + file.getvalue()).hexdigest()


def test_a_chunk_is_counted_before_it_is_handed_on() -> None:
    hasher = Hasher()
    passing = hasher.passing([b"abc", b"de"])
    assert (next(passing), hasher.size) == (b"abc", 3)
    assert (next(passing), hasher.size) == (b"de", 5)


def test_a_file_is_read_from_its_start() -> None:
    file = BytesIO(b"abcdefgh")
    file.seek(5)
    assert list(chunks_of(file, 3)) == [b"abc", b"def", b"gh"]
