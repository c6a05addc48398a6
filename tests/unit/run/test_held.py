"""The ledger is never believed: whatever somebody writes into it, nothing dies unarchived."""

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.errors import IntegrityError, LedgerError, PurgeMismatchError, RequestError
from audit_archive.format.decisions import Acceptance, LegalHold, Pause
from audit_archive.format.facts import (
    Action,
    Cause,
    HeldBackBy,
    IdSpan,
    LostStatement,
    ObjectRef,
    Respelled,
)
from audit_archive.format.head import Head, Hold, Intent, KnownReceipt, OpenHole
from audit_archive.format.head_digest import HEAD_FIELDS
from audit_archive.format.layout import statement_key
from audit_archive.format.statement import OperatorStatement
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import Result, RunOutcome
from tests.support.audit import audit_quiet, fold
from tests.support.examples import examples
from tests.support.fakes import FakeSigner
from tests.support.fakes.bucket import Stored
from tests.support.rows import all_rows
from tests.support.world import CONSOLE, HOUR, Meanwhile, World

Change = Callable[[Head], Head]


def pending() -> World:
    """Two purges are done, an id is missing, a mismatch is latched, and six entries wait to be archived."""
    world = World()
    for _ in range(2):
        world.aged(4)
        world.run()
    world.trail.skip(2)
    world.aged(3)
    world.mode = "off"
    world.run()
    world.accept()
    world.aged(6)
    world.mode = "on"
    return world


LIES: dict[str, Change] = {
    "raises highest_archived_id": lambda head: replace(head, highest_archived_id=10**9),
    "lowers highest_archived_id": lambda head: replace(head, highest_archived_id=1),
    "raises highest_purged_id": lambda head: replace(head, highest_purged_id=head.highest_archived_id),
    "lowers highest_purged_id": lambda head: replace(head, highest_purged_id=1),
    "empties the holes": lambda head: replace(head, holes=()),
    "accepts the holes": lambda head: replace(
        head, holes=tuple(replace(hole, is_accepted=not hole.is_accepted) for hole in head.holes)
    ),
    "ages the holes": lambda head: replace(
        head, holes=tuple(replace(hole, served_at=0) for hole in head.holes)
    ),
    "adds a hole": lambda head: replace(head, holes=(*head.holes, OpenHole(1, 99, Cause.UNEXPLAINED, 0))),
    "latches": lambda head: replace(head, is_latched=True),
    "another anchor": lambda head: replace(head, anchor=None),
    "another epoch": lambda head: replace(head, epoch=2),
    "never due": lambda head: replace(head, next_due_at=None),
    "another window": lambda head: replace(head, window=1),
    "a smaller tree": lambda head: replace(head, tree=Head(CONSOLE).tree),
    "late ids": lambda head: replace(head, late_ids=(1, 2)),
    "a receipt of ours": lambda head: replace(head, receipts=(KnownReceipt(21, 1, 4),)),
    "an intent of ours": lambda head: replace(head, intents=(Intent(1, 10**6, 0, 4),)),
    "another Console": lambda head: replace(head, console="another"),
    "another key of its statement": lambda head: refer(head, key="exports/x"),
    "another hash of its statement": lambda head: refer(head, sha256="0" * 64),
    "no hash": lambda head: refer(head, sha256="x\n"),
    "no statement": lambda head: replace(head, statement=None),
    "an older number": lambda head: replace(head, seq=2),
}


def refer(head: Head, **fields: str) -> Head:
    assert head.statement is not None
    return replace(head, statement=replace(head.statement, **fields))


@all_rows("lie", LIES)
def test_a_head_that_the_chain_does_not_confirm_is_made_anew_and_told_once(lie: str) -> None:
    world, honest = pending(), pending()
    true = fold(world)
    assert world.head == true
    lied = LIES[lie](true)
    if lied == true:
        pytest.fail("that was not a lie")
    world.ledger.overwrite(CONSOLE, lied)
    result, wanted = world.run(), honest.run()
    assert facts_of(result) == facts_of(wanted)
    assert world.posts == honest.posts
    assert world.alerts.kinds == ["LedgerDiffers", *honest.alerts.kinds]
    world.until_quiet()
    audit_quiet(world)
    assert world.alerts.kinds.count("LedgerDiffers") == 1


def facts_of(result: Result) -> tuple[object, ...]:
    return (result.outcome, result.new_entries, result.purged_entries, result.boundary)


