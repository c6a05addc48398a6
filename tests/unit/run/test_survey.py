"""One pass over an export, against oracles that look at all of it at once."""

from dataclasses import replace
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.errors import InvalidExportError
from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.entry import Entry, Mark, Receipt
from audit_archive.format.facts import EMPTY_SLICE, Anchor, Cause, SliceFacts
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.ids import id_set
from audit_archive.format.times import DAY
from audit_archive.run import survey
from audit_archive.run.survey import MAX_SLICE_DATES, MAX_SLICE_ENTRIES, Survey
from tests.support.batches import surveyed_whole
from tests.support.examples import examples

NOW = 1_795_413_600
CUTOFF = NOW - 3600
NOBODY = Head("c")


def entry(entry_id: int, seconds: int | None = NOW - DAY, marks: int = 0, **fields: object) -> Entry:
    return Entry(entry_id, canonical_bytes({"id": entry_id, **fields}), seconds, marks)


def receipt(entry_id: int, seconds: int | None, before_id: int = 1, count: int = 1) -> Entry:
    message = f"Successfully purged {count} logs before id:{before_id}"
    return entry(entry_id, seconds, Mark.RECEIPT, message=message, user="u", user_ip="i", timestamp="t")


def surveyed(entries: list[Entry], head: Head = NOBODY, now: int = NOW, cutoff: int = CUTOFF) -> Survey:
    return surveyed_whole(entries, head, now, cutoff)


@pytest.mark.parametrize(("entry_id", "is_inside"), [(2, False), (3, True), (9, True), (10, False)])
def test_a_slice_spans_its_ids(entry_id: int, is_inside: bool) -> None:
    assert SliceFacts(3, 9, 3).spans(entry_id) is is_inside
    assert not EMPTY_SLICE.spans(entry_id)


def test_an_empty_export() -> None:
    found = surveyed([])
    assert not found.ids
    assert (found.entry_count, found.new_count, found.slices) == (0, 0, (EMPTY_SLICE,))
    assert (found.aged_boundary, found.first_other_id, found.oldest_at, found.young_at) == (
        0,
        None,
        None,
        None,
    )


def test_counts_ids_and_days() -> None:
    found = surveyed([entry(3, None), entry(4, 5 * DAY + 7), entry(9)])
    assert (found.entry_count, found.first_id, found.last_id) == (3, 3, 9)
    assert found.ids == id_set([3, 4, 9])
    assert found.first_day == 5
    assert found.slices == (SliceFacts(3, 9, 3),)
    assert found.new_count == 3


def test_the_digest_of_the_lines_is_what_sha256sum_says_of_them() -> None:
    entries = [entry(3), entry(4, user="a"), entry(9)]
    lines = b"".join(each.line + b"\n" for each in entries)
    assert surveyed(entries).lines_sha256 == sha256(lines).hexdigest()
    assert surveyed([]).lines_sha256 == sha256(b"").hexdigest()
    assert surveyed(entries, replace(NOBODY, highest_archived_id=9)).lines_sha256 == sha256(lines).hexdigest()
    assert surveyed(entries[:2]).lines_sha256 != sha256(lines).hexdigest()


# ---------------------------------------------------------------------------- new entries and receipts


def test_new_is_above_the_watermark_or_inside_an_open_hole() -> None:
    head = replace(NOBODY, highest_archived_id=6, holes=(OpenHole(2, 3, Cause.UNEXPLAINED, 0),))
    found = surveyed([entry(1), entry(3), entry(4), entry(6), entry(7)], head)
    assert found.slices == (SliceFacts(3, 7, 2),)


def test_nothing_new_is_one_empty_slice() -> None:
    found = surveyed([entry(1), entry(2)], replace(NOBODY, highest_archived_id=2))
    assert (found.slices, found.new_count) == ((EMPTY_SLICE,), 0)


def test_receipts_among_the_new_entries_only() -> None:
    head = replace(NOBODY, highest_archived_id=2)
    lost = entry(5, NOW, Mark.RECEIPT | Mark.UNREADABLE_RECEIPT, message="?", user=7)
    found = surveyed([receipt(2, NOW), receipt(3, NOW, 17, 4), lost], head)
    assert found.receipts == (
        Receipt(3, 17, 4, "u", "i", "t"),
        Receipt(5, None, None, None, None, None),
    )
    assert found.unreadable_receipts == (5,)


