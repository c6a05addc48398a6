"""Settle: find the Console's receipt of a purge and write up, in the chain, how the intent ended."""

from dataclasses import dataclass

from audit_archive.domain.entry import is_receipt
from audit_archive.domain.facts import PurgeOutcome
from audit_archive.domain.head import Head, Intent
from audit_archive.domain.receipts import carried, receipt_of
from audit_archive.domain.settlement import Settlement, settle_answered, settle_unanswered
from audit_archive.domain.statement import PurgeStatement
from audit_archive.errors import ConsoleError, LedgerError, SettingsError
from audit_archive.ports import Console, ConsoleEntry, PurgeAnswer
from audit_archive.steps.announce import mismatch_finding
from audit_archive.steps.chain import commit
from audit_archive.steps.publish import ATTEMPTS, Published, announce_and_record, load, publish
from audit_archive.steps.run import Run
from audit_archive.steps.sign import sign

LOOKS = 3
PAUSE = 1.0

NO_ANSWER = PurgeAnswer(None, None)


@dataclass(frozen=True)
class Ended:
    """How an intent ended, with the Console's own words: its answer, and its receipt entry."""

    intent: Intent
    settlement: Settlement
    answer: PurgeAnswer = NO_ANSWER
    receipt: ConsoleEntry | None = None


def settle(run: Run, head: Head) -> Head:
    """Write up every intent that a crash left open, before anything else is decided."""
    for intent in head.open_intents:
        head = write_up(run, head, _look(run.console, head, intent, NO_ANSWER))
    return head


def settle_purge(run: Run, head: Head, intent: Intent, answer: PurgeAnswer) -> tuple[Head, Settlement]:
    """Write up the purge that this run sent, once its receipt shows or a few looks did not find it."""
    ended = _look_until_seen(run, head, intent, answer)
    return write_up(run, head, ended), ended.settlement


def _look_until_seen(run: Run, head: Head, intent: Intent, answer: PurgeAnswer) -> Ended:
    ended = _ended(intent, answer, {})
    for look in range(LOOKS):
        if look:
            run.clock.sleep(PAUSE)
        try:
            ended = _look(run.console, head, intent, answer)
        except ConsoleError:
            if answer.text is None:
                raise  # nobody knows yet whether it was carried out: the intent stays open for the next run
        if ended.receipt is not None:
            break
    return ended


def _look(console: Console, head: Head, intent: Intent, answer: PurgeAnswer) -> Ended:
    """Look for the receipt among the purge receipts newer than the export that no statement names yet."""
    newer = console.entries_above(max(intent.export_last_id, head.highest_archived_id))
    receipts = {e["id"]: e for e in newer if is_receipt(e.get("action_type"), e.get("message"))}
    return _ended(intent, answer, {each: receipts[each] for each in receipts if each not in _known(head)})


def _ended(intent: Intent, answer: PurgeAnswer, found: dict[int, ConsoleEntry]) -> Ended:
    receipts = [receipt_of(entry) for entry in found.values()]
    if answer.text is None:
        settlement = settle_unanswered(intent, receipts)
    else:
        settlement = settle_answered(intent, answer.count, receipts)
    receipt = found.get(settlement.receipt_id or 0)
    return Ended(intent, settlement, answer, receipt if receipt is None else carried(receipt))


def write_up(run: Run, head: Head, ended: Ended) -> Head:
    """Append a purge statement; one that loses its sequence number is re-chained behind the winner.

    Where another run has written up the same intent for good, there is nothing left to say; where it took
    the receipt for another intent's, the Console is asked anew.
    """
    for _ in range(ATTEMPTS):
        statement = _statement(run, head, ended)
        committed = commit(run, head, statement)
        if committed is not None:
            return _record(run, publish(run, sign(run, committed)), statement)
        head = load(run)
        if ended.intent.seq not in {known.seq for known in head.intents}:
            return head
        if _is_taken(ended.receipt, head):
            ended = _look(run.console, head, ended.intent, ended.answer)
    raise LedgerError(f"{ATTEMPTS} other statements came first while purge {ended.intent.seq} was written up")


def _is_taken(receipt: ConsoleEntry | None, head: Head) -> bool:
    """Whether a statement names the receipt already."""
    if receipt is None:
        return False
    return receipt["id"] <= head.highest_archived_id or receipt["id"] in _known(head)


def _known(head: Head) -> set[int]:
    return {receipt.entry_id for receipt in head.receipts}


def _record(run: Run, published: Published, said: PurgeStatement) -> Head:
    """Record a purge statement; of a mismatch a person is told first, should this process die in between."""
    findings = [mismatch_finding(said)] if said.outcome == PurgeOutcome.MISMATCH else []
    try:
        return announce_and_record(run, published, findings)
    except SettingsError:
        return published.head  # recorded; the error that follows must not be hidden by a topic that refuses


def _statement(run: Run, head: Head, ended: Ended) -> PurgeStatement:
    intent, settlement = ended.intent, ended.settlement
    return PurgeStatement(
        console=run.order.console,
        epoch=head.epoch,
        seq=head.seq + 1,
        previous=head.statement,
        run=run.order.facts,
        tree=head.tree,
        highest_archived_id=head.highest_archived_id,
        highest_purged_id=max(head.highest_purged_id, intent.boundary if settlement.was_sent else 0),
        intent_seq=intent.seq,
        boundary=intent.boundary,
        expected_count=intent.expected_count,
        reported_count=settlement.reported_count,
        answer=ended.answer.text,
        receipt=ended.receipt,
        outcome=settlement.outcome,
    )
