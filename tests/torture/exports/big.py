"""Exports that are small and unfold to something large: what each ends in, and how much memory it may take.

`archive` runs in a process of its own (`bench.measure`), so that its peak is what one run takes.
"""

import gzip
import resource
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from audit_archive.adapters.machine import scratch_file
from audit_archive.errors import InvalidExportError
from audit_archive.ports import Download
from audit_archive.run.archive_run import archive_console
from bench.measure import measure
from tests.support import tally
from tests.support.world import World

MIB = 1 << 20
PEAK = 400.0
"""Megabytes that a run may take at its peak, whatever the export holds; a usual one takes about 50.

The function has 1024 by default, of which the AWS clients, which are not here, take less than 100.
"""
HARD = 2048 * MIB
"""A process that takes more is ended: a bug must not take the machine along."""


@dataclass(frozen=True)
class Big:
    """An export by the pieces of its text: how many entries are archived, or what the refusal says."""

    text: Callable[[], Iterable[bytes]]
    entries: int = 0
    says: str = ""


def _array(entries: Iterable[bytes]) -> Iterator[bytes]:
    opener = b"["
    for entry in entries:
        yield opener + entry
        opener = b","
    yield b"]"


def _entry(number: int, more: bytes = b"") -> bytes:
    stamp = b'"timestamp":"2026-07-14 03:33:20 UTC+0000","action_type":"user_login"'
    return b'{"id":%d,%s%s}' % (number, stamp, more)


