"""Bookmarks, believed only if the bucket confirms them; and audits in several parts."""

from dataclasses import replace

import pytest

from audit_archive.audit.request import MOST_PARTS
from audit_archive.bookmark import Bookmark, BookmarkKind
from audit_archive.format.facts import Cause, LockMode
from audit_archive.format.head import Head, OpenHole
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.verdicts import Checked, Verdict, Verification, Why
from audit_archive.ports import Retention
from tests.support.attacker import Victim, blamed
from tests.support.fakes import FakeSigner
from tests.support.watch import Watch, long_world, skipped
from tests.support.world import CONSOLE, DAY

OTHER_HEADS = {
    "another id": lambda head: replace(head, highest_archived_id=head.highest_archived_id + 1),
    "a hole less": lambda head: replace(head, holes=head.holes[1:]),
    "a hole more": lambda head: replace(head, holes=(*head.holes, OpenHole(99, 99, Cause.UNEXPLAINED, 0))),
    "no key": lambda head: replace(head, public_key=None),
    "another number": lambda head: replace(head, seq=head.seq - 1),
    "another Console": lambda head: replace(head, console="5678efab"),
    "no statement": lambda head: replace(head, statement=None),
}


@pytest.fixture
def watch() -> Watch:
    """One cycle has passed, and the first share of the next one."""
    watch = Watch()
    watch.cycle()
    watch.day()
    assert watch.bookmark().head.holes
    return watch


# ------------------------------------------------------------------------------------------ who is believed


def test_an_audit_goes_on_from_the_bookmark(watch: Watch) -> None:
    """It judges the newest statement of the audit before once more: so there is always one to judge."""
    assert watch.bookmark().head.seq == watch.victim.head.seq - 1
    assert watch.day().chain_from == watch.victim.head.seq


@pytest.mark.parametrize("kind", [BookmarkKind.CHAIN, BookmarkKind.SHARE])
@pytest.mark.parametrize("change", OTHER_HEADS)
def test_a_bookmark_that_its_statement_does_not_confirm_counts_for_nothing(
    watch: Watch, kind: BookmarkKind, change: str
) -> None:
    """Then the walk begins at the first statement: more is checked, not less, and nothing is a fault."""
    bookmark = watch.bookmark(kind)
    other = OTHER_HEADS[change](bookmark.head)
    if other == bookmark.head:
        pytest.skip("this bookmark has none")
    watch.notes.save_bookmark(CONSOLE, kind, replace(bookmark, head=other))
    found = watch.day()
    assert (found.faults, found.unexpectedly_unchecked) == ((), 0)
    if kind == BookmarkKind.CHAIN:
        assert (found.chain_from, found.checked[Checked.STATEMENTS]) == (1, 8)
    else:
        assert found.checked[Checked.STATEMENTS] == 1 + watch.rotation.next_seq - 1


@pytest.mark.parametrize("lost", ["the bookmarks", "the rotation"])
def test_lost_notes_mean_an_audit_of_the_whole(watch: Watch, lost: str) -> None:
    if lost == "the bookmarks":
        watch.notes.bookmarks.clear()
    else:
        watch.notes.forget(CONSOLE)
    found = watch.day()
    assert (found.chain_from, found.checked[Checked.STATEMENTS], found.faults) == (1, 8, ())


def test_a_bookmark_beyond_what_the_ledger_names_counts_for_nothing(watch: Watch) -> None:
    """The ledger went back, and names another statement than the chain has: it is judged where it stands."""
    world, victim = watch.victim.world, watch.victim
    world.ledger.forget(CONSOLE)
    for seq in range(1, 7):
        victim.restore_ledger(seq)
        head = victim.head
        if seq == 6 and head.statement is not None:
            head = replace(head, statement=replace(head.statement, sha256="0" * 64))
        world.ledger.record(head, victim.statement(seq))
    expected, found = watch.whole(), watch.day()
    assert (found.chain_from, found.faults) == (1, expected.faults)
    assert (Verdict.FORKED, statement_key(CONSOLE, 6)) in blamed(found)


