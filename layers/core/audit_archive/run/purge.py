"""Purge up to the boundary in the recorded head, never the one in the plan: only what the chain holds may go.

It can't be undone, so every check comes before it.
"""

from audit_archive.errors import (
    AuditArchiveError,
    ConsoleAuthError,
    ConsoleError,
    IntegrityError,
    PopulationMismatchError,
    PurgeMismatchError,
    SettingsError,
)
from audit_archive.format.entry import is_receipt
from audit_archive.format.facts import Anchor, PurgeOutcome
from audit_archive.format.head import Head, Intent
from audit_archive.format.ids import IdSet
from audit_archive.format.purges import mismatch_sentence
from audit_archive.format.times import read_timestamp
from audit_archive.ports import ConsoleEntry, PurgingConsole
from audit_archive.run.context import Run, SupersededError
from audit_archive.run.plan import is_anchor
from audit_archive.run.receipts import Settlement, is_receipt_of, receipt_of
from audit_archive.run.settle import Ended, settle_purge, write_up
from audit_archive.run.view import id_of
from audit_archive.storage.chain import has_moved_on


class HeldError(Exception):
    """Nothing shows a danger, and nothing rules it out: no purge now, and no page. An outcome."""


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


def check_population(run: Run, purger: PurgingConsole, ids: IdSet, boundary: int, *, is_sure: bool) -> None:
    """Check that a purge up to the boundary destroys what was exported, and nothing else.

    The count of the purging key must equal the exported entries and those that came since; where it does not,
    where there is no count, and where archived entries have vanished from the export (not `is_sure`: they may
    be hidden in it), its pages decide. Raises PopulationMismatchError: the export was capped or stale,
    the two keys see different entries, or somebody purged. HeldError: what it lacks is young, or there is too
    little time to look.
    """
    last_id, peek = ids.ranges[-1].last, purger.peek()
    newest_id, arrived = id_of(peek.newest), 0
    for entry in purger.entries_above(last_id):
        arrived += entry["id"] <= newest_id
        _refuse_receipt(entry, last_id)
    if not is_sure or peek.population != ids.size + arrived:
        _walk(run, purger, ids, boundary)


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


def _walk(run: Run, purger: PurgingConsole, ids: IdSet, boundary: int) -> None:
    """Compare every id up to the boundary that the purging key sees with the exported ones."""
    seen, expected = 0, ids.within(1, boundary).size
    for entry in purger.entries_above(0):
        if not run.has_time():
            raise HeldError
        if entry["id"] > boundary:
            continue
        if entry["id"] not in ids:
            _refuse_unexported(run, entry)
        seen += 1
    if seen != expected:
        raise PopulationMismatchError(
            f"The purging key sees {seen} of the {expected} exported entries up to {boundary}. Nothing was "
            "purged: compare the roles and Flocks of both keys"
        )


def _refuse_unexported(run: Run, entry: ConsoleEntry) -> None:
    """A late writer may have filled an id just now: the next export holds it."""
    happened = read_timestamp(entry.get("timestamp"))
    if happened is not None and run.clock.now() - run.order.policy.settle < happened <= run.clock.now():
        raise HeldError
    raise PopulationMismatchError(
        f"The purging key sees entry {entry['id']}, which the archived export does not hold. Nothing was "
        "purged: compare the roles and Flocks of both keys, and look whether the Console's export is capped"
    )


def purge(run: Run, head: Head, ids: IdSet, *, is_sure: bool) -> tuple[Head, Settlement]:
    """Purge up to the boundary in the recorded head, never the one in the plan, and write up how it ended.

    It carries out the intent that the newest statement recorded: check, POST at most once. `ids` are the ids
    of the export that this very run verified and recorded. Raises SupersededError, HeldError,
    PopulationMismatchError, SettingsError, ConsoleError before the POST (nothing was purged, and the chain
    says so); PurgeMismatchError after it.
    """
    (intent,) = (intent for intent in head.intents if intent.seq == head.seq)
    try:
        purger = _checked_purger(run, head, ids, intent.boundary, is_sure=is_sure)
    except SupersededError:
        _give_up(run, head, intent, PurgeOutcome.SUPERSEDED)
        raise
    except IntegrityError:
        raise  # nothing is written behind a chain that was tampered with, so that the next run sees it too
    except (AuditArchiveError, HeldError):
        _give_up(run, head, intent, PurgeOutcome.NOT_SENT)
        raise
    if purger is None:
        head = _give_up(run, head, intent, PurgeOutcome.NOT_SENT)
        return head, _not_sent(PurgeOutcome.NOT_SENT)
    return _send(run, head, intent, purger)


def check_dry(run: Run, head: Head, ids: IdSet, boundary: int, *, is_sure: bool) -> bool:
    """All that comes before a POST, for a dry run; False if there is no purging key to check with."""
    purger = run.open_purger()
    if purger is None:
        return False
    _check_trail(run, head, ids, boundary, purger, is_sure=is_sure)
    return True


def _checked_purger(
    run: Run, head: Head, ids: IdSet, boundary: int, *, is_sure: bool
) -> PurgingConsole | None:
    """The Console with the purging key, once nothing speaks against a POST; None if time is short."""
    if has_moved_on(run.store, head):
        raise SupersededError
    purger = open_purger(run)
    _check_trail(run, head, ids, boundary, purger, is_sure=is_sure)
    return purger if run.has_time() else None


def _check_trail(
    run: Run, head: Head, ids: IdSet, boundary: int, purger: PurgingConsole, *, is_sure: bool
) -> None:
    """Check that the purging key sees what was exported. SupersededError: a run of ours changed it."""
    try:
        if head.anchor is not None and head.anchor.id in ids:
            check_same_trail(purger, head.anchor)
        check_population(run, purger, ids, boundary, is_sure=is_sure)
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


def _give_up(run: Run, head: Head, intent: Intent, outcome: PurgeOutcome) -> Head:
    return write_up(run, head, Ended(intent, _not_sent(outcome)))


def _not_sent(outcome: PurgeOutcome) -> Settlement:
    return Settlement(outcome, None, None)
