"""Whatever stands in an export that the product archived is no fault for the auditor's copy."""

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from audit_archive.export.json_reader import read_entries
from audit_archive.format.canonical import canonical_bytes, source_line
from tests.support.verify_program import ask, copied, entries_of
from tests.support.world import World

NUMBERS = [
    *("0", "-0", "-0.0", "1.50", "1e5", "1E+2", "1e-5", "1.234e-5", "1e-7", "1e16", "123456789012345680.0"),
    *("5e-324", "1.5e300", "0.1", "0.10000000000000000000001", "1e400", "1e-400", "0e999999999999999999999"),
    *("1e999999999999999999999", "18446744073709551615", "18446744073709551616", "-9223372036854775809"),
    *("1" * 5000, "1." + "0" * 70, "NaN", "Infinity", "-Infinity"),
]
VALUES = [
    *NUMBERS,
    *("true", "false", "null", "[]", "{}", '[1, [2.0, {"b": 1, "a": [true, 1, 1.0, null]}]]'),
    *(r'"\ud800"', r'"\ud83d\ude00"', r'"\u00e9\u2028\u0000\/\b\f\n\r\t\""', '"é\u2028😀\x7f"', '"\ufeff"'),
    *('{"a": 1, "a": 2}', '{"a": 1, "\\u0061": 1}', r'{"\ud800": 1}', '{"😀": 1, "\uffff": 2, "é": 3}'),
    *(
        "[" * 127 + "]" * 127,
        "[" * 128 + "]" * 128,
        '{"a":' * 400 + "1" + "}" * 400,
        *("[" * levels + "]" * levels for levels in (989, 990, 1000, 20_000)),
        '{"a":[' * 10_000 + "]}" * 10_000,
        '"' + "x" * (1 << 20) + '"',
    ),
]
NOT_CARRIED = {"1e999", '{"a":1,"a":2}', "NaN"}
PURGE = '"action_type": "audit_trail_purge"'
MEMBERS = [
    *(
        '"_source": "{}"',
        '"_source": 1',
        '"user": "a", "user": "b"',
        '"": 0',
        '"timestamp": 5',
        '"user_ip": [1]',
    ),
    *('"timestamp": "2026-11-20 08:14:60 UTC+0000"', '"timestamp": "2026-11-20 23:59:59 UTC-0300"'),
    *('"timestamp": "1969-12-31 23:59:59 UTC+0000"', '"timestamp": "9999-12-31 23:59:59 UTC-2359"'),
    *('"timestamp": "0001-01-01 00:00:00 UTC+2359"', '"timestamp": "2026-02-30 00:00:00 UTC+0000"'),
    *('"timestamp": "٢٠٢٦-11-20 08:14:02 UTC+0000"', '"timestamp": "2026-11-20 08:14:02 UTC+2400"'),
    *('"action_type": "audit_trail_purge", "message": 7', '"action_type": ["audit_trail_purge"]'),
    f'{PURGE}, "message": "Successfully purged 3 logs before id:2", "user": "\\udfff"',
    f'{PURGE}, "message": "successfully  purged 1 log before id : 99999999999999999999"',
    f'{PURGE}, "message": "Successfully purged 9 logs before id:9999999999999999999"',
    f'{PURGE}, "message": "Successfully purged 2,500 logs before id:2,499", "user": "a"',
    f'{PURGE}, "message": "Successfully purged 1.234 logs before id:1", "user": "b"',
    f'{PURGE}, "message": "Successfully purged 007 logs before id:1", "user": "b"',
    '"action_type": "logs_purge", "message": "Successfully purged 3 logs before id:2", "user": "c"',
    '"message": "Successfully purged 3 logs before id:2", '
    '"user": "\udcff\udce2\udc82\x01\\udcff\\udce2\\udc82"',
    *(f'"timestamp": "2026-11-20{rest}"' for rest in ("T23:59:59Z", "t23:59:59.9z", " 23:59:59,123-03:00")),
    *(f'"timestamp": "2026-11-20{rest}"' for rest in ("T23:59:59-0030", " 01:00:00+05:30", "T01:00:00")),
    *(f'"timestamp": "2026-11-20{rest}"' for rest in ("T01:00:00 UTC+05:30", " 01:00:00 UTC", "T24:00:00Z")),
    *(f'"timestamp": "2026-11-20{rest}"' for rest in ("T01:00:00 UTCZ", "T01:00:00.Z", "T01:00:60Z")),
    *('"user": "x\ny\t\r"', '"user": "\x01"', '"user\x00\udcff": 1', '"_source_base64": "AA=="'),
    *(
        '"user": "\udcff"',
        '"user": "\udced\udca0\udc80"',
        '"a": [{"b": "\udcc0\udc80"}]',
        '"user": "\\udcff"',
    ),
    f'{PURGE}, "user": 1e999, "user_ip": null, "timestamp": "\\ud800", "field": "\\ud800"',
]
ENTRIES = [
    f'{{"id": {at}, {member}}}'
    for at, member in enumerate([*(f'"field": {value}' for value in VALUES), *MEMBERS], 1)
]
SHORT = [entry for entry in ENTRIES if len(entry) < 1000]
SHAPES = {
    "array": "[" + ",".join(SHORT) + "]",
    "array, newest first, spread out": "\ufeff [\n" + "\n ,\t".join(reversed(ENTRIES)) + "\r\n]\n",
    "object": '{"result": "success", "audit_trail": [' + ", ".join(SHORT) + '], "cursor": {"id": null}}',
    "lines": "\n".join(SHORT) + "\n",
    "rows twice": "[" + ",".join(SHORT + SHORT) + "]",
}


