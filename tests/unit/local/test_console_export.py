"""The export's shapes, and that it never needs the whole in memory."""

from __future__ import annotations

import io
import json
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Literal, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.console import ExportShape, Trail, write_export, zip_of
from local.console.export import in_order
from local.console.ids import IdSet
from tests.support.rows import all_rows

LINES = [b'{"id":%d,"user":"S\xc3\xade","nested":{"a":[1,null]}}' % n for n in range(1, 1301)]
ENTRIES = [json.loads(line) for line in LINES]


def inner(zipped: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(zipped)) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["canary_audit_trail.json"]
        return archive.read("canary_audit_trail.json").decode()


def read(text: str, layout: str) -> Any:
    if layout == "lines":
        return [json.loads(line) for line in text.splitlines()]
    value = json.loads(text)
    return value["audit_trail"] if layout == "object" else value


@all_rows("layout", ["array", "object", "lines"])
@all_rows("indent", [None, 2])
@all_rows("count", [0, 1, 512, 513, 1300])
def test_shapes(layout: Literal["array", "object", "lines"], indent: int | None, count: int) -> None:
    text = inner(zip_of(LINES[:count], ExportShape(layout=layout, indent=indent)))
    if count:
        assert read(text, layout) == ENTRIES[:count]
        assert ("\n  " in text) == (indent is not None and layout != "lines")
    else:
        assert text.split() == {"array": ["[]"], "object": ['{"audit_trail":', "[]}"], "lines": []}[
            layout
        ] or (indent is not None and json.loads(text) in ([], {"audit_trail": []}))


def test_levels_and_member_names() -> None:
    stored = zip_of(LINES, ExportShape(compress_level=0))
    packed = zip_of(LINES, ExportShape(compress_level=1))
    smallest = zip_of(LINES, ExportShape(compress_level=9))
    assert len(smallest) < len(packed) < len(stored)
    with zipfile.ZipFile(io.BytesIO(zip_of([], ExportShape(member="trail.json")))) as archive:
        assert archive.namelist() == ["trail.json"]


def test_an_entry_that_is_no_json_is_served_all_the_same() -> None:
    assert "oops" in inner(zip_of([b"oops"], ExportShape(indent=2)))


@given(st.sets(st.integers(1, 300)))
def test_orders(ids: set[int]) -> None:
    given_ids = IdSet.of(ids)
    assert list(in_order(given_ids, "oldest")) == sorted(ids)
    assert list(in_order(given_ids, "newest")) == sorted(ids, reverse=True)
    assert sorted(in_order(given_ids, "shuffled")) == sorted(ids)


def test_shuffled_is_no_order_at_all() -> None:
    shuffled = list(in_order(IdSet().with_span(1, 1000), "shuffled"))
    rising = sum(early < late for early, late in pairwise(shuffled))
    assert 200 < rising < 800
    assert shuffled == list(in_order(IdSet().with_span(1, 1000), "shuffled"))


class Count:
    """A sink that keeps nothing."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, data: bytes) -> int:
        self.written += len(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("order", [pytest.param("newest", marks=pytest.mark.wide), "shuffled"])
def test_memory_does_not_grow_with_the_trail(order: Literal["newest", "shuffled"]) -> None:
    snapshot = Trail.generated(20_000).snapshot()

    def lines() -> Iterator[bytes]:
        return snapshot.lines(in_order(snapshot.ids, order))

    list(lines())  # the calendar's own little tables
    sink = Count()
    tracemalloc.start()
    shape = ExportShape(compress_level=0)
    write_export(cast("Any", sink), lines(), shape, count=20_000, written=datetime(2026, 1, 1, tzinfo=UTC))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sink.written > 6_000_000
    assert peak < 1_500_000


def test_a_long_export_is_zip64_from_the_first_byte_on() -> None:
    for count, version in ((10, 20), (5_000_000, 45)):
        buffer = io.BytesIO()
        write_export(buffer, LINES, ExportShape(), count=count, written=datetime(2026, 1, 1, tzinfo=UTC))
        assert int.from_bytes(buffer.getvalue()[4:6], "little") == version
        assert read(inner(buffer.getvalue()), "array") == ENTRIES
