"""The streaming reader of an export's JSON, against an independent oracle and hand-made damage."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from audit_archive.errors import InvalidExportError
from audit_archive.export import json_batch as json_fast
from audit_archive.export import json_entry as json_exact
from audit_archive.export import json_reader as json_entries
from audit_archive.export.json_reader import read_entries
from audit_archive.format.batch import Batch
from audit_archive.format.entry import Entry, Mark, read_receipt
from audit_archive.format.json_scan import NoTokenError
from tests.support.examples import examples
from tests.support.json_oracle import is_carried, source_form, to_bytes
from tests.support.json_texts import (
    nested,
    objects,
    strings,
)
from tests.support.rows import all_rows


@st.composite
def sources(draw: st.DrawFn, values: st.SearchStrategy[str] = nested) -> list[str]:
    count = draw(st.integers(0, 12))
    return [draw(objects(values, id_text=str(number + 1))) for number in range(count)]


plain_sources = sources(st.one_of(strings, st.sampled_from(["7", "null", "true"])))


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def read(data: bytes | str, *, chunk: int = 1000, **options: int) -> list[Entry]:
    data = to_bytes(data) if isinstance(data, str) else data
    batches = list(read_entries(pieces(data, chunk), **options))
    assert all(map(len, batches)), "an empty batch"
    return [entry for batch in batches for entry in batch]


def as_array(texts: list[str]) -> str:
    return "[" + ",".join(texts) + "]"


def check(source: str, entry: Entry) -> None:
    """The entry is what the oracle says of its source."""
    if is_carried(source):
        assert not entry.marks & Mark.SOURCE_FORM
        assert json.loads(entry.line) == json.loads(source)
        assert entry.line == canonical(json.loads(entry.line, parse_float=Literal), entry.line)
    else:
        assert entry.marks & Mark.SOURCE_FORM
        assert json.loads(entry.line) == source_form(source, entry.id)


class Literal(float):
    """A float that keeps its spelling."""

    def __new__(cls, text: str) -> "Literal":
        literal = super().__new__(cls, text)
        literal.text = text  # type: ignore[attr-defined]
        return literal


def canonical(value: Any, line: bytes) -> bytes:
    """The canonical form by the stdlib; numbers that are no integers as the line spells them."""
    spelled: list[str] = []

    def mark(item: Any) -> Any:
        if isinstance(item, Literal):
            spelled.append(item.text)  # type: ignore[attr-defined]
            return f"\0{len(spelled) - 1}\0"
        if isinstance(item, dict):
            return {key: mark(inner) for key, inner in item.items()}
        return [mark(inner) for inner in item] if isinstance(item, list) else item

    text = json.dumps(mark(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for number, spelling in enumerate(spelled):
        text = text.replace(f'"\\u0000{number}\\u0000"', spelling)
    return text.encode()


@examples(150)
@given(st.one_of(sources(), plain_sources), st.integers(1, 200), st.integers(1, 300))
def test_what_is_read_is_what_the_oracle_says(texts: list[str], chunk: int, batch: int) -> None:
    entries = read(as_array(texts), chunk=chunk, batch_bytes=batch)
    assert [entry.id for entry in entries] == list(range(1, len(texts) + 1))
    for text, entry in zip(texts, entries, strict=True):
        check(text, entry)


@examples(200)
@given(st.one_of(sources(), plain_sources), st.sampled_from([" ", "\n", "\n  ", ""]), st.integers(1, 300))
def test_fast_path_and_exact_path_agree(texts: list[str], space: str, batch: int) -> None:
    document = "[" + f",{space}".join(texts) + "]"
    fast = read(document, batch_bytes=batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_entries, "read_fast", lambda source, joint, offset: None)
        assert read(document, batch_bytes=batch) == fast
        patch.setattr(json_entries, "read_apart", lambda source, joint, offset: (None, 0))
        assert read(document, batch_bytes=batch) == fast


@st.composite
def members(draw: st.DrawFn) -> str:
    """An entry with few different keys, often equal ones, and strings full of what looks like keys."""
    colon = st.sampled_from([":", ": ", " :", "\t:", "\n:", "\r:", " \n :"])
    value = st.sampled_from(
        [
            "1",
            "null",
            '""',
            '":"',
            '":"',
            r'"\":"',
            r'"\\"',
            '" :"',
            '{"a":1}',
            '{"a":1,"a":2}',
            '[{"a":1}]',
            "0.5",
            "{}",
        ]
    )
    key = st.sampled_from(['"a"', '"b"', '"c"', '":"', r'"\""', r'"\\"', r'"\u0061"', '"_source"'])
    pairs = draw(st.lists(st.tuples(key, colon, value), max_size=4))
    pairs.insert(draw(st.integers(0, len(pairs))), ('"id"', draw(colon), str(draw(st.integers(-1, 9)))))
    return "{" + draw(st.sampled_from([",", ", "])).join(map("".join, pairs)) + "}"


@examples(500)
@given(st.lists(members(), min_size=1, max_size=3), st.sampled_from([",", " ,"]))
def test_what_the_fast_path_takes_is_what_the_exact_path_reads(texts: list[str], comma: str) -> None:
    fast = json_fast.read_fast(comma.join(texts).encode(), joint_of(comma), 0)
    try:
        exact = [json_exact.read_exact(text.encode(), 0, 0)[0] for text in texts]
    except InvalidExportError:
        assert fast is None
        with pytest.raises(InvalidExportError):
            read_together(texts, comma)
    else:
        assert fast is None or list(fast) in (exact, exact[::-1])
        assert read_together(texts, comma) in (exact, exact[::-1])
    bare = [text.replace("\n", "").replace("\r", "") for text in texts]
    lines = json_fast.read_fast("\n".join(bare).encode(), joint_of("\n"), 0)
    assert lines == json_fast.read_fast(",".join(bare).encode(), joint_of(","), 0)


def joint_of(between: str) -> json_fast.Joint:
    separator = b"}%b{" % between.encode()
    return json_fast.Joint(separator, len(between), is_feed="," not in between)


@pytest.mark.parametrize(
    "text",
    [
        '{"id":1,"a":"\\":","b":":","c" :" :"}',
        '{"id":1,"a":{"b":[{"a":1,"id":7}]}}',
        '{ "id" : 1 , "a\\\\" :\n"\\\\" }',
        '{"id":9223372036854775807,"\\u00e9":18446744073709551615}',
    ],
)
def test_what_nothing_was_lost_of_is_read_without_the_exact_path(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = json_exact.read_exact(text.encode(), 0, 0)[0]
    monkeypatch.setattr(json_fast, "read_exact", None)
    assert read_together([text]) == [expected]


def read_together(texts: list[str], between: str = ",") -> list[Entry]:
    """Entries as a batch gives them: all at once if that is possible, otherwise apart."""
    source, joint = to_bytes(between.join(texts)), joint_of(between)
    return list(json_fast.read_fast(source, joint, 0) or json_fast.read_apart(source, joint, 0)[0] or ())


@pytest.mark.parametrize(
    "text",
    [
        '{"id":1,"a":1,"a" :2,"b":"\\":"}',
        '{"id":1,"a":1,"a"\n:2,"b":"\\":"}',
        '{"id":1,"a":1,"a"\t:2,"b":"\\":"}',
        '{"id":1,"a":1,"a"\r:2,"b":"\\":"}',
        '{"id":1,"a":{"b":1,"b":2}}',
        '{"id":1,"a":18446744073709551616}',
        '{"id":1,"a":[18446744073709551616]}',
        '{"id":1,"a":[[{"b":1e-400}]]}',
        '{"id":1,"_source":"x"}',
        '{"id":9223372036854775808}',
        '{"id":0}',
        '{"id":true}',
        '{"user":"x"}',
        '[{"id":1}]',
        '{"id":1}],[{"id":2}',
        '{"id":1,"a":"},{"id":7}',
        '{"id":1,"a":[{"id":7}',
        '{"id":1,"a":{"id":7}',
        '{"id":1,"a":"' + "x" * (1 << 20) + '"}',
    ],
)
def test_the_rest_is_left_to_the_exact_path(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def exact(source: bytes, start: int, offset: int) -> tuple[Entry, int]:
        asked.append(start)
        raise NoTokenError(start, "this is a test")

    monkeypatch.setattr(json_fast, "read_exact", exact)
    with suppress(NoTokenError):
        assert read_together([text]) == []
    assert asked == [0]


@all_rows(
    "text",
    [
        '{"id":1,"a":1,"a":2,"b":"\\u0022:"}',
        '{"id":1,"a":1,"a":2,"b":"\\"\\u003a"}',
        '{"id":1,"a":1,"a":2,"b":"\\"\\u003A"}',
        '{"id":1,"a":1,"a":2,"b" :3}',
        '{"id":1,"a":1,"a":2,"b"\n:3}',
        '{"id":1,"a":1,"a":2,"b"\t:3}',
        '{"id":1,"a":1,"a":2,"b"\r:3}',
        '{"id":1,"a":1,"a":2,"b":"      "}',
        '{"id":1,"a":123,"a":2,"b":"éé"}',
    ],
)
def test_a_dropped_key_is_not_made_up_for(text: str) -> None:
    """By what stands for a key's mark in the line, and does not look like one in the source."""
    for between in (",", "\n"):
        expected = [json_exact.read_exact(text.encode(), 0, 0)[0]] * 2
        assert expected[0].marks & Mark.SOURCE_FORM
        if between not in text or between == ",":
            assert read_together([text, text], between) == expected


