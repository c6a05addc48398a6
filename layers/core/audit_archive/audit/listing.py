"""What the bucket's listing shows of a chain: which versions of statements and checkpoints there are.

It takes one request for each 1,000 versions, and reads none. A statement or checkpoint that was removed,
put again, or hidden by a delete marker changes the digest of every number from its own on.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from hashlib import sha256

from audit_archive.format.layout import checkpoints_prefix
from audit_archive.ports import ArchiveSource
from audit_archive.storage.chain import Listed, listed, statements_from


class _Digests:
    """The digest of a listing up to each number. Memory: 40 bytes a number."""

    def __init__(self, rows: Iterable[Listed]) -> None:
        self.numbers = array("Q")
        self._digests = bytearray()
        running = sha256()
        for row in rows:
            for version in row.versions:
                running.update(f"{row.key} {version.version_id} {version.is_delete_marker}\n".encode())
            self.numbers.append(row.number)
            self._digests += running.digest()

    def up_to(self, number: int) -> str:
        at = 32 * bisect_right(self.numbers, number)
        return (self._digests[at - 32 : at] if at else b"").hex()


class Listing:
    """The listing of a Console's statements and checkpoints, at one moment."""

    def __init__(self, source: ArchiveSource, console: str) -> None:
        self._statements = _Digests(statements_from(source, console, 1))
        self._checkpoints = _Digests(listed(source, checkpoints_prefix(console), ".txt"))

    @property
    def newest(self) -> int:
        """The highest number of a statement; 0 without one."""
        return self._statements.numbers[-1] if self._statements.numbers else 0

    def up_to(self, number: int) -> str:
        """The digest of the versions of every statement and checkpoint up to a number."""
        return f"{self._statements.up_to(number)}.{self._checkpoints.up_to(number)}"