def test_a_bookmark_at_the_end_of_a_cut_chain_counts_for_nothing(watch: Watch) -> None:
    """Nobody could judge the signature of the newest statement from there."""
    watch.victim.truncate(7)
    expected, found = watch.whole(), watch.day()
    assert (found.chain_from, found.faults) == (1, expected.faults)
    assert blamed(found) == {(Verdict.MISSING, statement_key(CONSOLE, 8))}


def test_a_checkpoint_that_comes_late_is_looked_into_once() -> None:
    """A difference in the listing is a reason to walk the whole chain, and no fault."""
    watch = Watch()
    key = checkpoint_key(CONSOLE, 3)
    watch.cycle()
    watch.victim.store.add(key, watch.victim.store.history(key)[0])
    assert [watch.day().chain_from for _ in range(3)] == [1, 8, 8]
    assert watch.rotation.last_result == "valid"


def test_what_the_run_has_not_recorded_is_walked_again(watch: Watch) -> None:
    """Its checkpoint and its files may come later."""
    world = watch.victim.world
    watch.victim.restore_ledger(6)
    world.ledger.forget(CONSOLE)
    world.ledger.record(watch.victim.head, watch.victim.statement(6))
    world.clock.moment -= 5 * DAY  # as it was right after the run
    watch.day()
    assert watch.bookmark().head.seq == 5


@pytest.mark.parametrize("seconds", [0, 2 * DAY])
def test_the_lock_that_a_purge_needs_is_known_behind_a_bookmark(seconds: int) -> None:
    """It is stated by the archive statement of the same run, which lies before the bookmark."""
    watch = Watch(Victim(long_world(3, FakeSigner())))
    chain = watch.victim.world.chain()
    newest = chain[-1]
    assert newest.run.id == chain[-2].run.id, "a purge comes right after its archive statement"
    watch.day()
    key = statement_key(CONSOLE, newest.seq)
    lock = watch.victim.store.history(key)[0].retention
    assert lock is not None
    watch.victim.store.relock(key, Retention(LockMode.GOVERNANCE, lock.until - seconds))
    expected, found = watch.whole(), watch.day()
    assert found.faults == expected.faults
    assert bool(found.faults) == bool(seconds)


# ------------------------------------------------------------------------------------------ in several parts


def done(parts: list[Verification], what: Checked) -> int:
    return sum(part.checked.get(what, 0) for part in parts)


@pytest.mark.parametrize("left", [60.0, 75.0, 90.0])
def test_what_one_invocation_has_no_time_for_the_next_one_does(left: float) -> None:
    """From the first statement on: the chain, then the share, and each byte of it."""
    watch = Watch(Victim(long_world(20, FakeSigner())), days=2)
    count, whole = watch.victim.head.seq, watch.whole()
    watch.source.seconds, watch.left = 0.25, left
    parts = list[Verification]()
    for _ in range(2):
        reports = watch.invocations()
        assert [report.goes_on for report in reports] == [True] * (len(reports) - 1) + [False]
        assert [report.unchecked for report in reports] == [0] * len(reports)
        parts += [report.verification for report in reports]
        assert (parts[-1].continue_at, parts[-1].newest_seq) == (None, count)
        watch.victim.world.later(DAY)
    assert 2 < len(parts) < 2 * MOST_PARTS
    for what in (Checked.SLICES, Checked.ENTRIES, Checked.EXPORT_CONTENTS, Checked.FILE_CONTENTS):
        assert done(parts, what) >= whole.checked[what]
    assert all(part.is_valid for part in parts)
    assert (watch.rotation.next_seq, watch.rotation.share_last) == (count + 1, 0)


def test_a_doubt_about_a_chain_that_takes_several_invocations_is_settled_in_them() -> None:
    watch = Watch(Victim(long_world(40, FakeSigner())), days=1000)
    for _ in range(2):
        watch.day()
    key = checkpoint_key(CONSOLE, 3)
    watch.victim.store.add(key, watch.victim.store.history(key)[0])
    watch.source.seconds, watch.left = 0.25, 75.0
    share = watch.rotation.next_seq
    reports = watch.invocations()
    assert len(reports) > 2
    walked = [report.verification for report in reports]
    left = [skipped(each, Checked.STATEMENTS, Why.TIME) for each in walked]
    assert left == sorted(set(left), reverse=True)
    assert left[-1] == walked[-1].unexpectedly_unchecked == 0
    watch.victim.world.later(DAY)
    watch.source.seconds, watch.left = 0, 900.0
    assert watch.rotation.next_seq == share + 1, "the share is that of one day, however many parts there are"
    assert watch.day().chain_from == watch.victim.head.seq
    assert watch.bookmark(BookmarkKind.WHOLE).head.seq == 0


