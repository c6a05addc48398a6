"""Which archived lines match a query: `EntryMatcher` decides, `Prefilter` finds candidates in bytes first.

The decision has three values. A filter says yes, no, or that the entry's value can't be read. One no decides.
Else one unreadable value leaves the entry undecided, and the answer says so.

The prefilter may give a line too many, never one too few; only candidates are parsed. Lines are canonical
JSON, so a value is spelled in one way: in UTF-8, with no escapes but the required ones. The difficulty is to
ignore case:

* In lower case (ASCII), a text that is all ASCII is its own case folding. So a wanted text is looked for in
  the lower-cased bytes.
* A character that is not ASCII may fold to ASCII: the Kelvin sign to `k`, the sharp s to `ss`. A line with
  one that may stand for a wanted letter (LOOSE) is a candidate.
* A line in a `_source` form may be spelled in any way, and is always a candidate.
* A value that can't be read must be judged, and counted: every value of an unusual kind is a candidate.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, ip_address
from typing import Any, TypeAlias

import orjson

from audit_archive.format.canonical import SOURCE_KEY
from audit_archive.format.entry import has_text, members_of, source_of
from audit_archive.format.times import read_timestamps
from audit_archive.retrieve.query import ALL_IDS, Network, Query

Members: TypeAlias = Mapping[str, Any]
Answers: TypeAlias = Sequence[bool | None]
Check: TypeAlias = Callable[[Sequence[Members]], Answers]
"""What a filter says of some entries: yes, no, or None for an unreadable value. A call for each would cost
more."""

MATCH = "match"
NO = "no"
FLOCK = ("flock_id", "flock_name")

_STAMP = re.compile(
    rb'"timestamp":"([0-9-]{10}) (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] UTC\+0000"(?=[^{}\n]*+\}\n)'
)
"""A readable time to the end of its line, by its date. It is the entry's own: after that of an object in the
entry the end of the object would follow, and no text has a quote without a backslash before it."""


class EntryMatcher:
    """Decides which lines match one query."""

    def __init__(self, query: Query) -> None:
        self._checks = tuple(_checks(query))
        self._text = query.text.casefold() if query.text is not None else None
        self._dates = query.dates
        self._is_only_timed = self._text is None and [field for field, _ in self._checks] == ["timestamp"]

    def passes_all(self, text: bytes, date: str) -> bool:
        """Whether every line of a text, filed under a date, is known to match; False: look at each line.

        That is known if the query has no filter but the time, the date lies within that time, and each line
        has the date in its timestamp.
        """
        if not (self._is_only_timed and self._dates.first < date < self._dates.last):
            return False
        return _STAMP.findall(text).count(date.encode()) == text.count(b"\n")

    def verdicts(self, lines: Sequence[bytes]) -> list[str]:
        """For each line MATCH, NO, or the name of the unreadable field that leaves it undecided."""
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
    """The filters of a query, each with the field that it reads."""
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
    """Whether one of the fields is one of the texts.

    An absent or null field is not; a number is unreadable.
    """
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
    """Whether the address is in one of the networks.

    An absent or null one is not; other values are unreadable.
    """

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
    """An IPv4 or IPv6 address, and the IPv4 address that it maps (RFC 4291, section 2.5.5.2); else empty."""
    try:
        address = ip_address(text)
    except ValueError:
        return ()
    mapped = getattr(address, "ipv4_mapped", None)
    return (address, mapped) if mapped is not None else (address,)


def _within(start: int | None, end: int | None) -> Check:
    """Whether the entry happened from `start` on and before `end`; None without a readable time."""
    first = -math.inf if start is None else start
    last = math.inf if end is None else end

    def check(entries: Sequence[Members]) -> Answers:
        times = read_timestamps([members.get("timestamp") for members in entries])
        return [None if at is None else first <= at < last for at in times]

    return check


Finder: TypeAlias = Callable[[bytes], Iterator[int]]
"""Yields positions in a lower-cased text, ascending; the line around each one is a candidate."""

LOOSE = {
    "ß".encode(): "s",
    "\u0149".encode(): "n",
    "\u017f".encode(): "s",
    "\u0130".encode(): "i",
    "\u01f0".encode(): "j",
    "\u1e96".encode()[:2]: "ahstwy",
    "\u212a".encode(): "k",
    "\ufb00".encode()[:2]: "filst",
}
"""How characters beyond ASCII begin (in UTF-8) whose case folding holds ASCII characters, and which."""

_ASCII = re.compile(r"[\x00-\x7f]+")
_BEYOND = re.compile(rb"[\x80-\xff]")
_UNUSUAL = rb'[^"n]'  # neither a string nor null
_OCTET = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_SOURCE = b'{"%b' % SOURCE_KEY.encode()  # the name of both forms begins so
_MIN_RUN = 3


class Prefilter:
    """Finds the candidates of one query in texts of whole lines."""

    def __init__(self, query: Query) -> None:
        self._finders = _finders(query)

    def candidates(self, text: bytes) -> list[bytes]:
        """The lines of a text (each with its line feed) that may match, in order, without line feeds."""
        if self._finders is None:
            return text.split(b"\n")[:-1]
        lowered = text.lower()
        starts = {text.rfind(b"\n", 0, at) + 1 for find in self._finders for at in find(lowered)}
        return [text[start : text.find(b"\n", start)] for start in sorted(starts)]


def _finders(query: Query) -> tuple[Finder, ...] | None:
    """The finders for one filter of the query: the one that should let the fewest lines pass."""
    if query.users:
        return _field(rb"user", query.users), _literal(_SOURCE)
    if query.text is not None:
        return *_anywhere(query.text), _literal(_SOURCE)
    if query.networks:
        return _address(query.networks), _literal(_SOURCE)
    if query.flocks:
        return _field(rb"flock_(?:id|name)", query.flocks), _literal(_SOURCE)
    if query.action_types:
        return _field(rb"action_type", query.action_types), _literal(_SOURCE)
    return None


def _literal(piece: bytes) -> Finder:
    """Every line with these bytes."""

    def find(text: bytes) -> Iterator[int]:
        at = text.find(piece)
        while at >= 0:
            yield at
            at = text.find(piece, text.find(b"\n", at))

    return find


def _pattern(pattern: "re.Pattern[bytes]") -> Finder:
    def find(text: bytes) -> Iterator[int]:
        found = pattern.search(text)
        while found:
            yield found.start()
            found = pattern.search(text, text.find(b"\n", found.start()))

    return find


def _anywhere(wanted: str) -> tuple[Finder, ...]:
    """Lines that may have a text: those with its longest ASCII part, or with any byte beyond ASCII."""
    folded = wanted.casefold()
    run = max(_ASCII.findall(folded), key=len, default="")
    if not folded.isascii() and len(run) < _MIN_RUN:
        return (_pattern(_BEYOND),)
    return _literal(_escaped(run)), *map(_literal, _loose(run))


def _field(name: bytes, wanted: Sequence[str]) -> Finder:
    """Lines in which a field is one of some texts, or has a value that bytes can't decide."""
    folded = [text.casefold() for text in wanted]
    texts = [b'"%b"' % re.escape(_escaped(text)) for text in folded if text.isascii()]
    others = [
        _UNUSUAL,
        _with(_loose("".join(folded)) if all(map(str.isascii, folded)) else [rb"[\x80-\xff]"]),
    ]
    return _pattern(re.compile(rb'"%b":(?:%b)' % (name, b"|".join([*texts, *filter(None, others)]))))


