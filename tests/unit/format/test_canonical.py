"""Canonical JSON against the stdlib's, and what it must refuse."""

import json
import sys
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit_archive.format.canonical import (
    canonical_bytes,
    is_canonical,
    is_source_line,
    source_in,
    source_line,
)
from tests.support.rows import all_rows

scalars = st.one_of(st.none(), st.booleans(), st.integers(-(2**63), 2**64 - 1), st.text())
values = st.recursive(scalars, lambda v: st.one_of(st.lists(v), st.dictionaries(st.text(), v)), max_leaves=20)


@given(values)
def test_it_is_what_the_standard_library_writes(value: object) -> None:
    expected = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert canonical_bytes(value) == expected.encode()


def test_keys_are_sorted_by_code_point_also_beyond_the_basic_plane() -> None:
    # In UTF-16, U+1F600 (d83d de00) would sort before U+E000 and U+FFFF.
    keys = ["a", "\U0001f600", "\uffff", "\ue000", "Z", "é"]
    line = canonical_bytes(dict.fromkeys(keys, 0)).decode()
    assert list(json.loads(line)) == ["Z", "a", "é", "\ue000", "\uffff", "\U0001f600"]


def test_only_the_required_escapes_are_used() -> None:
    text = canonical_bytes("".join(map(chr, range(0x80))) + "\u2028é").decode()[1:-1]
    escaped = r"\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f"
    escaped += (
        r"\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f"
    )
    plain = "".join(map(chr, range(0x20, 0x80))).replace("\\", "\\\\").replace('"', '\\"')
    assert text == escaped + plain + "\u2028é"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_keep_their_value(value: float) -> None:
    assert float(canonical_bytes(value)) == value


@all_rows(
    "value",
    [
        float("nan"),
        [None, {"a": (float("inf"),)}],
        -float("inf"),
        2**64,
        -(2**63) - 1,
        "\ud800",
        {1: 2},
        {1, 2},
    ],
)
def test_what_it_can_not_carry_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_bytes(value)


def test_null_alone_is_no_reason_to_refuse() -> None:
    assert canonical_bytes([None, 1.5, "null"]) == b'[null,1.5,"null"]'


@given(st.text(st.one_of(st.characters(exclude_categories=["Cs", "Cc"]), st.sampled_from("\t\n\r\x7f\x80"))))
def test_the_source_form_holds_the_text_as_it_is(text: str) -> None:
    line = source_line(text.encode(), 7)
    assert line.startswith(b'{"_source":"')
    assert line == canonical_bytes(json.loads(line))
    assert json.loads(line) == {"_source": text, "id": 7}


@given(
    st.binary(), st.sampled_from([b"\x00", b"\x1f", b"\x0b", b"\xff", b"\xc3", b"\xed\xa0\x80"]), st.binary()
)
@example(b"", b"\xc3", b"\xa9")
def test_the_source_form_holds_bytes_that_are_no_plain_text_in_base64(
    before: bytes, bad: bytes, after: bytes
) -> None:
    source = before + bad + after
    line = source_line(source, 7)
    assert is_source_line(line)
    assert line == canonical_bytes(json.loads(line))
    assert source_in(json.loads(line)) == source
    is_text = bad + after == "é".encode() and before == b""
    assert list(json.loads(line)) == ["_source" if is_text else "_source_base64", "id"] or bad == b"\xc3"


def test_what_looks_like_a_source_form_is_none() -> None:
    for name in ("_sourc", "_source1", "_source_", "_source_base6", "_source_base640", "_a", "source"):
        line = canonical_bytes({name: "x", "id": 7})
        assert not is_source_line(line)
        assert source_in(json.loads(line)) is None


def test_the_bytes_hold_no_spare_memory() -> None:
    # Millions wait in memory for a moment: a hidden buffer of kilobytes each would count.
    tracemalloc.start()
    try:
        kept = [canonical_bytes({"id": n}) for n in range(1000)]
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size < 2 * sum(map(sys.getsizeof, kept))


@all_rows(
    "text",
    [
        '{"a":1,"b":[null,true,"\u00e9\\u0000"]}',
        '{"a":1e5}',
        '{"a":100000.0}',
        '{"a":1e+22}',
        '{"a":1e22}',
        '"1.5"',
    ],
)
def test_what_is_canonical(text: str) -> None:
    """A float too if another release spelled it: its shortest decimal has several spellings."""
    assert is_canonical(text.encode())


@all_rows(
    "text",
    [
        *('{"a": 1}', '{"b":1,"a":1}', '{"a":1,"a":1}', '{"a":1.0}x', "[1]\n", "[02]", "-0"),
        *('"\\u0041"', '"\\/"', '"\\u001F"', "[" * 300 + "]" * 300, "18446744073709551616"),
    ],
)
def test_what_is_not(text: str) -> None:
    try:
        assert not is_canonical(text.encode())
    except ValueError:  # it is no JSON
        with pytest.raises(ValueError):  # noqa: PT011 - whatever it says
            json.loads(text)
