"""Purges that do not do what was asked for, or do not report what they did."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import ClassVar

from local.console.answer import Endpoint
from local.console.faults.fault import Fault
from local.console.trail import ANSWER, RECEIPT, RECEIPT_ACTION, PurgeTerms


class PurgeFault(Fault):
    """A fault of purges only."""

    endpoints: ClassVar[frozenset[Endpoint]] = frozenset({"purge"})


@dataclass(frozen=True)
class NoReceipt(PurgeFault):
    """The purge deletes, but writes no `audit_trail_purge` entry."""

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, receipt=False)


@dataclass(frozen=True)
class LateReceipt(PurgeFault):
    """The receipt is written `seconds` (by the Console's clock) after the purge."""

    seconds: float = 60.0

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, receipt_after=timedelta(seconds=self.seconds))


@dataclass(frozen=True)
class SlowDeletion(PurgeFault):
    """Answer and receipt come at once, but the entries stay visible for `seconds` by the Console's clock."""

    seconds: float = 60.0

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, deletion_after=timedelta(seconds=self.seconds))


@dataclass(frozen=True)
class Miscounted(PurgeFault):
    """The purge reports, and writes into its receipt, `delta` entries more (or fewer) than it deleted."""

    delta: int = 1

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, miscount=self.delta)


@dataclass(frozen=True)
class Misstated(PurgeFault):
    """The answer counts `delta` entries more (or fewer) than were deleted; the receipt counts right."""

    delta: int = -1

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, misstatement=self.delta)


@dataclass(frozen=True)
class LimitedPurge(PurgeFault):
    """A purge deletes only the lowest `at_most` of the entries that it should, and says so."""

    at_most: int = 1000

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, at_most=self.at_most)


@dataclass(frozen=True)
class Overreach(PurgeFault):
    """The purge deletes every entry. Its receipt counts them all; its answer counts what was asked for."""

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, overreach=True)


@dataclass(frozen=True)
class ReceiptWords(PurgeFault):
    """The receipt in other words or under another `action_type`. `message` may name `{count}` and `{id}`, and
    `{count:,}` writes 2,500."""

    message: str = RECEIPT
    action_type: str = RECEIPT_ACTION

    def __post_init__(self) -> None:
        _check(self.message, count=1, id=1)

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, receipt_words=self.message, receipt_action=self.action_type)


@dataclass(frozen=True)
class AnswerWords(PurgeFault):
    """The answer to a purge in other words. `msg` may name `{count}`, and `{count:,}` writes 2,500."""

    msg: str = ANSWER

    def __post_init__(self) -> None:
        _check(self.msg, count=1)

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        return replace(terms, answer_words=self.msg)


@dataclass(frozen=True)
class KeyNames(PurgeFault):
    """How the receipt names the API key: newer Consoles as the user `Global-API-Token[key_id:...]`, older
    ones (`newer` false) as `User 'API Token'` in the message, whose exact form is not known."""

    newer: bool = True
    key_id: str = "ffffffff"

    def purge_terms(self, terms: PurgeTerms) -> PurgeTerms:
        if self.newer:
            return replace(terms, user=f"Global-API-Token[key_id:{self.key_id}]")
        return replace(terms, receipt_words=f"{terms.receipt_words} (User 'API Token')")


def _check(template: str, **values: int) -> None:
    """Fails when the fault is made, not in the middle of a purge."""
    try:
        template.format(**values)
    except (LookupError, AttributeError) as error:
        raise ValueError(f"{template!r} may name {', '.join(values)} only") from error
