"""Whether an entry is one that is asked for. Three-valued: what can't be read is neither in nor out.

A filter says yes, no, or that the entry's value can't be read. One no is no, whatever the others say; else
one that can't be read leaves the entry undecided, and whoever asks is told so. Nothing matches by accident.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, TypeAlias

import orjson

from audit_archive.domain.canonical import SOURCE_KEY
from audit_archive.domain.query import ALL_IDS, Network, Query
from audit_archive.domain.source_members import top_level_members
from audit_archive.domain.texts import has_text
from audit_archive.domain.timestamps import read_timestamp

Members: TypeAlias = Mapping[str, Any]
Check: TypeAlias = Callable[[Members], bool | None]

MATCH = "match"
NO = "no"
FLOCK = ("flock_id", "flock_name")


def members_of(line: bytes) -> dict[str, Any]:
    """The fields of an archived line; those of one in `_source` form as far as they can be read."""
    members: dict[str, Any] = orjson.loads(line)
    if SOURCE_KEY in members:
        return top_level_members(members[SOURCE_KEY].encode()) | {"id": members["id"]}
    return members


def source_of(line: bytes) -> bytes:
    """The entry's JSON: the line itself, or what its `_source` form carries."""
    if not line.startswith(b'{"' + SOURCE_KEY.encode()):
        return line
    source: str = orjson.loads(line)[SOURCE_KEY]
    return source.encode()


class Judge:
    """Decides over lines, by one query."""

    def __init__(self, query: Query) -> None:
        self._checks = tuple(_checks(query))
        self._text = query.text.casefold() if query.text is not None else None

    def verdict(self, line: bytes) -> str:
        """MATCH, NO, or the name of the field that can't be read though the verdict hangs on it."""
        unreadable = MATCH
        members = members_of(line)
        for field, check in self._checks:
            passes = check(members)
            if passes is None:
                unreadable = field
            elif not passes:
                return NO
        if self._text is not None and not has_text(source_of(line), self._text):
            return NO
        return unreadable


def _checks(query: Query) -> Iterator[tuple[str, Check]]:
    """What must hold, each with the field that it reads; the cheapest first."""
    if query.ids != ALL_IDS:
        first, last = query.ids
        yield "id", lambda members: first <= members["id"] <= last
    if query.users:
        yield "user", _text_in(("user",), query.users)
    if query.action_types:
        yield "action_type", _text_in(("action_type",), query.action_types)
    if query.flocks:
        yield "flock_id", _text_in(FLOCK, query.flocks)
    if query.networks:
        yield "user_ip", _address_in(query.networks)
    if query.is_timed:
        yield "timestamp", _within(query.start, query.end)


def _text_in(fields: Sequence[str], wanted: Sequence[str]) -> Check:
    """Whether one of the fields is one of the texts. An absent or null field is not; no text: unreadable."""
    folded = {text.casefold() for text in wanted}

    def check(members: Members) -> bool | None:
        answer: bool | None = False
        for field in fields:
            value = members.get(field)
            if type(value) is str:
                if value.casefold() in folded:
                    return True
            elif value is not None:
                answer = None
        return answer

    return check


def _address_in(networks: Sequence[Network]) -> Check:
    """Whether the address is in one of the networks. An absent or null one is not; no address: unreadable."""

    @lru_cache(maxsize=1 << 16)
    def of_text(text: str) -> bool | None:
        addresses = read_address(text)
        return any(a in n for a in addresses for n in networks) if addresses else None

    def check(members: Members) -> bool | None:
        value = members.get("user_ip")
        if value is None:
            return False
        return of_text(value) if type(value) is str else None

    return check


def read_address(text: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """An IPv4 or IPv6 address, and the IPv4 address that it maps (RFC 4291, section 2.5.5.2); or nothing."""
    try:
        address = ip_address(text)
    except ValueError:
        return ()
    mapped = getattr(address, "ipv4_mapped", None)
    return (address, mapped) if mapped is not None else (address,)


def _within(start: int | None, end: int | None) -> Check:
    """Whether the entry happened in this time. An entry without a readable time: nobody can say."""

    def check(members: Members) -> bool | None:
        seconds = read_timestamp(members.get("timestamp"))
        if seconds is None:
            return None
        return (start is None or seconds >= start) and (end is None or seconds < end)

    return check
