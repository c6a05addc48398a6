"""Which archived lines match a query: `EntryMatcher` decides, `Prefilter` finds candidates in bytes first.

The decision has three values. A filter says yes, no, or that the entry's value can't be read. One no decides.
Else one unreadable value leaves the entry undecided, and the answer says so.

Texts are compared as a person reads them (`retrieve/reading.py`).

The prefilter may give a line too many, never one too few; only candidates are parsed. Lines are canonical
JSON, so a value is spelled in one way: in UTF-8, with no escapes but the required ones. The difficulty is to
compare bytes as a person reads them:

* In lower case (ASCII), a text that is all ASCII is in the form in which texts are compared. So a wanted text
  is looked for in the lower-cased bytes.
* A character that is not ASCII may be read as ASCII: the Kelvin sign as `k`, the sharp s as `ss`. A line with
  one that may stand for a wanted letter (LOOSE) is a candidate, and so is one with a character that no person
  sees (UNSEEN).
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
from audit_archive.format.entry import members_of, source_of, texts
from audit_archive.format.times import read_timestamps
from audit_archive.retrieve.query import ALL_IDS, Network, Query
from audit_archive.retrieve.reading import as_name, as_read, forwarded_addresses

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
        self._text = as_read(query.text) if query.text is not None else None
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
        is_there = verdict is not NO and _has_text(source_of(line), self._text or "")
        return verdict if is_there else NO


def _has_text(source: bytes, wanted: str) -> bool:
    """Whether one of the texts of an entry holds a text, which is in the form of `as_read`."""
    return any(wanted in as_read(text) for text in texts(source))


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
        yield "user_ip", _from_one_of(query.networks)
    if query.is_timed:
        yield "timestamp", _within(query.start, query.end)


def _text_in(fields: Sequence[str], wanted: Sequence[str]) -> Check:
    """Whether one of the fields is one of the texts.

    An absent or null field is not; a number is unreadable.
    """
    names = {as_name(text) for text in wanted}

    @lru_cache(maxsize=1 << 16)
    def is_wanted(value: str) -> bool:
        return as_name(value) in names

    def check(members: Members) -> bool | None:
        answer: bool | None = False
        for field in fields:
            value = members.get(field)
            if type(value) is str:
                if is_wanted(value):
                    return True
            elif value is not None:
                answer = None
        return answer

    return lambda entries: list(map(check, entries))


def _from_one_of(networks: Sequence[Network]) -> Check:
    """Whether the address, or one that a proxy forwarded for, is in one of the networks.

    An absent or null one is not; other values are unreadable. A route that names no address has none.
    """

    @lru_cache(maxsize=1 << 16)
    def of_text(text: str) -> bool | None:
        addresses = read_address(text)
        return any(a in n for a in addresses for n in networks) if addresses else None

    @lru_cache(maxsize=1 << 12)
    def of_route(route: str) -> bool:
        return any(a in n for each in forwarded_addresses(route) for a in mapped(each) for n in networks)

    def check(members: Members) -> bool | None:
        value, route = members.get("user_ip"), members.get("user_access_route")
        if route and type(route) is str and of_route(route):
            return True
        if value is None:
            return False if route is None or type(route) is str else None
        answer = of_text(value) if type(value) is str else None
        return answer if answer or route is None or type(route) is str else None

    return lambda entries: list(map(check, entries))


def read_address(text: str) -> tuple[IPv4Address | IPv6Address, ...]:
    """An IPv4 or IPv6 address, and the IPv4 address that it maps (RFC 4291, section 2.5.5.2); else empty."""
    try:
        return mapped(ip_address(text))
    except ValueError:
        return ()


def mapped(address: IPv4Address | IPv6Address) -> tuple[IPv4Address | IPv6Address, ...]:
    """An address, and the IPv4 address that it maps, if it does."""
    inner = getattr(address, "ipv4_mapped", None)
    return (address, inner) if inner is not None else (address,)


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

UNSEEN = re.compile(
    rb"\xc2[\xa0\xad]|\xcd\x8f|\xd8\x9c|\xe1(?:\x85[\x9f\xa0]|\x9e[\xb4\xb5]|\xa0[\x8b-\x8f])"
    rb"|\xe2(?:\x80[\x87\x8b-\x8f\xaa-\xaf]|\x81[\xa0-\xaf])|\xe3\x85\xa4"
    rb"|\xef(?:\xb8[\x80-\x8f]|\xbb\xbf|\xbe\xa0|\xbf[\xb0-\xb8])"
    rb"|\xf0(?:\x9b\xb2[\xa0-\xa3]|\x9d\x85[\xb3-\xba])|\xf3\xa0[\x80-\xbf][\x80-\xbf]"
)
"""The characters that a person does not see, or takes for a space: between any two letters may be some."""

_UNSEEN_BEGIN = tuple(bytes([byte]) for byte in b"\xe2\xc2\xef\xd8\xe1\xcd\xe3\xf0\xf3")

LOOSE = {
    "ß".encode(): "s",
    "\u0149".encode(): "n",
    "\u017f".encode(): "s",
    "\u0130".encode(): "i",
    "\u01f0".encode(): "j",
    "\u1e96".encode()[:2]: "ahstwy",
    "\u037e".encode(): ";",
    "\u1fef".encode(): "`",
    "\u212a".encode(): "k",
    "\ufb00".encode()[:2]: "filst",
}
"""How characters beyond ASCII begin (in UTF-8) that are read as ASCII characters, and as which."""

_ASCII = re.compile(r"[\x00-\x7f]+")
_BEYOND, _ANYTHING = re.compile(rb"[\x80-\xff]"), re.compile(rb"\{")
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
        return _address(query.networks), _route(query.networks), _literal(_SOURCE)
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


def _unseen(text: bytes) -> Iterator[int]:
    """Every line with a character that a person does not see. To look for their first bytes is quick."""
    if not text.isascii() and any(begin in text for begin in _UNSEEN_BEGIN):
        yield from _pattern(UNSEEN)(text)


def _anywhere(wanted: str) -> tuple[Finder, ...]:
    """Lines that may have a text: those with its longest ASCII part, or with any byte beyond ASCII."""
    read = as_read(wanted)
    run = max(_ASCII.findall(read), key=len, default="")
    if not read or (not read.isascii() and len(run) < _MIN_RUN):
        return (_pattern(_BEYOND if read else _ANYTHING),)
    return _literal(_escaped(run)), *map(_literal, _loose(run)), _unseen


def _field(name: bytes, wanted: Sequence[str]) -> Finder:
    """Lines in which a field is one of some texts, or has a value that bytes can't decide."""
    names = list(map(as_name, wanted))
    exact = [b'" *%b *"' % re.escape(_escaped(text)) for text in names if text.isascii()]
    is_ascii = all(map(str.isascii, names))
    beyond = _with([*_loose("".join(names)), UNSEEN.pattern] if is_ascii else [rb"[\x80-\xff]"])
    of_ascii, of_any = (
        re.compile(rb'"%b":(?:%b)' % (name, b"|".join([*exact, _UNUSUAL, *more]))) for more in ([], [beyond])
    )

    def find(text: bytes) -> Iterator[int]:
        """Look for what is beyond ASCII only where there is something: that takes longer."""
        return _pattern(of_ascii if text.isascii() else of_any)(text)

    return find


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


def _route(networks: Sequence[Network]) -> Finder:
    """Lines with a route that may name an address of one of the networks."""
    begins = [re.escape(_prefix(n).rstrip(b'"')) for n in networks if isinstance(n, IPv4Network)]
    other = b"(?:(?!%b)[0-9., ])" % b"|".join(begins) if begins else b"[0-9., ]"
    return _pattern(re.compile(rb'"user_access_route":(?!null|"%b*+")' % other))


def _prefix(network: IPv4Network) -> bytes:
    """How every address of the network begins: its whole octets."""
    octets = str(network.network_address).split(".")[: network.prefixlen // 8]
    return b"".join(b"%b." % octet.encode() for octet in octets[:3]) + b"".join(
        b'%b"' % octet.encode() for octet in octets[3:]
    )


def _escaped(text: str) -> bytes:
    """A text as it stands in a canonical line, without its quotes."""
    return orjson.dumps(text)[1:-1]
