"""What a run announces to a person: findings about purges, receipts and amendments, and a lasting hold."""

from collections.abc import Iterator
from dataclasses import replace

from audit_archive.alerts import announce
from audit_archive.errors import SettingsError, runbook_url
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.codec import UnknownMember, to_json
from audit_archive.format.display import stated
from audit_archive.format.facts import LETS_PURGE, HeldBackBy, ReceiptSeen
from audit_archive.format.head import Head, Hold, accepted_ids
from audit_archive.format.ids import IdSet, id_set, span_set
from audit_archive.format.purges import foreign_purges_of, purger
from audit_archive.format.statement import ArchiveStatement, OperatorStatement, Statement
from audit_archive.format.times import DAY, from_rfc3339, rfc3339
from audit_archive.run.comparison import MAX_SINGLE_AMENDMENTS
from audit_archive.run.context import Run
from audit_archive.run.standing_hold import DECISION_WAIT, STANDING_HOLDS

EXPECTED_HOLDS = frozenset(
    {
        HeldBackBy.PURGE_MODE,
        HeldBackBy.PAUSE,
        HeldBackBy.RECENT_DECISION,
        HeldBackBy.KEEP_WINDOW,
        HeldBackBy.LATCHED_MISMATCH,
        HeldBackBy.ONLY_RECEIPTS,
        HeldBackBy.UP_TO,
        HeldBackBy.NOT_YET_RECORDED,
    }
)
"""Reasons that the owner chose, that end by themselves, or that have an announcement of their own."""

WEEK = 7 * DAY
MAX_SINGLE_PURGES = 20
"""Up to so many foreign purges in one statement are told one by one, and as many unreadable receipts."""


def findings_of(run: Run, statement: ArchiveStatement, before: Head, after: Head) -> Iterator[Finding]:
    """What a statement is the first to say and a person must know.

    `before` and `after` are the heads around it. Purges that are older than the archive are left out.
    """
    console = run.order.console
    live = id_set(statement.filled).intersection(accepted_ids(before.holes))
    if live:
        yield Finding(
            FindingKind.ACCEPTED_IDS_LIVE,
            console,
            _accepted_live(console, live),
            {"statement": statement.seq},
        )
    purges = [p for p in foreign_purges_of(statement) if not after.is_history(p.receipt_id)]
    for purge in purges[:MAX_SINGLE_PURGES]:
        yield Finding(FindingKind.FOREIGN_PURGE, console, purge.sentence(console), to_json(purge))
    if len(purges) > MAX_SINGLE_PURGES:
        sentence = (
            f"Somebody purged Console {console} {len(purges)} times since the last run. {MAX_SINGLE_PURGES} "
            f"of these purges are told one by one. Statement {statement.seq} lists all of them"
        )
        yield Finding(FindingKind.FOREIGN_PURGE, console, sentence, {"statement": statement.seq})
    unreadable = [
        seen
        for seen in statement.receipts_seen
        if seen.before_id is None and seen.intent_seq is None and not after.is_history(seen.entry_id)
    ]
    for seen in unreadable[:MAX_SINGLE_PURGES]:
        yield Finding(FindingKind.UNREADABLE_RECEIPT, console, _unreadable(console, seen), to_json(seen))
    if len(unreadable) > MAX_SINGLE_PURGES:
        sentence = (
            f"{len(unreadable)} receipts of Console {console} can't be read. {MAX_SINGLE_PURGES} of them are "
            f"told one by one. Statement {statement.seq} lists all of them in receipts_seen"
        )
        yield Finding(FindingKind.UNREADABLE_RECEIPT, console, sentence, {"statement": statement.seq})


def amendments_of(run: Run, statement: ArchiveStatement) -> Iterator[Finding]:
    """One finding for the amended entries of a statement, if its run crashed before it announced them.

    Only if they are more than MAX_SINGLE_AMENDMENTS: the next run compares again and announces fewer one by
    one, but leaves out many that a statement names already.
    """
    amended = span_set(statement.amended)
    if amended.size > MAX_SINGLE_AMENDMENTS:
        console, first, last = run.order.console, amended.ranges[0].first, amended.ranges[-1].last
        sentence = (
            f"{amended.size} entries of Console {console} were amended after they were archived: ids from "
            f"{first} to {last}. The archive keeps the first form, {statement.export.key} holds the other. "
            "Find out who changed them"
        )
        yield Finding(FindingKind.AMENDED_ENTRY, console, sentence, {"statement": statement.seq})


def _accepted_live(console: str, live: IdSet) -> str:
    return (
        f"An operator accepted {live.size} ids of Console {console} as gone, and they are live. The first is "
        f"{live.ranges[0].first}. They are archived now. The Console may hide entries from both keys, so no "
        "purge crosses an accepted range any more. Find out what else it hides before you accept ids again"
    )


def _unreadable(console: str, seen: ReceiptSeen) -> str:
    return (
        f"Console {console} was purged, and the receipt can't be read: entry {seen.entry_id}, "
        f"{purger(seen)}. No purge of ours awaits a receipt, so somebody else purged. Read the entry's "
        "message to learn what was destroyed"
    )


def decision_finding(statement: OperatorStatement) -> Finding:
    """The finding that somebody stated an operator's decision: whoever did not expect it must learn of it."""
    seq, console, run = statement.seq, statement.console, statement.run
    if statement.action in LETS_PURGE:
        first = rfc3339(from_rfc3339(run.started_at) + DECISION_WAIT)
        then = f"No purge that this makes possible is sent before {first}"
    else:
        then = "This makes no purge possible"
    sentence = (
        f"Somebody stated `{statement.action}` about Console {console} at {run.started_at}, in request "
        f"{run.id}. It is statement {seq}. {then}. If you do not expect this, pause the Console: "
        f"`canary-audit console pause {console}`. It is {stated(statement.who, statement.reason)}"
    )
    facts = {"statement": seq, "action": statement.action, "who": statement.who, "request_id": run.id}
    return Finding(FindingKind.OPERATOR_DECISION, console, sentence, facts)


def announce_decision(run: Run, statement: Statement) -> list[str]:
    """Announce that an operator's decision was stated. Returns a warning if the topic refuses."""
    if not isinstance(statement, OperatorStatement):
        return []
    try:
        announce(run, decision_finding(statement))
    except SettingsError as error:
        return [f"it is stated, but could not be told: {error}"]
    return []


def announce_hold(
    run: Run, head: Head, held_by: HeldBackBy | UnknownMember | None, *, is_growing: bool
) -> None:
    """Announce that an entry has waited too long to be purged.

    `held_by`: what this run said; the daily audit, or a pause, may hold back what waited for another reason.
    Once; if a mismatch is the reason and the trail grows, once a week. Raises SettingsError if the topic
    refuses.
    """
    hold, console = head.hold, run.order.console
    if hold is None:
        return
    if held_by in STANDING_HOLDS:
        hold = replace(hold, reason=held_by)
    elif hold.reason in STANDING_HOLDS:
        return  # it stood when the plan was stated, and is gone
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
        f"{rfc3339(hold.since)}. A purge destroyed more than was archived. Look into it, then state it with "
        f"`canary-audit resume {console}`: {runbook_url('purgemismatcherror')}"
    )


def _held(console: str, hold: Hold) -> str:
    return (
        f"Nothing of Console {console} has been purged since {rfc3339(hold.since)}: entry {hold.waiting_id} "
        f"waits, held back by {hold.reason}. Look up what to do about {hold.reason}: "
        f"{runbook_url('held_back_by')}"
    )
