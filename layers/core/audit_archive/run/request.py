"""What an invocation may ask for: a run, never more than the stack allows, or an operator's action."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from audit_archive.config import MAX_KEEP_DAYS, Settings
from audit_archive.errors import RequestError
from audit_archive.events import Fields, checked, console_id, one_of, printable
from audit_archive.format.entry import MAX_ID
from audit_archive.format.facts import BY_EVENT, Action, IdSpan, Mode
from audit_archive.format.layout import SEQ_DIGITS
from audit_archive.format.times import DAY, MINUTE
from audit_archive.run.operate import Decision
from audit_archive.run.plan import Policy


@dataclass(frozen=True)
class ArchiveRequest:
    """One invocation: which Console, how far at most, how many days to keep there, and why."""

    console: str
    purge_mode: Mode | None = None
    keep_days: int | None = None
    reason: str | None = None

    @classmethod
    def from_event(cls, event: object) -> "ArchiveRequest":
        """The request in an event. Raises RequestError naming the field and what it accepts."""
        return cls(**checked(event, _ARCHIVE_FIELDS, required=("console",)))

    def policy(self, settings: Settings) -> Policy:
        """What this run may do: the stack's settings, or less. Raises RequestError for more."""
        mode, keep_days = self.purge_mode or settings.purge_mode, settings.keep_days
        if mode.reach > settings.purge_mode.reach:
            raise RequestError(
                "purge_mode", f"{mode} is more than the stack allows, which is {settings.purge_mode}"
            )
        if self.keep_days is not None:
            if self.keep_days < keep_days:
                raise RequestError(
                    "keep_days",
                    f"{self.keep_days} would purge more than the stack allows, which keeps {keep_days}",
                )
            if self.keep_days > settings.max_keep_days:
                raise RequestError(
                    "keep_days",
                    f"{self.keep_days} is too long for a retention of {settings.retention_days} days: keep "
                    f"{settings.max_keep_days} at most",
                )
            keep_days = self.keep_days
        return Policy(mode, settings.settle_minutes * MINUTE, keep_days * DAY)


@dataclass(frozen=True)
class OperatorRequest:
    """A person's decision about one Console's archive: what, who and why."""

    console: str
    action: Action
    who: str
    reason: str
    first: int | None = None
    last: int | None = None
    lost_after: int | None = None

    @classmethod
    def from_event(cls, event: object) -> "OperatorRequest":
        """The request in an event. Raises RequestError naming the field and what it accepts."""
        own = _OWN_FIELDS.get(event.get("action"), {}) if isinstance(event, Mapping) else {}
        required = (*_OPERATOR_FIELDS, *(name for name in own if name != "lost_after"))
        return cls(**checked(event, {**_OPERATOR_FIELDS, **own}, required=required))

    @property
    def decision(self) -> Decision:
        """What the person decided. Raises RequestError for a range that ends before it begins."""
        span = None
        if self.first is not None and self.last is not None:
            if self.first > self.last:
                raise RequestError("last", f"{self.last} is below first, which is {self.first}")
            span = IdSpan(self.first, self.last)
        return Decision(self.action, self.who, self.reason, span, self.lost_after)


def is_operator_event(event: object) -> bool:
    """Whether an event asks for an operator's action rather than for a run."""
    return isinstance(event, Mapping) and "action" in event


def _keep_days(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_KEEP_DAYS:
        raise RequestError("keep_days", f"{value!r:.80} is no whole number of days from 0 to {MAX_KEEP_DAYS}")
    return value


def _id(field: str) -> Callable[[object], int]:
    def check(value: object) -> int:
        if type(value) is not int or not 1 <= value <= MAX_ID:
            raise RequestError(field, f"{value!r:.80} is not an id: a whole number from 1 to {MAX_ID}")
        return value

    return check


def _lost_after(value: object) -> int:
    if type(value) is not int or not 0 < value < 10**SEQ_DIGITS:
        raise RequestError("lost_after", f"{value!r:.80} is not the number of a statement")
    return value


_ARCHIVE_FIELDS: Fields = {
    "console": console_id,
    "purge_mode": one_of("purge_mode", tuple(Mode)),
    "keep_days": _keep_days,
    "reason": printable("reason"),
}
_OPERATOR_FIELDS: Fields = {
    "console": console_id,
    "action": one_of("action", BY_EVENT),
    "who": printable("who"),
    "reason": printable("reason"),
}
_OWN_FIELDS: Mapping[object, Fields] = {
    Action.ACCEPT: {"first": _id("first"), "last": _id("last")},
    Action.REBUILD: {"lost_after": _lost_after},
}
"""What a decision takes besides."""
