"""The fast path and numbers: it trusts a batch only if every one of them is carried exactly."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.export import json_batch
from audit_archive.export.json_batch import Joint, read_apart, read_fast
from audit_archive.export.json_entry import read_exact
from audit_archive.export.json_reader import read_entries
from audit_archive.format.entry import Mark
from tests.support.json_oracle import is_carried
from tests.support.rows import all_rows

COMMA = Joint(b'},{"id"', 1, is_feed=False)
FEED = Joint(b'}\n{"id"', 1, is_feed=True)
NUMBERS = [
    "0",
    "-0",
    "7",
    "-7",
    "0.5",
    "-0.5",
    "1.10",
    "1E5",
    "1e5",
    "1e+5",
    "1e-5",
    "12.5e3",
    "0.1",
    "1e22",
    "1e23",
    "123456789.123456",
    "5e-324",
    "1.7976931348623157e308",
    "1e400",
    "-1e400",
    "1e-400",
    "0.10000000000000000555",
    "12345678901234567.5",
    "9007199254740993.0",
    "0.30000000000000004",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "-9223372036854775809",
    "1234567890123456789",
    "12345678901234567890",
    "123456789012345678901234567890",
]
PLACES = (
    '"a":{n}',
    '"a" : {n} ',
    '"a":[{n}]',
    '"a":[1,{n},2]',
    '"a":[ {n} , {n} ]',
    '"a":{{"b":{n}}}',
    '"a":{n},"z":""',
)


@all_rows("place", PLACES)
@all_rows("number", NUMBERS)
def test_a_number_is_carried_exactly_or_kept_as_source(number: str, place: str) -> None:
    texts = [f'{{"id":{i},"user":"u{i}"}}' for i in range(1, 30)]
    texts[17] = f'{{"id":18,{place.format(n=number)}}}'
    batches = read_entries([f"[{','.join(texts)}]".encode()], batch_bytes=200)  # most are read together
    entries = [entry for batch in batches for entry in batch]
    assert [entry.id for entry in entries] == list(range(1, 30))
    assert bool(entries[17].marks & Mark.SOURCE_FORM) is not is_carried(texts[17])
    assert not any(entry.marks & Mark.SOURCE_FORM for entry in entries if entry.id != 18)


@pytest.mark.parametrize("number", [number for number in NUMBERS if is_carried(f'{{"a":{number}}}')])
def test_a_float_that_is_carried_is_read_without_the_exact_path(
    number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [f'{{"id":{i},"a":{number},"ip":"::1"}}' for i in range(1, 30)]
    batch = ",".join(texts).encode()
    expected = [read_exact(text.encode(), 0, 0)[0] for text in texts]
    monkeypatch.setattr(json_batch, "read_exact", None)
    found = read_fast(batch, COMMA, 0) or read_apart(batch, COMMA, 0)[0]
    assert list(found or ()) == expected


@given(
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["{!r}", "{:.15g}", "{:.17g}", "{:e}"])
)
def test_a_float_of_the_length_of_its_line_is_taken_only_if_it_is_that_number(
    value: float, form: str
) -> None:
    text = f'{{"a":[{form.format(value)}],"id":1}}'
    found = read_fast(text.encode(), COMMA, 0)
    exact, _ = read_exact(text.encode(), 0, 0)
    assert found is None or list(found) == [exact]


@pytest.mark.parametrize("number", ["0.30000000000000005", "0.1000000000000000055", "12345678901234567.5"])
def test_another_number_of_the_same_length_is_not_taken(number: str) -> None:
    line = orjson.dumps(float(number))
    for text in (f'{{"a":{number},"id":1}}', f'{{"a":{number:0<{len(line)}},"id":1}}'):
        assert list(read_fast(text.encode(), COMMA, 0) or ()) == [read_exact(text.encode(), 0, 0)[0]]


ROUNDED = '{"id":2, "a":[0.10000000000000000555]}'
DECOY = '{"id":1,"a":[{"b":1},{"id":9}]}'


@pytest.mark.parametrize(
    "texts",
    [
        ['{"id":1, "a":0.5}', ROUNDED, '{"id":3}'],
        ['{"id":3, "a":0.5}', ROUNDED, '{"id":1}'],
    ],
)
def test_a_rounded_number_is_found_in_the_text_of_its_entry(texts: list[str]) -> None:
    source = ",".join(texts).encode()
    found = list(read_fast(source, COMMA, 0) or ())
    assert sorted(found) == sorted(read_exact(text.encode(), 0, 0)[0] for text in texts)
    assert [entry.id for entry in found if entry.marks & Mark.SOURCE_FORM] == [2]


def test_a_text_with_as_many_pieces_as_entries_that_are_others_is_not_judged_by_them() -> None:
    texts = [DECOY, ROUNDED, '{"b":0,"id":5}']
    assert read_fast(",".join(texts).encode(), COMMA, 0) is None
    entries = [entry for batch in read_entries([f"[{','.join(texts)}]".encode()]) for entry in batch]
    assert entries == [read_exact(text.encode(), 0, 0)[0] for text in texts]


MESSAGES = [
    "Successfully purged 72 logs before id:72",
    "sUCCESSFULLY\\u0020 pURGED 2,500 LOGS\\t\\nBefore\\r ID : 72.",
    "Successfully purged \\u0037 logs before i\\u0064:72",
    "Successfully purged some logs before id:72",
]


@all_rows("message", MESSAGES)
@all_rows("more", ["", '"action_type":"user_login",', '"action_type":"audit_trail_purge",'])
@all_rows("lines", [False, True])
def test_a_receipt_is_marked_in_the_fast_way_as_in_the_slow_one(message: str, more: str, lines: bool) -> None:
    texts = [f'{{"id":{i},"message":"in","timestamp":"2020-04-03T12:56:42Z"}}' for i in range(1, 30)]
    texts[17] = f'{{"id":18,{more}"message":"{message}","timestamp":"2020-04-03T12:56:42Z"}}'
    source, joint = ("\n" if lines else ",").join(texts).encode(), FEED if lines else COMMA
    batch = list(read_fast(source, joint, 0) or read_apart(source, joint, 0)[0] or ())
    assert batch == [read_exact(text.encode(), 0, 0)[0] for text in texts]
    is_one = "purge" in more or "some" not in message
    assert [entry.id for entry in batch if entry.marks & Mark.RECEIPT] == [18] * is_one
