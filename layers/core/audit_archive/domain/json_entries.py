"""The streaming reader of an export's JSON: batches of entries, in the order of the export.

What may come: an array of entries; an object whose `audit_trail` is that array (or null: no entries); one
entry per line. Compact or indented, with or without a byte order mark. `[]` and `{"audit_trail":[]}` are
empty trails; a text without any value is not: it is a lost body, and an error.

Memory is bounded by the longest entry allowed. Time is linear: a text that can't be read yet is read
again only when there is twice as much of it.
"""

import re
from collections.abc import Iterable, Iterator

from audit_archive.domain.entry import Entry
from audit_archive.domain.json_envelope import Shape, close_trail, invalid_json, open_trail
from audit_archive.domain.json_exact import read_exact
from audit_archive.domain.json_fast import read_fast
from audit_archive.domain.json_tokens import WS, NoTokenError, no_token, skip_space
from audit_archive.domain.json_window import Window
from audit_archive.errors import InvalidExportError

BATCH_BYTES = 1 << 16
MAX_ENTRY_BYTES = 1 << 24

_COMMA_OR_END = re.compile(WS + rb"([,\]])" + WS)
_FIRST_KEY = re.compile(rb'\{[ \t\r\n]{0,40}"[^"\\]{0,40}"')
_LEAST_REACH = 1 << 12
_MAX_SPACE = 80  # a separator with more than that is none to search for


def read_entries(
    chunks: Iterable[bytes], *, batch_bytes: int = BATCH_BYTES, max_entry_bytes: int = MAX_ENTRY_BYTES
) -> Iterator[list[Entry]]:
    """The entries of an export's JSON, in non-empty batches of at most about `batch_bytes` of source.

    `max_entry_bytes` bounds one entry with the white space around the comma after it. Raises
    InvalidExportError naming the byte, or the id, for whatever is no export of entries.
    """
    window = Window(chunks)
    shape, more = open_trail(window, max_entry_bytes)
    if more and window.peek() == b"]" and shape is not Shape.LINES:
        window.pos += 1
    elif more:
        yield from _Batches(window, shape, batch_bytes, max_entry_bytes)
    close_trail(window, shape, max_entry_bytes)


class _Batches:
    """The steps through the entries. Between two steps the window stands where an entry must begin."""

    def __init__(self, window: Window, shape: Shape, batch_bytes: int, max_entry_bytes: int) -> None:
        self._window = window
        self._lines = shape is Shape.LINES
        self._batch_bytes = batch_bytes
        self._max_entry_bytes = max_entry_bytes
        self._wanted = batch_bytes  # how much text the next step needs
        # How far the next step goes. One hostile entry makes its whole batch untrusted: then ever less is
        # tried, so that the exact path, many times slower, only reads what is around that entry.
        self._reach = min(batch_bytes, _LEAST_REACH)
        # What stood between the last two entries, with the first key of the second: nested values rarely
        # look like that. `_skip` is how many bytes of it are neither the one entry nor the other.
        self._separator: bytes | None = None
        self._skip = 0
        self._closed = False

    def __iter__(self) -> Iterator[list[Entry]]:
        while not self._closed:
            self._window.peek()
            self._window.fill(self._wanted)
            batch = self._fast() or self._exact()
            if batch:
                yield batch

    def _fast(self) -> list[Entry] | None:
        """Read up to the last separator in sight in one parse; None if that can't be had or trusted."""
        window = self._window
        while self._separator is not None:
            end = window.data.rfind(self._separator, window.pos, window.pos + self._reach) + 1
            length = end - window.pos
            # A short cut would leave much to be read again; the exact path takes all there is.
            if length <= 0 or 2 * length < min(window.left, self._reach):
                return None
            if length + self._skip > self._max_entry_bytes:
                return None
            batch = read_fast(window.data[window.pos : end], lines=self._lines)
            if batch:
                window.pos, self._wanted = end + self._skip, self._batch_bytes
                self._reach = min(2 * self._reach, self._batch_bytes)
                return batch
            if self._reach <= _LEAST_REACH:
                return None
            self._reach //= 4
        return None

    def _exact(self) -> list[Entry]:
        """Read entry by entry, as far as the window goes; none if it holds no whole one yet."""
        window, batch = self._window, list[Entry]()
        pos = last_end = window.pos
        self._wanted = self._batch_bytes
        try:
            while pos - window.pos < self._reach and not self._closed:
                entry, end = read_exact(window.data, pos, window.offset)
                after = self._after(end)
                self._check_length(pos, after)
                batch.append(entry)
                pos, last_end = after, end
        except NoTokenError as fault:
            if not fault.cut_off or window.ended:
                raise invalid_json(window, fault) from fault
            self._check_length(pos, len(window.data))
            self._wanted = max(self._batch_bytes, 2 * (len(window.data) - pos))
        window.pos = pos
        if batch:
            self._learn(last_end, pos)
        return batch

    def _after(self, end: int) -> int:
        """Where the next entry must begin, after one that ended at `end`; notes the end of them all."""
        data = self._window.data
        if self._lines:
            pos = skip_space(data, end)
            self._closed = pos == len(data) and self._window.ended
            if pos < len(data) and b"\n" not in data[end:pos]:
                raise NoTokenError(pos, "a line feed is due between two entries")
            if pos == len(data) and not self._closed:
                raise NoTokenError(pos, "an entry or the end is due", cut_off=True)
            return pos
        match = _COMMA_OR_END.match(data, end)
        if match is None:
            raise no_token(data, end, "a comma or ]")
        self._closed = match[1] == b"]"
        return match.end(1) if self._closed else match.end()

    def _learn(self, end: int, pos: int) -> None:
        """Remember what stands between the entry that ended at `end` and the one that begins at `pos`."""
        key = _FIRST_KEY.match(self._window.data, pos)
        if key is not None and pos - end <= _MAX_SPACE:
            self._separator = b"}" + self._window.data[end : key.end()]
            self._skip = pos - end
        else:
            self._separator = None

    def _check_length(self, start: int, end: int) -> None:
        if end - start > self._max_entry_bytes:
            raise InvalidExportError(
                f"The entry at byte {self._window.offset + start} of the export's JSON is longer than"
                f" {self._max_entry_bytes} bytes"
            )
