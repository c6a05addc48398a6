"""Sets of ids as sorted, disjoint, inclusive ranges. A dense trail of a million entries is one range."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, Protocol

from audit_archive.errors import InvalidExportError

MAX_ID = 2**63 - 1
"""The highest id of an entry."""


class Span(Protocol):
    """Anything from a first to a last id, both included: a hole, a missing range, a span of a statement."""

    @property
    def first(self) -> int:
        """Its lowest id."""
        ...

    @property
    def last(self) -> int:
        """Its highest id."""
        ...


class IdRange(NamedTuple):
    """The ids from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many ids it holds."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class IdSet:
    """An immutable set of ids; `ranges` are ascending and no two of them touch or overlap."""

    ranges: tuple[IdRange, ...] = ()

    @classmethod
    def of(cls, *ranges: tuple[int, int]) -> "IdSet":
        """The union of inclusive ranges, in any order; they may touch or overlap."""
        builder = IdSetBuilder()
        for first, last in sorted(ranges):
            builder.add_range(first, last)
        return builder.build()

    def __contains__(self, entry_id: int) -> bool:
        at = bisect_right(self.ranges, entry_id, key=lambda r: r.first) - 1
        return at >= 0 and entry_id <= self.ranges[at].last

    def __bool__(self) -> bool:
        return bool(self.ranges)

    @property
    def size(self) -> int:
        """How many ids it holds."""
        return sum(r.size for r in self.ranges)

    def within(self, first: int, last: int) -> "IdSet":
        """The ids of this set from `first` to `last`, both included."""
        if first > last:
            return IdSet()
        start = bisect_left(self.ranges, first, key=lambda r: r.last)
        part = list(self.ranges[start : bisect_right(self.ranges, last, key=lambda r: r.first)])
        if part:
            part[0] = IdRange(max(part[0].first, first), part[0].last)
            part[-1] = IdRange(part[-1].first, min(part[-1].last, last))
        return IdSet(tuple(part))

    def gaps(self, first: int, last: int) -> "IdSet":
        """The ids from `first` to `last` that are not in this set."""
        missing: list[IdRange] = []
        at = first
        for r in self.within(first, last).ranges:
            if at < r.first:
                missing.append(IdRange(at, r.first - 1))
            at = r.last + 1
        if at <= last:
            missing.append(IdRange(at, last))
        return IdSet(tuple(missing))

    def and_above(self, last: int) -> "IdSet":
        """The ids of this set, and all above `last`."""
        return IdSet.of(*self.ranges, (last + 1, MAX_ID))

    def places(self, ids: Sequence[int], start: int, stop: int) -> Iterator[tuple[int, int]]:
        """Where ascending ids, from place `start` up to `stop`, are in this set: from place, up to place."""
        for r in self.within(ids[start], ids[stop - 1]).ranges:
            first = bisect_left(ids, r.first, start, stop)
            end = bisect_right(ids, r.last, first, stop)
            if first < end:
                yield first, end

    def minus(self, other: "IdSet") -> "IdSet":
        """The ids of this set that are not in `other`."""
        if not self.ranges:
            return self
        absent = other.gaps(self.ranges[0].first, self.ranges[-1].last)
        return self.intersection(absent)

    def intersection(self, other: "IdSet") -> "IdSet":
        """The ids that are in both sets."""
        both: list[IdRange] = []
        mine, theirs = iter(self.ranges), iter(other.ranges)
        a, b = next(mine, None), next(theirs, None)
        while a is not None and b is not None:
            first, last = max(a.first, b.first), min(a.last, b.last)
            if first <= last:
                both.append(IdRange(first, last))
            if a.last < b.last:
                a = next(mine, None)
            else:
                b = next(theirs, None)
        return IdSet(tuple(both))


class IdSetBuilder:
    """Builds an `IdSet` of at most `most` ranges from ids that arrive in ascending order.

    One range too many raises InvalidExportError, in `add`, `add_range` or `build`.
    """

    def __init__(self, most: float = inf) -> None:
        self._most = most
        self._ranges: list[IdRange] = []
        self._first = 0
        self._last = -1

    def add(self, entry_id: int) -> None:
        """Add one id, which is not below any added before."""
        if entry_id == self._last + 1 and self._last >= self._first:
            self._last = entry_id
        else:
            self.add_range(entry_id, entry_id)

    def extend(self, ids: Sequence[int]) -> None:
        """Add ids: at least one, in ascending order, each once."""
        if ids[-1] - ids[0] == len(ids) - 1:
            self.add_range(ids[0], ids[-1])
            return
        for entry_id in ids:
            self.add(entry_id)

    def add_range(self, first: int, last: int) -> None:
        """Add a range that does not begin below any added before."""
        if self._last >= self._first and first <= self._last + 1:
            self._last = max(self._last, last)
            return
        self._close()
        self._first, self._last = first, last

    def build(self) -> IdSet:
        """The set of all ids added."""
        self._close()
        self._first, self._last = 0, -1
        return IdSet(tuple(self._ranges))

    def _close(self) -> None:
        if self._last >= self._first:
            if len(self._ranges) >= self._most:
                raise InvalidExportError(
                    f"The ids up to {self._first} lie in more than {self._most} ranges, with holes between"
                )
            self._ranges.append(IdRange(self._first, self._last))


def span_set(spans: Iterable[Span]) -> IdSet:
    """The ids in any of some spans."""
    return IdSet.of(*((span.first, span.last) for span in spans))


def id_set(ids: Iterable[int]) -> IdSet:
    """The set of some ids, in any order."""
    return IdSet.of(*((entry_id, entry_id) for entry_id in ids))
