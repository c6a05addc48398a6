"""Runs of sorted entries in a scratch file, in blocks that are packed and unpacked in bulk.

A block is three numbers (entries, bytes of lines, receipts), then the ids and the times (8 bytes each),
the marks (one byte each), and the lines with a line feed between two: no line holds one, it is JSON.
"""

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat
from typing import BinaryIO

from audit_archive.domain.entry import Entry, Mark

BLOCK_BYTES = 1 << 17
_HEADER = 3 * 8
_NO_TIME = -(2**63)
_RECEIPT = Mark.RECEIPT.value


@dataclass(frozen=True)
class Run:
    """Entries of rising id, `first` to `last`, `count` of them: blocks of `file` from `start` to `end`.

    `longest` is how many bytes the longest of those blocks has.
    """

    file: BinaryIO
    start: int
    end: int
    first: int
    last: int
    count: int
    longest: int

    def entries(self) -> Iterator[Entry]:
        """The entries; one block is in memory at a time."""
        return chain.from_iterable(self._blocks(with_lines=True))

    def heads(self) -> Iterator[Entry]:
        """The entries without their lines (`b""`), but for receipts."""
        return chain.from_iterable(self._blocks(with_lines=False))

    def _blocks(self, *, with_lines: bool) -> Iterator[Iterator[Entry]]:
        at = self.start
        while at < self.end:
            block, at = _read_block(self.file, at, with_lines=with_lines)
            yield block


def write_run(file: BinaryIO, entries: Iterable[Entry]) -> Run:
    """Append at least one entry, of rising id and with distinct ids, to the file."""
    start = end = file.seek(0, 2)
    first = last = count = longest = 0
    for block in _cut(entries):
        written = file.write(_pack(block))
        end, longest = end + written, max(longest, written)
        first, last, count = first or block[0].id, block[-1].id, count + len(block)
    return Run(file, start, end, first, last, count, longest)


def _cut(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in lists of about BLOCK_BYTES of lines; none is taken from the source before it is due."""
    block, size = list[Entry](), 0
    for entry in entries:
        block.append(entry)
        size += len(entry[1])
        if size >= BLOCK_BYTES:
            yield block
            block, size = [], 0
    if block:
        yield block


def _pack(block: list[Entry]) -> bytes:
    ids, lines, seconds, marks = zip(*block, strict=True)
    times = array("q", seconds if None not in seconds else [_NO_TIME if s is None else s for s in seconds])
    text = b"\n".join(lines)
    if text.count(b"\n") != len(lines) - 1:
        raise ValueError("a line of an entry holds a line feed: it is not canonical JSON")
    receipts = sum(mark & _RECEIPT for mark in marks)
    header = array("q", (len(block), len(text), receipts))
    return b"".join((header, array("q", ids), times, bytes(marks), text))


def _read_block(file: BinaryIO, at: int, *, with_lines: bool) -> tuple[Iterator[Entry], int]:
    """The entries of the block at a position of the file, and the position after it."""
    file.seek(at)
    count, size, receipts = array("q", file.read(_HEADER))
    head = file.read(17 * count)
    ids, times, marks = (
        array("q", head[: 8 * count]),
        array("q", head[8 * count : 16 * count]),
        head[16 * count :],
    )
    lines: Iterable[bytes] = repeat(b"")
    if with_lines or receipts:
        lines = file.read(size).split(b"\n")
        if not with_lines:
            lines = [line if mark & _RECEIPT else b"" for line, mark in zip(lines, marks, strict=True)]
    seconds = [None if s == _NO_TIME else s for s in times] if _NO_TIME in times else times
    rows = zip(ids, lines, seconds, marks)  # noqa: B905 - no lines are repeated without end
    return map(tuple.__new__, repeat(Entry), rows), at + _HEADER + len(head) + size
