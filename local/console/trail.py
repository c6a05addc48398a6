"""The entries a Console holds, and everything that can happen to them. No HTTP; safe from several threads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from threading import RLock

import orjson

from local.console.calendar import stamp, utc_now, weeks_of_work
from local.console.generate import Segment, generator
from local.console.ids import IdSet
from local.console.snapshot import Snapshot
from local.console.store import Store, as_text, checked_id

Clock = Callable[[], datetime]
"""Gives aware datetimes."""
NOW = timedelta(0)

RECEIPT_ACTION = "audit_trail_purge"
RECEIPT = "Successfully purged {count} logs before id:{id}"
ANSWER = "{count} logs purged successfully"


@dataclass(frozen=True)
class Actor:
    """Who did something, as the entry about it will say."""

    user: str | None = "local-admin"
    user_ip: str | None = "127.0.0.1"
    user_browser_agent: str | None = None
    user_browser_language: str | None = ""
    """Empty, not null, for calls of the API."""


@dataclass(frozen=True)
class PurgeTerms:
    """How a purge turns out. The defaults are the Console at its best; faults.py changes them."""

    receipt: bool = True
    receipt_after: timedelta = NOW
    deletion_after: timedelta = NOW
    """By the Console's clock; until then the entries stay visible."""
    at_most: int | None = None
    """Only so many of the entries that should go, the lowest ones, are deleted."""
    overreach: bool = False
    """Every entry is deleted, but the answer counts what was asked for."""
    miscount: int = 0
    """Added to the true count in the answer and in the receipt."""
    misstatement: int = 0
    """Added to the count in the answer only."""
    receipt_words: str = RECEIPT
    receipt_action: str = RECEIPT_ACTION
    answer_words: str = ANSWER
    user: str | None = None
    """Whom the receipt names in place of whoever purged."""


@dataclass(frozen=True)
class Destroyed:
    """What one purge deleted, and who had asked for it."""

    by: Actor
    up_to: int
    ids: IdSet
    was: Snapshot
    """The trail just before."""

    def lines(self) -> Iterator[bytes]:
        """The deleted entries, as they were, ascending."""
        return self.was.lines(self.ids)


