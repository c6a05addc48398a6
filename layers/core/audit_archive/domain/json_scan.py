"""The exact path: one pass over one value's source text, token by token, without recursion.

It checks the grammar (but not UTF-8), finds where the value ends and where its known members are, and
whether canonical JSON carries it exactly. Memory: a byte per open level, and the keys of the open objects
while the value may still be carried.
"""

import re

from audit_archive.domain.canonical import SOURCE_KEYS
from audit_archive.domain.json_tokens import (
    LITERAL,
    NON_FINITE,
    NUMBER,
    STRING,
    WS,
    NoTokenError,
    decode_string,
    is_exact_number,
    is_exact_string,
    no_key,
    no_token,
    skip_space,
)

FIELDS = frozenset(
    {"id", "action_type", "message", "timestamp", "user", "user_ip", "user_browser_agent"}
    | {"user_browser_language", "flock_id", "additional_information", "flock_name", "user_access_route"}
)
MAX_DEPTH = 128  # levels that a carried entry may have, itself included: well below orjson's 254
MAX_CARRIED = 1 << 20  # bytes of source that a carried entry may have: parsed, it takes many times as much

_KEY = re.compile(WS + rb"(" + STRING + rb")" + WS + rb":" + WS)
_VALUE = rb"(?:(" + STRING + rb")|(" + NUMBER + rb")|(?:" + LITERAL + rb")|(" + NON_FINITE + rb"))"
_SCALAR = re.compile(_VALUE)
_MEMBER = re.compile(WS + rb"(" + STRING + rb")" + WS + rb":" + WS + rb"()" + _VALUE + rb"()" + WS + rb"(,?)")
_AFTER = re.compile(WS + rb"([,}\]])" + WS)
_OPENER = {ord("}"): ord("{"), ord("]"): ord("[")}


class Scan:
    """What the pass over one value found out.

    `end` is the position after the value. `exact`: canonical JSON carries it, if it is UTF-8. For an object:
    `members` is where the values of its `FIELDS` start and end (the last one, if a key comes twice), `ids`
    how often it has an `id`, `unknown` whether it has other members, `nested` whether one is an object or an
    array.
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
        pos, due = start, True  # due: a value must begin at pos; else one has just ended there
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
            raise no_token(self._data, pos, "a value")
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
            raise no_token(self._data, pos, "a comma or a closing bracket")
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
        """Take members whose values are scalars, one match each; and the key of one whose value is none."""
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
            raise no_key(self._data, pos)
        self._key(lone[1], lone.end())
        return lone.end(), True

    def _key(self, token: bytes, start: int) -> None:
        """Note a key, whose value begins at `start`."""
        name = decode_string(token)
        if self.exact:  # no longer than it may be, or the keys of a long entry would fill the memory
            self.exact = start <= self._limit and is_exact_string(token) and name not in self._keys[-1]
            self._keys[-1].add(name)
        if len(self._stack) == 1:
            self._note(name, start)

    def _note(self, name: str, start: int) -> None:
        """Note the start of a member of the outermost object."""
        self._member = (name, start) if name in FIELDS else None
        self.unknown = self.unknown or name not in FIELDS
        self.exact = self.exact and name not in SOURCE_KEYS
        self.ids += name == "id"


def _is_exact(string: bytes | None, number: bytes | None, non_finite: bytes | None) -> bool:
    """Whether canonical JSON carries a scalar token; the one of the three that it is, or a literal."""
    if string is not None:
        return is_exact_string(string)
    if number is not None:
        return is_exact_number(number)
    return non_finite is None
