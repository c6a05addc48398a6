"""The streaming reader of an export's JSON: batches of entries, in the order of the export.

An export is an array of entries, or an object with that array as its `audit_trail` (or null: no entries), or
one entry per line. It is compact or indented, with or without a byte order mark. `[]` and
`{"audit_trail":[]}` are empty trails. A text without any value is not: its body was lost, so it is an error.

Memory is bounded by the longest entry allowed. Time is linear: a text that ends too early to be read is read
again only when there is twice as much of it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import TypeVar

from audit_archive.errors import InvalidExportError
from audit_archive.export.json_batch import Joint, read_apart, read_fast
from audit_archive.export.json_entry import read_exact
from audit_archive.format.batch import Batch
from audit_archive.format.entry import Entry
from audit_archive.format.json_scan import (
    CONTROL,
    STRING,
    WS,
    NoTokenError,
    Scan,
    decode_string,
    missing_key,
    missing_token,
    skip_space,
)

BATCH_BYTES = 1 << 17
MAX_ENTRY_BYTES = 1 << 24

_BOM = b"\xef\xbb\xbf"
_TRAIL = "audit_trail"
_FIRST_LOOK = 1 << 12
_LEAST_REACH = 1 << 12
_MAX_SPACE = 80  # a separator with more white space is not worth a search
_KEY = re.compile(WS + rb"(" + STRING + rb")" + WS + rb":" + WS)
_AFTER = re.compile(WS + rb"([,}])" + WS)
_STRING = re.compile(STRING)
_COMMA_OR_END = re.compile(WS + rb"([,\]])" + WS)
_FIRST_KEY = re.compile(rb'\{[ \t\r\n]{0,40}"[^"\\]{0,40}"')

T = TypeVar("T")


def read_entries(
    chunks: Iterable[bytes], *, batch_bytes: int = BATCH_BYTES, max_entry_bytes: int = MAX_ENTRY_BYTES
) -> Iterator[Batch]:
    """The entries of an export's JSON, in non-empty batches of at most about `batch_bytes` of source.

    The batches are in the order of the export. A batch with descending ids may be turned around.
    `max_entry_bytes` bounds one entry together with the white space around the comma after it. Raises
    InvalidExportError, which names the byte or the id, for a text that is not an export of entries.
    """
    window = Window(chunks)
    shape, has_entries = open_trail(window, max_entry_bytes)
    if has_entries and window.peek() == b"]" and shape is not Shape.LINES:
        window.pos += 1
    elif has_entries:
        yield from _Batches(window, shape, batch_bytes, max_entry_bytes)
    close_trail(window, shape, max_entry_bytes)


class Window:
    """A window on a long text that arrives in chunks: the part in memory is `data` from `pos` on.

    `offset` is where `data[0]` stands in the whole text, in bytes. The reader of the window moves `pos`.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks: Iterator[bytes] = iter(chunks)
        self.data = b""
        self.pos = 0
        self.offset = 0
        self.ended = False

    def fill(self, size: int) -> None:
        """Take chunks until there are `size` bytes from `pos` on, or the text ends: then `ended` is True."""
        have = len(self.data) - self.pos
        if have >= size or self.ended:
            return
        parts = [self.data[self.pos :]]
        while have < size and not self.ended:
            chunk = next(self._chunks, None)
            self.ended = chunk is None
            parts.append(chunk or b"")
            have += len(parts[-1])
        self.offset += self.pos
        self.pos = 0
        self.data = b"".join(parts)

    def peek(self) -> bytes:
        """Skip white space, and give the byte that follows; `b""` at the end of the text."""
        while True:
            self.fill(1)
            self.pos = skip_space(self.data, self.pos)
            if self.left or self.ended:
                return self.data[self.pos : self.pos + 1]

    @property
    def left(self) -> int:
        """How many bytes are in memory from `pos` on."""
        return len(self.data) - self.pos

    @property
    def at(self) -> int:
        """Where `pos` stands in the whole text, in bytes."""
        return self.offset + self.pos


