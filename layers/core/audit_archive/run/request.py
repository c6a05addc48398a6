"""What an invocation may ask for: a run within the limits of the stack, or an operator's action."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from audit_archive.bookmark import MOST_NOTED
from audit_archive.config import MAX_KEEP_DAYS, Settings
from audit_archive.errors import RequestError
from audit_archive.events import (
    Fields,
    checked,
    console_id,
    digests,
    one_of,
    only_true,
    printable,
    spans,
    whole,
)
from audit_archive.format.facts import BY_EVENT, Action, IdSpan, Mode
from audit_archive.format.ids import MAX_ID
from audit_archive.format.layout import MAX_SEQ
from audit_archive.format.times import DAY, MINUTE
from audit_archive.run.plan import Policy

MOST_HELD = 100
"""Ranges of statements that one legal hold names."""


@dataclass(frozen=True)
class ArchiveRequest:
    """One invocation: which Console, how far at most, how many days to keep there, and why.

    `up_to`: purge at most up to this id. `plan`: show the plan of such a run, also if nothing is new, and
    purge nothing.
    """

    console: str
    purge_mode: Mode | None = None
    keep_days: int | None = None
    reason: str | None = None
    up_to: int | None = None
    plan: bool = False

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
        policy = Policy(mode, settings.settle_minutes * MINUTE, keep_days * DAY, self.up_to)
        if not self.plan:
            return policy
        return replace(policy, mode=min(mode, Mode.DRY_RUN, key=lambda each: each.reach), shows=mode)


@dataclass(frozen=True)
class OperatorRequest:
    """A person's decision about one Console's archive: what, who and why.

    `first`, `last`: the missing ids that an `accept` is about, inclusive. `lost_after`: with `rebuild`, the
    number of the last statement in the bucket, if the ledger names a statement that is not there. `faults`:
    with `accept_faults`, the digest of each fault of the daily audit. `held`: with `legal_hold`, the numbers
    of the statements whose objects to keep; without any, the whole archive. `released`: with
    `end_legal_hold`, the number of the statement of the hold.
    """

    console: str
    action: Action
    who: str
    reason: str
    first: int | None = None
    last: int | None = None
    lost_after: int | None = None
    faults: tuple[str, ...] = ()
    held: tuple[IdSpan, ...] = ()
    released: int | None = None

    @classmethod
    def from_event(cls, event: object) -> "OperatorRequest":
        """The request in an event. Raises RequestError naming the field and what it accepts."""
        action = event.get("action") if isinstance(event, Mapping) else None
        own = _OWN_FIELDS.get(action, {}) if isinstance(action, str) else {}
        required = (*_OPERATOR_FIELDS, *(name for name in own if name not in _OPTIONAL))
        request = cls(**checked(event, {**_OPERATOR_FIELDS, **own}, required=required))
        span = request.accepted
        if span is not None and span.first > span.last:
            raise RequestError("last", f"{span.last} is below first, which is {span.first}")
        return request

    @property
    def accepted(self) -> IdSpan | None:
        """With `accept`, the missing ids that a purge may cross."""
        if self.first is None or self.last is None:
            return None
        return IdSpan(self.first, self.last)


@dataclass(frozen=True)
class LocksRequest:
    """The locks of which Console's archive to extend."""

    console: str
    extend_locks: bool

    @classmethod
    def from_event(cls, event: object) -> "LocksRequest":
        """The request in an event. Raises RequestError naming the field and what it accepts."""
        return cls(**checked(event, _LOCKS_FIELDS, required=("console", "extend_locks")))


def is_locks_event(event: object) -> bool:
    """Whether an event asks for locks to be extended rather than for a run."""
    return isinstance(event, Mapping) and "extend_locks" in event


def is_operator_event(event: object) -> bool:
    """Whether an event asks for an operator's action rather than for a run."""
    return isinstance(event, Mapping) and "action" in event


_ARCHIVE_FIELDS: Fields = {
    "console": console_id,
    "purge_mode": one_of("purge_mode", tuple(Mode)),
    "keep_days": whole("keep_days", 0, MAX_KEEP_DAYS),
    "up_to": whole("up_to", 1, MAX_ID),
    "plan": only_true("plan"),
    "reason": printable("reason"),
}
_LOCKS_FIELDS: Fields = {
    "console": console_id,
    "extend_locks": only_true("extend_locks"),
}
_OPERATOR_FIELDS: Fields = {
    "console": console_id,
    "action": one_of("action", BY_EVENT),
    "who": printable("who"),
    "reason": printable("reason"),
}
_OWN_FIELDS: Mapping[str, Fields] = {
    Action.ACCEPT: {"first": whole("first", 1, MAX_ID), "last": whole("last", 1, MAX_ID)},
    Action.ACCEPT_FAULTS: {"faults": digests("faults", MOST_NOTED)},
    Action.REBUILD: {"lost_after": whole("lost_after", 1, MAX_SEQ)},
    Action.LEGAL_HOLD: {"held": spans("held", MOST_HELD, MAX_SEQ)},
    Action.END_LEGAL_HOLD: {"released": whole("released", 1, MAX_SEQ)},
}
"""The fields that an action has besides those that all have."""
_OPTIONAL = frozenset({"lost_after", "held"})
