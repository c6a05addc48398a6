"""An archived entry as an event of the Open Cybersecurity Schema Framework, version 1.9.0 (schema.ocsf.io).

An event keeps the whole entry: `raw_data` is the archived line, which the archive's proofs are about, and a
field without a place in the schema stands in `unmapped`. It adds no facts: where the schema requires a value
that the entry lacks, a name is `Unknown` and a time is 0.

`action_type` is an open set, so the class and the activity come from rules, not from a list of names: of its
words one is a subject and one a verb, in any order. An action with an unknown subject is API Activity: Other,
under its own name, and answers count it (`unknown_actions`).
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import orjson

from audit_archive.format.canonical import OPTIONS, is_source_line
from audit_archive.format.entry import members_of
from audit_archive.format.times import read_timestamp
from audit_archive.retrieve.match import read_address
from audit_archive.retrieve.reading import forwarded_addresses

UNKNOWN = 0
OTHER = 99


@dataclass(frozen=True)
class EventClass:
    """An OCSF event class: its number and caption, its category, and those of its activities that we use."""

    uid: int
    name: str
    category_uid: int
    category_name: str
    activities: Mapping[int, str]


class OcsfActivity(NamedTuple):
    """An action in OCSF. `subject`: the kind of thing that it was done to; empty if unknown."""

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
OUTCOMES = frozenset({"fail", "failed", "failure", "success", "succeeded", "attempt"})
"""Words that tell how an action ended, and not what it was."""

THINGS = ("device", "flock", "canarytoken", "incident", "audit_trail")
"""The nouns of the Console's API."""


def activity_of(action_type: object) -> OcsfActivity:
    """The class and activity of an entry's `action_type`; API Activity: Unknown if that is not a text."""
    if not isinstance(action_type, str) or not action_type:
        return OcsfActivity(API_ACTIVITY, UNKNOWN, "Unknown", "")
    subject, words = _subject_and_words(action_type)
    if subject in THINGS:
        return _activity(ENTITY_MANAGEMENT, _first(TO_A_THING, words), action_type, subject)
    logon = _first(_LOGON, words)
    if logon is not None and (subject or not words - {*_LOGON, *OUTCOMES}):
        return _activity(AUTHENTICATION, logon, action_type, subject)
    if subject and words:
        return _activity(USER_MANAGEMENT, _first(TO_A_USER, words), action_type, subject)
    return _activity(API_ACTIVITY, None, action_type, "")


_UNKNOWN_ACTION = b'"class_uid":6003'
MOST_UNKNOWN = 100
"""Unknown actions that an answer names at most. It counts the entries of the others as one."""


def unknown_actions(events: Iterable[bytes]) -> dict[str, int]:
    """Of events, one a line, how many have each action that no rule knows; the most frequent first."""
    found: Counter[str] = Counter()
    for line in events:
        if _UNKNOWN_ACTION in line:
            event = orjson.loads(line)
            if event["class_uid"] == API_ACTIVITY.uid and event["activity_id"] == OTHER:
                found[event["activity_name"]] += 1
    named = dict(found.most_common(MOST_UNKNOWN))
    rest = found.total() - sum(named.values())
    return named | ({"and others": rest} if rest else {})


def _subject_and_words(action_type: str) -> tuple[str, set[str]]:
    """The thing that an action names first, empty if none, and its other words."""
    name = f"_{action_type}_"
    places = {thing: name.find(f"_{thing}_") for thing in (*THINGS, "user")}
    found = [thing for thing, at in places.items() if at >= 0]
    subject = min(found, key=lambda thing: places[thing], default="")
    others = name.replace(f"_{subject}_", "_", 1) if subject else name
    return subject, set(others.strip("_").split("_")) - {""}


def _first(verbs: Mapping[str, int], words: set[str]) -> int | None:
    """The activity of the one verb among some words; None without one, or if several disagree."""
    numbers = {verbs[word] for word in words & verbs.keys()}
    return numbers.pop() if len(numbers) == 1 else None


def _activity(event_class: EventClass, number: int | None, action_type: str, subject: str) -> OcsfActivity:
    """An activity under its caption; without a number, Other under the source's own name (a schema rule)."""
    if number is None:
        return OcsfActivity(event_class, OTHER, action_type, subject)
    return OcsfActivity(event_class, number, event_class.activities[number], subject)


VERSION = "1.9.0"
_PRODUCT_NAME = "Canary Console"
UNKNOWN_NAME = {"name": "Unknown"}
_CAPTIONS = {UNKNOWN: "Unknown", OTHER: "Other"}
_API_KEY = re.compile(r"API-Token\[key_id:([0-9A-Za-z-]+)\]")
"""How newer Consoles name an API key: in place of the user, or in the message."""
STATUS = ("Unknown", "Success", "Failure")

_FAILURES = frozenset({"fail", "failed", "failure"})
_FAILED = re.compile(r"\b(?:fail(?:ed|ure|s)?|invalid|incorrect|denied|unsuccessful(?:ly)?)\b", re.IGNORECASE)
_DONE = re.compile(r"\blogged (?:in|out)\b", re.IGNORECASE)
# The schema has a place for these if they are texts. (The id always is a number, and has its place.)
_PLACED = frozenset({"timestamp", "action_type", "message", "user", "user_ip"})
_PLACED |= {"user_browser_agent", "user_browser_language"}
_UID = {"device": "node_id", "canarytoken": "canarytoken"}

_Members: TypeAlias = dict[str, Any]


