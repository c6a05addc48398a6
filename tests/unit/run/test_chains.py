"""The chain is the truth and the ledger its index: lost ledgers, tampered buckets, and runs that meet."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

import pytest

from audit_archive.errors import (
    ArchiveStoreError,
    IntegrityError,
    PopulationMismatchError,
    RollbackError,
    SettingsError,
)
from audit_archive.format.facts import Action, Mode, ObjectRef, PlanFacts
from audit_archive.format.head import Head
from audit_archive.format.head_digest import HEAD_FORMAT, head_sha256
from audit_archive.format.layout import statement_key
from audit_archive.format.merkle import EMPTY_TREE
from audit_archive.format.statement import OperatorStatement, statement_bytes
from audit_archive.format.times import from_rfc3339
from audit_archive.run.commit import commit
from audit_archive.run.result import RunOutcome
from tests.support.audit import audit, audit_quiet, fold
from tests.support.fakes import CallLog, FakeLedger
from tests.support.fakes.bucket import Stored
from tests.support.rows import all_rows
from tests.support.statements import operator_after
from tests.support.world import CONSOLE, DAY, HOUR, Meanwhile, World


def settled() -> World:
    """Two archive statements and their purges in the chain, and something new to do."""
    world = World()
    for _ in range(2):
        world.aged(4)
        world.run()
    world.aged(2)
    return world


# ---------------------------------------------------------------------------- the ledger


def test_a_lost_ledger_is_rebuilt_by_rolling_forward() -> None:
    world = settled()
    before = world.head
    index = dict(world.ledger.index)
    world.ledger.forget(CONSOLE)
    world.mode = "off"
    assert fold(world) == before
    result = world.run()
    assert (result.new_entries, len(result.statements)) == (3, 1)
    assert {at: world.ledger.index[at] for at in index} == index
    audit_quiet(world)


def test_a_ledger_restored_from_an_older_copy_catches_up() -> None:
    world = settled()
    old = FakeLedger()
    run = world.bound()
    head = Head(CONSOLE)
    for said, ref in list(zip(world.chain(), world.refs(), strict=True))[:2]:
        head = head.after(said, ref)
        old.record(head, said)
    world.ledger = old
    assert run.ledger is not old
    world.run()
    audit_quiet(world)


def test_a_ledger_ahead_of_the_bucket_is_an_integrity_error() -> None:
    world = settled()
    key = statement_key(CONSOLE, 4)
    world.store.lose(key, world.store.history(key)[0].version_id)
    integrity_fault(world, "ledger is ahead of the bucket")


def test_a_ledger_that_knows_another_version_of_its_statement_is_an_integrity_error() -> None:
    world = settled()
    key = statement_key(CONSOLE, 4)
    (version,) = world.store.history(key)
    world.store.lose(key, version.version_id)
    world.store.add(key, replace(version))
    integrity_fault(world, "forked")


def test_lost_entry_files_are_put_again_when_rolling_forward() -> None:
    world = World()
    world.aged(3)
    world.run()
    world.ledger.forget(CONSOLE)
    (file,) = world.archives()[0].entries
    (version,) = world.store.history(file.key)
    world.store.lose(file.key, version.version_id)
    assert world.run().outcome == RunOutcome.IDLE
    assert world.store.data(file.key) == version.data
    audit_quiet(world)


def expired_world(left: int) -> tuple[World, list[str]]:
    """The entry files of two statements have expired, their exports have not gone yet; the ledger is lost."""
    world = settled()
    world.until_quiet()
    (until,) = {from_rfc3339(said.export.retain_until) for said in world.archives()[:1]}
    world.later(until - left - world.clock.now())
    gone = [file.key for file in world.archives()[0].entries]
    for key in gone:
        world.store.mark_deleted(key)
    world.ledger.forget(CONSOLE)
    return world, gone


@pytest.mark.parametrize("left", [-HOUR, 0, DAY])
def test_entry_files_that_have_expired_are_not_made_again(left: int) -> None:
    world, gone = expired_world(left)
    world.run()
    assert not set(gone) & set(world.store.keys("entries/"))


def test_entry_files_whose_time_is_not_over_are_made_again() -> None:
    world, gone = expired_world(DAY + HOUR)
    world.run()
    assert set(gone) <= set(world.store.keys("entries/"))


def test_what_was_stated_long_ago_is_not_told_anew_after_the_ledger_was_lost() -> None:
    world = settled()
    world.trail.purge(world.trail.last_id)
    world.later()
    world.run()
    assert world.alerts.kinds == ["ForeignPurge"]
    world.until_quiet()
    world.later(31 * DAY)
    world.ledger = FakeLedger()
    world.run()
    assert world.alerts.kinds == ["ForeignPurge"]


# ---------------------------------------------------------------------------- what we state ourselves


def decided(world: World, **fields: object) -> OperatorStatement:
    """A person's statement that would come next."""
    said = operator_after(world.head, Action.RESUME, world.order().facts)
    return replace(said, **fields)  # type: ignore[arg-type]


