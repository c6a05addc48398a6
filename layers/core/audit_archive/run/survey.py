"""The survey: one pass over an export, ascending by id, and all that a run needs to know of it. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import itemgetter

from audit_archive.errors import InvalidExportError
from audit_archive.format.batch import Batch
from audit_archive.format.entry import Entry, Mark, Receipt, anchor_of, read_receipt
from audit_archive.format.facts import EMPTY_SLICE, Anchor, SliceFacts
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet, IdSetBuilder
from audit_archive.format.times import DAY

MAX_SLICE_DATES = 400
MAX_SLICE_ENTRIES = 1_000_000
MAX_RANGES = 1_000_000
"""Ranges of ids with holes between them. Each takes some 600 bytes of memory until it is recorded."""
MAX_RECEIPTS = 100_000
"""Purge receipts among the new entries, in memory too. A Console holds few: a purge destroys older ones."""

# Plain numbers: arithmetic on members of an enumeration would take longer than the rest of the pass.
_RECEIPT, _UNREADABLE_RECEIPT = Mark.RECEIPT.value, Mark.UNREADABLE_RECEIPT.value


@dataclass(frozen=True)
class Survey:
    """What the plan needs to know of an export.

    `aged_boundary`: the highest id up to which every live entry is old enough to purge; 0: there is no such
    id. `young_at`: when the youngest entry happened that the next purge waits for; `oldest_at`: when the
    first entry happened. Both are epoch seconds and leave out purge receipts (which alone are never worth a
    purge). None: there is no such entry, or its time is not known. `first_other_id`: the lowest id
    that is not a purge receipt. `lines_sha256`: as an export's facts have it. `receipts`: the purge receipts
    among the new entries; `unreadable_receipts`: the ids of those that can't be read. `slices`: the new
    entries, by slices. `anchor`: the live entry at the head's anchor id. `first_day`: days since 1970 of the
    lowest entry with a readable date. `days`: the first and the last day up to any id.
    """

    entry_count: int
    lines_sha256: str
    ids: IdSet
    slices: tuple[SliceFacts, ...]
    receipts: tuple[Receipt, ...]
    unreadable_receipts: tuple[int, ...]
    anchor: Anchor | None
    first_day: int | None
    first_other_id: int | None
    aged_boundary: int
    oldest_at: int | None
    young_at: int | None
    days: "Days"

    @property
    def first_id(self) -> int:
        """The lowest live id."""
        return self.ids.ranges[0].first

    @property
    def last_id(self) -> int:
        """The highest live id."""
        return self.ids.ranges[-1].last

    @property
    def new_count(self) -> int:
        """How many entries are not archived yet."""
        return sum(part.count for part in self.slices)


def survey_entries(batches: Iterable[Batch], head: Head, now: int, cutoff: int) -> Survey:
    """Survey the distinct entries of an export, ascending by id, in batches that are not empty.

    `cutoff` (epoch seconds): an entry that happened then or earlier is old enough to purge. `now` (epoch
    seconds): an entry dated later counts as one without a readable time. Raises InvalidExportError if there
    are more ranges or receipts than memory can hold.
    """
    ids, ages, found, days = IdSetBuilder(MAX_RANGES), Ages(now, cutoff), _Found(head), Days(now)
    count, lines = 0, sha256()
    for batch in batches:
        count += len(batch)
        lines.update(batch.text)
        ids.extend(batch.ids)
        ages.extend(batch)
        days.extend(batch)
        found.extend(batch)
    return Survey(
        entry_count=count,
        lines_sha256=lines.hexdigest(),
        ids=ids.build(),
        slices=found.slices.build(),
        receipts=tuple(found.receipts),
        unreadable_receipts=tuple(found.unreadable_receipts),
        anchor=found.anchor,
        first_day=found.first_day,
        first_other_id=ages.first_other_id,
        aged_boundary=ages.boundary,
        oldest_at=ages.oldest_at,
        young_at=ages.young_at,
        days=days,
    )


class Days:
    """The first and the last day on which the entries up to an id happened, for any id.

    Kept are the ids at which the last day rises or the first one falls: no more of them than there are days.
    """

    def __init__(self, now: int) -> None:
        """`now`: a time that lies ahead counts as not readable (epoch seconds)."""
        self._now = now
        self._rises: list[tuple[int, int]] = []
        self._falls: list[tuple[int, int]] = []
        # Seconds at which the first day began, and at which the day after the last one begins.
        self._since, self._until = -1, -1

    def extend(self, batch: Batch) -> None:
        """Take the next entries, ascending by id."""
        moments = batch.moments
        if moments is not None and self._since <= moments[0] and moments[1] < self._until:
            return
        for entry_id, seconds in zip(batch.ids, batch.seconds, strict=True):
            if seconds is not None:
                self.add(entry_id, seconds)

    def add(self, entry_id: int, seconds: int) -> None:
        """Take the next entry with a readable time, ascending by id."""
        if self._since <= seconds < self._until or seconds > self._now:
            return
        day = seconds // DAY
        if not self._rises or seconds >= self._until:
            self._rises.append((entry_id, day))
            self._until = (day + 1) * DAY
        if not self._falls or seconds < self._since:
            self._falls.append((entry_id, day))
            self._since = day * DAY

    def up_to(self, entry_id: int) -> tuple[int, int] | None:
        """The first and the last day of the entries up to an id, in days since 1970; None if not known."""
        until = bisect_right(self._rises, entry_id, key=itemgetter(0))
        since = bisect_right(self._falls, entry_id, key=itemgetter(0))
        return (self._falls[since - 1][1], self._rises[until - 1][1]) if until else None


class Ages:
    """Finds up to which id every entry is old enough to purge, and when more will be.

    An entry with a time that can't be read, or that lies ahead, counts as old as the next readable entry
    above it: it can't have happened later. If there is no such entry above, and the time lies at most a day
    ahead (a clock may be wrong), the entry waits for its own time.
    """

    def __init__(self, now: int, cutoff: int) -> None:
        self._now = now
        self._cutoff = cutoff
        self._all_aged = True
        self._other_waits = False
        self._latest_above = 0
        self._latest_ahead: int | None = None
        self.boundary = 0
        self.first_other_id: int | None = None
        self._oldest_at: int | None = None
        self._young_at: int | None = None

    @property
    def oldest_at(self) -> int | None:
        """When the first entry happened that is not a receipt (epoch seconds)."""
        return self._oldest_at if self._oldest_at is not None else self._ahead()

    @property
    def young_at(self) -> int | None:
        """When the last of the entries happened that the next purge waits for (epoch seconds)."""
        return self._young_at if self._young_at is not None else self._ahead()

    def _ahead(self) -> int | None:
        return self._latest_ahead if self._other_waits else None

    def extend(self, batch: Batch) -> None:
        """Take the next entries, ascending by id."""
        moments = batch.moments
        is_readable = moments is not None and moments[1] <= self._now and not batch.marked(_RECEIPT)
        if is_readable and moments is not None and self._extend_plain(batch, moments[1]):
            return
        for entry_id, seconds, marks in zip(batch.ids, batch.seconds, batch.marks, strict=True):
            self.add(entry_id, seconds, bool(marks & _RECEIPT))

    def _extend_plain(self, batch: Batch, latest: int) -> bool:
        """Take entries that all are as the ones before them: old enough, or above one that is not."""
        if self._all_aged and latest <= self._cutoff:
            self.boundary = batch.ids[-1]
        elif not self._all_aged and self._young_at is not None:
            self._latest_above = max(self._latest_above, latest)
        else:
            return False
        if self.first_other_id is None:
            self.first_other_id = batch.ids[0]
        if self._oldest_at is None:
            self._oldest_at = batch.seconds[0]
        self._other_waits, self._latest_ahead = False, None
        return True

    def add(self, entry_id: int, seconds: int | None, is_receipt: bool) -> None:
        """Take the next entry, ascending by id."""
        if not is_receipt:
            self._other_waits = True
            if self.first_other_id is None:
                self.first_other_id = entry_id
        if seconds is None:
            return
        if seconds > self._now:
            if seconds <= self._now + DAY:
                self._latest_ahead = max(seconds, self._latest_ahead or seconds)
            return
        self._latest_ahead = None
        if self._all_aged and seconds <= self._cutoff:
            self.boundary = entry_id
        else:
            self._all_aged = False
            self._latest_above = max(self._latest_above, seconds)
        if self._other_waits:
            self._note_other(seconds)

    def _note_other(self, seconds: int) -> None:
        self._other_waits = False
        if self._oldest_at is None:
            self._oldest_at = seconds
        if not self._all_aged and self._young_at is None:
            self._young_at = self._latest_above


class _Found:
    """Collects the new entries by slices, the receipts among them, and the live anchor."""

    def __init__(self, head: Head) -> None:
        self._new_ids = head.open_ids.and_above(head.highest_archived_id)
        self._anchor_id = head.anchor.id if head.anchor else 0
        self._day: int | None = None
        self.first_day: int | None = None
        self.slices = _Slices()
        self.receipts: list[Receipt] = []
        self.unreadable_receipts: list[int] = []
        self.anchor: Anchor | None = None

    def extend(self, batch: Batch) -> None:
        """Take the next entries, ascending by id."""
        for day, start, stop in batch.days(self._day):
            if self.first_day is None:
                self.first_day = day
            for first, end in self._new_ids.places(batch.ids, start, stop):
                self.slices.extend(batch.ids[first:end], day)
            self._day = day
        for place in batch.marked(_RECEIPT | _UNREADABLE_RECEIPT):
            if batch.ids[place] in self._new_ids:
                self._note(batch.entry(place))
        if batch.ids[0] <= self._anchor_id <= batch.ids[-1]:
            place = bisect_left(batch.ids, self._anchor_id)
            if batch.ids[place] == self._anchor_id:
                self.anchor = anchor_of(batch.entry(place))

    def _note(self, receipt: Entry) -> None:
        if receipt.marks & _RECEIPT:
            if len(self.receipts) == MAX_RECEIPTS:
                raise InvalidExportError(f"The export holds more than {MAX_RECEIPTS} new purge receipts")
            self.receipts.append(read_receipt(receipt))
        if receipt.marks & _UNREADABLE_RECEIPT:
            self.unreadable_receipts.append(receipt.id)


class _Slices:
    """Cuts new entries, ascending by id, into slices within the limits of dates and entries."""

    def __init__(self) -> None:
        self._done: list[SliceFacts] = []
        self._first = self._last = self._count = 0
        self._days: set[int | None] = set()

    def extend(self, ids: Sequence[int], day: int | None) -> None:
        """Add the next new entries. They happened on `day`: their own, or that of a readable entry below."""
        while ids:
            if self._count >= MAX_SLICE_ENTRIES or (
                len(self._days) >= MAX_SLICE_DATES and day not in self._days
            ):
                self._close()
            if not self._count:
                self._first = ids[0]
            room = MAX_SLICE_ENTRIES - self._count
            part, ids = ids[:room], ids[room:]
            self._days.add(day)
            self._last = part[-1]
            self._count += len(part)

    def build(self) -> tuple[SliceFacts, ...]:
        """All slices; one empty slice if there was no new entry."""
        if self._count or not self._done:
            self._close()
        return tuple(self._done)

    def _close(self) -> None:
        self._done.append(SliceFacts(self._first, self._last, self._count) if self._count else EMPTY_SLICE)
        self._count = 0
        self._days.clear()
