"""Whose receipt is it? Every condition, alone and together."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.entry import Receipt
from audit_archive.format.head import Head, Intent, KnownReceipt
from audit_archive.format.purges import reach_of
from audit_archive.run.receipts import is_receipt_of, match_receipts, most_expected, receipt_among, receipt_of
from tests.support.rows import all_rows


def receipt(entry_id: int, before_id: int | None, count: int | None) -> Receipt:
    return Receipt(entry_id, before_id, count, "archiver", "192.0.2.7", None)


INTENT = Intent(seq=4, boundary=50, expected_count=30, export_last_id=60)


@all_rows(
    ("found", "is_ours"),
    [
        (receipt(61, 50, 30), True),
        (receipt(61, 50, 29), True),
        (receipt(61, 50, 0), True),
        (receipt(999, 50, 30), True),
        (receipt(61, 50, 31), True),  # a mismatch, whoever purged: entries died
        (receipt(61, 49, 30), False),
        (receipt(61, 51, 30), False),
        (receipt(61, None, None), False),
        (receipt(60, 50, 30), False),  # it was in the export already
        (receipt(51, 50, 30), False),
    ],
)
def test_a_receipt_is_ours_by_its_boundary_and_its_place_whatever_it_counts(
    found: Receipt, is_ours: bool
) -> None:
    assert is_receipt_of(found, INTENT) is is_ours
    assert (receipt_among([found], INTENT, None) == found) is is_ours


def test_of_several_receipts_the_one_that_counts_as_the_answer_did_settles_an_intent_else_the_first() -> None:
    found = [receipt(63, 50, 29), receipt(62, 50, 31), receipt(61, 49, 29), receipt(64, 50, 29)]
    for answered, entry_id in ((29, 63), (31, 62), (7, 62), (None, 62)):
        among = receipt_among(found, INTENT, answered)
        assert among is not None
        assert among.entry_id == entry_id
    assert receipt_among(found[2:3], INTENT, 29) is None


def test_one_receipt_settles_one_intent_and_the_earliest_wins() -> None:
    head = Head("c", intents=(Intent(4, 50, 30, 60), Intent(6, 50, 30, 60), Intent(8, 70, 5, 80)))
    found = [receipt(63, 50, 3), receipt(61, 50, 30), receipt(62, 50, 31), receipt(64, 50, 3)]
    assert match_receipts(found, head) == {61: 4, 62: 6}


def test_a_late_receipt_that_says_what_the_answer_said_comes_before_an_earlier_one() -> None:
    answered = Intent(4, 50, 30, 60, is_open=False, reported_count=29)
    found = [receipt(61, 50, 30), receipt(62, 50, 29)]
    assert match_receipts(found, Head("c", intents=(answered,))) == {62: 4}
    assert match_receipts(found[:1], Head("c", intents=(answered,))) == {61: 4}


def test_a_receipt_that_can_not_be_read_is_taken_for_that_of_a_purge_which_still_waits() -> None:
    waiting = Head("c", intents=(Intent(4, 50, 30, 60), Intent(6, 70, 5, 80)))
    assert match_receipts([receipt(61, None, None)], waiting) == {61: 4}
    assert match_receipts([receipt(60, None, None)], waiting) == {}
    assert match_receipts([receipt(61, 50, 30), receipt(62, None, None)], waiting) == {61: 4}
    assert match_receipts([receipt(61, 50, 30), receipt(81, None, None)], waiting) == {61: 4, 81: 6}
    assert match_receipts([receipt(61, None, None)], Head("c")) == {}


def test_the_most_that_a_purge_of_ours_may_have_destroyed() -> None:
    intents = (Intent(2, 50, 33, 55), INTENT, Intent(6, 51, 99, 60))
    assert most_expected(receipt(61, 50, 1), intents) == 33
    assert most_expected(receipt(60, 50, 1), intents) == 33
    assert most_expected(receipt(61, 50, 1), intents[1:]) == 30
    assert most_expected(receipt(55, 50, 1), intents) == 0


@pytest.mark.parametrize(
    ("entry_id", "before_id", "reach"), [(9, 5, 5), (9, 9, 8), (9, 10**9, 8), (9, None, 0), (1, 1, 0)]
)
def test_a_purge_reaches_no_further_than_its_own_receipt(
    entry_id: int, before_id: int | None, reach: int
) -> None:
    assert reach_of(receipt(entry_id, before_id, 1)) == reach


def test_an_unknown_intent_is_matched_late() -> None:
    head = Head("c", intents=(Intent(4, 50, 30, 60, is_open=False),))
    assert match_receipts([receipt(90, 50, 30)], head) == {90: 4}


def test_a_receipt_that_a_statement_named_stays_what_it_is_and_takes_no_other_intent() -> None:
    head = Head("c", intents=(Intent(6, 50, 30, 60),), receipts=(KnownReceipt(61, 4, 40),))
    assert match_receipts([receipt(61, 40, 30), receipt(62, 50, 30)], head) == {61: 4, 62: 6}
    assert match_receipts([], head) == {}


def test_another_receipt_at_the_id_of_a_known_one_is_not_taken_for_it() -> None:
    """On a Console set up anew, somebody else's purge may land on the very id of one of ours."""
    head = Head("c", receipts=(KnownReceipt(61, 4, 40),))
    assert match_receipts([receipt(61, 41, 30)], head) == {}


