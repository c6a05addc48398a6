"""Status: where the archive of each Console stands."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.bookmark import AuditResult, Rotation
from audit_archive.errors import IntegrityError, LedgerError, PurgeMismatchError
from audit_archive.fleet_ports import Failure, Label, LastRuns, ScheduleFacts
from audit_archive.format.facts import Action, Cause, IdSpan
from audit_archive.format.head import Head
from audit_archive.format.layout import statements_prefix
from audit_archive.format.times import rfc3339
from audit_archive.health import AUDIT_SUFFIX, LOCKS_SUFFIX, Limits
from audit_archive.retrieve.known import StackFacts
from audit_archive.retrieve.status import OpenIntent, Status, statuses
from tests.support import folders
from tests.support.asking import reader_of
from tests.support.fakes import CrashError, FakeLedger
from tests.support.fakes.verifications import FakeVerifications, audited
from tests.support.rows import all_rows
from tests.support.world import CONSOLE, DAY, HOUR, Meanwhile, World


def health(told: Status) -> str:
    return str(told.as_dict()["health"])


def status(world: World, *, ledger: bool = True) -> Status:
    (found,) = statuses(reader_of(world, ledger=ledger), CONSOLE)
    return found


@pytest.fixture
def world() -> World:
    """Two entries purged, ids 4 and 5 missing, and the receipt and an entry around them still live."""
    world = World()
    world.aged(2)
    world.run()
    world.later(DAY)
    world.trail.skip(2)
    world.trail.arrive()
    world.run()
    return world


def test_it_tells_where_the_archive_stands(world: World) -> None:
    served_at = world.clock.now()
    world.later(30 * HOUR)
    head = world.head
    assert replace(status(world), health=None) == Status(
        console=CONSOLE,
        is_known=True,
        epoch=1,
        statements=3,
        newest_statement_at=rfc3339(served_at),
        highest_archived_id=head.highest_archived_id,
        highest_purged_id=2,
        unpurged_entries=2,
        lag_ids=head.highest_archived_id - 2,
        up_to=rfc3339(served_at),
        lag_hours=30.0,
        completed_at=rfc3339(served_at),
        missing={Cause.UNEXPLAINED: 2},
        unexplained=(IdSpan(4, 5),),
        next_due_at=None,
    )


def test_unpurged_entries_are_those_that_no_purge_of_ours_destroyed(world: World) -> None:
    ids = [i for i in world.trail.ids if i <= world.head.highest_archived_id]
    assert status(world).unpurged_entries == len(ids)
    world.accept()
    world.run()
    assert (status(world).unpurged_entries, status(world).lag_ids) == (0, 0)
    world.trail.put(4)
    world.mode = "off"
    world.aged(1)
    world.run()
    archived = [i for i in world.trail.ids if i <= world.head.highest_archived_id]
    assert status(world).unpurged_entries == len(archived)
    assert 4 in archived


def test_an_idle_run_shows(world: World) -> None:
    """It found nothing newer at its start: nobody noted when, but a run takes 15 minutes at most."""
    world.later(DAY)
    world.until_quiet()
    served_at = world.last().export.served_at
    world.later(DAY)
    assert world.run().outcome == "idle"
    found, now = status(world), world.clock.now()
    assert (found.completed_at, found.nothing_newer_at) == (rfc3339(now), rfc3339(now - 900))
    assert (found.up_to, found.lag_hours) == (served_at, 0.2)
    assert (found.newest_statement_at or "") < rfc3339(now - DAY + 1)


def test_it_tells_when_a_young_entry_may_be_purged() -> None:
    world = World()
    happened_at = world.clock.now()
    world.trail.arrive()
    world.run()
    assert status(world).next_due_at == rfc3339(happened_at + HOUR)


def test_a_crashed_purge_is_an_open_intent(world: World) -> None:
    world.accept()

    def die() -> None:
        raise CrashError

    with pytest.raises(CrashError):
        world.run(Meanwhile("FakeConsole.purge", die, after=True))
    (intent,) = world.head.open_intents
    assert status(world).open_intents == (OpenIntent(intent.seq, intent.boundary, intent.expected_count),)
    assert status(world, ledger=False).open_intents == status(world).open_intents


def test_a_latch_shows(world: World) -> None:
    world.purger.report = lambda count: count + 1
    world.accept()
    with pytest.raises(PurgeMismatchError):
        world.run()
    assert status(world).is_latched
    world.state(Action.RESUME)
    assert not status(world).is_latched


def test_nothing_archived_looks_like_nothing_else(world: World) -> None:
    found = status(World())
    empty = Status(CONSOLE, 1, statements=0, highest_archived_id=0, highest_purged_id=0, missing={})
    assert replace(found, health=None) == replace(empty, unpurged_entries=0, lag_ids=0)
    assert health(found) == "never archived"
    (other,) = statuses(reader_of(world), "other")
    assert (other.console, other.statements, other.up_to, other.fault) == ("other", 0, None, None)


def test_without_the_ledger_the_chain_tells_the_same(world: World, tmp_path: Path) -> None:
    with_ledger = replace(status(world), completed_at=None, health=None)
    assert status(world, ledger=False) == with_ledger
    folders.put(world.store.files(), tmp_path)
    assert statuses(reader_of(world, FolderSource(tmp_path), ledger=False), None) == (with_ledger,)


def test_every_console_is_told_and_one_s_fault_hides_no_other(world: World) -> None:
    """Consoles whose names begin alike, in an order that differs from that of the keys."""
    others = ["1234abcd-b", "1234abc", "0"]
    for name in others:
        for key in world.store.keys(statements_prefix(CONSOLE)):
            data = world.store.data(key)
            copy = key.replace(CONSOLE, name)
            world.store.create(copy, data, world.store.history(key)[0].sha256, world.bound().retention())
    found = statuses(reader_of(world), None)
    assert [each.console for each in found] == sorted([CONSOLE, *others])
    assert {each.console for each in found if each.fault is None} == {CONSOLE}
    assert {health(each) for each in found if each.fault is not None} == {"faults"}
    assert all("does not follow" in (each.fault or "") for each in found if each.console != CONSOLE)


def test_it_tells_when_the_daily_audit_ended_and_how(world: World) -> None:
    notes = FakeVerifications()
    now = world.clock.now()
    notes.save(CONSOLE, Rotation(1, now, now, AuditResult.FAULTS, 2, 0, None))
    (told,) = statuses(replace(reader_of(world), verifications=notes), CONSOLE)
    audited = replace(status(world), verified_at=rfc3339(now), verified_result=AuditResult.FAULTS)
    assert told == replace(audited, audit_faults=2, unaccepted_faults=2, health=told.health)
    assert (health(told), told.as_dict()["needs_person"]) == ("faults", True)
    assert "2 faults" in told.state


@pytest.mark.parametrize("is_archived", [True, False])
def test_it_tells_a_failure_until_a_run_is_completed(world: World, *, is_archived: bool) -> None:
    world = world if is_archived else World()
    now = world.clock.now()
    world.ledger.fail(CONSOLE, Failure(now, "ConsoleAuthError", "The key was refused.", "request-1"))
    told = status(world)
    assert (told.last_failure or "").endswith("failed with ConsoleAuthError: The key was refused.")
    assert "ConsoleAuthError" in told.state
    assert health(told) == "failing: ConsoleAuthError"
    world.ledger.complete(CONSOLE, now + 1, 3)
    assert status(world).last_failure is None


def test_notes_that_can_t_be_read_hide_neither_the_status_nor_another_fault(world: World) -> None:
    class Unreadable(FakeVerifications):
        def last(self, console: str) -> Rotation | None:
            raise IntegrityError("no notes")

    reader = replace(reader_of(world), verifications=Unreadable())
    (told,) = statuses(reader, CONSOLE)
    assert told == replace(status(world), fault="IntegrityError: no notes", health=told.health)
    assert health(told) == "faults"
    newest = world.head.statement
    assert newest is not None
    world.store.lose(newest.key, newest.version_id)
    (told,) = statuses(reader, CONSOLE)
    assert told.fault == status(world).fault != "IntegrityError: no notes"


@all_rows(
    ("told", "state"),
    [
        (Status(CONSOLE, statements=1), "ok"),
        (Status(CONSOLE, statements=0), "nothing archived"),
        (Status(CONSOLE, statements=1, is_latched=True), "purging waits for `canary-audit resume`"),
        (
            Status(CONSOLE, statements=1, is_latched=True, audit_faults=1),
            "the last audit found 1 fault: `canary-audit faults list` shows them",
        ),
        (
            Status(CONSOLE, last_failure="the run of 1970-01-01T00:01:40Z failed with ConsoleError: No: no."),
            "the run of 1970-01-01T00:01:40Z failed with ConsoleError: No: no.",
        ),
        (
            Status(CONSOLE, statements=1, unexplained=(IdSpan(4, 5), IdSpan(7, 7), IdSpan(9, 9))),
            "purging waits for `canary-audit accept`: ids 4 to 5 and 2 more ranges",
        ),
        (
            Status(CONSOLE, statements=1, open_intents=(OpenIntent(1, 2, 3),)),
            "the outcome of a purge is not known yet: the next run finds out",
        ),
        (Status(CONSOLE, statements=1, is_latched=True, fault="LedgerError: gone"), "LedgerError: gone"),
    ],
)  # fmt: skip
def test_the_state_is_what_a_person_should_know_first(told: Status, state: str) -> None:
    assert told.as_dict()["state"] == state


def test_a_status_as_an_answer_tells_it_counts_the_missing_ids() -> None:
    assert Status(CONSOLE, missing={Cause.UNEXPLAINED: 2, Cause.PURGED: 3}).as_dict()["missing_ids"] == 5
    assert Status(CONSOLE, missing={}).as_dict()["missing_ids"] == 0


def test_what_is_not_known_is_null_and_never_zero(world: World) -> None:
    class Silent(FakeLedger):
        def head(self, console: str) -> Head | None:
            raise LedgerError("no answer")

    (found,) = statuses(replace(reader_of(world), ledger=Silent()), CONSOLE)
    told = found.as_dict()
    numbers = ("statements", "highest_archived_id", "highest_purged_id", "unpurged_entries", "missing_ids")
    assert {told[name] for name in (*numbers, "audit_faults", "epoch")} == {None}
    assert (told["health"], told["needs_person"]) == ("unknown", True)


def test_a_copy_says_nothing_of_health(world: World) -> None:
    told = status(world, ledger=False).as_dict()
    assert (told["health"], told["needs_person"], told["problems"]) == ("unknown", None, [])


def schedules_of(console: str, at: int) -> dict[str, ScheduleFacts]:
    names = (console, f"{console}{AUDIT_SUFFIX}", f"{console}{LOCKS_SUFFIX}")
    return {name: ScheduleFacts(name, is_enabled=True, created_at=at) for name in names}


def test_who_has_only_a_schedule_or_only_runs_is_there_and_a_mistyped_name_is_not(world: World) -> None:
    now = world.clock.now()
    world.ledger.complete("ran", now, 3)
    world.ledger.fail("mistyped", Failure(now, "ConsoleError", "No.", "request-1"))
    facts = StackFacts(schedules_of("new", now) | schedules_of(CONSOLE, now) | schedules_of("_fleet", now))
    found = statuses(reader_of(world), None, facts)
    assert {each.console: health(each) for each in found} == {
        CONSOLE: "held: unexplained_hole", "new": "never archived", "ran": "absent",
    }  # fmt: skip


def test_a_console_is_late_by_its_schedule_s_period(world: World) -> None:
    world.accept()
    world.run()
    facts = StackFacts(schedules_of(CONSOLE, world.clock.now()), Limits(HOUR, 90 * DAY))
    notes = FakeVerifications()
    notes.save(CONSOLE, audited(world.clock.now()))
    reader = replace(reader_of(world), verifications=notes)
    assert [health(each) for each in statuses(reader, None, facts)] == ["ok"]
    world.clock.advance(2 * HOUR + 1)
    world.clock.left = world.time_left
    assert [health(each) for each in statuses(reader, CONSOLE, facts)] == ["late"]
    assert [health(each) for each in statuses(reader, None, facts)] == ["late"]


def test_an_accepted_hole_no_longer_holds_though_no_run_said_so_yet(world: World) -> None:
    assert world.ledger.last_runs(CONSOLE).held_by == "unexplained_hole"
    assert health(status(world)) == "held: unexplained_hole"
    world.accept()
    assert health(status(world)) == "ok"


def test_a_name_is_told_beside_the_id(world: World) -> None:
    world.ledger.name(CONSOLE, Label("Factory S\u00fcd", {"site": "graz"}))
    for told in (status(world), *statuses(reader_of(world), None)):
        assert (told.name, told.tags) == ("Factory S\u00fcd", {"site": "graz"})


def test_a_ledger_that_does_not_answer_makes_health_unknown(world: World) -> None:
    class Silent(FakeLedger):
        def fleet(self) -> Iterator[LastRuns]:
            raise LedgerError("no answer")

        def last_runs(self, console: str) -> LastRuns:
            raise LedgerError("no answer")

    reader = replace(reader_of(world), ledger=Silent())
    for told in (*statuses(reader, CONSOLE), *statuses(reader, None)):
        assert (told.console, health(told), told.fault) == (CONSOLE, "unknown", "LedgerError: no answer")


def test_many_consoles_take_one_query_and_one_listing_and_few_requests_each(world: World) -> None:
    """What grows with them: head, brake, a listing behind the head, and the newest statements, read once."""
    world.accept()
    world.run()
    world.ledger.calls.clear()
    world.store.calls.clear()
    names = {f"new{number}": schedules_of(f"new{number}", 0) for number in range(20)}
    facts = StackFacts({name: each for found in names.values() for name, each in found.items()})
    assert len(statuses(reader_of(world), None, facts)) == 1 + len(names)
    asked = world.ledger.calls + world.store.calls
    each = {"head": 21, "restraints": 21, "versions": 21}
    assert asked == {"fleet": 1, "folders": 1, "read": 2} | each
