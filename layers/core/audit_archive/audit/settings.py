"""The settings of the archive bucket: whether they are still those that the stack's template made."""

from collections.abc import Iterator
from dataclasses import dataclass

from audit_archive.audit.tally import AuditTally
from audit_archive.errors import runbook_url
from audit_archive.format.bucket_settings import BucketFacts, Setting, expected_settings, setting_difference
from audit_archive.format.times import DAY
from audit_archive.format.verdicts import Checked, Fault, Verdict, Why
from audit_archive.ports import SettingsSource

_RESTORE = f"Find out who changed it, then restore it: {runbook_url('a-changed-setting')}"


@dataclass(frozen=True)
class SettingsCheck:
    """What the settings are compared with. `facts`: None if it is not known what they should be."""

    source: SettingsSource
    facts: BucketFacts | None


def judge_settings(check: SettingsCheck, longest_lock: int, tally: AuditTally) -> None:
    """Compare each setting with what the template said, and add a fault for each that differs.

    `longest_lock`: the longest lock that the chain states (seconds). What can't be read, or not be judged, is
    counted as not checked. Raises ArchiveStoreError if S3 does not answer.
    """
    facts = check.facts
    if facts is None:
        tally.skip(Checked.SETTINGS, Why.UNKNOWN, len(Setting))
        return
    found = check.source.settings()
    tally.checked[Checked.SETTINGS] += len(found)
    tally.skip(Checked.SETTINGS, Why.REFUSED, len(Setting) - len(found))
    for setting, expected in expected_settings(facts).items():
        if setting in found:
            clause = setting_difference(setting, expected, found[setting])
            if clause is not None:
                _fault(tally, facts, setting, f"{clause}. {_RESTORE}")
    for clause in _expiry(facts, longest_lock):
        _fault(tally, facts, "expiry", clause)


def _expiry(facts: BucketFacts, longest_lock: int) -> Iterator[str]:
    """Locks that outlast the expiry: somebody lowered it, so S3 hides what is still locked."""
    days = -(-longest_lock // DAY)
    if days > facts.expiry_days:
        yield (
            f"comes after {facts.expiry_days} days, but statements name locks of {days} days: S3 hides what "
            f"is still locked. It may only grow: set ExpiryDays to {days + 1} or more"
        )


def _fault(tally: AuditTally, facts: BucketFacts, what: str, clause: str) -> None:
    key = f"the {what} of the bucket {facts.bucket}"
    tally.fault(Fault(Verdict.CHANGED_SETTING, key, None, None, f"{key} {clause}"))
