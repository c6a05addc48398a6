"""One pass over the entries of a bundle: writes lines and rows, counts, and chooses the lines to prove."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from operator import attrgetter
from typing import Any, BinaryIO

from audit_archive.evidence.model import SHOWN, Activity, Ranking, Sampled, SampledEntry
from audit_archive.evidence.sampling import Drawing, Sample
from audit_archive.evidence.totals import Totalling
from audit_archive.format.entry import members_of
from audit_archive.format.merkle import leaf_hash
from audit_archive.format.times import OffsetAt, read_timestamp, utc_date
from audit_archive.retrieve.proofs import Wanted
from audit_archive.retrieve.rows import LineOrigin
from audit_archive.retrieve.search import Search, entries_of, files_of
from audit_archive.retrieve.writing import Write

RANKED = 15
"""How many values of a field a ranking names."""

MAX_VALUES = 10_000
"""Different values that are counted one by one. Entries may have any number of them, and memory is
limited."""

MAX_VALUE = 200
"""Characters that a value keeps; in a longer one an ellipsis is the last of them."""


class ActivityCounter:
    """Counts entries by day, by user and by action."""

    def __init__(self, offset_at: OffsetAt) -> None:
        """`offset_at`: the time zone whose calendar gives the days."""
        self._offset_at = offset_at
        self._days: Counter[str] = Counter()
        self._untimed = 0
        self._users = _Ranks()
        self._actions = _Ranks()

    def add(self, members: Mapping[str, Any]) -> None:
        """Count one entry."""
        day = self._day(members.get("timestamp"))
        if day is None:
            self._untimed += 1
        else:
            self._days[day] += 1
        self._users.add(members.get("user"))
        self._actions.add(members.get("action_type"))

    def _day(self, timestamp: object) -> str | None:
        at = read_timestamp(timestamp)
        try:
            return None if at is None else utc_date(at + self._offset_at(at))
        except ValueError:  # a time zone ahead of UTC may reach the year 10000, which no date has
            return None

    def activity(self) -> Activity:
        """The counts up to the last entry that was added."""
        days = tuple(sorted(self._days.items()))
        return Activity(days, self._untimed, self._users.ranking(), self._actions.ranking())


class _Ranks:
    """How many entries have each value of a field."""

    def __init__(self) -> None:
        self._counts: Counter[str | None] = Counter()
        self._others = 0

    def add(self, value: object) -> None:
        name = str(_cut(value)) if isinstance(value, str) else None  # without its mark it would look complete
        if name in self._counts or len(self._counts) < MAX_VALUES:
            self._counts[name] += 1
        else:
            self._others += 1

    def ranking(self) -> Ranking:
        ranked = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0] is None, pair[0] or ""))
        rest = sum(count for _, count in ranked[RANKED:])
        return Ranking(tuple(ranked[:RANKED]), rest + self._others)


MOST_SAMPLED_SHOWN = 100
"""Entries of a sample that the report lists, as a sheet to work on."""

_SAMPLED_FIELDS = ("timestamp", "user", "user_ip", "action_type", "message")
_BATCH = 512

MAX_PROOFS = 100_000
"""Lines with a proof in one bundle. A proof is a file of some 1 kB, and millions of entries may match."""

_MAX_SHOWN_BYTES = 4 << 20
"""Bytes of the lines that the report shows, so that a browser can open it. The first line is always shown."""


@dataclass
class Shown:
    """The first lines, which the report shows: how many, and their hash, each with its line feed."""

    count: int = 0
    _size: int = 0
    _is_full: bool = False
    _digest: Any = field(default_factory=sha256)

    def offer(self, line: bytes) -> None:
        """Count a line as shown if the report has room for it, and for all before it."""
        self._size += len(line)
        self._is_full = (
            self._is_full or self.count == SHOWN or (self.count > 0 and self._size > _MAX_SHOWN_BYTES)
        )
        if not self._is_full:
            self.count += 1
            self._digest.update(line + b"\n")

    @property
    def sha256(self) -> str:
        """The hash (hex)."""
        digest: str = self._digest.hexdigest()
        return digest


@dataclass(frozen=True)
class Gathered:
    """The entries in numbers, those that the report shows, those to prove (the first ones), and the sample.

    `origins`: where the lines come from, in order, each with how many they are.
    """

    activity: Activity
    shown: Shown
    wanted: Wanted
    totals: Totalling
    origins: tuple[tuple[LineOrigin, int], ...]
    sample: Sample | None


def gather(
    search: Search, offset_at: OffsetAt, max_proofs: int, drawing: Drawing | None, lines_file: BinaryIO
) -> Gathered:
    """Read every matching entry once, and write its line into a file.

    Raises IntegrityError naming the object if an entry file does not match its statement.
    """
    counter, shown, wanted = ActivityCounter(offset_at), Shown(), dict[int, dict[bytes, int]]()
    totals, origins, left = Totalling(), Counter[LineOrigin](), max_proofs
    for place, lines in search.lines(offset_at):
        with entries_of(files_of(place)):
            every = list(map(members_of, lines))
            ids = [int(members["id"]) for members in every]
        lines_file.writelines(line + b"\n" for line in lines)
        origins[place] += len(lines)
        for line, members, entry_id in zip(lines, every, ids, strict=True):
            counter.add(members)
            shown.offer(line)
            totals.add(entry_id)
            if drawing is not None:
                drawing.offer(place.epoch, entry_id)
            if left:
                wanted.setdefault(place.epoch, {})[leaf_hash(line)] = entry_id
                left -= 1
    sample = drawing.sample() if drawing is not None else None
    return Gathered(counter.activity(), shown, wanted, totals, tuple(origins.items()), sample)


def write_rows(lines_file: BinaryIO, gathered: Gathered, writes: Sequence[Write]) -> Sampled:
    """Write the lines of a file that `gather` wrote as rows, marked if they are in the sample."""
    lines_file.seek(0)
    sampled = Sampling(gathered.shown.count)
    for origin, count in gathered.origins:
        places = gathered.sample.places(origin.epoch) if gathered.sample is not None else None
        marked = origin._replace(sampled=places)
        for begin in range(0, count, _BATCH):
            lines = [line[:-1] for line in islice(lines_file, min(count - begin, _BATCH))]
            with entries_of(files_of(origin)):
                for write in writes:
                    write(lines, marked)
                if places is not None:
                    sampled.look(lines, origin.epoch, places)
    return sampled.found()


class Sampling:
    """Looks for the entries of a sample among the lines, and notes what the report shows of them."""

    def __init__(self, shown: int) -> None:
        self._shown, self._line = shown, 0
        self._entries = list[SampledEntry]()
        self._marks = dict[int, int]()

    def look(self, lines: Sequence[bytes], epoch: int, places: Mapping[int, int]) -> None:
        """Look at the next lines, of one epoch. `places`: that of each sampled entry, by its id."""
        for members in map(members_of, lines):
            self._line += 1
            place = places.get(members["id"])
            if place is None:
                continue
            if self._line <= self._shown:
                self._marks[self._line] = place
            if place <= MOST_SAMPLED_SHOWN:
                texts = (_cut(members.get(name)) for name in _SAMPLED_FIELDS)
                self._entries.append(SampledEntry(place, epoch, members["id"], *texts))

    def found(self) -> Sampled:
        """What was found so far."""
        return Sampled(tuple(sorted(self._entries, key=attrgetter("place"))), self._marks)


def _cut(value: object) -> object:
    """A value of an entry; of a long text the beginning."""
    return f"{value[: MAX_VALUE - 1]}…" if isinstance(value, str) and len(value) > MAX_VALUE else value