def _loose(letters: str) -> list[bytes]:
    """How the characters beyond ASCII begin that may stand for one of these letters."""
    return [begin for begin, ascii_letters in LOOSE.items() if not set(ascii_letters).isdisjoint(letters)]


def _with(pieces: Sequence[bytes]) -> bytes:
    """A pattern for a string with one of these pieces, which have no ASCII; empty without pieces."""
    any_of = b"|".join(pieces)
    return rb'"(?:[^"\\\x80-\xff]++|\\.|(?!%b)[\x80-\xff])*+(?:%b)' % (any_of, any_of) if pieces else b""


def _address(networks: Sequence[Network]) -> Finder:
    """Lines with an address that is not plain IPv4, or that begins like one of the networks."""
    others = rb"".join(rb"(?!%b)" % re.escape(_prefix(n)) for n in networks if isinstance(n, IPv4Network))
    plain = rb'"' + others + rb"\.".join([_OCTET] * 4) + rb'"'
    return _pattern(re.compile(rb'"user_ip":(?!null|' + plain + rb")"))


def _prefix(network: IPv4Network) -> bytes:
    """How every address of the network begins: its whole octets."""
    octets = str(network.network_address).split(".")[: network.prefixlen // 8]
    return b"".join(b"%b." % octet.encode() for octet in octets[:3]) + b"".join(
        b'%b"' % octet.encode() for octet in octets[3:]
    )


def _escaped(text: str) -> bytes:
    """A text as it stands in a canonical line, without its quotes."""
    return orjson.dumps(text)[1:-1]
