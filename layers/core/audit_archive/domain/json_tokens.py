"""The tokens of JSON (RFC 8259), and whether canonical JSON carries one exactly.

NaN, Infinity and -Infinity are not JSON, nor are raw control characters in a string, nor bytes that are not
UTF-8. But writers in the wild emit them, and an attacker chooses his user agent: they are taken here, and an
entry that holds one goes into a `_source` form instead of stopping the archive.
The patterns are possessive (`*+`): matching takes linear time and no memory to go back.
"""

import json
import re
from decimal import Decimal

import orjson

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
CONTROL = re.compile(rb"[\x00-\x1f]")  # a string may not hold it as it is
_SURROGATE = re.compile("[\ud800-\udfff]")
_CUT_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z")
_CUT_WORD = re.compile(rb"[-+.0-9A-Za-z]{0,8}\Z")  # a number goes on, or a word shorter than -Infinity
_MAX_NUMBER = 64  # characters; a longer one is padded with zeros at best, and takes the `_source` form


class NoTokenError(Exception):
    """There is no token where one is due, at `offset` of the text.

    `cut_off`: the text ends there, and more of it may still make a token.
    """

    def __init__(self, offset: int, what: str, *, cut_off: bool = False) -> None:
        super().__init__(what)
        self.offset = offset
        self.what = what
        self.cut_off = cut_off


def no_token(data: bytes, pos: int, wanted: str) -> NoTokenError:
    """Why there is no token where one is `wanted`: the text ends there, or a byte is wrong."""
    pos = skip_space(data, pos)
    if data[pos : pos + 1] == b'"':
        good = _BROKEN_STRING.match(data, pos)
        end = good.end() if good else pos
        if end == len(data) or _CUT_ESCAPE.match(data, end):
            return NoTokenError(pos, "a string does not end", cut_off=True)
        if data[end] != ord('"'):
            return NoTokenError(end, "a wrong escape in a string")
    cut_off = _CUT_WORD.match(data, pos) is not None
    return NoTokenError(pos, f"{wanted} is due, not {data[pos : pos + 1]!r}", cut_off=cut_off)


def no_key(data: bytes, pos: int) -> NoTokenError:
    """Why there is no key with a colon."""
    key = _WHOLE_STRING.match(data, skip_space(data, pos))
    return no_token(data, key.end(), "a colon") if key else no_token(data, pos, "a key")


def skip_space(data: bytes, pos: int) -> int:
    """The position of the next byte that is not white space."""
    match = _SKIP.match(data, pos)
    return match.end() if match else pos


def decode_string(token: bytes) -> str:
    """The text of a string token; half a surrogate pair stays one, a byte that is not UTF-8 becomes one."""
    if b"\\" not in token:
        return token[1:-1].decode("utf-8", "surrogateescape")
    text: str = json.loads(token.decode("utf-8", "surrogateescape"), strict=False)
    return text


def readable_string(token: bytes) -> str:
    """The text of a string token, U+FFFD for half a surrogate pair and for each byte that is not UTF-8."""
    text = decode_string(token)
    return text if token.isascii() and b"\\u" not in token else _SURROGATE.sub("\ufffd", text)


def is_exact_string(token: bytes) -> bool:
    """Whether a string has no raw control character, and no escape of half a surrogate pair."""
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
    """Whether canonical JSON writes the very same decimal number.

    Integers must lie in [-2**63, 2**64 - 1]. Others must be what the shortest spelling of the nearest
    double stands for: not 1e400, 1e-400 or 0.1 with twenty digits.
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
