"""Live entries against the archive: who archived them, and whether they still say the same."""

import gzip
from dataclasses import replace
from random import Random

import pytest

from audit_archive.errors import IntegrityError
from audit_archive.format.facts import Action, IdSpan
from audit_archive.format.ids import IdSet, id_set
from audit_archive.format.times import DAY, from_rfc3339
from audit_archive.run import compare as compare_step
from audit_archive.run.compare import COMPARE_RESERVE, Compared, archived_by, compare
from audit_archive.run.comparison import ends_at, live_archived
from tests.support.examples import breadth
from tests.support.fakes.bucket import Stored
from tests.support.fakes.trail import stamp
from tests.support.rows import all_rows
from tests.support.world import World, with_a_gap
from tests.unit.run.comparing import (
    DOCUMENTED,
    EntryFiles,
    Hurried,
    look,
    off,
    respell,
    surveyed_by,
    walked,
)

# ---------------------------------------------------------------------------- who archived what


def test_each_live_entry_is_found_in_the_statement_that_archived_it() -> None:
    world = off()
    found = walked(world)
    assert [(each.seq, each.ids) for each in found] == [
        (3, IdSet.of((8, 9))),
        (2, IdSet.of((5, 7))),
        (1, IdSet.of((1, 4))),
    ]
    said = world.archives()[0]
    assert (found[-1].entries, found[-1].export) == (said.entries, said.export)
    assert found[-1].started_at == from_rfc3339(said.run.started_at)


def test_the_walk_goes_back_no_further_than_what_is_live() -> None:
    world = World()
    for _ in range(5):
        world.aged(3)
        world.run()
    world.mode = "off"
    world.aged(2)
    world.run()
    reads = world.store.calls["read"]
    found = walked(world)
    assert set().union(
        *(range(part.first, part.last + 1) for each in found for part in each.ids.ranges)
    ) == set(world.trail.ids)
    assert world.store.calls["read"] - reads < 6 < world.head.seq


def test_a_late_writers_entry_is_of_the_statement_that_archived_it() -> None:
    world = with_a_gap()
    world.trail.put(3)
    world.aged(1)
    world.run()
    assert [(each.seq, each.ids) for each in walked(world)] == [
        (2, IdSet.of((3, 3), (6, 6))),
        (1, IdSet.of((1, 2), (4, 5))),
    ]
    assert look(world).compared == 6


def test_what_is_not_archived_is_in_no_statement() -> None:
    world = off()
    world.trail.skip()
    world.trail.arrive(2)  # not archived yet
    assert {part for each in walked(world) for part in each.ids.ranges} == {(1, 4), (5, 7), (8, 9)}
    assert live_archived(world.head, id_set(world.trail.ids)) == IdSet.of((1, 9))


def test_an_id_that_was_missing_and_that_no_statement_filled_is_in_none() -> None:
    world = with_a_gap()
    world.trail.put(3)
    closed = replace(world.head, holes=())  # as if the gap were explained for good
    run = world.bound()
    (found,) = archived_by(run, closed, id_set(world.trail.ids))
    assert found.ids == IdSet.of((1, 2), (4, 5))
    assert look(world, closed).not_compared == 1


def test_the_walk_ends_where_the_epoch_began() -> None:
    world = off()
    world.state(Action.EPOCH)
    world.run()
    assert [(each.seq, each.ids) for each in walked(world)] == [(5, IdSet.of((1, 9)))]
    assert look(world).compared == 9


def test_a_statement_that_was_altered_ends_the_walk() -> None:
    world = off()
    world.store.tamper(world.refs()[0].key, b"{}")
    with pytest.raises(IntegrityError, match=r"0000000001\.json .* was altered"):
        walked(world)


def test_with_little_time_nothing_is_compared_and_with_less_nothing_is_walked() -> None:
    world = off()
    world.trail.replace(6, user="mallory")
    world.clock.left = COMPARE_RESERVE - 1
    assert len(walked(world)) == 3
    compared = look(world)
    assert (compared.compared, compared.not_compared, compared.amended) == (0, 9, ())
    world.clock.left = 89
    assert walked(world) == ()


def test_a_proof_ends_with_the_lock_or_with_the_object_whichever_comes_first() -> None:
    world = off()
    newest, *_ = walked(world)
    started = newest.started_at
    assert from_rfc3339(newest.export.retain_until) == started + 101 * DAY
    assert ends_at(newest, 100) == started + 100 * DAY
    assert ends_at(newest, 5000) == started + 101 * DAY


# ---------------------------------------------------------------------------- the same


def test_entries_that_are_as_they_were_are_compared_without_reading_a_file() -> None:
    world = off()
    log = EntryFiles()
    assert look(world, log=log) == Compared((), (), 0, {}, (), 9, 0)
    assert log.read == []


def test_a_new_console_has_nothing_to_compare() -> None:
    world = World()
    world.trail.arrive(3)
    assert look(world) == Compared((), (), 0, {}, (), 0, 0)