@examples(60)
@given(st.data())
def test_no_field_of_the_head_can_be_altered_unseen(data: st.DataObject) -> None:
    world, honest = pending(), pending()
    true = world.head
    name = data.draw(st.sampled_from(sorted({*HEAD_FIELDS, "holes"} - {"seq"})))
    lied = replace(true, **{name: data.draw(other_values(name, true))})  # type: ignore[arg-type]
    world.ledger.overwrite(CONSOLE, lied)
    world.run()
    honest.run()
    assert world.posts == honest.posts
    assert [finding.kind for finding in world.alerts.published[:1]] == ["LedgerDiffers"]
    if name != "console":
        assert world.alerts.published[0].facts["fields"] == [name]
    assert world.head == fold(world)


def other_values(name: str, head: Head) -> st.SearchStrategy[object]:
    """Values of a field's type that it does not have."""
    kinds: dict[str, st.SearchStrategy[object]] = {
        "console": st.just("another"),
        "tree": st.just(replace(head.tree, size=head.tree.size + 1)),
        "anchor": st.none(),
        "holes": st.just((OpenHole(1, 2, Cause.UNEXPLAINED, 0),)) | st.just(()),
        "late_ids": st.lists(st.integers(1, 30)).map(tuple),
        "intents": st.just((Intent(1, 5, 5, 5),)),
        "receipts": st.just((KnownReceipt(5, 1, 4),)),
        "is_latched": st.booleans(),
        "public_key": st.text("abc", max_size=5),
        "hold": st.just(Hold(HeldBackBy.SETTLE_WINDOW, 1, 2)) | st.none(),
        "vanished": st.just((IdSpan(1, 2),)),
        "respelled": st.just((Respelled("entries/x", "0" * 64, 9),)),
        "export": st.none(),
        "acceptances": st.just((Acceptance(1, 2, "mallory", "all is well", "request", ("0" * 64,)),)),
        "legal_holds": st.just((LegalHold(1, 2, "eve", "why", "request", (IdSpan(1, 1),)),)),
        "pause": st.just(Pause(1, 2, "eve", "why", "request")),
    }
    return kinds.get(name, st.integers(0, 10**9)).filter(lambda value: value != getattr(head, name))


def test_a_lifted_latch_stays_latched() -> None:
    world = World()
    world.aged(3)
    world.purger.report = lambda count: count + 1
    with pytest.raises(PurgeMismatchError):
        world.run()
    world.aged(3)
    posts = list(world.posts)
    assert world.head.is_latched
    world.ledger.overwrite(CONSOLE, replace(world.head, is_latched=False))
    world.run()
    assert world.posts == posts
    assert world.last().plan.held_back_by == "latched_mismatch"
    assert "LedgerDiffers" in world.alerts.kinds


def test_a_raised_watermark_is_not_idle_for_ever() -> None:
    """Nothing new seems to be there: idle is decided on the chain's word."""
    world = World()
    world.aged(3)
    world.until_quiet()
    world.aged(2)
    world.ledger.overwrite(CONSOLE, replace(world.head, highest_archived_id=10**6, next_due_at=None))
    assert world.run().outcome == RunOutcome.PURGED
    assert world.alerts.kinds == ["LedgerDiffers"]


def test_a_forgotten_intent_is_written_up() -> None:
    world = World()
    world.aged(3)
    world.mode = "on"
    with pytest.raises(LedgerError, match="down"):
        world.run(Meanwhile("FakeConsole.purge", stop, after=True))
    assert world.head.open_intents
    world.ledger.overwrite(CONSOLE, replace(world.head, intents=()))
    world.later()
    world.run()
    assert world.outcomes() == ["confirmed"]
    assert "LedgerDiffers" in world.alerts.kinds


def stop() -> None:
    raise LedgerError("down")


def test_a_head_that_can_not_be_read_is_made_anew_and_told_once() -> None:
    world = pending()
    world.ledger.damage(CONSOLE)
    assert world.run().outcome == RunOutcome.PURGED
    assert world.alerts.kinds == ["LedgerDiffers"]
    assert "could not be read" in world.alerts.published[0].sentence
    world.until_quiet()
    audit_quiet(world)


@pytest.mark.parametrize("who", ["run", "operator"])
def test_a_busy_console_is_busy_though_its_head_can_not_be_read(who: str) -> None:
    world = pending()
    world.ledger.damage(CONSOLE)
    world.ledger.acquire(CONSOLE, "another", world.clock.now(), world.clock.now() + 100)
    result = world.run() if who == "run" else decide(world, None)
    assert result.outcome == RunOutcome.BUSY
    assert world.alerts.kinds == []


# ---------------------------------------------------------------------------- a ledger that is ahead


def ahead(world: World, by: int = 1) -> None:
    """The ledger's head names a statement that was never there."""
    head = world.head
    seq = head.seq + by
    ref = ObjectRef(statement_key(CONSOLE, seq), "v99999999", sha256(b"never").hexdigest())
    world.ledger.overwrite(CONSOLE, replace(head, seq=seq, statement=ref))


