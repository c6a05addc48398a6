"""Legal holds in the chain: each is stated with who and why, they overlap, and each ends by itself."""

from dataclasses import replace
from typing import Any

import pytest

from audit_archive.errors import RequestError
from audit_archive.evidence.custody import CustodyLog
from audit_archive.format.facts import Action, IdSpan
from audit_archive.format.layout import checkpoint_key, statement_key
from audit_archive.format.statement import ArchiveStatement, OperatorStatement
from audit_archive.retrieve.legal_holds import freed_by, kept_by, statement_of
from audit_archive.retrieve.status import holds_of, statuses
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import Result, RunOutcome
from tests.support.asking import reader_of
from tests.support.audit import audit
from tests.support.rows import all_rows
from tests.support.world import CONSOLE, World


def archived() -> World:
    """Two archived exports: statements 1 and 2."""
    world = World()
    world.mode = "off"
    for _ in range(2):
        world.aged(2)
        world.run()
    return world


def hold(world: World, *held: IdSpan, who: str = "ada") -> int:
    """Set a hold; without ranges on the whole archive. Returns its number."""
    told = decide(world, Action.LEGAL_HOLD, who=who, held=held)
    assert told.outcome == RunOutcome.STATED
    return world.head.seq


def release(world: World, seq: int) -> None:
    decide(world, Action.END_LEGAL_HOLD, released=seq)


def decide(world: World, action: Action, who: str = "ada", **own: Any) -> Result:
    world.clock.left = 900.0
    return state_decision(world.bound(), OperatorRequest(CONSOLE, action, who, "case 7", **own))


def test_a_hold_is_stated_and_ends_by_its_number() -> None:
    world = archived()
    seq = hold(world, IdSpan(1, 1))
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert (said.action, said.who, said.held, said.released) == ("legal_hold", "ada", (IdSpan(1, 1),), None)
    (kept,) = world.head.legal_holds
    assert (kept.seq, kept.who, kept.reason, kept.request_id) == (seq, "ada", "case 7", said.run.id)
    release(world, seq)
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert (said.action, said.held, said.released) == ("end_legal_hold", (), seq)
    assert world.head.legal_holds == ()
    audit(world)


def test_each_is_announced_and_makes_no_purge_possible() -> None:
    world = archived()
    release(world, hold(world))
    assert world.alerts.kinds == ["OperatorDecision"] * 2
    assert world.head.decided_at is None


def test_a_hold_on_the_whole_archive_names_its_own_statement_and_nothing_later() -> None:
    world = archived()
    seq = hold(world)
    (kept,) = world.head.legal_holds
    assert kept.held == (IdSpan(1, seq),)
    assert kept.is_whole
    world.aged(1)
    world.run()
    (told,) = holds_of(world.head)
    assert told.later == world.head.seq - seq > 0
    hold(world, IdSpan(1, 2))
    assert [each.later is None for each in holds_of(world.head)] == [False, True]


def test_holds_outlive_an_epoch_and_a_lost_ledger() -> None:
    world = archived()
    hold(world)
    kept = world.head.legal_holds
    world.state(Action.EPOCH)
    assert world.head.legal_holds == kept
    world.ledger.forget(CONSOLE)
    decide(world, Action.REBUILD)
    assert world.head.legal_holds == kept


def test_the_status_lists_them() -> None:
    world = archived()
    seq = hold(world, IdSpan(1, 1))
    (told,) = statuses(reader_of(world), CONSOLE)
    (listed,) = told.as_dict()["legal_holds"]
    assert (listed["seq"], listed["who"], listed["held"]) == (seq, "ada", [{"first": 1, "last": 1}])


def test_a_hold_keeps_every_object_of_its_statements() -> None:
    world = archived()
    hold(world)
    keys = kept_by(reader_of(world), world.head, (IdSpan(2, 3),))
    second = world.chain()[1]
    assert isinstance(second, ArchiveStatement)
    files = {second.export.key, *(file.key for file in second.entries)}
    own = {make(CONSOLE, seq) for make in (statement_key, checkpoint_key) for seq in (2, 3)}
    assert set(keys) == files | own


