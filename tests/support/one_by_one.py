"""What batches are made into, entry by entry: slow and simple, and what the product must equal.

It shares with the product what one entry is (`Entry`, `read_receipt`, `anchor_of`) and no loop.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from audit_archive.format.entry import Entry, Mark, anchor_of, read_receipt
from audit_archive.format.facts import EMPTY_SLICE, Anchor, SliceFacts
from audit_archive.format.head import Head
from audit_archive.format.ids import id_set
from audit_archive.format.times import DAY, utc_date
from audit_archive.run.survey import Ages, Days, Survey


class Limits(NamedTuple):
    """How many dates and entries a slice has at most."""

    dates: int
    entries: int


def survey(entries: list[Entry], head: Head, now: int, cutoff: int, limits: Limits) -> Survey:
    """The survey of entries, ascending by id."""
    ages, days = Ages(now, cutoff), Days(now)
    for entry in entries:
        ages.add(entry.id, entry.seconds, bool(entry.marks & Mark.RECEIPT))
        if entry.seconds is not None:
            days.add(entry.id, entry.seconds)
    new = [entry for entry in entries if _is_new(entry, head)]
    return Survey(
        entry_count=len(entries),
        lines_sha256=sha256(b"".join(entry.line + b"\n" for entry in entries)).hexdigest(),
        ids=id_set(entry.id for entry in entries),
        slices=tuple(_slices(entries, head, limits)),
        receipts=tuple(read_receipt(entry) for entry in new if entry.marks & Mark.RECEIPT),
        unreadable_receipts=tuple(entry.id for entry in new if entry.marks & Mark.UNREADABLE_RECEIPT),
        anchor=next((anchor_of(e) for e in entries if head.anchor and e.id == head.anchor.id), None),
        first_day=next((e.seconds // DAY for e in entries if e.seconds is not None), None),
        first_other_id=ages.first_other_id,
        aged_boundary=ages.boundary,
        oldest_at=ages.oldest_at,
        young_at=ages.young_at,
        days=days,
    )


def _is_new(entry: Entry, head: Head) -> bool:
    return entry.id > head.highest_archived_id or entry.id in head.open_ids


def _slices(entries: list[Entry], head: Head, limits: Limits) -> Iterator[SliceFacts]:
    part, held, day, is_any = list[int](), set[int | None](), None, False
    for entry in entries:
        day = entry.seconds // DAY if entry.seconds is not None else day
        if not _is_new(entry, head):
            continue
        if len(part) >= limits.entries or (len(held) >= limits.dates and day not in held):
            yield SliceFacts(part[0], part[-1], len(part))
            part, held, is_any = [], set(), True
        part.append(entry.id)
        held.add(day)
    if part or not is_any:
        yield SliceFacts(part[0], part[-1], len(part)) if part else EMPTY_SLICE


@dataclass
class Files:
    """What a slice is made into: the text and the ids of each date's file, its lines in order, and more."""

    texts: dict[str, bytes] = field(default_factory=dict)
    ids: dict[str, list[int]] = field(default_factory=dict)
    lines: list[bytes] = field(default_factory=list)
    filled: list[int] = field(default_factory=list)
    drift: Counter[str] = field(default_factory=Counter)
    anchor: Anchor | None = None


def files(
    entries: Iterable[Entry], head: Head, part: SliceFacts, first_day: int | None, served: int
) -> Files:
    """The entry files of a slice of entries, which ascend by id."""
    made, day = Files(anchor=head.anchor), first_day if first_day is not None else served // DAY
    for entry in entries:
        day = entry.seconds // DAY if entry.seconds is not None else day
        if not part.spans(entry.id) or not _is_new(entry, head):
            continue
        date = utc_date(day * DAY)
        made.texts[date] = made.texts.get(date, b"") + entry.line + b"\n"
        made.ids.setdefault(date, []).append(entry.id)
        made.lines.append(entry.line)
        made.drift.update(m.name.lower() for m in Mark if m.name and m & entry.marks & ~Mark.RECEIPT)
        if entry.id <= head.highest_archived_id:
            made.filled.append(entry.id)
        else:
            made.anchor = anchor_of(entry)
    return made
