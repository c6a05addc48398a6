"""Whose receipt is it? Every condition, alone and together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_archive.domain.entry import Receipt
from audit_archive.domain.head import Head, Intent, KnownReceipt
from audit_archive.domain.receipts import is_receipt_of, match_receipts, receipt_of


def receipt(entry_id: int, before_id: int | None, count: int | None) -> Receipt:
    return Receipt(entry_id, before_id, count, "archiver", "192.0.2.7", None)


INTENT = Intent(seq=4, boundary=50, expected_count=30, export_last_id=60)


@pytest.mark.parametrize(
    ("found", "is_ours"),
    [
        (receipt(61, 50, 30), True),
        (receipt(61, 50, 29), True),
        (receipt(61, 50, 0), True),
        (receipt(999, 50, 30), True),
        (receipt(61, 50, 31), False),  # destroyed more than was planned: a bigger purge of the same id
        (receipt(61, 49, 30), False),
        (receipt(61, 51, 30), False),
        (receipt(61, None, None), False),
        (receipt(61, 50, None), False),
        (receipt(60, 50, 30), False),  # it was in the export already
        (receipt(51, 50, 30), False),
    ],
)
def test_the_receipt_of_an_intent_whose_answer_nobody_read(found: Receipt, is_ours: bool) -> None:
    assert is_receipt_of(found, INTENT) is is_ours


@pytest.mark.parametrize(("count", "is_ours"), [(30, False), (28, False), (29, True), (None, False)])
def test_a_late_receipt_must_say_what_the_answer_said(count: int | None, is_ours: bool) -> None:
    answered = Intent(4, 50, 30, 60, is_open=False, reported_count=29)
    assert is_receipt_of(receipt(61, 50, count), answered) is is_ours


def test_after_a_mismatched_answer_the_receipt_may_say_as_much_as_the_answer() -> None:
    answered = Intent(4, 50, 30, 60, is_open=False, reported_count=40)
    assert is_receipt_of(receipt(61, 50, 40), answered)


def test_one_receipt_settles_one_intent_and_the_earliest_wins() -> None:
    head = Head("c", intents=(Intent(4, 50, 30, 60), Intent(6, 50, 30, 60), Intent(8, 70, 5, 80)))
    found = [receipt(63, 50, 3), receipt(61, 50, 30), receipt(62, 50, 31), receipt(64, 50, 3)]
    assert match_receipts(found, head) == {61: 4, 63: 6}


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


@settings(deadline=None)
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
    assert all(is_receipt_of(by_id[entry_id], by_seq[seq]) for entry_id, seq in fresh.items())
    left = [i for i in intents if i.seq not in fresh.values()]
    assert not any(is_receipt_of(r, i) for r in receipts for i in left if r.entry_id not in ours)
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