class Shape(Enum):
    """How an export holds its entries."""

    ARRAY = "array"
    """The entries are members of the outermost array."""
    ENVELOPE = "envelope"
    """The array is the member `audit_trail` of an object."""
    LINES = "lines"
    """The entries stand one after the other, with a line feed between two."""


def invalid_json(window: Window, fault: NoTokenError) -> InvalidExportError:
    """The error for a text that is not JSON. The fault's offset is a position in the window's data."""
    why = "is cut off" if fault.cut_off else "is broken"
    return InvalidExportError(f"The export's JSON {why} at byte {window.offset + fault.offset}: {fault.what}")


def open_trail(window: Window, max_bytes: int) -> tuple[Shape, bool]:
    """Move the window to where the entries begin. Returns their shape, and whether there may be any.

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
        found = repr(window.data[window.pos : window.pos + 20]) if first else "no text"
        raise InvalidExportError(
            f"The export's JSON must begin with [ or {{; there is {found} at byte {window.at}"
        )
    start = _read_whole(_find_trail, window, max_bytes)
    if start is None:
        return Shape.LINES, True
    _move_to(window, start)
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
    """Check that only the other members of the envelope follow the entries, and then the text ends.

    Raises InvalidExportError for anything else, and for a member of more than `max_bytes`.
    """
    while shape is Shape.ENVELOPE and window.peek() != b"}":
        name, start = _read_whole(_next_key, window, max_bytes)
        _move_to(window, start)
        if name == _TRAIL:
            raise InvalidExportError(f"A second `{_TRAIL}` begins at byte {window.at} of the export's JSON")
        _take_value(window, max_bytes)
    if shape is Shape.ENVELOPE:
        window.pos += 1
    if window.peek():
        rest = window.data[window.pos : window.pos + 20]
        raise InvalidExportError(f"The export's JSON ended, but {rest!r} follows at byte {window.at}")


def _read_whole(read: Callable[[bytes, int], T], window: Window, max_bytes: int) -> T:
    """Call `read` on the window until the text suffices; each time there is twice as much of it.

    `read` raises a NoTokenError with `cut_off` if it needs more. Raises InvalidExportError if it needs more
    than `max_bytes`, or if the text is not JSON.
    """
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
    """Where the value of the object's `audit_trail` begins; None if an `id` comes first: it is an entry."""
    pos = start + 1
    while True:
        key = _KEY.match(data, pos)
        if key is None:
            if data[skip_space(data, pos) :][:1] == b"}":
                raise NoTokenError(start, f"an object with neither `{_TRAIL}` nor `id`")
            raise missing_key(data, pos)
        name = decode_string(key[1])
        if name in (_TRAIL, "id"):
            return key.end() if name == _TRAIL else None
        pos = Scan(data, key.end()).end
        after = _AFTER.match(data, pos)
        if after is None:
            raise missing_token(data, pos, "a comma or }")
        pos = after.end() if after[1] == b"," else after.start(1)


def _next_key(data: bytes, pos: int) -> tuple[str, int]:
    """The key after a comma at `pos`, and where its value begins."""
    if data[pos : pos + 1] not in (b",", b""):
        raise NoTokenError(pos, "expected a comma or }")
    key = _KEY.match(data, pos + 1)
    if key is None:
        raise missing_key(data, pos + 1)
    if key.end() == len(data):
        raise NoTokenError(key.end(), "expected a value", cut_off=True)
    return decode_string(key[1]), key.end()


def _take_value(window: Window, max_bytes: int) -> bytes:
    """Move the window past the value that begins there, and give the value's source text."""

    def read(data: bytes, pos: int) -> bytes:
        end = Scan(data, pos).end
        if end == len(data) and data[end - 1 :] not in (b"}", b"]", b'"') and not window.ended:
            raise NoTokenError(pos, "a number may go on", cut_off=True)
        return data[pos:end]

    value = _read_whole(read, window, max_bytes)
    _move_to(window, window.pos + len(value))
    return value


def _move_to(window: Window, end: int) -> None:
    """Move the window to `end` of its data. Raises InvalidExportError unless that passes strict JSON.

    Around the entries there is no `_source` form to fall back on, so what the scan tolerates is refused.
    """
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