def _receipt(number: int, more: bytes = b"", message: bytes = b"") -> bytes:
    said = message or b"Successfully purged 3 logs before id:%d" % (number // 2 or 1)
    return b'{"id":%d,"action_type":"audit_trail_purge","message":"%s"%s}' % (number, said, more)


def _around(before: bytes, times: int, piece: bytes, after: bytes) -> Iterator[bytes]:
    yield before
    for _ in range(times):
        yield piece
    yield after


def _string(mebibytes: int, piece: bytes = b"x", member: bytes = b"user") -> Iterator[bytes]:
    return _around(b'[{"id":1,"%s":"' % member, mebibytes, piece * (MIB // len(piece)), b'"}]')


def _entwined(count: int, size: int) -> Iterator[bytes]:
    """Long entries, each between two short ones with ids far apart: no part of the export is in order."""
    for number in range(1, count + 1):
        yield _entry(number)
        yield _entry(count + number * 17 % count + 1, b',"a":"%s"' % (b"x" * size))
        yield _entry(9 * count - number)


def _deep(levels: int, opener: bytes, inner: bytes, closer: bytes) -> Iterator[bytes]:
    return iter([b'[{"id":1,"a":', opener * levels, inner, closer * levels, b"}]"])


BIG = {
    "2 GiB of white space": Big(lambda: _around(b"[", 2048, b" " * MIB, b'{"id":1}]'), 1),
    "white space in an entry": Big(lambda: _around(b'[{"id":', 100, b" " * MIB, b"1}]"), says="longer than"),
    "a string of 15 MB": Big(partial(_string, 15), 1),
    "a string of 15 MB, four bytes a character in memory": Big(
        lambda: _around('[{"id":1,"user":"\U0001f600'.encode(), 15, b"x" * MIB, b'"}]'), 1
    ),
    "a string of 15 MB of escapes": Big(partial(_string, 15, b'\\"'), 1),
    "a string of 50 MB": Big(partial(_string, 50), says="longer than"),
    "a key of 50 MB": Big(lambda: _around(b'[{"', 50, b"k" * MIB, b'":1,"id":1}]'), says="longer than"),
    "a member of 50 MB beside the entries": Big(
        lambda: _around(b'{"audit_trail":[],"a":"', 50, b"x" * MIB, b'"}'), says="longer than"
    ),
    "a million brackets": Big(partial(_deep, 10**6, b"[", b"", b"]"), 1),
    "a million objects, one in another": Big(partial(_deep, 10**6, b'{"":', b"0", b"}"), 1),
    "a million brackets that nobody closes": Big(partial(_deep, 10**6, b"[", b"", b""), says="is b"),
    "a million keys": Big(
        lambda: _around(b'[{"id":1', 10, b"".join(b',"%x":1' % n for n in range(10**5)), b"}]"), 1
    ),
    "a number of 15 MB": Big(lambda: _around(b'[{"id":1,"a":', 15, b"7" * MIB, b"}]"), 1),
    "an id of 15 MB": Big(lambda: _around(b'[{"id":', 15, b"7" * MIB, b"}]"), says="not a positive integer"),
    "the highest ids": Big(lambda: _array(_entry(2**63 - n) for n in range(1, 200_001)), 200_000),
    "one entry 200,000 times": Big(lambda: _array(_entry(1) for _ in range(200_000)), 1),
    "300,000 holes": Big(lambda: _array(_entry(3 * n) for n in range(300_000, 0, -1)), 300_000),
    "more holes than memory can hold": Big(
        lambda: _array(b'{"id":%d}' % (2 * n) for n in range(1, 1_000_003)), says="ranges with holes"
    ),
    "20,000 receipts of other purges": Big(
        lambda: _array(_receipt(2 * n) for n in range(20_000, 0, -1)), 20_000
    ),
    "more receipts than memory can hold": Big(
        lambda: _array(_receipt(n) for n in range(1, 100_003)), says="purge receipts"
    ),
    "60 receipts of 10 MB": Big(
        lambda: _array(_receipt(n, b',"user":"%s"' % (b"x" * 10 * MIB)) for n in range(1, 61)), 60
    ),
    "a receipt of white space": Big(
        lambda: _array([_receipt(1, b"", b"Successfully purged 1 logs before id:1" + b" " * MIB + b"!")]), 1
    ),
    "long entries in no order": Big(lambda: _array(_entwined(24, 15 * MIB)), 72),
}
SHORT = "a string of 15 MB", "a string of 50 MB", "a receipt of white space"
LONGER = (
    *("white space in an entry", "a number of 15 MB"),
    *("a member of 50 MB beside the entries", "an id of 15 MB"),
)


def check(*names: str) -> None:
    """Archive some of them, one after the other, in a process of their own.

    Raises BenchError if one ends otherwise than it should, AssertionError if they take too much memory.
    """
    tally.add("fuzzed exports", len(names))
    with TemporaryDirectory() as folder:
        exports = [Path(folder, f"{number}.zip") for number, _ in enumerate(names)]
        for name, export in zip(names, exports, strict=True):
            write(BIG[name].text(), export)
        arguments = {"exports": list(map(str, exports)), "says": [BIG[name].says for name in names]}
        entries = sum(BIG[name].entries for name in names)
        used = measure(f"{__name__}:archive", arguments, entries, env={}, folder=Path(folder))
    assert used.peak < PEAK, f"{names}: {used.peak:.0f} MB"


def write(text: Iterable[bytes], path: Path) -> None:
    """The zip of a text that nobody holds in memory."""
    with (
        ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("canary_audit_trail.json", "w", force_zip64=True) as member,
    ):
        for piece in text:
            member.write(piece)


def archive(exports: list[str], says: list[str]) -> int:
    """Archive each export, on the real temporary disk; returns how many lines came of them."""
    resource.setrlimit(resource.RLIMIT_AS, (HARD, HARD))
    return sum(map(_archive, map(Path, exports), says))


def _archive(export: Path, says: str) -> int:
    world = World()
    world.mode = "off"
    world.trail.arrive()
    world.reader.download = partial(_served, export, world.clock.now())  # type: ignore[method-assign]
    run = replace(world.bound(), scratch=scratch_file)
    if not says:
        archive_console(run)
        return sum(_lines(world.store.data(key)) for key in world.store.keys("entries/"))
    with pytest.raises(InvalidExportError, match=says):
        archive_console(run)
    (kept,) = world.store.all_keys()
    assert kept.startswith("rejected/")
    return 0


def _served(export: Path, served_at: int, spool: BinaryIO) -> Download:
    digest, size = sha256(), 0
    with export.open("rb") as file:
        while piece := file.read(MIB):
            digest.update(piece)
            size += spool.write(piece)
    spool.seek(0)
    return Download(size, digest.hexdigest(), served_at)


def _lines(data: bytes) -> int:
    """How many lines an entry file holds, without holding them."""
    count = 0
    with gzip.open(BytesIO(data)) as file:
        while piece := file.read(MIB):
            count += piece.count(b"\n")
    return count
