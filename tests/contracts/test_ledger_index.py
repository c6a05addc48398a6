"""The contract of a Ledger's index of statements, on the fake and on DynamoDbLedger with both emulators."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from audit_archive.adapters import ledger_items as items
from audit_archive.adapters.ledger import DynamoDbLedger
from audit_archive.errors import IntegrityError
from audit_archive.format.facts import IdSpan, SliceFacts
from audit_archive.format.index import Indexed, indexed
from audit_archive.format.statement import Statement
from audit_archive.ports import Ledger
from tests.support import aws
from tests.support.fakes import FakeLedger
from tests.support.statements import archive_statement, head_at, operator_statement, ref_of
from tests.support.stubbed import answering

everywhere = pytest.mark.parametrize("endpoint", ["fake", "moto", "ministack"], indirect=True)


@pytest.fixture
def ledger(endpoint: str | None) -> Ledger:
    if endpoint is None:
        return FakeLedger()
    return DynamoDbLedger(aws.client("dynamodb", endpoint), aws.ledger_table(endpoint))


@pytest.fixture
def console() -> str:
    return f"console-{uuid4().hex[:8]}"


def record(ledger: Ledger, *statements: Statement) -> list[Indexed]:
    """Record statements, and tell what the index should have of them."""
    for statement in statements:
        ledger.record(head_at(statement), statement)
    return [indexed(statement, ref_of(statement)) for statement in statements]


@everywhere
def test_a_console_of_which_nothing_is_recorded_has_no_index(ledger: Ledger, console: str) -> None:
    assert list(ledger.statements(console)) == []
    assert list(ledger.recent_statements(console, 3)) == []
    record(ledger, operator_statement(f"{console}-2", 1))
    assert list(ledger.statements(console)) == []


@everywhere
def test_the_index_has_every_statement_in_order(ledger: Ledger, console: str) -> None:
    empty = replace(archive_statement(console, 3, dates=0), slice=SliceFacts(None, None, 0))
    empty = replace(empty, amended=(IdSpan(2, 3), IdSpan(9, 9)))
    found = record(
        ledger,
        archive_statement(console, 1, dates=3),
        operator_statement(console, 2),
        empty,
        archive_statement(console, 4),
        *(operator_statement(console, seq) for seq in range(5, 12)),
    )
    assert list(ledger.statements(console)) == found
    for most in (3, 11, 20):
        assert list(ledger.recent_statements(console, most)) == found[::-1][:most]
    first, _, third, fourth = found[:4]
    assert (first.kind, first.count, first.first_id, first.last_id) == ("archive", 3, 1, 3)
    assert (first.first_date, first.last_date) == ("2020-01-01", "2020-01-03")
    assert (third.count, third.first_id, third.last_id, third.first_date) == (0, None, None, None)
    assert (fourth.amended, third.amended) == (None, IdSpan(2, 9))
    assert (fourth.seq, fourth.count, fourth.statement) == (4, 400, ref_of(archive_statement(console, 4)))


def test_an_index_of_more_than_a_page() -> None:
    """A page of DynamoDB has one megabyte."""
    statements = [operator_statement("c1", seq) for seq in (1, 2, 3)]
    rows = [items.statement_item(said, ref_of(said)) for said in statements]
    last: Any = items.item_key("c1", "statement#0000000002")
    pages = [{"Items": rows[:2], "LastEvaluatedKey": last}, {"Items": rows[2:]}]
    with answering("dynamodb", *(("query", page) for page in pages)) as client:
        found = list(DynamoDbLedger(client, "table").statements("c1"))
    assert found == [indexed(said, ref_of(said)) for said in statements]


def test_a_damaged_item_is_no_silence(moto: str) -> None:
    client: Any = aws.client("dynamodb", moto)
    table = aws.ledger_table(moto)
    ledger = DynamoDbLedger(client, table)
    record(ledger, operator_statement("c1", 1))
    client.put_item(TableName=table, Item={"console": {"S": "c1"}, "item": {"S": "statement#0000000002"}})
    with pytest.raises(IntegrityError, match=r"of c1 .*`canary-audit ledger rebuild c1`"):
        list(ledger.statements("c1"))
