"""The daily audit finds what an audit of the whole would find, and reads less for it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit_archive.audit.listing import Listing
from audit_archive.bookmark import BookmarkKind
from audit_archive.format.facts import Action
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.verdicts import Checked, Verdict, Why
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from tests.support.archives import archives
from tests.support.attacker import Victim, blamed
from tests.support.examples import examples
from tests.support.fakes import FakeSigner
from tests.support.watch import Watch, long_world, skipped
from tests.support.world import CONSOLE, DAY, World

# ------------------------------------------------------------------------------------------ what it costs


def test_without_news_an_audit_reads_as_much_of_a_long_chain_as_of_a_short_one() -> None:
    """But for its share, which is the chain by the days of the cycle."""
    requests = {}
    for days in (8, 40):
        watch = Watch(Victim(long_world(days)), days=1_000)
        watch.day()
        watch.source.chain_requests()
        watch.day()
        requests[days] = watch.source.chain_requests()
    assert requests[8] == requests[40] < 20


def test_a_cycle_walks_the_whole_chain_again_and_each_day_a_part_of_it() -> None:
    watch = Watch(Victim(long_world(20)), days=5)
    count = watch.victim.head.seq
    first, *rest = watch.cycle()
    assert (first.chain_from, first.checked[Checked.STATEMENTS]) == (1, count)
    assert f"contents of statements 1 to {first.to_seq} only: no fault" in first.summary
    walked = sum(found.checked[Checked.STATEMENTS] for found in rest)
    assert count * 4 // 5 < walked <= count * 4 // 5 + 2 * len(rest)
    for found in rest:
        earlier = skipped(found, Checked.STATEMENTS, Why.EARLIER)
        assert earlier + found.checked[Checked.STATEMENTS] == count
        assert found.chain_from > 1
        assert f"walked from statement {found.chain_from} on" in found.summary
        assert f"contents of statements {found.from_seq} to {found.to_seq} only: no fault" in found.summary
        assert (found.faults, found.unexpectedly_unchecked, found.coverage) == ((), 0, first.coverage)
        assert found.newest_sha256 == first.newest_sha256


# ------------------------------------------------------------------------------------------ no false alarm


@given(st.data())
@settings(examples(25), suppress_health_check=[HealthCheck.too_slow])
def test_of_a_healthy_archive_that_grows_no_day_tells_a_fault(data: st.DataObject) -> None:
    """Holes, late ids, epochs, foreign purges, keys that begin or change."""
    world = data.draw(archives())
    watch = Watch(Victim(world), days=3)
    watch.daily = replace(watch.daily, trusted_keys=())
    known = 0
    for _ in range(5):
        found = watch.day()
        assert (found.faults, found.unexpectedly_unchecked) == ((), 0)
        assert found.coverage == watch.whole().coverage
        assert found.chain_from == max(1, known)
        known = found.newest_seq
        _grow(data, world)
    assert watch.alerts.published == []


def _grow(data: st.DataObject, world: World) -> None:
    """What a day may bring."""
    kinds = st.sampled_from(["entry", "hole", "late", "key", "epoch", "purge"])
    for kind in data.draw(st.lists(kinds, max_size=3)):
        match kind:
            case "entry":
                world.aged(2)
            case "hole":
                world.trail.skip()
                world.aged(1)
            case "late" if world.head.holes and world.trail.ids:
                lowest = world.head.holes[0].first
                if lowest not in world.trail.ids and world.trail.ids[0] < lowest:
                    world.trail.put(lowest)
            case "key":
                world.signer = FakeSigner()
            case "epoch" if world.head.statement is not None:
                world.trail.reset()
                world.aged(1)
                state_decision(world.bound(), OperatorRequest(CONSOLE, Action.EPOCH, "eve", "replaced"))
            case "purge" if world.trail.ids:
                world.trail.purge(world.trail.last_id)
    world.run()


# ------------------------------------------------------------------------------------------ what it finds


Deed = Callable[[Victim, str], object]
OVERNIGHT: dict[str, Deed] = {
    "removed": lambda victim, key: victim.lose(key),
    "hidden": lambda victim, key: victim.store.mark_deleted(key),
    "put again": lambda victim, key: victim.put(key, victim.store.data(key)),
    "replaced": lambda victim, key: victim.replace(key, victim.store.data(key)),
}


@pytest.mark.parametrize(
    ("deed", "seq"),
    [
        pytest.param(deed, seq, marks=() if deed == "removed" or seq == 8 else pytest.mark.wide)
        for seq in (1, 2, 3, 4, 7, 8)
        for deed in OVERNIGHT
    ],
)
def test_the_next_audit_tells_what_became_of_an_old_statement_or_checkpoint(deed: str, seq: int) -> None:
    """The listing shows it, whichever part of the chain is due."""
    for key in (statement_key(CONSOLE, seq), checkpoint_key(CONSOLE, seq)):
        watch = Watch()
        watch.cycle()
        OVERNIGHT[deed](watch.victim, key)
        expected, found = watch.whole(), watch.day()
        assert found.faults == expected.faults
        assert found.chain_from == 1 or (seq == watch.victim.head.seq and not expected.faults)


@given(st.data())
@settings(examples(30), suppress_health_check=[HealthCheck.too_slow])
def test_whatever_becomes_of_an_object_a_cycle_finds_it(data: st.DataObject) -> None:
    """One bit, one version, one lock or one marker, on any day of a cycle, at any place."""
    watch = Watch()
    for _ in range(data.draw(st.integers(1, 5))):
        watch.day()
    victim = watch.victim
    key = data.draw(st.sampled_from(sorted(set(victim.store.all_keys()))))
    match data.draw(st.sampled_from(["flip", "unlock", *OVERNIGHT])):
        case "flip":
            victim.flip(key, data.draw(st.floats(0, 1)))
        case "unlock":
            victim.store.relock(key, None)
        case deed:
            OVERNIGHT[deed](victim, key)
    expected = blamed(watch.whole())
    assert blamed(watch.cycle()[-1]) == expected


@pytest.mark.parametrize("lost", [(4,), (4, 5, 6, 7), (3, 4)])
def test_a_share_that_ends_in_a_gap_tells_the_gap(lost: tuple[int, ...]) -> None:
    """Also if nothing but the share would show it."""
    watch = Watch(Victim(long_world(6)), days=3)
    watch.day()
    watch.victim.lose(*(statement_key(CONSOLE, seq) for seq in lost))
    bookmark = watch.bookmark()
    listing = Listing(watch.victim.store, CONSOLE).up_to(bookmark.head.seq)
    watch.notes.save_bookmark(CONSOLE, BookmarkKind.CHAIN, replace(bookmark, listing=listing))
    watch.notes.save(CONSOLE, replace(watch.rotation, next_seq=3, share_last=4))
    expected, found = watch.whole(), watch.invocation(2).verification
    assert found.to_seq == 4
    assert found.faults == expected.faults


# ------------------------------------------------------------------------------------------ what stays open


def test_a_fault_stays_open_until_it_is_looked_at_again_and_well() -> None:
    watch = Watch()
    watch.cycle()
    key = watch.victim.archives[1].export.key
    watch.victim.flip(key)
    assert [len(found.faults) for found in watch.cycle()][-1] == 1
    seq = watch.victim.archives[1].seq
    assert (watch.rotation.open_seqs, watch.rotation.last_result) == ((seq,), "faults")
    watch.victim.flip(key)
    found = watch.day()
    assert (found.is_valid, found.chain_from) == (True, 1)
    assert (watch.rotation.open_seqs, watch.rotation.faults, watch.rotation.last_result) == ((), 0, "valid")
    assert watch.day().chain_from > 1


def test_statements_of_one_export_are_looked_at_again_while_one_has_a_fault() -> None:
    """The share has read the export of the one, and closed it, when the other is looked at again."""
    world = World()
    world.mode = "dry-run"
    world.aged(3)
    world.run()
    world.later(DAY)
    world.mode = "on"
    world.run()
    watch = Watch(Victim(world), days=3)
    first, second = watch.victim.archives
    assert first.export == second.export
    watch.victim.flip(first.entries[0].key)
    found = [watch.day() for _ in range(9)]
    assert {len(each.faults) for each in found} == {1}
    assert (watch.rotation.open_seqs, watch.rotation.last_result) == ((first.seq,), "faults")


def test_a_fault_that_there_is_no_time_to_look_at_again_is_counted_as_open() -> None:
    watch = Watch()
    watch.victim.store.relock(statement_key(CONSOLE, 2), None)
    assert [fault.verdict for fault in watch.day().faults] == [Verdict.UNLOCKED]
    watch.left = 29.0
    found = watch.day()
    assert found.is_valid
    assert (watch.rotation.faults, watch.rotation.last_result) == (1, "faults")
    assert found.unexpectedly_unchecked > 0


def test_a_share_that_passes_a_fault_without_seeing_it_does_not_close_it() -> None:
    """That a checkpoint is absent is a fault only once a later one is there: a share may end before that."""
    watch = Watch(Victim(long_world(10, FakeSigner())), days=3)
    watch.day()
    seq = watch.victim.head.seq - 1
    watch.victim.store.mark_deleted(checkpoint_key(CONSOLE, seq))
    watch.source.seconds, watch.left = 0.25, 60.0
    for _ in range(5):
        watch.invocations()
        watch.victim.world.later(DAY)
        assert (watch.rotation.open_seqs, watch.rotation.last_result) == ((seq,), "faults")


@pytest.mark.parametrize("days", [1, 3])
def test_a_fault_of_a_growing_chain_is_told_every_day_and_so_are_new_ones(days: int) -> None:
    world = long_world(6)
    watch = Watch(Victim(world), days=3)
    watch.cycle()
    watch.victim.lose(statement_key(CONSOLE, 3))
    for _ in range(days):
        assert [fault.seq for fault in watch.day().faults] == [3]
        world.aged()
        world.run()
    newest = world.head.seq
    world.store.relock(statement_key(CONSOLE, newest), None)
    assert [fault.seq for fault in watch.day().faults] == [3, newest]
    world.later(DAY)