def cut(world: World) -> Head:
    """The newest statement is removed from the bucket; the head that names it."""
    head = world.head
    assert head.statement is not None
    world.store.lose(head.statement.key, head.statement.version_id)
    return head


def refused(world: World) -> str:
    posts, keys = list(world.posts), world.store.keys("statements/")
    with pytest.raises(IntegrityError) as caught:
        world.run()
    assert (world.posts, world.store.keys("statements/")) == (posts, keys)
    assert world.alerts.kinds[-1:] == ["IntegrityError"]
    return str(caught.value)


def test_a_ledger_ahead_without_a_signed_checkpoint_proves_nothing_and_holds() -> None:
    world = pending()
    ahead(world)
    told = refused(world)
    assert "no signed checkpoint proves either" in told
    assert f"--lost-after {len(world.chain())}`" in told


@pytest.mark.parametrize("dies", [False, True])
def test_a_head_ahead_that_can_not_be_read_is_stated_as_a_loss(dies: bool) -> None:
    world = pending()
    ahead(world, by=2)
    world.ledger.damage(CONSOLE)
    end = len(world.chain())
    assert f"`canary-audit ledger rebuild {CONSOLE} --lost-after {end}`" in refused(world)
    if dies:
        world.ledger.disown(CONSOLE)  # a rebuild that died after its first write
        world.run()
    assert decide(world, len(world.chain())).outcome == RunOutcome.STATED
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert said.lost == LostStatement(end + 2, sha256(b"never").hexdigest())
    world.until_quiet()
    audit_quiet(world)
    assert world.ledger.disowned(CONSOLE) is None


def signed_world() -> World:
    world = World()
    world.signer = FakeSigner()
    world.aged(3)
    world.run()
    world.aged(3)
    return world


def test_a_ledger_ahead_with_the_signed_checkpoint_proves_a_removal() -> None:
    world = signed_world()
    assert world.ledger.note(CONSOLE) == world.store.data(f"checkpoints/console={CONSOLE}/0000000003.txt")
    cut(world)
    assert "the ledger keeps the checkpoint that our key signed over it" in refused(world)


def test_an_old_checkpoint_under_a_higher_number_proves_nothing() -> None:
    world = signed_world()
    head, note = world.head, world.ledger.note(CONSOLE)
    assert head.statement is not None
    far = replace(head.statement, key=statement_key(CONSOLE, 99))
    world.ledger.overwrite(CONSOLE, replace(head, seq=99, statement=far), note)
    assert "no signed checkpoint proves either" in refused(world)


def test_a_checkpoint_by_another_key_proves_nothing() -> None:
    world, other = signed_world(), signed_world()
    cut(world)
    world.ledger.overwrite(CONSOLE, world.head, other.ledger.note(CONSOLE))
    assert "no signed checkpoint proves either" in refused(world)


def test_our_checkpoint_over_another_statement_proves_nothing() -> None:
    world, other = signed_world(), World()
    other.signer = world.signer
    other.aged(9)
    other.run()
    head = cut(world)
    world.ledger.overwrite(CONSOLE, head, other.ledger.note(CONSOLE))
    assert "no signed checkpoint proves either" in refused(world)


def decide(world: World, lost_after: int | None) -> Result:
    world.clock.left = world.time_left
    return state_decision(
        world.bound(), OperatorRequest(CONSOLE, Action.REBUILD, "ann", "looked", lost_after=lost_after)
    )


def test_an_operator_states_what_was_lost_and_the_archive_goes_on() -> None:
    world = pending()
    ahead(world, by=3)
    refused(world)
    end = len(world.chain())
    with pytest.raises(IntegrityError, match=f"--lost-after {end}`"):
        decide(world, None)
    with pytest.raises(RequestError, match=f"lost_after: the newest statement in the bucket is {end}"):
        decide(world, end + 1)
    assert len(world.chain()) == end
    assert decide(world, end).outcome == RunOutcome.STATED
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert said.lost == LostStatement(end + 3, sha256(b"never").hexdigest())
    world.until_quiet()
    audit_quiet(world)
    assert world.ledger.disowned(CONSOLE) is None


def test_a_fork_is_stated_as_a_loss_too() -> None:
    world = pending()
    world.ledger.overwrite(CONSOLE, refer(world.head, version_id="v99999999"))
    assert "the chain is forked" in refused(world)
    assert decide(world, len(world.chain())).outcome == RunOutcome.STATED
    world.until_quiet()
    audit_quiet(world)


def test_nothing_is_lost_where_the_bucket_holds_it_all() -> None:
    world = pending()
    with pytest.raises(RequestError, match="holds every statement"):
        decide(world, len(world.chain()))
    assert decide(world, None).outcome == RunOutcome.STATED
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert said.lost is None