WRONG: dict[str, dict[str, object]] = {
    "raised archived": {"highest_archived_id": 10**6},
    "lowered purged": {"highest_purged_id": 0},
    "epoch": {"epoch": 7},
    "tree": {"tree": EMPTY_TREE},
}


@pytest.mark.parametrize("what", WRONG)
def test_a_statement_of_ours_that_does_not_go_on_from_the_head_is_never_written(what: str) -> None:
    world = settled()
    keys = world.store.keys("statements/")
    with pytest.raises(IntegrityError, match="No purge is sent"):
        commit(world.bound(), world.head, decided(world, **WRONG[what]))
    assert world.store.keys("statements/") == keys


def put_next(world: World, said: OperatorStatement) -> None:
    """Somebody with the archive's own role puts the next statement."""
    data = statement_bytes(said)
    world.store.create(
        statement_key(CONSOLE, said.seq), data, sha256(data).hexdigest(), world.bound().retention()
    )


@pytest.mark.parametrize("what", WRONG)
def test_a_statement_of_somebody_s_that_does_not_go_on_is_not_taken_over(what: str) -> None:
    world = settled()
    said = decided(world, **WRONG[what])
    after = world.head.after(said, ObjectRef("", "", ""))
    put_next(world, replace(said, head_format=HEAD_FORMAT, head_sha256=head_sha256(after)))
    integrity_fault(world, "No purge is sent")


def test_a_statement_that_states_another_head_than_it_leads_to_is_not_taken_over() -> None:
    world = settled()
    put_next(world, decided(world, head_format=HEAD_FORMAT, head_sha256="0" * 64))
    integrity_fault(world, "digest of a head that it does not lead to")


def test_a_statement_that_names_another_statement_before_it_is_not_taken_over() -> None:
    """Its number, its Console and the head that it leads to are right: only the link tells."""
    world = settled()
    head = world.head
    assert head.statement is not None
    said = decided(world, previous=replace(head.statement, sha256="0" * 64), head_format=HEAD_FORMAT)
    after = head.after(said, head.statement)
    put_next(world, replace(said, head_sha256=head_sha256(after)))
    integrity_fault(world, "does not follow the statement before it")


def test_a_statement_of_another_head_format_is_no_fault_and_confirms_no_head() -> None:
    world = settled()
    world.until_quiet()
    put_next(world, decided(world, action="rebuild", head_format="0", head_sha256="another release's"))
    assert world.run().outcome == RunOutcome.IDLE
    assert world.run().outcome == RunOutcome.IDLE
    assert world.alerts.kinds == ["OperatorDecision"]
    world.aged(2)
    world.ledger.overwrite(CONSOLE, replace(world.head, highest_archived_id=10**6))
    assert world.run().outcome == RunOutcome.PURGED
    assert world.alerts.kinds == ["OperatorDecision", "LedgerDiffers"]
    audit_quiet_after(world)


def audit_quiet_after(world: World) -> None:
    world.until_quiet()
    audit_quiet(world)


# ---------------------------------------------------------------------------- a tampered bucket


def integrity_fault(world: World, words: str | None = None) -> None:
    """The run stops, pages, and destroys nothing."""
    posts, statements = list(world.posts), len(world.store.keys("statements/"))
    with pytest.raises(IntegrityError, match=words):
        world.run()
    assert world.alerts.kinds == ["IntegrityError"]
    assert world.posts == posts
    assert len(world.store.keys("statements/")) == statements


