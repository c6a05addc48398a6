"""Announce: one message to a person for each finding."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from audit_archive.domain.differing import ALONE
from audit_archive.domain.facts import HeldBackBy, ReceiptSeen
from audit_archive.domain.finding import Finding
from audit_archive.domain.foreign import foreign_purges_of, purger
from audit_archive.domain.head import Head, Hold, accepted_ids
from audit_archive.domain.ranges import IdSet, id_set
from audit_archive.domain.records import to_json
from audit_archive.domain.settlement import mismatch_sentence
from audit_archive.domain.statement import ArchiveStatement, PurgeStatement
from audit_archive.domain.times import DAY, rfc3339
from audit_archive.errors import LedgerError, PageError, PurgeMismatchError, SettingsError
from audit_archive.ports import Alerts, Clock, Findings
from audit_archive.steps.run import Run

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

CLAIM = 30
"""Seconds for which a claimed finding is left to whoever claimed it."""


class Announcer(Protocol):
    """What telling a person takes; a run has it."""

    @property
    def ledger(self) -> Findings:
        """Where it is noted what was told."""

    @property
    def alerts(self) -> Alerts:
        """Where it is told."""

    @property
    def clock(self) -> Clock:
        """The time."""


def announce(run: Announcer, finding: Finding) -> bool:
    """Tell a person, unless they have been told the very same before; whether it was told now.

    The claim holds the finding itself, so that one which could not be told is told by a later run. Only a
    crash between the message and its note in the ledger tells twice, and so does a ledger that does not
    answer: better twice than never. Raises SettingsError if the topic refuses.
    """
    now = run.clock.now()
    try:
        if not run.ledger.claim(finding, now, now + CLAIM):
            return False
    except LedgerError:
        run.alerts.publish(finding)
        return True
    try:
        run.alerts.publish(finding)
    except SettingsError:
        run.ledger.claim(finding, now + CLAIM, now)  # give it back: whoever comes next may try at once
        raise
    run.ledger.announced(finding)
    return True


def announce_pending(run: Run) -> None:
    """Tell what an earlier run could not. Raises SettingsError if the topic still refuses."""
    for finding in run.ledger.pending(run.order.console, run.clock.now()):
        announce(run, finding)


@contextmanager
def paging(run: Run) -> Iterator[None]:
    """Wake somebody for an error that asks for it; a topic that refuses must not hide the error."""
    try:
        yield
    except PageError as error:
        try:
            announce(run, Finding(type(error).__name__, run.order.console, str(error), {}))
        except (SettingsError, LedgerError) as failure:
            error.add_note(str(failure))
        raise


def findings_of(run: Run, statement: ArchiveStatement, before: Head, after: Head) -> Iterator[Finding]:
    """What a statement is the first to say and a person should know, with the heads around it.

    Purges that are older than the archive are no news.
    """
    console = run.order.console
    risen = id_set(statement.filled).intersection(accepted_ids(before.holes))
    if risen:
        yield Finding("AcceptedIdsLive", console, _risen(console, risen), {"statement": statement.seq})
    purges = [p for p in foreign_purges_of(statement) if not after.is_history(p.receipt_id)]
    for purge in purges[:TOLD_ALONE]:
        yield Finding("ForeignPurge", console, purge.sentence(console), to_json(purge))
    if len(purges) > TOLD_ALONE:
        sentence = (
            f"Somebody purged Console {console} {len(purges)} times since the last run. {TOLD_ALONE} purges "
            f"are told one by one, statement {statement.seq} lists them all"
        )
        yield Finding("ForeignPurge", console, sentence, {"statement": statement.seq})
    for seen in statement.receipts_seen:
        if seen.before_id is None and seen.intent_seq is None and not after.is_history(seen.entry_id):
            yield Finding("UnreadableReceipt", console, _unreadable(console, seen), to_json(seen))


def amendments_of(run: Run, statement: ArchiveStatement) -> Iterator[Finding]:
    """Many amended entries at once, of a statement whose run died before it told.

    The next run compares again and tells of a few with their texts, but not of many that a statement names.
    """
    amended = IdSet.of(*((span.first, span.last) for span in statement.amended))
    if amended.size > ALONE:
        console, first, last = run.order.console, amended.ranges[0].first, amended.ranges[-1].last
        sentence = (
            f"{amended.size} entries of Console {console} were amended after they were archived: ids from "
            f"{first} to {last}. The archive keeps the first form, {statement.export.key} holds the other "
            "(docs/operations.md#amendedentry)"
        )
        yield Finding("AmendedEntry", console, sentence, {"statement": statement.seq})


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
            run, Finding("PurgeHeldBack", console, _latched(console, hold, waited // WEEK), to_json(hold))
        )
    elif hold.reason not in EXPECTED_HOLDS and waited > max(3 * DAY, 3 * run.order.policy.settle):
        announce(run, Finding("PurgeHeldBack", console, _held(console, hold), to_json(hold)))


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


def mismatch_finding(said: PurgeStatement) -> Finding:
    """The finding that a purge destroyed more than was archived."""
    sentence = mismatch_sentence(said.console, said.boundary, said.expected_count, said.reported_count)
    return Finding(PurgeMismatchError.__name__, said.console, sentence, {"statement": said.seq})
