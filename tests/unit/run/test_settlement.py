"""How an intent ended, for every kind of answer and receipt."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.entry import Receipt
from audit_archive.format.facts import PurgeOutcome
from audit_archive.format.head import Intent
from audit_archive.format.purges import mismatch_sentence
from audit_archive.run.receipts import Settlement, settle_intent
from tests.support.rows import all_rows

INTENT = Intent(seq=4, boundary=50, expected_count=30, export_last_id=60)
EARLIER = Intent(seq=2, boundary=50, expected_count=33, export_last_id=55, is_open=False)


def receipt(entry_id: int, before_id: int | None, count: int | None) -> Receipt:
    return Receipt(entry_id, before_id, count, None, None, None)


OURS = receipt(61, 50, 30)


def settled(answer: int | None, *receipts: Receipt, earlier: tuple[Intent, ...] = ()) -> Settlement:
    """The end where an answer came, with a count that could be read or not."""
    return settle_intent((*earlier, INTENT), INTENT, receipts, is_answered=True, answered=answer)


def unanswered(*receipts: Receipt) -> Settlement:
    return settle_intent((INTENT,), INTENT, receipts, is_answered=False, answered=None)


@all_rows(
    ("receipts", "expected"),
    [
        ([], Settlement(PurgeOutcome.UNKNOWN, None, None)),
        ([OURS], Settlement(PurgeOutcome.CONFIRMED, 30, 61)),
        ([receipt(61, 50, 12)], Settlement(PurgeOutcome.CONFIRMED, 12, 61)),
        ([receipt(61, 50, 31)], Settlement(PurgeOutcome.MISMATCH, 31, 61)),  # entries died, whoever purged
        ([receipt(61, 49, 31)], Settlement(PurgeOutcome.UNKNOWN, None, None)),
        ([receipt(60, 50, 31)], Settlement(PurgeOutcome.UNKNOWN, None, None)),
        ([receipt(61, None, None)], Settlement(PurgeOutcome.UNKNOWN, None, None)),
        ([receipt(63, 50, 1), receipt(62, 50, 30)], Settlement(PurgeOutcome.CONFIRMED, 30, 62)),
        ([receipt(62, 50, 30), receipt(61, 50, 31)], Settlement(PurgeOutcome.MISMATCH, 31, 61)),
    ],
)
def test_without_an_answer_only_the_receipt_tells(receipts: list[Receipt], expected: Settlement) -> None:
    assert unanswered(*receipts) == expected


@all_rows(
    ("answer", "receipts", "expected"),
    [
        (30, [OURS], Settlement(PurgeOutcome.CONFIRMED, 30, 61)),
        (30, [], Settlement(PurgeOutcome.UNCONFIRMED, 30, None)),
        (12, [receipt(61, 50, 12)], Settlement(PurgeOutcome.CONFIRMED, 12, 61)),
        (12, [OURS], Settlement(PurgeOutcome.CONFIRMED, 30, 61)),  # the larger counts
        (30, [receipt(61, 50, 12)], Settlement(PurgeOutcome.CONFIRMED, 30, 61)),
        (31, [], Settlement(PurgeOutcome.MISMATCH, 31, None)),
        (31, [receipt(61, 50, 31)], Settlement(PurgeOutcome.MISMATCH, 31, 61)),
        (31, [OURS], Settlement(PurgeOutcome.MISMATCH, 31, 61)),
        (30, [receipt(61, 50, 31)], Settlement(PurgeOutcome.MISMATCH, 31, 61)),  # the answer understates
        (None, [], Settlement(PurgeOutcome.UNCONFIRMED, None, None)),
        (None, [OURS], Settlement(PurgeOutcome.CONFIRMED, 30, 61)),
        (None, [receipt(61, 50, 31)], Settlement(PurgeOutcome.MISMATCH, 31, 61)),
        (None, [receipt(61, 49, 31)], Settlement(PurgeOutcome.UNCONFIRMED, None, None)),
        (None, [receipt(60, 50, 31)], Settlement(PurgeOutcome.UNCONFIRMED, None, None)),
        (0, [receipt(61, 50, 0)], Settlement(PurgeOutcome.CONFIRMED, 0, 61)),
        (0, [], Settlement(PurgeOutcome.UNCONFIRMED, 0, None)),
        (30, [receipt(62, 50, 30), receipt(61, 50, 30)], Settlement(PurgeOutcome.CONFIRMED, 30, 61)),
        (0, [receipt(61, 50, 30), receipt(62, 50, 0)], Settlement(PurgeOutcome.CONFIRMED, 0, 62)),
    ],
)
def test_with_an_answer(answer: int | None, receipts: list[Receipt], expected: Settlement) -> None:
    assert settled(answer, *receipts) == expected


def test_the_purge_of_an_earlier_intent_may_be_carried_out_late_and_destroy_as_much_as_that_one() -> None:
    late = receipt(61, 50, 33)
    assert settled(None, late).outcome == "mismatch"
    assert settled(None, late, earlier=(EARLIER,)) == Settlement(PurgeOutcome.CONFIRMED, 33, 61)
    assert settled(None, receipt(61, 50, 34), earlier=(EARLIER,)).outcome == "mismatch"
    assert settled(None, late, earlier=(replace(EARLIER, boundary=49),)).outcome == "mismatch"
    assert settled(None, late, earlier=(replace(EARLIER, export_last_id=61),)).outcome == "mismatch"


@given(
    st.booleans(),
    st.none() | st.integers(0, 60),
    st.lists(
        st.builds(
            receipt, st.integers(58, 64), st.sampled_from([None, 49, 50]), st.none() | st.integers(0, 60)
        ),
        unique_by=lambda r: r.entry_id,
    ),
)
def test_laws_of_every_end(is_answered: bool, count: int | None, receipts: list[Receipt]) -> None:
    answer = count if is_answered else None
    ended = settle_intent((INTENT,), INTENT, receipts, is_answered=is_answered, answered=answer)
    candidates = [r for r in receipts if r.before_id == 50 and r.entry_id > 60]
    assert (ended.receipt_id is not None) == bool(candidates)
    taken = next((r for r in candidates if r.entry_id == ended.receipt_id), None)
    counts = [c for c in (answer, taken.count if taken else None) if c is not None]
    assert ended.reported_count == (max(counts) if counts else None)
    assert (ended.outcome == "mismatch") == any(c > INTENT.expected_count for c in counts)
    assert (ended.outcome == "unknown") == (not is_answered and not candidates)
    if taken is not None and taken.count != answer:
        assert taken.entry_id == min(r.entry_id for r in candidates)
        assert answer is None or answer not in {r.count for r in candidates}
    # the order in which the receipts come changes nothing
    again = settle_intent((INTENT,), INTENT, receipts[::-1], is_answered=is_answered, answered=answer)
    assert again == ended


@all_rows(
    ("outcome", "was_sent"),
    [
        (PurgeOutcome.CONFIRMED, True),
        (PurgeOutcome.UNCONFIRMED, True),
        (PurgeOutcome.MISMATCH, True),
        (PurgeOutcome.PARTIAL, True),
        (PurgeOutcome.NOT_SENT, False),
        (PurgeOutcome.UNKNOWN, False),
        (PurgeOutcome.SUPERSEDED, False),
    ],
)
def test_what_is_known_to_be_gone(outcome: PurgeOutcome, was_sent: bool) -> None:
    assert Settlement(outcome, None, None).was_sent is was_sent


def test_a_mismatch_is_told_with_both_counts_and_the_way_out() -> None:
    sentence = mismatch_sentence("1234abcd", 50, 30, 33)
    assert "1234abcd says that it purged 33 entries up to 50, but only 30 were archived" in sentence
    assert sentence.endswith("`canary-audit resume 1234abcd`")
