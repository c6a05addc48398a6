"""A page of the trail: cursors both ways, page numbers, and times in the zone asked for. No HTTP."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from dataclasses import dataclass
from datetime import tzinfo

import orjson

from local.console.calendar import read_stamp
from local.console.snapshot import Snapshot

_CHECK = 6  # bytes


@dataclass(frozen=True)
class Position:
    """Where a page lies: below the id `before`, or above the id `after`, or, with neither, at the top.

    It names ids and not page numbers, so that it stays put while entries arrive or are purged.
    """

    limit: int
    before: int | None = None
    after: int | None = None

    def cursor(self) -> str:
        """The position as the opaque text that clients hand back."""
        text = orjson.dumps([self.limit, self.before, self.after])
        return base64.urlsafe_b64encode(_check(text) + text).decode().rstrip("=")

    @classmethod
    def of_cursor(cls, cursor: str) -> Position:
        """The position that `cursor` gave. ValueError for any other text."""
        try:
            raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("Invalid cursor") from error
        if _check(raw[_CHECK:]) != raw[:_CHECK]:
            raise ValueError("Invalid cursor")
        return cls(*orjson.loads(raw[_CHECK:]))


def _check(text: bytes) -> bytes:
    return hashlib.blake2b(text, digest_size=_CHECK).digest()


@dataclass(frozen=True)
class Page:
    """One page, newest entry first."""

    ids: tuple[int, ...]
    next: Position | None
    prev: Position | None
    count: int
    number: int

    def as_dict(self) -> dict[str, object]:
        """The answer's fields but for the entries, of which only the ids stand in `audit_trail`."""
        return {
            "audit_trail": list(self.ids),
            "cursor": {
                "next": self.next.cursor() if self.next else None,
                "prev": self.prev.cursor() if self.prev else None,
            },
            "page_count": self.count,
            "page_number": self.number,
            "result": "success",
        }


def page_at(snapshot: Snapshot, position: Position) -> Page:
    """The page of what the snapshot shows. `next` leads to older entries, `prev` to newer ones."""
    ids, limit = snapshot.ids, position.limit
    total = len(ids)
    if position.after is not None:
        low = ids.rank(position.after + 1)
        high = min(low + limit, total)
    else:
        high = total if position.before is None else ids.rank(position.before)
        low = max(high - limit, 0)
    chosen = tuple(ids[rank] for rank in range(high - 1, low - 1, -1))
    # An empty page, all of it purged meanwhile, still leads back to where entries are.
    oldest = chosen[-1] if chosen else (position.after or 0) + 1
    newest = chosen[0] if chosen else (position.before or 0) - 1
    count = math.ceil(total / limit)
    return Page(
        ids=chosen,
        next=Position(limit, before=oldest) if low > 0 else None,
        prev=Position(limit, after=newest) if high < total else None,
        count=count,
        number=max(min(math.ceil((total - high) / limit) + 1, count), 1),
    )


def with_standard_times(text: bytes, zone: tzinfo) -> bytes:
    """The entry with a field `<name>_std`, in `zone`, for each of its fields that is a timestamp.

    The text before the new fields stays as it is; an entry that can't be read is left alone.
    """
    try:
        entry = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(entry, dict):
        return text
    times = {name: read_stamp(value) for name, value in entry.items() if isinstance(value, str)}
    added = {
        f"{name}_std": time.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z%z")
        for name, time in times.items()
        if time is not None
    }
    return text.rstrip()[:-1] + b"," + orjson.dumps(added)[1:] if added else text
