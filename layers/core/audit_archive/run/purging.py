"""How far purging may go, as a person sets it: for all Consoles of the stack, or for one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from audit_archive.alerts import announce
from audit_archive.errors import IntegrityError, LedgerError, SettingsError
from audit_archive.events import Fields, checked, console_id, one_of, printable
from audit_archive.finding import Finding, FindingKind
from audit_archive.format.codec import to_json
from audit_archive.format.display import stated
from audit_archive.format.facts import Mode
from audit_archive.format.times import rfc3339
from audit_archive.ports import Alerts, Clock, Ledger
from audit_archive.restraint import Restraint, RestraintOf, by_whom
from audit_archive.run.standing_hold import DECISION_WAIT

PURGING = "purging"
"""The action of an event that sets it."""

_WHOLE_STACK = "every Console"
"""What stands in a finding for all of them."""


@dataclass(frozen=True)
class PurgingRequest:
    """How far purging may go: for which Console, or for all; who says so, and why."""

    action: str
    mode: Mode
    who: str
    reason: str
    console: str | None = None

    @classmethod
    def from_event(cls, event: object) -> "PurgingRequest":
        """The request in an event. Raises RequestError naming the field and what it accepts."""
        return cls(**checked(event, _FIELDS, required=("action", "mode", "who", "reason")))


@dataclass(frozen=True)
class PurgingPorts:
    """What setting it needs."""

    ledger: Ledger
    alerts: Alerts
    clock: Clock


@dataclass(frozen=True)
class PurgingReport:
    """What was set. `stack_mode`: the stack's PurgeMode, which is the limit whatever is set.

    `first_purge_at`: before that no purge is sent (RFC 3339).
    """

    outcome: str
    console: str | None
    mode: Mode
    stack_mode: Mode
    set_at: str
    request_id: str
    first_purge_at: str | None
    warnings: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        plain: dict[str, Any] = to_json(self)
        return plain


def is_purging_event(event: object) -> bool:
    """Whether an event sets how far purging may go."""
    return isinstance(event, Mapping) and event.get("action") == PURGING


def set_purging(
    ports: PurgingPorts, request: PurgingRequest, request_id: str, stack_mode: Mode
) -> PurgingReport:
    """Set how far purging may go. Each run reads it when it begins, and again before it sends a purge.

    What holds purges back is set first, and told then. What lets them go is told first, so that
    people can object. Raises LedgerError, and SettingsError if the topic refuses: nothing is set.
    """
    now = ports.clock.now()
    of = RestraintOf.STACK if request.console is None else RestraintOf.CONSOLE
    restraint = Restraint(request.mode, request.who, request.reason, now, request_id)
    is_lifted = request.mode == Mode.ON
    report = PurgingReport(
        outcome="set",
        console=request.console,
        mode=request.mode,
        stack_mode=stack_mode,
        set_at=rfc3339(now),
        request_id=request_id,
        first_purge_at=rfc3339(now + DECISION_WAIT) if is_lifted and stack_mode == Mode.ON else None,
        warnings=tuple(_still_lowered(ports, request)),
    )
    if is_lifted:
        announce(ports, _finding(request, report))
    ports.ledger.restrain(of, request.console or _WHOLE_STACK, restraint)
    if is_lifted:
        return report
    warnings = _unknown(ports, request.console)
    try:
        announce(ports, _finding(request, report))
    except SettingsError as error:
        warnings.append(f"it is set, but could not be told: {error}")
    return replace(report, warnings=tuple(warnings))


def _still_lowered(ports: PurgingPorts, request: PurgingRequest) -> Iterator[str]:
    """A warning if what is set for every Console holds this one all the same."""
    for_all = ports.ledger.restraints(request.console).stack if request.console is not None else None
    if for_all is not None and for_all.mode.reach < request.mode.reach:
        yield (
            f"purging of every Console is still set to {for_all.mode} "
            f"{by_whom(for_all.since, for_all.who, for_all.reason)}, so nothing of Console {request.console} "
            "is purged. "
            "`canary-audit purging on` lifts it"
        )


def _unknown(ports: PurgingPorts, console: str | None) -> list[str]:
    """A warning about a Console that the ledger does not know: whoever mistyped an id stopped nothing."""
    try:
        if console is None or ports.ledger.head(console) is not None:
            return []
    except (IntegrityError, LedgerError):
        return []
    return [
        f"the ledger knows no archive of Console {console}. Check the id: nothing else is held back. "
        "`canary-audit purging off` without an id holds every Console"
    ]


def _finding(request: PurgingRequest, report: PurgingReport) -> Finding:
    about = f"Console {request.console}" if request.console is not None else "every Console of the stack"
    then = (
        f"The first purge is sent after {report.first_purge_at} at the earliest"
        if report.first_purge_at is not None
        else f"The stack's PurgeMode is {report.stack_mode}: no purge goes further than the lower of the two"
    )
    sentence = (
        f"Somebody set purging of {about} to {request.mode} at most at {report.set_at}, in request "
        f"{report.request_id}. {then}. If you do not expect this, set it to off: `canary-audit purging off`. "
        f"It is {stated(request.who, request.reason)}"
    )
    return Finding(FindingKind.OPERATOR_DECISION, request.console or _WHOLE_STACK, sentence, report.as_dict())


_FIELDS: Fields = {
    "action": one_of("action", (PURGING,)),
    "mode": one_of("mode", tuple(Mode)),
    "who": printable("who"),
    "reason": printable("reason"),
    "console": console_id,
}
