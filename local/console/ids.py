"""Sets of entry ids as a few spans. Pure and immutable: a million dense ids cost one pair of integers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

_FEW = 64

Span = tuple[int, int]
"""First and last id, both inclusive."""


@dataclass(frozen=True)
class IdSet:
    """Disjoint spans in rising order, never two that touch. Every change gives a new set."""

    spans: tuple[Span, ...] = ()

    @classmethod
    def of(cls, ids: Iterable[int]) -> IdSet:
        """The set of these ids, in any order, with or without repetitions."""
        spans: list[Span] = []
        for entry_id in sorted(ids):
            if spans and entry_id <= spans[-1][1] + 1:
                spans[-1] = (spans[-1][0], max(entry_id, spans[-1][1]))
            else:
                spans.append((entry_id, entry_id))
        return cls(tuple(spans))

    @cached_property
    def _firsts(self) -> list[int]:
        return [first for first, _ in self.spans]

    @cached_property
    def _ranks(self) -> list[int]:
        """How many ids lie before each span, and at the end how many there are at all."""
        return list(accumulate((last - first + 1 for first, last in self.spans), initial=0))

    def __len__(self) -> int:
        return self._ranks[-1]

    def __contains__(self, entry_id: int) -> bool:
        at = bisect_right(self._firsts, entry_id) - 1
        return at >= 0 and entry_id <= self.spans[at][1]

    def __iter__(self) -> Iterator[int]:
        for first, last in self.spans:
            yield from range(first, last + 1)

    def __reversed__(self) -> Iterator[int]:
        for first, last in reversed(self.spans):
            yield from range(last, first - 1, -1)

    def __getitem__(self, rank: int) -> int:
        """The id that has exactly `rank` ids of the set below it. IndexError outside of 0..len-1."""
        if not 0 <= rank < len(self):
            raise IndexError(f"rank {rank} of {len(self)} ids")
        at = bisect_right(self._ranks, rank) - 1
        return self.spans[at][0] + rank - self._ranks[at]

    def rank(self, entry_id: int) -> int:
        """How many ids of the set are smaller than `entry_id`."""
        at = bisect_left(self._firsts, entry_id) - 1
        if at < 0:
            return 0
        first, last = self.spans[at]
        return self._ranks[at] + min(entry_id - 1, last) - first + 1

    def with_span(self, first: int, last: int) -> IdSet:
        """This set and every id from `first` to `last`."""
        low = bisect_left(self.spans, first - 1, key=lambda span: span[1])
        high = bisect_right(self._firsts, last + 1)
        met = self.spans[low:high]
        if met:
            first, last = min(first, met[0][0]), max(last, met[-1][1])
        return IdSet((*self.spans[:low], (first, last), *self.spans[high:]))

    def without_span(self, first: int, last: int) -> IdSet:
        """This set without any id from `first` to `last`."""
        low = bisect_left(self.spans, first, key=lambda span: span[1])
        high = bisect_right(self._firsts, last)
        kept: list[Span] = []
        if low < high:
            left, right = (self.spans[low][0], first - 1), (last + 1, self.spans[high - 1][1])
            kept = [span for span in (left, right) if span[0] <= span[1]]
        return IdSet((*self.spans[:low], *kept, *self.spans[high:]))

    def minus(self, other: IdSet) -> IdSet:
        """This set without any id of the other."""
        if len(other.spans) > _FEW:  # a flock's ids: taking out span by span would be quadratic
            return IdSet.of(entry_id for entry_id in self if entry_id not in other)
        left = self
        for first, last in other.spans:
            left = left.without_span(first, last)
        return left

    def oldest(self, count: int) -> IdSet:
        """The `count` smallest ids, or all of them if there are fewer."""
        return self.without_span(self[count], self.spans[-1][1]) if count < len(self) else self

    def newest(self, count: int) -> IdSet:
        """The `count` largest ids, or all of them if there are fewer."""
        if count >= len(self):
            return self
        return self.without_span(self.spans[0][0], self[len(self) - count] - 1) if count > 0 else IdSet()
