"""Somebody who can write to the ledger can slow an answer down, and never hide an entry from it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.signing import is_signed
from audit_archive.errors import RequestError
from audit_archive.format.facts import Action, ObjectRef
from audit_archive.format.head import Head
from audit_archive.format.ids import IdRange
from audit_archive.format.index import Indexed, indexed
from audit_archive.retrieve.coverage import INDEX_ONLY, RestsOn
from audit_archive.retrieve.proofs import find_proofs
from audit_archive.retrieve.query import Query
from audit_archive.retrieve.statements import read_chain
from audit_archive.retrieve.status import statuses
from audit_archive.storage.chain import is_stated
from tests.support.asking import ask, at, ids_of, reader_of
from tests.support.bundles import bundle, make, manifest_of, opened, request_of
from tests.support.examples import examples
from tests.support.fakes import FakeSigner
from tests.support.world import CONSOLE, DAY, World

Lie = Callable[[Indexed], Indexed]
ALL = [1, 2, 3, 4, 8, 9, 10, 11]


@pytest.fixture
def world() -> World:
    return nights()


def nights() -> World:
    """Four nights with two entries each, from 2026-11-23 on; the ids 5 to 7 are missing."""
    world = World()
    world.mode = "off"
    for night in range(4):
        world.trail.skip(3 * (night == 2))
        world.trail.arrive(2)
        world.later(DAY)
        world.run()
    return world


def lie(world: World, seq: int, **fields: Any) -> None:
    """Write other fields into an item of the index."""
    said, ref = world.ledger.index[CONSOLE, seq]
    item = world.ledger.lies.get((CONSOLE, seq)) or indexed(said, ref)
    world.ledger.lies[CONSOLE, seq] = replace(item, **fields)


NOTHING = {"kind": "purge", "count": 0, "first_id": None, "last_id": None}
NO_DATES = {"first_date": None, "last_date": None}


def hidden_outright(world: World) -> None:
    lie(world, 2, **NOTHING, **NO_DATES)


def hidden_and_counted_elsewhere(world: World) -> None:
    """Statement 3 has a hole below it: its item takes the count, and the ids that make room for it."""
    lie(world, 2, **NOTHING, **NO_DATES)
    lie(world, 3, count=4, first_id=5)


def hidden_behind_the_holes_of_the_last(world: World) -> None:
    lie(world, 2, **NOTHING, **NO_DATES)
    lie(world, 4, count=4, last_id=13)


def dates_moved(world: World) -> None:
    lie(world, 2, first_date="1999-01-01", last_date="1999-01-01")


def dates_moved_beside_the_next(world: World) -> None:
    lie(world, 2, first_date="2026-11-25", last_date="2026-11-25")


def dates_that_end_before_they_begin(world: World) -> None:
    """No step in time leads over them; the item before has no ids."""
    lie(world, 1, **NOTHING | {"count": 2}, **NO_DATES)
    lie(world, 2, last_date="1999-01-01")


def dates_without_an_end(world: World) -> None:
    lie(world, 1, **NOTHING, **NO_DATES)
    lie(world, 2, last_date=None)


def ids_moved(world: World) -> None:
    lie(world, 2, first_id=5, last_id=6)


def ids_said_to_be_late(world: World) -> None:
    lie(world, 2, first_id=1, last_id=2, first_date="1999-01-01", last_date="1999-01-01")


def another_statement(world: World) -> None:
    """The item leads to the version and the hash of another statement."""
    other = world.ledger.index[CONSOLE, 1][1]
    own = world.ledger.index[CONSOLE, 2][1]
    lie(world, 2, statement=ObjectRef(own.key, other.version_id, other.sha256))


def the_item_of_another(world: World) -> None:
    """Number 2 leads to statement 1, whose hash it has: only the place is wrong."""
    world.ledger.index[CONSOLE, 2] = world.ledger.index[CONSOLE, 1]


def no_such_version(world: World) -> None:
    own = world.ledger.index[CONSOLE, 2][1]
    lie(world, 2, statement=replace(own, version_id="v99999999"))


def an_item_removed(world: World) -> None:
    del world.ledger.index[CONSOLE, 2]


def counts_below_zero(world: World) -> None:
    lie(world, 2, **NOTHING | {"kind": "archive", "count": -2}, **NO_DATES)
    lie(world, 4, count=6, last_id=99)


LIES = [
    hidden_outright,
    hidden_and_counted_elsewhere,
    hidden_behind_the_holes_of_the_last,
    dates_moved,
    dates_moved_beside_the_next,
    dates_that_end_before_they_begin,
    dates_without_an_end,
    ids_moved,
    ids_said_to_be_late,
    another_statement,
    the_item_of_another,
    no_such_version,
    an_item_removed,
    counts_below_zero,
]


@pytest.mark.parametrize("tell", LIES, ids=[tell.__name__ for tell in LIES])
def test_an_index_that_lies_hides_no_entry(world: World, tell: Callable[[World], None]) -> None:
    tell(world)
    assert ids_of(ask(world, start=at("2026-11-23"), end=at("2026-11-24"))) == [1, 2]
    night = ask(world, start=at("2026-11-24"), end=at("2026-11-25"))
    assert ids_of(night) == [3, 4]
    assert ids_of(ask(world, ids=IdRange(3, 4))) == [3, 4]
    assert ids_of(ask(world)) == ALL
    assert night.coverage.rests_on == RestsOn.STATEMENTS
    assert "the ledger's index does not fit the chain" in night.coverage.notices[0]
    assert night.coverage.not_covered == ("3 ids in this range are not archived: see holes",)


def test_an_honest_index_is_enough_and_the_answer_says_so(world: World) -> None:
    found = ask(world, start=at("2026-11-24"), end=at("2026-11-25"))
    assert (ids_of(found), found.coverage.notices) == ([3, 4], ())
    assert found.coverage.rests_on == RestsOn.INDEX
    world.ledger.forget(CONSOLE)
    found = ask(world)
    assert (ids_of(found), found.coverage.notices) == (ALL, ())
    assert found.coverage.rests_on == RestsOn.STATEMENTS


def test_the_end_of_the_chain_can_t_be_hidden(world: World) -> None:
    """Its count is where there is room for it, in a hole that nobody asks for."""
    lie(world, 4, **NOTHING, **NO_DATES)
    lie(world, 3, count=4, first_id=5)
    found = ask(world, ids=IdRange(10, 11))
    assert (ids_of(found), found.coverage.rests_on) == ([10, 11], RestsOn.STATEMENTS)


@pytest.mark.parametrize("elsewhere", [1, 4])
def test_what_a_late_writer_filled_can_t_be_hidden(world: World, elsewhere: int) -> None:
    fill(world)
    lie(world, elsewhere, count=3)
    found = ask(world, ids=IdRange(6, 6))
    assert (ids_of(found), found.coverage.rests_on) == ([6], RestsOn.STATEMENTS)


def test_a_statement_that_is_read_is_held_to_how_much_was_before_it(world: World) -> None:
    """In an epoch that has ended no head tells which holes are open."""
    fill(world)
    world.trail.reset()
    world.state(Action.EPOCH)
    lie(world, 1, count=3)
    found = ask(world, ids=IdRange(6, 6), epoch=1)
    assert (ids_of(found), found.coverage.rests_on) == ([6], RestsOn.STATEMENTS)


def fill(world: World) -> None:
    """A late writer fills the id 6, which the index denies."""
    world.trail.put(6, timestamp="2026-11-24 20:00:00 UTC+0000")
    world.trail.arrive()
    world.later(DAY)
    world.run()
    said, ref = world.ledger.index[CONSOLE, 5]
    assert indexed(said, ref).count == 2
    lie(world, 5, count=1, first_id=12)


def test_the_end_of_an_epoch_can_t_be_hidden(world: World) -> None:
    world.trail.reset()
    world.state(Action.EPOCH)
    world.trail.arrive(2)
    world.later(DAY)
    world.run()
    lie(world, 4, **NOTHING, **NO_DATES)
    lie(world, 3, count=4, first_id=5)
    found = ask(world, epoch=1, ids=IdRange(10, 11))
    assert (ids_of(found), found.coverage.rests_on) == ([10, 11], RestsOn.STATEMENTS)


def test_the_beginning_of_an_epoch_can_t_be_hidden(world: World) -> None:
    world.trail.reset()
    world.state(Action.EPOCH)
    world.trail.arrive(12)
    world.later(DAY)
    world.run()
    lie(world, 5, kind="purge")
    lie(world, 6, first_id=12, last_id=23)
    found = ask(world, epoch=2)
    assert (ids_of(found), found.coverage.rests_on) == (list(range(1, 13)), RestsOn.STATEMENTS)


DATES = [f"2026-11-2{n}" for n in range(2, 9)]
FIELDS = {
    "count": st.integers(-2, 12),
    "first_id": st.one_of(st.none(), st.integers(-1, 14)),
    "last_id": st.one_of(st.none(), st.integers(-1, 14)),
    "kind": st.sampled_from(["archive", "purge", "operator"]),
    "first_date": st.sampled_from([None, "1999-01-01", *DATES, "2099-01-01"]),
    "last_date": st.sampled_from([None, "1999-01-01", *DATES, "2099-01-01"]),
}
the_nights = cache(nights)
lies = st.dictionaries(
    st.integers(1, 4),
    st.builds(
        lambda fields, names: {name: value for name, value in fields.items() if name in names},
        st.fixed_dictionaries(FIELDS),
        st.sets(st.sampled_from(list(FIELDS))),
    ),
    min_size=1,
)


@examples(300)
@given(lies, st.one_of(st.integers(22, 28), st.integers(1, 13)), st.booleans())
def test_no_lie_of_any_kind_hides_an_entry(told: dict[int, dict[str, Any]], asked: int, is_id: bool) -> None:
    """Entries come in the order of their ids, as a trail's do; a test below says why that matters."""
    world = the_nights()
    world.ledger.lies.clear()
    for seq, fields in told.items():
        lie(world, seq, **fields)
    if is_id:
        assert ids_of(ask(world, ids=IdRange(asked, asked))) == [asked] * (asked in ALL)
    else:
        start = at(f"2026-11-{asked}")
        true = {23: [1, 2], 24: [3, 4], 25: [8, 9], 26: [10, 11]}
        assert ids_of(ask(world, start=start, end=start + DAY)) == true.get(asked, [])


