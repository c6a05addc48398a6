"""One rule a test: what must not happen, where nothing but that rule stands in the way."""

import pytest

from audit_archive.errors import (
    IntegrityError,
    LedgerError,
    PopulationMismatchError,
    PurgeMismatchError,
    RequestError,
)
from audit_archive.format.facts import Action
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from tests.support.audit import audit_quiet
from tests.support.fakes import CallLog, CrashError, FakeSigner
from tests.support.fakes.console import zip_of
from tests.support.fakes.crash import When
from tests.support.fakes.trail import stamp
from tests.support.world import CONSOLE, DAY, HOUR, Meanwhile, World

# ---------------------------------------------------------------------------- the chain and the ledger


def decided(action: str) -> OperatorRequest:
    return OperatorRequest(CONSOLE, Action(action), "somebody", "looked")


def test_entry_files_are_not_rebuilt_from_an_export_that_somebody_altered() -> None:
    world = World()
    world.aged(3)
    entries = world.trail.entries
    world.run()
    (said,) = world.archives()
    (file,) = said.entries
    world.store.lose(file.key, world.store.history(file.key)[0].version_id)
    world.ledger.forget(CONSOLE)
    altered = zip_of([entry | {"user": "somebodx@example.com"} for entry in entries])
    assert len(altered) == said.export.size, "the alteration must not show by its length"
    world.store.tamper(said.export.key, altered)
    with pytest.raises(IntegrityError, match="can't be rebuilt"):
        world.run()
    assert world.store.keys("entries/") == []


def test_a_ledger_is_not_rebuilt_to_less_than_it_knows() -> None:
    world = World()
    world.aged(3)
    world.run()
    before = world.head
    world.store.lose(world.refs()[-1].key, world.refs()[-1].version_id)
    with pytest.raises(
        IntegrityError,
        match=r"ledger is ahead of the bucket.*rebuild 1234abcd --lost-after 1`",
    ):
        state_decision(world.bound(), decided(Action.REBUILD))
    assert world.head == before


def test_nothing_is_resumed_where_nothing_is_latched() -> None:
    world = World()
    world.aged(3)
    world.run()
    with pytest.raises(RequestError, match="nothing to resume"):
        state_decision(world.bound(), decided(Action.RESUME))
    assert len(world.chain()) == 2


def test_a_purge_that_was_not_sent_lowers_no_watermark() -> None:
    world = World()
    world.aged(3)
    world.run()
    world.aged(2)
    world.time_left = 100.0
    world.purger.hooks["peek"] = lambda: world.clock.advance(20)
    world.run()
    assert world.outcomes() == ["confirmed", "not_sent"]
    assert [said.highest_purged_id for said in world.chain()] == [0, 3, 3, 3]


def test_a_checkpoint_that_is_not_locked_is_none() -> None:
    world = World()
    world.signer = FakeSigner()
    world.aged(3)

    def no_more_locks() -> None:
        world.store.drops_locks = True

    with pytest.raises(IntegrityError, match=r"checkpoints/.* without an object lock"):
        world.run(Meanwhile("FakeSigner.sign", no_more_locks))
    assert world.posts == []


def test_each_slice_lists_only_the_holes_that_it_covers() -> None:
    """402 days make two slices; a hole lies in each."""
    world = World()
    for day in range(402, 0, -1):
        if day in {300, 1}:
            world.trail.skip()
        world.trail.arrive(timestamp=stamp(world.clock.now() - day * DAY))
    world.run()
    first, second = world.archives()
    assert [(m.first, m.last) for m in first.missing] == [(103, 103)]
    assert [(m.first, m.last) for m in second.missing] == [(403, 403)]
    audit_quiet(world)


# ---------------------------------------------------------------------------- telling a person


def after_a_foreign_purge() -> World:
    world = World()
    world.aged(3)
    world.run()
    world.trail.arrive(2)
    world.trail.purge(5)
    return world


def test_what_was_told_is_not_told_again_when_its_claim_has_run_out() -> None:
    world = after_a_foreign_purge()
    for _ in range(3):
        world.run()
        world.later(HOUR)
    assert world.alerts.kinds == ["ForeignPurge"]


def test_a_ledger_that_does_not_answer_keeps_no_finding_from_being_told() -> None:
    world = after_a_foreign_purge()

    def down() -> None:
        raise LedgerError("down")

    world.run(Meanwhile("FakeLedger.claim", down))
    assert world.alerts.kinds == ["ForeignPurge"]


def too_many() -> World:
    """A Console that will say that it purged one more than was planned."""
    world = World()
    world.aged(3)
    world.purger.report = lambda count: count + 1
    return world


@pytest.mark.parametrize(
    ("call", "when"),
    [("FakeStore.create", "after"), ("FakeLedger.record", "after")],
    ids=["committed", "recorded"],
)
def test_a_mismatch_is_told_though_the_run_dies_once_its_statement_is(call: str, when: When) -> None:
    world, twin = too_many(), too_many()
    log = CallLog()
    with pytest.raises(PurgeMismatchError):
        twin.run(log)
    last = len(log.calls) - log.calls[::-1].index(call)
    with pytest.raises(CrashError):
        world.run(CallLog(last, when))
    world.later(DAY)
    world.run()
    assert world.alerts.kinds == ["PurgeMismatchError"]


# ---------------------------------------------------------------------------- what may be purged


def test_a_console_whose_clock_is_ahead_makes_nothing_look_old_enough() -> None:
    world = World()
    world.trail.arrive(2)
    world.later(HOUR // 2)
    world.trail.clock = type(world.clock)(now=world.clock.now() + HOUR)
    assert world.run().boundary is None
    assert world.posts == []


def test_an_entry_that_arrives_between_count_and_comparison_makes_up_for_none_that_is_not_exported() -> None:
    """A late writer fills a hole behind the export; on a busy Console another entry comes while we count."""
    world = World()
    world.trail.arrive(2)
    world.trail.skip()
    world.trail.arrive(2)
    world.mode = "off"
    world.run()
    world.accept()
    world.mode = "on"

    def busy() -> None:
        if world.purger.calls["peek"] == 1:
            world.purger.hooks.clear()
            world.trail.arrive()

    world.purger.hooks["entries_above"] = busy
    late = {"timestamp": stamp(world.clock.now() - DAY)}
    with pytest.raises(PopulationMismatchError):
        world.run(Meanwhile("FakeConsole.download", lambda: world.trail.put(3, **late), after=True))
    assert world.purger.hooks == {}, "the entry came while we counted"
    assert world.posts == []
