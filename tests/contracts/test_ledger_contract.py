"""The contract of Ledger, on the fake and on DynamoDbLedger with both emulators.

moto is left out where its conditional writes would have to be atomic: they are not.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from audit_archive.adapters.ledger import DynamoDbLedger
from audit_archive.errors import IntegrityError
from audit_archive.events import is_console_id
from audit_archive.finding import Finding, FindingKind
from audit_archive.fleet_ports import Failure, Label, LastRuns
from audit_archive.format.facts import Mode
from audit_archive.ports import Ledger, Look
from audit_archive.restraint import Restraint, RestraintOf, Restraints
from tests.support import aws
from tests.support.fakes import FakeLedger
from tests.support.statements import archive_statement, head_at, operator_statement, ref_of

NOW = 1_795_413_600
everywhere = pytest.mark.parametrize(
    "endpoint", ["fake", pytest.param("moto", marks=pytest.mark.wide), "ministack"], indirect=True
)
not_moto = pytest.mark.parametrize("endpoint", ["fake", "ministack"], indirect=True)


@pytest.fixture
def ledger(endpoint: str | None) -> Ledger:
    if endpoint is None:
        return FakeLedger()
    return DynamoDbLedger(aws.client("dynamodb", endpoint), aws.ledger_table(endpoint))


@pytest.fixture
def console() -> str:
    return f"console-{uuid4().hex[:8]}"


@everywhere
def test_a_lease_has_one_owner_until_it_runs_out(ledger: Ledger, console: str) -> None:
    assert ledger.acquire(console, "one", NOW, NOW + 60)
    assert not ledger.acquire(console, "two", NOW, NOW + 60)
    assert not ledger.acquire(console, "two", NOW + 59, NOW + 120)
    assert ledger.acquire(console, "two", NOW + 60, NOW + 120)
    assert not ledger.acquire(console, "one", NOW + 61, NOW + 120)


@everywhere
def test_an_owner_may_take_its_own_lease_again(ledger: Ledger, console: str) -> None:
    assert ledger.acquire(console, "one", NOW, NOW + 60)
    assert ledger.acquire(console, "one", NOW + 1, NOW + 90)
    assert not ledger.acquire(console, "two", NOW + 89, NOW + 120)


@everywhere
def test_only_the_owner_gives_a_lease_back(ledger: Ledger, console: str) -> None:
    ledger.release(console, "nobody holds it yet")
    assert ledger.acquire(console, "one", NOW, NOW + 60)
    ledger.release(console, "two")
    assert not ledger.acquire(console, "two", NOW, NOW + 60)
    ledger.release(console, "one")
    assert ledger.acquire(console, "two", NOW, NOW + 60)


@everywhere
def test_every_console_has_its_own_lease_and_head(ledger: Ledger, console: str) -> None:
    statement = operator_statement(console, 1)
    ledger.record(head_at(statement), statement)
    assert ledger.acquire(console, "one", NOW, NOW + 60)
    assert ledger.acquire(f"{console}-b", "two", NOW, NOW + 60)
    assert ledger.head(f"{console}-b") is None


@not_moto
def test_of_many_that_take_a_lease_at_once_one_gets_it(ledger: Ledger, console: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        for turn in range(5):
            name = f"{console}-{turn}"
            got = pool.map(lambda n, c=name: ledger.acquire(c, f"owner-{n}", NOW, NOW + 60), range(8))
            assert sum(got) == 1


def finding(console: str, sentence: str = "Somebody purged it.") -> Finding:
    return Finding(FindingKind.FOREIGN_PURGE, console, sentence, {"user": "mallory", "lost": [[1, 2]]})


@everywhere
def test_a_finding_is_announced_once(ledger: Ledger, console: str) -> None:
    found = finding(console)
    assert ledger.claim(found, NOW, NOW + 60)
    assert not ledger.claim(found, NOW + 59, NOW + 119)
    ledger.announced(found)
    assert not ledger.claim(found, NOW + 1_000_000, NOW + 1_000_060)
    assert ledger.pending(console, NOW + 1_000_000) == []


@everywhere
def test_a_claim_whose_owner_died_runs_out(ledger: Ledger, console: str) -> None:
    assert ledger.claim(finding(console), NOW, NOW + 60)
    assert ledger.claim(finding(console), NOW + 60, NOW + 120)
    assert ledger.claim(finding(console, "Another."), NOW, NOW + 60)
    assert ledger.claim(finding(f"{console}-2"), NOW, NOW + 60)


@everywhere
def test_what_was_claimed_and_never_announced_is_pending(ledger: Ledger, console: str) -> None:
    assert ledger.claim(finding(console), NOW, NOW + 60)
    assert ledger.claim(finding(f"{console}-2"), NOW, NOW + 60)
    assert ledger.pending(console, NOW + 59) == []
    assert ledger.pending(console, NOW + 60) == [finding(console)]


@everywhere
def test_when_a_run_was_last_completed(ledger: Ledger, console: str) -> None:
    assert ledger.last_runs(console) == LastRuns(console)
    ledger.complete(console, 100, 7)
    ledger.complete(console, 200, 9)
    assert ledger.last_runs(console) == LastRuns(console, 200, 9)
    assert ledger.last_runs(f"{console}-other") == LastRuns(f"{console}-other")


@everywhere
def test_a_failure_is_kept_beside_the_last_completed_run(ledger: Ledger, console: str) -> None:
    first = Failure(100, "ConsoleAuthError", "The Console refused the key. Rotate it \u2026", "request-1")
    ledger.fail(console, first)
    assert ledger.last_runs(console) == LastRuns(console, None, 0, first)
    ledger.complete(console, 200, 9)
    runs = ledger.last_runs(console)
    assert (runs, runs.open_failure) == (LastRuns(console, 200, 9, first), None)
    second = Failure(300, "LedgerError", "It did not answer.", "request-2")
    ledger.fail(console, second)
    runs = ledger.last_runs(console)
    assert (runs, runs.open_failure) == (LastRuns(console, 200, 9, second), second)


@everywhere
def test_that_a_console_was_removed_is_kept_beside_its_runs(ledger: Ledger, console: str) -> None:
    ledger.complete(console, 200, 9)
    ledger.retire(console, 300)
    assert ledger.last_runs(console) == LastRuns(console, 200, 9, removed_at=300)
    ledger.complete(console, 400, 10)
    assert ledger.last_runs(console) == LastRuns(console, 400, 10, removed_at=300)


@everywhere
def test_what_held_a_run_is_of_the_last_completed_run(ledger: Ledger, console: str) -> None:
    ledger.complete(console, 200, 9, "unexplained_hole")
    assert ledger.last_runs(console) == LastRuns(console, 200, 9, held_by="unexplained_hole")
    ledger.complete(console, 300, 9)
    assert ledger.last_runs(console) == LastRuns(console, 300, 9)


@everywhere
def test_what_people_call_a_console_is_kept_beside_its_runs(ledger: Ledger, console: str) -> None:
    label = Label("Factory S\u00fcd <b>", {"site": "graz", "tier": "1"})
    ledger.name(console, label)
    ledger.complete(console, 200, 9)
    assert ledger.last_runs(console) == LastRuns(console, 200, 9, label=label)
    assert [each.label for each in ledger.fleet() if each.console == console] == [label]
    ledger.name(console, Label(None, {"site": "wien"}))
    assert ledger.last_runs(console).label == Label(None, {"site": "wien"})


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"null", b"\xff", b'{"name":7,"tags":{}}', b'{"name":"a\\u202eb","tags":{}}',
     b'{"name":null,"tags":{"A B":"c"}}', b'{"name":null,"tags":[]}'],
)  # fmt: skip
def test_a_label_that_is_none_hides_no_run(endpoint: str, console: str, body: bytes) -> None:
    """Whoever can write to the ledger can call a Console anything."""
    client, table = aws.client("dynamodb", endpoint), aws.ledger_table(endpoint)
    ledger = DynamoDbLedger(client, table)
    ledger.complete(console, 100, 7)
    key = {"console": {"S": "_fleet"}, "item": {"S": f"{console}#named"}}
    client.put_item(TableName=table, Item={**key, "body": {"B": body}})
    assert ledger.last_runs(console) == LastRuns(console, 100, 7)


@everywhere
def test_the_fleet_is_every_console_that_ran(ledger: Ledger, console: str) -> None:
    """Among them one whose name goes on where another's ends."""
    failure = Failure(100, "ConsoleError", "No.", "request-1")
    ledger.fail(f"{console}-a", failure)
    ledger.complete(console, 200, 9)
    ledger.fail(console, failure)
    ledger.complete(f"{console}a", 300, 0)
    ledger.acquire(f"{console}-lease", "owner", NOW, NOW + 60)
    found = [runs for runs in ledger.fleet() if runs.console.startswith(console)]
    assert sorted(found, key=lambda runs: runs.console) == [
        LastRuns(console, 200, 9, failure),
        LastRuns(f"{console}-a", None, 0, failure),
        LastRuns(f"{console}a", 300, 0),
    ]


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
def test_what_concerns_all_consoles_lies_in_a_partition_that_no_console_has(
    endpoint: str, console: str
) -> None:
    client, table = aws.client("dynamodb", endpoint), aws.ledger_table(endpoint)
    ledger = DynamoDbLedger(client, table)
    ledger.complete(console, 100, 7)
    ledger.fail(console, Failure(100, "ConsoleError", "No.", "request-1"))
    (partition,) = {item["console"]["S"] for item in client.scan(TableName=table)["Items"]}
    assert not is_console_id(partition)


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
@pytest.mark.parametrize("damage", [None, {"S": "100"}, {"B": b"{}"}, {"N": "1" * 30}])
def test_a_note_of_a_run_that_makes_no_sense_counts_as_absent(
    endpoint: str, console: str, damage: dict[str, Any] | None
) -> None:
    client, table = aws.client("dynamodb", endpoint), aws.ledger_table(endpoint)
    for name, attribute in (("completed", "at"), ("failed", "body")):
        key = {"console": {"S": "_fleet"}, "item": {"S": f"{console}#{name}"}}
        client.put_item(TableName=table, Item=key | ({attribute: damage} if damage is not None else {}))
    assert DynamoDbLedger(client, table).last_runs(console) == LastRuns(console)


