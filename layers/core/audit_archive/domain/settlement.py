"""How an intent ended, from the Console's answer and its receipts. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from audit_archive.domain.entry import Receipt
from audit_archive.domain.facts import PurgeOutcome
from audit_archive.domain.head import Intent
from audit_archive.domain.receipts import is_receipt_of


@dataclass(frozen=True)
class Settlement:
    """How an intent ended: the outcome, the count that the Console reported, and its receipt's entry id."""

    outcome: str
    reported_count: int | None
    receipt_id: int | None

    @property
    def was_sent(self) -> bool:
        """Whether the entries up to the boundary are gone."""
        return self.outcome in {PurgeOutcome.CONFIRMED, PurgeOutcome.UNCONFIRMED, PurgeOutcome.MISMATCH}


def settle_unanswered(intent: Intent, receipts: Iterable[Receipt]) -> Settlement:
    """The end of an intent whose purge got no answer, or of which a crash left nobody to tell."""
    receipt = next((r for r in sorted(receipts, key=_by_id) if is_receipt_of(r, intent)), None)
    if receipt is None:
        return Settlement(PurgeOutcome.UNKNOWN, None, None)
    return Settlement(PurgeOutcome.CONFIRMED, receipt.count, receipt.entry_id)


def settle_answered(intent: Intent, reported: int | None, receipts: Iterable[Receipt]) -> Settlement:
    """The end of an intent whose purge the Console answered, with a count that could be read or without.

    With no readable count the receipt decides. More destroyed than expected is a mismatch.
    """
    later = (r for r in sorted(receipts, key=_by_id) if r.entry_id > intent.export_last_id)
    ours = (r for r in later if r.before_id == intent.boundary and reported in {None, r.count})
    receipt = next(ours, None)
    count = reported if reported is not None or receipt is None else receipt.count
    receipt_id = receipt.entry_id if receipt is not None else None
    if count is not None and count > intent.expected_count:
        return Settlement(PurgeOutcome.MISMATCH, count, receipt_id)
    return Settlement(PurgeOutcome.CONFIRMED if receipt else PurgeOutcome.UNCONFIRMED, count, receipt_id)


def mismatch_sentence(console: str, boundary: int, expected: int, reported: int | None) -> str:
    """A mismatch as one tells it to somebody who was just woken up."""
    return (
        f"Console {console} says that it purged {reported} entries up to {boundary}, but only {expected} "
        "were archived and planned. No purge is sent to it until an operator has looked and stated `resume` "
        "(docs/operations.md#purgemismatcherror)"
    )


def _by_id(receipt: Receipt) -> int:
    return receipt.entry_id