def test_an_empty_export_has_nothing_to_compare() -> None:
    world = off()
    world.trail.remove(*world.trail.ids)
    reads = world.store.calls["read"]
    assert look(world) == Compared((), (), 0, {}, (), 0, 0)
    assert world.store.calls["read"] == reads, "no statement is read for nothing"


def test_only_the_file_that_a_purge_has_cut_is_read() -> None:
    world = off()
    world.trail.remove(1, 2, 3, 5)
    _, second, third, _ = [file.key for said in world.archives() for file in said.entries]
    log = EntryFiles()
    assert look(world, log=log) == Compared((), (), 0, {}, (), 5, 0)
    assert sorted(log.read) == sorted([second, third])


# ---------------------------------------------------------------------------- amended


def test_an_amended_entry_is_found_and_told_once() -> None:
    world = off()
    world.trail.replace(6, additional_information="filled in an hour later")
    compared = look(world)
    assert compared.amended == (IdSpan(6, 6),)
    assert (compared.compared, compared.differing, compared.not_compared) == (9, 1, 0)
    assert compared.respelled == ()
    (finding,) = compared.findings
    assert 'additional_information was null and is "filled in an hour later" now' in finding.sentence
    world.later(3 * DAY)
    world.clock.left = world.time_left
    (again,) = look(world).findings
    assert again.digest == finding.digest


def test_only_the_file_of_an_amended_entry_is_read() -> None:
    world = off()
    world.trail.replace(6, user="mallory")
    (file,) = world.archives()[1].entries
    log = EntryFiles()
    look(world, log=log)
    assert log.read == [file.key]


def test_an_entry_that_is_amended_back_is_as_it_was() -> None:
    world = off()
    world.trail.replace(6, user="mallory")
    assert look(world).differing == 1
    world.trail.replace(6, user="somebody@example.com")
    assert look(world) == Compared((), (), 0, {}, (), 9, 0)


@pytest.mark.parametrize("days", [-400, -1, 1, 400])
def test_an_entry_that_moved_to_another_day_is_found(days: int) -> None:
    world = off()
    for entry_id in (2, 3):
        world.trail.replace(entry_id, timestamp=stamp(world.clock.now() + days * DAY))
    compared = look(world)
    assert compared.amended == (IdSpan(2, 3),)
    assert (compared.compared, compared.not_compared) == (9, 0)


def test_an_amendment_that_empties_a_days_file_is_found() -> None:
    world = off()
    days = {entry["id"]: entry["timestamp"] for entry in world.trail.entries}
    for entry_id in (1, 2):
        world.trail.replace(entry_id, timestamp=days[3])
    assert look(world).amended == (IdSpan(1, 2),)


def test_ten_thousand_amendments_are_one_finding_a_member() -> None:
    world = World()
    world.mode = "off"
    ids = world.aged(10_000)
    world.run()
    for entry_id in ids:
        member = DOCUMENTED[entry_id % len(DOCUMENTED)]
        world.trail.replace(entry_id, **{member: f"{entry_id}" * 100})
    compared = look(world)
    assert compared.amended == (IdSpan(1, 10_000),)
    assert len(compared.findings) == len(DOCUMENTED)
    assert sum(map(len, (finding.sentence for finding in compared.findings))) < 20_000


def test_what_earlier_statements_state_is_handed_on() -> None:
    world = off()
    run, head = world.bound(), world.head
    for entry_id in range(1, 10):
        world.trail.replace(entry_id, user="mallory")
    surveyed = surveyed_by(run, head)
    archivings = archived_by(run, head, surveyed.survey.ids)
    told = tuple(replace(each, amended=(IdSpan(1, 200),)) for each in archivings)
    assert len(compare(run, head, surveyed, archivings).findings) == 9
    compared = compare(run, head, surveyed, told)
    assert (compared.findings, compared.amended) == ((), (IdSpan(1, 9),))


# ---------------------------------------------------------------------------- respelled, and drift


def test_another_spelling_is_stated_and_known_again() -> None:
    world = off()
    respell(world, 5, 6, 7)
    world.trail.replace(9, flock_name="renamed")
    compared = look(world)
    files = [said.entries[0] for said in world.archives()[1:]]
    assert sorted((each.key, each.last_id) for each in compared.respelled) == sorted(
        (file.key, file.last_id) for file in files
    )
    assert (compared.amended, compared.findings, compared.drift) == ((), (), {"changed:flock_name": 1})
    assert (compared.compared, compared.differing) == (9, 0)

    head = replace(world.head, respelled=compared.respelled)
    log = EntryFiles()
    assert look(world, head, log) == Compared((), (), 0, {}, (), 9, 0)
    assert log.read == []

    world.trail.replace(6, user="mallory")
    compared = look(world, head)
    assert (compared.amended, compared.respelled) == ((IdSpan(6, 6),), ())


def test_the_spelling_of_one_file_does_not_stand_for_another() -> None:
    world = off()
    respell(world, 5, 6, 7)
    (known,) = look(world).respelled
    head = replace(world.head, respelled=(replace(known, key="entries/console=1234abcd/other"),))
    assert [each.sha256 for each in look(world, head).respelled] == [known.sha256]


