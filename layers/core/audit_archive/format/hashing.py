"""Bytes, hashed and counted as they pass. Memory stays flat, however many there are."""

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import BinaryIO

CHUNK = 1 << 18


class Hasher:
    """Hashes and counts bytes; `size` is how many it has taken so far."""

    def __init__(self) -> None:
        self.size = 0
        self._digest = sha256()

    @property
    def sha256(self) -> str:
        """The SHA-256 (hex) of all bytes so far."""
        return self._digest.hexdigest()

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        self._digest.update(data)
        self.size += len(data)

    def passing(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks; each is taken before it is yielded."""
        for chunk in chunks:
            self.add(chunk)
            yield chunk


def hash_all(chunks: Iterable[bytes], write: Callable[[bytes], object] | None = None) -> Hasher:
    """Hash all chunks; `write` is called with each of them."""
    hasher = Hasher()
    for chunk in hasher.passing(chunks):
        if write is not None:
            write(chunk)
    return hasher


def chunks_of(file: BinaryIO, size: int = CHUNK) -> Iterator[bytes]:
    """All bytes of a file from its start, at most `size` at a time."""
    file.seek(0)
    while chunk := file.read(size):
        yield chunk