def test_the_anchor_is_the_live_entry_at_the_heads_anchor() -> None:
    head = replace(NOBODY, highest_archived_id=2, anchor=Anchor(2, "x", "y"))
    assert surveyed([entry(1), entry(2, timestamp="a", action_type=None)], head).anchor == Anchor(
        2, "a", None
    )
    assert surveyed([entry(1), entry(3)], head).anchor is None
    assert surveyed([entry(1)]).anchor is None


# ---------------------------------------------------------------------------- ages

AGES = st.none() | st.sampled_from([NOW - 9 * DAY, CUTOFF - 1, CUTOFF, CUTOFF + 1, NOW, NOW + 1, NOW + DAY])
TRAILS = st.lists(st.tuples(AGES, st.booleans(), st.integers(1, 3)), max_size=14)


def trail(shape: list[tuple[int | None, bool, int]]) -> list[Entry]:
    """Entries of rising id with gaps; the flag makes a receipt."""
    entries, entry_id = [], 0
    for seconds, is_receipt, step in shape:
        entry_id += step
        entries.append(receipt(entry_id, seconds) if is_receipt else entry(entry_id, seconds))
    return entries


def age_of(entries: list[Entry], at: int) -> int | None:
    """When an entry happened at the latest: its own time, or that of the next above that has one."""
    for later in entries[at:]:
        if later.seconds is not None and later.seconds <= NOW:
            return later.seconds
    return None


@examples(200)
@given(TRAILS)
def test_the_aged_boundary_is_the_largest_id_up_to_which_every_entry_is_aged(
    shape: list[tuple[int | None, bool, int]],
) -> None:
    entries = trail(shape)
    expected = 0
    for at, each in enumerate(entries):
        age = age_of(entries, at)
        if age is None or age > CUTOFF:
            break
        expected = each.id
    assert surveyed(entries).aged_boundary == expected


@examples(200)
@given(TRAILS)
def test_when_the_first_entry_that_is_worth_a_purge_happened(
    shape: list[tuple[int | None, bool, int]],
) -> None:
    entries = trail(shape)
    found = surveyed(entries)
    others = [at for at, each in enumerate(entries) if not each.marks & Mark.RECEIPT]
    ages = [age_of(entries, at) for at in others]
    assert found.first_other_id == (entries[others[0]].id if others else None)
    oldest = ages[0] if ages else None
    assert found.oldest_at == (a_little_ahead(entries) if ages and oldest is None else oldest)
    assert found.young_at == waits_for(entries, found.aged_boundary)


def waits_for(entries: list[Entry], boundary: int) -> int | None:
    """The youngest of all that must be old before the next entry worth a purge can go."""
    youngest: int | None = None
    is_worth_it = False
    above = [each for each in entries if each.id > boundary]
    for each in above:
        is_worth_it = is_worth_it or not each.marks & Mark.RECEIPT
        if each.seconds is not None and each.seconds <= NOW:
            youngest = max(each.seconds, youngest or 0)
            if is_worth_it:
                return youngest
    return a_little_ahead(entries) if is_worth_it else None


def a_little_ahead(entries: list[Entry]) -> int | None:
    """The latest time within a day from now, of the entries above the last with a readable one."""
    ahead: list[int] = []
    for each in entries:
        if each.seconds is not None and each.seconds <= NOW:
            ahead.clear()
        elif each.seconds is not None and each.seconds <= NOW + DAY:
            ahead.append(each.seconds)
    return max(ahead, default=None)


def test_a_future_timestamp_counts_as_its_younger_readable_neighbours() -> None:
    assert surveyed([entry(1, NOW + 1), entry(2, CUTOFF)]).aged_boundary == 2
    assert surveyed([entry(1, CUTOFF), entry(2, NOW + 1), entry(3, CUTOFF + 1)]).aged_boundary == 1
    assert surveyed([entry(1, NOW - DAY), entry(2, NOW + 1)]).aged_boundary == 1


