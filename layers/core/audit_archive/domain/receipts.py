"""Which of the Console's purge receipts are ours."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from audit_archive.domain.canonical import SOURCE_KEY, canonical_bytes
from audit_archive.domain.entry import Receipt, read_receipt_message
from audit_archive.domain.head import Head, Intent


def is_receipt_of(receipt: Receipt, intent: Intent) -> bool:
    """Whether a receipt may settle an intent.

    It must name the intent's boundary, come after the export that the intent rests on, and not have
    destroyed more than was planned: a bigger purge of the same id was somebody else's.
    """
    if receipt.before_id != intent.boundary or receipt.entry_id <= intent.export_last_id:
        return False
    if intent.reported_count is not None:
        return receipt.count == intent.reported_count
    return receipt.count is not None and receipt.count <= intent.expected_count


def match_receipts(receipts: Iterable[Receipt], head: Head) -> dict[int, int]:
    """Receipt entry ids that are ours, each with the sequence number of the intent that it settles.

    One receipt settles one intent; the earliest wins. Receipts that a purge statement already named
    (`head.receipts`) stay what they are, unless another receipt stands in their place.
    """
    ours: dict[int, int] = {}
    known = {each.entry_id: each for each in head.receipts}
    unsettled = list(head.intents)
    for receipt in sorted(receipts, key=lambda r: r.entry_id):
        named = known.get(receipt.entry_id)
        if named is not None and named.boundary == receipt.before_id:
            ours[receipt.entry_id] = named.intent_seq
            continue
        intent = next((i for i in unsettled if is_receipt_of(receipt, i)), None)
        if intent is not None:
            ours[receipt.entry_id] = intent.seq
            unsettled.remove(intent)
    return ours


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
