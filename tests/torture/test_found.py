"""What the torture found, each as the shortest story that tells it."""

from collections.abc import Callable
from typing import Any

import pytest

from audit_archive.run.result import RunOutcome
from tests.support.fakes import CrashError
from tests.support.world import DAY, HOUR, LEASE, Meanwhile
from tests.torture.chaos import crash
from tests.torture.hostile import HostileWorld
from tests.torture.rest import come_to_rest
from tests.torture.witness import look, watch_posts


class Dying(Meanwhile):
    """Dies right after the first call of a name."""

    def __init__(self, name: str) -> None:
        super().__init__(name, lambda: crash(name), after=True)

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if self.has_happened:
            raise CrashError
        return super().call(name, function, *args, **kwargs)


def world_of(entries: int) -> HostileWorld:
    """A world with a witness, in which so many entries are old enough to purge."""
    world = HostileWorld()
    watch_posts(world)
    world.aged(entries)
    return world


def with_a_hole() -> HostileWorld:
    """Entries 1, 2, 4 and 5; a person accepts that number 3 is missing, and a settle window has passed."""
    world = HostileWorld()
    watch_posts(world)
    world.mode = "off"
    world.trail.arrive(2)
    world.skip(1)
    world.trail.arrive(2)
    world.invoke()
    world.accept()
    world.mode = "on"
    return world


def test_a_purge_by_somebody_else_can_not_hide_a_late_entry_from_the_population_check() -> None:
    """After the export was served, a late writer filled an old hole (one entry more) and somebody purged one
    entry (one less, plus his receipt, which was counted as arrived). The count came out even, so we purged up
    to 5, and entry 3 died in no export at all; even the Console's own count agreed with the plan. Now no
    count is trusted once a receipt lies above the export.
    """
    world = with_a_hole()

    def both() -> None:
        world.foreign_purge(1)
        world.fill(0)

    assert (
        world.invoke(Meanwhile("FakeConsole.download", both, after=True)).outcome == "PopulationMismatchError"
    )
    assert world.posts == []
    world.excused |= {"PopulationMismatchError", "ForeignPurge"}
    look(world)
    come_to_rest(world)


def test_an_entry_that_arrives_while_we_count_can_not_stand_for_one_that_is_not_exported() -> None:
    """The population was told first and what had arrived was counted after it: an entry written in between
    made up for one that the export lacks, a late writer's or another Flock's. On a busy Console that needs
    no attacker. Now only what was there when the population was told is counted against it.
    """
    world = with_a_hole()
    arriving = iter([world.trail.arrive])

    def arrive_once() -> None:
        world.checked = set(world.trail.ids)
        for arrive in arriving:
            arrive()

    world.hostile.hooks["entries_above"] = arrive_once
    log = Meanwhile("FakeConsole.download", lambda: world.fill(0), after=True)
    result = world.invoke(log).result
    assert result is not None
    assert result.held_back_by == "population"
    assert world.posts == []


def test_a_stale_export_is_not_made_good_by_two_fills_and_a_purge() -> None:
    """The export came from a cache; since then two late entries had filled holes and a purge had taken as
    many. The same weakness as above, found first in this form.
    """
    world = HostileWorld()
    watch_posts(world)
    world.trail.arrive(2)
    world.skip(2)
    world.trail.arrive(2)
    world.later(2 * HOUR)
    world.mode = "off"
    world.invoke()
    world.later(2 * HOUR)
    world.mode = "on"
    world.is_stale = True
    world.fill(0)
    world.fill(0)
    world.foreign_purge(2)
    assert world.invoke().outcome == "PopulationMismatchError"
    assert world.posts == []


def test_another_console_that_has_come_just_as_far_is_not_idle() -> None:
    """A Console set up anew whose newest id happens to be that of our last receipt was taken for the old one:
    idle, run after run, until something else arrived. The newest entry must be a receipt.
    """
    world = world_of(4)
    assert world.invoke().outcome == RunOutcome.PURGED
    world.later(1)
    world.replace_console({})
    world.aged(5)
    assert world.invoke().outcome == "RollbackError"
    world.excused.add("RollbackError")
    come_to_rest(world)


def test_a_console_set_up_anew_that_skips_just_the_anchors_id_is_a_rollback() -> None:
    """With nothing purged yet there are no purged ids to rise again, and another Console is known by its
    entry at the anchor's id only. Where that one id was skipped, the new Console's entries passed for
    archived ones: they were purged, and no archived line held them (the stored export did). A purge takes
    the lower ids first, so with an older entry live the anchor must be live too.
    """
    world = HostileWorld()
    watch_posts(world)
    world.trail.arrive(7)
    assert world.invoke().outcome == RunOutcome.ARCHIVED
    world.later(1)
    world.replace_console({})
    world.trail.arrive(6)
    world.skip(1)
    world.trail.arrive(1)
    world.later(2 * HOUR)
    assert world.invoke().outcome == "RollbackError"
    world.excused.add("RollbackError")
    come_to_rest(world)