class _Batches:
    """Reads the entries step by step. Between two steps the window stands where an entry must begin."""

    def __init__(self, window: Window, shape: Shape, batch_bytes: int, max_entry_bytes: int) -> None:
        self._window = window
        self._lines = shape is Shape.LINES
        self._batch_bytes = batch_bytes
        self._max_entry_bytes = max_entry_bytes
        self._wanted = batch_bytes  # how much text the next step needs
        # How far the next step goes. Where a batch can't be cut into entries, each step tries less, so that
        # the exact path, which is many times slower, only reads what is around that place.
        self._reach = self._least = min(batch_bytes, _LEAST_REACH)
        # What stood between the last two entries, with the first key of the second: nested values rarely
        # look like that.
        self._joint: Joint | None = None
        self._closed = False

    def __iter__(self) -> Iterator[Batch]:
        while not self._closed:
            self._window.peek()
            self._window.fill(self._wanted)
            batch = self._fast() or self._exact()
            if batch:
                yield batch

    def _fast(self) -> Batch | None:
        """Read up to the last separator in reach; None if that is not possible or not safe."""
        window, joint = self._window, self._joint
        if joint is None:
            return None
        end = window.data.rfind(joint.separator, window.pos, window.pos + self._reach) + 1
        length = end - window.pos
        # A short batch would leave much to be read again; the exact path takes all there is.
        if length <= 0 or 2 * length < min(window.left, self._reach):
            return None
        if length + joint.between > self._max_entry_bytes:
            return None
        source = window.data[window.pos : end]
        batch = read_fast(source, joint, window.at)
        if batch is None:
            batch, length = read_apart(source, joint, window.at)
        is_whole = window.pos + length == end
        self._reach = (
            min(2 * self._reach, self._batch_bytes) if is_whole else max(self._reach // 4, self._least)
        )
        if batch is not None:
            window.pos, self._wanted = window.pos + length + joint.between * is_whole, self._batch_bytes
        return batch

    def _exact(self) -> Batch:
        """Read entry by entry, as far as the window goes; no entry if it does not hold a whole one yet."""
        window, entries = self._window, list[Entry]()
        pos = last_end = window.pos
        self._wanted = self._batch_bytes
        try:
            while pos - window.pos < self._reach and not self._closed:
                entry, end = read_exact(window.data, pos, window.offset)
                after = self._after(end)
                self._check_length(pos, after)
                entries.append(entry)
                pos, last_end = after, end
        except NoTokenError as fault:
            if not fault.cut_off or window.ended:
                raise invalid_json(window, fault) from fault
            self._check_length(pos, len(window.data))
            self._wanted = max(self._batch_bytes, 2 * (len(window.data) - pos))
        window.pos = pos
        if entries:
            self._learn(last_end, pos)
        return Batch.of(entries)

    def _after(self, end: int) -> int:
        """Where the next entry must begin, after one that ended at `end`. Notes if that was the last one."""
        data = self._window.data
        if self._lines:
            pos = skip_space(data, end)
            self._closed = pos == len(data) and self._window.ended
            if pos < len(data) and b"\n" not in data[end:pos]:
                raise NoTokenError(pos, "expected a line feed between two entries")
            if pos == len(data) and not self._closed:
                raise NoTokenError(pos, "expected an entry, or the end", cut_off=True)
            return pos
        match = _COMMA_OR_END.match(data, end)
        if match is None:
            raise missing_token(data, end, "a comma or ]")
        self._closed = match[1] == b"]"
        return match.end(1) if self._closed else match.end()

    def _learn(self, end: int, pos: int) -> None:
        """Remember what stands between the entry that ended at `end` and the one that begins at `pos`."""
        key = _FIRST_KEY.match(self._window.data, pos)
        if key is not None and pos - end <= _MAX_SPACE:
            self._joint = Joint(b"}" + self._window.data[end : key.end()], pos - end, self._lines)
        else:
            self._joint = None

    def _check_length(self, start: int, end: int) -> None:
        if end - start > self._max_entry_bytes:
            raise InvalidExportError(
                f"The entry at byte {self._window.offset + start} of the export's JSON is longer than"
                f" {self._max_entry_bytes} bytes"
            )
