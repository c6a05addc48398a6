"""The entries a Console holds, and everything that can happen to them. No HTTP; safe from several threads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import RLock

import orjson

from local.console.calendar import stamp, utc_now, weeks_of_work
from local.console.generate import Generator, Segment
from local.console.ids import IdSet
from local.console.snapshot import Snapshot
from local.console.store import Store, as_text, checked_id

Clock = Callable[[], datetime]
"""Gives aware datetimes."""
NOW = timedelta(0)


@dataclass(frozen=True)
class Actor:
    """Who did something, as the entry about it will say."""

    user: str | None = "local-admin"
    user_ip: str | None = "127.0.0.1"
    user_browser_agent: str | None = None
    user_browser_language: str | None = None


@dataclass(frozen=True)
class PurgeTerms:
    """How a purge turns out. The defaults are the Console at its best; faults.py changes them."""

    receipt: bool = True
    receipt_after: timedelta = NOW
    deletion_after: timedelta = NOW
    """By the Console's clock; until then the entries stay visible."""
    miscount: int = 0
    """Added to the true count in the answer and in the receipt."""


class Trail:
    """A Console's audit trail. Ids start at 1 and never restart but by `reset`. `clock` may be replaced."""

    def __init__(self, *, seed: int = 1, extra_fields: bool = False, clock: Clock = utc_now) -> None:
        self.clock = clock
        self._generator = Generator(seed, extra_fields=extra_fields)
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

    def arrive(self, count: int = 1) -> range:
        """`count` generated entries are written now. Returns their ids. ValueError below 1."""
        if count < 1:
            raise ValueError(f"{count} entries can't arrive")
        with self._lock:
            self._do_what_is_due()
            first = self.last_id + 1
            self._store.append(Segment(first, count, self._now()))
            return range(first, first + count)

    def arrive_late(self, entry_id: int) -> None:
        """A late writer fills `entry_id`: a generated entry, written now. ValueError if the id is live."""
        with self._lock:
            if entry_id in self.snapshot().ids:
                raise ValueError(f"id {entry_id} is live")
            self._store.put(checked_id(entry_id), self._generator.line(entry_id, self._now()))

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
        """Somebody does something now: a complete entry with the usual fields, and `more`. Returns its id."""
        entry: dict[str, object] = {
            "timestamp": stamp(self._now()).decode(),
            "action_type": action_type,
            "message": message,
            "flock_id": None,
            "additional_information": None,
            **vars(by or Actor()),
        }
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
        terms = terms or PurgeTerms()
        with self._lock:
            visible = self.snapshot().seen_by(flock).ids
            doomed = visible.without_span(up_to + 1, max(self.last_id, up_to + 1))
            count = len(doomed) + terms.miscount
            message = f"Successfully purged {count} logs before id:{up_to}"
            self._later(terms.deletion_after, lambda: self._store.delete(doomed))
            if terms.receipt:
                self._later(terms.receipt_after, lambda: self._write_receipt(message, by))
            return count

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

    def _write_receipt(self, message: str, by: Actor | None) -> None:
        self._receipts.append(self.write("audit_trail_purge", message, by=by))

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


def _id_in(text: bytes, where: str) -> int:
    try:
        return checked_id(orjson.loads(text)["id"])
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{where}: not an entry with a positive integer id: {error}") from error
