"""Purge: the one thing that can't be undone, after everything that must come before it."""

from audit_archive.domain.entry import is_receipt
from audit_archive.domain.facts import Anchor, PurgeOutcome
from audit_archive.domain.head import Head, Intent
from audit_archive.domain.idle import is_anchor
from audit_archive.domain.ranges import IdSet
from audit_archive.domain.receipts import is_receipt_of, receipt_of
from audit_archive.domain.settlement import Settlement, mismatch_sentence
from audit_archive.errors import (
    AuditArchiveError,
    ConsoleAuthError,
    ConsoleError,
    IntegrityError,
    PopulationMismatchError,
    PurgeMismatchError,
    SettingsError,
)
from audit_archive.ports import ConsoleEntry, PurgingConsole
from audit_archive.steps.chain import has_moved_on
from audit_archive.steps.run import Run
from audit_archive.steps.settle import Ended, settle_purge, write_up
from audit_archive.steps.superseded import SupersededError

STILL = 3
"""How often a trail that changes under the population check is counted again."""


def open_purger(run: Run) -> PurgingConsole:
    """The Console with the key that can purge, read now and not before."""
    purger = run.open_purger()
    if purger is None:
        raise SettingsError(
            f"Purge mode is {run.order.policy.mode}, but Console {run.order.console} has no purge key that "
            "the function may read. What is new is archived, nothing was purged: store a key as the secret "
            "<SecretPrefix>/<console>/purge, or invoke with purge_mode off"
        )
    return purger


def check_population(purger: PurgingConsole, ids: IdSet) -> None:
    """Check that the purging key sees exactly the exported entries and what has arrived above them.

    An entry that arrives after the count is none of it, and no count is good once somebody purged: either
    might make up for an entry that the export does not hold. Raises PopulationMismatchError: the export was
    capped or stale, the reading key sees less than the purging key would destroy, or somebody purged.
    """
    last_id = ids.ranges[-1].last
    for _ in range(STILL):
        peek = purger.peek()
        population, newest_id = peek.population, _id_of(peek.newest)
        if population is None:
            _walk(purger, ids)
            return
        arrived = 0
        for entry in purger.entries_above(last_id):
            arrived += entry["id"] <= newest_id
            _refuse_receipt(entry, last_id)
        if population == ids.size + arrived:
            return
        if purger.peek().population == population:
            break
    raise PopulationMismatchError(
        f"The purging key sees {population} entries, but the archived export (up to id {last_id}) and "
        f"what came after it account for {ids.size + arrived}. Nothing was purged: compare the roles and "
        "Flocks of both keys, and look whether the Console's export is capped"
    )


def _id_of(newest: ConsoleEntry | None) -> int:
    """The newest entry's id; 0 for one that is none, which the pages that follow refuse."""
    entry_id = (newest or {}).get("id")
    return entry_id if type(entry_id) is int else 0


def check_same_trail(purger: PurgingConsole, anchor: Anchor) -> None:
    """Check that the purging key sees the very entry that the archived export ends with.

    Ids are dense, so a Console set up anew that has come further has as many entries as an old one's export
    from a cache, and what came after it. Raises PopulationMismatchError.
    """
    entry = next((each for each in purger.entries_above(anchor.id - 1) if each["id"] == anchor.id), None)
    if entry is None or not is_anchor(entry, anchor):
        raise PopulationMismatchError(
            f"The purging key sees no entry {anchor.id}, or another than the archived export ends with. "
            "Nothing was purged: look whether somebody else purged, the Console was set up anew, or its "
            "export comes from a cache"
        )


def _refuse_receipt(entry: ConsoleEntry, last_id: int) -> None:
    if is_receipt(entry.get("action_type"), entry.get("message")):
        raise PopulationMismatchError(
            f"The Console was purged after entry {last_id}, the last of the archived export: receipt "
            f"{entry['id']} says so. Nothing was purged by this run; the next one looks at the trail anew"
        )


