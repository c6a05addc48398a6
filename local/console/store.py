"""What a trail holds, copied on write: the snapshots it has handed out never change."""

from __future__ import annotations

import json
from collections.abc import Mapping

from local.console.generate import Generator, Segment
from local.console.ids import IdSet
from local.console.snapshot import Snapshot


class Store:
    """Live ids and their texts. Not safe from several threads by itself: the trail holds a lock."""

    def __init__(self, generator: Generator) -> None:
        self.live = IdSet()
        self.last_id = 0
        self._written: dict[int, bytes] = {}
        self._segments: tuple[Segment, ...] = ()
        self._generator = generator
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """What is there now; the same object until something changes."""
        if self._snapshot is None:
            self._snapshot = Snapshot(self.live, self._written, self._segments, self._generator)
        return self._snapshot

    def append(self, segment: Segment) -> None:
        """Makes the segment's ids live; they must lie above every id issued so far."""
        self._segments = (*self._segments, segment)
        last = segment.first + segment.count - 1
        self._issue(segment.first, last)

    def put(self, entry_id: int, text: bytes) -> None:
        """Makes the id live with this text."""
        if entry_id in self.live:  # a snapshot may still show the old text: leave its dict alone
            self._written = dict(self._written)
        self._written[entry_id] = text
        self._issue(entry_id, entry_id)

    def fill(self, texts: dict[int, bytes]) -> None:
        """Makes many ids live at once, in an empty store."""
        self._written = texts
        self.live = IdSet.of(texts)
        self.last_id = max(texts, default=0)
        self._snapshot = None

    def delete(self, ids: IdSet) -> None:
        """Takes these ids out, live or not."""
        self.live = self.live.minus(ids)
        # New containers, not changed ones: snapshots that still show the deleted entries keep the old ones.
        self._written = {entry_id: text for entry_id, text in self._written.items() if entry_id in self.live}
        lowest = self.live.spans[0][0] if self.live.spans else self.last_id + 1
        self._segments = tuple(segment for segment in self._segments if segment.last >= lowest)
        self._snapshot = None

    def _issue(self, first: int, last: int) -> None:
        self.live = self.live.with_span(first, last)
        self.last_id = max(self.last_id, last)
        self._snapshot = None


def checked_id(value: object) -> int:
    """The value as an id. ValueError unless it is a positive integer."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{value!r} is no positive integer")
    return value


def as_text(entry: Mapping[str, object]) -> bytes:
    """Compact JSON; escaped to ASCII only where UTF-8 can't carry it (lone surrogates)."""
    try:
        return json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:
        return json.dumps(entry, separators=(",", ":")).encode()