def zipped(text: str) -> bytes:
    """An export with this text."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        archive.writestr("trail/", b"")
        archive.writestr("trail/canary_audit_trail.json", text.encode("utf-8", "surrogateescape"))
    return file.getvalue()


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_archived_is_valid(shape: str, tmp_path: Path) -> None:
    world = World()
    world.mode, world.retention_days = "off", 2555
    count = len(ENTRIES if "spread out" in shape else SHORT)
    world.trail.arrive(count)
    world.reader.export = lambda entries: zipped(SHAPES[shape])
    world.run()
    assert world.last().slice.count == count
    assert world.last().drift["source_form"] > 20
    answer = ask(copied(world.store, tmp_path))
    assert answer.status == 0, answer.said
    assert answer.checked[7] == {"export": 1, "line": count}


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        *(("1", "1.5"), ("1", "true"), ("0", "false"), ("1.0", "[1.0]"), ('"a"', '"b"'), ("null", '""')),
        *(("{}", "[]"), ("1e999", "1e998"), ('{"a":1,"a":2}', '{"a":2,"a":2}'), ("NaN", "Infinity")),
        *(("0e9", "9e0"), ("-1", "1")),
    ],
)
def test_a_line_that_means_something_else_is_found(was: str, becomes: str) -> None:
    """The statement and the tree are over the line; it is the export that says something else.

    An entry has one line: in canonical JSON if that carries it, else in the form of its source.
    """
    line, other = (f'{{"field":{field},"id":1}}'.encode() for field in (was, becomes))
    due = source_line(line, 1) if was in NOT_CARRIED else line.replace(b"0e9", b"0.0")
    assert line_from(line) == due
    assert line_from(line) not in {other, source_line(other, 1), in_base64(other, 1)}


@pytest.mark.parametrize(("was", "becomes"), [(b"\xff", b"\xfe"), (b"\xe2\x82", b"\xe2"), (b"\x01", b"\x02")])
def test_a_line_with_another_bad_byte_is_found(was: bytes, becomes: bytes) -> None:
    """Also one with U+FFFD in its place, and one with nothing there."""
    with_byte = [b'{"id":1,"user":"%b"}' % each for each in (was, becomes, b"\xef\xbf\xbd", b"")]
    found = [in_base64(source, 1) == line_from(with_byte[0]) for source in with_byte]
    assert found == [True, False, False, False]


@pytest.mark.parametrize("number", range(len(ENTRIES)))
def test_a_line_is_spelled_as_the_product_spells_it(number: int) -> None:
    data = ENTRIES[number].encode("utf-8", "surrogateescape")
    (entry,) = (entry for batch in read_entries([b"[", data, b"]"]) for entry in batch)
    assert line_from(data) == entry.line


def in_base64(source: bytes, entry_id: int) -> bytes:
    """The line of a source that is no plain text."""
    return canonical_bytes({"_source_base64": b64encode(source).decode(), "id": entry_id})


def line_from(source: bytes) -> bytes:
    """The line that the auditor's copy makes of the entry in an export."""
    ((_, _, line, _),) = entries_of(zipped(f"[{source.decode('utf-8', 'surrogateescape')}]"))
    return line