def _walk(purger: PurgingConsole, ids: IdSet) -> None:
    """Compare every id that the purging key sees, for a Console that does not say how many there are."""
    seen = 0
    for entry in purger.entries_above(0):
        if entry["id"] > ids.ranges[-1].last:
            continue
        if entry["id"] not in ids:
            raise PopulationMismatchError(
                f"The purging key sees entry {entry['id']}, which the archived export does not hold. "
                "Nothing was purged: compare the roles and Flocks of both keys"
            )
        seen += 1
    if seen != ids.size:
        raise PopulationMismatchError(
            f"The purging key sees {seen} of the {ids.size} exported entries. Nothing was purged: "
            "compare the roles and Flocks of both keys"
        )


def purge(run: Run, head: Head, ids: IdSet) -> tuple[Head, Settlement]:
    """Carry out the intent that the newest statement recorded: check, POST at most once, write up the end.

    `ids` are the ids of the export that this very run stored, verified and recorded. Raises SupersededError,
    PopulationMismatchError, SettingsError, ConsoleError before the POST (nothing was purged, and the chain
    says so); PurgeMismatchError after it.
    """
    (intent,) = (intent for intent in head.intents if intent.seq == head.seq)
    try:
        purger = _checked_purger(run, head, ids)
    except SupersededError:
        _give_up(run, head, intent, PurgeOutcome.SUPERSEDED)
        raise
    except IntegrityError:
        raise  # nothing is written behind a chain that was tampered with, so that the next run sees it too
    except AuditArchiveError:
        _give_up(run, head, intent, PurgeOutcome.NOT_SENT)
        raise
    if purger is None:
        head = _give_up(run, head, intent, PurgeOutcome.NOT_SENT)
        return head, _not_sent(PurgeOutcome.NOT_SENT)
    return _send(run, head, intent, purger)


def check_dry(run: Run, head: Head, ids: IdSet) -> bool:
    """All that comes before a POST, for a dry run; False if there is no purging key to check with."""
    purger = run.open_purger()
    if purger is None:
        return False
    _check_trail(run, head, ids, purger)
    return True


def _checked_purger(run: Run, head: Head, ids: IdSet) -> PurgingConsole | None:
    """The Console with the purging key, once nothing speaks against a POST; None if time is short."""
    if has_moved_on(run.store, head):
        raise SupersededError
    purger = open_purger(run)
    _check_trail(run, head, ids, purger)
    return purger if run.has_time() else None


def _check_trail(run: Run, head: Head, ids: IdSet, purger: PurgingConsole) -> None:
    """Check that the purging key sees what was exported. SupersededError: a run of ours changed it."""
    try:
        if head.anchor is not None and head.anchor.id in ids:
            check_same_trail(purger, head.anchor)
        check_population(purger, ids)
    except PopulationMismatchError as mismatch:
        if has_moved_on(run.store, head) or _has_purged_late(purger, head, ids):
            raise SupersededError from mismatch
        raise


def _has_purged_late(purger: PurgingConsole, head: Head, ids: IdSet) -> bool:
    """Whether a purge that an earlier run of ours sent reached the Console only after the export."""
    earlier = [intent for intent in head.intents if intent.seq != head.seq]
    newer = purger.entries_above(ids.ranges[-1].last) if earlier else ()
    receipts = [receipt_of(e) for e in newer if is_receipt(e.get("action_type"), e.get("message"))]
    return any(is_receipt_of(receipt, intent) for receipt in receipts for intent in earlier)


def _send(run: Run, head: Head, intent: Intent, purger: PurgingConsole) -> tuple[Head, Settlement]:
    try:
        answer = purger.purge(intent.boundary)
    except ConsoleAuthError:
        _give_up(run, head, intent, PurgeOutcome.NOT_SENT)
        raise
    except ConsoleError:
        _give_up(run, head, intent, PurgeOutcome.UNKNOWN)
        raise
    head, ended = settle_purge(run, head, intent, answer)
    if ended.outcome == PurgeOutcome.MISMATCH:
        console, expected = run.order.console, intent.expected_count
        raise PurgeMismatchError(mismatch_sentence(console, intent.boundary, expected, ended.reported_count))
    return head, ended


def _give_up(run: Run, head: Head, intent: Intent, outcome: str) -> Head:
    return write_up(run, head, Ended(intent, _not_sent(outcome)))


def _not_sent(outcome: str) -> Settlement:
    return Settlement(outcome, None, None)
