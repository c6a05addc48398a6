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

_CHECK = 7  # bytes
_TO_ENCODE = b"\xfb\xff\xbf"  # `+/+/` in base64, behind a multiple of three bytes


@dataclass(frozen=True)
class Position:
    """Where a page lies: below the id `before`, or above the id `after`, or, with neither, at the top.

    It names ids, so that it stays put while entries arrive or are purged. `page_number` and `page_count` are
    what the first call knew: later pages repeat it.
    """

    limit: int
    before: int | None = None
    after: int | None = None
    page_number: int = 1
    page_count: int = 0

    def cursor(self) -> str:
        """The position as the opaque text that clients hand back: `0:69:5:3:2:15` in padded standard base64.

        The numbers are the direction (0 to older entries, 1 to newer ones), the id, the limit, some zeros,
        and the frozen page number and count. A check follows, so that no cursor can be made up. `+`, `/` and
        `=` are in every cursor: a client that leaves out percent-encoding fails at once.
        """
        direction, entry_id = (0, self.before) if self.after is None else (1, self.after)
        head, tail = f"{direction}:{entry_id or 0}:{self.limit}:", f":{self.page_number}:{self.page_count}:"
        zeros = "0" * (3 - len(head + tail) % 3)
        return base64.b64encode(_checked((head + zeros + tail).encode())).decode()

    @classmethod
    def of_cursor(cls, cursor: str) -> Position:
        """The position that `cursor` gave. ValueError for any other text."""
        try:
            raw = base64.b64decode(cursor, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValueError("Invalid cursor") from error
        text = raw[: -_CHECK - len(_TO_ENCODE)]
        if raw != _checked(text) or base64.b64encode(raw).decode() != cursor:
            raise ValueError("Invalid cursor")
        direction, entry_id, limit, _, page_number, page_count = map(int, text.split(b":")[:-1])
        before, after = (entry_id, None) if direction == 0 else (None, entry_id)
        return cls(limit, before, after, page_number, page_count)


def _checked(text: bytes) -> bytes:
    return text + _TO_ENCODE + hashlib.blake2b(text, digest_size=_CHECK).digest()


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


def page_at(snapshot: Snapshot, position: Position, counted: int | None = None) -> Page:
    """The page of what the snapshot shows. `next` leads to older entries, `prev` to newer ones.

    `counted` is how many entries `page_count` is of, on a first page; None is those that the snapshot shows.
    """
    ids, limit, number = snapshot.ids, position.limit, position.page_number
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
    pages = position.page_count
    if position.before is None and position.after is None:
        pages = math.ceil((total if counted is None else counted) / limit)
    above = Position(limit, after=newest, page_number=max(number - 1, 1), page_count=pages)
    below = Position(limit, before=oldest, page_number=number + 1, page_count=pages)
    return Page(
        ids=chosen,
        next=below if low > 0 else None,
        prev=above if high < total else None,
        count=pages,
        number=number,
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
