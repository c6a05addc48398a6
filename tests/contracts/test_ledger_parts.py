"""A head too large for one item: its parts come before it, and go after it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from audit_archive.adapters import ledger_items as items
from audit_archive.adapters.ledger import DynamoDbLedger
from audit_archive.format.codec import UnknownMember
from audit_archive.format.head import Head, OpenHole
from tests.support import aws
from tests.support.statements import head_at, operator_statement, ref_of

LARGE = 12_000
"""Holes that take two items, when nothing in them repeats."""


class Table:
    """A ledger, and a look into its table."""

    def __init__(self, endpoint: str) -> None:
        self.client: Any = aws.client("dynamodb", endpoint)
        self.name = aws.ledger_table(endpoint)
        self.ledger = DynamoDbLedger(self.client, self.name)

    def item_names(self) -> list[str]:
        return sorted(item["item"]["S"] for item in self.client.scan(TableName=self.name)["Items"])

    def record(self, seq: int, holes: int = 0) -> Head:
        statement = operator_statement("c1", seq)
        head = large(head_at(statement), holes)
        self.ledger.record(head, statement)
        return head


def large(head: Head, holes: int) -> Head:
    """The head with holes that hardly compress."""
    causes = (sha256(b"%d" % n).hexdigest() for n in range(holes))
    return replace(
        head,
        holes=tuple(
            OpenHole(2 * n + 1, 2 * n + 1, UnknownMember(cause), n) for n, cause in enumerate(causes)
        ),
    )


@pytest.fixture
def table(moto: str) -> Table:
    return Table(moto)


def test_parts_vanish_when_the_next_head_is_recorded(table: Table) -> None:
    table.record(1, LARGE)
    assert len([name for name in table.item_names() if name.startswith("head#")]) == 2
    table.record(2, LARGE + 1)
    assert parts_of(table) == {"head#0000000002#"}
    table.record(3)
    names = ["head", "statement#0000000001", "statement#0000000002", "statement#0000000003"]
    assert table.item_names() == names


def parts_of(table: Table) -> set[str]:
    """The numbers under which there are parts."""
    return {name[:16] for name in table.item_names() if name.startswith("head#")}


def test_holes_that_stay_are_not_written_again(table: Table) -> None:
    table.record(1, LARGE)
    head = table.record(2, LARGE)
    assert parts_of(table) == {"head#0000000001#"}
    assert table.ledger.head("c1") == head
    table.record(2, LARGE)
    assert parts_of(table) == {"head#0000000002#"}, "what is recorded once more is repaired"
    assert table.ledger.head("c1") == head


def test_parts_of_a_crashed_run_change_nothing_and_vanish_later(table: Table) -> None:
    recorded = table.record(1)
    crashed = operator_statement("c1", 2)
    _, parts = items.head_items(large(head_at(crashed), LARGE), ref_of(crashed))
    for part in parts:
        table.client.put_item(TableName=table.name, Item=part)
    assert table.ledger.head("c1") == recorded
    table.record(2)
    table.record(3)
    assert not [name for name in table.item_names() if name.startswith("head#")]


def test_a_late_older_record_leaves_the_newer_one_s_parts(table: Table) -> None:
    newer = table.record(2, LARGE)
    table.record(1, LARGE)
    assert table.ledger.head("c1") == newer


def test_a_lost_part_is_repaired_by_recording_the_same_statement(table: Table) -> None:
    head = table.record(1, LARGE)
    (lost, _) = [name for name in table.item_names() if name.startswith("head#")]
    table.client.delete_item(TableName=table.name, Key=items.item_key("c1", lost))
    table.record(1, LARGE)
    assert table.ledger.head("c1") == head


def test_a_reader_always_sees_a_whole_head(ministack: str) -> None:
    table = Table(ministack)
    table.record(1, LARGE)
    with ThreadPoolExecutor(2) as pool:
        writer = pool.submit(lambda: [table.record(seq, LARGE) for seq in range(2, 6)])
        seen = 1
        while not writer.done():
            head = table.ledger.head("c1")
            assert head is not None
            assert head.seq >= seen
            assert len(head.holes) == LARGE
            seen = head.seq
        assert writer.result()[-1] == table.ledger.head("c1")