def test_a_delete_marker_on_the_newest_statement_is_an_integrity_error() -> None:
    world = settled()
    world.store.mark_deleted(statement_key(CONSOLE, 4))
    integrity_fault(world, "delete marker")


def test_a_second_version_of_the_newest_statement_is_an_integrity_error() -> None:
    world = settled()
    key = statement_key(CONSOLE, 4)
    world.store.add(key, world.store.history(key)[0])
    integrity_fault(world, "forked|next in the chain")


# A chain that is cut short or altered at its very end shows only against the ledger or a checkpoint.
@all_rows(
    ("what", "seq"),
    [(what, seq) for what in ("marker", "second version", "unlocked") for seq in (1, 2, 3, 4)]
    + [(what, seq) for what in ("altered", "gone") for seq in (1, 2, 3)],
)
def test_a_ledger_can_not_be_rebuilt_over_a_tampered_chain(what: str, seq: int) -> None:
    world = settled()
    world.ledger.forget(CONSOLE)
    key = statement_key(CONSOLE, seq)
    (version,) = world.store.history(key)
    assert version.data is not None
    match what:
        case "marker":
            world.store.mark_deleted(key)
        case "second version":
            world.store.add(key, version)
        case "altered":
            world.store.tamper(key, version.data.replace(b'"epoch":1', b'"epoch":2'))
        case "unlocked":
            world.store.relock(key, None)
        case "gone":
            world.store.lose(key, version.version_id)
    integrity_fault(world)


@pytest.mark.parametrize("seq", [1, 2, 3])
def test_only_the_walk_of_the_whole_chain_sees_a_marker_below_the_head(seq: int) -> None:
    """A run reads from its head on: what lies below is for `verify` to find."""
    world = settled()
    world.store.mark_deleted(statement_key(CONSOLE, seq))
    assert world.run().outcome == RunOutcome.PURGED


def marked_during_the_run() -> World:
    """Somebody puts a delete marker on the statement that this run has just recorded."""
    world = settled()
    posts = list(world.posts)
    mark = Meanwhile(
        "FakeLedger.record", lambda: world.store.mark_deleted(statement_key(CONSOLE, 5)), after=True
    )
    with pytest.raises(IntegrityError, match="delete marker"):
        world.run(mark)
    assert world.posts == posts
    assert world.alerts.kinds == ["IntegrityError"]
    return world


def test_a_delete_marker_that_appears_during_the_run_stops_the_purge() -> None:
    marked_during_the_run()


def test_a_delete_marker_that_appeared_during_a_run_stops_the_next_one_too() -> None:
    world = marked_during_the_run()
    world.later()
    with pytest.raises(IntegrityError):
        world.run()


def test_a_store_that_damages_the_export_is_found_by_reading_it_back() -> None:
    world = settled()

    def damage() -> None:
        key = world.newest("exports/")
        world.store.tamper(key, world.store.data(key) + b"x")

    with pytest.raises(IntegrityError, match="reads back"):
        world.run(Meanwhile("FakeStore.put", damage, after=True))
    assert len(world.chain()) == 4
    assert world.posts == [4, 9]


def test_a_bucket_that_keeps_no_locks_is_found_before_anything_is_committed() -> None:
    world = settled()
    world.store.drops_locks = True
    integrity_fault(world, "without an object lock.*Object Lock setting")


def test_a_shorter_lock_than_asked_for_is_found() -> None:
    world = settled()

    def shorten() -> None:
        newest = world.newest("exports/")
        retention = world.store.history(newest)[-1].retention
        assert retention is not None
        world.store.relock(newest, replace(retention, until=retention.until - 1))

    with pytest.raises(IntegrityError, match="locked for 1 s less"):
        world.run(Meanwhile("FakeStore.put", shorten, after=True))
    assert world.posts == [4, 9]


