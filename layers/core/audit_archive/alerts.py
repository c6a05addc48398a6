"""A finding, told to a person once."""

from typing import Protocol

from audit_archive.errors import LedgerError, SettingsError
from audit_archive.finding import Finding
from audit_archive.ports import Alerts, Clock, Findings

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
