"""How an intent ended, from the Console's answer and its receipts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from audit_archive.domain.entry import Receipt
from audit_archive.domain.facts import PurgeOutcome
from audit_archive.domain.head import Intent
from audit_archive.domain.receipts import most_expected, receipt_among


@dataclass(frozen=True)
class Settlement:
    """How an intent ended: the outcome, the count that the Console reported, and its receipt's entry id."""

    outcome: str
    reported_count: int | None
    receipt_id: int | None

    @property
    def was_sent(self) -> bool:
        """Whether a purge was carried out, as far as we know."""
        return self.outcome in PurgeOutcome.SENT


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


def mismatch_sentence(console: str, boundary: int, expected: int, reported: int | None) -> str:
    """A mismatch as one tells it to somebody who was just woken up."""
    return (
        f"Console {console} says that it purged {reported} entries up to {boundary}, but only {expected} "
        "were archived and planned. No purge is sent to it until an operator has looked and stated `resume` "
        "(docs/operations.md#purgemismatcherror)"
    )
