"""Purges that no statement of ours planned: who, from where, when, and what they destroyed. Pure."""

from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

from audit_archive.format.entry import Receipt
from audit_archive.format.facts import Missing, ReceiptSeen
from audit_archive.format.head import Head
from audit_archive.format.ids import IdSet
from audit_archive.format.statement import ArchiveStatement


def reach_of(receipt: Receipt) -> int:
    """Up to which id a purge may have destroyed entries: none that was written after its receipt."""
    return min(receipt.before_id or 0, receipt.entry_id - 1)


_TOLD = 100
"""How many ranges of ids a sentence has."""
_QUOTED = 200
"""How many characters of an entry's text a sentence quotes."""


@dataclass(frozen=True)
class ForeignPurge:
    """Somebody else's purge, as the Console's own receipt tells it.

    `lost`: ids that it destroyed before they were archived, as inclusive ranges `[first, last]`. `surplus`:
    how many more entries it destroyed than were known; None: that can't be told.
    """

    receipt_id: int
    before_id: int | None
    count: int | None
    user: str | None
    user_ip: str | None
    timestamp: str | None
    lost: tuple[tuple[int, int], ...]
    surplus: int | None = None

    def sentence(self, console: str) -> str:
        """As one tells it to somebody who was just woken up."""
        return (
            f"Somebody else purged Console {console} up to id {self.before_id} ({self.count} entries): "
            f"{purger(self)} (receipt {self.receipt_id}). "
            f"{self._losses()}"
        )

    def _losses(self) -> str:
        lost = ", ".join(f"{first} to {last}" for first, last in self.lost[:_TOLD])
        more = f" and {len(self.lost) - _TOLD} more ranges" if len(self.lost) > _TOLD else ""
        told = []
        if lost or not self.surplus:
            told.append(f"Ids destroyed before they were archived: {lost or 'none'}{more}")
        if self.surplus:
            told.append(f"It destroyed {self.surplus} more entries than the archive ever saw up to that id")
        return ". ".join(told)


def purger(of: ForeignPurge | ReceiptSeen) -> str:
    """Who purged, from where, and when: the entry's words in quotes, so that they can't pass for ours."""
    return f"user {_quoted(of.user)} from {_quoted(of.user_ip)} at {_quoted(of.timestamp)}"


def _quoted(text: str | None) -> str:
    return "unknown" if text is None else repr(text[:_QUOTED])


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
                surplus=receipt.surplus,
            )


def foreign_purges_of(statement: ArchiveStatement) -> Iterator[ForeignPurge]:
    """The foreign purges that a statement is the first to list."""
    return foreign_purges(statement.receipts_seen, statement.missing)


def surpluses(
    receipts: Iterable[Receipt], missing: Iterable[Missing], head: Head, ours: Container[int]
) -> dict[int, int | None]:
    """By receipt of a foreign purge: how many more entries it counts than are known to have died by it.

    Known are the archived ids from the first live one up to its reach, each taken by the earliest receipt,
    also by one of `ours`, and the missing ids that are attributed to it. Of purges before the archive began
    that can't be told.
    """
    losses: Counter[int | None] = Counter()
    for hole in missing:
        losses[hole.receipt_id] += hole.last - hole.first + 1
    alive = head.archived_live
    found: dict[int, int | None] = {}
    for receipt in sorted(receipts, key=lambda r: r.entry_id):
        taken = alive.within(1, reach_of(receipt))
        alive = alive.minus(taken)
        if receipt.entry_id not in ours:
            known = taken.size + losses[receipt.entry_id]
            can_tell = not head.is_history(receipt.entry_id) and receipt.count is not None
            found[receipt.entry_id] = max(0, (receipt.count or 0) - known) if can_tell else None
    return found


def mismatch_sentence(console: str, boundary: int, expected: int, reported: int | None) -> str:
    """A mismatch as one tells it to somebody who was just woken up."""
    return (
        f"Console {console} says that it purged {reported} entries up to {boundary}, but only {expected} "
        "were archived and planned. No purge is sent to it until an operator has looked and stated `resume` "
        "(docs/operations.md#purgemismatcherror)"
    )
