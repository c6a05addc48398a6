"""The fields of an event, checked before anything else is done. An error names the field and its rule."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

from audit_archive.errors import RequestError
from audit_archive.format.facts import IdSpan

MAX_CONSOLE_ID = 57
"""The name of a schedule, which ends with what the schedule is for, may have 64 characters."""

_DIGEST = re.compile("[0-9a-f]{64}")
_CONSOLE = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
"""A Console's id is a DNS label (RFC 1035, section 2.3.1), in lower case."""

MAX_EVENT_TEXT = 500

W = TypeVar("W", bound=str)

Fields: TypeAlias = Mapping[str, Callable[[object], Any]]
"""The check of each field, by name: it turns the value into what that stands for.

Raises RequestError, which names the field.
"""


def checked(event: object, accepted: Fields, required: Sequence[str]) -> dict[str, Any]:
    """The event's fields, each turned into what it stands for. A field that is null counts as absent.

    Raises RequestError, which names the first field that is unknown, missing or wrong.
    """
    if not isinstance(event, Mapping):
        raise RequestError(
            "event", f'expected an object such as {{"console": "1234abcd"}}, got {shown(event)}'
        )
    given = {name: value for name, value in event.items() if value is not None}
    for name in event:
        if name not in accepted:
            raise RequestError(str(name), f"unknown; such an event may have {', '.join(accepted)}")
    for name in required:
        if name not in given:
            raise RequestError(name, f"missing; such an event needs {', '.join(required)}")
    return {name: accepted[name](value) for name, value in given.items()}


def shown(value: object) -> str:
    """A value of an event as its sender wrote it, in JSON, and not longer than a sentence bears."""
    return f"{value!r:.80}" if isinstance(value, str) else f"{json.dumps(value, default=repr):.80}"


def console_id(value: object) -> str:
    """The check of a Console's id. Raises RequestError."""
    if not isinstance(value, str) or not is_console_id(value):
        raise RequestError(
            "console",
            f"{shown(value)} is not a Console id: give what is before .canary.tools, of a-z, 0-9 and "
            f"hyphens, {MAX_CONSOLE_ID} characters at most",
        )
    return value


def is_console_id(name: str) -> bool:
    """Whether a name can be a Console's id."""
    return len(name) <= MAX_CONSOLE_ID and _CONSOLE.fullmatch(name) is not None


def one_of(name: str, accepted: Sequence[W]) -> Callable[[object], W]:
    """A check that accepts one of several texts, or of several members of a StrEnum."""

    def check(value: object) -> W:
        found = next((member for member in accepted if member == value), None)
        if found is None:
            raise RequestError(name, f"{shown(value)} is not one of {', '.join(accepted)}")
        return found

    return check


def whole(name: str, low: int, high: int) -> Callable[[object], int]:
    """A check that accepts a whole number from `low` to `high`."""

    def check(value: object) -> int:
        if type(value) is not int or not low <= value <= high:
            raise RequestError(name, f"{shown(value)} is not a whole number from {low} to {high}")
        return value

    return check


def only_true(name: str) -> Callable[[object], bool]:
    """A check that accepts nothing but true: without it the event would ask for something else."""

    def check(value: object) -> bool:
        if value is not True:
            raise RequestError(name, f"{shown(value)} is not true: give true, or leave the field out")
        return True

    return check


def digests(name: str, most: int) -> Callable[[object], tuple[str, ...]]:
    """A check that accepts 1 to `most` different SHA-256 in hex."""

    def check(value: object) -> tuple[str, ...]:
        found = [each for each in value if isinstance(each, str)] if isinstance(value, list) else []
        is_well = value == found and all(_DIGEST.fullmatch(each) for each in found)
        if not is_well or not 0 < len(set(found)) == len(found) <= most:
            raise RequestError(name, f"must be a list of 1 to {most} different digests, 64 hex digits each")
        return tuple(found)

    return check


def spans(name: str, most: int, high: int) -> Callable[[object], tuple[IdSpan, ...]]:
    """A check that accepts 1 to `most` ranges of numbers from 1 to `high`, in order, without an overlap."""

    def check(value: object) -> tuple[IdSpan, ...]:
        given = value if isinstance(value, list) else []
        ends = [end for each in given for end in _ends(each)]
        is_whole = len(ends) == 2 * len(given) and all(type(end) is int and 0 < end <= high for end in ends)
        found = tuple(IdSpan(*pair) for pair in zip(ends[::2], ends[1::2], strict=True)) if is_whole else ()
        is_ordered = all(each.first <= each.last for each in found)
        if not 0 < len(found) <= most or not is_ordered or any(a.last >= b.first for a, b in pairwise(found)):
            raise RequestError(
                name,
                f'must be a list of 1 to {most} ranges such as {{"first": 1, "last": 9}}, in order, and none '
                "may overlap another",
            )
        return found

    return check


def _ends(value: object) -> tuple[Any, ...]:
    """Both ends of a range; nothing for what is no range."""
    if not isinstance(value, dict) or value.keys() != {"first", "last"}:
        return ()
    return value["first"], value["last"]


def printable(name: str) -> Callable[[object], str]:
    """A check that accepts a printable text of 1 to MAX_EVENT_TEXT characters."""

    def check(value: object) -> str:
        if not isinstance(value, str) or not 0 < len(value) <= MAX_EVENT_TEXT or not value.isprintable():
            raise RequestError(name, f"must be printable text of 1 to {MAX_EVENT_TEXT} characters")
        return value

    return check
