"""The entries of a bundle, gathered in one pass: as lines, as rows, in numbers, and what is to be proven."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO

from audit_archive.domain.activity import ActivityCounter
from audit_archive.domain.evidence import SHOWN, Activity
from audit_archive.domain.forms import CSV
from audit_archive.domain.judge import members_of
from audit_archive.domain.local_time import OffsetAt
from audit_archive.domain.tree import leaf_hash
from audit_archive.reading.entries import Search
from audit_archive.reading.proving import Wanted

MAX_PROOFS = 100_000
"""How many lines have a proof of their own: it is a file of 1 kB, and a question can have millions."""

MAX_SHOWN = 4 << 20
"""Bytes of the lines that the report shows, for a browser must bear them; the first line is always shown."""


@dataclass
class Shown:
    """How many of the first lines the report shows, and their hash, each with its line feed."""

    count: int = 0
    _size: int = 0
    _is_full: bool = False
    _digest: Any = field(default_factory=sha256)

    def offer(self, line: bytes) -> None:
        """Show one more line, if there is room."""
        self._size += len(line)
        self._is_full = self._is_full or self.count == SHOWN or (self.count > 0 and self._size > MAX_SHOWN)
        if not self._is_full:
            self.count += 1
            self._digest.update(line + b"\n")

    @property
    def sha256(self) -> str:
        """The hash (hex)."""
        digest: str = self._digest.hexdigest()
        return digest


@dataclass(frozen=True)
class Gathered:
    """What there is to tell of the entries, and which are to be proven: so many of the first."""

    activity: Activity
    shown: Shown
    wanted: Wanted


def gather(
    search: Search, offset_at: OffsetAt, max_proofs: int, lines_file: BinaryIO, rows_file: BinaryIO
) -> Gathered:
    """Write everything that is found into two files, as NDJSON and as CSV.

    Raises IntegrityError naming the object if an entry file is not what its statement says.
    """
    counter, shown, wanted = ActivityCounter(offset_at), Shown(), dict[int, dict[bytes, int]]()
    left = max_proofs
    rows_file.write(CSV.header)
    for place, lines in search.lines():
        lines_file.write(b"".join([line + b"\n" for line in lines]))
        rows_file.write(b"".join([CSV.render(line, place) for line in lines]))
        for line in lines:
            members = members_of(line)
            counter.add(members)
            shown.offer(line)
            if left:
                wanted.setdefault(place.epoch, {})[leaf_hash(line)] = members["id"]
                left -= 1
    return Gathered(counter.activity(), shown, wanted)