def test_what_another_open_hold_covers_is_not_freed() -> None:
    world = archived()
    one, both = hold(world, IdSpan(1, 1)), hold(world, IdSpan(1, 2))
    first, second = world.head.legal_holds
    reader = reader_of(world)
    assert freed_by(reader, world.head, first) == ()
    assert set(freed_by(reader, world.head, second)) == set(kept_by(reader, world.head, (IdSpan(2, 2),)))
    release(world, both)
    assert set(freed_by(reader, world.head, first)) == set(kept_by(reader, world.head, (IdSpan(1, 1),)))
    release(world, one)


def test_an_export_of_two_statements_is_kept_by_a_hold_on_either() -> None:
    """The second statement rests on the same export: a purge became due, and nothing new had come."""
    world = archived()
    world.mode = "on"
    world.run()
    one, other, *_ = [s for s in world.chain() if isinstance(s, ArchiveStatement)][1:]
    assert one.export.key == other.export.key
    hold(world, IdSpan(one.seq, one.seq))
    hold(world, IdSpan(other.seq, other.seq))
    freed = freed_by(reader_of(world), world.head, world.head.legal_holds[0])
    assert statement_key(CONSOLE, one.seq) in freed
    assert one.export.key not in freed


def test_a_statement_is_found_by_its_number_along_the_chain() -> None:
    world = archived()
    reader = reader_of(world)
    assert statement_of(reader, world.head, 1) == world.chain()[0]
    assert statement_of(reader, world.head, 9) is None


def test_what_can_not_be_held_or_released_is_refused() -> None:
    world = archived()
    statements = len(world.chain())
    with pytest.raises(RequestError, match="held: the newest statement of Console 1234abcd is 2"):
        hold(world, IdSpan(1, 3))
    for seq in (1, 2, 9):
        with pytest.raises(RequestError, match=f"no open legal hold of statement {seq}"):
            release(world, seq)
    assert len(world.chain()) == statements
    with pytest.raises(RequestError, match="nothing to hold"):
        hold(World())


def test_a_hold_ends_once() -> None:
    world = archived()
    seq = hold(world)
    release(world, seq)
    with pytest.raises(RequestError, match="no open legal hold"):
        release(world, seq)


EVENT = {"console": CONSOLE, "action": "legal_hold", "who": "ada", "reason": "case 7"}
SPAN = {"first": 2, "last": 3}


@all_rows(
    "held",
    [
        *([], {}, "1-2", [1], [[1, 2]], [{"first": 1}], [SPAN | {"more": 1}], [SPAN, SPAN]),
        *([{"first": 3, "last": 2}], [{"first": 0, "last": 2}], [{"first": True, "last": 2}]),
        *([SPAN, {"first": 1, "last": 1}], [{"first": "1", "last": 2}], [{"first": 1, "last": 10**10}]),
        [{"first": n, "last": n} for n in range(1, 102)],
    ],
)
def test_what_a_hold_names_is_ranges_in_order(held: object) -> None:
    with pytest.raises(RequestError) as refused:
        OperatorRequest.from_event(EVENT | {"held": held})
    assert refused.value.field == "held"


def test_a_hold_is_asked_for_by_ranges_or_for_all_and_its_end_by_its_number() -> None:
    assert OperatorRequest.from_event(EVENT).held == ()
    asked = OperatorRequest.from_event(EVENT | {"held": [SPAN, {"first": 5, "last": 5}]})
    assert asked.held == (IdSpan(2, 3), IdSpan(5, 5))
    end = EVENT | {"action": "end_legal_hold"}
    assert OperatorRequest.from_event(end | {"released": 7}).released == 7
    with pytest.raises(RequestError, match="released: missing"):
        OperatorRequest.from_event(end)
    with pytest.raises(RequestError, match="held: unknown"):
        OperatorRequest.from_event(end | {"released": 7, "held": [SPAN]})


def test_a_hold_of_many_ranges_is_told_in_one_sentence() -> None:
    world = archived()
    world.aged(1)
    world.run()
    seq = hold(world, IdSpan(1, 1), IdSpan(3, 3))
    release(world, seq)
    log = CustodyLog()
    for statement in world.chain():
        log.add(statement)
    set_, ended = log.custody().milestones[-2:]
    assert set_.sentence == "ada set a legal hold on the statements 1 to 3, in 2 ranges: case 7"
    assert ended.sentence == f"ada released the legal hold of statement {seq}: case 7"
    assert replace(set_, sentence="").turn == "legal_hold"
