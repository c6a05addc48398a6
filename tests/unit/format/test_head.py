"""The head after each kind of statement and each outcome."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.format.decisions import LegalHold, Pause
from audit_archive.format.facts import (
    Action,
    Anchor,
    Cause,
    ExportFacts,
    HeldBackBy,
    IdSpan,
    LockMode,
    Missing,
    Mode,
    ObjectRef,
    PlanFacts,
    PopulationFacts,
    ReceiptSeen,
    Respelled,
    RunFacts,
    SliceFacts,
    Unexported,
)
from audit_archive.format.head import (
    MAX_UNSETTLED,
    Head,
    Hold,
    Intent,
    KnownReceipt,
    OpenHole,
    accepted_ids,
)
from audit_archive.format.ids import IdSet, id_set
from audit_archive.format.merkle import Tree
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, PurgeStatement, Statement
from audit_archive.format.times import from_rfc3339, rfc3339
from tests.support.rows import all_rows

NOW = 1_795_413_600
NOT_YET = HeldBackBy.NOT_YET_RECORDED
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
    holes=(OpenHole(5, 9, Cause.UNEXPLAINED, 100), OpenHole(15, 15, Cause.FOREIGN_PURGE, 200)),
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
            "k",
            "v",
            "00" * 32,
            1,
            LockMode.GOVERNANCE,
            rfc3339(NOW),
            rfc3339(NOW - 60),
            11,
            25,
            9,
            9,
            "00" * 32,
        ),
        "slice": SliceFacts(21, 25, 5),
        "entries": (),
        "missing": (),
        "filled": (),
        "receipts_seen": (),
        "drift": {},
        "plan": PlanFacts(Mode.ON, 3600, None, 0, HeldBackBy.SETTLE_WINDOW, None),
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
    after = BEFORE.after(
        archive(plan=PlanFacts(Mode.ON, 3600, None, 0, HeldBackBy.SETTLE_WINDOW, rfc3339(NOW + 5))), REF
    )
    assert after.anchor == Anchor(25, "now", None)
    assert after.next_due_at == NOW + 5
    assert BEFORE.after(archive(), REF).next_due_at is None
    assert after.is_latched is False


def test_archiving_lists_new_holes_but_not_those_of_our_own_purges() -> None:
    missing = (
        Missing(21, 21, Cause.PURGED, None),
        Missing(22, 22, Cause.FOREIGN_PURGE, 25),
        Missing(23, 23, Cause.BEFORE_ARCHIVE, None),
        Missing(24, 24, Cause.UNEXPLAINED, None),
    )
    after = BEFORE.after(archive(missing=missing), REF)
    assert after.holes == (
        *BEFORE.holes,
        OpenHole(22, 22, Cause.FOREIGN_PURGE, NOW - 60),
        OpenHole(23, 23, Cause.BEFORE_ARCHIVE, NOW - 60),
        OpenHole(24, 24, Cause.UNEXPLAINED, NOW - 60),
    )


def test_what_is_filled_is_no_hole_any_more_and_the_rest_keeps_its_age() -> None:
    after = BEFORE.after(archive(filled=(7, 15)), REF)
    assert after.holes == (OpenHole(5, 6, Cause.UNEXPLAINED, 100), OpenHole(8, 9, Cause.UNEXPLAINED, 100))
    assert after.open_ids == id_set([5, 6, 8, 9])
    assert BEFORE.open_ids == id_set([5, 6, 7, 8, 9, 15])


def test_what_is_filled_below_the_purged_watermark_is_late_until_it_is_purged() -> None:
    after = BEFORE.after(archive(filled=(7, 15)), REF)
    assert after.late_ids == (7,)
    # 6 and 9 are open holes still
    assert after.live_though_purged(id_set([4, 6, 7, 9, 10, 11])) == id_set([4, 10])
    assert after.after(purge("not_sent", boundary=9), REF).late_ids == (7,)
    assert after.after(purge("confirmed", boundary=6), REF).late_ids == (7,)
    assert after.after(purge("confirmed", boundary=7), REF).late_ids == ()


@pytest.mark.parametrize(
    ("mode", "boundary", "is_intent"),
    [(Mode.ON, 23, True), (Mode.ON, None, False), (Mode.DRY_RUN, 23, False), (Mode.OFF, None, False)],
)
def test_only_a_plan_in_mode_on_with_a_boundary_is_an_intent(
    mode: Mode, boundary: int | None, is_intent: bool
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
    hidden = (Missing(21, 21, Cause.UNEXPLAINED, None),)
    after = BEFORE.after(archive(missing=hidden), REF)
    assert after.receipts == BEFORE.receipts
    assert after.own_tail == ()
    assert after.after(archive(filled=(21,)), REF).receipts == ()


def test_only_so_many_intents_are_remembered_and_the_oldest_goes_first() -> None:
    old = tuple(Intent(n, n, 1, n, False) for n in range(1, MAX_UNSETTLED + 1))
    before = replace(BEFORE, intents=old)
    after = before.after(archive(plan=PlanFacts(Mode.ON, 3600, 23, 6, None, None)), REF)
    assert [intent.seq for intent in after.intents] == [*range(2, MAX_UNSETTLED + 1), 8]


@all_rows(
    ("outcome", "intents", "is_latched", "due"),
    [
        ("confirmed", (3,), False, 300),
        ("unconfirmed", (3,), False, 300),
        ("mismatch", (3,), True, 300),
        ("partial", (3,), False, NOW),
        ("not_sent", (3,), False, NOW),
        ("superseded", (3,), False, NOW),
        ("unknown", (3,), False, NOW),
    ],
)
def test_each_outcome_of_a_purge_with_its_receipt(
    outcome: str, intents: tuple[int, ...], is_latched: bool, due: int
) -> None:
    after = BEFORE.after(purge(outcome), REF)
    assert tuple(intent.seq for intent in after.intents) == intents
    assert after.open_intents == ()
    assert (after.is_latched, after.next_due_at) == (is_latched, due)
    assert (after.anchor, after.holes) == (BEFORE.anchor, BEFORE.holes)


@all_rows(
    ("outcome", "still_matches"),
    [
        ("unconfirmed", True),
        ("unknown", True),
        ("partial", True),
        ("mismatch", True),
        ("not_sent", False),
        ("superseded", False),
    ],
)
def test_without_a_receipt_an_intent_waits_for_it_unless_nothing_was_sent(
    outcome: str, still_matches: bool
) -> None:
    after = BEFORE.after(purge(outcome, receipt=None), REF)
    assert (7 in {intent.seq for intent in after.intents}) is still_matches
    assert after.open_intents == ()


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


@all_rows("outcome", ["confirmed", "unconfirmed", "partial", "not_sent", "unknown", "superseded"])
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


def test_an_epoch_starts_anew_but_for_the_tree_the_window_and_the_key() -> None:
    said = operator("epoch", epoch=3, highest_archived_id=0, highest_purged_id=0)
    full = replace(
        BEFORE,
        late_ids=(4,),
        is_latched=True,
        first_live_id=11,
        window=3600,
        public_key="key",
        live_count=4,
        count_offset=1,
        surveyed_at=NOW,
        history_up_to=9,
        hold=Hold(HeldBackBy.UNEXPLAINED_HOLE, 11, NOW),
        vanished=(IdSpan(11, 11),),
        respelled=(Respelled("k", "00", 14),),
        export=archive().export,
        pause=Pause(2, 5, "ann", "why", "r"),
        legal_holds=(LegalHold(2, 5, "ann", "why", "r", (IdSpan(1, 2),)),),
    )
    assert full.after(said, REF) == Head(
        console="c",
        epoch=3,
        seq=8,
        statement=REF,
        tree=TREE,
        window=3600,
        public_key="key",
        pause=full.pause,
        legal_holds=full.legal_holds,
        decided_at=from_rfc3339(said.run.started_at),
    )


def test_a_pause_lasts_until_its_end_and_the_first_one_counts() -> None:
    paused = BEFORE.after(operator("pause"), REF)
    assert paused.pause is not None
    assert paused.pause.who == operator("pause").who
    again = replace(operator("pause"), who="another")
    assert paused.after(again, REF).pause == paused.pause
    ended = paused.after(operator("end_pause"), REF)
    assert (ended.pause, ended.decided_at) == (None, ended.next_due_at)


def test_legal_holds_add_up_and_each_ends_by_itself() -> None:
    both = BEFORE
    for seq, held in ((8, (IdSpan(1, 8),)), (9, (IdSpan(2, 3), IdSpan(5, 5)))):
        both = both.after(replace(operator("legal_hold"), seq=seq, held=held), REF)
    assert [each.is_whole for each in both.legal_holds] == [True, False]
    left = both.after(replace(operator("end_legal_hold"), seq=10, released=8), REF)
    assert left.legal_holds == both.legal_holds[1:]


@all_rows("action", Action)
def test_the_hour_begins_with_each_decision_that_lets_purging_go_on(action: Action) -> None:
    holds = {Action.PAUSE, Action.LEGAL_HOLD, Action.END_LEGAL_HOLD}
    lets = action not in {Action.KEY, Action.BUNDLE_KEY, *holds}
    assert (BEFORE.after(operator(action), REF).decided_at is not None) == lets


# ---------------------------------------------------------------------------- what should be live


def same(ids: IdSet) -> IdSet:
    """The same ids in as few ranges as can be: holes that touch are one."""
    return IdSet.of(*ids.ranges)


def counted(counted: int | None, accounted: int, offset: int | None) -> PopulationFacts:
    return PopulationFacts(counted, accounted, offset, ())


@all_rows(
    ("population", "live", "offset"),
    [
        (counted(9, 9, 0), 9, 0),
        (counted(8, 8, 0), 9, 0),  # one more came before the export was served
        (counted(12, 9, 3), 12, 3),  # the pages show no more than the export: the Console counts so
        (counted(7, 9, -2), 7, -2),
        (counted(None, 9, 0), 9, 0),
        (counted(12, 9, None), None, None),  # `fetch` shows what the export lacks, or nobody could look
        (counted(None, 9, None), None, None),
    ],
)
def test_a_complete_export_says_how_many_entries_should_be_live(
    population: PopulationFacts, live: int | None, offset: int | None
) -> None:
    before = replace(BEFORE, live_count=77, count_offset=5)
    after = before.after(archive(population=population), REF)
    assert (after.live_count, after.count_offset, after.surveyed_at) == (live, offset, NOW)
    assert after.first_live_id == 11


@pytest.mark.parametrize(
    "change", [{"stale": Unexported(26, None)}, {"plan": PlanFacts(Mode.ON, 3600, None, 0, NOT_YET, None)}]
)
def test_an_export_that_is_stale_or_not_archived_to_its_end_says_nothing_of_it(
    change: dict[str, Any],
) -> None:
    before = replace(BEFORE, live_count=77, count_offset=5, surveyed_at=4, first_live_id=3)
    after = before.after(archive(**change), REF)
    assert (after.live_count, after.count_offset, after.surveyed_at, after.first_live_id) == (None, 5, 4, 3)


@all_rows(
    ("outcome", "reported", "live"),
    [
        ("confirmed", 8, 93),  # 8 less, its receipt more
        ("confirmed", 7, None),
        ("confirmed", None, None),
        ("unconfirmed", 8, None),
        ("mismatch", 9, None),
        ("partial", 3, None),
        ("unknown", None, None),
        ("superseded", None, None),
        ("not_sent", None, 100),
    ],
)
def test_how_many_should_be_live_after_a_purge_is_known_only_if_it_ended_as_planned(
    outcome: str, reported: int | None, live: int | None
) -> None:
    said = purge(outcome, reported_count=reported)
    assert replace(BEFORE, live_count=100).after(said, REF).live_count == live
    assert BEFORE.after(said, REF).live_count is None


# ---------------------------------------------------------------------------- holes and who accepts them


@all_rows(
    ("hole", "holds"),
    [
        (OpenHole(11, 12, Cause.UNEXPLAINED, 0), True),
        (OpenHole(11, 12, Cause.BEFORE_ARCHIVE, 0), True),
        (OpenHole(9, 11, Cause.UNEXPLAINED, 0), True),
        (OpenHole(9, 10, Cause.UNEXPLAINED, 0), False),  # crossed before
        (OpenHole(11, 12, Cause.FOREIGN_PURGE, 0), False),
        (OpenHole(11, 12, Cause.UNEXPLAINED, 0, is_accepted=True), False),
    ],
)
def test_what_neither_a_receipt_nor_an_operator_explains(hole: OpenHole, holds: bool) -> None:
    assert bool(replace(BEFORE, holes=(hole,)).unexplained) is holds


def test_an_accepted_range_stays_open_is_cut_where_it_ends_and_is_due_at_once() -> None:
    before = replace(
        BEFORE, holes=(OpenHole(5, 9, Cause.UNEXPLAINED, 100), OpenHole(15, 15, Cause.UNEXPLAINED, 200))
    )
    after = before.after(operator("accept", accepted=IdSpan(7, 8)), REF)
    assert after.holes == (
        OpenHole(5, 6, Cause.UNEXPLAINED, 100),
        OpenHole(7, 8, Cause.UNEXPLAINED, 100, is_accepted=True),
        OpenHole(9, 9, Cause.UNEXPLAINED, 100),
        OpenHole(15, 15, Cause.UNEXPLAINED, 200),
    )
    assert same(after.open_ids) == before.open_ids
    assert after.next_due_at == NOW
    more = after.after(operator("accept", accepted=IdSpan(5, 15)), REF)
    assert all(hole.is_accepted for hole in more.holes)
    assert same(more.open_ids) == before.open_ids


def test_an_entry_in_an_accepted_range_ends_every_acceptance() -> None:
    accepted = (
        OpenHole(5, 9, Cause.UNEXPLAINED, 100, True),
        OpenHole(15, 15, Cause.BEFORE_ARCHIVE, 200, True),
    )
    before = replace(BEFORE, holes=(*accepted, OpenHole(17, 18, Cause.UNEXPLAINED, 300)))
    after = before.after(archive(filled=(7,)), REF)
    assert [(hole.first, hole.last, hole.is_accepted) for hole in after.holes] == [
        (5, 6, False),
        (8, 9, False),
        (15, 15, False),
        (17, 18, False),
    ]
    other = before.after(archive(filled=(17,)), REF)
    assert [(hole.first, hole.is_accepted) for hole in other.holes] == [(5, True), (15, True), (18, False)]


@given(
    st.sets(st.integers(1, 20)),
    st.sets(st.integers(1, 20)),
    st.sets(st.integers(1, 20)),
)
def test_accepting_and_filling_lose_no_missing_id_and_make_none(
    missing: set[int], accepted: set[int], filled: set[int]
) -> None:
    head = replace(BEFORE, holes=tuple(OpenHole(n, n, Cause.UNEXPLAINED, n) for n in sorted(missing)))
    for each in accepted:
        head = head.after(operator("accept", accepted=IdSpan(each, each)), REF)
    assert same(accepted_ids(head.holes)) == id_set(missing & accepted)
    after = head.after(archive(filled=tuple(sorted(filled))), REF)
    assert same(after.open_ids) == id_set(missing - filled)
    is_refuted = bool(missing & accepted & filled)
    assert same(accepted_ids(after.holes)) == id_set(set() if is_refuted else missing & accepted)


# ---------------------------------------------------------------------------- what is held back, and gone


def held(reason: HeldBackBy | None, waiting_id: int | None) -> ArchiveStatement:
    return archive(plan=PlanFacts(Mode.ON, 3600, None, 0, reason, None, waiting_id))


def test_a_hold_is_as_old_as_its_reason_and_its_entry() -> None:
    known = Hold(HeldBackBy.UNEXPLAINED_HOLE, 11, 40)
    before = replace(BEFORE, hold=known)
    assert before.after(held(HeldBackBy.UNEXPLAINED_HOLE, 11), REF).hold == known
    assert before.after(held(HeldBackBy.UNEXPLAINED_HOLE, 12), REF).hold == Hold(
        HeldBackBy.UNEXPLAINED_HOLE, 12, NOW
    )
    assert before.after(held(HeldBackBy.ENDING_PROOF, 11), REF).hold == Hold(HeldBackBy.ENDING_PROOF, 11, NOW)
    assert before.after(held(None, None), REF).hold is None
    assert before.after(held(HeldBackBy.ONLY_RECEIPTS, None), REF).hold is None
    assert before.after(purge("not_sent"), REF).hold == known


def test_a_slice_that_others_follow_says_nothing_of_what_is_held_back() -> None:
    known = Hold(HeldBackBy.UNEXPLAINED_HOLE, 11, 40)
    assert replace(BEFORE, hold=known).after(held(NOT_YET, None), REF).hold == known


def test_what_vanished_is_remembered_while_it_could_come_alive_again() -> None:
    before = replace(BEFORE, vanished=(IdSpan(8, 12), IdSpan(14, 14)))
    after = before.after(archive(vanished=(IdSpan(16, 17),)), REF)
    assert after.vanished == (IdSpan(11, 12), IdSpan(14, 14), IdSpan(16, 17))  # 10 is purged, 11 is live
    assert after.after(purge("confirmed", highest_purged_id=16), REF).vanished == (IdSpan(17, 17),)


def test_a_late_entry_that_vanished_is_told_once() -> None:
    after = replace(BEFORE, late_ids=(4, 7)).after(archive(vanished=(IdSpan(4, 4), IdSpan(12, 12))), REF)
    assert after.late_ids == (7,)
    assert 4 not in after.archived_live


def test_what_vanished_below_the_first_live_entry_is_not_listed_for_ever() -> None:
    """A Console that drops its oldest entry a day would make the head grow by a range a day."""
    head = BEFORE
    for day in range(11, 20):
        export = replace(archive().export, first_id=day + 1)
        head = head.after(archive(export=export, vanished=(IdSpan(day, day),)), REF)
        assert len(head.vanished) <= 1
        assert head.archived_live == id_set(set(range(day + 1, 26)) - {15})


def test_respelled_files_are_remembered_until_they_are_purged_and_the_newest_spelling_counts() -> None:
    first, second = Respelled("a", "00", 14), Respelled("b", "00", 19)
    newer = Respelled("a", "11", 14)
    before = replace(BEFORE, respelled=(first, second))
    assert set(before.after(archive(respelled=(newer,)), REF).respelled) == {newer, second}
    assert before.after(purge("confirmed", highest_purged_id=14), REF).respelled == (second,)


def test_purges_that_the_first_export_shows_are_history_in_each_epoch() -> None:
    assert Head("c").is_history(10**9)
    first = Head("c").after(archive(seq=1, epoch=1), REF)
    assert (first.is_history(25), first.is_history(26)) == (True, False)
    later = first.after(archive(seq=2, epoch=1, export=replace(archive().export, last_id=40)), REF)
    assert (later.is_history(25), later.is_history(26)) == (True, False)
    anew = later.after(operator("epoch", seq=3, highest_archived_id=0, highest_purged_id=0), REF)
    assert anew.is_history(40)


def test_what_should_be_live_is_what_was_archived_and_is_not_gone() -> None:
    head = replace(BEFORE, first_live_id=12, late_ids=(3,), vanished=(IdSpan(17, 18),))
    assert head.archived_live == id_set({3, *range(12, 21)} - {15, 17, 18})
    assert replace(head, first_live_id=1).archived_live == id_set({3, *range(11, 21)} - {15, 17, 18})
    assert replace(head, highest_purged_id=20).archived_live == id_set({3})


def test_a_late_purge_of_the_same_boundary_may_destroy_what_was_archived_meanwhile() -> None:
    """Nobody knows whether the first was sent; a late id is archived; the second expects one more."""
    before = replace(BEFORE, intents=(Intent(3, 23, 5, 22, False), Intent(5, 22, 4, 22, False)))
    after = before.after(archive(plan=PlanFacts(Mode.ON, 3600, 23, 6, None, None)), REF)
    assert [(intent.seq, intent.expected_count) for intent in after.intents] == [(3, 6), (5, 4), (8, 6)]
    fewer = before.after(archive(plan=PlanFacts(Mode.ON, 3600, 23, 2, None, None)), REF)
    assert [(intent.seq, intent.expected_count) for intent in fewer.intents] == [(3, 5), (5, 4), (8, 2)]


def test_a_first_statement_follows_an_empty_head() -> None:
    said = archive(seq=1, epoch=1, previous=None, plan=PlanFacts(Mode.ON, 3600, 23, 6, None, None))
    after = Head("c").after(said, REF)
    assert (after.seq, after.intents) == (1, (Intent(1, 23, 6, 25),))
