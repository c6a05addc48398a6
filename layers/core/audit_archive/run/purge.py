"""Purge up to the boundary in the recorded head, never the one in the plan: only what the chain holds may go.

A purge can't be undone, so every check comes before it. `purge` and `check_dry` are what a run calls.
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
from audit_archive.run.audit_hold import StandingHold
from audit_archive.run.context import Run, SupersededError
from audit_archive.run.plan import is_anchor
from audit_archive.run.receipts import Settlement, is_receipt_of, receipt_of
from audit_archive.run.settle import Ended, settle_purge, write_up
from audit_archive.run.standing_hold import standing_hold
from audit_archive.run.view import id_of
from audit_archive.storage.chain import has_moved_on


class HeldError(Exception):
    """No purge now and no page: the checks found no mismatch, but could not rule one out. An outcome.

    `head`: the head once the intent is written up as not sent; None if there was no intent (a dry run).
    `standing`: what holds it back whatever an export shows, if that is the reason.
    """

    def __init__(self, standing: StandingHold | None = None) -> None:
        super().__init__()
        self.head: Head | None = None
        self.standing = standing


def purge(run: Run, head: Head, ids: IdSet, *, is_count_enough: bool) -> tuple[Head, Settlement]:
    """Purge up to the boundary in the recorded head, never the one in the plan, and write up how it ended.

    Carries out the intent that the newest statement recorded: checks, then sends at most one POST. `ids` are
    the ids of the export that this run verified and recorded. `is_count_enough`: whether a fitting count
    proves that both keys see the same entries. Raises SupersededError, HeldError, PopulationMismatchError,
    SettingsError, ConsoleError before the POST: nothing was purged, and the chain says so. Raises
    ConsoleError after the POST if its end is not known: the chain says so, or the intent stays open for the
    next run. Raises PurgeMismatchError after the POST.
    """
    (intent,) = (intent for intent in head.intents if intent.seq == head.seq)
    try:
        purger = _checked_purger(run, head, ids, intent.boundary, is_count_enough=is_count_enough)
    except SupersededError:
        _give_up(run, head, intent, PurgeOutcome.SUPERSEDED)
        raise
    except IntegrityError:
        raise  # a statement behind a chain that was tampered with would hide that from the next run
    except AuditArchiveError:
        _give_up(run, head, intent, PurgeOutcome.NOT_SENT)
        raise
    except HeldError as held:
        held.head = _give_up(run, head, intent, PurgeOutcome.NOT_SENT)
        raise
    if purger is None:
        head = _give_up(run, head, intent, PurgeOutcome.NOT_SENT)
        return head, _not_sent(PurgeOutcome.NOT_SENT)
    return _send(run, head, intent, purger)


def check_dry(run: Run, head: Head, ids: IdSet, boundary: int, *, is_count_enough: bool) -> bool:
    """Make all checks of a purge but send no POST. Returns False if there is no purging key to check with."""
    purger = run.open_purger()
    if purger is None:
        return False
    _check_trail(run, head, ids, boundary, purger, is_count_enough=is_count_enough)
    return True


def _checked_purger(
    run: Run, head: Head, ids: IdSet, boundary: int, *, is_count_enough: bool
) -> PurgingConsole | None:
    """The Console with the purging key, after all checks before the POST passed; None if time is short."""
    if has_moved_on(run.store, head):
        raise SupersededError
    purger = open_purger(run)
    _check_trail(run, head, ids, boundary, purger, is_count_enough=is_count_enough)
    # The last acts: whoever stops purging now, in the ledger or in the chain, stops this purge.
    found = standing_hold(run, head)
    if found is not None:
        raise HeldError(found)
    if has_moved_on(run.store, head):
        raise SupersededError
    return purger if run.has_time() else None


def open_purger(run: Run) -> PurgingConsole:
    """The Console with the key that can purge, read now and not before."""
    purger = run.open_purger()
    if purger is None:
        raise SettingsError(
            f"Purge mode is {run.order.policy.mode}, but Console {run.order.console} has no purge key that "
            "the function may read. What is new is archived. Nothing was purged. Store one, "
            f"`canary-audit console add {run.order.console} --purge-key-file FILE`, or set the mode, "
            f"`canary-audit purging off {run.order.console}`"
        )
    return purger


def _check_trail(
    run: Run, head: Head, ids: IdSet, boundary: int, purger: PurgingConsole, *, is_count_enough: bool
) -> None:
    """Check that the purging key sees what was exported.

    Raises SupersededError if another run of ours caused the difference: that is no reason to send a page.
    """
    try:
        if head.anchor is not None and head.anchor.id in ids:
            check_same_trail(purger, head.anchor)
        check_population(run, purger, ids, boundary, is_count_enough=is_count_enough)
    except PopulationMismatchError as mismatch:
        if has_moved_on(run.store, head) or _has_purged_late(purger, head, ids):
            raise SupersededError from mismatch
        raise


def check_same_trail(purger: PurgingConsole, anchor: Anchor) -> None:
    """Check that the purging key sees the same entry that the archived export ends with.

    The count alone can't show this, because ids have no gaps. If the export comes from a cache and shows an
    old Console, a Console that was set up anew and has come further counts the same: as many entries as the
    export holds, and those that came since. Raises PopulationMismatchError.
    """
    entry = next((each for each in purger.entries_above(anchor.id - 1) if each["id"] == anchor.id), None)
    if entry is None or not is_anchor(entry, anchor):
        raise PopulationMismatchError(
            f"Entry {anchor.id}, the last of the archived export, is missing or different for the purging "
            "key. Nothing was purged. Look whether somebody else purged, the Console was set up anew, or its "
            "export comes from a cache"
        )


def check_population(
    run: Run, purger: PurgingConsole, ids: IdSet, boundary: int, *, is_count_enough: bool
) -> None:
    """Check that a purge up to the boundary destroys what was exported, and nothing else.

    The count of the purging key must equal the number of exported entries plus those that came since. If it
    does not, if there is no count, or if a fitting count is not enough (`is_count_enough`), every page of the
    purging key is compared. Raises PopulationMismatchError if the export was capped or stale, the two keys
    see different entries, or somebody purged; HeldError if the export lacks only a young entry, or there is
    too little time to look.
    """
    last_id, peek = ids.ranges[-1].last, purger.peek()
    newest_id, arrived = id_of(peek.newest), 0
    for entry in purger.entries_above(last_id):
        arrived += entry["id"] <= newest_id
        _refuse_receipt(entry, last_id)
    if not is_count_enough or peek.population != ids.size + arrived:
        _compare_pages(run, purger, ids, boundary)


def _refuse_receipt(entry: ConsoleEntry, last_id: int) -> None:
    if is_receipt(entry.get("action_type"), entry.get("message")):
        raise PopulationMismatchError(
            f"Receipt {entry['id']} shows that the Console was purged after entry {last_id}, the last of the "
            "archived export. This run purged nothing. The next run looks at the trail anew"
        )


def _compare_pages(run: Run, purger: PurgingConsole, ids: IdSet, boundary: int) -> None:
    """Compare every id up to the boundary that the purging key sees with the exported ids."""
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
            "purged. Compare the roles and Flocks of both keys"
        )


def _refuse_unexported(run: Run, entry: ConsoleEntry) -> None:
    """Hold the purge for a young entry, which a late writer may just have written; refuse for an old one."""
    happened = read_timestamp(entry.get("timestamp"))
    if happened is not None and run.clock.now() - run.order.policy.settle < happened <= run.clock.now():
        raise HeldError
    raise PopulationMismatchError(
        f"The purging key sees entry {entry['id']}, which the archived export does not hold. Nothing was "
        "purged. Compare the roles and Flocks of both keys, and look whether the Console's export is capped"
    )


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
