"""The head after each kind of statement and each outcome."""

from dataclasses import replace
from typing import Any

import pytest

from audit_archive.domain.facts import (
    Anchor,
    ExportFacts,
    Missing,
    ObjectRef,
    PlanFacts,
    PopulationFacts,
    ReceiptSeen,
    RunFacts,
    SliceFacts,
)
from audit_archive.domain.head import MAX_UNSETTLED, Head, Hole, Intent, KnownReceipt
from audit_archive.domain.ranges import id_set
from audit_archive.domain.statement import ArchiveStatement, OperatorStatement, PurgeStatement, Statement
from audit_archive.domain.times import rfc3339
from audit_archive.domain.tree import Tree

NOW = 1_795_413_600
REF = ObjectRef("statements/console=c/0000000008.json", "v8", "88" * 32)
TREE = Tree(3, "aa" * 32, ("bb" * 32, "cc" * 32))
BEFORE = Head(
    console="c",
    epoch=2,
    seq=7,
    statement=ObjectRef("statements/console=c/0000000007.json", "v7", "77" * 32),
    tree=Tree(1, "dd" * 32, ("dd" * 32,)),
    highest_archived_id=20,
    highest_purged_id=10,
    anchor=Anchor(20, "then", "user_login"),
    holes=(Hole(5, 9, "unexplained", 100), Hole(15, 15, "foreign_purge", 200)),
    intents=(Intent(3, 8, 8, 12, False), Intent(7, 18, 8, 20)),
    receipts=(KnownReceipt(21, 3, 8),),
    next_due_at=300,
)


def common(head: Head = BEFORE) -> dict[str, Any]:
    return {
        "console": "c",
        "epoch": 2,
        "seq": head.seq + 1,
        "previous": head.statement,
        "run": RunFacts("r", "0.1.0", rfc3339(NOW), "somebody", None),
        "tree": TREE,
        "highest_archived_id": 25,
        "highest_purged_id": 10,
    }


def archive(**fields: Any) -> ArchiveStatement:
    facts: dict[str, Any] = {
        **common(),
        "export": ExportFacts(
            "k", "v", "00" * 32, 1, "GOVERNANCE", rfc3339(NOW), rfc3339(NOW - 60), 11, 25, 9, 9, "00" * 32
        ),
        "slice": SliceFacts(21, 25, 5),
        "entries": (),
        "missing": (),
        "filled": (),
        "receipts_seen": (),
        "drift": {},
        "plan": PlanFacts("on", 3600, None, 0, "settle_window", None),
        "anchor": Anchor(25, "now", None),
        "covered_until": rfc3339(NOW - 60),
        "population": PopulationFacts(9, 9, 0, ()),
    }
    return ArchiveStatement(**facts | fields)


def purge(outcome: str, **fields: Any) -> PurgeStatement:
    facts: dict[str, Any] = {
        **common(),
        "highest_archived_id": 20,
        "highest_purged_id": 18,
        "intent_seq": 7,
        "boundary": 18,
        "expected_count": 8,
        "reported_count": 8,
        "answer": "8 logs purged successfully",
        "receipt": {"id": 22},
        "outcome": outcome,
    }
    return PurgeStatement(**facts | fields)


def operator(action: str, **fields: Any) -> OperatorStatement:
    facts = {"action": action, "who": "w", "reason": "r", "public_key": None}
    return OperatorStatement(**common() | facts | fields)


@pytest.mark.parametrize("said", [archive(), purge("confirmed"), operator("key")])
def test_every_statement_moves_the_head_onto_itself(said: Statement) -> None:
    after = BEFORE.after(said, REF)
    assert (after.console, after.epoch, after.seq, after.statement, after.tree) == ("c", 2, 8, REF, TREE)
    assert (after.highest_archived_id, after.highest_purged_id) == (
        said.highest_archived_id,
        said.highest_purged_id,
    )


