"""The archive run. Read `_archive_and_purge` top to bottom: it is the product.

Each step takes what the step before it returned, so the type checker forbids the wrong order. Only a
`Verified` export can be committed, and only a recorded `Head` can lead to a purge.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from audit_archive.errors import RollbackError, SettingsError
from audit_archive.format.facts import Mode
from audit_archive.format.head import Head, accepted_ids
from audit_archive.ports import Peek
from audit_archive.restraint import Restraints
from audit_archive.run.audit_hold import StandingHold, audit_hold
from audit_archive.run.collect import Surveyed, download, kept_if_refused, store, survey, verify_stored
from audit_archive.run.compare import Compared, archived_by, compare, first_ending
from audit_archive.run.comparison import Archiving
from audit_archive.run.context import Run, SupersededError, announce_pending, lease, paging
from audit_archive.run.findings import announce_hold
from audit_archive.run.idle_look import idle_by_reading, is_quiet, told
from audit_archive.run.ledger_head import readable_head
from audit_archive.run.plan import Constraints, Plan, make_plan
from audit_archive.run.purge import HeldError, check_dry, purge
from audit_archive.run.result import Result, RunOutcome, archived, held, plain, planned, purged, stale, warned
from audit_archive.run.roll_forward import roll_forward
from audit_archive.run.rollback import check_forward
from audit_archive.run.settle import settle, settle_late
from audit_archive.run.slices import Basis, archive_slices
from audit_archive.run.standing_hold import hold_by, restrained
from audit_archive.run.view import View, check_not_lasting, note_lacking, view

NO_PURGE_KEY = (
    "no purging key is stored: the population that a purge would meet was not checked. Store the key before "
    "mode `on`"
)


def archive_console(run: Run) -> Result:
    """Make one pass over one Console, under its lease: archive what is new, prove it, purge what is proven.

    Raises the errors of `audit_archive.errors`. A PageError is announced first.
    """
    seen = idle_by_reading(run)
    if seen is not None:
        return _ended(run, *seen)
    with lease(run) as is_ours, _closing_files(run) as inner, paging(inner):
        if is_ours:
            return _under_lease(inner)
        head = readable_head(run) or Head(run.order.console)
        return plain(RunOutcome.BUSY, head, head)


def _under_lease(run: Run) -> Result:
    restraints = run.ledger.restraints(run.order.console)
    run, lowered = restrained(run, restraints)
    result, head = _archive_and_purge(run, restraints)
    result = result if lowered is None else warned(result, lowered)
    announce_pending(run)
    return _ended(run, result, head)


def _ended(run: Run, result: Result, head: Head) -> Result:
    """The result of a run, once what lasts is told, and the ledger says that the run is completed."""
    if not result.is_stale:
        announce_hold(run, head, result.held_back_by, is_growing=result.new_entries > 0)
    if result.is_completed:
        run.ledger.complete(run.order.console, run.clock.now(), head.seq, result.held_back_by)
    return result


def _archive_and_purge(run: Run, restraints: Restraints) -> tuple[Result, Head]:
    # 1. Finish what a crashed run left: the ledger comes up to the chain, and each purge gets its outcome.
    loaded = roll_forward(run)
    head = settle(run, loaded)

    # 2. Peek before the download: the export must hold every entry that was live by then.
    standing = hold_by(run, head, restraints, lambda: audit_hold(run, head))
    began_at, peek = run.clock.now(), run.console.peek()
    is_silent = is_quiet(run, head, peek, began_at, standing)
    if is_silent and run.order.policy.shows is None:
        return told(run, plain(RunOutcome.IDLE, loaded, head), standing), head

    # 3. Download and read the whole export. An export of a trail that went backwards is refused.
    surveyed, archivings, compared, seen = _read(run, head, peek, began_at)
    if seen.is_stale and not seen.is_advancing:
        return stale(loaded, head, seen), head
    if not surveyed.survey.ids:
        return told(run, plain(RunOutcome.IDLE, loaded, head), standing), head

    # 4. Decide what to purge. A mismatch that the export is the first to show must latch this plan already.
    head = settle_late(run, head, surveyed)
    ending_id = first_ending(run, head, surveyed.survey.ids, archivings)
    plan = _plan(run, head, surveyed, _constraints(seen, ending_id, standing))
    try:
        if is_silent and _has_nothing_to_state(surveyed, compared, plan):
            result = told(run, planned(loaded, head, plan, surveyed.survey), standing)
            return _purge(run, head, surveyed, plan, result)

        # 5. Store the export and read it back: no statement names bytes that were not proven.
        verified = verify_stored(run, store(run, surveyed, head))
        # 6. Commit, publish and record. The last slice records the plan as well, before anything is purged.
        basis = Basis(surveyed, seen, compared, plan, verified)
        head, is_complete = archive_slices(run, head, basis)
        result = told(run, archived(loaded, head, basis, is_complete=is_complete), standing)
        # 7. Purge what is recorded, and record how it ended.
        return _purge(run, head, surveyed, plan, result) if is_complete else (result, head)
    except SupersededError:
        head = roll_forward(run)
        return plain(RunOutcome.SUPERSEDED, loaded, head), head


def _read(
    run: Run, head: Head, peek: Peek, began_at: int
) -> tuple[Surveyed, tuple[Archiving, ...], Compared, View]:
    """Download and read the whole export, and hold it against the archive and what `fetch` showed."""
    export = download(run)
    with kept_if_refused(run, export):
        surveyed = survey(run, export, head)
        archivings = archived_by(run, head, surveyed.survey.ids)
        compared = compare(run, head, surveyed, archivings)
        seen = _checked_view(run, surveyed, head, compared, view(run, surveyed, head, peek, began_at))
    return surveyed, archivings, compared, seen


def _checked_view(run: Run, surveyed: Surveyed, head: Head, compared: Compared, seen: View) -> View:
    """Check that the trail went forward, and note whether the export holds what `fetch` showed.

    The trail went backwards only if `fetch` shows the same as the export. If `fetch` shows more, the export
    is an old copy, or a copy of another trail. Its new entries are not archived. Raises RollbackError,
    InvalidExportError.
    """
    try:
        check_forward(surveyed.survey, head, is_another=compared.is_another_trail)
    except RollbackError:
        if not seen.is_behind:
            raise
        seen = seen.as_old_copy()
    lack = note_lacking(run, seen, surveyed.survey)
    if not seen.is_advancing:
        check_not_lasting(lack, run.clock.now())
    return seen


def _constraints(seen: View, ending_id: int | None, standing: StandingHold | None) -> Constraints:
    held_by = standing.reason if standing is not None else None
    return Constraints(seen.is_stale, seen.unexported_id, ending_id, held_by)


def _plan(run: Run, head: Head, surveyed: Surveyed, constraints: Constraints) -> Plan:
    return make_plan(surveyed.survey, head, run.order.policy, surveyed.export.served_at, constraints)


def _has_nothing_to_state(surveyed: Surveyed, compared: Compared, plan: Plan) -> bool:
    """Whether a plan that was made to be shown needs no statement: nothing is new, and it purges nothing."""
    return not (surveyed.survey.new_count or compared.findings or plan.vanished or plan.is_intent)


def _purge(run: Run, head: Head, surveyed: Surveyed, plan: Plan, result: Result) -> tuple[Result, Head]:
    """Carry out the recorded plan: purge in mode `on`, only check in `dry-run`."""
    # Ids that vanished or were accepted as missing may be live, hidden in a count that fits by chance.
    is_count_enough = not plan.vanished and not accepted_ids(head.holes)
    ids = surveyed.survey.ids
    try:
        if plan.is_intent:
            after, settlement = purge(run, head, ids, is_count_enough=is_count_enough)
            return purged(result, plan, settlement, head, after), after
        if plan.mode == Mode.DRY_RUN and plan.boundary is not None:
            is_checked = check_dry(run, head, ids, plan.boundary, is_count_enough=is_count_enough)
            return result if is_checked else warned(result, NO_PURGE_KEY), head
    except HeldError as error:
        after = error.head if error.head is not None else head
        return held(result, head, after, error.standing), after
    return result, head


@contextmanager
def _closing_files(run: Run) -> Iterator[Run]:
    """The same run; every temporary file is closed at its end. Raises SettingsError if the disk fails."""
    try:
        with ExitStack() as files:
            yield replace(run, scratch=lambda: files.enter_context(run.scratch()))
    except OSError as error:  # the ports translate every other OSError
        raise SettingsError(
            f"The temporary disk failed ({error.strerror}): give the function more ephemeral storage"
        ) from error
