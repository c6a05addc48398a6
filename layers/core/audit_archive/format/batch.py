"""Entries as columns: the unit that flows from an export's reader to the tree and the entry files.

A call for each entry costs more than what it does. So entries come in batches of some hundred, and what is
asked of them is asked of a whole column at once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from operator import attrgetter, itemgetter
from typing import TypeVar, cast

from audit_archive.format.entry import Entry
from audit_archive.format.times import DAY

D = TypeVar("D")


@dataclass(frozen=True)
class Batch:
    """Some entries: the columns of `Entry`, in one order.

    `text` is the lines, each with its line feed. No line holds another one, because it is canonical JSON.
    """

    ids: Sequence[int]
    text: bytes
    seconds: Sequence[int | None]
    marks: bytes

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Batch":
        """The batch of some entries, in their order. Raises ValueError for a line with a line feed."""
        rows = tuple(entries)
        ids, lines, seconds, marks = zip(*rows, strict=True) if rows else ((), (), (), ())
        text = text_of_lines(lines)
        if text.count(b"\n") != len(lines):
            raise ValueError("the line of an entry holds a line feed: it is not canonical JSON")
        return cls(ids, text, seconds, bytes(marks))

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Entry]:
        """The entries, one by one."""
        rows = zip(self.ids, self.lines, self.seconds, self.marks, strict=True)
        return map(tuple.__new__, repeat(Entry), rows)

    @cached_property
    def lines(self) -> list[bytes]:
        """The lines without their line feeds."""
        lines = self.text.split(b"\n")
        lines.pop()
        return lines

    def marked(self, marks: int) -> list[int]:
        """The places of the entries with one of these `Mark` bits."""
        if not any(mark & marks for mark in set(self.marks)):  # so it is with most batches
            return []
        return [place for place, mark in enumerate(self.marks) if mark & marks]

    def entry(self, place: int) -> Entry:
        """The entry at a place."""
        return Entry(self.ids[place], self.lines[place], self.seconds[place], self.marks[place])

    @property
    def moments(self) -> tuple[int, int] | None:
        """When the first and the last entry happened; None if the time of one can't be read."""
        if None in self.seconds:
            return None
        seconds = cast("Sequence[int]", self.seconds)
        return min(seconds), max(seconds)

    def days(self, before: D) -> list[tuple[int | D, int, int]]:
        """The event days (days since 1970, UTC), in the order of the entries: from place, up to place.

        An entry without a readable time has the day of the entry before it; `before` is that of the first.
        """
        day: int | D = before
        if (moments := self.moments) is not None:
            day = moments[0] // DAY
            if day == moments[1] // DAY:  # so it is with most batches
                return [(day, 0, len(self))]
        found, start = list[tuple[int | D, int, int]](), 0
        for place, moment in enumerate(self.seconds):
            if moment is not None and moment // DAY != day:
                found += [(day, start, place)] if place > start else []
                day, start = moment // DAY, place
        return [*found, (day, start, len(self))]

    def backwards(self) -> "Batch":
        """The same entries in the opposite order."""
        return Batch(self.ids[::-1], text_of_lines(self.lines[::-1]), self.seconds[::-1], self.marks[::-1])

    def chosen(self, places: Sequence[int]) -> "Batch":
        """The entries at some places, at least one, in that order."""
        choose = itemgetter(*places) if len(places) > 1 else lambda column: (column[places[0]],)
        ids, lines, seconds, marks = map(choose, (self.ids, self.lines, self.seconds, self.marks))
        return Batch(ids, text_of_lines(lines), seconds, bytes(marks))

    def replaced(self, entries: Mapping[int, Entry]) -> "Batch":
        """The same entries, but others at some places."""
        ids, lines = list(self.ids), list(self.lines)
        seconds, marks = list(self.seconds), bytearray(self.marks)
        for place, entry in entries.items():
            ids[place], lines[place], seconds[place], marks[place] = entry
        return Batch(ids, text_of_lines(lines), seconds, bytes(marks))

    def part(self, start: int, stop: int) -> "Batch":
        """The entries at the places from `start` up to `stop`."""
        if start == 0 and stop == len(self):
            return self
        lines = text_of_lines(self.lines[start:stop])
        return Batch(self.ids[start:stop], lines, self.seconds[start:stop], self.marks[start:stop])


def text_of_lines(lines: Sequence[bytes]) -> bytes:
    """Lines, each with its line feed."""
    return b"\n".join((*lines, b""))


def put_together(batches: Sequence[Batch]) -> Batch:
    """The entries of one batch or more, in their order."""
    if len(batches) == 1:
        return batches[0]
    ids, seconds = (chain.from_iterable(map(attrgetter(name), batches)) for name in ("ids", "seconds"))
    text, marks = (b"".join(map(attrgetter(name), batches)) for name in ("text", "marks"))
    return Batch(list(ids), text, list(seconds), marks)
