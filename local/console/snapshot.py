"""The trail at one moment. Immutable: an export goes on from it whatever is purged or arrives meanwhile."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache

import orjson

from local.console.calendar import read_stamp
from local.console.generate import Generator, Segment
from local.console.ids import IdSet
from local.console.spelling import timestamp_of


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Which ids are live, and what their entries say.

    `written` holds entries that were given as text (by hand, from a file, receipts); every other id belongs
    to one of `segments` and is rendered when asked for. `spell` writes each text anew as it is served.
    """

    ids: IdSet
    written: Mapping[int, bytes]
    segments: tuple[Segment, ...]
    generator: Generator
    spell: Callable[[bytes], bytes] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def _segment_firsts(self) -> list[int]:
        return [segment.first for segment in self.segments]

    def line(self, entry_id: int) -> bytes:
        """The entry's JSON text exactly as the Console serves it. Only for a live id."""
        return next(self.lines((entry_id,)))

    def lines(self, ids: Iterable[int]) -> Iterator[bytes]:
        """The entries of these live ids, in the order of the ids."""
        texts = self._texts(ids)
        return texts if self.spell is None else map(self.spell, texts)

    def _texts(self, ids: Iterable[int]) -> Iterator[bytes]:
        written, render = self.written.get, self.generator.line
        first = last = 0
        for entry_id in ids:
            text = written(entry_id)
            if text is None:
                if not first <= entry_id <= last:  # neighbours mostly share their segment
                    segment = self._segment_of(entry_id)
                    first, last, written_at = segment.first, segment.last, segment.written_at
                text = render(entry_id, written_at(entry_id))
            yield text

    def _segment_of(self, entry_id: int) -> Segment:
        return self.segments[bisect_right(self._segment_firsts, entry_id) - 1]

    def newest(self, count: int) -> Snapshot:
        """Only the `count` entries with the largest ids."""
        return replace(self, ids=self.ids.newest(count))

    def since(self, moment: datetime) -> Snapshot:
        """Only what was written at `moment` or later, or has no time that can be read. It looks at every
        entry."""
        kept = (entry_id for entry_id in self.ids if self._is_since(moment.timestamp(), entry_id))
        return replace(self, ids=IdSet.of(kept))

    def _is_since(self, epoch_s: float, entry_id: int) -> bool:
        text = self.written.get(entry_id)
        if text is None:
            return self._segment_of(entry_id).written_at(entry_id) >= epoch_s
        written_at = _read_moment(text)
        return written_at is None or written_at.timestamp() >= epoch_s

    def seen_by(self, flock: str | None) -> Snapshot:
        """Only what a key of this flock sees; None sees all. It looks at every entry, once a snapshot."""
        return self if flock is None else self._views(flock)

    @cached_property
    def _views(self) -> _Views:
        return _Views(self)

    def flock_of(self, entry_id: int) -> str | None:
        """The entry's `flock_id`; None where it has none or can't be read."""
        text = self.written.get(entry_id)
        return self.generator.flock_of(entry_id) if text is None else _read_flock(text)


class _Views:
    """The flocks' views of one snapshot, each made once: otherwise every page would scan the trail."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._made: dict[str, Snapshot] = {}

    def __call__(self, flock: str) -> Snapshot:
        if flock not in self._made:
            seen = (entry_id for entry_id in self._snapshot.ids if self._snapshot.flock_of(entry_id) == flock)
            self._made[flock] = replace(self._snapshot, ids=IdSet.of(seen))
        return self._made[flock]


@lru_cache(maxsize=4096)
def _read_flock(text: bytes) -> str | None:
    try:
        entry = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    flock = entry.get("flock_id") if isinstance(entry, dict) else None
    return flock if isinstance(flock, str) else None


@lru_cache(maxsize=4096)
def _read_moment(text: bytes) -> datetime | None:
    stated = timestamp_of(text)
    return None if stated is None else read_stamp(stated)
