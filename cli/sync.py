"""What of the schedules of added Consoles is no longer as the stack would make it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from audit_archive.config import shortest_period
from cli import schedules
from cli.schedules import ARCHIVE, AUDIT, KINDS, Kind, owned, owner_of
from cli.stack import Stack, asking
from cli.tables import Column, Shape

CHANGES = (
    Column("schedule", "schedule"),
    Column("field", "field"),
    Column("was", "was", 0, Shape.WORDS),
    Column("is", "is", 0, Shape.WORDS),
)


@dataclass(frozen=True)
class Correction:
    """A schedule that differs. `request` is the whole of it: UpdateSchedule resets what a request leaves out.

    `fields`: by name, what it was and what it will be.
    """

    schedule: str
    fields: Mapping[str, tuple[Any, Any]]
    request: Mapping[str, Any]

    def records(self) -> list[dict[str, Any]]:
        """A row for each field."""
        rows = self.fields.items()
        return [
            {"schedule": self.schedule, "field": name, "was": was, "is": new} for name, (was, new) in rows
        ]

    def carry_out(self, stack: Stack) -> None:
        """Change it. Raises CloudError."""
        with asking(f"The schedule {self.schedule} can't be changed"):
            stack.client("scheduler").update_schedule(**self.request)


@dataclass(frozen=True)
class Addition:
    """A schedule that a Console lacks. `event`: what it will send."""

    kind: Kind
    event: Mapping[str, Any]

    @property
    def schedule(self) -> str:
        """Its name."""
        return f"{self.event['console']}{self.kind.suffix}"

    def records(self) -> list[dict[str, Any]]:
        """One row: it is not there."""
        event = json.dumps(self.event)
        return [{"schedule": self.schedule, "field": "Target.Input", "was": None, "is": event}]

    def carry_out(self, stack: Stack) -> None:
        """Make it. Raises CloudError."""
        schedules.create(stack, self.kind, self.event, None)


@dataclass(frozen=True)
class LeftAlone:
    """A schedule that a person must look at, and why."""

    schedule: str
    reason: str


@dataclass
class Sync:
    """What is to change, what is left to a person, and how many schedules are the `same`."""

    changes: list[Correction | Addition] = field(default_factory=list)
    left_alone: list[LeftAlone] = field(default_factory=list)
    same: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For programs."""
        return {
            "changes": [record for each in self.changes for record in each.records()],
            "not_synced": [vars(each) for each in self.left_alone],
            "same": self.same,
        }


def sync_of(stack: Stack) -> Sync:
    """Compare each added Console's schedules with what the stack would make. Raises CloudError.

    The schedules of the stack's first Console are the stack's, and a schedule that is no Console's is not
    looked at.
    """
    plan = Sync()
    first = stack.parameters().get("Console")
    found: dict[str, dict[Kind, Mapping[str, Any]]] = {}
    for each in schedules.listed(stack):
        owner = owner_of(each["Name"])
        if owner is not None and owner[0] != first:
            found.setdefault(owner[0], {})[owner[1]] = each
    for console, there in sorted(found.items()):
        for kind in KINDS:
            if kind in there:
                _compare(stack, plan, kind, console, there[kind])
            elif ARCHIVE in there:
                plan.changes.append(Addition(kind, _event(stack, kind, console, there[ARCHIVE])))
    return plan


def _compare(stack: Stack, plan: Sync, kind: Kind, console: str, there: Mapping[str, Any]) -> None:
    name, event = str(there["Name"]), str(there["Target"].get("Input", ""))
    if _console_in(event) != console:
        plan.left_alone.append(
            LeftAlone(name, f"its event is {event!r:.200} and not one for {console}: correct it by hand")
        )
        return
    wanted = owned(stack, kind, console, event)
    fields = _differences({key: there.get(key) for key in wanted}, wanted)
    now = datetime.now(UTC)
    if not fields:
        plan.same += 1
    elif there.get("EndDate", now) < now:
        # AWS takes no end in the past, and without its end the schedule would begin again.
        plan.left_alone.append(LeftAlone(name, f"it ended on {there['EndDate']:%Y-%m-%d}: remove it by hand"))
    else:
        kept = schedules.kept(stack, there)
        if kept.get("StartDate", now) < now:
            # AWS takes no start in the past, and this schedule has begun.
            fields |= {"StartDate": (f"{kept.pop('StartDate'):%Y-%m-%d}", None)}
        plan.changes.append(Correction(name, fields, kept | wanted))


def _console_in(event: str) -> object:
    try:
        read = json.loads(event)
    except ValueError:
        return None
    return read.get("console") if isinstance(read, dict) else None


def _event(stack: Stack, kind: Kind, console: str, archive: Mapping[str, Any]) -> dict[str, Any]:
    """What a schedule that is made now sends. An audit must know how often the Console is archived."""
    expression = str(archive["ScheduleExpression"])
    period = shortest_period(expression)
    is_own = expression != stack.parameters()[ARCHIVE.expression]
    own = {"period_hours": period} if kind == AUDIT and is_own and period else {}
    return {"console": console, **kind.asks, **own}


def _differences(there: Any, wanted: Any, path: str = "") -> dict[str, tuple[Any, Any]]:
    """By the path of each field: what is there, and what is wanted."""
    if isinstance(there, dict) and isinstance(wanted, dict):
        found: dict[str, tuple[Any, Any]] = {}
        for key in {**wanted, **there}:
            found |= _differences(there.get(key), wanted.get(key), f"{path}.{key}".lstrip("."))
        return found
    return {} if there == wanted else {path: (there, wanted)}