def test_without_intents_nothing_is_ours() -> None:
    assert match_receipts([receipt(61, 50, 30)], Head("c")) == {}


RECEIPTS = st.builds(
    receipt, st.integers(1, 12), st.none() | st.integers(1, 4), st.none() | st.integers(0, 3)
)
INTENTS = st.builds(
    Intent,
    seq=st.integers(1, 9),
    boundary=st.integers(1, 4),
    expected_count=st.integers(0, 3),
    export_last_id=st.integers(1, 10),
    is_open=st.booleans(),
    reported_count=st.none() | st.integers(0, 3),
)


@given(
    st.lists(RECEIPTS, unique_by=lambda r: r.entry_id, max_size=8),
    st.lists(INTENTS, unique_by=lambda i: i.seq, max_size=5),
    st.lists(
        st.builds(KnownReceipt, st.integers(1, 12), st.integers(20, 25), st.integers(1, 4)),
        unique_by=lambda k: k.entry_id,
    ),
)
def test_matching_is_one_to_one_and_complete(
    receipts: list[Receipt], intents: list[Intent], known: list[KnownReceipt]
) -> None:
    head = Head("c", intents=tuple(intents), receipts=tuple(known))
    ours = match_receipts(receipts, head)
    seen = {(r.entry_id, r.before_id) for r in receipts}
    said = {k.entry_id: k.intent_seq for k in known if (k.entry_id, k.boundary) in seen}
    fresh = {entry_id: seq for entry_id, seq in ours.items() if entry_id not in said}
    by_id, by_seq = {r.entry_id: r for r in receipts}, {i.seq: i for i in intents}
    assert said.items() <= ours.items()
    assert len(set(fresh.values())) == len(fresh)
    for entry_id, seq in fresh.items():
        found, intent = by_id[entry_id], by_seq[seq]
        assert found.before_id in {None, intent.boundary}
        assert found.entry_id > intent.export_last_id
    left = [i for i in intents if i.seq not in fresh.values()]
    free = [r for r in receipts if r.entry_id not in ours]
    assert not any(is_receipt_of(r, i) for r in free for i in left)
    assert not any(r.before_id is None and r.entry_id > i.export_last_id for r in free for i in left)
    # the order in which they come changes nothing
    assert match_receipts(reversed(receipts), head) == ours


def test_a_receipt_as_fetch_gives_it() -> None:
    fields = {
        "id": 73,
        "message": "Successfully purged 72 logs before id:72",
        "user": "a@example.com",
        "user_ip": "192.0.2.7",
        "timestamp": "2020-04-03 12:56:42 UTC+0000",
        "flock_id": None,
    }
    assert receipt_of(fields) == Receipt(
        73, 72, 72, "a@example.com", "192.0.2.7", "2020-04-03 12:56:42 UTC+0000"
    )
    bare = {"id": 73, "message": None, "user": 7, "user_ip": ["x"], "timestamp": None}
    assert receipt_of(bare) == Receipt(73, None, None, None, None, None)
    assert receipt_of({"id": 73}) == Receipt(73, None, None, None, None, None)
