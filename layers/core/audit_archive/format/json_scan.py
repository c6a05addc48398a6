"""JSON token by token: one pass over one value's source text, without recursion.

`Scan` checks the grammar (but not UTF-8). It finds where the value ends, where its known members are, and
whether canonical JSON carries the value exactly. Memory: a byte per open level, and the keys of the open
objects while the value may still be carried.

The grammar is that of RFC 8259, and more. NaN, Infinity and -Infinity are not JSON, nor are raw control
characters in a string, nor bytes that are not UTF-8. But writers in the wild emit them, and an attacker
chooses their own user agent. They are taken here, so that an entry that holds one goes into a `_source` form
and does not stop the archive.
"""

import json
import re
from decimal import Decimal

import orjson

from audit_archive.format.canonical import SOURCE_KEYS

# The patterns are possessive (`*+`): matching takes linear time and no memory to go back.
WS = rb"[ \t\n\r]*+"
_ESCAPE = rb'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})'
_PLAIN = rb'[^"\\]*+'
_OPEN_STRING = rb'"' + _PLAIN + rb"(?:" + _ESCAPE + _PLAIN + rb")*+"
STRING = _OPEN_STRING + rb'"'
NUMBER = rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?"
LITERAL = rb"true|false|null"
NON_FINITE = rb"-?Infinity|NaN"

_SKIP = re.compile(WS)
_WHOLE_STRING = re.compile(STRING)
_BROKEN_STRING = re.compile(_OPEN_STRING)
CONTROL = re.compile(rb"[\x00-\x1f]")  # in a JSON string only as an escape
_SURROGATE = re.compile("[\ud800-\udfff]")
_CUT_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_CUT_WORD = re.compile(rb"[-+.0-9A-Za-z]{0,8}\Z")  # the start of a number, or of a word up to -Infinity
_MAX_NUMBER = 64  # characters; a longer number is padded with zeros at best: it takes the `_source` form


class NoTokenError(Exception):
    """No token begins at `offset` of the text, although one must.

    `cut_off`: the text ends there, so that more of it may still make a token.
    """

    def __init__(self, offset: int, what: str, *, cut_off: bool = False) -> None:
        super().__init__(what)
        self.offset = offset
        self.what = what
        self.cut_off = cut_off


def missing_token(data: bytes, pos: int, expected: str) -> NoTokenError:
    """The error for a position without the expected token: the text ends there, or a byte is wrong."""
    pos = skip_space(data, pos)
    if data[pos : pos + 1] == b'"':
        good = _BROKEN_STRING.match(data, pos)
        end = good.end() if good else pos
        if end == len(data) or _CUT_ESCAPE.match(data, end):
            return NoTokenError(pos, "a string does not end", cut_off=True)
        if data[end] != ord('"'):
            return NoTokenError(end, "a string has an invalid escape")
    cut_off = _CUT_WORD.match(data, pos) is not None
    return NoTokenError(pos, f"expected {expected}, found {data[pos : pos + 1]!r}", cut_off=cut_off)


def missing_key(data: bytes, pos: int) -> NoTokenError:
    """The error for a position without a key and its colon."""
    key = _WHOLE_STRING.match(data, skip_space(data, pos))
    return missing_token(data, key.end(), "a colon") if key else missing_token(data, pos, "a key")


def skip_space(data: bytes, pos: int) -> int:
    """The position of the next byte that is not white space."""
    match = _SKIP.match(data, pos)
    return match.end() if match else pos


def decode_string(token: bytes) -> str:
    """The text of a string token. Half a surrogate pair stays; a byte that is not UTF-8 becomes one."""
    if b"\\" not in token:
        return token[1:-1].decode("utf-8", "surrogateescape")
    text: str = json.loads(token.decode("utf-8", "surrogateescape"), strict=False)
    return text


def readable_string(token: bytes) -> str:
    """The text of a string token, with U+FFFD for half a surrogate pair and for each byte not UTF-8."""
    text = decode_string(token)
    return text if token.isascii() and b"\\u" not in token else _SURROGATE.sub("\ufffd", text)


def is_exact_string(token: bytes) -> bool:
    """Whether a string token has neither a raw control character nor an escape of half a surrogate pair."""
    if CONTROL.search(token):
        return False
    if b"\\u" not in token:
        return True
    try:
        decode_string(token).encode()
    except UnicodeEncodeError:
        return False
    return True


def is_exact_number(token: bytes) -> bool:
    """Whether canonical JSON writes the same decimal number as a number token.

    An integer must lie in [-2**63, 2**64 - 1]. Any other number must be what the shortest spelling of the
    nearest double stands for: not 1e400, not 1e-400, not 0.1 with twenty digits.
    """
    if len(token) > _MAX_NUMBER:
        return False
    text = token.decode("ascii").lower()
    if "." not in text and "e" not in text:
        return -(2**63) <= int(text) < 2**64
    value = float(text)
    if value == 0.0:  # its exponent may be beyond what Decimal takes
        return not text.split("e")[0].strip("-0.")
    return abs(value) != float("inf") and Decimal(text) == Decimal(orjson.dumps(value).decode())


ENTRY_FIELDS = frozenset(
    {"id", "action_type", "message", "timestamp", "user", "user_ip", "user_browser_agent"}
    | {"user_browser_language", "flock_id", "additional_information", "flock_name", "user_access_route"}
)
MAX_DEPTH = 128  # levels that a carried entry may have, itself included: well below orjson's 254
MAX_CARRIED = 1 << 20  # bytes of source that a carried entry may have; parsed, it takes many times as much

