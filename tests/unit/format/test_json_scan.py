"""The exact path's tokens and its scan of one value."""

import json
import tracemalloc
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit_archive.format import json_scan
from audit_archive.format.entry import top_level_members
from audit_archive.format.json_scan import NoTokenError, Scan, is_exact_number, is_exact_string
from tests.support.json_oracle import depth
from tests.support.rows import all_rows

scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text())
values = st.recursive(scalars, lambda v: st.one_of(st.lists(v), st.dictionaries(st.text(), v)), max_leaves=20)
styles = st.sampled_from([{}, {"indent": 1}, {"separators": (",", ":")}, {"ensure_ascii": False}])
numbers = st.from_regex(
    r"-?(0|[1-9][0-9]{0,22})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?",
    fullmatch=True,
    alphabet="-+.eE0123456789",
)


@given(values, styles, st.text(max_size=3))
def test_a_scan_ends_where_the_value_ends(value: object, style: dict[str, object], before: str) -> None:
    text = json.dumps(value, **style).encode("utf-8", "surrogatepass")  # type: ignore[arg-type]
    start = len(before.encode())
    assert Scan(before.encode() + text + b" ,", start).end == start + len(text)


@given(st.lists(values, min_size=1), styles, st.data())
def test_a_value_cut_anywhere_is_cut_off_not_broken(
    value: object, style: dict[str, object], data: st.DataObject
) -> None:
    text = json.dumps(value, **style).encode("utf-8", "surrogatepass")  # type: ignore[arg-type]
    end = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(NoTokenError) as raised:
        Scan(text[:end], 0)
    assert raised.value.cut_off


@all_rows(
    ("text", "offset"),
    [
        (b'{"a":1]', 6),
        (b"[1}", 2),
        (b"[1,]", 3),
        (b"[,1]", 1),
        (b"[1 2]", 3),
        (b'{"a" 1}', 5),
        (b'{"a":}', 5),
        (b'{"a":1,}', 7),
        (b"{1:2}", 1),
        (b'{"a"}', 4),
        (b'["\\a"]', 2),
        (b'["\\u12"  ]', 2),
        (b"[nulL,1,2,3]", 1),
        (b"[+1,2,3,4,5]", 1),
        (b"[01]", 2),
        (b"[.5,6,7,8,9]", 1),
        (b"[1.,2,3,4,5]", 2),
        (b"['a']", 1),
        (b"[\x0b1]", 1),
        (b"[\xc2\xa01]", 1),
    ],
)
def test_broken_json_is_broken_at_a_byte(text: bytes, offset: int) -> None:
    with pytest.raises(NoTokenError) as raised:
        Scan(text, 0)
    assert (raised.value.offset, raised.value.cut_off) == (offset, False)
    with pytest.raises(json.JSONDecodeError):
        json.loads(text.decode())


@given(numbers)
@example("18446744073709551615")
@example("18446744073709551616")
@example("-9223372036854775808")
@example("-9223372036854775809")
@example("0e999")
@example("1e400")
@example("1e-400")
@example("4.9e-324")
@example("5e-324")
def test_a_number_is_exact_if_its_shortest_spelling_is_the_same_number(text: str) -> None:
    if any(mark in text for mark in ".eE"):
        value = float(text)
        expected = abs(value) != float("inf") and Decimal(repr(value)) == Decimal(text)
    else:
        expected = -(2**63) <= int(text) <= 2**64 - 1
    assert is_exact_number(text.encode()) == expected


@pytest.mark.parametrize("text", ["1" * 5000, "1e" + "9" * 60, "0." + "0" * 5000, "1" + "0" * 100 + ".0"])
def test_a_number_of_any_length_is_judged(text: str) -> None:
    assert not is_exact_number(text.encode())


@pytest.mark.parametrize("text", ["0e99999999999999999999999", "-0.000e-9999999999999999999", "0"])
def test_zero_is_exact_whatever_its_exponent(text: str) -> None:
    assert is_exact_number(text.encode())


