"""What a kind of finding asks of a person: how soon, what is safe in the meantime, and the next command."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from audit_archive.finding import Finding, FindingKind
from audit_archive.format.codec import UnknownMember, member_of
from audit_archive.format.verdicts import Verdict


class Severity(StrEnum):
    """How soon a person must look, the soonest first."""

    CRITICAL = "critical"
    """Tonight."""
    WARNING = "warning"
    """Tomorrow."""
    INFO = "info"
    """Nothing is to be done."""


HOW_SOON = {
    Severity.CRITICAL: "look tonight",
    Severity.WARNING: "look tomorrow",
    Severity.INFO: "nothing is to be done",
}

SEVERITY = "severity"
"""The fact of a fleet check that says how soon: the check alone knows which Consoles need whom."""


@dataclass(frozen=True)
class Advice:
    """`safe` is true whenever such a finding is sent. `command` has `{console}` where the id goes."""

    severity: Severity
    safe: str
    command: str


_STATUS = "canary-audit status {console}"
_RECEIPTS = "canary-audit entries {console} --action audit_trail_purge --since 7d"
_ARCHIVED = "What was archived before stays archived."

ADVICE: Mapping[FindingKind, Advice] = {
    FindingKind.FOREIGN_PURGE: Advice(
        Severity.CRITICAL, f"{_ARCHIVED} The run that saw this purged nothing.", _RECEIPTS
    ),
    FindingKind.UNREADABLE_RECEIPT: Advice(Severity.CRITICAL, _ARCHIVED, _RECEIPTS),
    FindingKind.ACCEPTED_IDS_LIVE: Advice(
        Severity.WARNING,
        "These entries are archived now. No purge crosses an accepted range of this Console any more.",
        _STATUS,
    ),
    FindingKind.PURGE_HELD_BACK: Advice(
        Severity.WARNING, "Nothing is lost: what is not purged stays on the Console.", _STATUS
    ),
    FindingKind.AMENDED_ENTRY: Advice(
        Severity.CRITICAL, "The archive keeps the first form, and a stored export holds the other.", _STATUS
    ),
    FindingKind.LEDGER_DIFFERS: Advice(
        Severity.WARNING,
        "The run used nothing of the ledger's head. The chain in the bucket has the facts.",
        "canary-audit verify {console}",
    ),
    FindingKind.OPERATOR_DECISION: Advice(
        Severity.CRITICAL, "A purge that this makes possible is not sent within the hour after it.", _STATUS
    ),
    FindingKind.LOCK_NOT_EXTENDED: Advice(
        Severity.WARNING, "Locks are extended long before they end, so there is time.", _STATUS
    ),
    FindingKind.VERIFY_FAULT: Advice(
        Severity.CRITICAL,
        "Nothing of a Console is purged while it has faults that no operator accepted. Delete nothing: it is "
        "evidence.",
        "canary-audit verify {console}",
    ),
    FindingKind.FLEET_CHECK: Advice(
        Severity.WARNING, "What is not archived yet stays on its Console: only archived entries are purged.",
        "canary-audit fleet --open",
    ),
    FindingKind.PURGE_MISMATCH: Advice(
        Severity.CRITICAL,
        f"{_ARCHIVED} No further purge is sent until somebody states `canary-audit resume`.",
        _STATUS,
    ),
    FindingKind.ROLLBACK: Advice(
        Severity.CRITICAL, f"{_ARCHIVED} The run that saw this purged nothing.", "canary-audit live {console}"
    ),
    FindingKind.POPULATION_MISMATCH: Advice(
        Severity.WARNING, "Nothing was purged. What is in the export is archived.", _STATUS
    ),
    FindingKind.INTEGRITY: Advice(
        Severity.CRITICAL,
        "The run ended there, and sends no purge after that. Delete nothing: it is evidence.",
        "canary-audit verify {console}",
    ),
}  # fmt: skip

_UNKNOWN = Advice(Severity.CRITICAL, _ARCHIVED, _STATUS)
"""For a kind that this release does not know: a later one claimed the finding and died."""

_TIME_LEFT = frozenset({Verdict.ENDING})
"""Faults of an audit that a person has days for."""


def advice_on(kind: FindingKind | UnknownMember) -> Advice:
    """What a kind of finding asks of a person."""
    return ADVICE.get(kind, _UNKNOWN) if isinstance(kind, FindingKind) else _UNKNOWN


def severity_of(finding: Finding) -> Severity:
    """How soon a person must look: the soonest of all that a message about several findings lists."""
    if finding.kind == FindingKind.FLEET_CHECK:
        told = member_of(Severity, str(finding.facts.get(SEVERITY)))
        return told if isinstance(told, Severity) else Severity.WARNING
    asked = {_severity(kind, facts) for kind, facts in _listed(finding)}
    if finding.facts.get("not_listed"):
        asked.add(advice_on(finding.kind).severity)
    return next(each for each in Severity if each in asked)


def command_on(finding: Finding) -> str:
    """The next command. A finding about several Consoles names no Console."""
    command, console = advice_on(finding.kind).command, finding.console
    if "{console}" in command and " " in console:
        return _STATUS.format(console="").strip()
    return command.format(console=console)


def _listed(finding: Finding) -> Iterator[tuple[FindingKind | UnknownMember, Mapping[str, Any]]]:
    several = finding.facts.get("findings")
    if not isinstance(several, list) or not several:
        yield finding.kind, finding.facts
        return
    for each in several:
        yield member_of(FindingKind, str(each["kind"])), each["facts"]


def _severity(kind: FindingKind | UnknownMember, facts: Mapping[str, Any]) -> Severity:
    if kind == FindingKind.VERIFY_FAULT and facts.get("verdict") in _TIME_LEFT:
        return Severity.WARNING
    return advice_on(kind).severity