def test_without_any_readable_neighbour_it_holds() -> None:
    found = surveyed([entry(1, None), entry(2, None)])
    assert (found.aged_boundary, found.oldest_at, found.young_at) == (0, None, None)


def test_without_any_but_a_future_one_it_waits_for_that() -> None:
    found = surveyed([entry(1, None), entry(2, NOW + 9), entry(3, NOW + 1)])
    assert (found.aged_boundary, found.oldest_at, found.young_at) == (0, NOW + 9, NOW + 9)


# ---------------------------------------------------------------------------- slices


def days_of(entries: list[Entry]) -> int:
    return len({each.seconds // DAY for each in entries if each.seconds is not None})


def assert_slices_cover(entries: list[Entry], head: Head = NOBODY) -> tuple[SliceFacts, ...]:
    """Every new entry in exactly one slice, in order, each within the limits."""
    slices = surveyed(entries, head).slices
    open_ids = head.open_ids
    new = [e for e in entries if e.id > head.highest_archived_id or e.id in open_ids]
    at = 0
    for part in slices:
        inside = new[at : at + part.count]
        assert (part.first_id, part.last_id) == (inside[0].id, inside[-1].id)
        assert [e.id for e in new if part.spans(e.id)] == [e.id for e in inside]
        assert days_of(inside) <= MAX_SLICE_DATES
        assert part.count <= MAX_SLICE_ENTRIES
        at += part.count
    assert at == len(new)
    return slices


@pytest.mark.parametrize(
    ("days", "counts"),
    [(400, [400]), (401, [400, 1]), (800, [400, 400]), (801, [400, 400, 1])],
)
def test_a_slice_covers_at_most_400_dates(days: int, counts: list[int]) -> None:
    slices = assert_slices_cover([entry(day, day * DAY) for day in range(1, days + 1)])
    assert [part.count for part in slices] == counts


def test_many_entries_of_the_same_400_dates_are_one_slice_in_any_order() -> None:
    entries = [entry(number, number % 400 * DAY) for number in range(1, 2001)]
    assert len(assert_slices_cover(entries)) == 1


@examples(30)
@given(st.integers(1, 1200), st.integers(1, 5), st.integers(0, 700), st.randoms(use_true_random=False))
def test_every_new_entry_is_in_exactly_one_slice(
    count: int, step: int, archived: int, random: Random
) -> None:
    entries = [
        entry(number * step, None if random.random() < 0.1 else number * DAY)
        for number in range(1, count + 1)
    ]
    hole = (OpenHole(step, 3 * step, Cause.UNEXPLAINED, 0),) if archived > 3 * step else ()
    head = replace(NOBODY, highest_archived_id=min(archived, count * step - 1), holes=hole)
    assert_slices_cover(entries, head)


def test_a_slice_covers_at_most_a_million_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_SLICE_ENTRIES == 1_000_000
    monkeypatch.setattr(survey, "MAX_SLICE_ENTRIES", 1000)
    slices = surveyed([entry(number) for number in range(1, 1002)]).slices
    assert slices == (SliceFacts(1, 1000, 1000), SliceFacts(1001, 1001, 1))


def test_more_ranges_or_receipts_than_memory_can_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(survey, "MAX_RANGES", 3)
    monkeypatch.setattr(survey, "MAX_RECEIPTS", 2)
    assert surveyed([entry(n) for n in (1, 2, 4, 6, 7)]).ids.size == 5
    with pytest.raises(InvalidExportError, match="ids up to 9 lie in more than 3 ranges"):
        surveyed([entry(n) for n in (1, 2, 4, 6, 9)])
    assert len(surveyed([receipt(n, None) for n in (1, 2)]).receipts) == 2
    with pytest.raises(InvalidExportError, match="more than 2 new purge receipts"):
        surveyed([receipt(n, None) for n in (1, 2, 3)])
    known = replace(NOBODY, highest_archived_id=2)
    assert len(surveyed([receipt(n, None) for n in (1, 2, 3)], known).receipts) == 1