# ---------------------------------------------------------------------------- what can't be compared


def test_a_file_that_is_gone_leaves_its_entries_uncompared() -> None:
    world = off()
    world.trail.replace(6, user="mallory")
    (file,) = world.archives()[1].entries
    world.store.lose(file.key, world.store.history(file.key)[0].version_id)
    compared = look(world)
    assert (compared.compared, compared.not_compared, compared.amended) == (6, 3, ())


@pytest.mark.parametrize(
    "data", [b"garbage", gzip.compress(b'{"id":6}\n', mtime=0), gzip.compress(b"\n" * 10**6, mtime=0), b""]
)
def test_garbage_over_an_entry_file_stops_nothing_and_hides_nothing(data: bytes) -> None:
    world = off()
    world.trail.replace(6, user="mallory")
    (file,) = world.archives()[1].entries
    for _ in range(3):
        world.store.add(file.key, Stored("", data, "0" * 64))
    assert look(world).amended == (IdSpan(6, 6),)
    world.store.mark_deleted(file.key)
    assert look(world).amended == (IdSpan(6, 6),)


@pytest.mark.parametrize("data", [b"garbage", gzip.compress(b'{"id":6}\n', mtime=0), b""])
def test_an_altered_file_leaves_its_entries_uncompared(data: bytes) -> None:
    world = off()
    world.trail.replace(6, user="mallory")
    (file,) = world.archives()[1].entries
    world.store.tamper(file.key, data)
    compared = look(world)
    assert (compared.compared, compared.not_compared, compared.amended) == (6, 3, ())


def test_garbage_that_would_fill_the_disk_is_not_read() -> None:
    world = off()
    world.trail.replace(6, user="mallory")
    (file,) = world.archives()[1].entries
    world.store.add(file.key, Stored("", b"\x1f" * 10**6, "0" * 64))
    log = EntryFiles()
    assert look(world, log=log).amended == (IdSpan(6, 6),)
    assert len(log.read) == 1, "only the version below it"


def test_a_file_that_another_gzip_packed_is_the_same_file() -> None:
    world = off()
    world.trail.replace(6, user="mallory")
    (file,) = world.archives()[1].entries
    content = gzip.decompress(world.store.data(file.key))
    cut = content.index(b"\n") + 10
    packed = gzip.compress(content[:cut], 1) + gzip.compress(content[cut:], 0)
    world.store.lose(file.key, world.store.history(file.key)[0].version_id)
    world.store.add(file.key, Stored("", packed, "0" * 64))
    assert look(world).amended == (IdSpan(6, 6),)


@pytest.mark.parametrize("method", ["inspect", "read", "versions"])
def test_a_bucket_that_refuses_entry_files_stops_nothing(method: str) -> None:
    world = off()
    world.trail.replace(6, user="mallory")
    (file,) = world.archives()[1].entries
    if method == "versions":
        world.store.mark_deleted(file.key)
    compared = look(world, log=EntryFiles(method))
    assert (compared.compared, compared.not_compared, compared.amended) == (6, 3, ())


@all_rows("looks", range(1, 12))
def test_when_the_time_runs_out_what_was_not_compared_is_counted(looks: int) -> None:
    world = off()
    for entry_id in world.trail.ids:
        world.trail.replace(entry_id, user="mallory")
    compared = look(world, clock=Hurried(looks))
    assert compared.compared + compared.not_compared == 9
    assert compared.differing == compared.compared
    assert compared.not_compared > 0 or looks > 5


def test_a_file_that_was_read_in_part_is_not_said_to_be_respelled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_step, "ENTRIES_PER_TIME_CHECK", 1)
    world = off()
    respell(world, *world.trail.ids)
    whole = {*look(world).respelled}
    parts = [{*look(world, clock=Hurried(looks)).respelled} for looks in range(50)]
    assert all(part <= whole for part in parts)
    assert parts[0] == set()
    assert parts[-1] == whole


# ---------------------------------------------------------------------------- many files, long lines


def test_more_files_than_are_read_side_by_side_are_read_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_step, "MAX_FILES", 2)
    world = off()
    for entry_id in world.trail.ids:
        world.trail.replace(entry_id, user="mallory")
    assert look(world).amended == (IdSpan(1, 9),)


@pytest.mark.parametrize("form", breadth(["plain", "source"], "plain"))
def test_long_lines_are_compared_too(monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    monkeypatch.setattr(compare_step, "MAX_LONG_LINES", 1 << 16)
    world = World()
    world.mode = "off"
    size = (1 << 20) + (1 << 12) if form == "source" else 1 << 17
    text = Random(1).randbytes(size // 2).hex()  # noqa: S311 - it hardly compresses
    for _ in range(3):
        world.aged(2, message=text)
        world.run()
    world.trail.replace(3, message=text[:-1] + "x")
    world.trail.replace(5, message="x" + text[1:])
    compared = look(world)
    assert compared.amended == (IdSpan(3, 3), IdSpan(5, 5))
    assert (compared.compared, compared.not_compared) == (6, 0)
    assert max(len(finding.sentence) for finding in compared.findings) < 2000
