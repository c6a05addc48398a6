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
    """The highest id that a purge may have destroyed: an entry after its receipt was not there yet."""
    return min(receipt.before_id or 0, receipt.entry_id - 1)


_MOST_LISTED = 100
"""Ranges of ids that a sentence lists at most."""
_QUOTED = 200
"""Characters of an entry's text that a sentence quotes at most."""


@dataclass(frozen=True)
class ForeignPurge:
    """A purge that no statement of ours planned, as the Console's own receipt describes it.

    `lost`: ids that it destroyed before they were archived, as inclusive ranges `[first, last]`. `surplus`:
    how many more entries it destroyed than were known; None if that is unknown.
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
        """The finding: who purged what, and what is lost."""
        return (
            f"Somebody else purged Console {console} up to id {self.before_id} ({self.count} entries): "
            f"{purger(self)} (receipt {self.receipt_id}). "
            f"{self._losses()}"
        )

    def _losses(self) -> str:
        lost = ", ".join(f"{first} to {last}" for first, last in self.lost[:_MOST_LISTED])
        more = f" and {len(self.lost) - _MOST_LISTED} more ranges" if len(self.lost) > _MOST_LISTED else ""
        sentences = []
        if lost or not self.surplus:
            sentences.append(f"Ids destroyed before they were archived: {lost or 'none'}{more}")
        if self.surplus:
            sentences.append(
                f"It destroyed {self.surplus} more entries than the archive ever saw up to that id"
            )
        return ". ".join(sentences)


def purger(purge: ForeignPurge | ReceiptSeen) -> str:
    """Who purged, from where, and when. The entry's words are in quotes: they must not pass for ours."""
    return f"user {_quoted(purge.user)} from {_quoted(purge.user_ip)} at {_quoted(purge.timestamp)}"


def _quoted(text: str | None) -> str:
    return "unknown" if text is None else repr(text[:_QUOTED])


def foreign_purges(seen: Iterable[ReceiptSeen], missing: Iterable[Missing]) -> Iterator[ForeignPurge]:
    """The foreign purges among receipts, each with the missing ids that it destroyed."""
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
    """The foreign purges that a statement lists."""
    return foreign_purges(statement.receipts_seen, statement.missing)


def surpluses(
    receipts: Iterable[Receipt], missing: Iterable[Missing], head: Head, ours: Container[int]
) -> dict[int, int | None]:
    """How many more entries each foreign purge destroyed than are known, by the id of its receipt.

    Known are the archived ids from the first live one up to the purge's reach, and the missing ids that are
    attributed to it. An archived id counts for the earliest receipt that reaches it, even for one of `ours`.
    None stands for a purge from before the archive began, and for a receipt without a count.
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
            is_known = not head.is_history(receipt.entry_id) and receipt.count is not None
            found[receipt.entry_id] = max(0, (receipt.count or 0) - known) if is_known else None
    return found


def mismatch_sentence(console: str, boundary: int, expected: int, reported: int | None) -> str:
    """The finding of a mismatch: what was destroyed, what was planned, and what to do."""
    return (
        f"Console {console} says that it purged {reported} entries up to {boundary}, but only {expected} "
        "were archived and planned. No purge is sent to it until an operator has looked and stated it with "
        f"`canary-audit resume {console}`"
    )
