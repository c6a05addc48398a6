"""Answers: what they hold, what they cover, and what makes them an error instead."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from audit_archive.adapters.folder_source import FolderSource
from audit_archive.errors import IntegrityError, RequestError
from audit_archive.format.facts import Action, Cause
from audit_archive.format.ids import IdRange
from audit_archive.format.times import rfc3339
from audit_archive.retrieve.coverage import INDEX_ONLY, NOT_VERIFIED, UNNAMED, Absence
from audit_archive.retrieve.formats import CSV, NDJSON
from audit_archive.retrieve.outcome import AnswerOutcome
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.search import find_entries
from tests.support import folders
from tests.support.asking import (
    ask,
    assert_nothing_open,
    at,
    body_of,
    find,
    ids_of,
    lines_of,
    reader_of,
    stamp,
)
from tests.support.fakes import CallLog, CrashError
from tests.support.fakes.bucket import Stored
from tests.support.world import CONSOLE, DAY, Meanwhile, World


def year(world: World, days: int = 60, per_day: int = 3) -> World:
    """A run each night at six over `per_day` entries, from 2026-11-23 on."""
    for _ in range(days):
        world.trail.arrive(per_day)
        world.later(DAY)
        world.run()
    return world


@pytest.fixture
def world() -> World:
    """Six entries on three days, ids 1 to 6; a run on each."""
    world = World()
    world.mode = "off"
    return year(world, days=3, per_day=2)


def entry_file(world: World, number: int) -> str:
    return world.store.keys("entries/")[number]


# What is found


def test_lines_are_handed_out_as_they_are(world: World) -> None:
    found = ask(world)
    archived = b"".join(gzip.decompress(world.store.data(key)) for key in world.store.keys("entries/"))
    assert found.body is not None
    assert (found.body.size, found.body.sha256) == (len(archived), sha256(archived).hexdigest())
    assert body_of(found) == archived
    assert (found.outcome, found.coverage.matched) == (AnswerOutcome.FOUND, 6)
    assert found.sentence == (
        "6 entries match: 6 entries in 3 entry files of Console 1234abcd, which is archived up to "
        "2026-11-26T06:00:00Z, were searched."
    )


def test_epochs_follow_each_other_and_an_id_may_be_in_each(world: World) -> None:
    world.trail.reset()
    world.state(Action.EPOCH)
    year(world, days=1)
    assert ids_of(ask(world)) == [1, 2, 3, 4, 5, 6, 1, 2, 3]
    assert ids_of(ask(world, epoch=2)) == [1, 2, 3]
    rows = body_of(ask(world, CSV, ids=IdRange(1, 1))).decode().splitlines()
    assert [row.split(",")[:2] for row in rows[1:]] == [['"1"', '"1"'], ['"2"', '"1"']]


def test_entries_of_days_in_no_order_come_in_order_of_id() -> None:
    """More files than are merged at once, each with an id of each round."""
    world = World()
    world.mode = "off"
    for n in range(120):
        world.trail.arrive(timestamp=stamp(f"2026-10-{1 + n * 7 % 30:02d}T10:00:00Z"))
    world.later()
    world.run()
    assert len(world.last().entries) == 30
    assert ids_of(ask(world)) == list(range(1, 121))
    assert ids_of(ask(world, start=at("2026-10-05"), end=at("2026-10-07"))) == [
        n + 1 for n in range(120) if n * 7 % 30 in (4, 5)
    ]


def test_the_same_question_gives_the_same_bytes(world: World) -> None:
    first = ask(world, CSV, users=("somebody@example.com",))
    world.later()
    second = ask(world, CSV, users=("SOMEBODY@example.com",))
    assert body_of(first) == body_of(second)


# How much is read


class Reads(CallLog):
    """A log that keeps the keys of what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    def call(self, name: str, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if name == "FakeStore.read":
            self.keys.append(args[0])
        return super().call(name, function, *args, **kwargs)


def test_a_question_about_some_days_reads_the_files_of_those_and_of_their_neighbours() -> None:
    world = year(World())
    log = Reads()
    reader = replace(reader_of(world), source=log.watch(world.store))
    found = find(reader, Query(CONSOLE, start=at("2026-12-10"), end=at("2026-12-13")))
    assert len(ids_of(found)) == 9 + 3  # and our receipts
    dates = {key.split("dt=")[1][:10] for key in log.keys if "dt=" in key}
    assert dates == {"2026-12-09", "2026-12-10", "2026-12-11", "2026-12-12", "2026-12-13"}
    assert len(log.keys) < 20
    assert found.coverage.statements > 100


def test_a_question_about_some_ids_reads_only_their_files(world: World) -> None:
    log = Reads()
    found = find(replace(reader_of(world), source=log.watch(world.store)), Query(CONSOLE, ids=IdRange(3, 4)))
    assert ids_of(found) == [3, 4]
    assert [key for key in log.keys if key.startswith("entries/")] == [entry_file(world, 1)]


def test_what_is_not_wanted_is_not_asked_of_the_archive(world: World) -> None:
    """Reading only: nothing is put, nothing is taken, and the ledger is not written."""
    log = CallLog()
    reader = replace(reader_of(world), source=log.watch(world.store), ledger=log.watch(world.ledger))
    body_of(find(reader, Query(CONSOLE)))
    reading = {"FakeStore.inspect", "FakeStore.read", "FakeStore.versions"}
    assert set(log.calls) <= reading | {
        "FakeLedger.head",
        "FakeLedger.statements",
        "FakeLedger.last_runs",
    }


def test_without_enough_time_it_says_what_to_do(world: World) -> None:
    reader = reader_of(world)
    world.clock.left = 19
    with pytest.raises(RequestError, match=r"from: .*ask for less") as refused:
        find_entries(reader, Query(CONSOLE), NDJSON)
    assert refused.value.field == "from"
    assert_nothing_open(reader)


# What an answer covers


def test_a_complete_answer_says_so(world: World) -> None:
    found = ask(world, end=at("2026-11-26"), users=("somebody@example.com",))
    coverage = found.coverage
    assert coverage.not_covered == ()
    assert coverage.not_verified == (*NOT_VERIFIED, INDEX_ONLY, UNNAMED.format(field="user"))
    assert coverage.newest_statement == "statements/console=1234abcd/0000000003.json"
    assert coverage.newest_sha256 == sha256(world.store.data(coverage.newest_statement)).hexdigest()
    assert (coverage.statements, coverage.searched.statements) == (3, 3)
    assert (coverage.searched.entry_files, coverage.searched.entries, coverage.matched) == (3, 6, 6)
    assert (coverage.searched.first_id, coverage.searched.last_id) == (1, 6)
    assert (coverage.searched.first_date, coverage.searched.last_date) == ("2026-11-23", "2026-11-25")
    (population,) = coverage.archived
    assert (population.epoch, population.entries, population.first_date) == (1, 6, "2026-11-23")


def test_nothing_archived_nothing_there_and_nothing_found_are_three_things(world: World) -> None:
    told = {
        "never": ask(World()),
        "before": ask(world, end=at("2026-11-20")),
        "after": ask(world, start=at("2026-12-24")),
        "beyond the ids": ask(world, ids=IdRange(7, 9)),
        "no such epoch": ask(world, epoch=2),
        "not found": ask(world, users=("nobody",)),
        "a quiet hour": ask(world, start=at("2026-11-24T01:00:00Z"), end=at("2026-11-24T02:00:00Z")),
    }
    outcomes = {name: answer.outcome for name, answer in told.items()}
    assert outcomes == {
        "never": AnswerOutcome.NOTHING_ARCHIVED,
        "before": AnswerOutcome.OUTSIDE,
        "after": AnswerOutcome.OUTSIDE,
        "beyond the ids": AnswerOutcome.OUTSIDE,
        "no such epoch": AnswerOutcome.OUTSIDE,
        "not found": AnswerOutcome.NONE_FOUND,
        "a quiet hour": AnswerOutcome.NONE_FOUND,
    }
    assert all(answer.body is None and answer.coverage.matched == 0 for answer in told.values())
    assert "Nothing of Console 1234abcd is archived" in told["never"].sentence
    assert "outside of what is archived" in told["before"].sentence
    assert "ids 1 to 6 of 2026-11-23 to 2026-11-25" in told["before"].sentence
    assert "No entry matches: 6 entries" in told["not found"].sentence
    assert told["no such epoch"].coverage.not_covered == ("Console 1234abcd has no epoch 2 in this archive",)


def test_what_happened_after_the_last_look_is_not_covered(world: World) -> None:
    assert ask(world, end=at("2026-11-27")).coverage.not_covered == (
        "what happened after 2026-11-26T06:00:00Z is not archived yet",
    )
    assert ask(world).coverage.not_covered == ()
    assert ask(world, ids=IdRange(1, 6)).coverage.not_covered == ()
    world.later(DAY)
    world.run()  # idle: nothing new since, as the Console says
    coverage = ask(world).coverage
    assert (coverage.up_to, coverage.nothing_newer_at) == ("2026-11-26T06:00:00Z", "2026-11-27T05:45:00Z")
    assert coverage.not_covered == ()
    assert ask(world, end=at("2026-11-27")).coverage.not_covered == (
        "what happened after 2026-11-26T06:00:00Z is not archived yet. The ledger says that a run at "
        "2026-11-27T05:45:00Z found no newer entry on the Console",
    )


def test_holes_in_what_is_asked_for_are_told_with_their_cause() -> None:
    world = World()
    world.mode = "off"
    world.trail.skip(4)
    world.aged(2, timestamp=stamp("2026-11-20T10:00:00Z"))
    world.run()
    world.trail.skip(3)
    world.aged(2, timestamp=stamp("2026-11-22T10:00:00Z"))
    world.run()
    early, late = Cause.BEFORE_ARCHIVE, Cause.UNEXPLAINED

    def holes(**filters: Any) -> list[tuple[int, int, str]]:
        return [(hole.first, hole.last, hole.cause) for hole in ask(world, **filters).coverage.holes]

    assert holes() == [(1, 4, early), (7, 9, late)]
    assert holes(start=at("2026-11-20"), end=at("2026-11-21")) == [(1, 4, early), (7, 9, late)]
    assert holes(start=at("2026-11-21"), end=at("2026-11-22")) == [(7, 9, late)]
    assert holes(start=at("2026-11-22"), end=at("2026-11-23")) == [(7, 9, late)]
    assert holes(start=at("2026-11-23")) == []
    assert holes(end=at("2026-11-20")) == [(1, 4, early)]
    assert holes(ids=IdRange(3, 8)) == [(3, 4, early), (7, 8, late)]
    assert ask(world).coverage.not_covered[0] == "7 ids in this range are not archived: see holes"


def test_a_hole_that_a_late_writer_filled_is_none_any_more(world: World) -> None:
    world.trail.skip(2)
    world.aged(1)
    world.run()
    world.trail.put(7, timestamp=stamp("2026-11-26T10:00:00Z"))
    world.later(30 * DAY)
    world.aged(1)
    world.run()
    found = ask(world, start=at("2026-11-26"), end=at("2026-11-27"))
    assert ids_of(found) == [7, 9]
    assert [(hole.first, hole.last) for hole in found.coverage.holes] == [(8, 8)]


def test_a_foreign_purge_is_told_where_it_happened_and_where_it_left_a_hole(world: World) -> None:
    world.trail.arrive(2)
    world.later(5 * DAY)
    world.trail.purge(world.trail.last_id, user="mallory@example.com")
    world.aged(1)
    world.run()
    for day in ("2026-11-26", "2026-12-01"):
        coverage = ask(world, start=at(day), end=at(day) + DAY).coverage
        (purge,) = coverage.foreign_purges
        assert (purge.user, purge.lost) == ("mallory@example.com", ((7, 8),))
        assert [(h.first, h.last, h.cause, h.receipt_id) for h in coverage.holes] == [
            (7, 8, Cause.FOREIGN_PURGE, 9)
        ]
    assert ask(world, start=at("2026-11-23"), end=at("2026-11-25")).coverage.foreign_purges == ()


def test_entries_without_a_readable_time_are_counted_where_they_may_belong(world: World) -> None:
    world.trail.arrive(1)  # 7, on the 26th
    world.trail.arrive(2, timestamp="no time")
    world.later(2 * DAY)
    world.aged(1)  # 10, on the 28th
    world.run()
    for day in ("2026-11-26", "2026-11-27", "2026-11-28"):
        coverage = ask(world, start=at(day), end=at(day) + DAY).coverage
        assert [(u.field, u.count, u.ids) for u in coverage.unjudged] == [("timestamp", 2, (8, 9))], day
        assert "2 entries have no readable timestamp" in coverage.not_covered[0]
    assert ask(world, start=at("2026-11-24"), end=at("2026-11-25")).coverage.unjudged == ()
    assert ask(world).coverage.unjudged == ()
    assert ids_of(ask(world, ids=IdRange(8, 9))) == [8, 9]


def test_an_undated_entry_is_counted_where_the_step_in_time_ends_in_a_statement_of_other_ids(
    world: World,
) -> None:
    """Time steps over the dates asked for into a statement that holds no id asked for."""
    world.trail.arrive(1)  # 7, on the 26th
    world.trail.arrive(1, timestamp="no time")
    world.run()
    world.later(2 * DAY)
    world.aged(1)  # 9, on the 28th
    world.run()
    found = ask(world, start=at("2026-11-27"), ids=IdRange(7, 8))
    assert [(u.field, u.ids) for u in found.coverage.unjudged] == [("timestamp", (8,))]


# What is no longer there


def test_an_entry_file_that_is_gone_is_told_with_its_cause(world: World) -> None:
    key = entry_file(world, 1)
    (version,) = world.store.history(key)
    world.store.lose(key, version.version_id)
    found = ask(world)
    assert ids_of(found) == [1, 2, 5, 6]
    (gone,) = found.coverage.gone_files
    assert (gone.key, gone.cause) == (key, Absence.REMOVED)
    assert (gone.date, gone.first_id, gone.last_id, gone.count) == ("2026-11-24", 3, 4, 2)
    assert found.coverage.gone_entries == 2
    assert "2 archived entries can no longer be searched" in found.coverage.not_covered[0]
    assert found.sentence.endswith("This answer is not complete: see not_covered.")
    only = ask(world, ids=IdRange(3, 4))
    assert (only.outcome, only.body) == (AnswerOutcome.NOTHING_LEFT, None)
    assert "is no longer there: 2 entries in 1 entry file," in only.sentence
    world.later(200 * DAY)
    assert ask(world).coverage.gone_files[0].cause == Absence.EXPIRED


def test_an_entry_file_behind_a_delete_marker_is_read_all_the_same(world: World) -> None:
    world.store.mark_deleted(entry_file(world, 1))
    found = ask(world)
    assert ids_of(found) == [1, 2, 3, 4, 5, 6]
    assert found.coverage.gone_files == ()


def test_what_a_crashed_run_committed_is_known_though_the_ledger_does_not_know_it(world: World) -> None:
    """The statement is there; its entry files are published by the next run."""
    world.aged(2)

    def die() -> None:
        raise CrashError

    with pytest.raises(CrashError):
        world.run(Meanwhile("FakeStore.create", die, after=True))
    found = ask(world)
    assert ids_of(found) == [1, 2, 3, 4, 5, 6]
    assert found.coverage.statements == 4
    assert [gone.cause for gone in found.coverage.gone_files] == [Absence.NOT_PUBLISHED]
    world.later(DAY)
    world.run()
    assert ids_of(ask(world)) == [1, 2, 3, 4, 5, 6, 7, 8]


def overlay(world: World, key: str, data: bytes = b"anything") -> str:
    """Somebody puts a version of their own over an object."""
    retention = world.bound().retention()
    return world.store.add(key, Stored("", data, sha256(data).hexdigest(), retention)).version_id


def test_an_entry_file_under_a_false_version_is_found_by_its_hash(world: World) -> None:
    key = entry_file(world, 1)
    good = world.store.history(key)[0].version_id
    false = [overlay(world, key), overlay(world, key, gzip.compress(b'{"id":3}\n'))]
    found = ask(world)
    assert ids_of(found) == [1, 2, 3, 4, 5, 6]
    (each,) = found.coverage.overlaid
    assert (each.key, each.version_id, each.false_version_ids) == (key, good, tuple(false[::-1]))
    (notice,) = found.coverage.notices
    assert notice.startswith(f"{key} has a newer version with other content: {false[1]}, {false[0]}. ")
    assert f"The version {good} was read, and it matches its hash." in notice
    assert notice.endswith("and remove it")
    assert found.coverage.not_covered == ()
    assert ask(world, ids=IdRange(1, 2)).coverage.notices == ()


def test_an_entry_file_under_a_delete_marker_and_a_false_version_is_found(world: World) -> None:
    key = entry_file(world, 1)
    overlay(world, key)
    world.store.mark_deleted(key)
    found = ask(world)
    assert ids_of(found) == [1, 2, 3, 4, 5, 6]
    assert len(found.coverage.overlaid) == 1


def test_an_entry_file_packed_anew_over_the_old_one_is_no_false_version(world: World) -> None:
    key = entry_file(world, 1)
    overlay(world, key, gzip.compress(gzip.decompress(world.store.data(key)), 1, mtime=1))
    found = ask(world)
    assert (ids_of(found), found.coverage.overlaid) == ([1, 2, 3, 4, 5, 6], ())


def test_without_a_good_version_below_it_an_entry_file_is_an_error(world: World) -> None:
    key = entry_file(world, 1)
    (version,) = world.store.history(key)
    false = overlay(world, key)
    overlay(world, key, b"another")
    world.store.lose(key, version.version_id)
    reader = reader_of(world)
    with pytest.raises(IntegrityError, match=key):
        find_entries(reader, Query(CONSOLE), NDJSON)
    assert_nothing_open(reader)
    assert false in {each.version_id for each in world.store.history(key)}


def test_a_file_of_a_copy_has_no_version_below(world: World, tmp_path: Path) -> None:
    folders.put(world.store.files() | {entry_file(world, 1): b"anything"}, tmp_path)
    with pytest.raises(IntegrityError, match=entry_file(world, 1)):
        find_entries(reader_of(world, FolderSource(tmp_path), ledger=False), Query(CONSOLE), NDJSON)


# What is not what it should be


def altered(data: bytes) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(b"somebody", b"nobodyyy"), mtime=0)