def test_a_page_is_not_hidden_by_a_topic_that_refuses() -> None:
    world = settled()
    world.store.mark_deleted(statement_key(CONSOLE, 4))
    world.alerts.refuses = True
    with pytest.raises(IntegrityError) as caught:
        world.run()
    assert any("topic" in note for note in caught.value.__notes__)


# ---------------------------------------------------------------------------- the lease


def test_a_console_that_another_run_holds_is_busy_and_left_alone() -> None:
    world = settled()
    world.ledger.acquire(CONSOLE, "another", world.clock.now(), world.clock.now() + 100)
    log = CallLog()
    result = world.run(log)
    assert (result.outcome, result.highest_archived_id) == (RunOutcome.BUSY, 9)
    assert log.calls == ["FakeLedger.look", "FakeLedger.acquire", "FakeLedger.head"]
    assert world.ledger.holder(CONSOLE) == "another"
    world.clock.advance(101)
    assert world.run().outcome == RunOutcome.PURGED
    assert world.ledger.holder(CONSOLE) is None


def test_the_lease_outlives_the_invocation_by_a_minute() -> None:
    world = settled()
    world.time_left = 300
    start = world.clock.now()
    free: list[bool] = []

    def look() -> None:
        free.append(world.ledger.acquire(CONSOLE, "another", start + 359, start + 1000))
        free.append(world.ledger.acquire(CONSOLE, "another", start + 360, start + 1000))

    world.run(Meanwhile("FakeConsole.download", look))
    assert free == [False, True]


@pytest.mark.parametrize("error", [PopulationMismatchError, RollbackError, SettingsError, IntegrityError])
def test_a_run_that_fails_gives_its_lease_back(error: type[Exception]) -> None:
    world = settled()
    world.reader.hooks["download"] = raising(error)
    with pytest.raises(error):
        world.run()
    assert world.ledger.holder(CONSOLE) is None


def raising(error: type[Exception]) -> Callable[[], None]:
    def fail() -> None:
        raise error("planted")

    return fail


# ---------------------------------------------------------------------------- runs that meet


class Rival(CallLog):
    """Another whole run, with the lease taken away, happens right before or right after one call of ours."""

    def __init__(self, world: World, number: int, mode: str, *, after: bool) -> None:
        super().__init__()
        self._world, self._number, self._mode, self._is_after = world, number, mode, after

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        is_now = len(self.calls) == self._number - 1
        if is_now and not self._is_after:
            self._run()
        result = super().call(name, function, *args, **kwargs)
        if is_now and self._is_after:
            self._run()
        return result

    def _run(self) -> None:
        world = self._world
        world.free_lease()
        mode, world.mode = world.mode, self._mode
        world.run()
        world.mode = mode


class Lazy(CallLog):
    """Notes the calls whose answer is read only later, after the call."""

    def __init__(self) -> None:
        super().__init__()
        self.lazy: set[int] = set()

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        number = len(self.calls) + 1
        result = super().call(name, function, *args, **kwargs)
        if isinstance(result, Iterator):
            self.lazy.add(number)
        return result


@cache
def calls_of_a_run() -> tuple[str, ...]:
    log = CallLog()
    settled().run(log)
    return tuple(log.calls)


def moments(*, after: bool) -> list[int]:
    """Before each call; after one only where that is not right before the next."""
    if not after:
        return list(range(1, len(calls_of_a_run()) + 1))
    log = Lazy()
    settled().run(log)
    return sorted({*log.lazy, len(log.calls)})


def call_number(name: str) -> int:
    return calls_of_a_run().index(name) + 1


@pytest.mark.parametrize("rival_mode", ["on", "off"])
@pytest.mark.parametrize("after", [False, True])
def test_two_runs_at_once_make_one_chain_and_lose_nothing(after: bool, rival_mode: str) -> None:
    endings = set()
    for number in moments(after=after):
        world = settled()
        endings.add(world.run(Rival(world, number, rival_mode, after=after)).outcome)
        audit(world)
        world.later(HOUR)
        world.until_quiet()
        audit_quiet(world)
        assert {entry["action_type"] for entry in world.trail.entries} == {"audit_trail_purge"}
        if len(world.posts) != len(set(world.posts)):
            # Nothing can stand between the last look at the chain and the POST; the second destroys nothing.
            assert (number, after) == (call_number("FakeConsole.purge"), False)
            assert [said.reported_count for said in world.purges()][-1] == 0
        assert "ForeignPurge" not in world.alerts.kinds
    assert RunOutcome.SUPERSEDED in endings
    assert endings <= {RunOutcome.SUPERSEDED, RunOutcome.PURGED, RunOutcome.IDLE, RunOutcome.ARCHIVED}