@everywhere
def test_a_head_is_read_as_it_was_recorded(ledger: Ledger, console: str) -> None:
    assert ledger.head(console) is None
    statement = archive_statement(console, 1)
    head = head_at(statement, holes=3)
    ledger.record(head, statement)
    assert ledger.head(console) == head


@everywhere
def test_a_head_only_rises(ledger: Ledger, console: str) -> None:
    first, second = operator_statement(console, 1), operator_statement(console, 2)
    ledger.record(head_at(second), second)
    ledger.record(head_at(first), first)
    assert ledger.head(console) == head_at(second)
    ledger.record(head_at(second), second)
    assert ledger.head(console) == head_at(second)


@everywhere
def test_another_statement_of_the_head_s_number_is_a_fork(ledger: Ledger, console: str) -> None:
    statement = operator_statement(console, 1)
    ledger.record(head_at(statement), statement)
    other = operator_statement(console, 1, reason="another reason")
    with pytest.raises(IntegrityError, match="another statement 1"):
        ledger.record(head_at(other), other)
    assert ledger.head(console) == head_at(statement)


@everywhere
def test_the_index_takes_the_chain_s_word_for_a_number(ledger: Ledger, console: str) -> None:
    for seq in (1, 2):
        statement = operator_statement(console, seq)
        ledger.record(head_at(statement), statement)
    true = operator_statement(console, 1, reason="what the chain has")
    ledger.record(head_at(true), true)
    assert ledger.head(console) == head_at(statement)
    assert [entry.statement for entry in ledger.statements(console)] == [ref_of(true), ref_of(statement)]