@pytest.mark.parametrize(("key", "fake"), [(":", '{"},  {":"v"}'), (",", '["},  {","v"]')])
def test_a_separator_in_a_text_does_not_shift_the_look_at_numbers(key: str, fake: str) -> None:
    """One comma with less space, and one text that looks like a comma with its space."""
    texts = [f'{{"{key}":1,"id":{number},"user":"x"}}' for number in range(1, 601)]
    texts[300] = texts[300].replace('"x"', fake)
    texts[304] = texts[304].replace('"x"', "0.10000000000000000555")
    document = ",".join([",  ".join(texts[:310]), ",  ".join(texts[310:])])
    (odd,) = (entry for entry in read(f"[{document}]") if entry.id == 305)
    assert odd == json_exact.read_exact(texts[304].encode(), 0, 0)[0]
    assert odd.marks & Mark.SOURCE_FORM


def test_a_batch_is_judged_by_the_texts_of_its_own_entries() -> None:
    """One comma with less space, and one with the usual space in a value that was dropped."""
    first = '{"id":1,"a":[{"x":"xxxxxxxxx"},  {"id":9}],"a":0,"b":"yyyyyyyyy"}'
    texts = [first, '{"id":2,"c":"z"}', '{"id":3}']
    source, joint = ",".join(texts[:2]) + ",  " + texts[2], json_fast.Joint(b'},  {"id"', 3, is_feed=False)
    assert source.encode().split(joint.separator)[0] + b"}" == b'{"id":1,"a":[{"x":"xxxxxxxxx"}'
    assert len('{"id":1,"a":[{"x":"xxxxxxxxx"}') == len('{"a":0,"b":"yyyyyyyyy","id":1}')
    found = json_fast.read_fast(source.encode(), joint, 0)
    assert found is None or list(found) == [json_exact.read_exact(text.encode(), 0, 0)[0] for text in texts]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"id": 1, "a": "Зоя é 😀", "b": [1, {"c": " "}]}),
        json.dumps({"id": 1, "a": "Зоя é 😀", "b": [1, {"c": " "}]}, indent=4, ensure_ascii=False),
        json.dumps({"id": 1, "a": 'said "x": y :z'}),
    ],
)
def test_how_a_source_is_spaced_and_escaped_costs_no_second_look(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By its length alone it is known that nothing was lost."""
    expected = [json_exact.read_exact(text.encode(), 0, 0)[0]] * 2
    monkeypatch.setattr(json_fast, "_has_same_marks", None)
    monkeypatch.setattr(json_fast, "_cut", None)
    for comma in (",", ", ", ",\n\t"):
        found = json_fast.read_fast(f"{text}{comma}{text}".encode(), joint_of(","), 0)
        assert list(found or ()) == expected


@all_rows("pair", ['"a":1,"a":2', '"a":2,"a":2', '"a" : 1,"a":2'])
@all_rows("missing", range(1, 12))
def test_a_dropped_key_is_not_made_up_for_by_a_comma_with_less_space(pair: str, missing: int) -> None:
    usual, less = "," + " " * missing, ","
    texts = ['{"id":1}', '{"id":2,' + pair + "}", '{"id":3}']
    expected = [json_exact.read_exact(text.encode(), 0, 0)[0] for text in texts]
    assert expected[1].marks & Mark.SOURCE_FORM
    source = usual.join((less.join(texts[:2]), texts[2]))
    found = json_fast.read_fast(source.encode(), joint_of(usual), 0)
    assert found is None
    many = [f'{{"id":{number}}}' for number in range(4, 3000)]
    assert read("[" + usual.join((source, *many)) + "]")[1] == expected[1]


@examples(100)
@given(plain_sources, st.integers(1, 50), st.integers(1, 300))
def test_all_shapes_hold_the_same_entries(texts: list[str], chunk: int, batch: int) -> None:
    expected = read(as_array(texts))
    lines = [text.replace("\r", "").replace("\n", " ") for text in texts]
    array = as_array(texts)
    for shape in (
        "\ufeff" + array,
        ' {"result":"success","n":[1,{"audit_trail":[]}] ,"audit_trail": '
        + array
        + ',"cursor":{"next":null}} \n',
        '{"audit_trail":' + array + "}",
    ):
        assert read(shape, chunk=chunk, batch_bytes=batch) == expected
    if texts:
        for end in ("\n", "\r\n", "\n\n"):
            got = read(end.join(lines) + end, chunk=chunk, batch_bytes=batch)
            assert [(e.id, is_source(e) or e.line) for e in got] == [
                (e.id, is_source(e) or e.line) for e in expected
            ]


def is_source(entry: Entry) -> bool:
    return bool(entry.marks & Mark.SOURCE_FORM)


def realistic(count: int) -> list[dict[str, Any]]:
    return [
        {
            "action_type": "user_login",
            "id": n,
            "message": "in",
            "timestamp": "2020-04-03 12:56:42 UTC+0000",
            "user": "é",
        }
        for n in range(count, 0, -1)
    ]


@pytest.mark.parametrize(
    ("style", "lines"),
    [
        ({}, False),
        ({"indent": 2}, False),
        ({"separators": (",", ":")}, False),
        ({"ensure_ascii": False}, False),
        ({}, True),
        ({"separators": (",", ":")}, True),
    ],
)
def test_the_fast_path_reads_nearly_all_of_a_usual_export(
    style: dict[str, Any], lines: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = realistic(2000)
    document = "\n".join(json.dumps(e, **style) for e in entries) if lines else json.dumps(entries, **style)
    exact: list[int] = []
    read_exact = json_exact.read_exact
    monkeypatch.setattr(json_entries, "read_exact", lambda *a: exact.append(1) or read_exact(*a))  # type: ignore[func-returns-value]
    got = read(document, chunk=5000, batch_bytes=20_000)
    assert [json.loads(entry.line) for entry in sorted(got, reverse=True)] == entries
    assert len(exact) < 100, "what the first separator is learned from, and the tail, only"


@pytest.mark.parametrize("value", ["\ud800", 0.5, '":', 2**70])
def test_an_entry_that_the_fast_path_can_not_take_spoils_few_others(
    value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    entries = realistic(4000)
    for entry in entries[::1000]:
        entry["user"] = value
    counted = Counted(monkeypatch)
    document = json.dumps(entries)
    assert len(read(document, chunk=5000, batch_bytes=50_000)) == 4000
    assert counted.exact < 5 * 6000, "about the least reach around each of the four, and at the ends"
    assert counted.seen < 3 * len(document)


@pytest.mark.parametrize(
    "text", ["[]", " [ ] ", '{"audit_trail":[]}', '{"audit_trail": null, "page_count": 0}']
)
def test_an_empty_trail_has_no_entries(text: str) -> None:
    assert read(text, chunk=1) == []


@all_rows(
    ("text", "message"),
    [
        ("", "there is no text at byte 0"),
        ("\ufeff \n", "there is no text at byte 5"),
        ("<html>", "must begin with"),
        ('"x"', "must begin with"),
        ("[", "cut off at byte 1"),
        ('[{"id":1}', "cut off at byte 9"),
        ('[{"id":1},', "cut off at byte 10"),
        ('[{"id":1},]', "at byte 10 .* is not an object"),
        ('[{"id":1}]]', "follows at byte 10"),
        ('[{"id":1}] [{"id":2}]', "follows at byte 11"),
        ('[{"id":1}}', "broken at byte 9"),
        ('[{"id":1]', "broken at byte 8"),
        ('[{"id":1}{"id":2}, {"id":3}]', "broken at byte 9"),
        ('[{"id":1,}]', "broken at byte 9"),
        ('[{"id":1,"a":01}]', "broken at byte 14"),
        ('[{"id":1,"a":tru}]', "broken at byte 13"),
        ('[{"id":1,"a":"x\\qy"}]', "broken at byte 15"),
        ('[{"id":1,"a":"\\u00g0"}]', "broken at byte 14"),
        ('[{"id":1,"a":1.}]', "broken at byte 14"),
        ('[{"id":1,a:1}]', "broken at byte 9"),
        ('[{"id":1,"a":"x\n},{"id":2}]', "broken at byte 20"),
        ('{"id":1,"a":"x\n{"id":2,"b":"y"}', "broken at byte 17"),
        ('[{"id":1,\x01}]', "broken at byte 9"),
        ('[{"id":1,\udcff}]', "broken at byte 9"),
        ('[{"id":\udcff}]', "broken at byte 7"),
        ('[{"id":1\udcff}]', "broken at byte 8"),
        ('[{"\udcffid":1}]', "entry at byte 1 .* has no id"),
        ('{"a":"\n","audit_trail":[]}', "broken at byte 6: a control character"),
        ('{"\x01":1,"audit_trail":null}', "broken at byte 2: a control character"),
        ('{"audit_trail":[{"id":1}],"\t":1}', "broken at byte 27: a control character"),
        ('{"audit_trail":[],"a":{"b":["","\x1f"]}}', "broken at byte 32: a control character"),
        ('[{"id":1},7]', "byte 10 .* is not an object"),
        ("[null]", "byte 1 .* is not an object"),
        ('[{"id":5},{"user":"x"}]', "entry at byte 10 .* has no id"),
        ('[{"id":5,"id":6}]', "entry at byte 1 .* has 2 ids"),
        ('[{"id":5,"\\u0069d":5}]', "entry at byte 1 .* has 2 ids"),
        *(
            (f'[{{"id":{bad}}}]', "not a positive integer")
            for bad in (
                "0",
                "-1",
                "true",
                "null",
                "1.0",
                "1e0",
                '"1"',
                "[1]",
                "{}",
                "9223372036854775808",
                "-0",
                "NaN",
            )
        ),
        ('{"a":1}', "neither `audit_trail` nor `id`"),
        ("{}", "neither `audit_trail` nor `id`"),
        ('{"result":"error","message":"Unauthorized"}', "neither `audit_trail` nor `id`"),
        ('{"audit_trail":7}', "at byte 15 .* neither an array nor null"),
        ('{"audit_trail":{}}', "neither an array nor null"),
        ('{"audit_trail":[],"audit_trail":[]}', "second `audit_trail` begins at byte 32"),
        ('{"audit_trail":null,"audit_trail":[{"id":1}]}', "second `audit_trail`"),
        ('{"audit_trail":[],}', "byte 18"),
        ('{"audit_trail":[]', "byte 17"),
        ('{"audit_trail":[],"a":[1}', "byte 24"),
        ('{"audit_trail":[]}x', "follows at byte 18"),
        ('{"audit_trail":[] "a":1}', "byte 18"),
        ('{"id":1} {"id":2}', "byte 9: expected a line feed"),
        ('{"id":1}\n,{"id":2}', "is not an object"),
        ('{"id":1}\n[]', "byte 9 .* is not an object"),
    ],
)
def test_what_is_no_export_is_refused_and_the_byte_named(text: str, message: str) -> None:
    for chunk in (1, 3, 1000):
        with pytest.raises(InvalidExportError, match=message):
            read(text, chunk=chunk)


@pytest.mark.parametrize(
    ("bad", "at"),
    [(b"\xff", 15), (b"\xed\xa0\x80", 15), (b"\xc0\x80", 15), (b"a\xe2\x82", 16), (b"\xf4\x90\x80\x80", 15)],
)
def test_invalid_utf8_is_refused_where_an_entry_is_due_and_the_byte_named(bad: bytes, at: int) -> None:
    document = b'{"a":"1234567' + bad + b'","audit_trail":[{"id":2}]}'
    with pytest.raises(InvalidExportError, match=f"Byte {at - 2} .* UTF-8"):
        read(document)


BAD_BYTES = [
    b"\xff",
    b"\xed\xa0\x80",
    b"\xc0\x80",
    b"a\xe2\x82",
    b"\x01",
    b"\x00",
    b"\x1f",
    b"\n\xff",
    b"\xef\xbb",
]


@all_rows("bad", BAD_BYTES)
@all_rows("place", [b'{"id":2,"a":"x%by"}', b'{"x%b":[1],"id":2}', b'{"a":[{"b":"%b"}], "id" : 2 }'])
@all_rows("shape", [b"[%b]", b'{"audit_trail":[%b]}', b"%b"])
def test_a_bad_byte_costs_an_entry_its_form_and_no_other(bad: bytes, place: bytes, shape: bytes) -> None:
    texts = [b'{"id":1}', place % bad, *(b'{"id":%d}' % n for n in range(3, 150))]
    document = shape % (b",\n" if b"[" in shape else b"\n").join(texts)
    for chunk in (1, 700, 100_000):
        entries = read(document, chunk=chunk, batch_bytes=500)
        assert [entry.id for entry in entries] == list(range(1, 150))
        assert [entry.id for entry in entries if entry.marks & Mark.SOURCE_FORM] == [2]
        line = json.loads(entries[1].line)
        assert line == {"_source_base64": b64encode(place % bad).decode(), "id": 2}


@all_rows("raw", ["\n", "\t", "\r", "\r\n"])
@all_rows("shape", ["[%s]", "%s"])
def test_raw_white_space_in_a_text_is_kept_as_text(raw: str, shape: str) -> None:
    source = f'{{"id":2,"user":"x{raw}y"}}'
    (entry,) = read(shape % source)
    assert json.loads(entry.line) == {"_source": source, "id": 2}
    assert json.loads(json.loads(entry.line)["_source"], strict=False) == {"id": 2, "user": f"x{raw}y"}


@pytest.mark.parametrize("bad", [b"\xff", b"\x01", b"\n"])
def test_a_bad_byte_hides_neither_a_receipt_nor_its_time(bad: bytes) -> None:
    source = b'{"id":9,"user_browser_agent":"%b","message":"Successfully purged 72 logs before id:72",' % bad
    source += b'"user":"Zo\xc3\xab%b","timestamp":"2020-04-03T12:56:42Z"}' % bad
    (entry,) = read(b"[" + source + b"]")
    assert entry.marks == Mark.SOURCE_FORM | Mark.RECEIPT
    assert entry.seconds == 1585918602
    receipt = read_receipt(entry)
    assert (receipt.before_id, receipt.count) == (72, 72)
    assert receipt.user == "Zo\u00eb" + bad.decode("utf-8", "replace")


def test_the_line_of_the_longest_entry_has_twice_its_length_at_most() -> None:
    for raw in (b"\x01", b"\xff", b"\n", b'\\"'):
        source = b'{"id":1,"a":"' + raw * 20_000 + b'"}'
        (entry,) = read(b"[" + source + b"]")
        assert len(entry.line) < 2.2 * len(source)


def test_equal_rows_with_bad_bytes_are_equal_lines() -> None:
    rows = read(b'[{"id":1,"a":"\xff"},{"id":1,"a":"\xff"},{"id":1,"a":"\xfe"},{"id":1,"a":"\\udcff"}]')
    assert rows[0].line == rows[1].line
    assert len({row.line for row in rows}) == 3


@all_rows(
    ("number", "line"),
    [
        *(("-0", "0"), ("0", "0"), ("-0.0", "-0.0"), ("0e9", "0.0"), ("1.0", "1.0"), ("1", "1")),
        *(("1.50", "1.5"), ("1e2", "100.0"), ("1E+2", "100.0"), ("1e22", "1e+22"), ("-1.0E-1", "-0.1")),
    ],
)
def test_a_number_is_carried_by_its_value_and_not_by_its_spelling(number: str, line: str) -> None:
    texts = [f'{{"a":{number},"id":{n}}}' for n in range(1, 50)]
    entries = read(as_array(texts))
    assert [entry.line.decode() for entry in entries] == [f'{{"a":{line},"id":{n}}}' for n in range(1, 50)]


@pytest.mark.parametrize(
    ("document", "at"),
    [
        (b'{"a":"x\xff","audit_trail":[]}', 7),
        (b'{"\xff":1,"audit_trail":null}', 2),
        (b'{"audit_trail":[{"id":1}],"\xff":1}', 27),
        (b'{"audit_trail":[],"a":{"b":"\xed\xa0\x80"}}', 28),
    ],
)
def test_invalid_utf8_around_the_entries_is_refused_and_the_byte_named(document: bytes, at: int) -> None:
    with pytest.raises(InvalidExportError, match=f"Byte {at} .* UTF-8"):
        read(document)


def test_the_byte_is_named_in_late_batches_too() -> None:
    good = ",".join(json.dumps(entry) for entry in realistic(1000))
    with pytest.raises(
        InvalidExportError, match=f"The entry at byte {len(good.encode()) + 2} .* has the id b'0'"
    ):
        read("[" + good + ',{"id":0}]', chunk=777, batch_bytes=5000)


def test_a_hostile_string_hides_neither_a_receipt_nor_its_time() -> None:
    source = (
        '{"id":9,"user_browser_agent":"\\ud800","action_type":"audit_trail_purge","x":[1],'
        '"message":"Successfully purged 72 logs before id:72","timestamp":"2020-04-03 12:56:42 UTC+0000"}'
    )
    (entry,) = read(as_array([source]))
    assert entry.marks == Mark.SOURCE_FORM | Mark.RECEIPT | Mark.UNKNOWN_FIELD | Mark.NESTED_VALUE
    assert entry.seconds == 1585918602
    assert json.loads(entry.line)["_source"] == source


def deep(levels: int) -> str:
    return '{"id":1,"a":' + "[" * (levels - 1) + "]" * (levels - 1) + "}"


@pytest.mark.parametrize(("levels", "form"), [(128, 0), (129, 1), (254, 1), (2000, 1), (20_000, 1)])
def test_depth_is_bounded_but_never_a_reason_to_stop(levels: int, form: int) -> None:
    source = deep(levels)
    entries = read(as_array([source, '{"id":2}', '{"id":3}']))
    assert bool(entries[0].marks & Mark.SOURCE_FORM) == bool(form)
    assert json.loads(entries[0].line).get("_source", source) == source
    assert [entry.id for entry in entries] == [1, 2, 3]


def test_the_fast_path_refuses_what_is_too_deep() -> None:
    document = [f'{{"id":{n}}}' for n in range(1, 200)] + [deep(129).replace('"id":1', '"id":500')] * 3
    entries = read(as_array([*document, '{"id":900}', '{"id":901}']), batch_bytes=300)
    assert [bool(entry.marks & Mark.SOURCE_FORM) for entry in entries] == [False] * 199 + [True] * 3 + [
        False
    ] * 2


@pytest.mark.parametrize("shape", ["[%s]", '{"audit_trail":[%s]}', "%s"])
def test_an_entry_may_be_so_long_and_no_longer(shape: str) -> None:
    texts = [f'{{"id":{n}}}' for n in range(1, 400)]
    long = '{"id":1000,"a":"' + "x" * (3000 - 18) + '"}'
    assert len(long) == 3000
    document = shape % (",\n" if "[" in shape else "\n").join([*texts, long, *texts])
    room = 3002 if "[" in shape else 3001
    for chunk in (1, 700, 100_000):
        assert len(read(document, chunk=chunk, batch_bytes=500, max_entry_bytes=room)) == 799
        with pytest.raises(InvalidExportError, match=f"longer than {room - 1} bytes"):
            read(document, chunk=chunk, batch_bytes=500, max_entry_bytes=room - 1)


class Counted:
    """Counts how many bytes the parsers are shown."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.seen = self.exact = 0
        read_fast, read_exact = json_fast.read_fast, json_exact.read_exact
        read_apart = json_fast.read_apart

        def fast(source: bytes, joint: json_fast.Joint, offset: int) -> Batch | None:
            self.seen += len(source)
            return read_fast(source, joint, offset)

        def apart(source: bytes, joint: json_fast.Joint, offset: int) -> tuple[Batch | None, int]:
            self.seen += len(source)
            return read_apart(source, joint, offset)

        def exact(data: bytes, start: int, offset: int) -> tuple[Entry, int]:
            try:
                entry, end = read_exact(data, start, offset)
            except Exception:
                self.seen += len(data) - start
                raise
            self.seen += end - start
            self.exact += end - start
            return entry, end

        patch.setattr(json_entries, "read_fast", fast)
        patch.setattr(json_entries, "read_apart", apart)
        patch.setattr(json_entries, "read_exact", exact)
        patch.setattr(json_fast, "read_exact", exact)


ADVERSARIES = {
    "one giant string": ['{"id":1,"a":"' + "x" * 100_000 + '"}'],
    "separators in a string": ['{"id":1,"a":"' + '},{\\"id\\":' * 10_000 + '"}'],
    "nested entries": ['{"id":1,"a":[' + ",".join(['{"id":7}'] * 2_500) + "]}"],
    "deep": [deep(10_000)],
    "small, then giant": ['{"id":1}', '{"id":2}', '{"id":3,"a":[' + ",".join(['{"id":7}'] * 2_500) + "]}"]
    * 3,
    "unlike first keys": [f'{{"k{n}":0,"id":{n}}}' for n in range(1, 1_250)],
    "a float in each": [f'{{"id":{n},"a":0.5}}' for n in range(1, 1_250)],
    "nested last": [f'{{"id":{n},"a":[{{"id":1}},{{"id":2}}]}}' for n in range(1, 700)],
    "marks in each": [f'{{"id":{n},"a":"\\":"}}' for n in range(1, 1_250)],
}


@pytest.mark.parametrize("name", ADVERSARIES)
def test_no_text_is_read_more_than_a_few_times(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    document = as_array(ADVERSARIES[name])
    counted = Counted(monkeypatch)
    assert len(read(document, chunk=512, batch_bytes=1024)) == len(ADVERSARIES[name])
    assert counted.seen <= 6 * len(document)


def test_space_without_end_is_not_kept_in_memory() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'[{"id":1},'
        yield from [b" " * 1000] * 3000
        yield b'{"id":2}]'
        yield from [b"\n" * 1000] * 3000

    assert [
        e.id for batch in read_entries(chunks(), batch_bytes=1000, max_entry_bytes=5000) for e in batch
    ] == [1, 2]


@example(texts=['{"id":1,"a":1,"a" :2,"b":"\\":"}'], cut=1)
@given(plain_sources, st.integers(0, 10_000))
def test_a_document_cut_anywhere_is_refused(texts: list[str], cut: int) -> None:
    document = to_bytes(as_array(texts))
    with pytest.raises(InvalidExportError):
        read(document[: cut % len(document)], batch_bytes=50)
