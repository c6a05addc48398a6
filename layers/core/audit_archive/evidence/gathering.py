"""One pass over the entries of a bundle: writes lines and rows, counts, and chooses the lines to prove."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from audit_archive.evidence.model import SHOWN, Activity, Ranking
from audit_archive.format.entry import members_of
from audit_archive.format.merkle import leaf_hash
from audit_archive.format.times import OffsetAt, read_timestamp, utc_date
from audit_archive.retrieve.proofs import Wanted
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
        name = value if isinstance(value, str) else None
        if name is not None and len(name) > MAX_VALUE:
            name = f"{name[: MAX_VALUE - 1]}…"  # without it, a cut value would look complete
        if name in self._counts or len(self._counts) < MAX_VALUES:
            self._counts[name] += 1
        else:
            self._others += 1

    def ranking(self) -> Ranking:
        ranked = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0] is None, pair[0] or ""))
        rest = sum(count for _, count in ranked[RANKED:])
        return Ranking(tuple(ranked[:RANKED]), rest + self._others)


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
    """The entries in numbers, those that the report shows, and those to prove: the first ones."""

    activity: Activity
    shown: Shown
    wanted: Wanted


def gather(search: Search, offset_at: OffsetAt, max_proofs: int, writes: Sequence[Write]) -> Gathered:
    """Read every matching entry once, and write it in each form.

    Raises IntegrityError naming the object if an entry file does not match its statement.
    """
    counter, shown, wanted = ActivityCounter(offset_at), Shown(), dict[int, dict[bytes, int]]()
    left = max_proofs
    for place, lines in search.lines(offset_at):
        with entries_of(files_of(place)):
            for write in writes:
                write(lines, place)
            every = list(map(members_of, lines))
        for line, members in zip(lines, every, strict=True):
            counter.add(members)
            shown.offer(line)
            if left:
                wanted.setdefault(place.epoch, {})[leaf_hash(line)] = members["id"]
                left -= 1
    return Gathered(counter.activity(), shown, wanted)
