"""The zip export, written on the fly: entries in, zip bytes out, never whole in memory."""

from __future__ import annotations

import json
import math
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from itertools import islice
from typing import IO, Literal, cast

from local.console.ids import IdSet

FILE_NAME = "canary_audit_trail.json.zip"
MEMBER_NAME = "canary_audit_trail.json"
MEDIA_TYPE = "application/x-zip-compressed"

Layout = Literal["array", "object", "lines"]
Order = Literal["newest", "oldest", "shuffled"]

_BLOCK = 512
_ZIP64_FROM = 2_000_000  # entries; the size must be promised before the first byte, and 2 GiB is the limit


@dataclass(frozen=True)
class ExportShape:
    """How the inner file looks: its real shape is not documented, so a reader must accept all of these."""

    layout: Layout = "array"
    order: Order = "newest"
    indent: int | None = None
    """Spaces per level; None is compact."""
    compress_level: int = 1
    """zlib level 1-9; 0 stores without compressing."""
    member: str = MEMBER_NAME


def in_order(ids: IdSet, order: Order) -> Iterator[int]:
    """The ids in the shape's order; `shuffled` is always the same permutation of the same ids."""
    if order == "shuffled":
        return _shuffled(ids)
    return iter(ids) if order == "oldest" else reversed(ids)


def _shuffled(ids: IdSet) -> Iterator[int]:
    """Walks the ranks in strides near the golden ratio of their number: a permutation without a table."""
    count = len(ids)
    stride = int(count * 0.618) | 1
    while math.gcd(stride, count) != 1:
        stride += 2 if count % 2 == 0 else 1
    return (ids[(rank * stride) % count] for rank in range(count))


def inner_text(lines: Iterable[bytes], shape: ExportShape) -> Iterator[bytes]:
    """The inner file in blocks. `lines` are entries as compact JSON; the layout `lines` is never indented."""
    head, between, tail = _punctuation(shape)
    rows = iter(lines)
    if shape.indent is not None and shape.layout != "lines":
        rows = (_indented(line, shape) for line in rows)
    yield head
    block = list(islice(rows, _BLOCK))
    while block:
        yield between.join(block)
        block = list(islice(rows, _BLOCK))
        if block:
            yield between
    yield tail


def _punctuation(shape: ExportShape) -> tuple[bytes, bytes, bytes]:
    if shape.layout == "lines":
        return b"", b"\n", b"\n"
    newline = b"" if shape.indent is None else b"\n"
    head, tail = b"[" + newline, newline + b"]" + newline
    if shape.layout == "object":
        head, tail = b'{"audit_trail": ' + head, tail + b"}" + newline
    return head, b"," + (newline or b" "), tail


def _indented(line: bytes, shape: ExportShape) -> bytes:
    """The entry over several lines; what json can't read stays as it came."""
    try:
        text = json.dumps(json.loads(line), indent=shape.indent, ensure_ascii=False)
        return text.encode()
    except (ValueError, RecursionError):
        return line


def write_export(
    sink: IO[bytes], lines: Iterable[bytes], shape: ExportShape, *, count: int, written: datetime
) -> None:
    """Writes the whole zip to `sink`, which needs no more than `write` and `flush`.

    `count` is about how many entries come (it decides on zip64), `written` the member's time.
    """
    info = zipfile.ZipInfo(shape.member, written.timetuple()[:6])
    info.compress_type = zipfile.ZIP_DEFLATED if shape.compress_level else zipfile.ZIP_STORED
    with zipfile.ZipFile(
        cast("IO[bytes]", _Unseekable(sink)), "w", compresslevel=shape.compress_level
    ) as archive:
        # Public only from Python 3.13 on, and without it the level of the archive is not used.
        info._compresslevel = shape.compress_level  # type: ignore[attr-defined]  # see above
        with archive.open(info, "w", force_zip64=count >= _ZIP64_FROM) as member:
            for block in inner_text(lines, shape):
                member.write(block)


class _Unseekable:
    """Hides `seek` and `tell`: zipfile then puts the sizes behind the data instead of going back for them."""

    def __init__(self, sink: IO[bytes]) -> None:
        self.write = sink.write
        self.flush = sink.flush


def zip_of(lines: Iterable[bytes], shape: ExportShape | None = None) -> bytes:
    """A whole export in memory, of a few entries given as JSON texts: for tests."""
    buffer = BytesIO()
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    write_export(buffer, lines, shape or ExportShape(), count=0, written=moment)
    return buffer.getvalue()