def test_a_run_that_finds_another_statement_behind_its_own_does_not_purge() -> None:
    world = settled()

    def operator() -> None:
        world.state("key")

    posts = list(world.posts)
    result = world.run(Meanwhile("FakeLedger.record", operator, after=True))
    assert result.outcome == RunOutcome.SUPERSEDED
    assert world.posts == posts
    assert world.outcomes()[-1] == "superseded"
    world.until_quiet()
    audit_quiet(world)


def test_a_statement_that_nobody_could_write_ends_the_run() -> None:
    world = settled()
    posts = list(world.posts)

    def vanish() -> None:
        key = statement_key(CONSOLE, 5)
        world.store.lose(key, world.store.history(key)[0].version_id)

    with pytest.raises(ArchiveStoreError, match="could not be written"):
        world.run(Meanwhile("FakeStore.create", vanish, after=True))
    assert world.posts == posts
    world.until_quiet()
    audit_quiet(world)


def test_a_forged_statement_that_does_not_follow_is_an_integrity_error() -> None:
    world = settled()
    key = statement_key(CONSOLE, 4)
    (version,) = world.store.history(key)
    world.store.add(statement_key(CONSOLE, 5), Stored("", version.data, version.sha256, version.retention))
    with pytest.raises(IntegrityError, match="does not follow"):
        world.run()


def with_forged(**fields: object) -> World:
    """The chain goes on with a statement that anybody could have put there, but for its lock."""
    world = settled()
    archived, ended = world.archives()[-1], world.purges()[-1]
    said = replace(
        ended if "receipt" in fields else archived,
        **{"seq": 5, "previous": world.refs()[-1]} | fields,  # type: ignore[arg-type]
    )
    data = statement_bytes(said)
    world.store.create(statement_key(CONSOLE, 5), data, sha256(data).hexdigest(), world.bound().retention())
    return world


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"plan": PlanFacts(Mode.ON, 3600, None, 0, None, "soon")}, id="due time"),
        pytest.param({"receipt": {}}, id="receipt without id"),
        pytest.param({"receipt": {"id": "22"}}, id="receipt with a text for an id"),
        pytest.param({"console": "other"}, id="another console's"),
        pytest.param({"previous": None}, id="no previous"),
        pytest.param({"seq": 6}, id="another number"),
    ],
)
def test_a_statement_that_says_what_none_can_say_is_an_integrity_error(fields: dict[str, object]) -> None:
    with pytest.raises(IntegrityError):
        with_forged(**fields).run()


def test_bytes_that_are_no_statement_are_an_integrity_error() -> None:
    world = settled()
    for data in (b"", b"{", b'{"kind":[]}'):
        key = statement_key(CONSOLE, 5)
        for version in world.store.history(key):
            world.store.lose(key, version.version_id)
        world.store.create(key, data, sha256(data).hexdigest(), world.bound().retention())
        with pytest.raises(IntegrityError, match="not a statement of this format"):
            world.run()
    assert world.alerts.kinds == ["IntegrityError"] * 3


def test_a_gap_in_the_chain_is_an_integrity_error() -> None:
    world = settled()
    (version,) = world.store.history(statement_key(CONSOLE, 4))
    world.store.add(statement_key(CONSOLE, 6), Stored("", version.data, version.sha256, version.retention))
    with pytest.raises(IntegrityError, match=r"Expected .*5\.json next"):
        world.run()


def test_every_lock_lasts_a_day_longer_than_the_owner_asked() -> None:
    world = settled()
    start = world.clock.now()
    world.run()
    for key in world.store.keys("statements/")[4:] + world.store.keys("entries/")[-1:]:
        (version,) = world.store.history(key)
        assert version.retention is not None
        assert version.retention.until == start + 101 * DAY
