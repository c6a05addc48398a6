"""The fast path and numbers: it trusts a batch only if every one of them is carried exactly."""

import pytest

from audit_archive.export.json_entry import read_exact, read_fast
from audit_archive.export.json_reader import read_entries
from audit_archive.format.entry import Entry, Mark
from tests.support.json_oracle import is_carried

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


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_carried_exactly_or_kept_as_source(number: str, place: str) -> None:
    texts = [f'{{"id":{i},"user":"u{i}"}}' for i in range(1, 30)]
    texts[17] = f'{{"id":18,{place.format(n=number)}}}'
    entries: list[Entry] = [e for batch in read_entries([f"[{','.join(texts)}]".encode()]) for e in batch]
    assert [entry.id for entry in entries] == list(range(1, 30))
    assert bool(entries[17].marks & Mark.SOURCE_FORM) is not is_carried(texts[17])
    assert not any(entry.marks & Mark.SOURCE_FORM for entry in entries if entry.id != 18)


@pytest.mark.parametrize("number", [number for number in NUMBERS if is_carried(f'{{"a":{number}}}')])
def test_a_float_that_is_carried_keeps_a_batch_on_the_fast_path(number: str) -> None:
    batch = ",".join(f'{{"id":{i},"a":{number},"ip":"::1"}}' for i in range(1, 30)).encode()
    assert read_fast(batch, lines=False) is not None


MESSAGES = [
    "Successfully purged 72 logs before id:72",
    "sUCCESSFULLY\\u0020 pURGED 2,500 LOGS\\t\\nBefore\\r ID : 72.",
    "Successfully purged \\u0037 logs before i\\u0064:72",
    "Successfully purged some logs before id:72",
]


@pytest.mark.parametrize("message", MESSAGES)
@pytest.mark.parametrize("more", ["", '"action_type":"user_login",', '"action_type":"audit_trail_purge",'])
@pytest.mark.parametrize("lines", [False, True])
def test_a_receipt_is_marked_in_the_fast_way_as_in_the_slow_one(message: str, more: str, lines: bool) -> None:
    texts = [f'{{"id":{i},"message":"in","timestamp":"2020-04-03T12:56:42Z"}}' for i in range(1, 30)]
    texts[17] = f'{{"id":18,{more}"message":"{message}","timestamp":"2020-04-03T12:56:42Z"}}'
    batch = read_fast(("\n" if lines else ",").join(texts).encode(), lines=lines)
    assert batch == [read_exact(text.encode(), 0, 0)[0] for text in texts]
    is_one = "purge" in more or "some" not in message
    assert [entry.id for entry in batch if entry.marks & Mark.RECEIPT] == [18] * is_one