def test_a_loss_is_stated_though_the_first_try_dies() -> None:
    world = pending()
    ahead(world)
    end = len(world.chain())
    world.clock.left = world.time_left
    with pytest.raises(LedgerError, match="down"):
        state_decision(
            world.bound(Meanwhile("FakeStore.create", stop)),
            OperatorRequest(CONSOLE, Action.REBUILD, "ann", "looked", lost_after=end),
        )
    assert decide(world, end).outcome == RunOutcome.STATED
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert said.lost is not None
    audit_quiet_soon(world)


def audit_quiet_soon(world: World) -> None:
    world.until_quiet()
    audit_quiet(world)


# ---------------------------------------------------------------------------- progress that lasts


def long_chain() -> World:
    world = World()
    for _ in range(5):
        world.aged(2)
        world.run()
    return world


def hurried(world: World) -> None:
    """Every invocation has time for one statement only."""
    world.time_left = 1


@pytest.mark.parametrize("what", ["lost", "unreadable", "a lie"])
def test_rolling_forward_makes_progress_that_lasts(what: str) -> None:
    world = long_chain()
    head, total = world.head, len(world.chain())
    match what:
        case "lost":
            world.ledger.forget(CONSOLE)
        case "unreadable":
            world.ledger.damage(CONSOLE)
        case "a lie":
            world.ledger.overwrite(CONSOLE, replace(head, highest_archived_id=10**6))
    hurried(world)
    for done in range(1, total):
        with pytest.raises(LedgerError, match=f"{done} of {total} statements.*goes on from there"):
            world.run()
    assert world.run().outcome == RunOutcome.IDLE
    assert world.head == head
    assert world.alerts.kinds == ([] if what == "lost" else ["LedgerDiffers"])
    assert world.ledger.disowned(CONSOLE) is None


def test_a_rebuild_goes_on_where_it_stopped() -> None:
    world = long_chain()
    head, total = world.head, len(world.chain())
    world.ledger.index.clear()
    for done in range(1, total):
        run = world.bound()
        world.clock.left = 1
        with pytest.raises(LedgerError, match=f"{done} of {total} statements"):
            state_decision(run, OperatorRequest(CONSOLE, Action.REBUILD, "ann", "looked"))
    world.clock.left = 1
    assert (
        state_decision(world.bound(), OperatorRequest(CONSOLE, Action.REBUILD, "ann", "looked")).outcome
        == RunOutcome.STATED
    )
    assert world.head.tree == head.tree
    assert len(world.ledger.index) == total + 1
    assert world.alerts.kinds == ["OperatorDecision"]
    world.alerts.published.clear()
    audit_quiet_soon_with_time(world)


def audit_quiet_soon_with_time(world: World) -> None:
    world.time_left = 900
    audit_quiet_soon(world)


def test_progress_that_was_altered_meanwhile_is_not_believed() -> None:
    world = long_chain()
    world.ledger.damage(CONSOLE)
    hurried(world)
    for _ in range(3):
        with pytest.raises(LedgerError):
            world.run()
    world.ledger.overwrite(CONSOLE, replace(world.head, highest_archived_id=10**6))
    world.time_left = 900
    world.aged(2)
    assert world.run().outcome == RunOutcome.PURGED
    assert world.last().highest_archived_id == 17
    audit_quiet_soon(world)


# ---------------------------------------------------------------------------- what is not the chain's


STRAYS = (
    "README.txt",
    "0000000005.json.bak",
    "9.json",
    "000000000x.json",
    "old/0000000001.json",
    "\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0661.json",
)


@all_rows("name", STRAYS)
def test_a_stray_key_among_the_statements_stops_nothing(name: str) -> None:
    world = pending()
    (version,) = world.store.history(statement_key(CONSOLE, 1))
    world.store.add(f"statements/console={CONSOLE}/{name}", version)
    assert world.run().outcome == RunOutcome.PURGED
    world.ledger.forget(CONSOLE)
    world.store.mark_deleted(f"statements/console={CONSOLE}/{name}")
    world.later(HOUR)
    world.run()
    assert world.alerts.kinds == []


def test_garbage_under_the_next_number_stops_the_run_and_names_the_way_out() -> None:
    world = pending()
    retention = world.bound().retention()
    key = statement_key(CONSOLE, len(world.chain()) + 1)
    world.store.add(key, Stored("", b"garbage", sha256(b"garbage").hexdigest(), retention))
    told = None
    with pytest.raises(IntegrityError) as caught:
        world.run()
    told = str(caught.value)
    assert key in told
    assert "GOVERNANCE the break-glass role" in told
    assert "COMPLIANCE begin a new bucket where this chain ends" in told
