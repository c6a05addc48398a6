"""A sample of the entries of an answer: drawn by a seed, the same for whoever draws it again. Pure.

An entry has the SHA-256 of the text `SEED:EPOCH:ID` (three decimal numbers). The entries with the lowest
hashes (hex) are the sample, the lowest first. It needs no generator of random numbers, which differ from
program to program, and it does not depend on the order or on the content of the lines.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from heapq import heappush, heapreplace


class SeedFrom(StrEnum):
    """Who chose the seed of a sample."""

    ASKED = "asked"
    """Whoever asked the question."""
    DRAWN = "drawn"
    """The program: it drew the seed, because the question gave none."""


@dataclass(frozen=True)
class DrawnEntry:
    """An entry of a sample: its epoch, its id, and the hash (hex) that drew it."""

    epoch: int
    id: int
    sha256: str


@dataclass(frozen=True)
class Sample:
    """A sample: its seed, who chose that, how many entries were asked for, and those that were drawn."""

    seed: int
    seed_from: SeedFrom
    wanted: int
    drawn: tuple[DrawnEntry, ...]

    def places(self, epoch: int) -> dict[int, int]:
        """The place in the sample, from 1 on, of each entry of an epoch by its id."""
        return {each.id: place for place, each in enumerate(self.drawn, 1) if each.epoch == epoch}


def hash_of(seed: int, epoch: int, entry_id: int) -> str:
    """The hash (hex) by which an entry is drawn."""
    return sha256(f"{seed}:{epoch}:{entry_id}".encode()).hexdigest()


class Drawing:
    """Takes the entries of an answer one by one, and keeps as many as are wanted."""

    def __init__(self, seed: int, seed_from: SeedFrom, wanted: int) -> None:
        self._seed, self._seed_from, self._wanted = seed, seed_from, wanted
        self._kept: list[tuple[int, int, int]] = []  # the highest hash first: negative numbers are a min-heap

    def offer(self, epoch: int, entry_id: int) -> None:
        """Take one entry."""
        item = (-int(hash_of(self._seed, epoch, entry_id), 16), epoch, entry_id)
        if len(self._kept) < self._wanted:
            heappush(self._kept, item)
        elif item > self._kept[0]:
            heapreplace(self._kept, item)

    def sample(self) -> Sample:
        """The sample of the entries so far."""
        ordered = sorted(self._kept, reverse=True)
        drawn = (DrawnEntry(epoch, entry_id, f"{-key:064x}") for key, epoch, entry_id in ordered)
        return Sample(self._seed, self._seed_from, self._wanted, tuple(drawn))
