"""Settle: find the Console's receipt of a purge and write up, in the chain, how the intent ended."""

from dataclasses import dataclass, replace

import orjson

from audit_archive.errors import ConsoleError, LedgerError, SettingsError
from audit_archive.format.entry import is_receipt
from audit_archive.format.facts import PurgeOutcome
from audit_archive.format.head import Head, Intent
from audit_archive.format.statement import PurgeStatement
from audit_archive.ports import NO_ANSWER, ConsoleEntry, PurgeAnswer
from audit_archive.run.checkpoints import sign_checkpoint
from audit_archive.run.collect import Surveyed
from audit_archive.run.commit import commit, mismatch_finding
from audit_archive.run.context import Run
from audit_archive.run.publish import ATTEMPTS, Published, announce_and_record, load, publish
from audit_archive.run.receipts import (
    Settlement,
    carried,
    match_receipts,
    most_expected,
    receipt_of,
    settle_intent,
)

LOOKS = 3
PAUSE = 1.0


@dataclass(frozen=True)
class Ended:
    """How an intent ended, with the Console's own words: its answer, and its receipt entry.

    `lowest_live`: the lowest id that is live although it should be gone; None: there is no such id.
    """

    intent: Intent
    settlement: Settlement
    answer: PurgeAnswer = NO_ANSWER
    receipt: ConsoleEntry | None = None
    lowest_live: int | None = None


def settle(run: Run, head: Head) -> Head:
    """Write up every intent that a crash left open, before anything else is decided."""
    for intent in head.open_intents:
        head = write_up(run, head, _told(run, _look(run, head, intent, NO_ANSWER)))
    return head


def settle_late(run: Run, head: Head, surveyed: Surveyed) -> Head:
    """Write up each purge that destroyed too much, as a receipt in the export is the first to show.

    It comes before the statement that archives the receipt, so that this run plans with the latch on.
    """
    receipts = surveyed.survey.receipts
    intents = {intent.seq: intent for intent in head.intents}
    for entry_id, seq in match_receipts(receipts, head).items():
        receipt = next(each for each in receipts if each.entry_id == entry_id)
        intent, count = intents.get(seq), receipt.count
        if intent is not None and count is not None and count > most_expected(receipt, intents.values()):
            settlement = Settlement(PurgeOutcome.MISMATCH, max(count, intent.reported_count or 0), entry_id)
            line = next(entry.line for entry in surveyed.entries if entry.id == entry_id)
            head = write_up(run, head, Ended(intent, settlement, receipt=orjson.loads(line)))
    return head


def settle_purge(run: Run, head: Head, intent: Intent, answer: PurgeAnswer) -> tuple[Head, Settlement]:
    """Write up the purge that this run sent, once its receipt shows or a few looks did not find it."""
    ended = _told(run, _look_until_seen(run, head, intent, answer))
    return write_up(run, head, ended), ended.settlement


def _look_until_seen(run: Run, head: Head, intent: Intent, answer: PurgeAnswer) -> Ended:
    ended = _ended(head, intent, answer, {})
    for look in range(LOOKS):
        if look:
            run.clock.sleep(PAUSE)
        try:
            ended = _look(run, head, intent, answer)
        except ConsoleError:
            if answer.text is None:
                raise  # nobody knows yet whether it was carried out: the intent stays open for the next run
        if ended.receipt is not None:
            break
    return ended


def _look(run: Run, head: Head, intent: Intent, answer: PurgeAnswer) -> Ended:
    """Look for the receipt among the purge receipts newer than the export that no statement names yet."""
    newer = run.console.entries_above(max(intent.export_last_id, head.highest_archived_id))
    receipts = {e["id"]: e for e in newer if is_receipt(e.get("action_type"), e.get("message"))}
    unnamed = {each: receipts[each] for each in receipts if each not in _known(head)}
    return _ended(head, intent, answer, unnamed)


def _ended(head: Head, intent: Intent, answer: PurgeAnswer, found: dict[int, ConsoleEntry]) -> Ended:
    receipts = [receipt_of(entry) for entry in found.values()]
    is_answered = answer.text is not None
    settlement = settle_intent(head.intents, intent, receipts, is_answered=is_answered, answered=answer.count)
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
            return _record(run, publish(run, sign_checkpoint(run, committed)), statement)
        head = load(run)
        if ended.intent.seq not in {known.seq for known in head.intents}:
            return head
        if _is_taken(ended.receipt, head):
            ended = _told(run, _look(run, head, ended.intent, ended.answer))
    raise LedgerError(f"{ATTEMPTS} other statements came first while purge {ended.intent.seq} was written up")


def _told(run: Run, ended: Ended) -> Ended:
    """The same; of a purge that destroyed less than was planned, whether the rest is still live."""
    reported, intent = ended.settlement.reported_count, ended.intent
    if not ended.settlement.was_sent or reported is None or reported >= intent.expected_count:
        return ended
    lowest = _lowest_live(run, intent.boundary)
    if lowest is None:
        return ended  # somebody else purged too
    return replace(
        ended, settlement=replace(ended.settlement, outcome=PurgeOutcome.PARTIAL), lowest_live=lowest
    )


def _lowest_live(run: Run, boundary: int) -> int | None:
    """The lowest live id, if it lies at or below a boundary; None also if it can't be told now."""
    lowest = boundary + 1
    try:
        for entry in run.console.entries_above(0):
            if not run.has_time():
                return None
            lowest = min(lowest, entry["id"])
    except ConsoleError:
        return None
    return lowest if lowest <= boundary else None


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
        **run.order.link(head),
        epoch=head.epoch,
        tree=head.tree,
        highest_archived_id=head.highest_archived_id,
        highest_purged_id=max(head.highest_purged_id, _purged_up_to(ended)),
        intent_seq=intent.seq,
        boundary=intent.boundary,
        expected_count=intent.expected_count,
        reported_count=settlement.reported_count,
        answer=ended.answer.text,
        receipt=ended.receipt,
        outcome=settlement.outcome,
    )


def _purged_up_to(ended: Ended) -> int:
    if ended.lowest_live is not None:
        return ended.lowest_live - 1
    return ended.intent.boundary if ended.settlement.was_sent else 0
