"""Announce: one message to a person for each finding."""

from collections.abc import Iterator

from audit_archive.alerts import announce
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.codec import to_json
from audit_archive.format.facts import HeldBackBy, ReceiptSeen
from audit_archive.format.head import Head, Hold, accepted_ids
from audit_archive.format.ids import IdSet, id_set, span_set
from audit_archive.format.purges import foreign_purges_of, purger
from audit_archive.format.statement import ArchiveStatement
from audit_archive.format.times import DAY, rfc3339
from audit_archive.run.comparison import ALONE
from audit_archive.run.context import Run

EXPECTED_HOLDS = frozenset(
    {
        HeldBackBy.PURGE_MODE,
        HeldBackBy.KEEP_WINDOW,
        HeldBackBy.LATCHED_MISMATCH,
        HeldBackBy.ONLY_RECEIPTS,
        HeldBackBy.NOT_YET_RECORDED,
    }
)
"""Reasons that the owner chose, or that a person is told of in another way."""

WEEK = 7 * DAY
TOLD_ALONE = 20
"""Purges by others that one statement tells with a message each."""


def findings_of(run: Run, statement: ArchiveStatement, before: Head, after: Head) -> Iterator[Finding]:
    """What a statement is the first to say and a person should know, with the heads around it.

    Purges that are older than the archive are no news.
    """
    console = run.order.console
    risen = id_set(statement.filled).intersection(accepted_ids(before.holes))
    if risen:
        yield Finding(
            FindingKind.ACCEPTED_IDS_LIVE, console, _risen(console, risen), {"statement": statement.seq}
        )
    purges = [p for p in foreign_purges_of(statement) if not after.is_history(p.receipt_id)]
    for purge in purges[:TOLD_ALONE]:
        yield Finding(FindingKind.FOREIGN_PURGE, console, purge.sentence(console), to_json(purge))
    if len(purges) > TOLD_ALONE:
        sentence = (
            f"Somebody purged Console {console} {len(purges)} times since the last run. {TOLD_ALONE} purges "
            f"are told one by one, statement {statement.seq} lists them all"
        )
        yield Finding(FindingKind.FOREIGN_PURGE, console, sentence, {"statement": statement.seq})
    for seen in statement.receipts_seen:
        if seen.before_id is None and seen.intent_seq is None and not after.is_history(seen.entry_id):
            yield Finding(FindingKind.UNREADABLE_RECEIPT, console, _unreadable(console, seen), to_json(seen))


def amendments_of(run: Run, statement: ArchiveStatement) -> Iterator[Finding]:
    """Many amended entries at once, of a statement whose run died before it told.

    The next run compares again and tells of a few with their texts, but not of many that a statement names.
    """
    amended = span_set(statement.amended)
    if amended.size > ALONE:
        console, first, last = run.order.console, amended.ranges[0].first, amended.ranges[-1].last
        sentence = (
            f"{amended.size} entries of Console {console} were amended after they were archived: ids from "
            f"{first} to {last}. The archive keeps the first form, {statement.export.key} holds the other "
            "(docs/operations.md#amendedentry)"
        )
        yield Finding(FindingKind.AMENDED_ENTRY, console, sentence, {"statement": statement.seq})


def _risen(console: str, risen: IdSet) -> str:
    return (
        f"{risen.size} ids of Console {console} that an operator accepted as gone are live, first "
        f"{risen.ranges[0].first}. They are archived now. No accepted range is crossed any more: the Console "
        "may hide entries from both keys. Find out what else it hides before you accept anything again"
    )


def _unreadable(console: str, seen: ReceiptSeen) -> str:
    return (
        f"Console {console} was purged, and the receipt can't be read: entry {seen.entry_id}, "
        f"{purger(seen)}. No purge of ours awaits a receipt, so somebody else purged. Look at the entry's "
        "message to learn what was destroyed"
    )


def tell_hold(run: Run, head: Head, *, is_growing: bool) -> None:
    """Tell a person of an entry that has waited too long to be purged.

    Once; and weekly where a mismatch is the reason and the trail grows. Raises SettingsError if the topic
    refuses.
    """
    hold, console = head.hold, run.order.console
    if hold is None:
        return
    waited = run.clock.now() - hold.since
    if hold.reason == HeldBackBy.LATCHED_MISMATCH and is_growing and waited >= WEEK:
        announce(
            run,
            Finding(
                FindingKind.PURGE_HELD_BACK, console, _latched(console, hold, waited // WEEK), to_json(hold)
            ),
        )
    elif hold.reason not in EXPECTED_HOLDS and waited > max(3 * DAY, 3 * run.order.policy.settle):
        announce(run, Finding(FindingKind.PURGE_HELD_BACK, console, _held(console, hold), to_json(hold)))


def _latched(console: str, hold: Hold, weeks: int) -> str:
    return (
        f"The trail of Console {console} grows, and nothing has been purged for {weeks} weeks or more, since "
        f"{rfc3339(hold.since)}: a purge destroyed more than was archived. Look into it, then state `resume` "
        "(docs/operations.md#purgemismatcherror)"
    )


def _held(console: str, hold: Hold) -> str:
    return (
        f"Nothing of Console {console} has been purged since {rfc3339(hold.since)}: entry {hold.waiting_id} "
        f"waits, held back by {hold.reason} (docs/operations.md#held_back_by)"
    )
