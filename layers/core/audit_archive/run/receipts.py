"""Which of the Console's purge receipts are ours."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from audit_archive.format.canonical import SOURCE_KEY, canonical_bytes
from audit_archive.format.entry import Receipt, read_receipt_message
from audit_archive.format.facts import SENT, PurgeOutcome
from audit_archive.format.head import Head, Intent


def is_receipt_of(receipt: Receipt, intent: Intent) -> bool:
    """Whether a receipt may settle an intent: it names its boundary, and comes after its export.

    How many entries it counts does not matter: more than was planned makes it a mismatch, and not the receipt
    of somebody else, who may have purged the same id. Entries died all the same.
    """
    return receipt.before_id == intent.boundary and receipt.entry_id > intent.export_last_id


def receipt_among(receipts: Iterable[Receipt], intent: Intent, answered: int | None) -> Receipt | None:
    """The receipt that settles an intent: of several the one with the count answered, else the first."""
    found = sorted((r for r in receipts if is_receipt_of(r, intent)), key=_by_id)
    same = (r for r in found if answered is not None and r.count == answered)
    return next(same, next(iter(found), None))


def most_expected(receipt: Receipt, intents: Iterable[Intent]) -> int:
    """The most entries that a purge of ours may have destroyed which left this receipt.

    The purge of an earlier intent, of which nobody knows whether it was sent, may be carried out late.
    """
    return max((i.expected_count for i in intents if is_receipt_of(receipt, i)), default=0)


def match_receipts(receipts: Iterable[Receipt], head: Head) -> dict[int, int]:
    """Receipt entry ids that are ours, each with the sequence number of the intent that it settles.

    One receipt settles one intent. Receipts that a purge statement already named (`head.receipts`) stay what
    they are, unless another receipt stands in their place. A receipt that can't be read is taken for that of
    a purge whose receipt is still to come.
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


def _by_id(receipt: Receipt) -> int:
    return receipt.entry_id


def carried(fields: dict[str, Any]) -> dict[str, Any]:
    """An entry, as `fetch` gives it, such that canonical JSON can carry it: itself, or its `_source` form."""
    try:
        canonical_bytes(fields)
    except TypeError:
        return {SOURCE_KEY: json.dumps(fields, sort_keys=True), "id": fields["id"]}
    return fields


def receipt_of(fields: Mapping[str, Any]) -> Receipt:
    """The receipt that an entry, as `fetch` gives it, is."""
    before_id, count = read_receipt_message(fields.get("message"))
    user, user_ip, timestamp = (
        value if isinstance(value, str) else None
        for value in (fields.get("user"), fields.get("user_ip"), fields.get("timestamp"))
    )
    return Receipt(fields["id"], before_id, count, user, user_ip, timestamp)


# How an intent ended, from the Console's answer and its receipts. Pure.


@dataclass(frozen=True)
class Settlement:
    """How an intent ended: the outcome, the count that the Console reported, and its receipt's entry id."""

    outcome: PurgeOutcome
    reported_count: int | None
    receipt_id: int | None

    @property
    def was_sent(self) -> bool:
        """Whether a purge was carried out, as far as we know."""
        return self.outcome in SENT


def settle_intent(
    intents: Sequence[Intent],
    intent: Intent,
    found: Sequence[Receipt],
    *,
    is_answered: bool,
    answered: int | None,
) -> Settlement:
    """The end of an intent by the Console's answer, if one came, and by its receipt, if one is there.

    `intents`: all that are not settled yet; `answered`: the count in the answer, if it could be read.
    Whichever of answer and receipt counts more decides: more than was ever planned up to this boundary is a
    mismatch.
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
