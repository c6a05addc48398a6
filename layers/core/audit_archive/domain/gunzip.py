"""The content of a gzip file, some of it at a time: memory stays flat, however well it was compressed."""

import zlib
from collections.abc import Iterable, Iterator

from audit_archive.errors import IntegrityError

BLOCK = 1 << 18
"""Bytes that are inflated at once, unless somebody asks for fewer."""

_GZIP = 16 + zlib.MAX_WBITS


def inflated(key: str, chunks: Iterable[bytes], block_bytes: int = BLOCK) -> Iterator[bytes]:
    """The content of a gzip file, which may have several members (RFC 1952, section 2.2).

    Raises IntegrityError, which names the key, if it is not one or ends too early.
    """
    inflater = zlib.decompressobj(_GZIP)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                if inflater.eof:
                    inflater = zlib.decompressobj(_GZIP)
                while block := inflater.decompress(rest, block_bytes):
                    yield block
                    rest = inflater.unconsumed_tail
                rest = inflater.unused_data
    except zlib.error as error:
        raise IntegrityError(
            f"{key} can't be unpacked: {error}. It is damaged; verify the archive"
        ) from error
    if not inflater.eof:
        raise IntegrityError(f"{key} ends too early: it is damaged; verify the archive")
