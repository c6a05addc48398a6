"""Which lines of a text may match a query, found in the bytes: only those need be parsed.

It may give a line too many, and never one too few. Lines are canonical JSON, so a value is spelled in one
way: in UTF-8, with no escapes but the required ones. Ignoring case is the difficulty:

* In lower case (ASCII), a text that is all ASCII is its own case folding. So a wanted text is looked for in
  the lower-cased bytes.
* A character that is not ASCII may fold to ASCII: the Kelvin sign to `k`, the sharp s to `ss`. A line with
  one that may stand for a wanted letter (LOOSE) is a candidate.
* A line in a `_source` form spells as it likes, and is always a candidate.
* A value that can't be read must be judged, and counted: every value of an unusual kind is a candidate.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Network
from typing import TypeAlias

import orjson

from audit_archive.domain.canonical import SOURCE_KEY
from audit_archive.domain.query import Network, Query

Finder: TypeAlias = Callable[[bytes], Iterator[int]]
"""Yields positions in a lower-cased text, ascending; each stands for the line that it is in."""

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
    """The finders of one of the query's filters, the one that most likely lets the fewest lines pass."""
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
    """A line each that has these bytes."""

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
    """Lines with a text somewhere: by the longest part of it that is ASCII, or else by any that is not."""
    folded = wanted.casefold()
    run = max(_ASCII.findall(folded), key=len, default="")
    if not folded.isascii() and len(run) < _MIN_RUN:
        return (_pattern(_BEYOND),)
    return _literal(_escaped(run)), *map(_literal, _loose(run))


def _field(name: bytes, wanted: Sequence[str]) -> Finder:
    """Lines in which a field is one of some texts, or can't be compared in bytes."""
    folded = [text.casefold() for text in wanted]
    texts = [b'"%b"' % re.escape(_escaped(text)) for text in folded if text.isascii()]
    others = [
        _UNUSUAL,
        _with(_loose("".join(folded)) if all(map(str.isascii, folded)) else [rb"[\x80-\xff]"]),
    ]
    return _pattern(re.compile(rb'"%b":(?:%b)' % (name, b"|".join([*texts, *filter(None, others)]))))


def _loose(letters: str) -> list[bytes]:
    """How the characters beyond ASCII begin that may stand for one of these letters."""
    return [begin for begin, those in LOOSE.items() if not set(those).isdisjoint(letters)]


def _with(pieces: Sequence[bytes]) -> bytes:
    """A string that has one of these pieces, none of which is ASCII; nothing for no pieces."""
    any_of = b"|".join(pieces)
    return rb'"(?:[^"\\\x80-\xff]++|\\.|(?!%b)[\x80-\xff])*+(?:%b)' % (any_of, any_of) if pieces else b""


def _address(networks: Sequence[Network]) -> Finder:
    """Lines whose address is no plain IPv4 address, or one that begins as one of the networks does."""
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
