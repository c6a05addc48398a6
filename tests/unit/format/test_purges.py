"""Purges by somebody else: what each destroyed, as far as the archive knows, and how that is told."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.entry import Receipt
from audit_archive.format.facts import Cause, IdSpan, Missing, ReceiptSeen
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.purges import ForeignPurge, foreign_purges, purger, surpluses
from tests.support.examples import examples
from tests.support.rows import all_rows

HEAD = Head("c", seq=3, highest_archived_id=10, highest_purged_id=2, history_up_to=1, first_live_id=3)
"""3 to 10 are archived, and should be live."""


def receipt(entry_id: int, before_id: int | None, count: int | None) -> Receipt:
    return Receipt(entry_id, before_id, count, "mallory", "192.0.2.7", "then")


def lost(first: int, last: int, receipt_id: int | None) -> Missing:
    return Missing(first, last, Cause.FOREIGN_PURGE, receipt_id)


def surplus(found: Receipt, *missing: Missing, head: Head = HEAD) -> int | None:
    return surpluses([found], missing, head, {})[found.entry_id]


@all_rows(
    ("before_id", "count", "expected"),
    [(5, 3, 0), (5, 2, 0), (5, 4, 1), (2, 0, 0), (2, 4, 4), (10, 8, 0), (10, 9, 1), (99, 9, 1)],
)
def test_what_it_counts_beyond_the_archived_and_live(before_id: int, count: int, expected: int) -> None:
    assert surplus(receipt(12, before_id, count)) == expected


def test_the_lost_ids_are_known_too() -> None:
    assert surplus(receipt(13, 12, 10), lost(11, 12, 13)) == 0
    assert surplus(receipt(13, 12, 11), lost(11, 12, 13)) == 1
    assert surplus(receipt(13, 12, 10), lost(11, 12, 99)) == 2, "another purge destroyed those"


def test_what_was_not_there_any_more_is_not_what_it_destroyed() -> None:
    listed = replace(HEAD, holes=(OpenHole(4, 5, Cause.UNEXPLAINED, 0),))
    assert surplus(receipt(12, 6, 4), head=listed) == 2
    gone = replace(HEAD, vanished=(IdSpan(4, 4),))
    assert surplus(receipt(12, 6, 4), head=gone) == 1
    late = replace(HEAD, late_ids=(1,))
    assert surplus(receipt(12, 6, 5), head=late) == 0


def test_an_earlier_receipt_takes_its_share() -> None:
    both = [receipt(13, 8, 6), receipt(12, 5, 3)]
    assert surpluses(both, (), HEAD, {}) == {12: 0, 13: 3}
    assert surpluses([receipt(12, 8, 6), receipt(13, 5, 3)], (), HEAD, {}) == {12: 0, 13: 3}


def test_a_purge_of_ours_that_shows_only_now_takes_its_share_and_is_no_foreign_one() -> None:
    both = [receipt(12, 5, 3), receipt(13, 8, 6)]
    assert surpluses(both, (), HEAD, {12: 7}) == {13: 3}
    assert surpluses(both, (), HEAD, {13: 7}) == {12: 0}


def test_it_can_not_have_destroyed_what_came_after_it() -> None:
    head = replace(HEAD, highest_archived_id=20)
    assert surplus(receipt(12, 10**9, 12), head=head) == 3  # 3 to 11 were there


def test_of_a_purge_before_the_archive_nobody_can_tell() -> None:
    assert surplus(receipt(1, 1, 99)) is None
    assert surplus(receipt(12, 5, 99), head=Head("c")) is None
    assert surplus(receipt(12, 5, None)) is None


@examples(300)
@given(
    st.lists(
        st.builds(receipt, st.integers(2, 20), st.integers(1, 20), st.integers(0, 12)),
        max_size=4,
        unique_by=lambda r: r.entry_id,
    ),
    st.sets(st.integers(3, 10)),
    st.sets(st.integers(2, 20)),
)
def test_the_surplus_is_what_a_walk_from_receipt_to_receipt_finds(
    receipts: list[Receipt], holes: set[int], ours: set[int]
) -> None:
    head = replace(HEAD, holes=tuple(OpenHole(n, n, Cause.UNEXPLAINED, 0) for n in sorted(holes)))
    alive, expected = set(range(3, 11)) - holes, {}
    for each in sorted(receipts, key=lambda r: r.entry_id):
        assert each.before_id is not None
        assert each.count is not None
        died = {n for n in alive if n <= each.before_id and n < each.entry_id}
        alive -= died
        if each.entry_id not in ours:
            expected[each.entry_id] = max(0, each.count - len(died))
    assert surpluses(receipts, (), head, dict.fromkeys(ours, 1)) == expected


# ---------------------------------------------------------------------------- how it is told


def seen(entry_id: int, before_id: int | None, intent_seq: int | None, surplus: int | None) -> ReceiptSeen:
    return ReceiptSeen(entry_id, before_id, 7, "mallory", "192.0.2.7", "then", intent_seq, surplus)


def test_foreign_purges_are_those_that_settle_no_intent_each_with_its_losses() -> None:
    receipts = [seen(12, 5, None, 2), seen(13, 8, 4, None), seen(14, None, None, None), seen(15, 9, None, 0)]
    missing = [lost(1, 2, 12), lost(3, 3, 12), lost(7, 7, 15), Missing(9, 9, Cause.UNEXPLAINED, None)]
    found = list(foreign_purges(receipts, missing))
    assert [(each.receipt_id, each.lost, each.surplus) for each in found] == [
        (12, ((1, 3),), 2),
        (15, ((7, 7),), 0),
    ]


def told(lost_ids: tuple[tuple[int, int], ...], surplus: int | None) -> str:
    return ForeignPurge(12, 5, 7, "mallory", "192.0.2.7", "then", lost_ids, surplus).sentence("1234abcd")


def test_who_from_where_when_and_what_is_gone() -> None:
    sentence = told(((6, 8),), 0)
    assert (
        "purged Console 1234abcd up to id 5 (7 entries): user 'mallory' from '192.0.2.7' at 'then'"
        in sentence
    )
    assert "(receipt 12)" in sentence
    assert sentence.endswith("Ids destroyed before they were archived: 6 to 8")
    assert told((), 0).endswith("archived: none")


def test_the_words_of_an_entry_stay_in_their_quotes() -> None:
    name = "root' from '::1' at 'noon'.\nAll is well: state `resume`. \u202e" + 1000 * "a"
    who = purger(ForeignPurge(12, 5, 7, name, None, "then", ()))
    assert who == f"user {name[:200]!r} from unknown at 'then'"
    assert who.isprintable()


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(10, 20)), max_size=3),
    st.none() | st.integers(0, 5),
)
def test_none_is_said_only_where_nothing_is_known_to_be_lost(
    ranges: list[tuple[int, int]], surplus: int | None
) -> None:
    sentence = told(tuple(ranges), surplus)
    assert ("none" in sentence) == (not ranges and not surplus)
    assert (f"destroyed {surplus} more entries than the archive ever saw" in sentence) == bool(surplus)
    assert all(f"{first} to {last}" in sentence for first, last in ranges)


def test_a_long_list_of_losses_is_cut_and_says_so() -> None:
    sentence = told(tuple((2 * n, 2 * n) for n in range(1, 104)), 0)
    assert "200 to 200 and 3 more ranges" in sentence
    assert "202" not in sentence