def test_a_walk_of_the_rest_of_the_chain_hides_no_fault_before_it() -> None:
    """What earlier invocations walked of the whole chain is not walked again: the other walks count, too."""
    watch = Watch(Victim(long_world(10)), days=5)
    for _ in range(2):
        watch.day()
    watch.notes.save_bookmark(CONSOLE, BookmarkKind.WHOLE, watch.bookmark())
    due = watch.rotation.next_seq
    watch.victim.store.relock(statement_key(CONSOLE, due), None)
    found = watch.day()
    assert [fault.seq for fault in found.faults] == [due]
    assert watch.day().chain_from == 1


def test_an_audit_that_does_not_come_on_asks_for_no_further_invocation() -> None:
    watch = Watch()
    watch.left = 29.0
    (report,) = watch.invocations()
    assert (report.goes_on, report.verification.continue_at) == (False, 1)
    assert report.verification.unexpectedly_unchecked > 0


def test_an_audit_has_so_many_parts_and_no_more() -> None:
    watch = Watch(Victim(long_world(8)), days=1)
    watch.source.seconds, watch.left = 0.5, 45.0
    assert watch.invocation(MOST_PARTS).goes_on is False
    assert not watch.is_going_on


def test_a_statement_is_not_passed_over_because_the_walk_before_it_took_the_time() -> None:
    watch = Watch(Victim(long_world(8)), days=1)
    watch.source.seconds, watch.left = 0.5, 60.0
    first, second = watch.invocation(), watch.invocation(2)
    assert (first.verification.continue_at, first.goes_on, first.unchecked) == (1, True, 0)
    assert second.verification.checked[Checked.EXPORT_CONTENTS] > 0
    assert second.verification.continue_at != 2


def test_if_the_bookmark_of_the_share_is_lost_the_walk_to_the_share_goes_on_over_invocations() -> None:
    """And no statement is passed over for the time that it takes."""
    watch = Watch(Victim(long_world(40)), days=2)
    watch.day()
    due = watch.rotation.next_seq
    del watch.notes.bookmarks[CONSOLE, BookmarkKind.SHARE]
    watch.source.seconds, watch.left = 0.25, 60.0
    reports = watch.invocations()
    walked = [report.verification for report in reports]
    assert [each.from_seq for each in walked[:2]] == [due, due]
    assert [report.unchecked for report in reports] == [0] * len(reports)
    assert walked[-1].continue_at is None
    assert done(walked, Checked.SLICES) >= 20


def test_a_statement_that_takes_a_whole_invocation_is_passed_over_at_the_second_try() -> None:
    watch = Watch(Victim(long_world(8)), days=1)
    watch.source.slow, watch.source.seconds = watch.victim.archives[0].export.key, 1000
    reports = watch.invocations()
    assert [(each.verification.continue_at, each.goes_on, each.unchecked) for each in reports] == [
        (1, True, 0),
        (2, True, 1),
        (None, False, 0),
    ]
    assert watch.rotation.stuck_at == 0


def test_a_fault_of_an_earlier_part_stays_open_in_the_later_ones() -> None:
    watch = Watch(Victim(long_world(20)), days=1)
    seq = watch.victim.archives[0].seq
    watch.victim.flip(watch.victim.archives[0].export.key)
    watch.source.seconds, watch.left = 0.25, 60.0
    reports = watch.invocations()
    assert sum(bool(report.verification.faults) for report in reports) < len(reports)
    assert (watch.rotation.last_result, watch.rotation.open_seqs) == ("faults", (seq,))


def test_an_empty_archive_has_no_bookmarks() -> None:
    watch = Watch(Victim(long_world(0)))
    assert [watch.day().newest_seq for _ in range(2)] == [0, 0]
    assert watch.notes.bookmarks == {}
    assert Bookmark(Head(CONSOLE)).listing == ""