def ocsf_line(line: bytes, console: str, epoch: int) -> bytes:
    """An archived line as an OCSF event: one line of canonical JSON, with its line feed."""
    return orjson.dumps(ocsf_event(line, console, epoch), option=OPTIONS) + b"\n"


def ocsf_event(line: bytes, console: str, epoch: int) -> dict[str, Any]:
    """An archived line as an OCSF event; `time` in epoch milliseconds, 0 if the entry's time is unreadable.

    Of a line in `_source` form, the event has the fields that can be read. `metadata.uid` is unique over
    Consoles and epochs.
    """
    members = members_of(line)
    activity = activity_of(members.get("action_type"))
    event_class, status = activity.event_class, _status_id(members, activity)
    event = {
        "activity_id": activity.id,
        "activity_name": activity.name,
        "actor": {"user": _user(members)},
        "category_name": event_class.category_name,
        "category_uid": event_class.category_uid,
        "class_name": event_class.name,
        "class_uid": event_class.uid,
        "http_request": _http_request(members),
        "message": _text(members, "message"),
        "metadata": _metadata(members, console, epoch),
        "raw_data": line.decode(),
        "severity": "Informational",
        "severity_id": 1,
        "src_endpoint": _endpoint(members),
        "status": STATUS[status],
        "status_id": status,
        "time": (read_timestamp(members.get("timestamp")) or 0) * 1000,
        "type_name": f"{event_class.name}: {_CAPTIONS.get(activity.id, activity.name)}",
        "type_uid": event_class.uid * 100 + activity.id,
        "unmapped": _unmapped(members, is_source_form=is_source_line(line)),
    }
    return _known_only(event | _of_its_class(members, activity, console))


def _of_its_class(members: _Members, activity: OcsfActivity, console: str) -> dict[str, Any]:
    """Fields that the schema requires of this class and not of all."""
    service = {"name": _PRODUCT_NAME, "uid": console}
    if activity.event_class is AUTHENTICATION:
        return {"service": service, "user": _user(members)}
    if activity.event_class is USER_MANAGEMENT:
        return {"user": UNKNOWN_NAME}  # the user acted upon: an entry names that user in its message only
    if activity.event_class is ENTITY_MANAGEMENT:
        return {"entity": _entity(members, activity.subject)}
    api = {"operation": _text(members, "action_type") or "Unknown", "service": service}
    return {"api": api, "src_endpoint": _endpoint(members) or UNKNOWN_NAME}


def _status_id(members: _Members, activity: OcsfActivity) -> int:
    """1 for success, 2 for failure, 0 for unknown.

    The user's name is taken out first: it may read like a failure.
    """
    action, message = _text(members, "action_type") or "", _text(members, "message") or ""
    if _FAILURES & set(action.split("_")):
        return 2
    if activity.event_class is not AUTHENTICATION:
        return 0
    message = message.replace(_text(members, "user") or "", "")
    if _FAILED.search(message):
        return 2
    return 1 if _DONE.search(message) else 0


def _metadata(members: _Members, console: str, epoch: int) -> dict[str, Any]:
    return _known_only(
        {
            "event_code": _text(members, "action_type"),
            "log_name": "audit_trail",
            "original_event_uid": str(members["id"]),
            "original_time": _text(members, "timestamp"),
            "product": {"name": _PRODUCT_NAME, "vendor_name": "Thinkst"},
            "tenant_uid": console,
            "uid": f"{console}/{epoch}/{members['id']}",
            "version": VERSION,
        }
    )


def _user(members: _Members) -> dict[str, str]:
    """Who acted; the id of an API key, if the entry names one, is the user's credential."""
    name = _text(members, "user")
    key = _API_KEY.search(name or "") or _API_KEY.search(_text(members, "message") or "")
    return ({"name": name} if name else UNKNOWN_NAME) | ({"credential_uid": key[1]} if key else {})


def _endpoint(members: _Members) -> dict[str, str] | None:
    address = _text(members, "user_ip")
    if not address:
        return None
    return {"ip": address} if read_address(address) else {"name": address}


def _http_request(members: _Members) -> dict[str, Any]:
    language = _text(members, "user_browser_language")
    headers = [{"name": "Accept-Language", "value": language}] if language else None
    route = forwarded_addresses(_text(members, "user_access_route") or "")
    return _known_only(
        {
            "http_headers": headers,
            "user_agent": _text(members, "user_browser_agent"),
            "x_forwarded_for": list(map(str, route)) or None,
        }
    )


def _entity(members: _Members, subject: str) -> dict[str, Any]:
    """The thing acted upon, under its id in the Console's API."""
    information = members.get("additional_information")
    facts = information if isinstance(information, dict) else {}
    if subject == "flock":
        uid, name = _text(members, "flock_id"), _text(members, "flock_name")
    else:
        uid, name = _text(facts, _UID.get(subject, "")), "audit_trail" if subject == "audit_trail" else None
    known = _known_only({"name": name, "uid": uid}) or UNKNOWN_NAME
    return known | {"type": subject, "type_id": OTHER}


def _unmapped(members: _Members, *, is_source_form: bool) -> _Members:
    """Every field without a place. Of a line in `_source` form only texts: those are read exactly."""
    return {
        name: value
        for name, value in members.items()
        if name != "id" and value is not None and not (name in _PLACED and isinstance(value, str))
        if isinstance(value, str) or not is_source_form
    }


def _text(members: _Members, name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def _known_only(members: dict[str, Any]) -> dict[str, Any]:
    """Without unknown values."""
    return {name: value for name, value in members.items() if value is not None and value != {}}
