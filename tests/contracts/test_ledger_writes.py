"""What somebody may write into the ledger's table: the head can be made anew over it."""

from typing import Any

import pytest

from audit_archive.adapters import ledger_items as items
from audit_archive.adapters.ledger import DynamoDbLedger
from audit_archive.errors import IntegrityError
from audit_archive.format.facts import Action, LostStatement
from audit_archive.format.head import Head
from audit_archive.format.statement import OperatorStatement
from audit_archive.run.operate import state_decision
from audit_archive.run.request import OperatorRequest
from audit_archive.run.result import Result, RunOutcome
from tests.support import aws
from tests.support.statements import head_at, operator_statement
from tests.support.world import CONSOLE, World

N: dict[str, Any] = {"N": "9999999999"}
WRITES: dict[str, dict[str, Any] | None] = {
    "a number far ahead": {"seq": N},
    "a number that is a text": {"seq": {"S": "x"}},
    "another statement": {"statement_sha256": {"S": "00"}},
    "another digest": {"digest": {"S": "00"}},
    "another body": {"body": {"B": b"x"}},
    "other holes": {"holes": {"B": items.pack([])}},
    "another format": {"format": {"N": "2"}, "seq": N},
    "no format": {"format": {"NULL": True}, "seq": N},
    "nothing else": None,
}


@pytest.mark.parametrize("what", WRITES)
def test_a_head_is_made_anew_over_whatever_was_written(moto: str, what: str) -> None:
    client: Any = aws.client("dynamodb", moto)
    table = aws.ledger_table(moto)
    ledger = DynamoDbLedger(client, table)
    first, second = operator_statement("c1", 1), operator_statement("c1", 2)
    ledger.record(head_at(first, holes=2), first)
    key = items.item_key("c1", items.HEAD)
    item, written = client.get_item(TableName=table, Key=key)["Item"], WRITES[what]
    client.put_item(TableName=table, Item=key if written is None else item | written)
    if written is None or "format" in written:
        assert ledger.head("c1") is None
    else:
        with pytest.raises(IntegrityError, match="`canary-audit ledger rebuild "):
            ledger.head("c1")
        remnant = ledger.remnant("c1")
        ledger.disown("c1")
        assert (ledger.disowned("c1"), ledger.remnant("c1")) == (remnant, Head("c1"))
    ledger.record(head_at(first), first, b"note")
    assert ledger.head("c1") == head_at(first)
    ledger.record(head_at(second), second)
    assert ledger.head("c1") == head_at(second)


FAR: dict[str, dict[str, Any]] = {
    "bytes that are not a head": {"body": {"B": b"x"}},
    "a body of another type": {"body": {"M": {"a": {"S": "x"}}}},
    "a digest of another type": {"digest": {"L": [{"NULL": True}]}},
    "without its holes": {"holes": {"NULL": True}, "holes_at": {"S": "x"}},
    "of a newer release": {"format": {"N": "99"}},
    "without a format": {"format": {"NULL": True}},
}
TELLING = {"bytes that are not a head", "of a newer release"}
"""Bytes that can't be read, and bytes that may not be."""


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=() if what in TELLING else pytest.mark.wide) for what in FAR]
)
def test_a_head_ahead_of_the_bucket_holds_though_it_can_not_be_read(moto: str, what: str) -> None:
    """What it knew is not forgotten with it: an operator states the loss, and only then a run goes on."""
    client: Any = aws.client("dynamodb", moto)
    table, world = aws.ledger_table(moto), World()
    ledger = DynamoDbLedger(client, table)
    world.ledger = ledger  # type: ignore[assignment]
    world.aged(3)
    world.run()
    world.aged(2)
    lost = world.head.statement
    assert lost is not None
    item = client.get_item(TableName=table, Key=items.item_key(CONSOLE, items.HEAD))["Item"]
    client.put_item(TableName=table, Item=item | FAR[what])
    world.store.lose(lost.key, lost.version_id)
    chain = world.chain()
    for act in (World.run, rebuild):
        with pytest.raises(IntegrityError, match=f"ledger rebuild {CONSOLE} --lost-after {len(chain)}"):
            act(world)
    assert (world.chain(), world.posts) == (chain, [3])
    assert rebuild(world, len(chain)).outcome == RunOutcome.STATED
    said = world.chain()[-1]
    assert isinstance(said, OperatorStatement)
    assert said.lost == LostStatement(len(chain) + 1, lost.sha256)
    assert ledger.disowned(CONSOLE) is None
    world.later()
    assert world.run().new_entries


def rebuild(world: World, lost_after: int | None = None) -> Result:
    world.clock.left = world.time_left
    decision = OperatorRequest(CONSOLE, Action.REBUILD, "ann", "looked", lost_after=lost_after)
    return state_decision(world.bound(), decision)


def test_a_newer_head_that_can_be_read_stays(moto: str) -> None:
    """Somebody disowns what they read; meanwhile another run has recorded a newer head."""
    client: Any = aws.client("dynamodb", moto)
    table = aws.ledger_table(moto)
    first, second = operator_statement("c1", 1), operator_statement("c1", 2)
    late, quick = DynamoDbLedger(client, table), DynamoDbLedger(client, table)
    late.record(head_at(first), first)

    class Meanwhile:
        """A table in which another run is faster, right after the head is read."""

        def get_item(self, **request: Any) -> Any:
            answer = client.get_item(**request)
            quick.record(head_at(second), second)
            return answer

        def __getattr__(self, name: str) -> Any:
            return getattr(client, name)

    DynamoDbLedger(Meanwhile(), table).disown("c1")  # type: ignore[arg-type]
    assert late.head("c1") == head_at(second)
    assert late.disowned("c1") is None
