"""Every hole explained: precedence, splitting, and each missing id in exactly one range."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.canonical import canonical_bytes
from audit_archive.format.entry import Entry, Receipt
from audit_archive.format.facts import Missing
from audit_archive.format.head import Head
from audit_archive.run.plan import explain_holes
from audit_archive.run.survey import Survey
from tests.support.batches import surveyed_whole
from tests.support.examples import examples

NEW = Head("c")


def survey_of(ids: set[int], head: Head = NEW) -> Survey:
    entries = (Entry(n, canonical_bytes({"id": n}), 0, 0) for n in sorted(ids))
    return surveyed_whole(entries, head, 0, 0)


def foreign(entry_id: int, before_id: int | None) -> Receipt:
    return Receipt(entry_id, before_id, 1, "mallory", None, None)


def explained(ids: set[int], head: Head = NEW, *receipts: Receipt) -> list[tuple[int, int, str, int | None]]:
    return [
        (m.first, m.last, m.cause, m.receipt_id) for m in explain_holes(survey_of(ids, head), head, receipts)
    ]


def test_a_dense_trail_has_none() -> None:
    assert explained({1, 2, 3}) == []
    assert explained(set()) == []


def test_below_the_first_id_ever_seen_and_above_it() -> None:
    assert explained({3, 6}) == [(1, 2, "before_archive", None), (4, 5, "unexplained", None)]


def test_once_something_is_archived_nothing_is_before_the_archive() -> None:
    assert explained({7}, replace(NEW, highest_archived_id=4)) == [(5, 6, "unexplained", None)]


def test_what_a_statement_listed_already_is_not_listed_again() -> None:
    assert explained({2, 9}, replace(NEW, highest_archived_id=8)) == []
    assert explained({2, 6}, replace(NEW, highest_archived_id=6)) == []


def test_one_gap_is_cut_where_its_cause_changes() -> None:
    head = replace(NEW, highest_archived_id=2, highest_purged_id=4)
    assert explained({12, 13, 14}, head, foreign(13, 6), foreign(14, 9)) == [
        (3, 4, "purged", None),
        (5, 6, "foreign_purge", 13),
        (7, 9, "foreign_purge", 14),
        (10, 11, "unexplained", None),
    ]


def test_ours_comes_before_theirs_and_theirs_before_the_archive() -> None:
    assert explained({10}, NEW, foreign(10, 5)) == [
        (1, 5, "foreign_purge", 10),
        (6, 9, "before_archive", None),
    ]
    head = replace(NEW, highest_purged_id=9)
    assert explained({10}, head, foreign(10, 5)) == [(1, 9, "purged", None)]


def test_the_earliest_receipt_that_reaches_so_far_owns_an_id() -> None:
    head = replace(NEW, highest_archived_id=1)
    assert explained({8, 9}, head, foreign(9, 7), foreign(8, 4)) == [
        (2, 4, "foreign_purge", 8),
        (5, 7, "foreign_purge", 9),
    ]
    assert explained({8, 9}, head, foreign(9, 4), foreign(8, 7)) == [(2, 7, "foreign_purge", 8)]


def test_a_receipt_that_names_no_id_explains_nothing() -> None:
    head = replace(NEW, highest_archived_id=1)
    assert explained({4}, head, foreign(4, None)) == [(2, 3, "unexplained", None)]


def test_a_receipt_explains_no_id_that_was_issued_after_it() -> None:
    head = replace(NEW, highest_archived_id=1)
    assert explained({4, 7}, head, foreign(4, 10**9)) == [
        (2, 3, "foreign_purge", 4),
        (5, 6, "unexplained", None),
    ]


def cause_of(missing_id: int, first: int, head: Head, receipts: list[Receipt]) -> tuple[str, int | None]:
    """The rule as it reads, for one id."""
    if missing_id <= head.highest_purged_id:
        return "purged", None
    for receipt in sorted(receipts, key=lambda r: r.entry_id):
        if missing_id <= (receipt.before_id or 0) and missing_id < receipt.entry_id:
            return "foreign_purge", receipt.entry_id
    if head.highest_archived_id == 0 and missing_id < first:
        return "before_archive", None
    return "unexplained", None


@examples(300)
@given(
    st.sets(st.integers(1, 25), min_size=1),
    st.integers(0, 12),
    st.integers(0, 15),
    st.lists(
        st.builds(foreign, st.integers(1, 25), st.none() | st.integers(1, 25)),
        max_size=3,
        unique_by=lambda r: r.entry_id,
    ),
)
def test_each_missing_id_is_listed_once_with_the_cause_that_the_rule_gives(
    ids: set[int], archived: int, purged: int, receipts: list[Receipt]
) -> None:
    head = replace(NEW, highest_archived_id=archived, highest_purged_id=purged)
    found = explain_holes(survey_of(ids, head), head, receipts)
    listed = {n: (m.cause, m.receipt_id) for m in found for n in range(m.first, m.last + 1)}
    assert sum(m.last - m.first + 1 for m in found) == len(listed)
    assert listed == {
        n: cause_of(n, min(ids), head, receipts) for n in range(archived + 1, max(ids)) if n not in ids
    }
    assert [m.first for m in found] == sorted(m.first for m in found)
    assert all(isinstance(m, Missing) for m in found)