@everywhere
def test_the_note_beside_a_head_is_kept(ledger: Ledger, console: str) -> None:
    assert ledger.note(console) == b""
    for seq, note in ((1, b"signed"), (2, b"")):
        statement = operator_statement(console, seq)
        ledger.record(head_at(statement), statement, note)
        assert ledger.note(console) == note


@everywhere
def test_a_head_that_is_disowned_makes_room_for_an_older_one(ledger: Ledger, console: str) -> None:
    ledger.disown(console)
    assert ledger.disowned(console) is None
    first, second = operator_statement(console, 1), operator_statement(console, 2)
    ledger.record(head_at(second, holes=3), second)
    ledger.disown(console)
    assert ledger.head(console) is None
    assert ledger.disowned(console) == head_at(second, holes=3)
    ledger.record(head_at(first), first)
    assert ledger.head(console) == head_at(first)
    assert ledger.disowned(console) == head_at(second, holes=3)
    ledger.forget_disowned(console)
    assert ledger.disowned(console) is None
    assert ledger.head(console) == head_at(first)


@everywhere
def test_a_large_head_is_read_again_though_its_holes_stayed(ledger: Ledger, console: str) -> None:
    for seq in (1, 2, 3):
        statement = operator_statement(console, seq)
        ledger.record(head_at(statement, holes=5_000), statement)
        assert ledger.head(console) == head_at(statement, holes=5_000)
    ledger.record(head_at(statement, holes=5_000), statement)
    assert ledger.head(console) == head_at(statement, holes=5_000)


@everywhere
def test_a_head_must_belong_to_its_statement(ledger: Ledger, console: str) -> None:
    with pytest.raises(IntegrityError, match="belong"):
        ledger.record(head_at(operator_statement(console, 2)), operator_statement(console, 1))


@not_moto
def test_of_many_that_record_at_once_the_highest_stays(ledger: Ledger, console: str) -> None:
    statements = [operator_statement(console, seq) for seq in range(1, 13)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda s: ledger.record(head_at(s), s), statements))
    head = ledger.head(console)
    assert head is not None
    assert head.seq == 12


