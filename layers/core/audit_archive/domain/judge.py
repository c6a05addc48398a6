"""Whether an entry is one that is asked for. Three-valued: what can't be read is neither in nor out.

A filter says yes, no, or that the entry's value can't be read. One no is no, whatever the others say; else
one that can't be read leaves the entry undecided, and whoever asks is told so. Nothing matches by accident.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, TypeAlias

import orjson

from audit_archive.domain.canonical import is_source_line, source_in
from audit_archive.domain.query import ALL_IDS, Network, Query
from audit_archive.domain.source_members import top_level_members
from audit_archive.domain.texts import has_text
from audit_archive.domain.timestamps import read_timestamps

Members: TypeAlias = Mapping[str, Any]
Answers: TypeAlias = Sequence[bool | None]
Check: TypeAlias = Callable[[Sequence[Members]], Answers]
"""What a filter says of many entries; many at once, because a call takes as long as a look."""

MATCH = "match"
NO = "no"
FLOCK = ("flock_id", "flock_name")

_STAMP = re.compile(
    rb'"timestamp":"([0-9-]{10}) (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] UTC\+0000"(?=[^{}\n]*+\}\n)'
)
"""A readable time to the end of its line, by its date. It is the entry's own: after that of an object in the
entry the end of the object would follow, and no text has a quote without a backslash before it."""


def members_of(line: bytes) -> dict[str, Any]:
    """The fields of an archived line; those of one in `_source` form as far as they can be read."""
    members: dict[str, Any] = orjson.loads(line)
    source = source_in(members)
    return members if source is None else top_level_members(source) | {"id": members["id"]}


def source_of(line: bytes) -> bytes:
    """The entry's JSON: the line itself, or what its `_source` form carries."""
    source = source_in(orjson.loads(line)) if is_source_line(line) else None
    return line if source is None else source


class Judge:
    """Decides over lines, by one query."""

    def __init__(self, query: Query) -> None:
        self._checks = tuple(_checks(query))
        self._text = query.text.casefold() if query.text is not None else None
        self._dates = query.dates
        self._is_only_timed = self._text is None and [field for field, _ in self._checks] == ["timestamp"]

    def passes_all(self, text: bytes, date: str) -> bool:
        """Whether every line of a text, filed under a date, matches; False if that needs a look at each.

        It does if only the time counts, the date lies within it, and each line shows that it is of that date.
        """
        if not (self._is_only_timed and self._dates.first < date < self._dates.last):
            return False
        return _STAMP.findall(text).count(date.encode()) == text.count(b"\n")

    def verdicts(self, lines: Sequence[bytes]) -> list[str]:
        """Of each line MATCH, NO, or the name of a field that the verdict hangs on and that can't be read."""
        verdicts = [MATCH] * len(lines)
        if self._checks:
            members = list(map(members_of, lines))
            for field, check in self._checks:
                answers = check(members)
                if not all(answers):
                    verdicts = [_joined(*both, field) for both in zip(verdicts, answers, strict=True)]
        if self._text is not None:
            verdicts = [self._with_text(*both) for both in zip(verdicts, lines, strict=True)]
        return verdicts

    def _with_text(self, verdict: str, line: bytes) -> str:
        is_there = verdict is not NO and has_text(source_of(line), self._text or "")
        return verdict if is_there else NO


def _joined(verdict: str, answer: bool | None, field: str) -> str:
    """The verdict once a further filter has answered."""
    if verdict is NO or answer is False:
        return NO
    return verdict if answer else field


def _checks(query: Query) -> Iterator[tuple[str, Check]]:
    """What must hold, each with the field that it reads."""
    if query.ids != ALL_IDS:
        first, last = query.ids
        yield "id", lambda entries: [first <= members["id"] <= last for members in entries]
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

    return lambda entries: list(map(check, entries))


def _address_in(networks: Sequence[Network]) -> Check:
    """Whether the address is in one of the networks. An absent or null one is not; no address: unreadable."""

    @lru_cache(maxsize=1 << 16)
    def of_text(text: str) -> bool | None:
        addresses = read_address(text)
        return any(a in n for a in addresses for n in networks) if addresses else None

    def check(value: object) -> bool | None:
        if value is None:
            return False
        return of_text(value) if type(value) is str else None

    return lambda entries: [check(members.get("user_ip")) for members in entries]


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
    first = -math.inf if start is None else start
    last = math.inf if end is None else end

    def check(entries: Sequence[Members]) -> Answers:
        times = read_timestamps([members.get("timestamp") for members in entries])
        return [None if at is None else first <= at < last for at in times]

    return check
