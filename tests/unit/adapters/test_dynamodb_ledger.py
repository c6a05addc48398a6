"""What the ledger does when the table refuses, or when what it holds is not whole."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from botocore.stub import Stubber

from audit_archive.adapters import fleet_items
from audit_archive.adapters import ledger_items as items
from audit_archive.adapters.ledger import HEAD_READS, DynamoDbLedger
from audit_archive.errors import IntegrityError, LedgerError
from audit_archive.fleet_ports import MAX_SENTENCE, Failure
from audit_archive.format.head import Head
from tests.support.rows import all_rows
from tests.support.statements import archive_statement, head_at, operator_statement, ref_of
from tests.support.stubbed import answering, client, failing

STATEMENT = operator_statement("c1", 1)
LIMIT = 400 * 1024
CALLS: dict[str, tuple[str, Callable[[DynamoDbLedger], object]]] = {
    "acquire": ("put_item", lambda ledger: ledger.acquire("c1", "me", 1, 2)),
    "release": ("delete_item", lambda ledger: ledger.release("c1", "me")),
    "head": ("get_item", lambda ledger: ledger.head("c1")),
    "record": ("put_item", lambda ledger: ledger.record(head_at(STATEMENT), STATEMENT)),
}


@pytest.mark.parametrize(("operation", "call"), CALLS.values(), ids=CALLS)
@all_rows(
    ("code", "advice"),
    [
        ("ResourceNotFoundException", "table does not exist"),
        ("AccessDeniedException", "role"),
        ("ProvisionedThroughputExceededException", "next run"),
        ("InternalServerError", "next run"),
    ],
)
def test_a_refusal_says_what_to_do(
    operation: str, call: Callable[[DynamoDbLedger], object], code: str, advice: str
) -> None:
    with failing("dynamodb", operation, code) as table, pytest.raises(LedgerError, match=advice):
        call(DynamoDbLedger(table, "ledger"))


@pytest.mark.parametrize(("operation", "call"), CALLS.values(), ids=CALLS)
def test_no_answer_is_a_ledger_error(operation: str, call: Callable[[DynamoDbLedger], object]) -> None:
    with pytest.raises(LedgerError, match="next run"):
        call(DynamoDbLedger(client("dynamodb"), "ledger"))


@pytest.mark.parametrize("at", [-1, 10**11, 10**17])
def test_a_failure_at_an_impossible_moment_is_none(at: int) -> None:
    """One item of one Console must not stop the fleet check, which writes the moment as a date."""
    assert (
        fleet_items.last_runs_of("c1", [fleet_items.failed_item("c1", Failure(at, "E", "s", "r"))]).failure
        is None
    )


def test_a_failure_that_others_wrote_does_not_fill_a_message() -> None:
    written = fleet_items.failed_item("c1", Failure(5, "E" * 9_000, "s" * 90_000, "r"))
    found = fleet_items.last_runs_of("c1", [written]).failure
    assert found == Failure(5, "E" * MAX_SENTENCE, "s" * MAX_SENTENCE, "r")


def test_a_listing_that_fails_is_a_ledger_error() -> None:
    head, _ = items.head_items(head_at(STATEMENT), ref_of(STATEMENT))
    del head["body"]
    with (
        answering("dynamodb", ("get_item", {"Item": head})) as table,
        pytest.raises(LedgerError, match="list"),
    ):
        DynamoDbLedger(_then_nothing(table), "ledger").head("c1")


@all_rows(
    "damage",
    [
        {"body": {"B": b"other bytes"}},
        {"digest": {"S": "00"}},
        {"digest": {"N": "1"}},
        {"holes": {"B": b"other bytes"}},
        {"holes": {"B": items.pack([])}},
        {"holes_sha256": {"S": "00"}},
        {"seq": {"N": "1000000000"}},
        {"statement_sha256": {"S": "00"}},
    ],
)
def test_a_damaged_head_pages_and_names_the_repair(damage: dict[str, Any]) -> None:
    head, _ = items.head_items(head_at(STATEMENT, holes=2), ref_of(STATEMENT))
    is_torn = {"body", "holes", "holes_sha256"} & damage.keys() or damage == {"digest": {"S": "00"}}
    reads = [("get_item", {"Item": head | damage})] * (HEAD_READS if is_torn else 1)
    with answering("dynamodb", *reads) as table, pytest.raises(IntegrityError, match="rebuild"):
        DynamoDbLedger(table, "ledger").head("c1")


def test_a_head_of_another_shape_pages_and_names_the_repair() -> None:
    head, _ = items.head_items(head_at(STATEMENT), ref_of(STATEMENT))
    strange = b"no zlib"
    item = head | {"body": {"B": strange}, "digest": {"S": items.digest_of(strange)}}
    with (
        answering("dynamodb", *[("get_item", {"Item": item})] * HEAD_READS) as table,
        pytest.raises(IntegrityError, match="rebuild"),
    ):
        DynamoDbLedger(table, "ledger").head("c1")


def test_a_head_replaced_while_it_is_read_is_read_again() -> None:
    old, new = operator_statement("c1", 1), operator_statement("c1", 2)
    old_item, _ = items.head_items(head_at(old), ref_of(old))
    del old_item["body"]
    new_item, _ = items.head_items(head_at(new), ref_of(new))
    with answering(
        "dynamodb",
        ("get_item", {"Item": old_item}),
        ("query", {"Items": []}),
        ("get_item", {"Item": new_item}),
    ) as table:
        assert DynamoDbLedger(table, "ledger").head("c1") == head_at(new)


def test_a_head_is_read_strongly_consistently() -> None:
    """No emulator keeps an older copy: only the request itself can be looked at."""
    table = client("dynamodb")
    asked = {"TableName": "ledger", "Key": items.item_key("c1", items.HEAD), "ConsistentRead": True}
    with Stubber(table) as stubber:
        stubber.add_response("get_item", {}, asked)
        assert DynamoDbLedger(table, "ledger").head("c1") is None


def test_another_head_of_the_same_number_is_a_fork_though_the_index_lost_it() -> None:
    other = operator_statement("c1", 1, reason="another reason")
    recorded, _ = items.head_items(head_at(STATEMENT), ref_of(STATEMENT))
    table = client("dynamodb")
    with Stubber(table) as stubber:
        stubber.add_response("put_item", {})  # the index has nothing under this number
        stubber.add_client_error("put_item", "ConditionalCheckFailedException")
        stubber.add_response("get_item", {"Item": recorded})
        with pytest.raises(IntegrityError, match="another statement 1"):
            DynamoDbLedger(table, "ledger").record(head_at(other), other)


def test_a_head_survives_packing() -> None:
    head = head_at(archive_statement("c1", 3), holes=1_000)
    assert items.unpack_head(items.pack(replace(head, holes=())), items.pack(head.holes)) == head


BODY, HOLES = items.pack(Head("c1")), items.pack([])
HOLE = {"first": 1, "last": 2, "cause": "unexplained", "served_at": 5, "is_accepted": False}


@all_rows(
    ("body", "holes"),
    [
        *((body, HOLES) for body in (b"", b"x", items.pack([]), items.pack({"holes": 1}), BODY[:-5])),
        *((BODY, holes) for holes in (b"", b"x", items.pack(1), items.pack([1]), items.pack([{}]))),
        *((BODY, items.pack([HOLE | {name: "1"}])) for name in ("first", "last", "served_at", "is_accepted")),
        (BODY, items.pack([HOLE | {"cause": 1}])),
        (BODY, items.pack([HOLE | {"first": True}])),
    ],
)
def test_what_is_not_a_packed_head_is_a_value_error(body: bytes, holes: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        items.unpack_head(body, holes)


def test_a_head_that_would_fill_the_memory_is_a_value_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(items, "MAX_UNPACKED", 1_000)
    with pytest.raises(ValueError, match="larger than any head"):
        items.unpack_head(BODY, items.pack([HOLE] * 100))


def test_no_item_exceeds_what_an_item_may_hold() -> None:
    statement = archive_statement("c1", 1, dates=400)
    head, parts = items.head_items(head_at(statement, holes=100_000), ref_of(statement))
    assert len(parts) > 1
    assert "holes" not in head
    for item in (head, *parts, items.statement_item(statement, ref_of(statement))):
        assert _size(item) < LIMIT
    keys = [part["item"]["S"] for part in parts]
    assert keys == sorted(keys)
    assert all(key.startswith("head#0000000001#") for key in keys)


def test_an_item_of_the_index_does_not_grow_with_the_dates_archived() -> None:
    few, many = (archive_statement("c1", 1, dates=dates) for dates in (3, 3_000))
    small, large = (items.statement_item(said, ref_of(said)) for said in (few, many))
    assert small.keys() == large.keys()
    assert _size(large) < _size(small) + 10  # more digits in the numbers


def test_a_small_head_has_no_parts() -> None:
    head, parts = items.head_items(Head("c1", seq=1, statement=ref_of(STATEMENT)), ref_of(STATEMENT))
    assert parts == []
    assert "body" in head


def _size(item: dict[str, Any]) -> int:
    return sum(len(name) + sum(len(value) for value in each.values()) for name, each in item.items())


def _then_nothing(table: Any) -> Any:
    """A table that answers one read from its script, and whose listing reaches nobody."""

    class Table:
        get_item = table.get_item
        get_paginator = client("dynamodb").get_paginator

    return Table()