@pytest.mark.parametrize(
    "endpoint",
    [*(pytest.param(each, marks=pytest.mark.wide) for each in ("fake", "moto")), "ministack"],
    indirect=True,
)
def test_a_head_of_many_thousands_of_holes(ledger: Ledger, console: str) -> None:
    large, small = operator_statement(console, 1), operator_statement(console, 2)
    head = head_at(large, holes=80_000)
    ledger.record(head, large)
    assert ledger.head(console) == head
    ledger.record(head_at(small), small)
    assert ledger.head(console) == head_at(small)


@everywhere
def test_how_far_locks_are_extended_is_noted_and_forgotten(ledger: Ledger, console: str) -> None:
    assert ledger.lock_cursor(console) is None
    ledger.note_lock_cursor(console, None)
    for key in ("checkpoints/console=a/0000000001.txt", "statements/console=a/0000000002.json"):
        ledger.note_lock_cursor(console, key)
        assert ledger.lock_cursor(console) == key
    assert ledger.lock_cursor("another") is None
    ledger.note_lock_cursor(console, None)
    assert ledger.lock_cursor(console) is None


@everywhere
def test_a_look_shows_the_head_and_what_is_set(ledger: Ledger, console: str) -> None:
    assert ledger.look(console) is None, "nothing is recorded"
    statement = operator_statement(console, 1)
    ledger.record(head_at(statement), statement)
    assert ledger.look(console) == Look(head_at(statement), Restraints(), None)
    brake = Restraint(Mode.OFF, "bob", "stop", NOW, "request")
    ledger.restrain(RestraintOf.PAUSE, console, brake)
    assert ledger.look(console) == Look(head_at(statement), Restraints(pause=brake), None)


@everywhere
def test_a_look_shows_nothing_while_a_run_is_under_way_or_has_died(ledger: Ledger, console: str) -> None:
    statement = operator_statement(console, 1)
    ledger.record(head_at(statement), statement)
    ledger.acquire(console, "one", NOW, NOW + 60)
    assert ledger.look(console) is None
    assert ledger.look(f"{console}-b") is None
    ledger.release(console, "one")
    assert ledger.look(console) is not None


@everywhere
def test_a_look_shows_nothing_while_a_finding_may_be_pending(ledger: Ledger, console: str) -> None:
    statement = operator_statement(console, 1)
    ledger.record(head_at(statement), statement)
    finding = Finding(FindingKind.FOREIGN_PURGE, console, "somebody purged", {})
    assert ledger.claim(finding, NOW, NOW + 30)
    assert ledger.look(console) is None
    assert ledger.pending(console, NOW + 1) == []
    assert ledger.look(console) is None, "the claim is in force"
    assert ledger.pending(console, NOW + 30) == [finding]
    assert ledger.look(console) is None, "it is pending until it is announced"
    ledger.announced(finding)
    assert ledger.pending(console, NOW + 31) == []
    assert ledger.look(console) is not None


@everywhere
def test_what_keeps_purging_back_is_set_and_removed(ledger: Ledger, console: str) -> None:
    assert ledger.restraints(console) == Restraints()
    ledger.restrain(RestraintOf.PAUSE, console, None)
    one = Restraint(Mode.DRY_RUN, "ann", "looking", NOW, "request-1")
    other = Restraint(Mode.OFF, "bob", "stop", NOW + 1, "request-2")
    for of in RestraintOf:
        for each in (one, other):
            ledger.restrain(of, console, each)
            assert ledger.restraints(console) == Restraints(**{of: each})
        is_everybodys = of == RestraintOf.STACK
        assert ledger.restraints("another") == (Restraints(stack=other) if is_everybodys else Restraints())
        ledger.restrain(of, console, None)
        assert ledger.restraints(console) == Restraints()


@pytest.mark.parametrize("endpoint", ["moto"], indirect=True)
@pytest.mark.parametrize("damage", [None, {"S": "on"}, {"B": b"{}"}, {"B": b'{"mode":"full"}'}])
def test_a_restraint_that_can_not_be_read_holds_everything_back(
    endpoint: str, console: str, damage: dict[str, Any] | None
) -> None:
    client, table = aws.client("dynamodb", endpoint), aws.ledger_table(endpoint)
    key = {"console": {"S": "_purging"}, "item": {"S": f"pause#{console}"}}
    client.put_item(TableName=table, Item=key | ({"body": damage} if damage is not None else {}))
    assert not is_console_id("_purging")
    found = DynamoDbLedger(client, table).restraints(console).pause
    assert found is not None
    assert found.mode == Mode.OFF
