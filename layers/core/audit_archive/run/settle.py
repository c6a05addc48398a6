"""Settle an intent: find the Console's receipt of the purge, and state in the chain how it ended."""

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
from audit_archive.run.publish import Published, announce_and_record, publish
from audit_archive.run.receipts import (
    Settlement,
    match_receipts,
    most_expected,
    receipt_of,
    settle_intent,
    storable_entry,
)
from audit_archive.run.roll_forward import ATTEMPTS, roll_forward

RECEIPT_LOOKS = 3
"""How often a run looks for the receipt of the purge that it sent."""
RECEIPT_PAUSE = 1.0
"""Seconds between two looks."""


@dataclass(frozen=True)
class Ended:
    """How an intent ended, with the Console's own words: its answer, and its receipt entry.

    `lowest_live`: the lowest id that is live although the purge should have destroyed it; None: there is no
    such id, or it is not known.
    """

    intent: Intent
    settlement: Settlement
    answer: PurgeAnswer = NO_ANSWER
    receipt: ConsoleEntry | None = None
    lowest_live: int | None = None


def settle(run: Run, head: Head) -> Head:
    """Write up every intent that a crash left open. A run does this before it decides anything else."""
    for intent in head.open_intents:
        head = write_up(run, head, _mark_partial(run, _look_for_receipt(run, head, intent, NO_ANSWER)))
    return head


def settle_late(run: Run, head: Head, surveyed: Surveyed) -> Head:
    """Write up each purge that destroyed too much, if a receipt in the export is the first to show it.

    Before the statement that archives the receipt, so that this run already plans with the latch on.
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
    """Write up the purge that this run sent: with its receipt, or without it after RECEIPT_LOOKS looks."""
    ended = _mark_partial(run, _look_until_found(run, head, intent, answer))
    return write_up(run, head, ended), ended.settlement


def _look_until_found(run: Run, head: Head, intent: Intent, answer: PurgeAnswer) -> Ended:
    ended = _ended(head, intent, answer, {})
    for look in range(RECEIPT_LOOKS):
        if look:
            run.clock.sleep(RECEIPT_PAUSE)
        try:
            ended = _look_for_receipt(run, head, intent, answer)
        except ConsoleError:
            if answer.text is None:
                raise  # the purge may have been carried out: the intent stays open for the next run
        if ended.receipt is not None:
            break
    return ended


def _look_for_receipt(run: Run, head: Head, intent: Intent, answer: PurgeAnswer) -> Ended:
    """Look for the receipt among those that are newer than the export and that no statement names yet."""
    newer = run.console.entries_above(max(intent.export_last_id, head.highest_archived_id))
    receipts = {e["id"]: e for e in newer if is_receipt(e.get("action_type"), e.get("message"))}
    unnamed = {each: receipts[each] for each in receipts if each not in _known(head)}
    return _ended(head, intent, answer, unnamed)


def _ended(head: Head, intent: Intent, answer: PurgeAnswer, found: dict[int, ConsoleEntry]) -> Ended:
    receipts = [receipt_of(entry) for entry in found.values()]
    is_answered = answer.text is not None
    settlement = settle_intent(head.intents, intent, receipts, is_answered=is_answered, answered=answer.count)
    receipt = found.get(settlement.receipt_id or 0)
    return Ended(intent, settlement, answer, receipt if receipt is None else storable_entry(receipt))


def write_up(run: Run, head: Head, ended: Ended) -> Head:
    """Append a purge statement; chain it again if another run takes its sequence number.

    If another run has written up the same intent for good, nothing is appended. If it matched the receipt to
    another intent, the Console is asked again. Raises LedgerError after ATTEMPTS statements of other runs.
    """
    for _ in range(ATTEMPTS):
        statement = _statement(run, head, ended)
        committed = commit(run, head, statement)
        if committed is not None:
            return _record(run, publish(run, sign_checkpoint(run, committed)), statement)
        head = roll_forward(run)
        if ended.intent.seq not in {known.seq for known in head.intents}:
            return head
        if _is_taken(ended.receipt, head):
            ended = _mark_partial(run, _look_for_receipt(run, head, ended.intent, ended.answer))
    raise LedgerError(
        f"{ATTEMPTS} statements of other runs came first, so the chain does not say yet how the purge of "
        f"intent {ended.intent.seq} ended. The next run states it"
    )


def _mark_partial(run: Run, ended: Ended) -> Ended:
    """The same end; PARTIAL if the purge destroyed less than planned and the rest is still live."""
    reported, intent = ended.settlement.reported_count, ended.intent
    if not ended.settlement.was_sent or reported is None or reported >= intent.expected_count:
        return ended
    lowest = _lowest_live(run, intent.boundary)
    if lowest is None:
        return ended  # somebody else may have purged the rest
    return replace(
        ended, settlement=replace(ended.settlement, outcome=PurgeOutcome.PARTIAL), lowest_live=lowest
    )


def _lowest_live(run: Run, boundary: int) -> int | None:
    """The lowest live id, if it lies at or below a boundary; None also if it can't be found out now."""
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


def _record(run: Run, published: Published, statement: PurgeStatement) -> Head:
    """Record a purge statement. A mismatch is announced first, because this process may crash in between."""
    findings = [mismatch_finding(statement)] if statement.outcome == PurgeOutcome.MISMATCH else []
    try:
        return announce_and_record(run, published, findings)
    except SettingsError:
        return published.head  # it is recorded, and a topic that refuses must not hide the error that follows


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
