"""What is around the entries of an export: a bare array, an object with `audit_trail`, or nothing."""

import re
from collections.abc import Callable
from enum import Enum
from typing import TypeVar

from audit_archive.domain.json_scan import Scan
from audit_archive.domain.json_tokens import (
    CONTROL,
    STRING,
    WS,
    NoTokenError,
    decode_string,
    no_key,
    no_token,
    skip_space,
)
from audit_archive.domain.json_window import Window
from audit_archive.errors import InvalidExportError

_BOM = b"\xef\xbb\xbf"
_TRAIL = "audit_trail"
_FIRST_LOOK = 1 << 12
_KEY = re.compile(WS + rb"(" + STRING + rb")" + WS + rb":" + WS)
_AFTER = re.compile(WS + rb"([,}])" + WS)
_STRING = re.compile(STRING)

T = TypeVar("T")


class Shape(Enum):
    """How an export holds its entries."""

    ARRAY = "array"
    ENVELOPE = "envelope"  # the array is the member `audit_trail` of an object
    LINES = "lines"


def invalid_json(window: Window, fault: NoTokenError) -> InvalidExportError:
    """The error for a text that is no JSON; the fault's offset is one in the window's data."""
    why = "is cut off" if fault.cut_off else "is broken"
    return InvalidExportError(f"The export's JSON {why} at byte {window.offset + fault.offset}: {fault.what}")


def open_trail(window: Window, max_bytes: int) -> tuple[Shape, bool]:
    """Move the window to where the entries begin; tell their shape, and whether there may be any.

    At most `max_bytes` may come before them. Raises InvalidExportError.
    """
    window.fill(len(_BOM))
    if window.data.startswith(_BOM):
        window.pos = len(_BOM)
    first = window.peek()
    if first == b"[":
        window.pos += 1
        return Shape.ARRAY, True
    if first != b"{":
        found = repr(window.data[window.pos : window.pos + 20]) if first else "nothing at all"
        raise InvalidExportError(
            f"The export's JSON must begin with [ or {{; at byte {window.at} there is {found}"
        )
    start = _patiently(_find_trail, window, max_bytes)
    if start is None:
        return Shape.LINES, True
    _pass(window, start)
    if window.peek() == b"[":
        window.pos += 1
        return Shape.ENVELOPE, True
    at, value = window.at, _take_value(window, max_bytes)
    if value != b"null":
        raise InvalidExportError(
            f"`{_TRAIL}` at byte {at} of the export's JSON is neither an array nor null: {value[:20]!r}"
        )
    return Shape.ENVELOPE, False


def close_trail(window: Window, shape: Shape, max_bytes: int) -> None:
    """Check what follows the entries: the other members of the envelope, then nothing.

    Raises InvalidExportError for anything else; a member may have at most `max_bytes`.
    """
    while shape is Shape.ENVELOPE and window.peek() != b"}":
        name, start = _patiently(_next_key, window, max_bytes)
        _pass(window, start)
        if name == _TRAIL:
            raise InvalidExportError(f"A second `{_TRAIL}` begins at byte {window.at} of the export's JSON")
        _take_value(window, max_bytes)
    if shape is Shape.ENVELOPE:
        window.pos += 1
    if window.peek():
        rest = window.data[window.pos : window.pos + 20]
        raise InvalidExportError(f"The export's JSON ended, but {rest!r} follows at byte {window.at}")


def _patiently(read: Callable[[bytes, int], T], window: Window, max_bytes: int) -> T:
    """Let `read` look at the window until it need not ask for more; each time there is twice as much."""
    size = _FIRST_LOOK
    while True:
        window.fill(size)
        try:
            return read(window.data, window.pos)
        except NoTokenError as fault:
            if not fault.cut_off or window.ended:
                raise invalid_json(window, fault) from fault
            if window.left > max_bytes:
                raise InvalidExportError(
                    f"What begins at byte {window.at} of the export's JSON is longer than {max_bytes} bytes"
                ) from fault
        size = 2 * window.left


def _find_trail(data: bytes, start: int) -> int | None:
    """Where the value of the object's `audit_trail` begins; None if its `id` comes first: an entry."""
    pos = start + 1
    while True:
        key = _KEY.match(data, pos)
        if key is None:
            if data[skip_space(data, pos) :][:1] == b"}":
                raise NoTokenError(start, f"an object with neither `{_TRAIL}` nor `id`")
            raise no_key(data, pos)
        name = decode_string(key[1])
        if name in (_TRAIL, "id"):
            return key.end() if name == _TRAIL else None
        pos = Scan(data, key.end()).end
        after = _AFTER.match(data, pos)
        if after is None:
            raise no_token(data, pos, "a comma or }")
        pos = after.end() if after[1] == b"," else after.start(1)


def _next_key(data: bytes, pos: int) -> tuple[str, int]:
    """The key after a comma at `pos`, and where its value begins."""
    if data[pos : pos + 1] not in (b",", b""):
        raise NoTokenError(pos, "a comma or } is due")
    key = _KEY.match(data, pos + 1)
    if key is None:
        raise no_key(data, pos + 1)
    if key.end() == len(data):
        raise NoTokenError(key.end(), "a value is due", cut_off=True)
    return decode_string(key[1]), key.end()


def _take_value(window: Window, max_bytes: int) -> bytes:
    """Move the window past the value that begins there; its source text."""

    def read(data: bytes, pos: int) -> bytes:
        end = Scan(data, pos).end
        if end == len(data) and data[end - 1 :] not in (b"}", b"]", b'"') and not window.ended:
            raise NoTokenError(pos, "a number may go on", cut_off=True)
        return data[pos:end]

    value = _patiently(read, window, max_bytes)
    _pass(window, window.pos + len(value))
    return value


def _pass(window: Window, end: int) -> None:
    """Move the window to `end` of its data, over whole tokens that must be JSON to the letter."""
    passed = window.data[window.pos : end]
    _check_utf8(passed, window.at)
    for string in _STRING.finditer(passed):
        if control := CONTROL.search(passed, *string.span()):
            fault = NoTokenError(window.pos + control.start(), "a control character in a string")
            raise invalid_json(window, fault)
    window.pos = end


def _check_utf8(source: bytes, at: int) -> None:
    """Raise InvalidExportError unless what begins at byte `at` of the export is UTF-8."""
    try:
        source.decode()
    except UnicodeDecodeError as error:
        raise InvalidExportError(
            f"Byte {at + error.start} of the export's JSON is not valid UTF-8 ({error.reason}),"
            f" in what begins at byte {at}"
        ) from error