class Trail:
    """A Console's audit trail. Ids start at 1 and never restart but by `reset`. `clock` may be replaced."""

    def __init__(self, *, seed: int = 1, extra_fields: bool = False, clock: Clock = utc_now) -> None:
        self.clock = clock
        self.retention: timedelta | None = None
        """Older entries vanish without a receipt."""
        self.destroyed: list[Destroyed] = []
        """What purges deleted since the trail began, `reset` or not."""
        self._generator = generator(seed, extra_fields=extra_fields)
        self._lock = RLock()
        self._store = Store(self._generator)
        self._receipts: list[int] = []
        self._pending: list[tuple[datetime, Callable[[], object]]] = []

    @classmethod
    def generated(
        cls,
        count: int,
        *,
        seed: int = 1,
        years: float = 3.0,
        extra_fields: bool = False,
        clock: Clock = utc_now,
    ) -> Trail:
        """`count` realistic entries over the last `years` years, ids 1 to `count`, the newest written now."""
        trail = cls(seed=seed, extra_fields=extra_fields, clock=clock)
        if count:
            now = int(clock().timestamp())
            start = now - int(years * 365.25 * 86_400)
            trail._store.append(Segment(1, count, now, weeks_of_work(start), weeks_of_work(now)))
        return trail

    @classmethod
    def from_ndjson(cls, path: Path, *, clock: Clock = utc_now) -> Trail:
        """The entries of a file, one JSON object with an integer `id` a line, kept as they are written there.

        The file's text is held in memory. ValueError names the first line that is no such entry.
        """
        texts: dict[int, bytes] = {}
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if text := line.strip():
                    texts[_id_in(text, f"{path}, line {number}")] = text
        trail = cls(clock=clock)
        trail._store.fill(texts)
        return trail

    def snapshot(self) -> Snapshot:
        """The trail as it is now; later changes don't touch it."""
        with self._lock:
            self._do_what_is_due()
            return self._store.snapshot()

    def __len__(self) -> int:
        return len(self.snapshot())

    @property
    def last_id(self) -> int:
        """The largest id ever issued; 0 before the first."""
        return self._store.last_id

    @property
    def receipts(self) -> tuple[int, ...]:
        """The ids of the receipts written so far, purged ones included."""
        with self._lock:
            self._do_what_is_due()
            return tuple(self._receipts)

    def arrive(self, count: int = 1, *, skip: int = 0) -> range:
        """`count` generated entries are written now, and `skip` ids are left out before each.

        Returns their ids. ValueError for a count below 1 or a skip below 0.
        """
        if count < 1:
            raise ValueError(f"{count} entries can't arrive")
        if skip < 0:
            raise ValueError(f"{skip} ids can't be left out")
        with self._lock:
            self._do_what_is_due()
            first, step = self.last_id + 1 + skip, skip + 1
            for segment_first in (first,) if skip == 0 else range(first, first + count * step, step):
                self._store.append(Segment(segment_first, 1 if skip else count, self._now()))
            return range(first, first + count * step, step)

    def arrive_late(self, entry_id: int) -> None:
        """A late writer fills `entry_id`: a generated entry, written now. ValueError if the id is live."""
        with self._lock:
            if entry_id in self.snapshot().ids:
                raise ValueError(f"id {entry_id} is live")
            self._store.put(checked_id(entry_id), self._generator.line(entry_id, self._now()))

    def amend(self, entry_id: int, fields: Mapping[str, object]) -> None:
        """A live entry says something else from now on: what `fields` name. ValueError if it is not live."""
        with self._lock:
            if entry_id not in self.snapshot().ids:
                raise ValueError(f"id {entry_id} is not live")
            entry = json.loads(self.snapshot().line(entry_id))
            self.put({**entry, **fields}, entry_id=entry_id)

    def put(self, entry: Mapping[str, object] | bytes, *, entry_id: int | None = None) -> int:
        """Inserts any entry, or any bytes in place of one, exactly as given; a live id is overwritten.

        The place is `entry_id`, else the mapping's own integer `id`, else the next id. A mapping without
        `id` is given it. Returns the id.
        """
        with self._lock:
            self._do_what_is_due()
            place: object = entry_id
            if place is None and isinstance(entry, Mapping) and "id" in entry:
                place = entry["id"]
            number = self.last_id + 1 if place is None else checked_id(place)
            if isinstance(entry, Mapping):
                entry = as_text(entry if "id" in entry else {"id": number, **entry})
            self._store.put(number, entry)
            return number

    def write(
        self,
        action_type: str,
        message: str,
        *,
        by: Actor | None = None,
        entry_id: int | None = None,
        **more: object,
    ) -> int:
        """An entry about an action now: complete, with the usual fields, and `more`. Returns its id."""
        entry: dict[str, object] = {
            "timestamp": stamp(self._now()).decode(),
            "action_type": action_type,
            "message": message,
            "flock_id": None,
            "additional_information": None,
            **vars(by or Actor()),
        }
        if self._generator.extra_fields:
            entry["user_access_route"] = ""
        return self.put(entry | more, entry_id=entry_id)

    def skip(self, count: int = 1) -> None:
        """The next `count` ids are not issued, unless a late writer fills them."""
        with self._lock:
            self._store.last_id += count

    def make_hole(self, first: int, last: int | None = None) -> None:
        """The entries from `first` to `last`, both inclusive, vanish without a receipt."""
        with self._lock:
            self._do_what_is_due()
            self._store.delete(IdSet().with_span(first, first if last is None else last))

    def purge(
        self,
        up_to: int,
        *,
        by: Actor | None = None,
        flock: str | None = None,
        terms: PurgeTerms | None = None,
    ) -> int:
        """Deletes what is live up to and including `up_to`, or a flock's part of it, and writes the receipt.

        Returns the number that the Console tells the caller.
        """
        terms, by = terms or PurgeTerms(), by or Actor()
        with self._lock:
            visible = self.snapshot().seen_by(flock).ids
            asked = visible.without_span(up_to + 1, max(self.last_id, up_to + 1))
            deleted = asked if terms.at_most is None else asked.oldest(terms.at_most)
            if terms.overreach:
                deleted = visible
            count = len(deleted) + terms.miscount
            reported = (len(asked) if terms.overreach else count) + terms.misstatement
            message = terms.receipt_words.format(count=count, id=up_to)
            author = by if terms.user is None else replace(by, user=terms.user)
            self._later(terms.deletion_after, lambda: self._destroy(by, up_to, deleted))
            if terms.receipt:
                write = partial(self._write_receipt, terms.receipt_action, message, author)
                self._later(terms.receipt_after, write)
            return reported

    def finish(self) -> None:
        """Carries out delayed deletions and receipts at once."""
        with self._lock:
            self._do_what_is_due(everything=True)

    def reset(self) -> None:
        """The Console is set up anew: no entries, and the next id is 1."""
        with self._lock:
            self._store = Store(self._generator)
            self._receipts = []
            self._pending = []

    def _now(self) -> int:
        return int(self.clock().timestamp())

    def _destroy(self, by: Actor, up_to: int, deleted: IdSet) -> None:
        was = self._store.snapshot()
        self.destroyed.append(Destroyed(by, up_to, deleted.minus(deleted.minus(was.ids)), was))
        self._store.delete(deleted)

    def _write_receipt(self, action_type: str, message: str, by: Actor) -> None:
        self._receipts.append(self.write(action_type, message, by=by))

    def _later(self, delay: timedelta, action: Callable[[], object]) -> None:
        if delay <= NOW:
            action()
        else:
            self._pending.append((self.clock() + delay, action))

    def _do_what_is_due(self, *, everything: bool = False) -> None:
        if self._pending:
            now = self.clock()
            due = [pending for pending in self._pending if everything or pending[0] <= now]
            # Off the list before they run: a receipt is written by `put`, which comes here again.
            self._pending = [pending for pending in self._pending if pending not in due]
            for _, action in sorted(due, key=lambda pending: pending[0]):
                action()
        if self.retention is not None:
            self._expire(self.clock() - self.retention)

    def _expire(self, before: datetime) -> None:
        held = self._store.snapshot()
        if expired := held.ids.minus(held.since(before).ids):
            self._store.delete(expired)


def _id_in(text: bytes, where: str) -> int:
    try:
        return checked_id(orjson.loads(text)["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{where}: not an entry with a positive integer id: {error}") from error
