"""Purges that no statement of ours planned: who, from where, when, and what they destroyed. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from audit_archive.domain.facts import Missing, ReceiptSeen
from audit_archive.domain.ranges import IdSet
from audit_archive.domain.statement import ArchiveStatement

_TOLD = 100
"""How many ranges of ids a sentence has."""


@dataclass(frozen=True)
class ForeignPurge:
    """Somebody else's purge, as the Console's own receipt tells it.

    `lost`: ids that it destroyed before they were archived, as inclusive ranges `[first, last]`.
    """

    receipt_id: int
    before_id: int | None
    count: int | None
    user: str | None
    user_ip: str | None
    timestamp: str | None
    lost: tuple[tuple[int, int], ...]

    def sentence(self, console: str) -> str:
        """As one tells it to somebody who was just woken up."""
        lost = ", ".join(f"{first} to {last}" for first, last in self.lost[:_TOLD]) or "none"
        more = f" and {len(self.lost) - _TOLD} more ranges" if len(self.lost) > _TOLD else ""
        return (
            f"Somebody else purged Console {console} up to id {self.before_id} ({self.count} entries): user "
            f"{self.user} from {self.user_ip} at {self.timestamp} (receipt {self.receipt_id}). "
            f"Ids destroyed before they were archived: {lost}{more}"
        )


def foreign_purges(seen: Iterable[ReceiptSeen], missing: Iterable[Missing]) -> Iterator[ForeignPurge]:
    """The foreign purges among some receipts, each with those of the missing ids that it destroyed."""
    holes: dict[int | None, list[tuple[int, int]]] = {}
    for hole in missing:
        holes.setdefault(hole.receipt_id, []).append((hole.first, hole.last))
    for receipt in seen:
        if receipt.intent_seq is None and receipt.before_id is not None:
            lost = IdSet.of(*holes.get(receipt.entry_id, ()))
            yield ForeignPurge(
                receipt_id=receipt.entry_id,
                before_id=receipt.before_id,
                count=receipt.count,
                user=receipt.user,
                user_ip=receipt.user_ip,
                timestamp=receipt.timestamp,
                lost=tuple((r.first, r.last) for r in lost.ranges),
            )


def foreign_purges_of(statement: ArchiveStatement) -> Iterator[ForeignPurge]:
    """The foreign purges that a statement is the first to list."""
    return foreign_purges(statement.receipts_seen, statement.missing)