@given(st.text(st.characters(), max_size=6))
def test_a_string_is_exact_if_utf8_has_bytes_for_it(text: str) -> None:
    token = json.dumps(text).encode()
    assert is_exact_string(token) == (not any(0xD800 <= ord(char) < 0xE000 for char in json.loads(token)))


@pytest.mark.parametrize(
    ("token", "exact"),
    [(rb'"\ud83d\ude00"', True), (rb'"\ud83d"', False), (rb'"\ude00\ud83d"', False), (rb'"\\ud83d"', True)],
)
def test_pairs_of_surrogates_are_one_character(token: bytes, exact: bool) -> None:
    assert is_exact_string(token) == exact


def test_a_scan_notes_the_members_of_the_outermost_object_only() -> None:
    scan = Scan(b'{"id":1,"user":{"id":2,"message":"no"},"timestamp":[{"id":3}],"message":"yes"}', 0)
    assert (scan.ids, scan.nested, scan.unknown, scan.exact) == (1, True, False, True)
    assert sorted(scan.members) == ["id", "message", "timestamp", "user"]


@all_rows(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":1}',
        '{"x":[{"b":{"a":1,"c":2,"a":3}}]}',
        '{"é":1,"\\u00e9":2}',
        '{"\\ud800":1,"\\ud800":2}',
        '{"_source":"x"}',
        '{"\\u005fsource":"x"}',
        '{"_source_base64":"x"}',
        '{"a":"\x1f"}',
        '{"a":["\n"]}',
        '{"\t":1}',
        '{"a":"\\udc00"}',
        '{"\\udc00":1}',
        '{"a":[NaN]}',
        '{"a":-Infinity}',
        '{"a":1e999}',
    ],
)
def test_what_canonical_json_can_not_carry_is_not_exact(text: str) -> None:
    assert not Scan(text.encode(), 0).exact


@pytest.mark.parametrize(
    "text", ['{"a":{"a":{"a":1}},"b":{"a":1}}', '{"x":[{"a":1},{"a":1}]}', '{"x":{"_source":1}}', "[]", "7"]
)
def test_equal_keys_in_different_objects_are_exact(text: str) -> None:
    assert Scan(text.encode(), 0).exact


@pytest.mark.parametrize("levels", [1, 127, 128, 129, 1000])
def test_depth_counts_every_level(levels: int) -> None:
    for text in ("[" * levels + "]" * levels, '{"a":' * levels + "1" + "}" * levels):
        assert Scan(text.encode(), 0).exact == (levels <= 128)
        if levels < 500:
            assert depth(json.loads(text)) == levels


def test_a_value_above_a_mebibyte_is_not_carried() -> None:
    for size, exact in ((1 << 20, True), ((1 << 20) + 1, False)):
        text = b'["' + b"x" * (size - 4) + b'"]'
        assert len(text) == size
        assert Scan(text, 0).exact == exact


def test_members_are_read_as_far_as_marks_and_receipts_need_them() -> None:
    source = '{"id":7,"user":null,"message":"a\\ud800é\\n","timestamp":{"x":"}"},"flock_id":[1],'
    source += '"user_ip":true,"n":1}'
    assert top_level_members(source.encode()) == {
        "id": 0,
        "user": None,
        "message": "a\ufffdé\n",
        "timestamp": [],
        "flock_id": [],
        "user_ip": 0,
    }


def test_the_keys_of_an_entry_too_long_to_be_carried_do_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_scan, "MAX_CARRIED", 1000)
    data = b"{" + b",".join(b'"%08x":0' % number for number in range(5000)) + b"}"
    tracemalloc.start()
    try:
        scan = Scan(data, 0)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (scan.end, scan.exact) == (len(data), False)
    assert peak < 100_000, "the keys of the first 1000 bytes, and not some 700 kB of them all"
