"""Announce: one message to a person for each finding."""

from collections.abc import Iterable
from hashlib import sha256

from audit_archive.domain.foreign import ForeignPurge
from audit_archive.domain.records import to_json
from audit_archive.errors import LedgerError
from audit_archive.ports import Finding
from audit_archive.steps.run import Run

CLAIM = 60
"""Seconds for which a claimed finding is left to whoever claimed it; after that it is announced again."""


def announce(run: Run, finding: Finding) -> None:
    """Tell a person, unless they have been told the very same before.

    Only a crash between the message and its note in the ledger tells them twice, and so does a ledger that
    does not answer: better twice than never. Raises SettingsError if the topic refuses.
    """
    digest = sha256(f"{finding.kind}\n{finding.sentence}".encode()).hexdigest()
    now = run.clock.now()
    try:
        if not run.ledger.claim(finding.console, digest, now, now + CLAIM):
            return
    except LedgerError:
        run.alerts.publish(finding)
        return
    run.alerts.publish(finding)
    run.ledger.announced(finding.console, digest)


def announce_foreign(run: Run, purges: Iterable[ForeignPurge]) -> None:
    """One message for each purge that was not ours."""
    console = run.order.console
    for purge in purges:
        announce(run, Finding("ForeignPurge", console, purge.sentence(console), to_json(purge)))
