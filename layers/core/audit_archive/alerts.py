"""Announce a finding to a person, once."""

from typing import Protocol

from audit_archive.errors import LedgerError, SettingsError
from audit_archive.finding import Finding
from audit_archive.ports import Alerts, Clock, Findings

CLAIM = 30
"""Seconds for which a claimed finding is left to the run that claimed it."""


class Announcer(Protocol):
    """What it takes to announce a finding. A run has it."""

    @property
    def ledger(self) -> Findings:
        """The record of what was announced."""

    @property
    def alerts(self) -> Alerts:
        """Where findings go."""

    @property
    def clock(self) -> Clock:
        """The clock of this invocation."""


def announce(run: Announcer, finding: Finding) -> bool:
    """Announce a finding, unless the same one was announced before. Returns whether it was announced now.

    The claim holds the finding itself, so that a later run can announce one that this run could not. A
    finding is announced twice only if this run dies between the message and the record of it, or if the
    ledger does not answer: better twice than never. Raises SettingsError if the topic refuses.
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
        run.ledger.claim(finding, now + CLAIM, now)  # an expired claim: the next run may try at once
        raise
    run.ledger.announced(finding)
    return True
