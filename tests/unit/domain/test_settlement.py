"""How an intent ended, for every kind of answer and receipt."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_archive.domain.entry import Receipt
from audit_archive.domain.head import Intent
from audit_archive.domain.settlement import Settlement, settle_answered, settle_unanswered

INTENT = Intent(seq=4, boundary=50, expected_count=30, export_last_id=60)


def receipt(entry_id: int, before_id: int | None, count: int | None) -> Receipt:
    return Receipt(entry_id, before_id, count, None, None, None)


OURS = receipt(61, 50, 30)


@pytest.mark.parametrize(
    ("receipts", "expected"),
    [
        ([], Settlement("unknown", None, None)),
        ([OURS], Settlement("confirmed", 30, 61)),
        ([receipt(61, 50, 12)], Settlement("confirmed", 12, 61)),
        ([receipt(61, 50, 31)], Settlement("unknown", None, None)),
        ([receipt(61, 49, 30)], Settlement("unknown", None, None)),
        ([receipt(60, 50, 30)], Settlement("unknown", None, None)),
        ([receipt(61, None, None)], Settlement("unknown", None, None)),
        ([receipt(63, 50, 1), receipt(62, 50, 30), receipt(61, 50, 31)], Settlement("confirmed", 30, 62)),
    ],
)
def test_without_an_answer_only_the_receipt_tells(receipts: list[Receipt], expected: Settlement) -> None:
    assert settle_unanswered(INTENT, receipts) == expected


@pytest.mark.parametrize(
    ("reported", "receipts", "expected"),
    [
        (30, [OURS], Settlement("confirmed", 30, 61)),
        (30, [], Settlement("unconfirmed", 30, None)),
        (12, [receipt(61, 50, 12)], Settlement("confirmed", 12, 61)),
        (12, [OURS], Settlement("unconfirmed", 12, None)),  # that receipt is of another purge
        (31, [], Settlement("mismatch", 31, None)),
        (31, [receipt(61, 50, 31)], Settlement("mismatch", 31, 61)),
        (31, [OURS], Settlement("mismatch", 31, None)),
        (None, [], Settlement("unconfirmed", None, None)),
        (None, [OURS], Settlement("confirmed", 30, 61)),
        (None, [receipt(61, 50, 31)], Settlement("mismatch", 31, 61)),
        (None, [receipt(61, 49, 30)], Settlement("unconfirmed", None, None)),
        (None, [receipt(60, 50, 30)], Settlement("unconfirmed", None, None)),
        (0, [receipt(61, 50, 0)], Settlement("confirmed", 0, 61)),
        (0, [], Settlement("unconfirmed", 0, None)),
        (30, [receipt(62, 50, 30), receipt(61, 50, 30)], Settlement("confirmed", 30, 61)),
    ],
)
def test_with_an_answer(reported: int | None, receipts: list[Receipt], expected: Settlement) -> None:
    assert settle_answered(INTENT, reported, receipts) == expected


@settings(deadline=None)
@given(
    st.none() | st.integers(0, 60),
    st.lists(
        st.builds(
            receipt, st.integers(58, 64), st.sampled_from([None, 49, 50]), st.none() | st.integers(0, 60)
        ),
        unique_by=lambda r: r.entry_id,
    ),
)
def test_laws_of_an_answered_purge(reported: int | None, receipts: list[Receipt]) -> None:
    ended = settle_answered(INTENT, reported, receipts)
    assert ended.was_sent, "an answer means that the entries are gone"
    assert (ended.outcome == "mismatch") == ((ended.reported_count or 0) > INTENT.expected_count)
    if reported is not None:
        assert ended.reported_count == reported
    if ended.receipt_id is not None:
        (found,) = (r for r in receipts if r.entry_id == ended.receipt_id)
        assert found.before_id == INTENT.boundary
        assert found.entry_id > INTENT.export_last_id
        assert found.count == ended.reported_count
    if ended.outcome == "confirmed":
        assert ended.receipt_id is not None


@pytest.mark.parametrize(
    ("outcome", "was_sent"),
    [
        ("confirmed", True),
        ("unconfirmed", True),
        ("mismatch", True),
        ("not_sent", False),
        ("unknown", False),
        ("superseded", False),
    ],
)
def test_what_is_known_to_be_gone(outcome: str, was_sent: bool) -> None:
    assert Settlement(outcome, None, None).was_sent is was_sent
