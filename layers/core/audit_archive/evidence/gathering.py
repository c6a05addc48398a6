"""The entries of a bundle, gathered in one pass: as lines, as rows, in numbers, and what is to be proven."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO

from audit_archive.evidence.model import SHOWN, Activity, Ranking
from audit_archive.format.entry import members_of
from audit_archive.format.merkle import leaf_hash
from audit_archive.format.times import OffsetAt, read_timestamp, utc_date
from audit_archive.retrieve.formats import CSV
from audit_archive.retrieve.proofs import Wanted
from audit_archive.retrieve.search import Search

# The entries of an answer in numbers: how many on which day, by whom, of which kind. Pure.

RANKED = 15
"""How many values of a field are told by name."""

MAX_VALUES = 10_000
"""How many different values are counted apart: whoever writes entries chooses them, and memory has an end."""

MAX_VALUE = 200
"""Characters by which values are told apart, the last an ellipsis if there are more."""


class ActivityCounter:
    """Counts entries as they come."""

    def __init__(self, offset_at: OffsetAt) -> None:
        """`offset_at`: the zone by whose calendar days are told apart."""
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
        except ValueError:  # the first hours of the year 10000, by clocks east of Greenwich
            return None

    def activity(self) -> Activity:
        """What was counted so far."""
        days = tuple(sorted(self._days.items()))
        return Activity(days, self._untimed, self._users.ranking(), self._actions.ranking())


class _Ranks:
    """How often each value of a field came."""

    def __init__(self) -> None:
        self._counts: Counter[str | None] = Counter()
        self._others = 0

    def add(self, value: object) -> None:
        name = value if isinstance(value, str) else None
        if name is not None and len(name) > MAX_VALUE:
            name = f"{name[: MAX_VALUE - 1]}…"  # or it would look whole
        if name in self._counts or len(self._counts) < MAX_VALUES:
            self._counts[name] += 1
        else:
            self._others += 1

    def ranking(self) -> Ranking:
        ranked = sorted(self._counts.items(), key=lambda pair: (-pair[1], pair[0] is None, pair[0] or ""))
        rest = sum(count for _, count in ranked[RANKED:])
        return Ranking(tuple(ranked[:RANKED]), rest + self._others)


MAX_PROOFS = 100_000
"""How many lines have a proof of their own: it is a file of 1 kB, and a question can have millions."""

_MAX_SHOWN_BYTES = 4 << 20
"""Bytes of the lines that the report shows, for a browser must bear them; the first line is always shown."""


@dataclass
class Shown:
    """How many of the first lines the report shows, and their hash, each with its line feed."""

    count: int = 0
    _size: int = 0
    _is_full: bool = False
    _digest: Any = field(default_factory=sha256)

    def offer(self, line: bytes) -> None:
        """Show one more line, if there is room."""
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
    """What there is to tell of the entries, and which are to be proven: so many of the first."""

    activity: Activity
    shown: Shown
    wanted: Wanted


def gather(
    search: Search, offset_at: OffsetAt, max_proofs: int, lines_file: BinaryIO, rows_file: BinaryIO
) -> Gathered:
    """Write everything that is found into two files, as NDJSON and as CSV.

    Raises IntegrityError naming the object if an entry file is not what its statement says.
    """
    counter, shown, wanted = ActivityCounter(offset_at), Shown(), dict[int, dict[bytes, int]]()
    left = max_proofs
    rows_file.write(CSV.header)
    for place, lines in search.lines():
        lines_file.write(b"".join([line + b"\n" for line in lines]))
        rows_file.write(b"".join([CSV.render(line, place) for line in lines]))
        for line in lines:
            members = members_of(line)
            counter.add(members)
            shown.offer(line)
            if left:
                wanted.setdefault(place.epoch, {})[leaf_hash(line)] = members["id"]
                left -= 1
    return Gathered(counter.activity(), shown, wanted)
