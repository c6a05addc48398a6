"""The entries of an export's JSON by the standard library: every value with its source text.

A byte that is not UTF-8 stands in the text as `surrogateescape` has it; that, and raw control characters in
strings, may be in an entry and nowhere else.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

Found: TypeAlias = list[tuple[Any, str]]
"""Each entry's value and its source text."""

_SPACE = re.compile(r"[ \t\n\r]*")


class Number(str):
    """A number as it is spelled."""

    __slots__ = ()


class Pairs(list[tuple[str, Any]]):
    """The members of an object, equal keys and all."""


_HOOKS: dict[str, Any] = {"object_pairs_hook": Pairs, "parse_int": Number, "parse_float": Number}
_DECODER = json.JSONDecoder(**_HOOKS, strict=False)
_STRICT = json.JSONDecoder(**_HOOKS)
_NO_UTF8 = re.compile("[\udc80-\udcff]")


def entries(text: str) -> Found:
    """The entries of an array, of an envelope, or of lines. Raises ValueError for anything else."""
    cursor = Cursor(text)
    if cursor.peek() == "[":
        found = _array(cursor)
    elif _first_mark(Cursor(text)) == "id":
        found = list(_lines(cursor))
    else:
        found = _envelope(cursor)
    if cursor.peek():
        raise ValueError(f"something follows at {cursor.at}")
    return found


class Cursor:
    """A position in a text, which moves over what is taken."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.at = 0

    def space(self) -> str:
        """Take white space."""
        match = _SPACE.match(self._text, self.at)
        assert match is not None
        self.at = match.end()
        return match[0]

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        self.space()
        return self._text[self.at : self.at + 1]

    def take(self, word: str) -> bool:
        """Take a word, if it is there."""
        self.space()
        is_there = self._text.startswith(word, self.at)
        self.at += len(word) if is_there else 0
        return is_there

    def expect(self, characters: str) -> str:
        """Take one of these characters. Raises ValueError if none is there."""
        found = self.peek()
        if not found or found not in characters:
            raise ValueError(f"{found!r} at {self.at}, not one of {characters}")
        self.at += 1
        return found

    def value(self) -> tuple[Any, str]:
        """Take any value. Raises ValueError if none is there."""
        self.space()
        start = self.at
        value, self.at = _DECODER.raw_decode(self._text, start)
        return value, self._text[start : self.at]

    def strict(self) -> Any:
        """Take a value around the entries. Raises ValueError if it is not JSON to the letter."""
        self.space()
        start = self.at
        value, self.at = _STRICT.raw_decode(self._text, start)
        if _NO_UTF8.search(self._text, start, self.at):
            raise ValueError(f"not UTF-8 behind {start}")
        return value


def _array(cursor: Cursor) -> Found:
    cursor.expect("[")
    found: Found = []
    if cursor.take("]"):
        return found
    while True:
        found.append(cursor.value())
        if cursor.expect("],") == "]":
            return found


def _keys(cursor: Cursor, *, strict: bool = True) -> Iterator[str]:
    """The keys of an object; whoever asks for the next must have taken the value."""
    cursor.expect("{")
    if cursor.take("}"):
        return
    while True:
        if cursor.peek() != '"':
            raise ValueError(f"no key at {cursor.at}")
        key = cursor.strict() if strict else cursor.value()[0]
        cursor.expect(":")
        yield key
        if cursor.expect("},") == "}":
            return


def _first_mark(cursor: Cursor) -> str:
    """Which mark an object has first: an entry's `id`, or an envelope's `audit_trail`."""
    for key in _keys(cursor, strict=False):
        if key in ("id", "audit_trail"):
            return key
        cursor.value()
    raise ValueError("an object with neither mark")


def _lines(cursor: Cursor) -> Iterator[tuple[Any, str]]:
    while cursor.peek():
        yield cursor.value()
        if "\n" not in cursor.space() and cursor.peek():
            raise ValueError(f"no line feed before {cursor.at}")


def _envelope(cursor: Cursor) -> Found:
    found: Found | None = None
    for key in _keys(cursor):
        if key != "audit_trail":
            cursor.strict()
        elif found is not None:
            raise ValueError("a second audit_trail")
        else:
            found = [] if cursor.take("null") else _array(cursor)
    return found or []