_KEY = re.compile(WS + rb"(" + STRING + rb")" + WS + rb":" + WS)
_VALUE = rb"(?:(" + STRING + rb")|(" + NUMBER + rb")|(?:" + LITERAL + rb")|(" + NON_FINITE + rb"))"
_SCALAR = re.compile(_VALUE)
_MEMBER = re.compile(WS + rb"(" + STRING + rb")" + WS + rb":" + WS + rb"()" + _VALUE + rb"()" + WS + rb"(,?)")
_AFTER = re.compile(WS + rb"([,}\]])" + WS)
_OPENER = {ord("}"): ord("{"), ord("]"): ord("[")}


class Scan:
    """What one pass over a value found out.

    `end` is the position after the value. `exact`: canonical JSON carries the value, if it is UTF-8. For an
    object: `members` is where the values of its `ENTRY_FIELDS` start and end (the last one, if a key comes
    twice), `ids` is how often it has an `id`, `unknown` is whether it has other members, and `nested` is
    whether a member is an object or an array.
    """

    def __init__(self, data: bytes, start: int) -> None:
        """Scan the value that starts at `start`. Raises NoTokenError."""
        self.exact, self.nested, self.unknown, self.ids = True, False, False, 0
        self.members: dict[str, tuple[int, int]] = {}
        self._data = data
        self._limit = start + MAX_CARRIED
        self._stack = bytearray()
        self._keys: list[set[str]] = []
        self._member: tuple[str, int] | None = None
        pos, due = start, True  # due: a value must begin at pos; otherwise one has just ended there
        while due or self._stack:
            pos, due = self._value(pos) if due else self._after(pos)
        self.end = pos
        self.exact = self.exact and pos <= self._limit

    def _value(self, pos: int) -> tuple[int, bool]:
        """Take a scalar, or what opens a container."""
        match = _SCALAR.match(self._data, pos)
        if match is None:
            return self._open(pos)
        if self.exact:
            self.exact = _is_exact(*match.groups())
        return self._done(match.end())

    def _open(self, pos: int) -> tuple[int, bool]:
        """Take `{` and the first key, or `[`; an empty container ends at once."""
        opener = self._data[pos : pos + 1]
        if opener not in (b"{", b"["):
            raise missing_token(self._data, pos, "a value")
        self._stack += opener
        self.exact = self.exact and len(self._stack) <= MAX_DEPTH
        self.nested = self.nested or len(self._stack) > 1
        if self.exact:
            self._keys.append(set())
        pos = skip_space(self._data, pos + 1)
        if self._data[pos : pos + 1] == (b"}" if opener == b"{" else b"]"):
            return self._close(pos + 1)
        return self._members(pos) if opener == b"{" else (pos, True)

    def _after(self, pos: int) -> tuple[int, bool]:
        """Go on after a value: take a comma and the next key, or what closes the container."""
        match = _AFTER.match(self._data, pos)
        if match is None:
            raise missing_token(self._data, pos, "a comma or a closing bracket")
        mark = match[1][0]
        if mark == ord(","):
            return self._members(match.end()) if self._stack[-1] == ord("{") else (match.end(), True)
        if _OPENER[mark] != self._stack[-1]:
            raise NoTokenError(match.start(1), f"{match[1]!r} closes what it did not open")
        return self._close(match.end(1))

    def _close(self, pos: int) -> tuple[int, bool]:
        self._stack.pop()
        if self.exact:
            self._keys.pop()
        return self._done(pos)

    def _done(self, pos: int) -> tuple[int, bool]:
        """Note the end of a member of the outermost object."""
        if self._member and len(self._stack) == 1:
            name, start = self._member
            self.members[name] = (start, pos)
        return pos, False

    def _members(self, pos: int) -> tuple[int, bool]:
        """Take members with scalar values, one match each, and then the key of a member with a container."""
        while match := _MEMBER.match(self._data, pos):
            key, _, string, number, non_finite, _, comma = match.groups()
            self._key(key, match.start(2))
            if self.exact:
                self.exact = _is_exact(string, number, non_finite)
            self._done(match.end(6))
            if not comma:
                return match.end(), False
            pos = match.end()
        lone = _KEY.match(self._data, pos)
        if lone is None:
            raise missing_key(self._data, pos)
        self._key(lone[1], lone.end())
        return lone.end(), True

    def _key(self, token: bytes, start: int) -> None:
        """Note a key, whose value begins at `start`."""
        name = decode_string(token)
        if self.exact:  # no longer than it can be exact: the keys of a long entry would fill the memory
            self.exact = start <= self._limit and is_exact_string(token) and name not in self._keys[-1]
            self._keys[-1].add(name)
        if len(self._stack) == 1:
            self._note(name, start)

    def _note(self, name: str, start: int) -> None:
        """Note the start of a member of the outermost object."""
        self._member = (name, start) if name in ENTRY_FIELDS else None
        self.unknown = self.unknown or name not in ENTRY_FIELDS
        self.exact = self.exact and name not in SOURCE_KEYS
        self.ids += name == "id"


def _is_exact(string: bytes | None, number: bytes | None, non_finite: bytes | None) -> bool:
    """Whether canonical JSON carries a scalar token: one of the three, or else a literal."""
    if string is not None:
        return is_exact_string(string)
    if number is not None:
        return is_exact_number(number)
    return non_finite is None
