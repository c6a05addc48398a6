"""Whether an entry still says what it said when it was archived. Pure.

An amendment changes what a documented member says. The Console may spell the same moment in another way,
rename a flock, and grow members that are not documented: that is no amendment.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from audit_archive.domain.canonical import OPTIONS
from audit_archive.domain.json_scan import FIELDS, Scan
from audit_archive.domain.json_tokens import decode_string
from audit_archive.domain.judge import source_of
from audit_archive.domain.timestamps import read_timestamp

DOCUMENTED = FIELDS - {"id", "flock_name"}
OTHER_TEXT = "_source"
"""The name of what a `_source` form holds beside the known members: its bytes count, not their meaning."""

_SAYS_NOTHING = (None, b"null", b'""')


class Change(NamedTuple):
    """A member that says something else now; both as JSON, None where it is absent."""

    member: str
    archived: bytes | None
    live: bytes | None


@dataclass(frozen=True, slots=True)
class Difference:
    """How two lines of one entry differ.

    `changes`: what was amended. `is_respelled`: the same moment is spelled in another way. `drift`: the other
    members that differ.
    """

    changes: tuple[Change, ...]
    is_respelled: bool
    drift: tuple[str, ...]


def difference(archived: bytes, live: bytes) -> Difference:
    """How the live line of an entry differs from the archived one."""
    is_plain = source_of(archived) is archived and source_of(live) is live
    members = _plain_members if is_plain else _source_members
    before, after = members(archived), members(live)
    changes, drift, is_respelled = list[Change](), list[str](), False
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        if name == "timestamp" and _is_same_moment(old, new):
            is_respelled = True
        elif _is_drift(name, old, new):
            drift.append(name)
        else:
            changes.append(Change(name, old, new))
    return Difference(tuple(changes), is_respelled, tuple(drift))


def _is_drift(name: str, old: bytes | None, new: bytes | None) -> bool:
    """Whether a change is no amendment: of what is not documented, or from nothing said to nothing said."""
    is_known = name in DOCUMENTED or name == OTHER_TEXT
    return not is_known or (old in _SAYS_NOTHING and new in _SAYS_NOTHING)


def _is_same_moment(old: bytes | None, new: bytes | None) -> bool:
    moment = _moment(old)
    return moment is not None and moment == _moment(new)


def _moment(token: bytes | None) -> int | None:
    if token is None or token[:1] != b'"':
        return None
    return read_timestamp(decode_string(token))


def _plain_members(line: bytes) -> dict[str, bytes]:
    members: dict[str, Any] = orjson.loads(line)
    return {name: orjson.dumps(value, option=OPTIONS) for name, value in members.items()}


def _source_members(line: bytes) -> dict[str, bytes]:
    """The known members of a line of either form as they stand in its source, and all that stands around."""
    source = source_of(line)
    spans = Scan(source, 0).members
    members = {name: _spelled(source[start:end]) for name, (start, end) in spans.items()}
    at, around = 0, list[bytes]()
    for start, end in sorted(spans.values()):
        around.append(source[at:start])
        at = end
    return members | {OTHER_TEXT: b"".join((*around, source[at:]))}


def _spelled(token: bytes) -> bytes:
    """A value; a text in its canonical spelling, if it has one."""
    if token[:1] != b'"':
        return token
    try:
        token.decode()  # what is not UTF-8 must not be replaced: two such texts may differ in that alone
        return orjson.dumps(decode_string(token))
    except (ValueError, TypeError):
        return token
