"""Which of the Console's purge receipts are ours, and how an intent ended. Pure."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit_archive.format.canonical import SOURCE_KEY, canonical_bytes
from audit_archive.format.entry import Receipt, read_receipt_message
from audit_archive.format.facts import SENT, PurgeOutcome
from audit_archive.format.head import Head, Intent


@dataclass(frozen=True)
class Settlement:
    """How an intent ended: the outcome, the count that the Console reported, and its receipt's entry id."""

    outcome: PurgeOutcome
    reported_count: int | None
    receipt_id: int | None

    @property
    def was_sent(self) -> bool:
        """Whether a purge was carried out, as far as is known."""
        return self.outcome in SENT


def settle_intent(
    intents: Sequence[Intent],
    intent: Intent,
    found: Sequence[Receipt],
    *,
    is_answered: bool,
    answered: int | None,
) -> Settlement:
    """How an intent ended, by the Console's answer and by its receipt, each if there is one.

    `intents`: all that are not settled yet. `is_answered`: whether the Console answered the purge.
    `answered`: the count in the answer, if it could be read. The higher count of answer and receipt decides:
    a count above all that was ever planned up to this boundary is a mismatch.
    """
    receipt = receipt_among(found, intent, answered)
    counts = [answered, receipt.count if receipt is not None else None]
    reported = max((count for count in counts if count is not None), default=None)
    receipt_id = receipt.entry_id if receipt is not None else None
    most = max(intent.expected_count, most_expected(receipt, intents) if receipt is not None else 0)
    if reported is not None and reported > most:
        return Settlement(PurgeOutcome.MISMATCH, reported, receipt_id)
    if receipt is not None:
        return Settlement(PurgeOutcome.CONFIRMED, reported, receipt_id)
    outcome = PurgeOutcome.UNCONFIRMED if is_answered else PurgeOutcome.UNKNOWN
    return Settlement(outcome, reported, None)


def match_receipts(receipts: Iterable[Receipt], head: Head) -> dict[int, int]:
    """The entry ids of receipts that are ours, each with the sequence number of the intent that it settles.

    One receipt settles one intent. A receipt that a purge statement already named (`head.receipts`) stays
    matched, unless another receipt now has its id. A receipt that can't be read is matched to an intent that
    still waits for its receipt.
    """
    known = {each.entry_id: each for each in head.receipts}
    ours: dict[int, int] = {}
    unmatched: list[Receipt] = []
    for receipt in receipts:
        named = known.get(receipt.entry_id)
        if named is not None and named.boundary == receipt.before_id:
            ours[receipt.entry_id] = named.intent_seq
        else:
            unmatched.append(receipt)
    unsettled: list[Intent] = []
    for intent in head.intents:
        found = receipt_among(unmatched, intent, intent.reported_count)
        if found is None:
            unsettled.append(intent)
        else:
            ours[found.entry_id] = intent.seq
            unmatched.remove(found)
    for receipt in sorted((r for r in unmatched if r.before_id is None), key=_by_id):
        waiting = next((i for i in unsettled if receipt.entry_id > i.export_last_id), None)
        if waiting is not None:
            ours[receipt.entry_id] = waiting.seq
            unsettled.remove(waiting)
    return ours


def is_receipt_of(receipt: Receipt, intent: Intent) -> bool:
    """Whether a receipt may settle an intent: it names the intent's boundary, and comes after its export.

    The count of the receipt does not matter. A count above the plan makes the purge a mismatch; it does not
    make the receipt somebody else's. Entries that were not archived may be lost either way.
    """
    return receipt.before_id == intent.boundary and receipt.entry_id > intent.export_last_id


def receipt_among(receipts: Iterable[Receipt], intent: Intent, answered: int | None) -> Receipt | None:
    """The receipt that settles an intent. Of several: the one with the answered count, else the first."""
    found = sorted((r for r in receipts if is_receipt_of(r, intent)), key=_by_id)
    same = (r for r in found if answered is not None and r.count == answered)
    return next(same, next(iter(found), None))


def most_expected(receipt: Receipt, intents: Iterable[Intent]) -> int:
    """The most entries that a purge of ours with this receipt may have destroyed.

    An earlier intent counts too: if it is not known whether its purge was sent, it may be carried out late.
    """
    return max((i.expected_count for i in intents if is_receipt_of(receipt, i)), default=0)


def _by_id(receipt: Receipt) -> int:
    return receipt.entry_id


def receipt_of(fields: Mapping[str, Any]) -> Receipt:
    """An entry as `fetch` gives it, read as a purge receipt."""
    before_id, count = read_receipt_message(fields.get("message"))
    user, user_ip, timestamp = (
        value if isinstance(value, str) else None
        for value in (fields.get("user"), fields.get("user_ip"), fields.get("timestamp"))
    )
    return Receipt(fields["id"], before_id, count, user, user_ip, timestamp)


def storable_entry(fields: dict[str, Any]) -> dict[str, Any]:
    """An entry as `fetch` gives it, in a form that canonical JSON can hold: itself, or its `_source` form."""
    try:
        canonical_bytes(fields)
    except TypeError:
        return {SOURCE_KEY: json.dumps(fields, sort_keys=True), "id": fields["id"]}
    return fields