@pytest.mark.parametrize(
    "damage",
    [altered, lambda data: data[:-9], lambda data: b"", lambda data: b"no gzip", lambda data: data + b"x"],
    ids=["altered", "cut off", "empty", "no gzip", "longer"],
)
def test_an_entry_file_that_is_not_what_its_statement_says_is_an_error(
    world: World, damage: Callable[[bytes], bytes]
) -> None:
    key = entry_file(world, 1)
    world.store.tamper(key, damage(world.store.data(key)))
    reader = reader_of(world)
    with pytest.raises(IntegrityError, match=key):
        find_entries(reader, Query(CONSOLE, users=("nobody at all",)), NDJSON)
    assert_nothing_open(reader)
    assert ids_of(ask(world, ids=IdRange(1, 2))) == [1, 2]


def test_an_entry_file_packed_anew_is_as_good(world: World) -> None:
    """In several members, with a name and a time, however another writer packs the same lines."""
    key = entry_file(world, 1)
    lines = gzip.decompress(world.store.data(key)).splitlines(keepends=True)
    world.store.tamper(key, b"".join(gzip.compress(line, 1, mtime=1) for line in lines))
    assert ids_of(ask(world)) == [1, 2, 3, 4, 5, 6]


def test_an_altered_statement_is_an_error(world: World) -> None:
    key = world.store.keys("statements/")[1]
    said = json.loads(world.store.data(key))
    said["entries"] = []
    world.store.tamper(key, json.dumps(said).encode())
    for ledger in (True, False):
        with pytest.raises(IntegrityError, match=r"statements/console=1234abcd/000000000[23]\.json"):
            find_entries(reader_of(world, ledger=ledger), Query(CONSOLE), NDJSON)
    assert ids_of(ask(world, ids=IdRange(5, 6))) == [5, 6]


