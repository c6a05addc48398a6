"""Which OCSF class and activity an action type is (OCSF 1.9.0, schema.ocsf.io/1.9.0).

`action_type` is an open set, so the table has rules, not names: a subject, an underscore, a verb. An action
whose subject is not known here is API Activity: Other, under its own name. None is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

UNKNOWN = 0
OTHER = 99


@dataclass(frozen=True)
class EventClass:
    """An OCSF event class: its number and caption, its category, and the activities that we tell apart."""

    uid: int
    name: str
    category_uid: int
    category_name: str
    activities: Mapping[int, str]


class Activity(NamedTuple):
    """What an action is in OCSF. `subject` is the kind of thing that it was done to; empty if unknown."""

    event_class: EventClass
    id: int
    name: str
    subject: str


_IAM = (3, "Identity & Access Management")
AUTHENTICATION = EventClass(3002, "Authentication", *_IAM, {1: "Logon", 2: "Logoff"})
ENTITY_MANAGEMENT = EventClass(
    3004,
    "Entity Management",
    *_IAM,
    {1: "Create", 3: "Update", 4: "Delete", 5: "Move", 8: "Enable", 9: "Disable"},
)
# Account Change (3001) is deprecated since 1.9.0 in its favour.
USER_MANAGEMENT = EventClass(
    3007,
    "User Management",
    *_IAM,
    {1: "Create", 2: "Update", 3: "Delete", 4: "Enable", 5: "Disable", 6: "Lock", 7: "Unlock"}
    | {14: "Assign Privileges"},
)
API_ACTIVITY = EventClass(6003, "API Activity", 6, "Application Activity", {})

_LOGON = {"login": 1, "logout": 2}
TO_A_USER = {
    "create": 1,
    "update": 2,
    "edit": 2,
    "delete": 3,
    "enable": 4,
    "disable": 5,
    "lock": 6,
    "unlock": 7,
}
TO_A_USER |= {"assign": 14}
TO_A_THING = {"create": 1, "update": 3, "edit": 3, "push": 3, "delete": 4, "purge": 4, "move": 5}
TO_A_THING |= {"enable": 8, "disable": 9}
THINGS = ("device", "flock", "canarytoken", "incident", "audit_trail")
"""The nouns of the Console's API."""


def activity_of(action_type: object) -> Activity:
    """The class and activity of an entry's `action_type`; API Activity: Unknown if that is no text."""
    if not isinstance(action_type, str) or not action_type:
        return Activity(API_ACTIVITY, UNKNOWN, "Unknown", "")
    subject = next((each for each in (*THINGS, "user") if action_type.startswith(f"{each}_")), "")
    verb = action_type.removeprefix(f"{subject}_").partition("_")[0]
    if subject in THINGS:
        return _activity(ENTITY_MANAGEMENT, TO_A_THING.get(verb), action_type, subject)
    if subject and verb in _LOGON:
        return _activity(AUTHENTICATION, _LOGON[verb], action_type, subject)
    if subject:
        return _activity(USER_MANAGEMENT, TO_A_USER.get(verb), action_type, subject)
    return _activity(API_ACTIVITY, None, action_type, "")


def _activity(event_class: EventClass, number: int | None, action_type: str, subject: str) -> Activity:
    """An activity under its caption, or Other under the source's own name, as the schema wants it."""
    if number is None:
        return Activity(event_class, OTHER, action_type, subject)
    return Activity(event_class, number, event_class.activities[number], subject)