def test_a_cached_export_of_the_console_that_stood_here_before_is_not_purged_by() -> None:
    """Ids are dense: a new Console that has come further than the old one's cached export has exactly as
    many entries as that export and what came after it. The population fitted, and the POST would have
    destroyed the new Console's entries, which are in no export at all. Now the purging key must see the very
    entry that the export ends with.
    """
    world = HostileWorld()
    watch_posts(world)
    world.keep = DAY
    world.trail.arrive(5)
    assert world.invoke().outcome == RunOutcome.ARCHIVED
    world.later(1)
    world.replace_console({})
    world.trail.arrive(8)
    world.is_stale = True
    world.keep = 0
    world.later(2 * DAY)
    assert world.invoke().outcome in {"stale", "PopulationMismatchError"}
    assert world.posts == []


def test_as_many_other_entries_are_not_the_ones_that_were_exported() -> None:
    """The other half of it: the new Console had not come as far yet, and held by chance as many entries as
    the old one's cached export. They would have died too, although nobody saw the export's last entry.
    """
    world = HostileWorld()
    watch_posts(world)
    world.keep = DAY
    world.trail.arrive(3)
    assert world.invoke().outcome == RunOutcome.ARCHIVED
    world.later(1)
    world.replace_console({})
    world.skip(1)
    world.trail.arrive(1)
    world.skip(2)
    world.trail.arrive(2)
    world.trail.remove(2)
    world.trail.put(1)
    world.is_stale = True
    world.keep = 0
    world.later(2 * DAY)
    assert world.invoke().outcome in {"stale", "PopulationMismatchError"}
    assert world.posts == []


@pytest.mark.parametrize("pause", [LEASE, DAY, 3 * DAY])
def test_a_foreign_purge_left_untold_by_a_crash_is_told_however_late_the_next_run_comes(pause: int) -> None:
    """A run that died between its statement and the message left the telling to the next one, which told
    only what was less than a day old: on a daily schedule, or over a weekend, nobody was ever told.
    """
    world = world_of(4)
    world.invoke()
    world.trail.arrive(3)
    world.foreign_purge(7)
    world.later()
    assert world.invoke(Dying("FakeStore.create")).outcome == "dead"
    assert world.alerts.published == []
    world.later(pause)
    world.invoke()
    assert world.alerts.kinds == ["ForeignPurge"]


def test_a_capped_export_can_not_hide_that_the_console_was_set_up_anew() -> None:
    """A capped export shows neither the anchor nor anything below it, so a Console set up anew got a new
    anchor unnoticed; uncapped later, its lower ids passed for archived ones and were purged. They were in the
    stored export, but in no archived line. What the export before no longer held can't come alive again.
    """
    world = HostileWorld()
    watch_posts(world)
    world.trail.arrive(5)
    world.invoke()
    world.later(1)
    world.replace_console({})
    world.trail.arrive(9)
    world.reader.export_limit = 2
    assert world.invoke().outcome == RunOutcome.ARCHIVED
    world.reader.export_limit = None
    world.later(2 * DAY)
    world.aged(1)
    assert world.invoke().outcome == "RollbackError"
    assert world.posts == []
    world.excused.add("RollbackError")
    come_to_rest(world)


def test_purged_ids_that_were_gone_are_no_unfinished_purge_however_well_the_anchor_looks() -> None:
    """The same, after a purge: ids that we had purged were live again on the new Console, and as the anchor,
    new itself, was live and the same, they passed for a purge that the Console had not finished. They were
    purged "again", and no archived line held them.
    """
    world = world_of(4)
    assert world.invoke().outcome == RunOutcome.PURGED
    world.later(1)
    world.replace_console({})
    world.trail.arrive(9)
    world.reader.export_limit = 1
    assert world.invoke().outcome == RunOutcome.ARCHIVED
    world.reader.export_limit = None
    world.aged(1)
    assert world.invoke().outcome == "RollbackError"
    assert world.posts == [4]
    world.excused.add("RollbackError")
    come_to_rest(world)


def test_our_own_receipt_that_a_capped_export_hid_is_no_foreign_purge() -> None:
    """A known receipt that a capped export did not show fell into a hole below the watermark, and the head
    forgot it there: once shown, our own purge was announced as somebody else's.
    """
    world = world_of(4)
    assert world.invoke().outcome == RunOutcome.PURGED
    world.trail.arrive(3)
    world.reader.export_limit = 2
    world.excused.add("PopulationMismatchError")
    world.invoke()
    world.reader.export_limit = None
    world.aged(1)
    world.invoke()
    assert "ForeignPurge" not in world.alerts.kinds
    come_to_rest(world)


def test_one_receipt_settles_one_intent_even_if_two_runs_meet() -> None:
    """Without a lease and without answers two runs both took the earlier of two equal receipts for theirs:
    the purge statement that was chained again was not judged anew, and the other receipt was announced as
    somebody else's.
    """
    world = world_of(4)
    world.hostile.answers = False
    world.hostile.deletes = False

    def rival() -> None:
        world.free_lease()
        world.invoke()

    world.invoke(Meanwhile("HostileConsole.purge", rival))
    world.hostile.catch_up()
    world.aged(2)
    world.invoke()
    assert "ForeignPurge" not in world.alerts.kinds
    receipts = [said.receipt["id"] for said in world.purges() if said.receipt is not None]
    assert len(receipts) == len(set(receipts))