def test_archiving_remembers_anchor_and_due_time() -> None:
    after = BEFORE.after(archive(plan=PlanFacts("on", 3600, None, 0, "settle_window", rfc3339(NOW + 5))), REF)
    assert after.anchor == Anchor(25, "now", None)
    assert after.next_due_at == NOW + 5
    assert BEFORE.after(archive(), REF).next_due_at is None
    assert after.is_latched is False


def test_archiving_lists_new_holes_but_not_those_of_our_own_purges() -> None:
    missing = (
        Missing(21, 21, "purged", None),
        Missing(22, 22, "foreign_purge", 25),
        Missing(23, 23, "before_archive", None),
        Missing(24, 24, "unexplained", None),
    )
    after = BEFORE.after(archive(missing=missing), REF)
    assert after.holes == (
        *BEFORE.holes,
        Hole(22, 22, "foreign_purge", NOW - 60),
        Hole(23, 23, "before_archive", NOW - 60),
        Hole(24, 24, "unexplained", NOW - 60),
    )


def test_what_is_filled_is_no_hole_any_more_and_the_rest_keeps_its_age() -> None:
    after = BEFORE.after(archive(filled=(7, 15)), REF)
    assert after.holes == (Hole(5, 6, "unexplained", 100), Hole(8, 9, "unexplained", 100))
    assert after.open_ids == id_set([5, 6, 8, 9])
    assert BEFORE.open_ids == id_set([5, 6, 7, 8, 9, 15])


def test_what_is_filled_below_the_purged_watermark_is_late_until_it_is_purged() -> None:
    after = BEFORE.after(archive(filled=(7, 15)), REF)
    assert after.late_ids == (7,)
    assert after.risen(id_set([4, 6, 7, 9, 10, 11])) == id_set([4, 10])  # 6 and 9 are open holes still
    assert after.after(purge("not_sent", boundary=9), REF).late_ids == (7,)
    assert after.after(purge("confirmed", boundary=6), REF).late_ids == (7,)
    assert after.after(purge("confirmed", boundary=7), REF).late_ids == ()


@pytest.mark.parametrize(
    ("mode", "boundary", "is_intent"),
    [("on", 23, True), ("on", None, False), ("dry-run", 23, False), ("off", None, False)],
)
def test_only_a_plan_in_mode_on_with_a_boundary_is_an_intent(
    mode: str, boundary: int | None, is_intent: bool
) -> None:
    after = BEFORE.after(archive(plan=PlanFacts(mode, 3600, boundary, 6, None, None)), REF)
    added = (Intent(8, 23, 6, 25, True, None),) if is_intent else ()
    assert after.intents == BEFORE.intents + added


def test_a_receipt_that_was_seen_settles_its_intent_for_good() -> None:
    seen = (
        ReceiptSeen(21, 8, 8, "u", "i", "t", 3),
        ReceiptSeen(22, 4, 1, "u", "i", "t", None),
    )
    after = BEFORE.after(archive(receipts_seen=seen), REF)
    assert [intent.seq for intent in after.intents] == [7]


def test_a_receipt_is_known_until_it_is_archived() -> None:
    before = replace(BEFORE, receipts=(KnownReceipt(21, 3, 8), KnownReceipt(26, 7, 18)))
    assert before.after(archive(), REF).receipts == (KnownReceipt(26, 7, 18),)


def test_a_receipt_that_an_export_did_not_show_is_still_known() -> None:
    hidden = (Missing(21, 21, "unexplained", None),)
    after = BEFORE.after(archive(missing=hidden), REF)
    assert after.receipts == BEFORE.receipts
    assert after.own_tail == ()
    assert after.after(archive(filled=(21,)), REF).receipts == ()


