"""Announce: one message to a person for each finding."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from audit_archive.domain.finding import Finding
from audit_archive.domain.foreign import ForeignPurge
from audit_archive.domain.records import to_json
from audit_archive.domain.settlement import mismatch_sentence
from audit_archive.domain.statement import PurgeStatement
from audit_archive.errors import LedgerError, PageError, PurgeMismatchError, SettingsError
from audit_archive.ports import Alerts, Clock, Findings
from audit_archive.steps.run import Run

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


def foreign_findings(run: Run, purges: Iterable[ForeignPurge]) -> Iterator[Finding]:
    """One finding for each purge that was not ours."""
    console = run.order.console
    for purge in purges:
        yield Finding("ForeignPurge", console, purge.sentence(console), to_json(purge))


def mismatch_finding(said: PurgeStatement) -> Finding:
    """The finding that a purge destroyed more than was archived."""
    sentence = mismatch_sentence(said.console, said.boundary, said.expected_count, said.reported_count)
    return Finding(PurgeMismatchError.__name__, said.console, sentence, {"statement": said.seq})
