"""What an invocation may ask of the archive run: never more than the stack allows."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from audit_archive.config import Settings
from audit_archive.domain.plan import Mode, Policy
from audit_archive.domain.times import DAY, MINUTE
from audit_archive.errors import RequestError

_CONSOLE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
"""A Console's id is a DNS label (RFC 1035, section 2.3.1), in lower case."""

MAX_REASON = 500
MAX_KEEP_DAYS = 36_500


@dataclass(frozen=True)
class ArchiveRequest:
    """One invocation: which Console, how far at most, how many days to keep there, and why."""

    console: str
    purge_mode: str | None = None
    keep_days: int | None = None
    reason: str | None = None

    @classmethod
    def from_event(cls, event: object) -> "ArchiveRequest":
        """The request in an event. Raises RequestError naming the field and what it accepts."""
        if not isinstance(event, Mapping):
            raise RequestError(
                "event", f'expected an object such as {{"console": "1234abcd"}}, got {event!r:.80}'
            )
        unknown = [str(name) for name in event if name not in _FIELDS]
        if unknown:
            raise RequestError(unknown[0], f"unknown; an event may have {', '.join(_FIELDS)}")
        if event.get("console") is None:
            raise RequestError("console", "missing; name the Console's id, such as 1234abcd")
        return cls(**{name: _FIELDS[name](value) for name, value in event.items() if value is not None})

    def policy(self, settings: Settings) -> Policy:
        """What this run may do: the stack's settings, or less. Raises RequestError for more."""
        mode, keep_days = self.purge_mode or settings.purge_mode, settings.keep_days
        if Mode.ORDER.index(mode) > Mode.ORDER.index(settings.purge_mode):
            raise RequestError(
                "purge_mode", f"{mode} is more than the stack allows, which is {settings.purge_mode}"
            )
        if self.keep_days is not None:
            if self.keep_days < keep_days:
                raise RequestError(
                    "keep_days",
                    f"{self.keep_days} would purge more than the stack allows, which keeps {keep_days}",
                )
            keep_days = self.keep_days
        return Policy(mode, settings.settle_minutes * MINUTE, keep_days * DAY)


def _console(value: object) -> str:
    if not isinstance(value, str) or not _CONSOLE.fullmatch(value):
        raise RequestError(
            "console",
            f"{value!r:.80} is no Console id: the part before .canary.tools, lower-case letters and digits",
        )
    return value


def _mode(value: object) -> str:
    if value not in Mode.ORDER:
        raise RequestError("purge_mode", f"{value!r:.80} is none of {', '.join(Mode.ORDER)}")
    return str(value)


def _keep_days(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_KEEP_DAYS:
        raise RequestError("keep_days", f"{value!r:.80} is no whole number of days from 0 to {MAX_KEEP_DAYS}")
    return value


def _reason(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_REASON or not value.isprintable():
        raise RequestError("reason", f"must be printable text of at most {MAX_REASON} characters")
    return value


_FIELDS: dict[str, Callable[[object], Any]] = {
    "console": _console,
    "purge_mode": _mode,
    "keep_days": _keep_days,
    "reason": _reason,
}
