"""The audit holds each item of the ledger's index to its statement."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from audit_archive.adapters.signing import is_signed
from audit_archive.audit.question import Audit, AuditQuestion
from audit_archive.audit.verify import verify_archive
from audit_archive.errors import IntegrityError
from audit_archive.format.facts import IdSpan, ObjectRef
from audit_archive.format.index import Indexed, indexed
from audit_archive.format.layout import statement_key
from audit_archive.format.verdicts import Depth, Fault, Verdict
from tests.support.attacker import Victim
from tests.support.fakes import FakeLedger, FakeScratch
from tests.support.world import CONSOLE

OTHERS: dict[str, Any] = {
    "kind": "purge",
    "statement": ObjectRef("elsewhere", "v1", "0" * 64),
    "count": 99,
    "first_id": 99,
    "last_id": 99,
    "first_date": "1999-01-01",
    "last_date": "1999-01-01",
    "amended": IdSpan(1, 2),
}


@pytest.fixture
def victim() -> Victim:
    return Victim()


def faults_of(victim: Victim, ledger: FakeLedger | None = None) -> tuple[Fault, ...]:
    world = victim.world
    audit = Audit(world.store, world.clock, FakeScratch(), is_signed).beside(ledger or world.ledger, CONSOLE)
    return verify_archive(audit, AuditQuestion(CONSOLE, Depth.CHAIN, trusted_keys=tuple(victim.keys))).faults


def test_every_field_of_an_item_can_be_wrong() -> None:
    assert OTHERS.keys() | {"seq"} == Indexed.__dataclass_fields__.keys()


@pytest.mark.parametrize("field", OTHERS)
def test_an_item_that_says_something_else_than_its_statement_is_a_fault(victim: Victim, field: str) -> None:
    assert faults_of(victim) == ()
    seq = victim.archives[1].seq
    said, ref = victim.world.ledger.index[CONSOLE, seq]
    item = indexed(said, ref)
    victim.world.ledger.lies[CONSOLE, seq] = replace(item, **{field: OTHERS[field]})
    (fault,) = faults_of(victim)
    assert (fault.verdict, fault.seq) == (Verdict.MISDESCRIBED, seq)
    assert fault.sentence.startswith("the ledger's index does not match ")
    assert statement_key(CONSOLE, seq) in fault.sentence
    assert f"`canary-audit ledger rebuild {CONSOLE}`" in fault.sentence


def test_items_that_are_not_there_are_one_fault(victim: Victim) -> None:
    for seq in (3, 4, 5):
        del victim.world.ledger.index[CONSOLE, seq]
    (fault,) = faults_of(victim)
    assert (fault.verdict, fault.seq) == (Verdict.MISSING, 3)
    assert fault.sentence.endswith(f"rebuild {CONSOLE}`. The same is true of every statement from 3 to 5.")


def test_what_a_run_is_about_to_record_is_not_compared(victim: Victim) -> None:
    victim.restore_ledger(6)
    victim.world.ledger.overwrite(CONSOLE, victim.head)
    said, ref = victim.world.ledger.index[CONSOLE, 5]
    victim.world.ledger.lies[CONSOLE, 7] = replace(indexed(said, ref), seq=7)
    assert faults_of(victim) == ()


def test_an_index_that_can_t_be_read_is_a_fault(victim: Victim) -> None:
    class Damaged(FakeLedger):
        def statements(self, console: str) -> Iterator[Indexed]:
            raise IntegrityError("an item of its index can't be read")

    damaged = Damaged()
    damaged.record(victim.head, victim.world.chain()[-1])
    (fault,) = faults_of(victim, damaged)
    assert (fault.verdict, fault.sentence) == (Verdict.ALTERED, "an item of its index can't be read")