def test_only_so_many_intents_are_remembered_and_the_oldest_goes_first() -> None:
    old = tuple(Intent(n, n, 1, n, False) for n in range(1, MAX_UNSETTLED + 1))
    before = replace(BEFORE, intents=old)
    after = before.after(archive(plan=PlanFacts("on", 3600, 23, 6, None, None)), REF)
    assert [intent.seq for intent in after.intents] == [*range(2, MAX_UNSETTLED + 1), 8]


@pytest.mark.parametrize(
    ("outcome", "intents", "is_latched", "due"),
    [
        ("confirmed", (3,), False, 300),
        ("unconfirmed", (3, 7), False, 300),
        ("mismatch", (3,), True, 300),
        ("not_sent", (3,), False, NOW),
        ("superseded", (3,), False, NOW),
        ("unknown", (3, 7), False, NOW),
    ],
)
def test_each_outcome_of_a_purge(outcome: str, intents: tuple[int, ...], is_latched: bool, due: int) -> None:
    after = BEFORE.after(purge(outcome), REF)
    assert tuple(intent.seq for intent in after.intents) == intents
    assert after.open_intents == ()
    assert (after.is_latched, after.next_due_at) == (is_latched, due)
    assert (after.anchor, after.holes) == (BEFORE.anchor, BEFORE.holes)


def test_an_intent_that_may_still_find_its_receipt_remembers_what_was_reported() -> None:
    after = BEFORE.after(purge("unconfirmed", reported_count=6, receipt=None), REF)
    assert after.intents[1] == Intent(7, 18, 8, 20, False, 6)
    after = BEFORE.after(purge("unknown", reported_count=None, receipt=None), REF)
    assert after.intents[1] == Intent(7, 18, 8, 20, False, None)


def test_a_purge_leaves_other_intents_as_they_are() -> None:
    before = replace(BEFORE, intents=(Intent(3, 8, 8, 12), Intent(7, 18, 8, 20)))
    after = before.after(purge("confirmed"), REF)
    assert after.intents == (Intent(3, 8, 8, 12),)
    assert after.open_intents == after.intents


def test_a_receipt_is_remembered_if_it_is_not_archived_yet() -> None:
    assert BEFORE.after(purge("confirmed"), REF).receipts == (*BEFORE.receipts, KnownReceipt(22, 7, 18))
    archived_already = purge("confirmed", receipt={"id": 20})
    assert BEFORE.after(archived_already, REF).receipts == BEFORE.receipts
    assert BEFORE.after(purge("unconfirmed", receipt=None), REF).receipts == BEFORE.receipts


@pytest.mark.parametrize("outcome", ["confirmed", "unconfirmed", "not_sent", "unknown", "superseded"])
def test_a_latch_stays_whatever_comes_but_a_resume(outcome: str) -> None:
    latched = replace(BEFORE, is_latched=True)
    assert latched.after(purge(outcome), REF).is_latched
    assert latched.after(archive(), REF).is_latched
    assert latched.after(operator("key"), REF).is_latched
    assert latched.after(operator("rebuild"), REF).is_latched


def test_resume_unlatches_and_makes_what_is_archived_due_at_once() -> None:
    after = replace(BEFORE, is_latched=True, next_due_at=None).after(operator("resume"), REF)
    assert (after.is_latched, after.next_due_at) == (False, NOW)
    assert (after.intents, after.holes, after.anchor) == (BEFORE.intents, BEFORE.holes, BEFORE.anchor)


def test_an_epoch_starts_anew_but_for_the_tree() -> None:
    said = operator("epoch", epoch=3, highest_archived_id=0, highest_purged_id=0)
    after = replace(BEFORE, is_latched=True).after(said, REF)
    assert after == Head(console="c", epoch=3, seq=8, statement=REF, tree=TREE)


def test_a_first_statement_follows_an_empty_head() -> None:
    said = archive(seq=1, epoch=1, previous=None, plan=PlanFacts("on", 3600, 23, 6, None, None))
    after = Head("c").after(said, REF)
    assert (after.seq, after.intents) == (1, (Intent(1, 23, 6, 25),))
