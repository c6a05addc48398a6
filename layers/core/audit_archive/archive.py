"""The archive run. Read `_archive_and_purge` top to bottom: it is the product.

Each step takes what the step before returned, so that the type checker forbids the wrong order: only a
`Verified` export can be committed, and only a recorded `Head` can lead to a purge.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from audit_archive.domain.facts import Mode
from audit_archive.domain.head import Head
from audit_archive.domain.idle import is_idle
from audit_archive.domain.plan import Plan, make_plan
from audit_archive.errors import SettingsError
from audit_archive.result import Outcome, Result, archived, plain, purged
from audit_archive.steps.announce import announce_pending, paging
from audit_archive.steps.collect import Surveyed, download, survey
from audit_archive.steps.held import readable_head
from audit_archive.steps.keep import store, verify
from audit_archive.steps.lease import lease
from audit_archive.steps.publish import load
from audit_archive.steps.purge import check_dry, purge
from audit_archive.steps.run import Run
from audit_archive.steps.settle import settle
from audit_archive.steps.slices import Evidence, archive_slices
from audit_archive.steps.superseded import SupersededError

NO_PURGE_KEY = "no purging key is stored: the population that a purge would meet was not checked"


class ArchiveRun:
    """One pass over one Console: archive what is new, prove it, and purge what is proven."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def run(self) -> Result:
        """Run once, under the Console's lease. Raises the errors of `audit_archive.errors`."""
        console = self._run.order.console
        with lease(self._run) as is_ours, _closing_files(self._run) as run, paging(run):
            if not is_ours:
                head = readable_head(run) or Head(console)
                return plain(Outcome.BUSY, head, head)
            result = _archive_and_purge(run)
            announce_pending(run)
            if result.outcome in Outcome.COMPLETED:
                run.ledger.complete(console, run.clock.now())
            return result


def _archive_and_purge(run: Run) -> Result:
    loaded = load(run)
    head = settle(run, loaded)
    if is_idle(run.console.peek().newest, head, run.order.policy, run.clock.now()):
        return plain(Outcome.IDLE, loaded, head)
    surveyed = survey(run, download(run), head)
    if not surveyed.survey.ids:
        return plain(Outcome.IDLE, loaded, head)
    plan = make_plan(surveyed.survey, head, run.order.policy, surveyed.export.served_at)
    verified = verify(run, surveyed, store(run, surveyed))
    try:
        head, is_complete = archive_slices(run, head, Evidence(surveyed, plan, verified))
        result = archived(loaded, head, surveyed.survey, plan, is_complete=is_complete)
        return _purge(run, head, surveyed, plan, result) if is_complete else result
    except SupersededError:
        return plain(Outcome.SUPERSEDED, loaded, load(run))


def _purge(run: Run, head: Head, surveyed: Surveyed, plan: Plan, result: Result) -> Result:
    """Carry out the recorded plan: purge in mode `on`, only check in `dry-run`."""
    ids = surveyed.survey.ids
    if plan.is_intent:
        after, settlement = purge(run, head, ids)
        return purged(result, plan, settlement, head, after)
    if plan.mode == Mode.DRY_RUN and plan.boundary is not None and not check_dry(run, head, ids):
        return replace(result, warnings=(*result.warnings, NO_PURGE_KEY))
    return result


@contextmanager
def _closing_files(run: Run) -> Iterator[Run]:
    """The same run, with every temporary file closed at its end. Raises SettingsError for a full disk."""
    try:
        with ExitStack() as files:
            yield replace(run, scratch=lambda: files.enter_context(run.scratch()))
    except OSError as error:  # every other one is translated at its port
        raise SettingsError(
            f"The temporary disk failed ({error.strerror}): give the function more ephemeral storage"
        ) from error