# The head


def test_a_head_is_held_to_its_statement(world: World) -> None:
    head = world.head
    assert is_stated(world.store, head)
    assert not is_stated(world.store, replace(head, highest_archived_id=99))
    assert not is_stated(world.store, replace(head, holes=()))
    assert not is_stated(world.store, replace(head, is_latched=True))
    ref = head.statement
    assert ref is not None
    assert not is_stated(world.store, replace(head, statement=replace(ref, version_id="v99999999")))
    assert not is_stated(world.store, replace(head, statement=replace(ref, sha256="0" * 64)))
    assert not is_stated(world.store, replace(head, statement=world.refs()[0]))
    assert not is_stated(world.store, replace(head, statement=None))


def test_a_shorter_head_with_an_index_to_fit_it_hides_nothing(world: World) -> None:
    """The tree ends at statement 2, and so does the index; the head names statement 4 all the same."""
    early = world.archives()[1]
    world.ledger.overwrite(CONSOLE, replace(world.head, tree=early.tree, highest_archived_id=4))
    lie(world, 3, **NOTHING, **NO_DATES)
    lie(world, 4, **NOTHING, **NO_DATES)
    found = ask(world)
    assert (ids_of(found), found.coverage.rests_on) == (ALL, RestsOn.STATEMENTS)
    (status,) = statuses(reader_of(world), CONSOLE)
    assert (status.highest_archived_id, status.fault) == (11, None)