def test_a_removed_statement_is_an_error_without_a_ledger_too(world: World) -> None:
    key = world.store.keys("statements/")[1]
    (version,) = world.store.history(key)
    world.store.lose(key, version.version_id)
    for ledger in (True, False):
        with pytest.raises(IntegrityError, match=r"0000000002\.json"):
            find_entries(reader_of(world, ledger=ledger), Query(CONSOLE), NDJSON)


def test_a_lost_ledger_is_no_loss(world: World) -> None:
    world.ledger.forget(CONSOLE)
    assert ids_of(ask(world)) == [1, 2, 3, 4, 5, 6]


def test_lines_longer_than_what_is_unpacked_at_once() -> None:
    """Long ones, very well compressed ones, and short ones between them."""
    world = World()
    world.mode = "off"
    messages = [
        "a" * 700_000,
        "short",
        "".join(f"{n:x}" for n in range(90_000)),
        "b" * 262_144,
        "",
        "é" * 140_000,
    ]
    for message in messages:
        world.trail.arrive(message=message)
    world.later()
    world.run()
    assert [json.loads(line)["message"] for line in lines_of(ask(world))] == messages
    assert ids_of(ask(world, text="É" * 1000)) == [6]


def test_while_an_export_is_archived_in_part_only_that_part_counts() -> None:
    world = World()
    world.mode = "off"
    for day in range(450):
        world.trail.arrive(timestamp=stamp(rfc3339(at("2025-01-01") + day * DAY)))
    world.later()

    def hurry() -> None:
        world.clock.left = 80

    result = world.run(Meanwhile("FakeLedger.record", hurry))
    assert result.held_back_by == "not_yet_recorded"
    found = ask(world, end=at("2026-02-10"))
    assert found.coverage.matched == 400
    assert found.coverage.up_to is None
    assert found.coverage.not_covered == ("what happened after the last archived entry is not archived yet",)
    world.later(DAY)
    world.run()
    assert ask(world, end=at("2026-02-10")).coverage.not_covered == ()