def test_a_chain_that_takes_too_long_to_read_is_an_error_in_time(world: World) -> None:
    world.ledger.forget(CONSOLE)
    reader = reader_of(world)
    world.clock.left = 19
    with pytest.raises(RequestError, match=r"console: .*raise the timeout"):
        read_chain(reader, CONSOLE)


def test_an_older_head_costs_nothing_but_time(world: World) -> None:
    world.ledger.overwrite(CONSOLE, _head_of(world, 2))
    assert ids_of(ask(world)) == ALL


@pytest.mark.parametrize("sha256", ["0" * 64, None], ids=["another", "ahead"])
def test_a_head_that_the_bucket_does_not_know_is_told(world: World, sha256: str | None) -> None:
    """It may be a lie, or the bucket has lost something: the answer is given, and is not complete."""
    head, ref = world.head, world.head.statement
    assert ref is not None
    if sha256 is not None:
        world.ledger.overwrite(CONSOLE, replace(head, statement=replace(ref, sha256=sha256)))
    else:
        world.store.lose(ref.key, ref.version_id)
    found = ask(world)
    assert ids_of(found) == (ALL if sha256 else ALL[:-2])
    assert found.coverage.not_covered[-1].startswith("the ledger knows statement 4 with the SHA-256 ")
    assert "not complete" in found.sentence
    (status,) = statuses(reader_of(world), CONSOLE)
    assert status.fault is not None
    assert "the ledger knows statement 4" in status.fault


# Proofs and evidence


def signed(world: World) -> World:
    world.signer = FakeSigner()
    for _ in range(2):
        world.trail.arrive(2)
        world.later(DAY)
        world.run()
    return world


def test_a_proof_is_found_whatever_the_index_says(world: World) -> None:
    signed(world)
    lie(world, 4, first_date="1999-01-01", last_date="1999-01-01")
    lie(world, 3, count=1)
    for entry_id in (8, 10, 12):
        found = find_proofs(reader_of(world), Query(CONSOLE, ids=IdRange(entry_id, entry_id)), is_signed)
        assert [each.proven.entry_id for each in found.proofs] == [entry_id]


def test_evidence_takes_its_rows_from_the_statements_that_it_audits(world: World) -> None:
    dates_moved(world)
    made, _ = make(reader_of(world))
    files = bundle(world)
    assert [line.count(b'"id"') for line in files["entries.ndjson"].splitlines()] == [1] * len(ALL)
    told = manifest_of(files)
    assert told["coverage"]["rests_on"] == RestsOn.STATEMENTS
    assert any("index" in fault["sentence"] for fault in told["verification"]["faults"])
    assert made.coverage.searched.statements == 4


def test_what_an_index_can_still_hide_is_no_bundle_s_and_no_audit_s(world: World) -> None:
    """An entry far out of the order of time, whose date no other hints at: the answer says so."""
    world.trail.arrive(timestamp="2026-03-01 10:00:00 UTC+0000")
    world.trail.arrive()
    world.later(DAY)
    world.run()
    lie(world, 5, first_date=world.last().entries[-1].date)
    found = ask(world, start=at("2026-03-01"), end=at("2026-03-02"))
    assert (ids_of(found), found.coverage.rests_on) == ([], RestsOn.INDEX)
    files = opened(make(reader_of(world), request_of(**{"from": "2026-03-01", "to": "2026-03-01"}))[1])
    assert files["entries.ndjson"].count(b"\n") == 1
    assert INDEX_ONLY in found.coverage.not_verified


def _head_of(world: World, seq: int) -> Head:
    head = Head(CONSOLE)
    for said, ref in list(zip(world.chain(), world.refs(), strict=True))[:seq]:
        head = head.after(said, ref)
    return head
